"""A feed that strangers wrote, as entries: RSS, Atom and JSON Feed, also broken and hostile ones.

    https://www.rssboard.org/rss-specification, https://www.rfc-editor.org/rfc/rfc4287,
    https://www.jsonfeed.org/version/1.1/, https://www.rfc-editor.org/rfc/rfc4685 (threads), rfc6721 (deleted entries)

`feedparser` reads RSS and Atom. What it must be kept away from is done here first: it would open a text that looks like
an address or a file's name (so it is only ever given a stream of bytes), it guesses the character set without knowing
Korean pages, and some shapes of document keep it busy for hours (`_refuse_hostile`, and the end of this file).
"""

from __future__ import annotations

import codecs
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.parsers import expat

import feedparser
from selectolax.lexbor import LexborHTMLParser

from connectors._dates import read_date
from connectors._html import text_of
from connectors.base import MAX_SHORT, PayloadError, language_code, one_line, plain, web_address

MAX_BODY = 5_000_000
MAX_BROKEN = 1_000_000  # a document that is no XML goes to a slower parser
MAX_TAGS = 100_000
MAX_ATTRIBUTES = 300  # in one tag
MAX_NAMESPACES = 100
MAX_ENTRIES = 5_000
MAX_NAME = 500
LONGEST_PACE = timedelta(hours=24)

HTML = ("text/html", "application/xhtml+xml")
FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
TOMBSTONE = "http://purl.org/atompub/tombstones/1.0 deleted-entry"
PERIODS = {"hourly": 1, "daily": 24, "weekly": 7 * 24, "monthly": 30 * 24, "yearly": 365 * 24}


class NotAFeedError(Exception):
    """The document is none of the feeds that we read; `alternates` are the feeds that it names, if it is a web page."""

    def __init__(self, alternates: Iterable[str] = ()) -> None:
        super().__init__("not a feed")
        self.alternates = tuple(alternates)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who an entry says has written it; anybody can write anything there."""

    name: str = ""
    url: str = ""
    mail: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, plain: what is missing is "" or None.

    `stamp` is its date as written; `certain` whether the date is, which needs a zone. `truncated`: the feed gives only
    the beginning of the text. `source` is the publication that an aggregator took it from.
    """

    guid: str
    link: str
    title: str
    text: str
    writer: Writer = Writer()
    published: datetime | None = None
    updated: datetime | None = None
    certain: bool = False
    stamp: str = ""
    language: str | None = None
    source: str = ""
    reply_to: str = ""
    replies: int | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A feed.

    cut       it ends in the middle
    ended     its publisher says that nothing will come any more
    pace      how long it wants to be left alone between two questions
    older     where the next page with older entries stands, or ""
    deleted   ids of entries that are gone, each with the moment since when, if it says so
    left_out  entries beyond `MAX_ENTRIES`
    """

    entries: tuple[Entry, ...]
    title: str = ""
    skipped: int = 0
    cut: bool = False
    ended: bool = False
    pace: timedelta | None = None
    older: str = ""
    deleted: tuple[tuple[str, datetime | None], ...] = ()
    left_out: int = 0


def read_feed(body: bytes, content_type: str, url: str, complete: bool = False) -> Document:
    """Read the body of an answer from `url`. Raises `PayloadError` and `NotAFeedError`.

    `complete`: it is known not to be cut off, although it looks so.
    """
    if len(body) > MAX_BODY:
        raise PayloadError(f"the feed is larger than {MAX_BODY:,} bytes")
    media = content_type.partition(";")[0].strip().lower()
    text = _decoded(body, content_type).lstrip("\ufeff \t\r\n")
    if text.startswith(("{", "[")) or (media.endswith("json") and not text.startswith("<")):
        return _json_feed(text)
    if not text:
        raise PayloadError("the answer is empty")
    return _xml_feed(text, media, url, complete=complete)


# ---------------------------------------------------------------- characters

_CHARSETS = {
    "ascii", "utf-8", "euc_kr", "cp949", "johab", "iso2022_kr", "euc_jp", "shift_jis", "cp932", "iso2022_jp", "gb2312",
    "gbk", "gb18030", "big5", "big5hkscs", "koi8-r", "koi8-u", *(f"iso8859-{n}" for n in range(1, 17)),
    *(f"cp125{n}" for n in range(9)),
}  # fmt: skip
"""Those that may be declared; UTF-16 and UTF-32 show in the first bytes. Python knows "charsets" that are none, and one
that takes quadratic time."""
_WIDER = {"euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "ascii": "cp1252",
          "iso8859-1": "cp1252"}  # fmt: skip
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML forbids; feeds hold them all the same."""


