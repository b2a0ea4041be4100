"""Hacker News: prefixes are not mentions, a stale index is bridged, answers are found up the chain of parents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.base import Author, Kind, Mention, Page, PayloadError, RateLimitedError, SettingsError
from connectors.hackernews import ANSWERS, BRIDGE, MAX_BRIDGE, MAX_OWN, MAX_PAGES, MAX_WALK, HackerNews, Settings
from tests.connectors.contract import Answered, ConnectorContract, Failure, MemoryMemo, Recording, Script

SEARCH = "GET https://hn.algolia.com/api/v1/search_by_date?tags=(story,comment)"
OWN = "GET https://hn.algolia.com/api/v1/search_by_date?tags=comment,(author_lumi_team)"
NEWEST = "GET https://hn.algolia.com/api/v1/search_by_date?tags=comment"
ITEM = "GET https://hacker-news.firebaseio.com/v0/item/"
USER = "GET https://hacker-news.firebaseio.com/v0/user/lumi_team.json"


def moment(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


def waiting(number: int, at: datetime, parent: int | None = None, story: int | None = 47000001) -> Mention:
    kind = Kind.COMMENT if parent else Kind.POST
    return Mention(
        "hackernews", str(number), f"https://news.ycombinator.com/item?id={number}", kind, Author("x"), "Lumi?", at,
        conversation=str(story) if story else None, in_reply_to=str(parent) if parent else None,
    )  # fmt: skip


class TestHackerNews(ConnectorContract):
    connector = HackerNews
    settings = {"queries": ["Lumi"]}
    accounts = ("lumi_team",)
    hosts = ("hn.algolia.com", "hacker-news.firebaseio.com")
    around = {NEWEST: "newest.json", ITEM + "*": lambda request: item_of(request, ITEMS)}
    ways = {
        "search": Recording(
            ask=SEARCH,
            pages=("search-1.json", "search-2.json"),
            empty="nothing.json",
            items="hits",
            finds=("47000009", "47000007", "47000006", "47000005", "47000003", "47000001", "46999990"),
            ours=("47000005",),
        ),
        "own": Recording(
            ask=OWN,
            pages=("own-1.json", "own-2.json"),
            empty="nothing.json",
            items="hits",
            finds=("47000015", "47000013", "47000005"),
            ours=("47000015", "47000013", "47000005"),
        ),
        "answers": Recording(
            ask=USER,
            pages=({"id": "lumi_team", "submitted": [47000030, 47000005, 46000000]},),
            empty={"id": "lumi_team", "submitted": [46000000]},
            items="submitted",
            odd=("broken", None, [], {}, -7),
            finds=("47000031", "47000032", "47000033"),
            ours=("47000033",),
        ),
    }
    # There is no key that could be wrong: a refusal is about the pace.
    deviates = {
        "403": Failure(403, RateLimitedError, timedelta(minutes=10)),
    }
    answered = Answered(
        waiting=(
            waiting(47000003, moment(8, 15), parent=47000001),  # answered at once
            waiting(47000001, moment(8)),  # a story that the brand commented in
            waiting(47000012, moment(10, 10), parent=47000011, story=47000011),  # answered two steps below
            waiting(47000009, moment(11, 40), parent=47000008),  # answered, and the index does not know it yet
            waiting(47000007, moment(11, 20), parent=47000001),  # the brand deleted its answer
            waiting(47000010, moment(11, 45), parent=47000002),  # same story, another branch
            waiting(47000018, moment(11, 59), story=47000018),  # nobody answered
        ),
        script={
            OWN: "own-all.json",
            USER: "user.json",
            f"{ITEM}47000017.json": "item-own-new.json",
            f"{ITEM}47000016.json": "item-own-deleted.json",
            f"{ITEM}47000014.json": "item-between.json",
            f"{ITEM}47000008.json": {"id": 47000008, "type": "comment", "parent": 47000001, "time": 1772451000},
        },
        finds={
            "47000003": moment(9),
            "47000001": moment(9),
            "47000012": moment(11),
            "47000009": moment(11, 58),
        },
    )
    access = {USER: "user.json"}

    # -------- what is asked

    async def test_it_asks_for_the_phrase_without_typos_and_reads_the_last_hours_again(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("search", memo)
        platform = self.platform(self.script("search", "nothing.json"))
        _, cursor = await self.drain("search", cursor, self.earlier + timedelta(minutes=3), platform, memo)
        later = self.platform(self.script("search", "nothing.json"))
        await self.drain("search", cursor, self.earlier + timedelta(minutes=6), later, memo)
        (asked,) = later.of(SEARCH)
        since = int((self.earlier + timedelta(minutes=3) - timedelta(hours=3)).timestamp())
        until = int((self.earlier + timedelta(minutes=6)).timestamp())
        assert asked.params == {
            "tags": "(story,comment)",
            "query": '"Lumi"',
            "typoTolerance": "false",
            "restrictSearchableAttributes": "title,story_text,comment_text",
            "numericFilters": f"created_at_i>{since},created_at_i<={until}",
            "hitsPerPage": "200",
        }

    async def test_after_an_outage_and_now_and_then_it_reads_a_whole_day_again(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("search", memo)
        back = []
        for minutes in (3, 60, 120, 180, 240, 300, 360, 363, 363 + 61):
            now = self.earlier + timedelta(minutes=minutes)
            platform = self.platform({**self.script("search", "nothing.json"), NEWEST: index_until(now)})
            read = int(cursor["read"])
            _, cursor = await self.drain("search", cursor, now, platform, memo)
            after = re.match(r"created_at_i>(\d+)", platform.of(SEARCH)[0].params["numericFilters"])
            assert after
            back.append((read - int(after[1])) / 3600)
        # After six hours, and after more than an hour without a look.
        assert back == [3, 3, 3, 3, 3, 3, 26, 3, 26]

    async def test_each_query_and_each_domain_is_asked_in_turn(self) -> None:
        settings: dict[str, Any] = {"queries": ["Lumi", 'the "Lumi" lamp'], "domains": ["lumi.example"]}
        platform, cursor = self.platform(self.script("search", "nothing.json")), None
        for now in (self.now, self.now + timedelta(minutes=3)):
            more, fetches = True, 0
            while more:
                page = await self.fetch("search", cursor, now, platform, **settings)
                cursor, more, fetches = page.cursor, page.more, fetches + 1
            # A first look is one page of a whole: what is old must not look new because it came later.
            assert fetches == (1 if now == self.now else 3)
        asked = [(a.params["query"], a.params["restrictSearchableAttributes"]) for a in platform.of(SEARCH)]
        words = "title,story_text,comment_text"
        assert asked == 2 * [('"Lumi"', words), ('"the Lumi lamp"', words), ('"lumi.example"', "url")]

    async def test_shorter_settings_in_the_middle_of_a_run_end_the_run(self) -> None:
        platform = self.platform(self.script("search", "nothing.json"))
        page = await self.fetch("search", None, self.earlier, platform, queries=["a1", "b2", "c3"])
        page = await self.fetch("search", page.cursor, self.now, platform, queries=["a1", "b2", "c3"])
        page = await self.fetch("search", page.cursor, self.now, platform, queries=["a1", "b2", "c3"])
        assert page.more
        page = await self.fetch("search", page.cursor, self.now, platform, queries=["a1"])
        assert not page.more

    # -------- what is read

    async def test_html_becomes_text_and_links_are_whole(self) -> None:
        found = await self.first_page("search-1.json")
        comment, story = found["47000009"], found["47000006"]
        assert comment.text == (
            "Lumi's support never answers 😐\n"
            "한국어 문의는 더 느려요. See https://forum.example/t/lumi-refund-takes-five-weeks"
        )
        assert comment.kind is Kind.COMMENT
        assert comment.url == "https://news.ycombinator.com/item?id=47000009"
        assert (comment.conversation, comment.in_reply_to) == ("47000001", "47000008")
        assert comment.title == "Ask HN: Which skin care brands answer their mail?"
        assert comment.author.url == "https://news.ycombinator.com/user?id=kr_dev"
        assert comment.reach.likes is None
        assert comment.ref == {"reply_url": "https://news.ycombinator.com/reply?id=47000009", "match": "text"}
        assert (story.kind, story.conversation, story.in_reply_to) == (Kind.POST, "47000006", None)
        assert (story.reach.likes, story.reach.replies) == (12, 4)
        assert story.text == story.ref["link"] == "https://news.example/lumi-prices"
        assert found["47000007"].in_reply_to is None

    async def test_an_edited_comment_comes_back_with_its_new_text(self) -> None:
        memo = MemoryMemo()
        found, _, _ = await self.burst("own", await self.started("own", memo), memo)
        assert [m.text[-8:] for m in found if m.id == "47000013"] == ["🙏 감사합니다.", "(edited)"]

    @pytest.mark.parametrize(
        ("query", "text", "named"),
        [
            ("Lumi", "I like LUMI.", True),
            ("Lumi", "lumi&#x27;s pump", True),
            ("Lumi", "Lumiere", False),
            ("Lumi", "illumi", False),
            ("Lumi", "Lumi2", False),
            ("Lumi", "lumiere and (Lumi)", True),
            ("Lumi", "루미lumi는", True),
            ("루미", "루미는 좋아요", True),
            ("루미", "블루미안", True),  # Korean has no word borders that we could trust: the topics decide
            ("Glow Co", "I bought glow-co&#x27;s serum", True),
            ("Glow Co", "glow company", False),
            ("Nestlé", "nestle again", True),
            ("C++", "a C++ shop", True),
            ("C++", "a C shop", False),
            ("example.com", "see example.com/x", True),
            ("example.com", "see example.community", False),
        ],
    )
    async def test_a_phrase_must_stand_there_as_whole_words(self, query: str, text: str, named: bool) -> None:
        answer = self.recorded("search-1.json")
        answer["hits"] = [{**answer["hits"][0], "comment_text": text}]
        page = await self.fetch("search", None, self.now, self.platform(self.script("search", answer)), queries=[query])
        assert bool(page.mentions) == named

    @pytest.mark.parametrize(
        ("url", "linked"),
        [
            ("https://lumi.example/blog", True),
            ("https://www.LUMI.example:443/", True),
            ("https://notlumi.example/", False),
            ("https://lumi.example.evil.example/", False),
            ("https://elsewhere.example/?u=lumi.example", False),
            ("http://[::1", False),
        ],
    )
    async def test_a_link_to_a_watched_domain_is_a_mention(self, url: str, linked: bool) -> None:
        answer = self.recorded("search-1.json")
        answer["hits"] = [{**answer["hits"][3], "title": "A cream", "url": url}]
        page = await self.fetch(
            "search",
            None,
            self.now,
            self.platform(self.script("search", answer)),
            queries=["nothing"],
            domains=["Lumi.Example"],
        )
        assert [m.ref["match"] for m in page.mentions] == ["url"] * linked

    async def first_page(self, answer: Any) -> Mapping[str, Mention]:
        page = await self.fetch("search", None, self.now, self.platform(self.script("search", answer)))
        return {m.id: m for m in page.mentions}

    # -------- more than the index shows

    async def test_more_than_a_thousand_hits_are_all_found(self) -> None:
        cursor = await self.started("search", MemoryMemo())
        # 1300 comments, seven in each second, so that the edge of a page cuts a second in two.
        seconds = [self.earlier.timestamp() + 3600 + i // 7 for i in range(1300)]
        index = Index(self.recorded("search-1.json")["hits"][0], seconds)
        found, _ = await self.drain("search", cursor, self.now, self.platform(self.script("search", index)))
        assert {m.id for m in found} == index.ids
        assert index.pages_asked == {0}

    async def test_a_second_that_fills_a_page_does_not_stop_the_walk(self) -> None:
        cursor = await self.started("search", MemoryMemo())
        seconds = [self.now.timestamp() - 100] * 300 + [self.now.timestamp() - 200]
        index = Index(self.recorded("search-1.json")["hits"][0], seconds)
        found, _ = await self.drain("search", cursor, self.now, self.platform(self.script("search", index)))
        assert max(index.ids, key=int) in {m.id for m in found}

    async def test_a_query_that_drowns_us_is_a_gap_in_words(self) -> None:
        cursor: Any = await self.started("search", MemoryMemo())
        hit = self.recorded("search-1.json")["hits"][0]

        def endless(request: httpx.Request) -> Any:
            until = int(request.url.params["numericFilters"].rpartition("<=")[2])
            return {"hits": [{**hit, "objectID": str(until), "created_at_i": until - 1}], "nbHits": 10**6}

        platform = self.platform(self.script("search", endless))
        pages: list[Page] = []
        while not pages or pages[-1].more:
            pages.append(await self.fetch("search", cursor, self.now, platform))
            cursor = pages[-1].cursor
        assert len(pages) == MAX_PAGES
        assert [p.gap for p in pages[:-1]] == [None] * (MAX_PAGES - 1)
        assert pages[-1].gap == "more than 10,000 posts match one query; the older ones were not read"

    # -------- a stale index

    async def test_a_stale_index_is_told_and_bridged_item_by_item(self) -> None:
        stale = self.recorded("newest.json")
        stale["hits"][0] |= {"objectID": "47000100", "created_at_i": int(moment(8).timestamp())}
        items: dict[str, Any] = {
            "47000101": {"id": 47000101, "type": "story", "by": "a", "time": 1772450000, "title": "Lumi clone"},
            "47000102": {"id": 47000102, "type": "comment", "deleted": True, "parent": 47000101, "time": 1772450001},
            "47000103": {"id": 47000103, "type": "comment", "text": "lumi", "dead": True, "time": 1772450002},
            "47000104": None,
            "47000105": {"id": 47000105, "type": "job", "by": "c", "title": "Lumi is hiring", "time": 1772450003},
            "47000106": {"id": 47000106, "type": "comment", "by": "d", "text": "I mean lumi, &#x27;k?",
                         "parent": 47000101, "time": 1772450004},
            "47000107": {"id": "x", "type": "comment"},
        }  # fmt: skip
        asked: list[str] = []

        def item(request: httpx.Request) -> Any:
            number = request.url.path.rpartition("/")[2].removesuffix(".json")
            asked.append(number)
            return json.dumps(items.get(number)).encode()

        def top(last: int) -> Mapping[str, Any]:
            return {
                **self.script("search", "nothing.json"),
                NEWEST: stale,
                "GET https://hacker-news.firebaseio.com/v0/maxitem.json": str(last).encode(),
                ITEM + "*": item,
            }

        memo = MemoryMemo()
        cursor: Any = await self.started("search", memo)
        pages: list[Page] = []
        while not pages or pages[-1].more:
            pages.append(await self.fetch("search", cursor, self.now, self.platform(top(47000107)), memo))
            cursor = pages[-1].cursor
        assert pages[0].gap == "Hacker News' search index knows nothing written after 2026-03-02 08:00 UTC"
        found = {m.id: m for p in pages for m in p.mentions}
        assert list(found) == ["47000101", "47000106"]
        assert (found["47000106"].in_reply_to, found["47000106"].conversation) == ("47000101", None)
        assert sum(p.skipped for p in pages) == 1
        assert asked == [str(n) for n in range(47000101, 47000108)]
        # The next run goes on where the bridge ended, and looks for what the index had until it stopped.
        asked.clear()
        later = self.platform(top(47000109))
        page = await self.fetch("search", cursor, self.now + timedelta(minutes=3), later, memo)
        assert page.gap is None, "people are told once a day"
        _, cursor = await self.drain("search", page.cursor, self.now + timedelta(minutes=3), later, memo)
        assert asked == ["47000108", "47000109"]
        after = int(moment(8).timestamp()) - 26 * 3600
        assert later.of(SEARCH)[0].params["numericFilters"].startswith(f"created_at_i>{after},")
        # And when the index knows everything again, nothing is read one by one.
        _, cursor = await self.drain(
            "search",
            cursor,
            self.now + timedelta(minutes=6),
            self.platform(self.script("search", "nothing.json")),
            memo,
        )
        assert not cursor.keys() & {"bridged", "told"}

    async def test_a_long_bridge_is_read_in_parts_and_its_beginning_left_out_in_words(self) -> None:
        stale = self.recorded("newest.json")
        stale["hits"][0] |= {"objectID": "1000", "created_at_i": int(moment(6).timestamp())}
        last = 1000 + MAX_BRIDGE + 500
        cursor: Any = await self.started("search", MemoryMemo())
        pages: list[Page] = []
        asked = 0
        while not pages or pages[-1].more:
            platform = self.platform(
                {
                    **self.script("search", "nothing.json"),
                    NEWEST: stale,
                    "GET /v0/maxitem.json": str(last).encode(),
                    ITEM + "*": b"null",
                }
            )
            pages.append(await self.fetch("search", cursor, self.now, platform))
            cursor = pages[-1].cursor
            asked += len(platform.of(ITEM + "*"))
            assert len(platform.asked) <= BRIDGE + 2
        assert asked == MAX_BRIDGE
        assert [p.gap for p in pages if p.gap and "one by one" in p.gap] == [
            "too many posts to be read one by one; those before the newest were left to the index"
        ]

    async def test_an_index_without_a_single_comment_is_not_taken_for_silence(self) -> None:
        cursor = await self.started("search", MemoryMemo())
        platform = self.platform({**self.script("search", "nothing.json"), NEWEST: "nothing.json"})
        with pytest.raises(Exception, match="not one comment in the whole index"):
            await self.fetch("search", cursor, self.now, platform)

    @pytest.mark.parametrize("way", ["search", "own"])
    async def test_hits_of_another_shape_altogether_are_not_taken_for_silence(self, way: str) -> None:
        answer = {"hits": [{"id": 1}, {"id": 2}], "nbHits": 2}
        with pytest.raises(PayloadError, match="no hit has the documented shape"):
            await self.fetch(way, None, self.now, self.platform(self.script(way, answer)))

    # -------- the brand

    async def test_a_post_without_an_author_is_not_ours_even_if_an_account_has_no_name(self) -> None:
        platform = self.platform(self.script("search", "search-2.json"))
        connector = HackerNews(Settings(queries=("Lumi",)), http=platform.client(), memo=MemoryMemo(), accounts=("",))
        page = await connector.fetch(connector.ways()[0], None, self.now)
        assert [m.id for m in page.mentions if not m.author.id] == ["46999990"]
        assert not any(m.ours for m in page.mentions)

    def test_without_accounts_there_is_no_way_to_its_own_words(self) -> None:
        connector = HackerNews(
            Settings(queries=("Lumi",)), http=self.platform({}).client(), memo=MemoryMemo(), accounts=()
        )
        assert [w.name for w in connector.ways()] == ["search"]

    async def test_without_accounts_nothing_was_answered_and_nobody_is_asked(self) -> None:
        platform = self.platform({})
        connector = HackerNews(Settings(queries=("Lumi",)), http=platform.client(), memo=MemoryMemo())
        assert await connector.replies([waiting(47000003, moment(8), 47000001)], self.now) == {}
        assert not platform.asked

    @pytest.mark.parametrize("name", ["lumi,story", "../maxitem", "@lumi", ""])
    async def test_an_account_that_is_no_username_is_a_mistake_in_the_settings(self, name: str) -> None:
        platform = self.platform({"*": "newest.json"})
        connector = HackerNews(Settings(queries=("Lumi",)), http=platform.client(), memo=MemoryMemo(), accounts=(name,))
        with pytest.raises(SettingsError, match="no username"):
            await connector.fetch(connector.ways()[1], None, self.now)
        with pytest.raises(SettingsError, match="no username"):
            await connector.access(self.now)

    async def test_what_the_brand_wrote_before_the_mention_is_no_answer(self) -> None:
        found = await self.answers([waiting(47000003, moment(9, 30), 47000001)])
        assert found == {}

    async def test_an_answer_is_told_with_its_place(self) -> None:
        found = await self.answers([waiting(47000003, moment(8, 15), 47000001)])
        reply = found["47000003"]
        assert (reply.by, reply.id) == ("lumi_team", "47000005")
        assert reply.url == "https://news.ycombinator.com/item?id=47000005"

    async def test_a_mention_whose_story_is_unknown_is_found_by_walking_up(self) -> None:
        found = await self.answers([waiting(47000012, moment(10, 10), 47000011, story=None)])
        assert list(found) == ["47000012"]

    async def test_a_circle_of_parents_ends(self) -> None:
        between = {f"{ITEM}47000014.json": {"id": 47000014, "type": "comment", "parent": 47000015, "time": 1772440000}}
        assert await self.answers([waiting(47000012, moment(10, 10), 47000011, story=47000011)], between) == {}

    async def test_looking_for_answers_has_a_bound(self) -> None:
        def item(request: httpx.Request) -> Any:
            number = int(request.url.path.rpartition("/")[2].removesuffix(".json"))
            by = "x" if number % 10 else "lumi_team"
            return {"id": number, "type": "comment", "by": by, "parent": number - 1, "time": 1772440000}

        submitted: Any = {"id": "lumi_team", "submitted": list(range(47900000, 47905000, 10))}
        script: dict[str, Any] = {ITEM + "*": item, "GET /v0/user/lumi_team.json": submitted}
        platform = self.platform({**script, OWN: "own-all.json"})
        found = await self.build(platform).replies([waiting(46000000, moment(7), 45999999, story=None)], self.now)
        assert found == {}
        assert len(platform.of(ITEM + "*")) == MAX_OWN + MAX_WALK

    async def answers(self, mentions: list[Mention], script: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        own = {"id": "lumi_team"}
        recorded = self.answered.script if self.answered else {}
        platform = self.platform({**recorded, USER: own, **(script or {})})
        return await self.build(platform).replies(mentions, self.now)  # type: ignore[no-any-return]

    # -------- answers to the brand

    async def test_what_stands_right_below_the_brands_words_is_addressed_to_it(self) -> None:
        memo = MemoryMemo()
        found, _, _ = await self.burst("answers", await self.started("answers", memo), memo)
        told = {m.id: (m.in_reply_to, m.conversation, m.addressed, m.ours, m.kind) for m in found}
        assert told == {
            "47000031": ("47000030", "47000030", True, False, Kind.COMMENT),
            "47000032": ("47000005", None, True, False, Kind.COMMENT),
            "47000033": ("47000030", "47000030", False, True, Kind.COMMENT),
        }

    async def test_what_the_brand_wrote_long_ago_is_not_watched(self) -> None:
        late = self.now + timedelta(days=14)
        platform = self.platform(self.script("answers", *self.ways["answers"].pages))
        assert not (await self.fetch("answers", None, late, platform)).mentions

    async def test_many_answers_are_read_in_parts_and_a_first_look_takes_the_newest(self) -> None:
        kids = list(range(48000000, 48000000 + 2 * ANSWERS + 5))
        items = {30: {"id": 30, "type": "story", "by": "lumi_team", "time": 1772440000, "kids": kids}}
        items |= {k: {"id": k, "type": "comment", "by": "x", "parent": 30, "time": 1772441000} for k in kids}
        script: Script = {
            USER: {"id": "lumi_team", "submitted": [30]},
            ITEM + "*": lambda request: item_of(request, items),
        }
        first = await self.fetch("answers", None, self.now, self.platform(script))
        assert [m.id for m in first.mentions] == [str(k) for k in kids[-ANSWERS:]]
        memo = MemoryMemo()
        cursor: Any = await self.started("answers", memo)
        sizes = []
        for _ in range(3):
            page = await self.fetch("answers", cursor, self.now, self.platform(script), memo)
            cursor = page.cursor
            sizes.append((len(page.mentions), page.more))
        assert sizes == [(ANSWERS, True), (ANSWERS, True), (5, False)]

    async def test_answers_of_the_last_hours_are_read_again_and_older_ones_are_not(self) -> None:
        pages = self.ways["answers"].pages
        cursor: Any = None
        read = []
        for hours in (0, 1, 3, 5, 6, 7):
            platform = self.platform(self.script("answers", *pages))
            page = await self.fetch("answers", cursor, self.now + timedelta(hours=hours), platform)
            cursor = page.cursor
            read.append(len(page.mentions))
        assert read == [3, 0, 0, 0, 0, 0]
        items = {**ITEMS, 47000030: {**ITEMS[47000030], "kids": [47000031, 47000033, 47000035]}}
        items[47000035] = {**ITEMS[47000031], "id": 47000035}
        read.clear()
        for hours in (8, 9, 10, 11, 13, 14, 15, 18):
            script = {**self.script("answers", *pages), ITEM + "*": lambda request: item_of(request, items)}
            page = await self.fetch("answers", cursor, self.now + timedelta(hours=hours), self.platform(script))
            cursor = page.cursor
            read.append(len(page.mentions))
        # Found at 8 h, read again for at least three hours, for its edits.
        assert read[:4] == [1, 1, 1, 1]
        assert read[-1] == 0

    # -------- limits and settings

    async def test_a_refusal_without_a_time_is_ten_minutes(self) -> None:
        with pytest.raises(RateLimitedError) as caught:
            await self.fetch("search", None, self.now, self.platform(self.script("search", 429)))
        assert caught.value.retry_after == timedelta(minutes=10)

    async def test_access_warns_of_a_stale_index_and_of_unknown_names(self) -> None:
        stale = self.recorded("newest.json")
        stale["hits"][0]["created_at_i"] = int(moment(8).timestamp())
        nobody = {"GET /v0/user/lumi_team.json": b"null", NEWEST: stale}
        access = await self.build(self.platform(nobody)).access(self.now)
        assert list(access.warnings) == [
            "the search index knows nothing written after 2026-03-02 08:00 UTC",
            "there is no user lumi_team; upper and lower case matter",
        ]

    @pytest.mark.parametrize(
        "settings",
        [{}, {"queries": []}, {"queries": ["!!"]}, {"queries": ["x"]}, {"domains": ["https://lumi.example"]},
         {"domains": ["lumi"]}, {"domains": ["lumi.example/x"]}, {"queries": ["a" * 201]}],
    )  # fmt: skip
    def test_settings_that_cannot_work_are_refused(self, settings: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Settings(**settings)


ITEMS: Mapping[int, Any] = {
    47000030: {"id": 47000030, "type": "story", "by": "lumi_team", "time": 1772438400, "title": "Show HN: Lumi's lab",
               "kids": [47000034, 47000033, 47000031, "x", None], "descendants": 2, "score": 5},
    47000005: {"id": 47000005, "type": "comment", "by": "lumi_team", "time": 1772442000, "parent": 47000003,
               "text": "Sorry about that!", "kids": [47000032]},
    46000000: None,
    47000031: {"id": 47000031, "type": "comment", "by": "hana", "time": 1772445000, "parent": 47000030,
               "text": "재입고는 언제인가요? 🙏"},
    47000032: {"id": 47000032, "type": "comment", "by": "kr_dev", "time": 1772446000, "parent": 47000005,
               "text": "I wrote three times. <i>Nobody</i> answers."},
    47000033: {"id": 47000033, "type": "comment", "by": "lumi_team", "time": 1772447000, "parent": 47000030,
               "text": "Thanks to all of you."},
    47000034: {"id": 47000034, "type": "comment", "deleted": True, "time": 1772447100, "parent": 47000030},
}  # fmt: skip


def item_of(request: httpx.Request, items: Mapping[int, Any]) -> bytes:
    """As Firebase answers: null for what it does not know."""
    number = int(request.url.path.rpartition("/")[2].removesuffix(".json"))
    return json.dumps(items.get(number)).encode()


def index_until(now: datetime) -> Callable[[httpx.Request], Any]:
    """The newest comment of an index that is up to date."""
    hit = {"objectID": "47000100", "created_at_i": int(now.timestamp()), "comment_text": "x", "_tags": ["comment"]}
    return lambda _: {"hits": [hit], "nbHits": 1}


class Index:
    """Algolia's index as it behaves: newest first, bounds on time, 1000 hits per query over all pages."""

    def __init__(self, hit: Mapping[str, Any], seconds: list[float]) -> None:
        self.hits = [{**hit, "objectID": str(48000000 + i), "created_at_i": int(s)} for i, s in enumerate(seconds)]
        self.hits.sort(key=lambda h: h["created_at_i"], reverse=True)
        self.ids = {h["objectID"] for h in self.hits}
        self.pages_asked: set[int] = set()

    def __call__(self, request: httpx.Request) -> Any:
        asked = request.url.params
        bounds = re.fullmatch(r"created_at_i>(\d+),created_at_i<=(\d+)", asked["numericFilters"])
        assert bounds
        found = [h for h in self.hits if int(bounds[1]) < h["created_at_i"] <= int(bounds[2])]
        page, size = int(asked.get("page", 0)), int(asked["hitsPerPage"])
        self.pages_asked.add(page)
        return {"hits": found[:1000][page * size : (page + 1) * size], "nbHits": len(found), "page": page}
