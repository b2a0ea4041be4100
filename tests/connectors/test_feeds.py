"""Reading feeds: content, dates and people, broken and hostile documents."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import _feeds
from connectors._feeds import MAX_BODY, MAX_ENTRIES, Document, Entry, NotAFeedError, Writer, read_feed
from connectors.base import PayloadError
from tests.connectors.contract import PAYLOADS

FOLDER = PAYLOADS / "feed"
URL = "https://cloud.example/blog/rss.xml"
XML = "application/xml"

START = '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>하늘 블로그</title>'
END = "</channel></rss>"


def read(document: str | bytes, content_type: str = XML) -> Document:
    return read_feed(document.encode() if isinstance(document, str) else document, content_type, URL)


def rss(*items: str, start: str = START) -> str:
    return start + "".join(f"<item>{i}</item>" for i in items) + END


def atom(entry: str, more: str = "") -> str:
    names = 'xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0"'
    return f"<feed {names}><title>a</title>{more}<entry><id>urn:1</id>{entry}</entry></feed>"


def only(document: str | bytes, content_type: str = XML) -> Entry:
    (entry,) = read(document, content_type).entries
    return entry


# ---------------------------------------------------------------- the documented samples


def test_an_rss_feed_from_korea() -> None:
    document = read(
        """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
        <title>하늘 블로그</title><link>https://blog.example.kr/</link><ttl>60</ttl>
        <item><title>예시앱 &amp;quot;환불&amp;quot; 후기 😤</title><link>https://blog.example.kr/77</link>
        <guid isPermaLink="false">77@blog.example.kr</guid><pubDate>Mon, 02 Mar 2026 12:00:00 KST</pubDate>
        <content:encoded><![CDATA[<p>3주째 답이 없어요.<br>앱 버전 3.2</p>]]></content:encoded></item>
        <item><title>제목 없음</title><guid></guid><description>링크도 아이디도 없는 글</description></item>
        </channel></rss>"""
    )
    first, second = document.entries
    assert document.title == "하늘 블로그"
    assert document.pace == timedelta(hours=1)
    assert first.title == '예시앱 "환불" 후기 😤'
    assert first.text == "3주째 답이 없어요.\n앱 버전 3.2"
    assert (first.guid, first.link) == ("77@blog.example.kr", "https://blog.example.kr/77")
    assert (first.published, first.certain) == (datetime(2026, 3, 2, 3, tzinfo=UTC), True)
    assert (second.guid, second.link, second.published, second.text) == ("", "", None, "링크도 아이디도 없는 글")


def test_a_json_feed_whose_id_is_a_number() -> None:
    entry = only(
        """{"version":"https://jsonfeed.org/version/1.1","title":"예시","items":[{"id":101,
        "url":"https://b.example/101","content_text":"예시앱 최고 👍🏽","date_published":"2026-03-02T12:00:00+09:00",
        "authors":[{"name":"민지"}]}]}"""
    )
    assert (entry.guid, entry.link, entry.text) == ("101", "https://b.example/101", "예시앱 최고 👍🏽")
    assert (entry.writer.name, entry.published) == ("민지", datetime(2026, 3, 2, 3, tzinfo=UTC))


def test_an_atom_feed_of_comments() -> None:
    document = read((FOLDER / "comments.xml").read_bytes())
    brand, guest, nobody = document.entries
    assert brand.writer == Writer("루미 고객센터", "https://lumi.example/")
    assert brand.title == '댓글: 루미 크림 "환불" 후기'
    assert brand.reply_to == "https://cloud.example/posts/77#comment-11"
    assert brand.link == "https://cloud.example/posts/77#comment-12", "xml:base"
    assert guest.reply_to == "77@cloud.example"
    assert guest.text == "저도 그래요.\n두 주째 <무응답>입니다."
    assert guest.updated == datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    assert nobody.writer == Writer()
    assert nobody.text == "1 < 2 &amp; 그런가요"
    assert document.deleted == (("https://cloud.example/posts/77#comment-9", datetime(2026, 3, 2, 10, 30, tzinfo=UTC)),)


def test_json_feed_1_0_and_its_older_pages() -> None:
    document = read(
        b'\xef\xbb\xbf{"version":"https://jsonfeed.org/version/1","next_url":"https://b.example/2","expired":true,'
        b'"items":[{"id":1.0,"external_url":"https://e.example/","title":"t","author":{"name":"n","url":"https://n.example/"}}]}',
        "application/feed+json",
    )
    assert document.older == "https://b.example/2"
    assert document.ended
    (entry,) = document.entries
    assert (entry.guid, entry.link, entry.writer) == ("1", "https://e.example/", Writer("n", "https://n.example/"))


# ---------------------------------------------------------------- content


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("AT&amp;T &lt;3", "AT&T <3"),
        ("a &lt;b&gt; c", "a <b> c"),
        ("a &lt;b&gt;c&lt;/b&gt;", "a c"),
        ("Q&amp;amp;A", "Q&A"),
        ("<![CDATA[ 루미 &amp; 나 ]]>", "루미 & 나"),
        ("  두\n 줄  ", "두 줄"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_titles_are_decoded_once(written: str, title: str) -> None:
    assert only(rss(f"<title>{written}</title>")).title == title


@pytest.mark.parametrize(
    ("kind", "written", "text"),
    [
        ("html", "&lt;p&gt;하나&lt;/p&gt;&lt;p&gt;둘 &amp;amp; 셋&lt;/p&gt;", "하나\n\n둘 & 셋"),
        ("text", "&lt;p&gt; &amp;amp;", "<p> &amp;"),
        ("xhtml", '<div xmlns="http://www.w3.org/1999/xhtml">하나<br/>둘 <script>x()</script></div>', "하나\n둘"),
    ],
)
def test_atom_says_what_its_text_is(kind: str, written: str, text: str) -> None:
    assert only(atom(f'<title>t</title><content type="{kind}">{written}</content>')).text == text


def test_the_fullest_text_is_taken_and_html_before_plain() -> None:
    entry = only(
        rss(
            "<title>t</title><description>짧은 요약</description>"
            '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">&lt;p&gt;긴 글&lt;/p&gt;'
            "</content:encoded>"
        )
    )
    assert (entry.text, entry.truncated) == ("긴 글", False)


@pytest.mark.parametrize("end", ["… ", "...", "[…]", "[&amp;hellip;]", "Read more", "더 보기", "계속 읽기"])
def test_a_beginning_is_marked_as_one(end: str) -> None:
    assert only(rss(f"<title>t</title><description>루미를 써 봤는데 {end}</description>")).truncated


@pytest.mark.parametrize(
    ("written", "writer"),
    [
        ("<author>june@cloud.example (June Park)</author>", Writer("June Park", "", "june@cloud.example")),
        ("<author>june@cloud.example</author>", Writer("", "", "june@cloud.example")),
        ("<author>June Park &lt;june@cloud.example&gt;</author>", Writer("June Park", "", "june@cloud.example")),
        ("<author>June (at) Park</author>", Writer("June (at) Park")),
        ("<author>윤하늘</author>", Writer("윤하늘")),
        ('<dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">윤하늘</dc:creator>', Writer("윤하늘")),
        ("<author></author>", Writer()),
        ("", Writer()),
    ],
)
def test_who_wrote_it(written: str, writer: Writer) -> None:
    assert only(rss(f"<title>t</title>{written}")).writer == writer


def test_the_publication_behind_an_aggregator_is_kept() -> None:
    entry = only(rss('<title>t</title><source url="https://daily.example.kr">예시일보</source>'))
    assert entry.source == "예시일보"


def test_counts_and_thread_extensions_are_read() -> None:
    slash = 'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    assert only(rss(f"<title>t</title><slash:comments {slash}>7</slash:comments>")).replies in {7, None}
    start = START.replace("<rss ", f"<rss {slash} ")
    assert only(rss("<title>t</title><slash:comments>7</slash:comments>", start=start)).replies == 7
    assert only(rss("<title>t</title><slash:comments>many</slash:comments>", start=start)).replies is None
    assert only(atom("<title>t</title><thr:total>3</thr:total>")).replies == 3


@pytest.mark.parametrize(
    ("claimed", "text", "language"),
    [
        ("ko", "안녕하세요", "ko"),
        ("en-US", "Hello", "en"),
        ("en-US", "안녕하세요", None),
        ("ko", "Hello", None),
        ("en", "こんにちは", None),
        ("ja-JP", "こんにちは", "ja"),
        ("de", "Grüße", "de"),
    ],
)
def test_a_language_that_the_letters_deny_is_not_believed(claimed: str, text: str, language: str | None) -> None:
    entry = only(
        rss(f"<title>t</title><description>{text}</description>", start=f"{START}<language>{claimed}</language>")
    )
    assert entry.language == language


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("<link>https://cloud.example/1</link>", "https://cloud.example/1"),
        ("<link>/1</link>", "https://cloud.example/1"),
        ("<link>2026/1?a=1&amp;b=2</link>", "https://cloud.example/blog/2026/1?a=1&b=2"),
        ("<guid>https://cloud.example/1</guid>", "https://cloud.example/1"),
        ("<guid>1</guid>", ""),
        ('<guid isPermaLink="false">https://cloud.example/1</guid>', ""),
        ("<link>javascript:alert(1)</link>", ""),
        ("<link>http://[::1</link>", ""),
        (
            '<link>https://proxy.example/1</link><f:origLink xmlns:f="http://rssnamespace.org/feedburner/ext/1.0">'
            "https://cloud.example/1</f:origLink>",
            "https://cloud.example/1",
        ),
    ],
)
def test_an_address_is_absolute_and_can_be_clicked(written: str, link: str) -> None:
    assert only(rss(f"<title>t</title>{written}")).link == link


def test_an_id_is_never_resolved_like_an_address() -> None:
    assert only(rss("<title>t</title><guid>1</guid>")).guid == "1"


def test_a_date_is_its_publication_else_its_last_change() -> None:
    assert only(rss("<title>t</title><pubDate>Mon, 02 Mar 2026 12:00:00 KST</pubDate>")).updated is None
    entry = only(atom("<title>t</title><updated>2026-03-02T03:00:00Z</updated>"))
    assert entry.published == entry.updated == datetime(2026, 3, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize("written", ["Mon, 01 Jan 0001 00:00:00 +0000", "soon", "", "2026년 13월 40일"])
def test_an_absurd_date_is_none(written: str) -> None:
    assert only(rss(f"<title>t</title><pubDate>{written}</pubDate>")).published is None


@pytest.mark.parametrize("written", ["2004-Juin-08", "2026-061T12:00:00Z", "Κυρ, 11 Ιούλ 2004 12:00:00 EST"])
def test_a_date_that_the_parser_would_guess_wrong_is_none(written: str) -> None:
    entry = only(atom(f"<title>t</title><published>{written}</published>"))
    assert (entry.published, entry.stamp) == (None, written)


@pytest.mark.parametrize(
    ("written", "pace"),
    [
        ("<ttl>30</ttl>", timedelta(minutes=30)),
        ("<ttl>99999999</ttl>", timedelta(hours=24)),
        ("<ttl>-5</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", timedelta(hours=1)),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency><ttl>10</ttl>",
            timedelta(hours=6),
        ),
        ("<sy:updatePeriod>yearly</sy:updatePeriod>", timedelta(hours=24)),
    ],
)
def test_a_feed_may_say_how_often_it_wants_to_be_asked(written: str, pace: timedelta | None) -> None:
    start = START.replace("<rss ", '<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" ')
    assert read(rss("<title>t</title>", start=start + written)).pace == pace


def test_only_what_stands_below_the_root_is_a_tombstone() -> None:
    stone = (
        '<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="urn:9" when="2026-03-02T00:00:00Z"/>'
    )
    assert read(atom("<title>t</title>", stone)).deleted == (("urn:9", datetime(2026, 3, 2, tzinfo=UTC)),)
    for inside in (f"<content type='html'><![CDATA[{stone}]]></content>", f"<content type='xhtml'>{stone}</content>"):
        assert read(atom(f"<title>t</title>{inside}")).deleted == ()


# ---------------------------------------------------------------- charsets

TEXT = "루미 크림 후기 – 좋아요"


@pytest.mark.parametrize(
    ("charset", "declared", "content_type"),
    [
        ("utf-8", "utf-8", XML),
        ("utf-8", "euc-kr", XML),
        ("utf-8", "iso-8859-1", f"{XML}; charset=iso-8859-1"),
        ("cp949", "utf-8", f"{XML}; charset=utf-8"),
        ("cp949", "utf-8", "text/xml"),
        ("cp949", "euc-kr", "text/xml; charset=utf-8"),
        ("cp949", "ks_c_5601-1987", XML),
        ("cp949", "windows-949", XML),
        ("cp949", "iso-8859-1", XML),
        ("cp949", "base64", XML),
        ("cp949", "punycode", f'{XML}; charset="unicode_escape"'),
        ("utf-16", "utf-16", XML),
        ("utf-16-le", "utf-16", XML),
        ("utf-16-be", "utf-16", XML),
        ("utf-8", "utf-16", XML),
        ("utf-8-sig", "utf-8", f"{XML}; charset=\x00"),
    ],
)
def test_whatever_a_feed_says_of_its_charset_its_text_is_read(charset: str, declared: str, content_type: str) -> None:
    text = TEXT.replace("–", "-") if charset == "cp949" else TEXT
    document = rss(f"<title>{text}</title>").replace('encoding="UTF-8"', f'encoding="{declared}"')
    assert only(document.encode(charset), content_type).title == text


@pytest.mark.parametrize(
    ("charset", "text"),
    [("shift_jis", "ルミのクリーム"), ("euc_jp", "ルミのクリーム"), ("iso2022_jp", "ルミ"), ("gb18030", "露米面霜"),
     ("iso-8859-1", "Crème brûlée à Zürich")],
)  # fmt: skip
def test_other_charsets_are_read_as_declared(charset: str, text: str) -> None:
    document = rss(f"<title>{text}</title>").replace("하늘 블로그", "").replace("UTF-8", charset)
    assert only(document.encode(charset)).title == text


def test_a_character_cut_in_two_does_not_spoil_the_rest() -> None:
    text = "루미" * 50
    body = rss(f"<title>{text}</title>", "<description>요약은 여기까</description>").encode()
    entry, cut = read(body.replace("까<".encode(), "까".encode()[:2] + b"<")).entries
    assert (entry.title, cut.text) == (text, "요약은 여기\ufffd")


def test_characters_that_xml_forbids_are_dropped() -> None:
    assert only(rss("<title>루\x00미\x0b \x1b[31m크림\ufffe</title>")).title == "루미 [31m크림"


# ---------------------------------------------------------------- broken


def test_of_a_document_that_is_cut_off_the_last_entry_is_not_believed() -> None:
    whole = rss("<title>하나</title><guid>1</guid>", "<title>둘</title><description>끝까지 쓴 글</description>")
    cut = read(whole[: whole.index("까지")])
    assert [e.title for e in cut.entries] == ["하나"]
    assert (cut.cut, cut.skipped) == (True, 1)


def test_a_cut_off_document_may_be_known_to_end_there() -> None:
    whole = rss("<title>하나</title>", "<title>둘</title>").removesuffix(END)
    complete = read_feed(whole.encode(), XML, URL, complete=True)
    assert ([e.title for e in complete.entries], complete.cut) == (["하나", "둘"], False)


@pytest.mark.parametrize(
    "trouble",
    ["Q&A", "&nbsp;", "<b>", "</b>", "a < b", "<x:y>", "&#0;", "<!-- -- -->", "]]>", "<br>", 'a="b', "<?php echo ?>"],
)
def test_trouble_in_one_entry_costs_no_other(trouble: str) -> None:
    document = read(
        rss("<title>하나</title>", f"<title>둘</title><description>글 {trouble} 글</description>", "<title>셋</title>")
    )
    assert [e.title for e in document.entries] == ["하나", "둘", "셋"]
    assert not document.cut


def test_warnings_before_the_feed_are_overlooked() -> None:
    warning = "<br />\n<b>Warning</b>: include(x) in <b>/srv/feed.php</b> on line <b>3</b><br />\n"
    assert only(warning + rss("<title>하나</title>")).title == "하나"


def test_entries_that_say_nothing_are_skipped() -> None:
    document = read(
        rss("<title>하나</title>", "", "<guid>1</guid>", "<pubDate>Mon, 02 Mar 2026 12:00:00 KST</pubDate>")
    )
    assert ([e.title for e in document.entries], document.skipped) == (["하나"], 3)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n",
        b"hello",
        b"{",
        b"[]",
        b"null",
        b'{"version": "https://jsonfeed.org/version/1.1"}',
        b'{"version": "https://jsonfeed.org/version/1.1", "items": {}}',
        b'{"version": "1.1", "items": []}',
        b'{"version": 1' + b"0" * 5000 + b"}",
        b"[" * 100_000,
        b"\x00\x01\x02",
    ],
)
def test_what_cannot_be_read_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(PayloadError):
        read(body, "application/json" if body in {b"null"} else XML)


@pytest.mark.parametrize(
    "body",
    [
        "<html><head><title>x</title></head></html>",
        "<!doctype html><p>x",
        "<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><HTML></HTML>",
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>',
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>",
    ],
)
def test_other_documents_are_no_feeds(body: str) -> None:
    with pytest.raises(NotAFeedError) as caught:
        read(body, "text/html")
    assert caught.value.alternates == ()


def test_a_web_page_names_its_feeds() -> None:
    with pytest.raises(NotAFeedError) as caught:
        read((FOLDER / "page.html").read_bytes(), "text/html; charset=utf-8")
    assert caught.value.alternates == ("https://cloud.example/rss.xml", "https://cloud.example/comments.atom")


def test_a_web_page_cannot_name_what_is_no_web_address() -> None:
    page = '<html><head><base href="https://other.example/x/">'
    for href in ("javascript:alert(1)", "file:///etc/passwd", "http://[::1", ""):
        page += f'<link rel="alternate feed" type="application/rss+xml" href="{href}">'
    page += '<link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" href="a.xml">'
    with pytest.raises(NotAFeedError) as caught:
        read(page)
    assert caught.value.alternates == ("https://other.example/x/a.xml",)


# ---------------------------------------------------------------- hostile

BOMB = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "before",
    [
        BOMB,
        f'<?xml version="1.0"?>\n<!-- <rss> -->{BOMB}',
        '<!doctype rss SYSTEM "file:///etc/passwd" [ <!ELEMENT x ANY> ]>',
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_doctype_with_definitions_of_its_own_is_refused(before: str) -> None:
    body = before + rss("<title>&b;&x;</title>").partition("?>")[2]
    for charset in ("utf-8", "utf-16"):
        with pytest.raises(PayloadError, match="DOCTYPE"):
            read(body.encode(charset))


@pytest.mark.parametrize(
    "before",
    [
        "",
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "https://my.netscape.com/rss-0.91.dtd">',
        f"x{BOMB}",  # not where a DOCTYPE may stand: it is thrown away with the rest
        f"<!DOCTYPE rss>{BOMB}",
    ],
)
def test_no_definition_reaches_the_parser(before: str) -> None:
    body = before + rss("<title>&b;</title>").partition("?>")[2]
    assert only(body).title == "&b;"


def test_a_text_that_looks_like_a_file_opens_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def parse(document: object, *args: Any, **kwargs: Any) -> object:
        given.append(document)
        return real(document, *args, **kwargs)

    real: Callable[..., object] = feedparser.parse
    monkeypatch.setattr(feedparser, "parse", parse)
    for body in ("/etc/passwd", "file:///etc/passwd", "https://cloud.example/", rss("<title>t</title>")):
        try:
            read(body)
        except (PayloadError, NotAFeedError):
            continue
    assert len(given) == 1
    assert all(isinstance(g, io.BytesIO) for g in given)


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("larger", " " * (MAX_BODY + 1)),
        ("attributes", rss("<x " + " ".join(f'a{i}="1"' for i in range(500)) + "/>")),
        ("attributes", rss("<x a=" * 500)),
        ("tags", rss("<x/>" * 100_001)),
        ("tags", rss("<x" * 100_001)),
        ("namespaces", START.replace("<rss", "<rss " + " ".join(f'xmlns:a{i}="{i}"' for i in range(200))) + END),
        ("mended", rss("<title>&</title>" + "a" * 1_100_000)),
    ],
)
def test_documents_that_would_keep_the_parser_busy_for_hours_are_refused(words: str, body: str) -> None:
    with pytest.raises(PayloadError, match=words):
        read(body)


def test_nobody_looks_for_a_mail_address_in_a_name_without_end() -> None:
    # In feedparser's own way this would take a minute, and hold everything else.
    for end in ("</author></item>" + END, "</author>"):
        document = read_feed(f"{START}<item><title>t</title><author>{'a.' * 60_000}{end}".encode(), XML, URL, True)
        assert len(document.entries[0].writer.name) == 500
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_feeds, "_combine", lambda parser, key: pytest.fail("it looks"))
        read(rss("<title>t</title><author>a.b</author>"))


def test_categories_and_keywords_are_not_even_compared() -> None:
    entry = '<title>t</title><category>a</category><category term="b"/><category term="b">c</category>'
    assert only(rss(entry)).title == only(atom(entry)).title == "t"
    assert feedparser.parse(io.BytesIO(rss(entry).encode())).entries[0]["tags"] == []


def test_addresses_relative_to_each_other_cannot_fill_the_memory() -> None:
    tower = '<a xml:base="b/">' * 20_000
    document = rss(
        f"<title>t</title><link>1</link>{tower}{'</a>' * 20_000}", start=START.replace("<rss", '<rss xml:base="/x/"')
    )
    assert only(document).link == "https://cloud.example/blog/1"


def test_only_so_many_entries_are_read_and_the_rest_is_counted() -> None:
    document = read(rss(*["<title>t</title>"] * (MAX_ENTRIES + 5)))
    assert (len(document.entries), document.left_out) == (MAX_ENTRIES, 5)
    items = ",".join(['{"id":"1","title":"t"}'] * (MAX_ENTRIES + 5))
    document = read(f'{{"version":"https://jsonfeed.org/version/1.1","items":[{items}]}}')
    assert (len(document.entries), document.left_out) == (MAX_ENTRIES, 5)


@pytest.mark.parametrize(
    "odd",
    [
        '<published_parsed a="1">x</published_parsed>',
        "<links>x</links><link>https://cloud.example/</link>",
        "<title_detail>x</title_detail>",
        "<author_detail>x</author_detail><author>a</author>",
        "<content>x</content><content_detail a='1'/>",
        "<guidislink/><guid>1</guid>",
        '<summary_detail a="b"/><summary b="c">x</summary>',
        "<thr_in-reply-to>x</thr_in-reply-to>",
        "<in-reply-to ref='urn:2'/>",
        "<source><title>x</title><item/></source>",
        "<item><item><item>",
        "<channel><image><url>x</url></image></channel>",
        "<authors>x</authors><author><name>y</name></author>",
        "<contributors>x</contributors><contributor><name>y</name></contributor>",
    ],
)
def test_elements_named_like_the_parsers_own_values_harm_nothing_else(odd: str) -> None:
    try:
        document = read(rss("<title>하나</title>", f"<title>둘</title>{odd}"))
    except PayloadError:
        return
    assert document.entries[0].title == "하나"


# ---------------------------------------------------------------- fuzz

SAMPLES = [
    (FOLDER / name).read_bytes()
    for name in ("rss.xml", "rss-broken.xml", "comments.xml", "json-1.json", "json-2.json", "page.html")
]
POISON = [
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"'",
    b"</item>",
    b"<item>",
    b"<entry>",
    b"</rss>",
    b"<rss",
    b"<html>",
    b"<!DOCTYPE",
    b"[",
    b"<!ENTITY a 'b'>",
    b"&a;",
    b"{",
    b"}",
    b"null",
    b"1e999",
    b"-1",
    b'"\\ud800"',
    b"9999-12-31T23:59:59Z",
    b"0001-01-01",
    b"xml:base='..'",
    b"<links>x</links>",
    b"<title_detail>x</title_detail>",
    b"<published_parsed>x</published_parsed>",
    b"<content type='xhtml'>",
    b"<source>",
    b"<author>",
    b"<image>",
    b"<svg>",
    b"mode='base64'",
    "가".encode(),
    "가".encode("cp949"),
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF8,
    b"xmlns='x'",
    b"<a:b c:d='e'/>",
]
TYPES = ["application/xml", "text/html", "application/feed+json", "text/xml; charset=euc-kr", "x; charset=utf-16", ""]


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good document with some pieces cut out, doubled, moved or poisoned."""
    body = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 6))):
        at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 60))
        piece, rest = body[at : at + length], body[at + length :]
        body = body[:at] + draw(st.sampled_from([b"", piece * 2, rest[:40], *POISON]) | st.binary(max_size=8)) + rest
    return body


@given(spoilt(), st.sampled_from(TYPES))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happens_to_a_document_it_is_read_or_refused_in_words(body: bytes, content_type: str) -> None:
    try:
        document = read(body, content_type)
    except PayloadError as e:
        assert str(e)
    except NotAFeedError:
        pass
    else:
        for entry in document.entries:
            assert entry.title or entry.text
            assert entry.published is None or entry.published.tzinfo is UTC


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_in_any_place_of_an_entry_is_text(text: str) -> None:
    item = "".join(
        f"<{tag}>{escape(text)}</{tag}>" for tag in ("title", "description", "guid", "link", "pubDate", "author")
    )
    document = read(rss(item, "<title>안녕</title>"))
    assert document.entries[-1].title == "안녕"
