"""Feeds: the contract for RSS and for JSON Feed, then how a feed is asked, believed, and lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import connectors.feed
from connectors.base import (
    AuthError,
    ConnectorError,
    Cursor,
    GatedError,
    Kind,
    Page,
    PayloadError,
    RateLimitedError,
    SettingsError,
    TransientError,
)
from connectors.feed import MAX_HOPS, MAX_OLDER, Feed
from tests.connectors.contract import PAYLOADS, ConnectorContract, MemoryMemo, Platform, Recording, Script

pytestmark = pytest.mark.anyio

FOLDER = PAYLOADS / "feed"
URL = "https://cloud.example/rss.xml"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
NAMELESS = "sha256:83996adc5dc995eaeaf618b561dadaa19e3ea570fd5d170c780e3f9dc656f995"

DEVIATES: Mapping[str, Any] = {
    "401": (TransientError, AuthError),  # walls against robots come and go: the third in a row counts
    "403": (TransientError, GatedError),
    "redirect": None,  # feeds move: redirects are followed, see below
    "html": (SettingsError, TransientError),  # a web page where a feed should be
}


class TestFeed(ConnectorContract):
    connector = Feed
    settings = {"url": URL}
    ways = {
        "entries": Recording(
            pages=("rss.xml",),
            empty="rss-empty.xml",
            broken="rss-broken.xml",
            finds=(
                "77@cloud.example",
                "https://cloud.example/posts/76",
                "https://cloud.example/posts/75",
                NAMELESS,
            ),
        )
    }
    deviates = {**DEVIATES, "truncated": None}  # half a document is read as far as it goes, see below
    access = {"GET /rss.xml": "rss.xml"}


class TestJsonFeed(ConnectorContract):
    connector = Feed
    settings = {"url": "https://workshop.example/feed.json"}
    ways = {
        "entries": Recording(
            pages=("json-1.json", "json-2.json"),
            empty="json-empty.json",
            items="items",
            finds=("104", "https://workshop.example/103", "102"),
        )
    }
    deviates = DEVIATES
    access = {"GET /feed.json": "json-1.json"}


# ---------------------------------------------------------------- one feed over time


class Reader:
    """The connector as the monitor runs it: a cursor and a memo that stay, a moment for each poll."""

    def __init__(self, script: Script, url: str = URL, accounts: Sequence[str] = ()) -> None:
        self.url, self.accounts = url, accounts
        self.memo = MemoryMemo()
        self.cursor: Cursor | None = None
        self.answers(script)

    def answers(self, script: Any) -> None:
        """What the world answers from now on."""
        is_script = isinstance(script, dict) and "version" not in script
        self.world = Platform(FOLDER, script if is_script else {"*": script})

    @property
    def feed(self) -> Feed:
        return Feed(Feed.Settings(url=self.url), http=self.world.client(), memo=self.memo, accounts=self.accounts)

    async def poll(self, now: datetime = NOW) -> Page:
        (way,) = self.feed.ways()
        page = await self.feed.fetch(way, self.cursor, now)
        assert page.cursor is not None
        self.cursor = json.loads(json.dumps(page.cursor))
        return page

    async def found(self, now: datetime = NOW) -> list[str]:
        return [m.id for m in (await self.poll(now)).mentions]

    @property
    def asked(self) -> list[str]:
        return [str(a.url) for a in self.world.asked]

    def conditions(self) -> dict[str, str]:
        """The conditions of the last question."""
        headers = self.world.asked[-1].headers
        return {k: headers[k] for k in ("if-none-match", "if-modified-since") if k in headers}


def rss(
    *ids: int, text: str = "글", more: str = "", date: datetime | None = None, end: str = "</channel></rss>"
) -> bytes:
    """A feed of these posts, an hour apart: number 12 is of twelve o'clock."""
    items = "".join(
        f"<item><guid>{n}</guid><link>https://cloud.example/{n}</link><title>{n}</title>"
        f"<description>{escape(text)} {n}</description>"
        f"<pubDate>{format_datetime(date or datetime(2026, 3, 2, tzinfo=UTC) + n * HOUR)}</pubDate></item>"
        for n in ids
    )
    return f'<rss version="2.0"><channel><title>구름골</title>{more}{items}{end}'.encode()