def _decoded(body: bytes, content_type: str) -> str:
    """The body as characters, whatever it says of its charset: many feeds say UTF-8 and are EUC-KR."""
    return _UNFIT.sub("", _characters(body, content_type))


def _characters(body: bytes, content_type: str) -> str:
    for mark, charset in _MARKS:
        if body.startswith(mark):
            return body.decode(charset, "replace")
    lossy = body.decode("utf-8", "replace")
    if lossy.count("\ufffd") * 20 < len(body) - len(lossy):
        return lossy  # UTF-8, at most with a few characters that a program has cut in two
    for charset in _charsets(body, content_type):
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            continue
    return lossy


def _charsets(body: bytes, content_type: str) -> Iterator[str]:
    """Charsets to be tried, the likeliest first."""
    declared = list(_declared(body, content_type))
    if not body.isascii() and set(declared) <= {"utf-8", "ascii", "iso8859-1", "cp1252"}:
        yield "euc_kr"  # the others are servers' defaults, which say nothing
    for name in declared:
        yield _WIDER.get(name, name)
    yield from ("cp949", "cp1252")


def _declared(body: bytes, content_type: str) -> Iterator[str]:
    said = (
        re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", content_type, re.IGNORECASE),
        re.match(r"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", body[:300].decode("latin-1")),
    )
    for match in filter(None, said):
        name = re.sub(r"^windows-(?=\d{3,4}$)", "cp", match[1].lower().removeprefix("x-"))
        try:
            name = codecs.lookup(name).name
        except LookupError:
            continue
        if name in _CHARSETS:
            yield name


# ---------------------------------------------------------------- RSS and Atom

_BEFORE = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_ROOT = re.compile(r"<((?:[a-z_][\w.-]{0,30}:)?(rss|feed|rdf|html))\b", re.IGNORECASE | re.ASCII)
_BASE = re.compile(r"\b(?:xml:)?base(?=\s*=)", re.IGNORECASE)


def _xml_feed(text: str, media: str, url: str, *, complete: bool) -> Document:
    root, text = _from_root(text)
    if root == "html" or (not root and (media in HTML or text.startswith("<"))):
        raise NotAFeedError(_alternates(text, url))
    if not root:
        raise PayloadError("the answer is neither XML nor JSON")
    _refuse_hostile(text)
    text = _without_towers(text)
    check = _Check(text)
    if not check.fine and len(text) > MAX_BROKEN:
        raise PayloadError("the feed is broken, and too large to be mended")
    found = _parsed(text)
    if not found.get("version"):
        raise NotAFeedError
    cut = not (check.fine or complete) and f"</{root}" not in text[-1000:].lower()
    return _document(found, cut=cut, deleted=tuple(check.deleted), url=url)


def _from_root(text: str) -> tuple[str, str]:
    """The name of the first element that says what the document is ("" if there is none), and the text from there on.

    What stands before it goes: declarations, which the parsers need no more, and the warnings of a broken program.
    """
    at = _skip(text, 0)
    if text[at : at + 9].upper() == "<!DOCTYPE":
        end = re.compile(r"[\[>]").search(text, at)
        if end is None or end[0] == "[":
            raise PayloadError("the feed brings its own DOCTYPE definitions, which can hide a bomb")
        at = _skip(text, end.end())
    root = _ROOT.search(text, at, at + 100_000)
    return (root[1].lower(), text[root.start() :]) if root else ("", text[at:])


def _skip(text: str, at: int) -> int:
    while (found := _BEFORE.match(text, at)) is not None:
        at = found.end()
    return at


def _refuse_hostile(text: str) -> None:
    """Refuse what no publisher writes and the parser would take hours for: it is quadratic in these."""
    tags, at, end = 0, 0, 0
    while (at := text.find("<", at)) >= 0 and end >= 0:
        if text.startswith("<![CDATA[", at):
            end = text.find("]]>", at)
        elif text.startswith("<!--", at):
            end = text.find("-->", at)
        else:
            end = text.find(">", at)
            tag = slice(at, end if end >= 0 else len(text))
            tags += text.count("<", tag.start, tag.stop)
            if text.count("=", tag.start, tag.stop) > MAX_ATTRIBUTES:
                raise PayloadError(f"a tag of the feed has more than {MAX_ATTRIBUTES} attributes")
        if tags > MAX_TAGS:
            raise PayloadError(f"the feed has more than {MAX_TAGS:,} tags")
        at = max(end, at + 1)
    if len(set(re.findall(r"xmlns:[\w.-]{1,100}", text))) > MAX_NAMESPACES:
        raise PayloadError(f"the feed has more than {MAX_NAMESPACES} namespaces")


