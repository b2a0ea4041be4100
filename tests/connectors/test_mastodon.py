"""Mastodon: the contract, then what is special about it. The people and posts are invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors._mastodon import length_of, narrower, snowflake
from connectors.base import (
    AuthError,
    Author,
    ConnectorError,
    GatedError,
    Kind,
    Mention,
    Page,
    RateLimitedError,
    SettingsError,
    TransientError,
    Worth,
)
from connectors.mastodon import Mastodon
from tests.connectors.contract import SECRET, Answered, ConnectorContract, MemoryMemo, Posting, Recording, Script

HARIN = "https://uri.example/users/harin/statuses"
BORI = "https://uri.example/users/bori/statuses"
MIRA = "https://klein.example/users/mira/statuses"
JONAS = "https://social.example/users/jonas/statuses"
LUMI = "https://social.example/users/lumi/statuses"

COMPLAINT, ORDER, DIRECT = "116158580654080000", "116158601625600000", "116158640947200000"

ME = "GET /api/v1/accounts/verify_credentials"
INSTANCE = "GET /api/v2/instance"
LOOKUP = "GET /api/v1/accounts/lookup"
POLICY = "GET /api/v2/notifications/policy"
TAG = "GET /api/v1/timelines/tag/*"
NOTIFICATIONS = "GET /api/v1/notifications"
OWN = "GET /api/v1/accounts/900/statuses"
HELP = "GET /api/v1/accounts/901/statuses"
SEARCH = "GET /api/v2/search"
CONTEXT = "GET /api/v1/statuses/*/context"
POST = "POST /api/v1/statuses"

AROUND: Script = {ME: "me.json", INSTANCE: "instance.json", LOOKUP: "help.json", HELP: "nothing.json"}


def waiting(local: str, **more: Any) -> Mention:
    """A mention as it comes back out of the store."""
    given: dict[str, Any] = {
        "platform": "mastodon",
        "id": f"{HARIN}/116157999999",
        "url": "https://uri.example/@harin/116157999999",
        "kind": Kind.POST,
        "author": Author("https://uri.example/@harin", "harin@uri.example", "하린"),
        "text": "@lumi 결제가 두 번 됐어요",
        "published": datetime(2026, 3, 2, 8, 14, 40, tzinfo=UTC),
        "language": "ko",
        "local_id": f"social.example/{local}",
        "addressed": True,
        "ref": {
            "host": "social.example",
            "id": local,
            "acct": "harin@uri.example",
            "account": "109",
            "visibility": "public",
        },
    }
    return Mention(**{**given, **more})


def bori(local: str = DIRECT) -> Mention:
    plain = waiting(local)
    return replace(
        plain,
        id=f"{BORI}/77",
        url="https://uri.example/@bori/77",
        author=Author("https://uri.example/@bori", "bori@uri.example"),
        private=True,
        ref={**plain.ref, "acct": "bori@uri.example", "account": "112", "visibility": "direct"},
    )


class TestMastodon(ConnectorContract):
    connector = Mastodon
    settings = {"instance": "https://social.example", "token": SECRET, "hashtags": ["#루미"], "search": ["lumi"]}
    accounts = ("@lumi@social.example", "@lumi_help@social.example")
    hosts = ("social.example",)
    around = AROUND
    ways = {
        "notifications": Recording(
            ask=NOTIFICATIONS,
            start="notifications-start.json",
            pages=("notifications-1.json", "notifications-2.json"),
            empty="nothing.json",
            items="",
            finds=(
                f"{HARIN}/116157999999",
                f"{JONAS}/{ORDER}",
                f"{BORI}/77",
                f"{MIRA}/5521",
                f"{HARIN}/116158000777",
            ),
        ),
        "hashtags": Recording(
            ask=TAG,
            start="hashtags-start.json",
            pages=("hashtags-1.json", "hashtags-2.json"),
            empty="nothing.json",
            items="",
            finds=(f"{BORI}/81", f"{LUMI}/116157382656000000", f"{MIRA}/5530", f"{HARIN}/116157000004"),
            ours=(f"{LUMI}/116157382656000000",),
        ),
        "search": Recording(
            ask=SEARCH,
            pages=("search-1.json", "search-2.json"),
            empty="search-nothing.json",
            items="statuses",
            finds=(
                f"{MIRA}/5560",
                f"{JONAS}/116158876876800000",
                f"{LUMI}/116158837555200000",
                f"{BORI}/90",
            ),
            ours=(f"{LUMI}/116158837555200000",),
        ),
        "own": Recording(
            ask=OWN,
            start="own-start.json",
            pages=("own-1.json", "own-2.json"),
            empty="nothing.json",
            items="",
            finds=tuple(f"{LUMI}/{i}" for i in ("116158798233600000", "116158955520000000", "116159014502400000")),
            ours=tuple(f"{LUMI}/{i}" for i in ("116158798233600000", "116158955520000000", "116159014502400000")),
        ),
    }
    # Cloudflare and the like answer with web pages, also with 200 and 403: the server behind them may be well.
    deviates = {"html": TransientError, "403": TransientError}
    access = {POLICY: "policy.json", SEARCH: "search-1.json"}
    answered = Answered(
        waiting=(waiting(COMPLAINT), bori(), waiting("116158999999999999", id=f"{HARIN}/0")),
        script={OWN: ("own-1.json", "own-2.json", "nothing.json"), CONTEXT: "context.json"},
        finds={
            f"{HARIN}/116157999999": datetime(2026, 3, 2, 9, 10, tzinfo=UTC),
            f"{BORI}/77": datetime(2026, 3, 2, 10, 40, tzinfo=UTC),
        },
    )
    posts = Posting(mention=waiting(COMPLAINT), script={OWN: "nothing.json", POST: "reply.json"}, writes=POST)

    # -------- what a post becomes

    async def found(self, way: str, *pages: Any, **settings: Any) -> dict[str, Mention]:
        """What a first fetch makes of a page, by the last part of the id."""
        page = await self.fetch(way, None, self.now, self.platform(self.script(way, *pages)), **settings)
        return {m.id.rpartition("/")[2]: m for m in page.mentions}

    async def test_a_filtered_notification_with_a_content_warning_is_read_in_full(self) -> None:
        m = (await self.found("notifications", "notifications-1.json"))["116157999999"]
        assert m.text == "불만\n@lumi 결제가 두 번 됐어요 😡\n도와주세요 & 빨리요"
        assert m.author == Author(
            "https://uri.example/@harin", "harin@uri.example", "하린 :blobcat:", "https://uri.example/@harin", 320
        )
        assert (m.kind, m.addressed, m.private, m.language) == (Kind.POST, True, False, "ko")
        assert (m.local_id, m.in_reply_to, m.conversation) == (
            f"social.example/{COMPLAINT}",
            None,
            f"social.example/{COMPLAINT}",
        )
        assert m.url == "https://uri.example/@harin/116157999999"
        assert (m.reach.likes, m.reach.shares, m.reach.replies) == (0, 1, 0)
        assert m.ref == {
            "host": "social.example",
            "id": COMPLAINT,
            "acct": "harin@uri.example",
            "account": "109",
            "visibility": "public",
            "filtered": "true",
        }

    async def test_an_edit_a_shortened_link_and_a_local_handle(self) -> None:
        m = (await self.found("notifications", "notifications-1.json"))[ORDER]
        assert m.text == "@lumi Where is my order? https://parcel.example/track/0004711-a-long-number"
        assert m.edited == datetime(2026, 3, 2, 8, 25, tzinfo=UTC)
        assert m.author.handle == "jonas@social.example"

    async def test_a_direct_message_is_private_and_says_so(self) -> None:
        m = (await self.found("notifications", "notifications-2.json"))["77"]
        assert (m.kind, m.private, m.ref["visibility"], m.language) == (Kind.MESSAGE, True, "direct", None)

    async def test_followers_only_and_unheard_of_visibilities_are_private(self) -> None:
        for visibility, private in (("private", True), ("mutuals_only", True), (None, True), ("unlisted", False)):
            page = self.recorded("hashtags-1.json")[1:]
            page[0]["visibility"] = visibility
            (m,) = (await self.found("hashtags", page)).values()
            assert m.private is private, visibility

    async def test_a_quote_of_ours_goes_on_with_our_post_and_a_boost_is_nothing(self) -> None:
        found = await self.found("notifications", "notifications-2.json")
        assert set(found) == {"116158000777", "5521", "77"}
        assert found["5521"].in_reply_to == "social.example/116153096601600000"
        assert (found["5521"].kind, found["5521"].addressed) == (Kind.POST, True)
        assert found["5521"].reach.shares == 33
        assert found["5521"].author.name == ""

    async def test_a_quote_by_us_answers_nobody(self) -> None:
        for quoted in (self.recorded("notifications-1.json")[1]["status"], self.recorded("own-start.json")[0]):
            page = self.recorded("own-1.json")[:1]
            page[0]["quote"] = {"state": "accepted", "quoted_status": quoted}
            (m,) = (await self.found("own", page)).values()
            assert m.ours
            assert m.in_reply_to is None

    async def test_we_do_not_address_ourselves(self) -> None:
        page = self.recorded("own-1.json")[:1]
        page[0].update(in_reply_to_id=ORDER, in_reply_to_account_id="900", mentions=[{"id": "901"}])
        (m,) = (await self.found("own", page)).values()
        assert (m.ours, m.addressed, m.kind) == (True, False, Kind.REPLY)

    async def test_our_replies_name_the_mention_as_the_mention_names_itself(self) -> None:
        mention = (await self.found("notifications", "notifications-1.json"))["116157999999"]
        ours = (await self.found("own", "own-1.json"))["116158798233600000"]
        assert ours.in_reply_to == mention.answer_id
        assert not ours.addressed

    async def test_a_follow_up_found_by_a_hashtag_is_addressed_too(self) -> None:
        page = self.recorded("hashtags-2.json")[1:2]
        page[0]["in_reply_to_account_id"] = "900"
        (m,) = (await self.found("hashtags", page)).values()
        assert m.addressed
        page[0]["in_reply_to_account_id"] = "112"
        (m,) = (await self.found("hashtags", page)).values()
        assert not m.addressed
        page[0]["mentions"] = [{"id": "901"}]
        (m,) = (await self.found("hashtags", page)).values()
        assert m.addressed

    async def test_a_brand_account_that_the_server_does_not_know_is_told_by_its_handle(self) -> None:
        page = self.recorded("hashtags-1.json")[1:]
        page[0]["account"]["acct"] = "lumi_help@social.example"
        script = {LOOKUP: 404, **self.script("hashtags", page)}
        found = await self.fetch("hashtags", None, self.now, self.platform({**script, LOOKUP: 404}))
        assert [m.ours for m in found.mentions] == [True]

    async def test_a_time_that_is_none_or_from_the_future_is_now_and_uncertain(self) -> None:
        for raw in (None, "yesterday", "2031-01-01T00:00:00Z", "0001-01-01T00:00:00+09:00"):
            page = self.recorded("hashtags-1.json")[1:]
            page[0]["created_at"] = raw
            (m,) = (await self.found("hashtags", page)).values()
            assert (m.published, m.time_uncertain) == (self.now, True), raw

    # -------- polling without loss

    async def test_hashtags_start_two_hours_back_since_late_posts_get_early_ids(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("hashtags", memo)
        platform = self.platform(self.script("hashtags", "nothing.json"))
        now = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
        await self.drain(
            "hashtags", {"lists": {"루미": {**cursor["lists"]["루미"], "seen": "117000000000000000"}}}, now, platform
        )
        assert [a.params["min_id"] for a in platform.of(TAG)] == ["116158581964800000"]

    async def test_after_an_outage_hashtags_go_on_from_what_was_seen(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("hashtags", memo)
        platform = self.platform(self.script("hashtags", "nothing.json"))
        await self.drain("hashtags", cursor, self.now, platform, memo)
        assert [a.params["min_id"] for a in platform.of(TAG)] == [self.recorded("hashtags-start.json")[0]["id"]]

    async def test_once_a_day_hashtags_are_swept_over_two_days(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("hashtags", memo)
        now = self.earlier + timedelta(hours=24)
        asked = []
        for _ in range(2):
            platform = self.platform(self.script("hashtags", "nothing.json"))
            _, cursor = await self.drain("hashtags", cursor, now, platform, memo)
            asked += [a.params["min_id"] for a in platform.of(TAG)]
            now += timedelta(minutes=3)
        assert asked[0] == str(snowflake(self.earlier - timedelta(hours=24)))
        assert asked[1] == self.recorded("hashtags-start.json")[0]["id"], "the sweep is over"

    async def test_each_hashtag_has_its_own_place_and_all_are_read_in_a_round(self) -> None:
        both: dict[str, Any] = {"hashtags": ["루미", "lumi"]}
        platform = self.platform(
            {"GET /api/v1/timelines/tag/루미": "hashtags-start.json", TAG: "nothing.json", **AROUND}
        )
        first = await self.fetch("hashtags", None, self.earlier, platform, **both)
        assert not first.more, "a first fetch takes the newest page of every list"
        assert [a.url.path.rpartition("/")[2] for a in platform.asked][-2:] == ["루미", "lumi"]
        platform = self.platform(
            {
                "GET /api/v1/timelines/tag/루미": ("hashtags-1.json", "nothing.json"),
                "GET /api/v1/timelines/tag/lumi": ("hashtags-2.json", "nothing.json"),
                **AROUND,
            }
        )
        page, found = replace(first, more=True), set[str]()
        while page.more:
            page = await self.fetch("hashtags", page.cursor, self.now, platform, **both)
            found |= {m.id for m in page.mentions}
        assert found == set(self.ways["hashtags"].finds)
        assert page.cursor is not None
        assert set(page.cursor["lists"]) == {"루미", "lumi"}
        assert "turn" not in page.cursor

    async def test_the_past_of_a_hashtag_that_was_added_later_is_not_news(self) -> None:
        first = await self.fetch("hashtags", None, self.earlier, self.platform(self.script("hashtags", "nothing.json")))
        script = {"GET /api/v1/timelines/tag/lumi": "hashtags-2.json", TAG: "nothing.json", **AROUND}
        cursor, found = first.cursor, list[Mention]()
        now = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
        for _ in range(3):
            page = await self.fetch("hashtags", cursor, now, self.platform(script), hashtags=["루미", "lumi"])
            cursor, found = page.cursor, [*found, *page.mentions]
        assert [m.id for m in found] == [f"{HARIN}/116157000004"], "06:30 is news at 08:15, 05:00 is not"
        page = await self.fetch("hashtags", cursor, now, self.platform(script))
        assert set((page.cursor or {})["lists"]) == {"루미"}, "the place of a hashtag that is gone goes too"

    async def test_where_ids_are_words_the_links_are_followed_and_nothing_is_compared(self) -> None:
        # "…9" comes after "…A" here: in text, only the server knows the order.
        def words(page: str, ids: tuple[str, ...], **links: str) -> httpx.Response:
            items = self.recorded(page)[-len(ids) :]
            for item, name in zip(items, ids, strict=True):
                item["id"] = name
            link = ", ".join(f'<https://elsewhere.example/x?{query}>; rel="{rel}"' for rel, query in links.items())
            return httpx.Response(200, json=items, headers={"link": link})

        start = words("hashtags-start.json", ("01GZ",), prev="min_id=01GZ&limit=40")
        first = await self.fetch("hashtags", None, self.earlier, self.platform(self.script("hashtags", start)))
        pages: tuple[Any, ...] = (
            words("hashtags-1.json", ("01HA", "01H9"), prev="min_id=01HB", next="max_id=01H9"),
            words("hashtags-2.json", ("01H8",), prev="min_id=01H8"),
            "nothing.json",
        )
        platform = self.platform(self.script("hashtags", *pages))
        found, cursor = await self.drain("hashtags", first.cursor, self.now, platform)
        assert [a.params.get("min_id") for a in platform.of(TAG)] == ["01GZ", "01HB", "01H8"]
        assert {a.url.host for a in platform.asked} == {"social.example"}, "the token stays at home"
        assert len(found) == 3

        # A day later the newest pages are read again, back to a moment.
        pages = (
            "nothing.json",
            words("hashtags-2.json", ("01HF",), prev="min_id=01HF", next="max_id=01HF"),
            words("hashtags-1.json", ("01HC",), prev="min_id=01HC"),
        )
        platform = self.platform(self.script("hashtags", *pages))
        found, cursor = await self.drain("hashtags", cursor, self.now + timedelta(hours=24), platform)
        asked = [(a.params.get("min_id"), a.params.get("max_id")) for a in platform.of(TAG)]
        assert asked == [("01H8", None), (None, None), (None, "01HF")], "no next page, no next question"
        assert cursor["lists"]["루미"]["seen"] == "01HF"

    async def test_reading_back_ends_at_a_whole_page_from_before(self) -> None:
        first = await self.fetch("hashtags", None, self.earlier, self.platform(self.script("hashtags", "nothing.json")))
        old = self.recorded("hashtags-2.json")
        for item in old:
            item["created_at"] = "2026-02-27T00:00:00Z"
        platform = self.platform(self.script("hashtags", "hashtags-1.json", old))
        page = await self.fetch("hashtags", first.cursor, self.now, platform)
        assert page.more
        page = await self.fetch("hashtags", page.cursor, self.now, platform)
        assert not page.more
        assert page.gap is None

    async def test_a_server_that_repeats_its_pages_is_a_gap_and_no_endless_loop(self) -> None:
        first = await self.fetch(
            "search", None, self.earlier, self.platform(self.script("search", "search-nothing.json"))
        )
        platform = self.platform(self.script("search", "search-1.json"))
        page = await self.fetch("search", first.cursor, self.now, platform)
        page = await self.fetch("search", page.cursor, self.now, platform)
        assert not page.more
        assert "repeats its pages" in (page.gap or "")

    async def test_reading_back_is_bounded_and_says_what_it_left(self) -> None:
        def endless(request: httpx.Request) -> dict[str, Any]:
            item = self.recorded("search-1.json")["statuses"][0]
            return {"statuses": [{**item, "id": str(int(item["id"]) - int(request.url.params.get("offset", 0)))}]}

        memo, platform = MemoryMemo(), self.platform(self.script("search", endless))
        cursor = (await self.fetch("search", None, self.earlier, platform, memo)).cursor
        pages: list[Page] = []
        while not pages or (pages[-1].more and len(pages) < 60):
            pages.append(await self.fetch("search", cursor, self.now, platform, memo))
            cursor = pages[-1].cursor
        assert len(pages) == 50
        assert "more than 50 pages" in (pages[-1].gap or "")

    async def test_a_search_asks_from_its_last_round_less_two_hours(self) -> None:
        memo = MemoryMemo()
        cursor: Any = (
            await self.fetch("search", None, self.earlier, self.platform(self.script("search", "search-1.json")), memo)
        ).cursor
        platform = self.platform(self.script("search", "search-nothing.json"))
        await self.drain("search", cursor, self.now, platform, memo)
        (asked,) = platform.of(SEARCH)
        assert asked.params["min_id"] == str(snowflake(self.earlier - timedelta(hours=2)))
        assert asked.params["q"] == "lumi"
        assert asked.params["type"] == "statuses"

    async def test_notifications_are_asked_for_quotes_and_for_filtered_ones(self) -> None:
        platform = self.platform(self.script("notifications", "nothing.json"))
        await self.fetch("notifications", None, self.now, platform)
        (asked,) = platform.of(NOTIFICATIONS)
        assert asked.url.params.get_list("types[]") == ["mention", "quote"]
        assert asked.params["include_filtered"] == "true"
        assert asked.headers["authorization"] == f"Bearer {SECRET}"

    async def test_a_server_that_knows_no_quotes_is_asked_for_mentions_and_later_again(self) -> None:
        def picky(request: httpx.Request) -> httpx.Response:
            if "quote" in request.url.params.get_list("types[]"):
                return httpx.Response(400, json={"error": "canary Invalid value for enum"})
            return httpx.Response(200, json=self.recorded("notifications-1.json"))

        platform = self.platform(self.script("notifications", picky))
        page = await self.fetch("notifications", None, self.now, platform)
        assert len(page.mentions) == 2
        soon = await self.fetch("notifications", page.cursor, self.now + timedelta(minutes=1), platform)
        assert [len(a.url.params.get_list("types[]")) for a in platform.of(NOTIFICATIONS)] == [2, 1, 1]
        await self.fetch("notifications", soon.cursor, self.now + timedelta(hours=2), platform)
        assert [len(a.url.params.get_list("types[]")) for a in platform.of(NOTIFICATIONS)][3:] == [2, 1]

    async def test_an_hour_later_recent_notifications_are_read_again_for_edits(self) -> None:
        memo = MemoryMemo()
        _, _, cursor = await self.burst("notifications", await self.started("notifications", memo), memo)
        page = self.recorded("notifications-1.json")
        page[1]["status"]["edited_at"] = "2026-03-02T12:30:00.000Z"
        platform = self.platform(self.script("notifications", "nothing.json", page, "nothing.json"))
        found, cursor = await self.drain("notifications", cursor, self.now + timedelta(hours=1), platform, memo)
        assert [m.edited for m in found if m.id == f"{HARIN}/116157999999"] == [
            datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
        ]
        assert cursor["lists"]["all"]["seen"] == "8812353"

    # -------- limits and errors

    async def test_a_way_waits_before_the_rate_limit_is_used_up(self) -> None:
        def left(remaining: int, **more: str) -> httpx.Response:
            headers = {
                "x-ratelimit-limit": "300",
                "x-ratelimit-remaining": str(remaining),
                "x-ratelimit-reset": "2026-03-02T12:03:00.123456Z",
                "date": "Mon, 02 Mar 2026 12:01:00 GMT",
                **more,
            }
            return httpx.Response(200, json=self.recorded("hashtags-1.json"), headers=headers)

        async def page(answer: httpx.Response, way: str = "hashtags") -> Page:
            start = await self.fetch(way, None, self.earlier, self.platform(self.script(way, "hashtags-start.json")))
            return await self.fetch(way, start.cursor, self.now, self.platform(self.script(way, answer)))

        waits = await page(left(29))
        assert waits.not_before == self.now + timedelta(minutes=2, microseconds=123456)
        assert not waits.more
        assert (waits.cursor or {})["turn"] == "루미", "the round goes on later"
        enough = await page(left(31))
        assert (enough.not_before, enough.more) == (None, True)
        assert (await page(left(29), "own")).not_before is None, "our own posts may use the rest"
        assert (await page(left(2), "own")).not_before is not None
        epoch = await page(left(0, **{"x-ratelimit-reset": "1772452980"}))
        assert epoch.not_before == self.now + timedelta(minutes=2)
        for odd in ("", "soon", "2031-01-01T00:00:00Z", "-5"):
            assert (await page(left(0, **{"x-ratelimit-reset": odd}))).not_before is None, odd

    ERRORS = [
        (401, {"error": "The access token is invalid"}, {}, AuthError),
        (401, {"error": "The access token was revoked"}, {}, AuthError),
        (401, {"error": "토큰 오류"}, {"www-authenticate": 'Bearer realm="D", error="invalid_token"'}, AuthError),
        (401, {"error": "This method requires an authenticated user"}, {}, GatedError),
        (422, {"error": "This method requires an authenticated user"}, {}, GatedError),
        (403, {"error": "This action is outside the authorized scopes"}, {}, GatedError),
        (403, {"error": "Your login is currently disabled"}, {}, AuthError),
        (403, {"error": "Your login is currently pending approval"}, {}, GatedError),
        (403, {"error": "This action is not allowed"}, {}, GatedError),
        (404, {"error": "Record not found"}, {}, SettingsError),
        (410, {"error": "Gone"}, {}, SettingsError),
        (422, {"error": "Validation failed: canary"}, {}, SettingsError),
        (503, {"error": "Remote data could not be fetched"}, {}, TransientError),
        (520, "<html>canary</html>", {"content-type": "text/html"}, TransientError),
        (403, "<!DOCTYPE html>Just a moment canary", {"content-type": "text/html; charset=UTF-8"}, TransientError),
        (301, "", {"location": "https://elsewhere.example/"}, SettingsError),
        (401, [1], {}, GatedError),
    ]  # fmt: skip

    @pytest.mark.parametrize(("code", "body", "headers", "raises"), ERRORS)
    async def test_an_answer_says_what_to_do_next(
        self, code: int, body: Any, headers: dict[str, str], raises: type[ConnectorError]
    ) -> None:
        given: dict[str, Any] = {"text": body} if isinstance(body, str) else {"json": body}
        answer = httpx.Response(code, headers=headers, **given)
        with pytest.raises(ConnectorError) as caught:
            await self.fetch("hashtags", None, self.now, self.platform(self.script("hashtags", answer)))
        assert type(caught.value) is raises or (raises is SettingsError and isinstance(caught.value, SettingsError))
        assert "canary" not in str(caught.value)

    async def test_a_suspended_account_is_a_matter_for_people(self) -> None:
        with pytest.raises(AuthError, match="suspended"):
            await self.fetch("own", None, self.now, self.platform(self.script("own", 410)))

    async def test_too_many_requests_names_the_time_of_the_next_window(self) -> None:
        headers = {"x-ratelimit-reset": "2026-03-02T12:04:00.000000Z", "date": "Mon, 02 Mar 2026 12:01:00 GMT"}
        answer = httpx.Response(429, json={"error": "Too many requests"}, headers=headers)
        with pytest.raises(RateLimitedError) as caught:
            await self.fetch("hashtags", None, self.now, self.platform(self.script("hashtags", answer)))
        assert caught.value.retry_after == timedelta(minutes=3)

    async def test_an_instance_that_is_silent_for_a_day_has_probably_closed(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("own", memo)
        gone = self.platform({"*": httpx.ConnectError("no such host")})
        for hour in range(24):
            with pytest.raises(TransientError):
                await self.fetch("own", cursor, self.earlier + timedelta(hours=hour), gone, memo)
        with pytest.raises(AuthError, match="24 hours"):
            await self.fetch("own", cursor, self.earlier + timedelta(hours=24), gone, memo)
        back = self.platform(self.script("own", "nothing.json"))
        await self.fetch("own", cursor, self.earlier + timedelta(hours=25), back, memo)
        with pytest.raises(TransientError):
            await self.fetch("own", cursor, self.earlier + timedelta(hours=26), gone, memo)

    async def test_two_failures_days_apart_are_not_a_day_of_silence(self) -> None:
        memo = MemoryMemo()
        gone = self.platform({"*": httpx.ConnectError("no such host")})
        for day in range(2):
            with pytest.raises(TransientError):
                await self.fetch("own", None, self.now + timedelta(days=3 * day), gone, memo)

    async def test_who_we_are_is_asked_once_a_day_and_yesterdays_answer_will_do(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("own", memo)
        platform = self.platform(self.script("own", "nothing.json"))
        await self.fetch("own", cursor, self.earlier + timedelta(hours=23), platform, memo)
        assert [a.route for a in platform.asked] == [OWN]
        platform = self.platform({**self.script("own", "nothing.json"), ME: 503})
        page = await self.fetch("own", cursor, self.earlier + timedelta(hours=25), platform, memo)
        assert [a.route for a in platform.asked] == [ME, OWN]
        assert set((page.cursor or {})["lists"]) == {"900", "901"}
        platform = self.platform({**self.script("own", "nothing.json"), ME: 503})
        with pytest.raises(TransientError):  # another token may be another account: nothing old is good enough
            await self.fetch("own", cursor, self.earlier, platform, memo, token="canary-other")

    async def test_a_server_without_the_newer_calls_is_read_all_the_same(self) -> None:
        platform = self.platform({**self.script("own", "own-1.json"), INSTANCE: 404, LOOKUP: 404})
        page = await self.fetch("own", None, self.now, platform)
        assert len(page.mentions) == 2

    # -------- without a token

    async def test_a_visitor_sees_hashtags_only_and_sends_no_token(self) -> None:
        lone = {"instance": "https://social.example", "hashtags": ["lumi"]}
        platform = self.platform(self.script("hashtags", "hashtags-1.json"))
        connector = Mastodon(Mastodon.Settings(**lone), http=platform.client(), memo=MemoryMemo(), accounts=["@lumi"])
        (way,) = connector.ways()
        page = await connector.fetch(way, None, self.now)
        assert [m.ours for m in page.mentions] == [False, False], "the look-up says that @lumi is somebody else"
        assert not any("authorization" in a.headers for a in platform.asked)
        assert connector.limits(page.mentions[0]).allowed == "none"
        with pytest.raises(GatedError):
            await connector.reply(page.mentions[0], "hello", "key")
        access = await connector.access(self.now)
        assert access.account == "a visitor on social.example"

    async def test_a_server_that_hides_hashtags_from_visitors_is_gated_and_not_empty(self) -> None:
        instance = self.recorded("instance.json")
        instance["configuration"]["timelines_access"]["hashtag_feeds"] = {
            "local": "authenticated",
            "remote": "disabled",
        }
        script = {**self.script("hashtags", "nothing.json"), INSTANCE: instance}
        connector = Mastodon(
            Mastodon.Settings(instance="social.example", hashtags=("lumi",)),
            http=self.platform(script).client(),
            memo=MemoryMemo(),
        )
        with pytest.raises(GatedError, match="token"):
            await connector.fetch(connector.ways()[0], None, self.now)
        assert len((await connector.access(self.now)).warnings) == 2

    @pytest.mark.parametrize(
        ("settings", "wrong"),
        [
            ({"instance": "http://social.example"}, "https"),
            ({"instance": "https://me:canary@social.example"}, "https"),
            ({"instance": "https://social.example/@lumi"}, "path"),
            ({"instance": ""}, "https"),
            ({"hashtags": ["two words"]}, "hashtag"),
            ({"hashtags": ["2026"]}, "hashtag"),
            ({"hashtags": ["../../accounts"]}, "hashtag"),
            ({"search": [" "]}, "search"),
            ({"token": None}, "search needs a token"),
            ({"token": None, "search": [], "hashtags": []}, "without a token"),
        ],
    )
    def test_settings_that_cannot_work_are_refused(self, settings: dict[str, Any], wrong: str) -> None:
        with pytest.raises(ValidationError, match=wrong):
            Mastodon.Settings(**{**self.settings, **settings})

    def test_settings_are_read_as_people_write_them(self) -> None:
        read = Mastodon.Settings(instance=" Social.Example/ ", hashtags=("#Lumi", "lumi", "#ルミ"), token=SECRET)
        assert read.instance == "https://social.example"
        assert read.hashtags == ("lumi", "ルミ")

    # -------- finding replies

    async def test_the_thread_counts_only_answers_to_the_same_person(self) -> None:
        context = self.recorded("context.json")
        context["descendants"] = [d for d in context["descendants"] if d["account"]["id"] != "901"]
        platform = self.platform({OWN: "nothing.json", CONTEXT: context, **AROUND})
        assert await self.build(platform).replies([bori()], self.now) == {}, "we answered Jonas below Bori's post"

    async def test_a_mention_that_another_instance_found_is_looked_up_at_home_once(self) -> None:
        there = waiting("77", ref={"host": "far.example", "id": "77", "acct": "harin", "visibility": "public"})
        found = {"statuses": [self.recorded("notifications-1.json")[1]["status"]]}
        script = {OWN: "own-1.json", SEARCH: found, CONTEXT: "context.json", **AROUND}
        memo, platform = MemoryMemo(), self.platform(script)
        for _ in range(2):
            replies = await self.build(platform, memo).replies([there], self.now)
            assert {i: r.id for i, r in replies.items()} == {there.id: "social.example/116158798233600000"}
        (asked,) = platform.of(SEARCH)
        assert asked.params["q"] == f"{HARIN}/116157999999"
        assert asked.params["resolve"] == "true"

    async def test_a_stranger_in_the_look_up_is_not_the_mention(self) -> None:
        there = waiting("77", ref={"host": "far.example", "id": "77"})
        found = {"statuses": [self.recorded("notifications-1.json")[0]["status"]]}
        platform = self.platform({OWN: "own-1.json", SEARCH: found, **AROUND})
        assert await self.build(platform).replies([there], self.now) == {}

    async def test_threads_are_looked_at_a_few_at_a_time_and_all_in_turn(self) -> None:
        many = [waiting(str(i), id=f"{HARIN}/{i}") for i in range(100, 125)]
        seen: set[str] = set()
        for call in range(25):
            platform = self.platform({OWN: "nothing.json", CONTEXT: 404, **AROUND})
            await self.build(platform).replies(many, self.now + timedelta(minutes=5 * call))
            asked = platform.of(CONTEXT)
            assert len(asked) == 5
            seen |= {a.url.path for a in asked}
        assert len(seen) == 25

    async def test_a_thread_that_cannot_be_read_costs_no_answer_already_found(self) -> None:
        script = {OWN: ("own-1.json", "nothing.json"), CONTEXT: 503, **AROUND}
        found = await self.build(self.platform(script)).replies([waiting(COMPLAINT), bori()], self.now)
        assert set(found) == {f"{HARIN}/116157999999"}

    async def test_own_posts_are_read_back_to_the_oldest_mention_and_no_further_than_five_pages(self) -> None:
        def page(request: httpx.Request) -> list[Any]:
            item = self.recorded("own-1.json")[1]
            below = int(request.url.params.get("max_id", "116158798233600009"))
            return [{**item, "id": str(below - 1), "in_reply_to_id": None, "created_at": "2026-03-02T11:00:00Z"}]

        platform = self.platform({OWN: page, CONTEXT: 503, **AROUND})
        with pytest.raises(TransientError):  # neither the posts nor the thread could tell: that is no "no"
            await self.build(platform).replies([waiting(COMPLAINT)], self.now)
        assert len(platform.of(OWN)) == 5

    async def test_the_earliest_answer_counts(self) -> None:
        own = self.recorded("own-1.json")
        later = {**own[1], "id": "116158798233600001", "created_at": "2026-03-02T11:10:00.000Z"}
        platform = self.platform({OWN: ([later, *own], "nothing.json"), **AROUND})
        found = await self.build(platform).replies([waiting(COMPLAINT)], self.now)
        assert [r.at for r in found.values()] == [datetime(2026, 3, 2, 9, 10, tzinfo=UTC)]

    # -------- answering

    async def answer(
        self, mention: Mention, text: str, script: Script | None = None, memo: MemoryMemo | None = None
    ) -> Any:
        platform = self.platform({OWN: "nothing.json", POST: "reply.json", **AROUND, **(script or {})})
        await self.build(platform, memo).reply(mention, text, "key-1")
        return platform.of(POST)[0]

    async def test_the_person_is_named_or_else_nobody_is_told(self) -> None:
        asked = await self.answer(waiting(COMPLAINT), "확인하고 있어요 🙏")
        assert asked.json == {
            "status": "@harin@uri.example 확인하고 있어요 🙏",
            "in_reply_to_id": COMPLAINT,
            "visibility": "unlisted",
            "language": "ko",
        }
        assert asked.headers["idempotency-key"] == "key-1"
        for text in ("Hello @harin@uri.example!", "@HARIN@uri.example hi"):
            assert (await self.answer(waiting(COMPLAINT), text)).json["status"] == text
        for text in ("@harin hi", "@harin@uri.example.org hi", "x@harin@uri.example hi"):
            assert (await self.answer(waiting(COMPLAINT), text)).json["status"] == f"@harin@uri.example {text}"

    async def test_an_answer_is_never_wider_than_the_mention(self) -> None:
        assert (await self.answer(bori(), "안녕하세요")).json["visibility"] == "direct"
        wide = ("public", "unlisted", "private", "direct", "mutuals_only", "")
        assert [narrower("unlisted", v) for v in wide] == [
            "unlisted",
            "unlisted",
            "private",
            "direct",
            "direct",
            "direct",
        ]
        assert narrower("public", "public") == "public"

    async def test_long_after_an_unclear_outcome_the_post_is_looked_for_and_not_repeated(self) -> None:
        memo = MemoryMemo({"sent": {"key-1": None}})
        platform = self.platform({OWN: "own-1.json", POST: "reply.json", **AROUND})
        reply = await self.build(platform, memo).reply(waiting(COMPLAINT), "확인하고 있어요 🙏", "key-1")
        assert not platform.of(POST)
        assert reply.id == "social.example/116158798233600000"
        memo = MemoryMemo({"sent": {"key-1": None}})
        other = await self.answer(waiting(COMPLAINT), "다른 말", {OWN: "own-1.json"}, memo)
        assert "다른 말" in other.json["status"], "what stands there is another answer than this one"

    async def test_a_mention_from_elsewhere_is_answered_at_home(self) -> None:
        there = waiting("77", ref={"host": "far.example", "id": "77", "acct": "harin", "visibility": "public"})
        found = {"statuses": [self.recorded("notifications-1.json")[1]["status"]]}
        asked = await self.answer(there, "네", {SEARCH: found})
        assert asked.json["in_reply_to_id"] == COMPLAINT
        assert asked.json["status"] == "@harin@uri.example 네"
        with pytest.raises(SettingsError, match="cannot see"):
            await self.answer(there, "네", {SEARCH: {"statuses": []}})

    async def test_a_text_that_is_too_long_is_not_sent(self) -> None:
        mention = waiting(COMPLAINT)
        platform = self.platform({OWN: "nothing.json", POST: "reply.json", **AROUND})
        connector = self.build(platform)
        left = connector.limits(mention).length
        assert left == 500 - len("@harin ")
        with pytest.raises(SettingsError, match="longer than the 500"):
            await connector.reply(mention, "가" * (left + 1), "key-1")
        assert not platform.of(POST)
        await connector.reply(mention, "가" * left, "key-2")
        assert len(platform.of(POST)) == 1

    async def test_the_servers_own_limit_counts(self) -> None:
        instance = self.recorded("instance.json")
        instance["configuration"]["statuses"] = {"max_characters": 5000, "characters_reserved_per_url": 30}
        connector = self.build(self.platform({**self.script("own", "nothing.json"), INSTANCE: instance}))
        await connector.fetch(self.way("own"), None, self.now)
        assert connector.limits(waiting(COMPLAINT)).length == 4993

    async def test_an_author_with_an_odd_handle_cannot_be_answered(self) -> None:
        odd = waiting(COMPLAINT)
        odd = replace(odd, ref={**odd.ref, "acct": "harin @everyone"})
        connector = self.build(self.platform({**AROUND}))
        assert connector.limits(odd).allowed == "none"
        with pytest.raises(SettingsError):
            await connector.reply(odd, "hi", "key-1")

    async def test_a_refused_text_is_not_a_dead_token(self) -> None:
        with pytest.raises(SettingsError):
            await self.answer(waiting(COMPLAINT), "hi", {POST: httpx.Response(422, json={"error": "canary"})})
        with pytest.raises(GatedError, match="scope"):
            no = httpx.Response(403, json={"error": "This action is outside the authorized scopes"})
            await self.answer(waiting(COMPLAINT), "hi", {POST: no})

    @pytest.mark.parametrize(
        ("text", "length"),
        [
            ("", 0),
            ("가나다", 3),
            ("👩‍👩‍👧👍🏽", 2),
            ("e\u0301", 1),
            ("see https://shop.example/a/very/long/address/that/nobody/reads?x=1.", 4 + 23 + 1),
            ("(https://a.example/b)", 25),
            ("http://localhost/x", 18),
            ("@harin@uri.example hi", 9),
            ("@harin hi", 9),
            ("mail@harin@uri.example", 22),
            ("@a@b.example @c@d.example", 5),
        ],
    )
    def test_characters_are_counted_as_the_server_counts_them(self, text: str, length: int) -> None:
        assert length_of(text) == length

    def test_counting_a_hostile_text_takes_no_time(self) -> None:
        for text in (
            "@a." * 50_000,
            "@" + "a" * 100_000,
            "http://" * 20_000,
            "http://" + "a." * 50_000,
            "@a@" * 50_000,
        ):
            assert length_of(text) > 0

    # -------- access

    async def test_access_warns_of_what_keeps_mentions_from_us(self) -> None:
        policy = self.recorded("policy.json")
        policy["for_new_accounts"], policy["for_limited_accounts"] = "drop", "filter"
        me = {**self.recorded("me.json"), "moved": {"id": "1"}, "acct": "lumi_old", "id": "903"}
        instance = self.recorded("instance.json")
        instance["configuration"]["timelines_access"]["hashtag_feeds"]["remote"] = "disabled"
        script = {ME: me, INSTANCE: instance, LOOKUP: 404, POLICY: policy, SEARCH: "search-nothing.json"}
        access = await self.build(self.platform(script)).access(self.now)
        assert access.account == "@lumi_old@social.example"
        text = "\n".join(access.warnings)
        for words in (
            "new accounts are dropped",
            "moved",
            "not among",
            "2 of the brand's",
            "remote posts",
            "full-text",
        ):
            assert words in text
        assert "limited accounts" not in text

    async def test_all_well_is_no_warning_and_older_servers_have_no_policy(self) -> None:
        script = {**AROUND, POLICY: "policy.json", SEARCH: "search-1.json"}
        assert (await self.build(self.platform(script)).access(self.now)).warnings == []
        assert (await self.build(self.platform({**script, POLICY: 404})).access(self.now)).warnings == []
        no = httpx.Response(403, json={"error": "This action is outside the authorized scopes"})
        with pytest.raises(GatedError):
            await self.build(self.platform({**script, POLICY: no})).access(self.now)

    def test_what_is_addressed_and_ours_is_worth_more_than_keywords(self) -> None:
        worth = {w.name: (w.worth, w.every.total_seconds()) for w in self.build(self.platform({})).ways()}
        assert worth == {
            "notifications": (Worth.ADDRESSED, 60),
            "own": (Worth.OWNED, 60),
            "hashtags": (Worth.KEYWORD, 180),
            "search": (Worth.KEYWORD, 300),
        }