def answer(body: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(200, content=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def moved(to: str, code: int = 301) -> httpx.Response:
    return httpx.Response(code, headers={"location": to})


# ---------------------------------------------------------------- asking


async def test_the_second_question_is_conditional_and_the_validators_are_sent_back_exactly_as_they_came() -> None:
    etag, modified = 'W/"5f-a b"', "Mon, 2 Mar 2026 03:00:00 GMT"
    reader = Reader({"*": answer(rss(1), etag=etag, last_modified=modified)})
    assert await reader.found() == ["1"]
    assert reader.conditions() == {}
    assert "application/atom+xml" in reader.world.asked[0].headers["accept"]
    reader.answers(httpx.Response(304))
    assert await reader.found(NOW + STEP) == []
    assert reader.conditions() == {"if-none-match": etag, "if-modified-since": modified}


async def test_an_unchanged_answer_may_bring_new_validators() -> None:
    reader = Reader({"*": answer(rss(1), etag='"a"')})
    await reader.poll()
    reader.answers((httpx.Response(304, headers={"etag": '"b"'}), httpx.Response(304)))
    await reader.poll(NOW + STEP)
    await reader.poll(NOW + 2 * STEP)
    assert reader.conditions() == {"if-none-match": '"b"'}


async def test_once_a_day_and_after_the_clock_went_back_the_whole_feed_is_asked_for() -> None:
    reader = Reader({"*": answer(rss(1), etag='"a"')})
    await reader.poll()
    for later, conditional in ((DAY - STEP, True), (DAY, False), (DAY + STEP, True), (-STEP, False)):
        reader.answers(answer(rss(1), etag='"a"'))
        await reader.poll(NOW + later)
        assert bool(reader.conditions()) == conditional, later


async def test_a_server_that_says_unchanged_for_ever_is_found_out_within_a_day() -> None:
    reader = Reader({"*": answer(rss(1), etag='"constant"')})
    await reader.poll()
    reader.answers(lambda r: httpx.Response(304) if "if-none-match" in r.headers else answer(rss(2, 1)))
    assert await reader.found(NOW + STEP) == []
    assert await reader.found(NOW + DAY) == ["2"]


async def test_unchanged_to_a_question_without_conditions_is_no_answer() -> None:
    with pytest.raises(PayloadError):
        await Reader({"*": 304}).poll()


async def test_the_same_bytes_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader({"*": answer(rss(1))})
    await reader.poll()
    monkeypatch.setattr(connectors.feed, "read_feed", lambda *_: pytest.fail("it reads"))
    page = await reader.poll(NOW + STEP)
    assert not page.mentions
    assert len(reader.asked) == 2


@pytest.mark.parametrize("odd", ['"é"', '"' + "a" * 2000 + '"', ""])
async def test_validators_that_cannot_be_sent_back_are_forgotten(odd: str) -> None:
    reader = Reader({"*": httpx.Response(200, content=rss(1), headers=[(b"etag", odd.encode("latin-1"))])})
    await reader.poll()
    await reader.poll(NOW + STEP)
    assert reader.conditions() == {}


@pytest.mark.parametrize(("seconds", "kept"), [(-1, False), (0, False), (1, True)])
async def test_a_document_that_was_changed_in_the_second_in_which_it_was_sent_may_have_changed_after_that(
    seconds: int, kept: bool
) -> None:
    sent, changed = (format_datetime(NOW + timedelta(seconds=s), usegmt=True) for s in (seconds, 0))
    reader = Reader({"*": answer(rss(1), last_modified=changed, date=sent)})
    await reader.poll()
    await reader.poll(NOW + STEP)
    assert reader.conditions() == ({"if-modified-since": changed} if kept else {})


async def test_after_a_document_that_was_cut_off_the_whole_one_is_asked_for_again() -> None:
    reader = Reader({"*": answer(rss(1), etag='"one"')})
    await reader.poll()
    half = rss(3, 2, 1)[: rss(3, 2, 1).index(b"<guid>2") + 7]
    reader.answers(answer(half, etag='"two"'))
    page = await reader.poll(NOW + STEP)
    assert ([m.id for m in page.mentions], page.skipped) == (["3"], 1)
    reader.answers(answer(rss(3, 2, 1), etag='"two"'))
    assert await reader.found(NOW + 2 * STEP) == ["2"]
    assert reader.conditions() == {"if-none-match": '"one"'}
    await reader.poll(NOW + 3 * STEP)
    assert reader.conditions() == {"if-none-match": '"two"'}


async def test_what_is_cut_off_twice_in_the_same_place_ends_there() -> None:
    reader = Reader({"*": answer(rss(2, 1, end=""), etag='"a"')})
    assert await reader.found() == ["2"]
    assert await reader.found(NOW + STEP) == ["1"]
    reader.answers(httpx.Response(304))
    assert await reader.found(NOW + 2 * STEP) == []


# ---------------------------------------------------------------- moving


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(code: int) -> None:
    reader = Reader({"/rss.xml": moved("/new.xml", code), "/new.xml": answer(rss(1))})
    page = await reader.poll()
    assert [m.namespace for m in page.mentions] == [URL], "the feed stays the one in rules.yaml"
    assert reader.asked == [URL, "https://cloud.example/new.xml"]


async def test_so_many_redirects_and_no_more() -> None:
    hops: dict[str, Any] = {f"/{n}": moved(f"/{n + 1}") for n in range(MAX_HOPS)}
    ok = Reader({**hops, f"/{MAX_HOPS}": answer(rss(1))}, url="https://cloud.example/0")
    assert await ok.found() == ["1"]
    too_many = Reader({**hops, f"/{MAX_HOPS}": moved("/0")}, url="https://cloud.example/0")
    with pytest.raises(SettingsError, match="redirects"):
        await too_many.poll()
    assert len(too_many.asked) == MAX_HOPS + 1


@pytest.mark.parametrize("code", [301, 308])
async def test_a_lasting_move_is_believed_when_it_has_been_said_three_times_in_a_day(code: int) -> None:
    reader = Reader({"/rss.xml": moved("/new.xml", code), "/new.xml": answer(rss(1))})
    for later in (timedelta(0), STEP, 2 * STEP, DAY - STEP):
        await reader.poll(NOW + later)
    assert reader.asked[-2:] == [URL, "https://cloud.example/new.xml"], "not yet a day"
    await reader.poll(NOW + DAY)
    before = len(reader.asked)
    page = await reader.poll(NOW + DAY + STEP)
    assert reader.asked[before:] == ["https://cloud.example/new.xml"]
    assert page.cursor is not None


async def test_a_move_is_not_believed_if_it_was_said_too_rarely_or_changed_or_was_taken_back() -> None:
    new = answer(rss(1))
    here: Script = {"*": new}
    a, b, today = ({"/rss.xml": moved(to, code), **here} for to, code in (("/a", 301), ("/b", 301), ("/a", 302)))
    cases: list[list[Script]] = [[a] * 2, [a, a, b, b], [a, a, here, a, a], [today] * 5]
    for scripts in cases:
        reader = Reader({})
        for n, script in enumerate(scripts):
            reader.answers(script)
            await reader.poll(NOW + n * DAY)
        reader.answers({"*": new})
        await reader.poll(NOW + len(scripts) * DAY)
        assert reader.asked == [URL]


async def test_of_a_lasting_and_a_passing_redirect_only_the_lasting_one_is_kept() -> None:
    reader = Reader({"/rss.xml": moved("/a"), "/a": moved("/today", 302), "/today": answer(rss(1))})
    for n in range(4):
        await reader.poll(NOW + n * DAY)
    before = len(reader.asked)
    await reader.poll(NOW + 4 * DAY)
    assert reader.asked[before:] == ["https://cloud.example/a", "https://cloud.example/today"]


async def test_what_comes_after_a_passing_redirect_is_not_kept() -> None:
    reader = Reader({"/rss.xml": moved("/today", 302), "/today": moved("/new"), "/new": answer(rss(1))})
    for n in range(4):
        await reader.poll(NOW + n * DAY)
    before = len(reader.asked)
    await reader.poll(NOW + 4 * DAY)
    assert reader.asked[before] == URL


@pytest.mark.parametrize("gone", [404, 410, httpx.Response(200, html="<html></html>")])
async def test_when_the_new_address_is_gone_the_one_in_rules_yaml_is_asked_again(gone: Any) -> None:
    reader = Reader({"/rss.xml": moved("/new.xml"), "/new.xml": answer(rss(1), etag='"n"')})
    for n in range(4):
        await reader.poll(NOW + n * DAY)
    reader.answers({"/new.xml": gone, "/rss.xml": answer(rss(2, 1))})
    assert await reader.found(NOW + 4 * DAY) == ["2"]
    assert reader.conditions() == {}
    reader.answers({"/rss.xml": answer(rss(2, 1))})
    await reader.poll(NOW + 5 * DAY)
    assert reader.asked == [URL]


async def test_a_redirect_to_nowhere_is_a_payload_error() -> None:
    with pytest.raises(PayloadError):
        await Reader({"*": 302}).poll()


# ---------------------------------------------------------------- refusing


async def test_410_is_for_good() -> None:
    with pytest.raises(SettingsError):
        await Reader({"*": 410}).poll()


async def test_404_is_for_good_after_seven_days() -> None:
    reader = Reader({"*": answer(rss(1))})
    await reader.poll()
    reader.answers(404)
    for days in (1, 2, 7):
        with pytest.raises(TransientError):
            await reader.poll(NOW + days * DAY)
    with pytest.raises(SettingsError):
        await reader.poll(NOW + 8 * DAY)


async def test_a_feed_that_was_found_in_between_is_missing_from_then_on() -> None:
    reader = Reader({"*": 404})
    with pytest.raises(TransientError):
        await reader.poll()
    reader.answers(answer(rss(1)))
    await reader.poll(NOW + 6 * DAY)
    reader.answers(404)
    for days in (7, 13):
        with pytest.raises(TransientError):
            await reader.poll(NOW + days * DAY)
    with pytest.raises(SettingsError):
        await reader.poll(NOW + 14 * DAY)


@pytest.mark.parametrize("code", [401, 403])
async def test_the_third_refusal_in_a_row_is_one(code: int) -> None:
    reader = Reader({"*": code})
    for _ in range(2):
        with pytest.raises(TransientError):
            await reader.poll()
    with pytest.raises(AuthError):
        await reader.poll()
    reader.answers(answer(rss(1)))
    await reader.poll(NOW + STEP)
    reader.answers(code)
    with pytest.raises(TransientError):
        await reader.poll(NOW + 2 * STEP)


async def test_too_many_requests_without_a_time_waits_an_hour_and_doubles_it_to_a_day() -> None:
    reader = Reader({"*": 429})
    waits = []
    for _ in range(8):
        with pytest.raises(RateLimitedError) as caught:
            await reader.poll()
        assert caught.value.retry_after is not None
        waits.append(caught.value.retry_after / HOUR)
    assert waits == [1, 2, 4, 8, 16, 24, 24, 24]


@pytest.mark.parametrize("code", [429, 503])
async def test_a_time_that_is_named_is_kept(code: int) -> None:
    with pytest.raises(RateLimitedError) as caught:
        await Reader({"*": httpx.Response(code, headers={"retry-after": "90"})}).poll()
    assert caught.value.retry_after == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("code", "error"), [(202, TransientError), (204, TransientError), (500, TransientError), (503, TransientError),
                        (400, SettingsError), (451, SettingsError)]
)  # fmt: skip
async def test_other_codes(code: int, error: type[ConnectorError]) -> None:
    with pytest.raises(error, match=str(code)):
        await Reader({"*": code}).poll()


@pytest.mark.parametrize("code", [202, 302, 400, 401, 403, 404, 410, 429, 500])
async def test_an_address_may_be_a_secret_and_is_not_told(code: int) -> None:
    reader = Reader({"*": code}, url="https://cloud.example/feeds/canary/1?key=canary")
    for _ in range(3):
        with pytest.raises(ConnectorError) as caught:
            await reader.poll()
        assert "canary" not in str(caught.value)
        assert "canary" not in json.dumps(reader.memo.kept)


# ---------------------------------------------------------------- a page instead of a feed


async def test_a_web_page_is_asked_for_its_feed_once_and_then_left_alone() -> None:
    script: Script = {"/": "page.html", "/rss.xml": answer(rss(2, 1), etag='"a"')}
    reader = Reader(script, url="https://cloud.example/")
    page = await reader.poll()
    assert [m.id for m in page.mentions] == ["2", "1"]
    assert page.mentions[0].namespace == "https://cloud.example/"
    await reader.poll(NOW + STEP)
    assert reader.asked == ["https://cloud.example/", URL, URL]
    assert reader.conditions() == {"if-none-match": '"a"'}


@pytest.mark.parametrize("second", ["page.html", httpx.Response(200, html="<html></html>"), httpx.Response(410)])
async def test_a_page_that_names_no_feed_is_a_mistake_in_rules_yaml(second: Any) -> None:
    script: Script = {"/": "page.html", "/rss.xml": second}
    reader = Reader(script, url="https://cloud.example/")
    with pytest.raises(SettingsError):
        await reader.poll()
    assert len(reader.asked) == 2, "one try"


async def test_where_a_feed_has_been_a_web_page_is_repair_work_for_seven_days() -> None:
    page = httpx.Response(200, html="<html>Back soon</html>")
    with pytest.raises(SettingsError, match="no feed"):
        await Reader({"*": page}).poll()
    reader = Reader({"*": answer(rss(1))})
    await reader.poll()
    reader.answers(page)
    for later in (STEP, 7 * DAY):
        with pytest.raises(TransientError):
            await reader.poll(NOW + later)
    with pytest.raises(SettingsError):
        await reader.poll(NOW + STEP + 7 * DAY)


# ---------------------------------------------------------------- pace


@pytest.mark.parametrize(
    ("more", "headers", "wait"),
    [
        ("", {}, None),
        ("<ttl>60</ttl>", {}, HOUR),
        ("", {"cache_control": "public, max-age=1800"}, HOUR / 2),
        ("<ttl>60</ttl>", {"cache_control": "max-age=1800"}, HOUR),
        ("<ttl>10</ttl>", {"cache_control": "s-maxage=9, max-age=1800"}, HOUR / 2),
        ("", {"cache_control": "max-age=31536000, immutable"}, DAY),
        ("", {"cache_control": "no-cache, max-age=1800"}, None),
        ("", {"cache_control": "max-age=x"}, None),
        ("<ttl>999999999999</ttl>", {}, DAY),
    ],
)
async def test_a_feed_is_left_alone_for_as_long_as_it_asks_and_at_most_a_day(
    more: str, headers: dict[str, str], wait: timedelta | None
) -> None:
    reader = Reader({"*": answer(rss(1, more=more), **headers)})
    page = await reader.poll()
    assert page.not_before == (wait and NOW + wait)


async def test_the_pace_of_a_feed_is_remembered_while_it_does_not_change() -> None:
    reader = Reader({"*": answer(rss(1, more="<ttl>60</ttl>"), etag='"a"')})
    await reader.poll()
    reader.answers(httpx.Response(304, headers={"cache-control": "max-age=60"}))
    page = await reader.poll(NOW + HOUR)
    assert page.not_before == NOW + 2 * HOUR


# ---------------------------------------------------------------- bursts


def json_feed(*hours: int, next_url: str = "", **more: Any) -> dict[str, Any]:
    items = [{"id": str(h), "content_text": f"글 {h}", "date_published": f"2026-03-02T{h:02}:00:00Z"} for h in hours]
    return {"version": "https://jsonfeed.org/version/1.1", "items": items, "next_url": next_url, **more}


async def test_older_pages_are_read_only_after_a_burst() -> None:
    page = "https://cloud.example/2"
    reader = Reader({"/rss.xml": json_feed(3, 2, next_url=page)})
    assert not (await reader.poll(NOW - 8 * HOUR)).more, "a new source starts here and now"
    reader.answers({"/rss.xml": json_feed(4, 3, next_url=page)})
    assert not (await reader.poll(NOW - 7 * HOUR)).more, "we know number 3"
    reader.answers({"/rss.xml": json_feed(9, 8, next_url=page), "/2": json_feed(7, 4, 1, next_url=page)})
    first = await reader.poll(NOW)
    assert ([m.id for m in first.mentions], first.more, first.not_before) == (["9", "8"], True, None)
    second = await reader.poll(NOW)
    assert ([m.id for m in second.mentions], second.more, second.gap) == (["7"], False, None), "1 is from before us"


async def test_an_atom_feed_has_older_pages_too() -> None:
    link = '<link rel="next" href="/2" xmlns="http://www.w3.org/2005/Atom"/>'
    reader = Reader({"*": answer(rss(1, more=link))})
    await reader.poll(NOW - 8 * HOUR)
    reader.answers({"/rss.xml": answer(rss(9, more=link)), "/2": answer(rss(8, 1))})
    assert (await reader.poll()).more
    assert await reader.found() == ["8"]


async def test_a_burst_without_end_is_cut_and_people_are_told() -> None:
    pages: dict[str, Any] = {
        f"/{n}": json_feed(20 - n, next_url=f"https://cloud.example/{n + 1}") for n in range(1, 20)
    }
    reader = Reader({"*": json_feed(next_url="https://cloud.example/1")})
    await reader.poll(NOW - 12 * HOUR)
    reader.answers({"/rss.xml": json_feed(20, next_url="https://cloud.example/1"), **pages})
    found: list[Page] = []
    while not found or found[-1].more:
        found.append(await reader.poll(NOW + 12 * HOUR))
    assert len(found) == 1 + MAX_OLDER
    assert [p.gap is not None for p in found] == [False] * MAX_OLDER + [True]


async def test_pages_in_a_circle_are_left() -> None:
    reader = Reader({"*": json_feed(next_url=URL)})
    await reader.poll(NOW - 12 * HOUR)
    reader.answers(json_feed(9, next_url=URL))
    assert not (await reader.poll()).more


@pytest.mark.parametrize("trouble", [404, 410, 403, b"{", httpx.Response(200, html="<html></html>")])
async def test_an_older_page_that_is_gone_is_a_gap_and_the_newest_page_goes_on(trouble: Any) -> None:
    reader = Reader({"*": json_feed(next_url="https://cloud.example/2")})
    await reader.poll(NOW - 12 * HOUR)
    reader.answers({"/rss.xml": json_feed(9, next_url="https://cloud.example/2"), "/2": trouble})
    assert (await reader.poll()).more
    page = await reader.poll()
    assert page.gap
    assert not page.more
    reader.answers({"/rss.xml": json_feed(10, 9)})
    assert await reader.found(NOW + STEP) == ["10"]


async def test_an_older_page_that_fails_three_times_is_a_gap() -> None:
    reader = Reader({"*": json_feed(next_url="https://cloud.example/2")})
    await reader.poll(NOW - 12 * HOUR)
    reader.answers({"/rss.xml": json_feed(9, next_url="https://cloud.example/2"), "/2": 500})
    await reader.poll()
    for _ in range(2):
        with pytest.raises(TransientError):
            await reader.poll()
    assert (await reader.poll()).gap


async def test_when_every_entry_is_new_something_may_have_slipped_through() -> None:
    reader = Reader({"*": answer(rss(5, 4, 3, 2, 1))})
    assert (await reader.poll(NOW - 6 * HOUR)).gap is None
    reader.answers(answer(rss(12, 11, 10, 9, 8)))
    assert (await reader.poll()).gap


async def test_new_entries_that_reach_back_to_the_last_poll_leave_no_gap() -> None:
    reader = Reader({"*": answer(rss(5, 4, 3, 2, 1))})
    await reader.poll(NOW - 4 * HOUR)
    reader.answers(answer(rss(12, 11, 10, 9, 7)))
    assert (await reader.poll()).gap is None


async def test_an_ended_feed_gives_its_last_entries_and_is_gone() -> None:
    reader = Reader({"*": json_feed(9)})
    await reader.poll()
    reader.answers(json_feed(10, 9, expired=True))
    assert await reader.found(NOW + STEP) == ["10"]
    with pytest.raises(SettingsError, match="ended"):
        await reader.poll(NOW + 2 * STEP)
    with pytest.raises(SettingsError, match="ended"):
        await Reader({"*": json_feed(10, 9, expired=True)}).poll()


async def test_old_entries_below_all_that_are_remembered_are_not_told_again() -> None:
    old = [datetime(2026, 1, 1, tzinfo=UTC) + n * HOUR for n in range(700, 0, -1)]

    def document(*first: datetime) -> dict[str, Any]:
        items = [{"id": str(d), "title": str(d), "date_published": d.isoformat()} for d in (*first, *old)]
        return {"version": "https://jsonfeed.org/version/1.1", "items": items}

    reader = Reader({"*": document()})
    assert len(await reader.found()) == 700
    reader.answers(document(NOW))
    assert await reader.found(NOW + STEP) == [str(NOW)]


# ---------------------------------------------------------------- what comes of an entry


@pytest.mark.parametrize(
    ("written", "published", "uncertain"),
    [
        (NOW - HOUR, NOW - HOUR, False),
        (NOW + HOUR, NOW, True),
        (NOW + 2 * DAY, NOW, True),
        (datetime(2008, 5, 1, tzinfo=UTC), datetime(2008, 5, 1, tzinfo=UTC), False),
        (datetime(1970, 1, 1, tzinfo=UTC), NOW, True),
        (datetime(9999, 12, 31, tzinfo=UTC), NOW, True),
    ],
)
async def test_a_first_poll_believes_dates_of_this_century(
    written: datetime, published: datetime, uncertain: bool
) -> None:
    (mention,) = (await Reader({"*": answer(rss(1, date=written))}).poll()).mentions
    assert (mention.published, mention.time_uncertain) == (published, uncertain)


async def test_later_a_date_more_than_ten_years_back_is_a_mistake() -> None:
    reader = Reader({"*": answer(rss(1))})
    await reader.poll()
    reader.answers(answer(rss(2, date=datetime(2008, 5, 1, tzinfo=UTC))))
    (mention,) = (await reader.poll(NOW + STEP)).mentions
    assert (mention.published, mention.time_uncertain) == (NOW + STEP, True)


async def test_an_undated_entry_keeps_the_moment_when_it_was_first_seen() -> None:
    reader = Reader({"*": answer(rss(1, date=datetime(1, 1, 1, tzinfo=UTC)))})
    (first,) = (await reader.poll()).mentions
    reader.answers(answer(rss(1, date=datetime(1, 1, 1, tzinfo=UTC), text="고친 글")))
    (second,) = (await reader.poll(NOW + DAY)).mentions
    assert (first.published, first.time_uncertain, first.edited) == (NOW, True, None)
    assert (second.published, second.time_uncertain, second.edited) == (NOW, True, NOW + DAY)


async def test_an_edit_is_what_changed_the_words_and_nothing_else() -> None:
    def atom(text: str, updated: str) -> bytes:
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:1</id><title>제목</title>'
            f"<published>2026-03-02T03:00:00Z</published><updated>{updated}</updated>"
            f'<content type="html">{escape(text)}</content></entry></feed>'
        ).encode()

    reader = Reader({"*": answer(atom("<p>하나</p>", "2026-03-02T04:00:00Z"))})
    (mention,) = (await reader.poll()).mentions
    assert mention.edited is None
    reader.answers(answer(atom("<div>하나<img src='x'></div>", "2026-03-02T12:05:00Z")))
    assert await reader.found(NOW + STEP) == [], "programs touch the date at each build"
    reader.answers(answer(atom("<p>둘</p>", "2026-03-02T12:20:00Z")))
    (mention,) = (await reader.poll(NOW + 2 * STEP)).mentions
    assert (mention.id, mention.text) == ("urn:1", "둘")
    assert mention.edited == datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
    reader.answers(answer(atom("<p>셋</p>", "2031-03-02T12:20:00Z")))
    (mention,) = (await reader.poll(NOW + 3 * STEP)).mentions
    assert mention.edited == NOW + 3 * STEP