def _without_towers(text: str) -> str:
    """Without `xml:base` where addresses relative to each other, nested deep enough, would fill the memory."""
    if text.lower().count("base") < 1_000:  # too few to do harm; the expression would take 0.3 s for nothing
        return text
    bases = [m.end() for m in _BASE.finditer(text)]
    longest = sum(min(len(text) - at, 1_000) for at in bases)
    return _BASE.sub("base-", text) if len(bases) * longest > 1_000_000_000 else text


class _Check:
    """Whether a text is well-formed XML, and which entries it says have been deleted (right below its root)."""

    def __init__(self, text: str) -> None:
        self.deleted: list[tuple[str, datetime | None]] = []
        self._depth = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            parser.Parse(text.encode("utf-8", "replace"), True)
            self.fine = True
        except expat.ExpatError:
            self.fine = False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2 and name == TOMBSTONE and attributes.get("ref") and len(self.deleted) < MAX_ENTRIES:
            when = read_date(attributes.get("when", ""))
            self.deleted.append((attributes["ref"].strip(), when[0] if when else None))

    def _end(self, name: str) -> None:
        self._depth -= 1


_BREAKS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What feedparser may let through when a document is odd enough. Fuzzing found TypeError; the rest is of its kind."""


def _parsed(text: str) -> Mapping[str, Any]:
    # Not told where the document is from (`content-location`), since it would resolve ids as if they were addresses:
    # they would change whenever the feed moves. Links are resolved in `_link`.
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        found: Mapping[str, Any] = feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            sanitize_html=False,  # we keep no HTML
            resolve_relative_uris=False,
        )
    except _BREAKS as e:
        raise PayloadError(f"the feed cannot be parsed: {type(e).__name__}") from None
    return found


def _document(
    found: Mapping[str, Any], *, cut: bool, deleted: tuple[tuple[str, datetime | None], ...], url: str
) -> Document:
    feed = _mapping(found.get("feed"))
    raw = found.get("entries")
    items: list[Any] = raw if isinstance(raw, list) else []
    whole = items[:-1] if cut else items  # the last one was cut somewhere: half a text, perhaps no id
    language = language_code(_string(feed.get("language")))
    entries = [_entry(_mapping(item), language, url) for item in whole[:MAX_ENTRIES]]
    good = tuple(e for e in entries if _says_something(e))
    return Document(
        entries=good,
        title=one_line(_string(feed.get("title"))),
        skipped=len(entries) - len(good) + len(items) - len(whole),
        cut=cut,
        pace=_pace(feed),
        older=next((_absolute(_string(x.get("href")), url) for x in _links(feed) if x.get("rel") == "next"), ""),
        deleted=deleted,
        left_out=max(0, len(whole) - MAX_ENTRIES),
    )


def _entry(raw: Mapping[str, Any], language: str | None, url: str) -> Entry:
    text, html, truncated = _text(raw)
    title = _string(raw.get("title"))
    title_detail = _mapping(raw.get("title_detail"))
    if title_detail.get("type") in HTML:
        title = text_of(title)
    body = plain(text_of(text) if html else text)
    spoken = language_code(_string(title_detail.get("language"))) or language
    published, certain, stamp = _dates(raw, "published", spoken)
    updated, updated_certain, updated_stamp = _dates(raw, "updated", spoken)
    return Entry(
        guid=_string(raw.get("id")).strip(),
        link=_link(raw, url),
        title=one_line(title),
        text=body,
        writer=_writer(raw),
        published=published or updated,
        updated=updated,
        certain=certain if published else updated_certain,
        stamp=stamp or updated_stamp,
        language=_believable(spoken, body),
        source=one_line(_string(_mapping(raw.get("source")).get("title"))),
        reply_to=_reply_to(raw),
        replies=_count(raw.get("slash_comments")) if "slash_comments" in raw else _count(raw.get("thr_total")),
        truncated=truncated or _ends_early(body, content="content" in raw),
    )


def _text(raw: Mapping[str, Any]) -> tuple[str, bool, bool]:
    """The fullest text of an entry, and whether it is HTML."""
    contents = raw.get("content")
    found = [
        (c.get("type") in HTML, len(value), value)
        for c in (map(_mapping, contents) if isinstance(contents, list) else ())
        if (value := _string(c.get("value")))
    ]
    if found:
        html, _, value = max(found)
        return value.replace("</br>", ""), html, False  # feedparser writes an XHTML <br/> as <br></br>: two line breaks
    detail = _mapping(raw.get("summary_detail"))
    return _string(raw.get("summary")), detail.get("type", "text/html") in HTML, False


def _dates(raw: Mapping[str, Any], key: str, language: str | None) -> tuple[datetime | None, bool, str]:
    # Looked up as in a plain dict: feedparser answers "published" to whoever asks for a missing "updated".
    written = dict.get(raw, key) if isinstance(raw, dict) else None
    stamp = _string(written)[:MAX_SHORT]
    if not stamp:
        return None, False, ""
    # What feedparser makes of it is not asked for: it takes 2004-Juin-08 for the first of November.
    read = read_date(stamp, language)
    return (*read, stamp) if read else (None, False, stamp)


def _link(raw: Mapping[str, Any], url: str) -> str:
    link = _string(raw.get("link"))
    if raw.get("guidislink") and not usable(link):
        link = ""  # an id that forgot to say that it is no address
    offers = [raw.get("feedburner_origlink"), link]
    offers += [x.get("href") for x in _links(raw) if x.get("rel") in {None, "alternate", "via", "related"}]
    return next(filter(None, (_absolute(_string(o), url) for o in offers)), "")


def _links(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    links = raw.get("links")
    return (_mapping(x) for x in (links if isinstance(links, list) else ()))


def _writer(raw: Mapping[str, Any]) -> Writer:
    detail = _mapping(raw.get("author_detail"))  # Atom
    name, mail = _string(detail.get("name")), _string(detail.get("email"))
    if not name and not mail:
        name, mail = _name_and_mail(_string(raw.get("author"))[:MAX_NAME])
    return Writer(one_line(name), usable(_string(detail.get("href"))), one_line(mail))


_SIGNED = re.compile(
    r"(?P<mail>[^\s()<>]+@[^\s()<>]+)(?:\s*\((?P<name>.*)\))?|(?P<other>[^<]*)<(?P<address>[^\s<>]+@[^\s<>]+)>"
)


def _name_and_mail(signed: str) -> tuple[str, str]:
    """RSS signs "june@cloud.example (June Park)"; many write "June Park <june@cloud.example>", most only a name."""
    found = _SIGNED.fullmatch(signed.strip())
    return (found["name"] or found["other"] or "", found["mail"] or found["address"]) if found else (signed, "")


def _reply_to(raw: Mapping[str, Any]) -> str:
    for key, value in raw.items():
        if key.endswith("in-reply-to"):
            return _string(_mapping(value).get("ref")).strip() or _string(value).strip()
    return ""


def _pace(feed: Mapping[str, Any]) -> timedelta | None:
    """What the feed says of its own pace: `ttl` in minutes, or the Syndication module's period and frequency."""
    minutes = _count(feed.get("ttl")) or 0
    hours = PERIODS.get(_string(feed.get("sy_updateperiod")).strip().lower(), 0)
    often = _count(feed.get("sy_updatefrequency")) or 1
    asked = max(timedelta(minutes=min(minutes, 10**6)), timedelta(hours=hours / min(often, 10**6)))
    return min(asked, LONGEST_PACE) or None


