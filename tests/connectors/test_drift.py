"""Which entry of a feed is which: publishers change ids, titles and addresses, and people must not be told twice.

Each case is a feed over time, as RSS, read by the connector with its cursor in between; what counts is how many
different mentions come of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors._drift import (
    MAX_GONE,
    MAX_KNOWN,
    Known,
    Sight,
    canonical,
    packed,
    recognise,
    remembered,
    short_id,
    unpacked,
)
from connectors.base import Cursor
from connectors.feed import Feed
from tests.connectors.contract import MemoryMemo

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
Item = Mapping[str, str | None]

POST: Item = {
    "guid": "77@cloud.example",
    "link": "https://cloud.example/posts/77",
    "title": "루미 크림 환불 후기",
    "date": "Mon, 02 Mar 2026 10:00:00 +0900",
    "text": "3주째 답이 없어요. 앱 버전 3.2",
}


def post(**changes: str | None) -> Item:
    return {**POST, **changes}


def numbered(n: int, **changes: str | None) -> Item:
    """One of several posts that have nothing in common; `{n}` in a change becomes its number."""
    item = post(
        guid=f"{n}@cloud.example",
        link=f"https://cloud.example/posts/{n}",
        title=f"{n}번째 글",
        date=f"Mon, 02 Mar 2026 {n % 24:02}:00:00 +0000",
        text=f"{n}번째 이야기입니다.",
    )
    return {**item, **{k: v and v.replace("{n}", str(n)) for k, v in changes.items()}}


def feed(n: int = 5, **changes: str | None) -> list[Item]:
    return [numbered(i, **changes) for i in range(n, 0, -1)]


def rss(items: Sequence[Item]) -> bytes:
    names = {"guid": "guid", "link": "link", "title": "title", "date": "pubDate", "text": "description"}
    written = "".join(
        "<item>"
        + "".join(f"<{names[k]}>{escape(v)}</{names[k]}>" for k, v in item.items() if k in names and v is not None)
        + (item.get("raw") or "")
        + "</item>"
        for item in items
    )
    return f'<rss version="2.0"><channel><title>구름골</title>{written}</channel></rss>'.encode()


async def mentions_of(*documents: Sequence[Item]) -> list[list[str]]:
    """The ids that each document brings, in turn."""
    bodies = iter([rss(d) for d in documents])
    http = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, content=next(bodies))), trust_env=False
    )
    connector = Feed(Feed.Settings(url="https://cloud.example/rss"), http=http, memo=MemoryMemo())
    (way,) = connector.ways()
    cursor: Cursor | None = None
    found = []
    for i in range(len(documents)):
        page = await connector.fetch(way, cursor, NOW + timedelta(minutes=15 * i))
        assert page.cursor is not None
        cursor = json.loads(json.dumps(page.cursor))
        found.append([m.id for m in page.mentions])
    return found


@dataclass(frozen=True)
class Case:
    name: str
    documents: tuple[Sequence[Item], ...]
    items: int = 1  # so many different ones


def edit(name: str, before: Item = POST, **changes: str | None) -> Case:
    """One post among others, changed in some way."""
    others = feed(3)
    return Case(name, ([before, *others], [{**before, **changes}, *others]), items=4)


NAMELESS = post(guid=None, link=None)
NO_GUID = post(guid=None)
HANGUL = post(guid=None, link="https://cloud.example/글/루미-크림")
MOVED_HOST = "https://new.example/{n}"

DRIFT = [
    # the id stays
    edit("the title changes", title="루미 크림 환불 후기 (수정)"),
    edit("the title gets an emoji", title="루미 크림 환불 후기 😤"),
    edit("the title is decomposed", title="\u1105\u116e\u1106\u1175 \u110f\u1173\u1105\u1175\u11b7 환불 후기"),
    edit("the title is spaced otherwise", title=" 루미  크림 환불\n후기 "),
    edit("the title is escaped twice", title="루미 크림 &quot;환불&quot; 후기"),
    edit("the text changes", text="한 달째 답이 없어요. 앱 버전 3.3"),
    edit("the text becomes its own beginning", text="3주째 답이 없… Read more"),
    edit("the text disappears", text=None),
    edit("title and text change", title="고쳐 쓴 제목", text="고쳐 쓴 글"),
    edit("the address moves to https", post(link="http://cloud.example/posts/77"), link=POST["link"]),
    edit("the address gets www.", link="https://www.cloud.example/posts/77"),
    edit("the address gets a tracking parameter", link="https://cloud.example/posts/77?utm_source=rss"),
    edit("the slug is rewritten", link="https://cloud.example/2026/03/lumi-refund"),
    edit("the site moves to another host", link="https://new.example/posts/77"),
    edit("the address disappears", link=None),
    edit("an address appears", post(link=None), link=POST["link"]),
    edit("the date is bumped", date="Mon, 02 Mar 2026 11:00:00 +0900"),
    edit("the date disappears", date=None),
    edit("the date is written in another way", date="2026-03-02T01:00:00Z"),
    edit("the id gets spaces around it", guid="  77@cloud.example\n"),
    edit("an author appears", raw="<author>a@cloud.example (윤하늘)</author>"),
    edit("the id says that it is no address", guid=None, raw='<guid isPermaLink="false">77@cloud.example</guid>'),
    edit(
        "all but the id changes",
        title="새 제목",
        text="새 글",
        link="https://new.example/lumi",
        date="Mon, 02 Mar 2026 11:30:00 +0900",
    ),
    # the id changes, the address stays
    edit("the id gets a time stamp", guid="77@cloud.example#1772413200"),
    edit("the id changes its case", guid="77@CLOUD.example"),
    edit("the id becomes a number", guid="77"),
    edit("the id becomes a tag address", guid="tag:cloud.example,2026:77"),
    edit("the id is made anew", guid="5b1f0c9e-4c52-4b6a-9a55-1f4c1e0d6a77"),
    edit("the id moves to https", post(guid="http://cloud.example/?p=77"), guid="https://cloud.example/?p=77"),
    edit("the id is dropped", guid=None),
    edit("the id becomes empty", guid=""),
    edit("an id appears", NO_GUID, guid="77@cloud.example"),
    edit("id and title change", guid="new-77", title="새 제목"),
    edit("id and text change", guid="new-77", text="새 글"),
    edit("id and date change", guid="new-77", date="Mon, 02 Mar 2026 11:00:00 +0900"),
    edit("id and tracking parameters change", guid="new-77", link="https://cloud.example/posts/77?utm_medium=feed"),
    edit("id changes, the address moves to http", guid="new-77", link="http://cloud.example/posts/77/"),
    edit("id and address change, all else stays", guid="new-77", link="https://new.example/lumi"),
    Case("the publisher changes ids only", (feed(), feed(guid="urn:new:{n}")), 5),
    Case(
        "the publisher changes programs: only addresses stay",
        (feed(), feed(guid="urn:new:{n}", title="글 {n}", text="다시 쓴 글 {n}", date="2026-03-01T0{n}:00:00Z")),
        5,
    ),
    Case("the publisher changes hosts and ids", (feed(), feed(guid="urn:new:{n}", link=MOVED_HOST)), 5),
    Case(
        "the publisher changes hosts and ids, dates are off by nine hours",
        (feed(), feed(guid="urn:new:{n}", link=MOVED_HOST, date="Sun, 01 Mar 2026 1{n}:00:00 +0000")),
        5,
    ),
    Case("the publisher changes programs and goes back", (feed(), feed(guid="urn:new:{n}"), feed()), 5),
    Case("the publisher drops all ids", (feed(), feed(guid=None)), 5),
    Case("the publisher moves and a new post comes at once", (feed(), [numbered(9), *feed(guid="urn:new:{n}")]), 6),
    # no id, the address drifts
    edit("no id: https to http", NO_GUID, link="http://cloud.example/posts/77"),
    edit("no id: http to https", post(guid=None, link="http://cloud.example/posts/77"), link=POST["link"]),
    edit("no id: www. comes", NO_GUID, link="https://www.cloud.example/posts/77"),
    edit("no id: www. goes", post(guid=None, link="https://www.cloud.example/posts/77"), link=POST["link"]),
    edit("no id: the mobile host", NO_GUID, link="https://m.cloud.example/posts/77"),
    edit("no id: utm", NO_GUID, link="https://cloud.example/posts/77?utm_source=rss&utm_campaign=x"),
    edit("no id: fbclid", NO_GUID, link="https://cloud.example/posts/77?fbclid=IwAR0"),
    edit("no id: Naver's feed marks", NO_GUID, link="https://cloud.example/posts/77?fromRss=true&trackingCode=rss"),
    edit("no id: ref=rss", NO_GUID, link="https://cloud.example/posts/77?ref=rss"),
    edit(
        "no id: parameters in another order",
        post(guid=None, link="https://cloud.example/view?board=3&no=77"),
        link="https://cloud.example/view?no=77&board=3",
    ),
    edit("no id: a slash at the end", NO_GUID, link="https://cloud.example/posts/77/"),
    edit("no id: a doubled slash", NO_GUID, link="https://cloud.example//posts/77"),
    edit("no id: the default port", NO_GUID, link="https://cloud.example:443/posts/77"),
    edit("no id: the host in capitals", NO_GUID, link="https://Cloud.Example/posts/77"),
    edit("no id: index.html", NO_GUID, link="https://cloud.example/posts/77/index.html"),
    edit("no id: a session in the path", NO_GUID, link="https://cloud.example/posts/77;jsessionid=AB12"),
    edit("no id: a session parameter", NO_GUID, link="https://cloud.example/posts/77?PHPSESSID=ab12"),
    edit("no id: a tracking fragment", NO_GUID, link="https://cloud.example/posts/77#xtor=RSS-1"),
    edit(
        "no id: Hangul is escaped",
        HANGUL,
        link="https://cloud.example/%EA%B8%80/%EB%A3%A8%EB%AF%B8-%ED%81%AC%EB%A6%BC",
    ),
    edit(
        "no id: escapes in small letters",
        post(guid=None, link="https://cloud.example/%EA%B8%80"),
        link="https://cloud.example/%ea%b8%80",
    ),
    edit("no id: a dot after the host", NO_GUID, link="https://cloud.example./posts/77"),
    edit(
        "no id: the host is written in Hangul",
        post(guid=None, link=f"https://{'루미.example'.encode('idna').decode()}/77"),
        link="https://루미.example/77",
    ),
    edit("no id: address and title drift", NO_GUID, link="http://www.cloud.example/posts/77/", title="새 제목"),
    edit("no id: address and text drift", NO_GUID, link="http://www.cloud.example/posts/77/", text="새 글"),
    edit("no id: another address, all else stays", NO_GUID, link="https://new.example/lumi"),
    # neither id nor address
    edit("nameless: the title changes", NAMELESS, title="새 제목"),
    edit("nameless: the text changes", NAMELESS, text="새 글"),
    edit("nameless: the text is spaced otherwise", NAMELESS, text="3주째 답이 없어요.\n앱 버전 3.2"),
    edit("nameless: the date names its zone otherwise", NAMELESS, date="Mon, 02 Mar 2026 10:00:00 KST"),
    edit("nameless: an id appears", NAMELESS, guid="77"),
    edit("nameless: an address appears", NAMELESS, link=POST["link"]),
    # ids shared by several entries
    Case("a shared id, one of the two falls off", (feed(2, guid="0"), feed(2, guid="0")[:1]), 2),
    Case("a shared id, the other of the two falls off", (feed(2, guid="0"), feed(2, guid="0")[1:]), 2),
    Case("a shared id, another order", (feed(2, guid="0"), feed(2, guid="0")[::-1]), 2),
    Case("a shared id, a title changes", (feed(2, guid="0"), feed(2, guid="0", title="새 제목 {n}")), 2),
    Case("an id that becomes shared", (feed(1, guid="0"), feed(2, guid="0"), feed(3, guid="0")), 3),
    Case("an id, shared, and alone again", (feed(1, guid="0"), feed(2, guid="0"), feed(1, guid="0")), 2),
    # the document
    Case("an entry stands there twice", ([POST, POST], [POST, POST, POST]), 1),
    Case("entries change places", (feed(), feed()[::-1]), 5),
    Case("an entry falls off and comes back", (feed(), feed()[1:], feed()), 5),
    Case("an entry falls off and comes back changed", (feed(), feed(3), feed(guid="urn:new:{n}")), 5),
    Case("the feed is empty for a while", (feed(), [], feed()), 5),
]

FIXED = "https://cloud.example/"

DIFFERENT = [
    Case("a new post", (feed(4), feed(5)), 5),
    Case("all posts are new", (feed(4), [numbered(n) for n in (14, 13, 12, 11)]), 8),
    Case("all link to the home page", (feed(4, link=FIXED), [numbered(n, link=FIXED) for n in (14, 13, 12, 11)]), 8),
    Case("no ids, all link to the home page", (feed(2, guid=None, link=FIXED), feed(3, guid=None, link=FIXED)), 3),
    Case("a page that is always the newest release", ([numbered(1, link=FIXED)], [numbered(2, link=FIXED)]), 2),
    Case(
        "two pages that are always the newest release",
        (
            [numbered(1, link=FIXED + "a"), numbered(2, link=FIXED + "b")],
            [numbered(3, link=FIXED + "a"), numbered(4, link=FIXED + "b")],
        ),
        4,
    ),
    Case(
        "the same address, no titles", ([numbered(1, link=FIXED, title=None)], [numbered(2, link=FIXED, title="")]), 2
    ),
    Case("the same title each week", ([numbered(1, title="주간 잡담")], [numbered(2, title="주간 잡담")]), 2),
    Case(
        "the same title and text each week",
        (
            [numbered(1, title="주간 잡담", text="아무 말이나 하세요")],
            [numbered(2, title="주간 잡담", text="아무 말이나 하세요")],
        ),
        2,
    ),
    Case("two say the same at the same time", ([POST, post(guid="78", link="https://cloud.example/posts/78")],), 2),
    Case(
        "one says what another has just said",
        ([POST], [post(guid="78", link="https://cloud.example/posts/78"), POST]),
        2,
    ),
    Case("nameless: another title, text and date", ([NAMELESS], [numbered(1, guid=None, link=None), NAMELESS]), 2),
    Case(
        "nameless: an empty title, the same date",
        ([post(guid=None, link=None, title="", text="하나")], [post(guid=None, link=None, title="", text="둘")]),
        2,
    ),
    Case(
        "nameless and undated: another text",
        ([post(guid=None, link=None, date=None)], [post(guid=None, link=None, date=None, text="다른 글")]),
        2,
    ),
    Case(
        "no id: another number in the query",
        ([post(guid=None, link=FIXED + "v?no=1")], [numbered(2, guid=None, link=FIXED + "v?no=2")]),
        2,
    ),
    Case(
        "no id: sid is a story, not a session",
        ([post(guid=None, link=FIXED + "v?sid=1")], [numbered(2, guid=None, link=FIXED + "v?sid=2")]),
        2,
    ),
    Case(
        "no id: comments differ by fragment",
        ([post(guid=None, link=FIXED + "77#comment-1")], [numbered(2, guid=None, link=FIXED + "77#comment-2")]),
        2,
    ),
    Case(
        "no id: paths know capitals",
        ([post(guid=None, link=FIXED + "A")], [numbered(2, guid=None, link=FIXED + "a")]),
        2,
    ),
    Case("an id for all: the second gets its own", ([numbered(1, guid="0")], feed(2, guid="0")), 2),
    Case(
        "an id and an address for all",
        (feed(2, guid="0", link=FIXED), feed(3, guid="0", link=FIXED), feed(4, guid="0", link=FIXED)),
        4,
    ),
]


def test_there_are_enough_cases() -> None:
    assert len(DRIFT) >= 80
    assert len({c.name for c in DRIFT + DIFFERENT}) == len(DRIFT) + len(DIFFERENT)


@pytest.mark.parametrize("case", DRIFT, ids=lambda c: c.name)
async def test_it_is_the_same_entry_although(case: Case) -> None:
    pages = await mentions_of(*case.documents)
    assert len({i for page in pages for i in page}) == case.items, pages


@pytest.mark.parametrize("case", DIFFERENT, ids=lambda c: c.name)
async def test_it_is_another_entry_although(case: Case) -> None:
    pages = await mentions_of(*case.documents)
    assert len({i for page in pages for i in page}) == case.items, pages


async def test_what_has_only_moved_is_not_told_again() -> None:
    pages = await mentions_of(feed(), feed(guid="urn:new:{n}"), [*feed(guid="urn:new:{n}")])
    assert [len(p) for p in pages] == [5, 0, 0]


async def test_after_a_move_an_edit_still_reaches_the_old_mention() -> None:
    pages = await mentions_of(feed(), feed(guid="urn:new:{n}"), feed(guid="urn:new:{n}", text="고친 글 {n}"))
    assert pages[2] == pages[0]


async def test_an_id_may_serve_several_entries_and_its_addresses_tell_them_apart() -> None:
    assert await mentions_of(feed(2, guid="0")) == [
        ["0|https://cloud.example/posts/2", "0|https://cloud.example/posts/1"]
    ]


# ---------------------------------------------------------------- the pieces

SIGHTS = st.builds(
    Sight,
    *(st.sampled_from(["", "a", "b", "c"]) for _ in range(2)),
    *(st.sampled_from(["", "x", "y"]) for _ in range(3)),
)


@given(st.lists(st.lists(SIGHTS, max_size=6), max_size=4))
@settings(max_examples=200, deadline=None)
def test_whatever_drifts_no_two_entries_of_a_document_are_one(documents: list[list[Sight]]) -> None:
    known: list[Known] = []
    for document in documents:
        found = [pair for pair in recognise(document, known) if pair]
        ids = [k.id for k, _ in found]
        assert len(ids) == len(set(ids))
        assert all(ids)
        assert all(before is None or before.id == k.id for k, before in found)
        known = remembered([k for k, _ in found], known)
        assert unpacked(packed(known)) == known


@given(st.lists(SIGHTS, max_size=6))
@example([Sight("", "a", "", "", ""), Sight("", "a", "x", "x", ""), Sight("", "", "x", "x", "")])
@settings(max_examples=200, deadline=None)
def test_the_same_document_again_holds_nothing_new(document: list[Sight]) -> None:
    found = [pair for pair in recognise(document, []) if pair]
    again = [pair for pair in recognise(document, [k for k, _ in found]) if pair]
    assert [k.id for k, _ in again] == [k.id for k, _ in found]
    assert all(before is not None for _, before in again)


@given(st.text(max_size=60))
def test_an_address_has_one_spelling_and_only_one(link: str) -> None:
    once = canonical(f"https://cloud.example/{link}")
    assert canonical(once) == once


def test_odd_addresses_are_left_as_they_are() -> None:
    for link in ("http://[::1", "https://a:99999999/", "https://xn--\u0000/", "javascript:alert(1)"):
        assert isinstance(canonical(link), str)


def test_long_and_unprintable_ids_become_their_digest() -> None:
    assert short_id("77") == "77"
    assert short_id("a" * 251).startswith("sha256:")
    assert short_id("a\x00b").startswith("sha256:")
    assert short_id("\ud800").startswith("sha256:")
    assert short_id("") == ""


def test_five_hundred_entries_are_remembered_in_a_few_kilobytes_and_no_more() -> None:
    sights = [
        Sight(f"https://cloud.example/?p={n}", f"https://cloud.example/posts/{n}", f"{n}", "글", "") for n in range(900)
    ]
    known = remembered([k for k, _ in filter(None, recognise(sights, []))], [])
    assert len(known) == MAX_KNOWN
    assert len(packed(known)) < 30_000
    assert unpacked(packed(known)) == known


def test_of_what_has_fallen_off_only_the_newest_is_remembered() -> None:
    old = [Known(str(n), "", "", "", "", "") for n in range(400)]
    kept = remembered([Known("new", "", "", "", "", "")], old)
    assert [k.id for k in kept] == ["new", *(str(n) for n in range(MAX_GONE))]


@pytest.mark.parametrize("text", ["", "x", "{}", packed([])[:-2], "\x00"])
def test_a_memory_that_cannot_be_read_is_no_memory(text: str) -> None:
    assert unpacked(text) == []