async def test_comments_say_what_they_answer_and_a_name_stops_no_clock() -> None:
    reader = Reader({"*": "comments.xml"}, accounts=["루미 고객센터"])
    brand, guest, nobody = (await reader.poll()).mentions
    assert {m.kind for m in (brand, guest, nobody)} == {Kind.COMMENT}
    assert (guest.ours, guest.in_reply_to) == (False, "77@cloud.example")
    assert (brand.ours, brand.in_reply_to) == (True, None)
    assert {m.conversation for m in (brand, guest, nobody)} == {"https://cloud.example/posts/77"}
    assert (guest.author.name, guest.author.id) == ("길손", "길손@cloud.example")
    assert (brand.author.id, brand.author.url) == ("https://lumi.example/", "https://lumi.example/")
    assert (nobody.author.name, nobody.author.id) == ("", "")
    without = Reader({"*": "comments.xml"})
    assert [m.in_reply_to for m in (await without.poll()).mentions if not m.ours] == [
        "https://cloud.example/posts/77#comment-11",
        "77@cloud.example",
        "77@cloud.example",
    ]


async def test_an_article_is_found_by_the_name_that_its_comments_use() -> None:
    reader = Reader({"*": answer(rss(2, 1))})
    await reader.poll()
    reader.answers(answer(rss(2, 1, text="고친 글").replace(b"<guid>", b"<guid>new-")))
    page = await reader.poll(NOW + STEP)
    assert [(m.id, m.answer_id) for m in page.mentions] == [("2", "new-2"), ("1", "new-1")]