def _alternates(html: str, url: str) -> Iterator[str]:
    """The feeds that a web page names, in its order."""
    page = LexborHTMLParser(html[:1_000_000])
    base = page.css_first("base[href]")
    here = _absolute((base.attributes.get("href") or "") if base else "", url) or url
    for link in page.css("link[rel][href]")[:1_000]:
        kind = (link.attributes.get("type") or "").partition(";")[0].strip().lower()
        rel = (link.attributes.get("rel") or "").lower().split()
        address = _absolute(link.attributes.get("href") or "", here)
        if "alternate" in rel and kind in FEED_TYPES and address and address != url:
            yield address


# ---------------------------------------------------------------- JSON Feed


def _json_feed(text: str) -> Document:
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError):
        raise PayloadError("the answer is no JSON, or is cut off") from None
    version = _string(feed.get("version")) if isinstance(feed, dict) else ""
    if not re.match(r"https?://(www\.)?jsonfeed\.org/version/", version):
        raise PayloadError("the answer is JSON, but no JSON Feed")
    items = feed.get("items")
    if not isinstance(items, list):
        raise PayloadError("the feed's items are no list")
    language = language_code(_string(feed.get("language")))
    entries = [_item(item, language) for item in items[:MAX_ENTRIES] if isinstance(item, dict)]
    good = tuple(e for e in entries if _says_something(e))
    return Document(
        entries=good,
        title=one_line(_string(feed.get("title"))),
        skipped=min(len(items), MAX_ENTRIES) - len(good),
        ended=feed.get("expired") is True,
        older=usable(_string(feed.get("next_url"))),
        left_out=max(0, len(items) - MAX_ENTRIES),
    )


def _item(raw: Mapping[str, Any], language: str | None) -> Entry:
    html, bare, summary = (_string(raw.get(k)) for k in ("content_html", "content_text", "summary"))
    text = plain(text_of(html) if html else bare or summary)
    spoken = language_code(_string(raw.get("language"))) or language
    stamp = _string(raw.get("date_published")) or _string(raw.get("date_modified"))
    published = read_date(stamp, spoken)
    updated = read_date(_string(raw.get("date_modified")), spoken)
    return Entry(
        guid=_guid(raw.get("id")),
        link=usable(_string(raw.get("url"))) or usable(_string(raw.get("external_url"))),
        title=one_line(_string(raw.get("title"))),
        text=text,
        writer=_json_writer(raw),
        published=published[0] if published else None,
        updated=updated[0] if updated else None,
        certain=bool(published and published[1]),
        stamp=stamp[:MAX_SHORT],
        language=_believable(spoken, text),
        truncated=not (html or bare) or _ends_early(text, content=True),
    )


def _guid(value: Any) -> str:
    """An id may be a number (JSON Feed 1.0): a reader makes it a string."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    return str(value)[:MAX_SHORT] if isinstance(value, (int, float)) and value is not True else _string(value).strip()


def _json_writer(raw: Mapping[str, Any]) -> Writer:
    authors = raw.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else raw.get("author")  # 1.1, 1.0
    author = _mapping(first)
    return Writer(one_line(_string(author.get("name"))), usable(_string(author.get("url"))))


# ---------------------------------------------------------------- values from outside


def _string(value: Any) -> str:
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: Any) -> int | None:
    """A figure that may be a string; None when it is none."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,15}\s*", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def usable(url: str) -> str:
    """The address if people can click on it, else ""."""
    url = web_address(url)
    try:
        return url if urlsplit(url).hostname else ""
    except ValueError:
        return ""


def _absolute(link: str, base: str) -> str:
    try:
        return usable(urljoin(base, link.strip())) if link.strip() else ""
    except ValueError:
        return ""


def _says_something(entry: Entry) -> bool:
    return bool(entry.title or entry.text)


_MORE = (
    "read more",
    "read more »",
    "continue reading",
    "continue reading →",
    "더 보기",
    "더보기",
    "계속 읽기",
    "続きを読む",
)


def _ends_early(text: str, *, content: bool) -> bool:
    """Whether a text looks like the beginning of one: "... Read more", "[…]"."""
    end = text[-60:].rstrip().lower()
    return end.endswith((*_MORE, "[…]", "[...]")) or (not content and end.endswith(("…", "...")))


_LETTERS = {"ko": re.compile("[가-힣]"), "ja": re.compile("[ぁ-ヺ]")}


def _believable(language: str | None, text: str) -> str | None:
    """The language that a feed claims, unless its letters say otherwise: many claim the blog program's default."""
    for own, letters in _LETTERS.items():
        if text and (language == own) != (letters.search(text) is not None):
            return None
    return language


# ---------------------------------------------------------------- what feedparser does in quadratic time


def _no_guessing(parser: Any, key: str = "author") -> None:
    """Keep an author's name as it is written, instead of looking for a mail address in it.

    The expression for that is quadratic and holds the interpreter: a name of 200 kB would stop everything for four
    minutes. It also finds addresses only in domains of up to four letters, and half of those in longer ones.
    """
    if (parser._get_context().get(f"{key}s") or [None])[-1]:  # Atom has told name and address apart
        _combine(parser, key)


def _no_tags(parser: Any, term: object, scheme: object, label: object) -> None:
    """Keep no categories and keywords: we use none, and each one is compared with all before it."""
    parser._get_context().setdefault("tags", [])


_combine = feedparser.mixin._FeedParserMixin._sync_author_detail
feedparser.mixin._FeedParserMixin._sync_author_detail = _no_guessing
feedparser.mixin._FeedParserMixin._add_tag = _no_tags