async def test_an_article_carries_what_the_feed_says_of_it() -> None:
    first, second, third, last = (await Reader({"*": "rss.xml"}).poll()).mentions
    assert (first.kind, first.title, first.language) == (Kind.ARTICLE, '루미 크림 "환불" 후기 😤', "ko")
    assert first.text == "3주째 답이 없어요.\n앱 버전 3.2"
    assert (first.reach.replies, first.author.name) == (4, "윤하늘")
    assert first.published == datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    assert (second.author.name, second.author.id) == ("June Park", "June Park@cloud.example")
    assert (second.language, dict(second.ref)) == (None, {"truncated": "yes"})
    assert third.published == datetime(2026, 3, 2, 6, tzinfo=UTC)
    assert (last.id, last.url, last.published, last.time_uncertain) == (NAMELESS, "", NOW, True)
    assert last.author.id == ""


async def test_a_tombstone_deletes_what_we_have_and_only_once() -> None:
    reader = Reader({"*": "comments.xml"})
    await reader.poll()
    stone = b'<at:deleted-entry ref="https://cloud.example/posts/77#comment-11"/>'
    body = (FOLDER / "comments.xml").read_bytes()
    start, end = (
        body.index(b"<entry>", body.index(b"comment-12")),
        body.index(b"<entry>", body.index(b"comment-11</id>")),
    )
    body = body[:start] + body[end:]
    body = body[: body.index(b"<entry>")] + stone + body[body.index(b"<entry>") :]
    reader.answers(answer(body))
    (gone,) = (await reader.poll(NOW + STEP)).mentions
    assert (gone.id, gone.deleted, gone.text) == ("https://cloud.example/posts/77#comment-11", True, "")
    assert gone.published == datetime(2026, 3, 2, 9, tzinfo=UTC)
    reader.answers(answer(body + b"\n"))
    assert await reader.found(NOW + 2 * STEP) == []


async def test_a_cursor_of_another_version_is_as_good_as_none() -> None:
    reader = Reader({"*": answer(rss(1))})
    reader.cursor = {"full_at": "soon", "known": 7}
    assert await reader.found() == ["1"]


# ---------------------------------------------------------------- rules.yaml


@pytest.mark.parametrize(
    "url",
    ["", "cloud.example/rss", "ftp://cloud.example/", "file:///etc/passwd", "https://", "feed:https://cloud.example",
     "https://mina:pw@cloud.example/",
     "http://[::1", "https://cloud.example/\n", "https://cloud.example:99999999/", "https://" + "a" * 3000],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Feed.Settings(url=url)


def test_spaces_around_an_address_are_no_part_of_it() -> None:
    assert Feed.Settings(url=f" {URL} ").url == URL


async def test_access_tells_what_an_operator_should_know() -> None:
    reader = Reader({"/rss.xml": "rss.xml"})
    assert (await reader.feed.access(NOW)).account == "구름골 일기"
    assert list((await reader.feed.access(NOW)).warnings) == []
    bare = {**json_feed(), "items": [{"summary": "글"}]}
    reader.answers({"https://new.example/rss.xml": bare, "/": "page.html", "*": moved("https://new.example/")})
    access = await reader.feed.access(NOW)
    assert access.account == "new.example"
    said = " / ".join(access.warnings)
    for words in ("a web page", "no dates", "neither ids nor addresses", "only the beginning"):
        assert words in said
    reader.answers({"/rss.xml": moved("https://new.example/a"), "/a": answer(rss(1))})
    (warning,) = (await reader.feed.access(NOW)).warnings
    assert "new.example" in warning


@pytest.mark.parametrize(("code", "error"), [(401, AuthError), (404, SettingsError), (410, SettingsError)])
async def test_access_does_not_wait_and_see(code: int, error: type[ConnectorError]) -> None:
    reader = Reader({"*": code})
    with pytest.raises(error):
        await reader.feed.access(NOW)
    assert reader.memo.kept == {}


# ---------------------------------------------------------------- fuzz

BODIES = st.sampled_from(
    [
        *((FOLDER / n).read_bytes() for n in ("rss.xml", "comments.xml", "json-1.json", "page.html")),
        rss(1, 2),
        b"",
        b"\xff",
    ]
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["etag", "last-modified", "cache-control", "retry-after", "content-type", "location", "date", "link"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
    | st.sampled_from(
        [
            "/",
            "http://[::1",
            "https://a b/",
            "javascript:x",
            "//",
            "max-age=-1",
            "99999999999999999999",
            "application/json",
        ]
    ),
    max_size=4,
)
CODES = st.sampled_from([200, 200, 200, 200, 304, 301, 302, 308, 404, 410, 401, 429, 503, 204])


@given(st.lists(st.tuples(CODES, HEADERS, BODIES, st.integers(0, 400), st.binary(max_size=6)), min_size=1, max_size=6))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_server_answers_it_is_a_page_or_one_of_our_errors(answers: list[Any]) -> None:
    responses = [
        httpx.Response(
            code,
            headers=[(k.encode(), v.encode("latin-1")) for k, v in headers.items()],
            content=body[:at] + poison + body[at + len(poison) :] if code != 304 else b"",
        )
        for code, headers, body, at, poison in answers
    ]

    async def polls() -> None:
        reader = Reader({"*": tuple(responses)})
        for n in range(len(responses)):
            try:
                await reader.poll(NOW + n * STEP)
            except ConnectorError as e:
                assert str(e)

    anyio.run(polls)
