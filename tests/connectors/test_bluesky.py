"""Bluesky: the contract, and what is special about sessions, paging, texts and answers there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors import _atproto, _bluesky, bluesky
from connectors._atproto import Logins, tid, tid_moment
from connectors._bluesky import (
    Post,
    Record,
    attached,
    facets_of,
    length_of,
    mention_of,
    record_key,
    spelled_out,
    text_of,
)
from connectors.base import (
    AuthError,
    Kind,
    Mention,
    RateLimitedError,
    ReplyRefusedError,
    SettingsError,
    TransientError,
)
from connectors.bluesky import Bluesky, Leaf, Place, begin, refused, turn
from tests.connectors.contract import SECRET, Answered, ConnectorContract, MemoryMemo, Platform, Posting, Recording

BRAND, MINJI, JIHOON, SOFIA, GHOST, PRESS = (
    f"did:plc:{(name + '2' * 24)[:24]}" for name in ("lumiskin", "minjiaa", "jihoonbb", "sofiacc", "ghostdd", "pressee")
)


def post(did: str, rkey: str) -> str:
    return f"at://{did}/app.bsky.feed.post/{rkey}"


RASH = post(MINJI, "3mg367zzt222b")
PUMP = post(GHOST, "3mg354bmq222b")
LANOLIN = post(SOFIA, "3mg2yw63ms22b")
NO_LANOLIN = post(BRAND, "3mg32ent2c22b")
PRESS_CARD = post(PRESS, "3mg2srhtmc22b")
ORDER = post(JIHOON, "3mg33yj7n222b")
THANKS = post(SOFIA, "3mg2vtsxmk22b")
WAITING = post(JIHOON, "3mg36iy53s22b")
SAME_RASH = post(MINJI, "3mg2qayw5k22b")
VIDEO = post(PRESS, "3mg2pp4pm222b")
LAUNCH = post(BRAND, "3mg2olecj222b")
SORRY = post(BRAND, "3mg36vioi222b")

PDS = "https://morel.pds.example"
LOGIN = "POST https://bsky.social/xrpc/com.atproto.server.createSession"
RENEW = f"POST {PDS}/xrpc/com.atproto.server.refreshSession"
PROFILES = "GET /xrpc/app.bsky.actor.getProfiles"
BY_NAME = "GET /xrpc/app.bsky.feed.getPosts"
SEARCH = f"GET {PDS}/xrpc/app.bsky.feed.searchPosts"
NOTICES = f"GET {PDS}/xrpc/app.bsky.notification.listNotifications"
FEED = f"GET {PDS}/xrpc/app.bsky.feed.getAuthorFeed"
PUBLIC_FEED = "GET https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed"
THREAD = f"GET {PDS}/xrpc/app.bsky.feed.getPostThread"
RECORD = f"GET {PDS}/xrpc/com.atproto.repo.getRecord"
WRITE = f"POST {PDS}/xrpc/com.atproto.repo.createRecord"
TIME = "GET https://bsky.social/xrpc/com.atproto.server.describeServer"
HANDLES = "GET /xrpc/com.atproto.identity.resolveHandle"

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 3, 2, hour, minute, second, tzinfo=UTC)


def error(code: int, name: str, **headers: str) -> httpx.Response:
    return httpx.Response(code, json={"error": name, "message": "canary"}, headers=headers)


def dated(moment: datetime, body: Any = None) -> httpx.Response:
    return httpx.Response(200, json=body or {}, headers={"date": moment.strftime("%a, %d %b %Y %H:%M:%S GMT")})


def waiting(uri: str, did: str, published: datetime, **more: Any) -> Mention:
    return Mention(
        "bluesky", uri, "", Kind.POST, _bluesky.author_of(None, did), "?", published, **{"conversation": uri, **more}
    )


MISSING = error(400, "RecordNotFound")
ASKED = waiting(RASH, MINJI, at(11, 40), addressed=True)


class TestBluesky(ConnectorContract):
    connector = Bluesky
    settings = {"handle": "@Lumi.example", "app_password": SECRET, "search": ["루미"]}
    accounts = ("lumi.example",)
    hosts = ("bsky.social", "morel.pds.example")
    around = {LOGIN: "session.json", RENEW: "session-renewed.json", PROFILES: "profiles.json", BY_NAME: "posts.json"}
    ways = {
        "notifications": Recording(
            ask=NOTICES,
            pages=("notifications-1.json", "notifications-2.json"),
            empty="notifications-none.json",
            items="notifications",
            finds=(WAITING, ORDER, SAME_RASH, VIDEO),
        ),
        "own": Recording(
            ask=FEED,
            pages=("feed-1.json", "feed-2.json"),
            empty="feed-none.json",
            items="feed",
            finds=(SORRY, NO_LANOLIN, LAUNCH),
            ours=(SORRY, NO_LANOLIN, LAUNCH),
        ),
        "mentions": Recording(
            ask=SEARCH + f"?mentions={BRAND}",
            pages=("mentions-1.json", "mentions-2.json"),
            empty="search-none.json",
            items="posts",
            finds=(ORDER, THANKS),
        ),
        "search:루미": Recording(
            ask=SEARCH + "?q=루미&sort=latest",
            pages=("search-1.json", "search-2.json"),
            empty="search-none.json",
            items="posts",
            finds=(RASH, PUMP, NO_LANOLIN, LANOLIN, PRESS_CARD),
            ours=(NO_LANOLIN,),
        ),
    }
    # A 403 without the platform's own words comes from a gate before it, whoever is logged in.
    deviates = {"403": TransientError}
    answered = Answered(
        waiting=(
            ASKED,
            waiting(LANOLIN, SOFIA, at(10, 5)),
            waiting(ORDER, JIHOON, at(11, 0)),
        ),
        script={FEED: ("feed-1.json", "feed-2.json")},
        finds={RASH: at(11, 52), LANOLIN: at(10, 31)},
    )
    posts = Posting(
        mention=ASKED,
        script={TIME: dated(at(11, 58)), RECORD: MISSING, BY_NAME: "posts.json", WRITE: "written.json"},
        writes=WRITE,
    )
    access = {"GET /xrpc/com.atproto.server.getSession": "me.json"}

    async def read(self, way: str, *answers: Any, now: datetime = NOON, **around: Any) -> dict[str, Mention]:
        """The mentions of a first fetch."""
        page = await self.fetch(way, None, now, self.platform({**self.script(way, *answers), **around}))
        return {m.id: m for m in page.mentions}

    # -------- what a post becomes

    async def test_a_post_with_everything(self) -> None:
        found = (await self.read("search:루미", "search-1.json"))[RASH]
        assert found.url == f"https://bsky.app/profile/{MINJI}/post/3mg367zzt222b"
        assert found.text == (
            "루미 크림 바르고 두드러기 났어요 😢 환불 되나요? https://lumi.example/products/calm-cream?size=50\n"
            "[image: 팔 안쪽이 붉게 부어오른 사진]"
        )
        assert (found.author.id, found.author.handle, found.author.name) == (MINJI, "minji.example", "민지 🐰")
        assert found.author.followers == 1204
        assert (found.language, found.kind, found.published) == ("ko", Kind.POST, at(11, 40))
        assert (found.reach.likes, found.reach.shares, found.reach.replies) == (12, 5, 3)
        assert (found.conversation, found.in_reply_to) == (RASH, None)
        assert found.ref["labels"] == "!no-unauthenticated"
        assert found.ref["cid"].startswith("bafyrei")
        assert not found.addressed

    async def test_an_empty_text_with_a_picture_an_unconfirmed_handle_and_a_clock_in_the_future(self) -> None:
        found = (await self.read("search:루미", "search-1.json"))[PUMP]
        assert found.text == "[image: 깨진 펌프]"
        assert found.author.handle == ""
        assert found.author.followers is None, "unknown is not zero"
        assert found.published == at(11, 20, 1).replace(microsecond=110_000), "the time of indexing, not of 2031"
        assert not found.time_uncertain
        assert (found.kind, found.in_reply_to, found.conversation) == (Kind.REPLY, LANOLIN, LANOLIN)
        assert found.ref["reply_disabled"] == "yes"
        assert self.build(self.platform({})).limits(found).allowed == "none"

    async def test_a_quote_of_ours_addresses_us_and_a_link_card_is_read(self) -> None:
        found = await self.read("search:루미", "search-2.json")
        assert found[LANOLIN].addressed
        assert found[LANOLIN].language is None
        assert found[LANOLIN].author.followers == 0
        card = found[PRESS_CARD]
        assert card.text == (
            "이번 주 신상 정리 #루미\n[link: 루미 세럼, 성분부터 다시 썼다 https://press.example/2026/lumi-serum]\n#스킨케어"
        )
        assert card.language == "ko"

    async def test_what_the_brand_writes_is_ours_and_names_what_it_answers(self) -> None:
        found = await self.read("own", "feed-1.json")
        assert set(found) == {SORRY, NO_LANOLIN}, "the repost is somebody else's"
        assert (found[SORRY].in_reply_to, found[SORRY].conversation) == (RASH, RASH)
        assert found[SORRY].ours

    async def test_a_post_that_mentions_and_answers_is_one_mention_and_likes_are_none(self) -> None:
        page = await self.fetch(
            "notifications", None, NOON, self.platform(self.script("notifications", "notifications-1.json"))
        )
        assert [m.id for m in page.mentions] == [WAITING, ORDER]
        assert all(m.addressed for m in page.mentions)
        assert page.skipped == 0

    async def test_a_quote_with_a_video_and_no_words_says_what_it_is(self) -> None:
        found = (await self.read("notifications", "notifications-2.json"))[VIDEO]
        assert found.text == "[video: 발림성 비교 영상]"
        assert found.author.followers == 48_210

    async def test_without_profiles_the_page_comes_without_followers(self) -> None:
        found = await self.read("search:루미", "search-1.json", **{PROFILES: 500})
        assert found[RASH].author.followers is None

    # -------- how it asks

    async def test_search_asks_for_the_last_half_hour_again_and_once_a_day_for_two_days(self) -> None:
        memo = MemoryMemo()
        quiet = self.platform(self.script("search:루미", "search-none.json"))
        _, cursor = await self.drain("search:루미", None, self.earlier, quiet, memo)
        for hours, since in ((3, "2026-03-01T23:30"), (24, "2026-03-01T00:00"), (27, "2026-03-01T23:30")):
            now = self.earlier + timedelta(hours=hours)
            platform = self.platform(self.script("search:루미", "search-none.json"))
            _, cursor = await self.drain("search:루미", cursor, now, platform, memo)
            (asked,) = platform.of(SEARCH + "?q=루미&sort=latest")
            assert asked.params["since"] == f"{since}:00.000Z"
            assert asked.params["limit"] == "100"

    async def test_notifications_are_left_unread_and_nobody_is_hidden(self) -> None:
        platform = self.platform(self.script("notifications", "notifications-1.json"))
        await self.fetch("notifications", None, NOON, platform)
        assert platform.of(NOTICES)[0].params == {"limit": "100", "priority": "false"}
        assert not [a for a in platform.asked if "updateSeen" in a.url.path]

    async def test_an_empty_page_with_a_marker_is_not_the_end(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("search:루미", memo)
        platform = self.platform(
            self.script("search:루미", {"posts": [], "cursor": "1"}, {"posts": [], "cursor": "2"}, "search-2.json")
        )
        found, _ = await self.drain("search:루미", cursor, NOON, platform, memo)
        assert {m.id for m in found} == {NO_LANOLIN, LANOLIN, PRESS_CARD}

    async def test_a_page_marker_that_has_expired_starts_the_pass_again_from_where_it_was(self) -> None:
        memo = MemoryMemo()
        cursor = await self.started("search:루미", memo)
        answers = ("search-1.json", error(400, "InvalidRequest"), "search-1.json", "search-2.json")
        platform = self.platform(self.script("search:루미", *answers))
        found, after = await self.drain("search:루미", cursor, NOON, platform, memo)
        assert {m.id for m in found} == set(self.ways["search:루미"].finds)
        assert Place.model_validate(after).mark == at(11, 40)

    async def test_a_query_that_the_platform_does_not_take_is_a_settings_error(self) -> None:
        for name in ("InvalidRequest", "BadQueryString"):
            with pytest.raises(SettingsError, match=f"HTTP 400 {name}$"):
                await self.read("search:루미", error(400, name))

    async def test_counters_that_run_low_ask_for_a_pause_before_it_is_too_late(self) -> None:
        reset = str(int(NOON.timestamp()) + 90)
        for left, pause in (("2900", None), ("120", timedelta(seconds=90))):
            low = httpx.Response(
                200,
                json={"posts": []},
                headers={"ratelimit-limit": "3000", "ratelimit-remaining": left, "ratelimit-reset": reset},
            )
            page = await self.fetch("search:루미", None, NOON, self.platform(self.script("search:루미", low)))
            assert page.not_before == (NOON + pause if pause else None)

    async def test_too_many_requests_wait_until_the_counter_is_reset(self) -> None:
        reset = str(int(NOON.timestamp()) + 240)
        full = error(429, "RateLimitExceeded", **{"ratelimit-reset": reset, "date": "Mon, 02 Mar 2026 12:00:00 GMT"})
        with pytest.raises(RateLimitedError) as caught:
            await self.read("search:루미", full)
        assert caught.value.retry_after == timedelta(seconds=240)

    # -------- the session

    async def test_one_login_serves_all_ways_and_is_renewed_five_minutes_before_it_ends(self) -> None:
        memo = MemoryMemo()
        platform = self.platform(self.script("search:루미", "search-none.json"))
        for minutes in (0, 3, 114):
            await self.fetch("search:루미", None, self.earlier + timedelta(minutes=minutes), platform, memo)
        assert (len(platform.of(LOGIN)), len(platform.of(RENEW))) == (1, 0)
        await self.fetch("search:루미", None, self.earlier + timedelta(minutes=116), platform, memo)
        assert (len(platform.of(LOGIN)), len(platform.of(RENEW))) == (1, 1)
        renewal = platform.of(RENEW)[0]
        assert renewal.headers["authorization"].endswith(".canary-first-refresh")
        assert renewal.body == b""
        assert platform.asked[-1].headers["authorization"].endswith(".canary-second")
        assert platform.asked[-1].url.host == "morel.pds.example", "the server of the account is remembered"

    async def test_a_token_that_expired_early_is_renewed_once_and_the_question_repeated(self) -> None:
        platform = self.platform(self.script("search:루미", error(400, "ExpiredToken"), "search-1.json"))
        page = await self.fetch("search:루미", None, NOON, platform)
        assert page.mentions
        assert len(platform.of(RENEW)) == 1
        platform = self.platform(self.script("search:루미", error(400, "ExpiredToken")))
        with pytest.raises(AuthError):
            await self.fetch("search:루미", None, NOON, platform)
        assert len(platform.of(SEARCH + "?q=루미&sort=latest")) == 2

    async def test_of_two_that_find_the_token_old_only_one_renews_it(self) -> None:
        memo = MemoryMemo()
        connector = self.build(self.platform(self.around), memo)
        old = (await connector.visit(NOON)).session
        platform = self.platform(self.around)
        connector = self.build(platform, memo)
        first = await connector._session(NOON, worn=old.access)
        second = await connector._session(NOON, worn=old.access)
        assert first == second != old
        assert len(platform.of(RENEW)) == 1

    async def test_a_refresh_token_that_is_over_leads_to_one_login(self) -> None:
        memo = MemoryMemo()
        await self.build(self.platform(self.around), memo).visit(self.earlier)
        platform = self.platform({**self.around, RENEW: error(400, "ExpiredToken")})
        await self.build(platform, memo).visit(NOON)
        assert (len(platform.of(RENEW)), len(platform.of(LOGIN))) == (1, 1)

    async def test_a_session_that_still_holds_is_used_while_renewal_is_out_of_order(self) -> None:
        memo = MemoryMemo()
        await self.build(self.platform(self.around), memo).visit(self.earlier)
        platform = self.platform({RENEW: error(502, "UpstreamFailure")})
        assert (await self.build(platform, memo).visit(self.earlier + timedelta(minutes=117))).did == BRAND
        with pytest.raises(TransientError):
            await self.build(platform, memo).visit(self.earlier + timedelta(minutes=121))

    async def test_a_refused_password_is_not_tried_again_within_the_hour_unless_it_is_another_one(self) -> None:
        memo = MemoryMemo()
        platform = self.platform({LOGIN: error(401, "AuthenticationRequired")})
        for minutes in (0, 1, 30, 59):
            with pytest.raises(AuthError, match="refused the handle and its app password"):
                await self.build(platform, memo).visit(NOON + timedelta(minutes=minutes))
        assert len(platform.asked) == 1
        with pytest.raises(AuthError):
            await self.build(platform, memo).visit(NOON + timedelta(minutes=61))
        assert len(platform.asked) == 2
        better = self.platform(self.around)
        changed = self.build(better, memo, app_password="canary-another")
        assert (await changed.visit(NOON + timedelta(minutes=62))).did == BRAND

    async def test_a_session_of_another_password_or_account_is_not_used(self) -> None:
        memo = MemoryMemo()
        await self.build(self.platform(self.around), memo).visit(NOON)
        for changed in ({"app_password": "canary-another"}, {"handle": "other.example"}):
            platform = self.platform(self.around)
            await self.build(platform, memo, **changed).visit(NOON)
            assert len(platform.of(LOGIN)) == 1

    async def test_a_person_who_checks_may_ask_again_at_once(self) -> None:
        memo = MemoryMemo()
        with pytest.raises(AuthError):
            await self.build(self.platform({LOGIN: error(401, "AuthenticationRequired")}), memo).visit(NOON)
        platform = self.platform({**self.around, **self.access})
        access = await self.build(platform, memo).access(NOON + timedelta(minutes=1))
        assert access.account == f"@lumi.example ({BRAND})"

    async def test_logins_are_counted_and_never_come_near_the_platforms_limit(self) -> None:
        for seconds, times, most in ((301, 286, _atproto.LOGINS_IN_A_DAY), (20, 15, _atproto.LOGINS_IN_5_MIN)):
            memo = MemoryMemo()
            platform = self.platform({LOGIN: "session.json"})
            for n in range(times):
                memo.kept.pop("session", None)  # as if it were lost each time
                try:
                    await self.build(platform, memo).visit(self.earlier + timedelta(seconds=seconds * n))
                except RateLimitedError as e:
                    assert e.retry_after
            assert len(platform.asked) == most
        assert (_atproto.LOGINS_IN_A_DAY, _atproto.LOGINS_IN_5_MIN) < (300, 30)

    async def test_with_many_ways_a_failed_login_is_one_login(self) -> None:
        memo = MemoryMemo()
        platform = self.platform({LOGIN: 500})
        for way in self.ways:
            with pytest.raises(TransientError):
                await self.fetch(way, None, NOON, platform, memo)
        assert len(platform.asked) == 1

    async def test_a_rate_limit_on_logins_is_kept_to(self) -> None:
        memo = MemoryMemo()
        platform = self.platform({LOGIN: error(429, "RateLimitExceeded", **{"retry-after": "7200"})})
        for minutes in (0, 60, 119):
            with pytest.raises(RateLimitedError) as caught:
                await self.build(platform, memo).visit(NOON + timedelta(minutes=minutes))
            assert caught.value.retry_after == timedelta(minutes=120 - minutes)
        assert len(platform.asked) == 1

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (error(401, "AuthFactorTokenRequired"), "app password"),
            (error(401, "AccountTakedown"), "taken down"),
            (error(401, "AccountDeactivated"), "deactivated"),
        ],
    )
    async def test_what_a_person_must_do_about_a_login_is_said(self, answer: httpx.Response, words: str) -> None:
        with pytest.raises(AuthError, match=words):
            await self.build(self.platform({LOGIN: answer})).visit(NOON)

    async def test_a_suspended_account_gets_no_session(self) -> None:
        suspended = {**self.recorded("session.json"), "active": False, "status": "suspended"}
        with pytest.raises(AuthError, match="the account is suspended"):
            await self.build(self.platform({LOGIN: suspended})).visit(NOON)

    async def test_403_from_a_gate_is_no_dead_login_and_a_403_with_a_name_is(self) -> None:
        html = httpx.Response(403, html="<html>canary</html>")
        with pytest.raises(TransientError, match="says nothing about the login"):
            await self.read("search:루미", html)
        with pytest.raises(AuthError):
            await self.read("search:루미", error(403, "Forbidden"))

    @pytest.mark.parametrize(
        "endpoint",
        ["http://morel.pds.example", "http://127.0.0.1:2583", "https://u:p@x.example", "ftp://x", "", None, 7],
    )
    async def test_an_odd_address_in_the_did_document_is_not_followed(self, endpoint: Any) -> None:
        odd = self.recorded("session.json")
        odd["didDoc"]["service"][0]["serviceEndpoint"] = endpoint
        visit = await self.build(self.platform({LOGIN: odd})).visit(NOON)
        assert visit.session.pds == "https://bsky.social"

    async def test_a_memo_that_cannot_be_read_costs_one_login(self) -> None:
        for spoilt in ({"session": "x", "logins": 7, "dids": []}, {"session": {"did": None}, "logins": {"asked": "x"}}):
            platform = self.platform(self.script("search:루미", "search-1.json"))
            assert (await self.fetch("search:루미", None, NOON, platform, MemoryMemo(spoilt))).mentions
            assert len(platform.of(LOGIN)) == 1

    async def test_a_token_that_is_no_jwt_is_kept_for_an_hour(self) -> None:
        plain = {**self.recorded("session.json"), "accessJwt": "canary"}
        session = (await self.build(self.platform({LOGIN: plain})).visit(NOON)).session
        assert session.ends_at - NOON == timedelta(hours=1)

    # -------- several accounts

    def several(self, platform: Platform, memo: MemoryMemo) -> Bluesky:
        settings = Bluesky.Settings(**self.settings)
        accounts = ("lumi.example", "@Lumi-Help.example", f"{PRESS}")
        return Bluesky(settings, http=platform.client(), memo=memo, accounts=accounts)

    async def test_each_further_account_has_its_ways_and_is_ours(self) -> None:
        memo = MemoryMemo()
        platform = self.platform({HANDLES: {"did": SOFIA}, SEARCH: "search-2.json", **self.around})
        connector = self.several(platform, memo)
        names = [w.name for w in connector.ways()]
        for account in ("lumi-help.example", PRESS):
            assert {f"own:{account}", f"mentions:{account}"} <= set(names)
        way = next(w for w in connector.ways() if w.name == "mentions:lumi-help.example")
        page = await connector.fetch(way, None, NOON)
        (asked,) = platform.of(SEARCH)
        assert (asked.params["mentions"], asked.params["q"]) == (SOFIA, "lumi-help.example")
        assert all(m.ours for m in page.mentions)
        await connector.fetch(way, None, NOON + timedelta(hours=23))
        assert len(platform.of(HANDLES)) == 1, "a handle is looked up once a day"
        await connector.fetch(way, None, NOON + timedelta(hours=25))
        assert len(platform.of(HANDLES)) == 2

    async def test_an_account_that_does_not_exist_is_named(self) -> None:
        platform = self.platform({HANDLES: error(400, "InvalidRequest"), **self.around, **self.access})
        connector = self.several(platform, MemoryMemo())
        way = next(w for w in connector.ways() if w.name == "own:lumi-help.example")
        with pytest.raises(SettingsError, match=r"no account is called lumi-help\.example"):
            await connector.fetch(way, None, NOON)
        assert "brand.accounts: no account is called lumi-help.example" in (await connector.access(NOON)).warnings

    async def test_access_warns_of_the_main_password_of_strange_accounts_and_of_no_search(self) -> None:
        session = self.recorded("session.json")
        head, _, tail = session["accessJwt"].split(".")
        main = "eyJzY29wZSI6ImNvbS5hdHByb3RvLmFjY2VzcyIsImlhdCI6MSwiZXhwIjo3MjAxfQ"
        session["accessJwt"] = f"{head}.{main}.{tail}"
        platform = self.platform({LOGIN: session, **self.access})
        settings = Bluesky.Settings(handle="lumi.example", app_password=SECRET)
        connector = Bluesky(settings, http=platform.client(), memo=MemoryMemo(), accounts=("who is this", PRESS))
        warnings = " | ".join((await connector.access(NOON)).warnings)
        for words in ("main password", "who is this is no handle", "not among brand.accounts", "no search"):
            assert words in warnings

    # -------- edits and deletions

    async def watched(self, memo: MemoryMemo) -> Mapping[str, Any]:
        """A cursor after RASH and PUMP have been seen, at eleven."""
        page = await self.fetch(
            "search:루미", None, NOON, self.platform(self.script("search:루미", "search-1.json")), memo
        )
        assert page.cursor is not None
        return page.cursor

    def quiet(self, **answers: Any) -> Platform:
        named = {BY_NAME: answers.get("by_name", {"posts": []}), RECORD: answers.get("record", MISSING)}
        return self.platform({**self.script("search:루미", "search-none.json"), **named})

    async def test_a_post_that_is_missing_for_an_hour_is_deleted(self) -> None:
        memo = MemoryMemo()
        cursor, told = await self.watched(memo), []
        posts = {"posts": [p for p in self.recorded("search-1.json")["posts"] if p["uri"] == PUMP]}
        for minutes in (10, 30, 60, 90, 120):
            platform = self.quiet(by_name=posts)
            page = await self.fetch("search:루미", cursor, NOON + timedelta(minutes=minutes), platform, memo)
            assert len(platform.of(BY_NAME)) == (0 if minutes == 10 else 1)
            told.append({m.id: m for m in page.mentions})
            cursor = page.cursor
        assert [set(t) for t in told] == [set(), set(), set(), {RASH}, set()]
        gone = told[3][RASH]
        assert gone.deleted
        assert (gone.text, gone.author.id, gone.published) == ("", MINJI, at(11, 40))

    async def test_a_post_that_is_only_hidden_from_us_is_not_deleted(self) -> None:
        memo = MemoryMemo()
        cursor = await self.watched(memo)
        for minutes in (30, 90, 120, 150):
            platform = self.quiet(record="stored.json")
            page = await self.fetch("search:루미", cursor, NOON + timedelta(minutes=minutes), platform, memo)
            assert not page.mentions
            cursor = page.cursor

    async def test_when_posts_cannot_be_looked_up_nothing_is_deleted_and_the_page_is_not_lost(self) -> None:
        memo = MemoryMemo()
        cursor = await self.watched(memo)
        for minutes in (30, 90, 120):
            platform = self.quiet(by_name=500, record=500)
            page = await self.fetch("search:루미", cursor, NOON + timedelta(minutes=minutes), platform, memo)
            assert not page.mentions
            cursor = page.cursor
        assert set(Place.model_validate(cursor).watch) == {"/".join((MINJI, RASH[-13:])), "/".join((GHOST, PUMP[-13:]))}

    async def test_a_record_that_changed_is_an_edit(self) -> None:
        memo = MemoryMemo()
        cursor = await self.watched(memo)
        changed = self.recorded("search-1.json")
        changed["posts"][0]["cid"] = "bafyreiedited2222"
        changed["posts"][0]["record"]["text"] = "고객센터에서 해결해 줬어요"
        later = NOON + timedelta(minutes=31)
        page = await self.fetch("search:루미", cursor, later, self.quiet(by_name=changed), memo)
        ((edited),) = page.mentions
        assert (edited.id, edited.edited, edited.published) == (RASH, later, at(11, 40))
        assert edited.text.startswith("고객센터에서")
        page = await self.fetch(
            "search:루미", page.cursor, later + timedelta(hours=1), self.quiet(by_name=changed), memo
        )
        assert not page.mentions, "an edit is told once"
        # The same change, come upon by searching.
        page = await self.fetch("search:루미", cursor, later, self.platform(self.script("search:루미", changed)), memo)
        assert {m.id: m.edited for m in page.mentions} == {RASH: later, PUMP: None}

    # -------- finding replies

    async def test_a_later_answer_to_the_same_person_in_the_same_thread_counts_and_to_another_does_not(self) -> None:
        def own(text: str, when: str, root: str, parent: str) -> dict[str, Any]:
            item = self.recorded("feed-1.json")["feed"][0]
            reply = {"root": {"uri": root, "cid": "b"}, "parent": {"uri": parent, "cid": "b"}}
            item["post"]["record"] = {"text": text, "createdAt": when, "reply": reply}
            item["post"]["indexedAt"] = when
            return {"feed": [item]}

        mention = waiting(SAME_RASH, MINJI, at(7, 30), conversation=LAUNCH, in_reply_to=LAUNCH)
        for parent, when, counts in (
            (post(MINJI, "3later"), "2026-03-02T08:00:00Z", True),
            (post(MINJI, "3later"), "2026-03-02T07:00:00Z", False),
            (post(JIHOON, "3later"), "2026-03-02T08:00:00Z", False),
        ):
            platform = self.platform({FEED: own("네", when, LAUNCH, parent), **self.around})
            found = await self.build(platform).replies([mention], NOON)
            assert set(found) == ({SAME_RASH} if counts else set())

    async def test_of_several_answers_the_first_counts_and_strangers_in_the_feed_do_not(self) -> None:
        first, _, later = self.recorded("feed-1.json")["feed"]
        later["post"]["record"]["reply"] = first["post"]["record"]["reply"]
        stranger = json.loads(json.dumps(later).replace(BRAND, GHOST))
        stranger["post"]["record"]["createdAt"] = "2026-03-02T10:00:00.000Z"
        for feed in ([first, later, stranger], [stranger, later, first]):
            platform = self.platform({FEED: {"feed": feed}, **self.around})
            assert (await self.build(platform).replies([ASKED], NOON))[RASH].at == at(10, 31)
            page = await self.fetch("own", None, NOON, self.platform(self.script("own", {"feed": feed})))
            assert {m.id for m in page.mentions} == {SORRY, NO_LANOLIN}

    async def test_reposts_of_old_posts_do_not_end_the_reading_of_the_feed(self) -> None:
        _, repost, _ = self.recorded("feed-1.json")["feed"]
        repost["post"]["record"]["createdAt"] = "2025-01-01T00:00:00.000Z"
        memo = MemoryMemo()
        cursor = await self.started("own", memo)
        platform = self.platform(self.script("own", {"feed": [repost] * 10, "cursor": "x"}, "feed-2.json"))
        found, _ = await self.drain("own", cursor, NOON, platform, memo)
        assert [m.id for m in found] == [LAUNCH]

    async def test_when_the_feed_does_not_reach_back_threads_are_looked_at(self) -> None:
        def newer(request: httpx.Request) -> dict[str, Any]:
            item = self.recorded("feed-2.json")["feed"][0]
            item["post"]["record"]["createdAt"] = item["post"]["indexedAt"] = "2026-03-02T11:59:00Z"
            return {"feed": [item], "cursor": request.url.params.get("cursor", "") + "x"}

        missing = waiting(THANKS, SOFIA, at(9, 10))
        answers: dict[str, Any] = {f"{THREAD}?uri={RASH}": "thread.json", THREAD: error(400, "NotFound")}
        platform = self.platform({FEED: newer, **answers, **self.around})
        found = await self.build(platform).replies([ASKED, missing], NOON)
        assert {i: r.at for i, r in found.items()} == {RASH: at(11, 52)}
        assert found[RASH].url == f"https://bsky.app/profile/{BRAND}/post/{SORRY[-13:]}"
        assert len(platform.of(FEED)) == bluesky.FEED_PAGES

    async def test_with_a_dead_login_answers_are_still_seen_in_public(self) -> None:
        memo = MemoryMemo()
        await self.build(self.platform(self.around), memo).visit(self.earlier)
        dead = error(401, "AuthenticationRequired")
        platform = self.platform({RENEW: dead, LOGIN: dead, PUBLIC_FEED: ("feed-1.json", "feed-2.json")})
        found = await self.build(platform, memo).replies([ASKED], NOON)
        assert found[RASH].at == at(11, 52)
        assert all("authorization" not in a.headers for a in platform.of(PUBLIC_FEED))
        with pytest.raises(AuthError):
            await self.build(platform, MemoryMemo()).replies([ASKED], NOON)

    # -------- answering

    async def answer(self, text: str, mention: Mention = ASKED, **script: Any) -> tuple[Any, Platform]:
        assert self.posts is not None
        around = {**self.around, HANDLES: error(400, "InvalidRequest")}
        platform = self.platform({**around, **self.posts.script, **script})
        return await self.build(platform).reply(mention, text, "key-1"), platform

    async def test_an_answer_names_its_parent_and_root_and_counts_bytes(self) -> None:
        mention = replace(ASKED, author=replace(ASKED.author, handle="minji.example"))
        reply, platform = await self.answer("안녕하세요 @minji.example 확인하겠습니다 🙏", mention)
        (write,) = platform.of(WRITE)
        assert write.json["repo"] == BRAND
        said = write.json["record"]
        assert said["createdAt"] == "2026-03-02T11:58:00.000Z", "the time of the service: nobody told us another"
        assert said["reply"]["parent"]["uri"] == said["reply"]["root"]["uri"] == RASH
        assert said["facets"] == [
            {
                "index": {"byteStart": 16, "byteEnd": 30},
                "features": [{"$type": "app.bsky.richtext.facet#mention", "did": MINJI}],
            }
        ]
        assert (reply.at, reply.by) == (at(11, 58), "lumi.example")
        assert reply.url.startswith(f"https://bsky.app/profile/{BRAND}/post/")

    async def test_an_answer_to_a_reply_keeps_the_root_of_the_thread(self) -> None:
        below = {"posts": [self.recorded("search-1.json")["posts"][1] | {"viewer": {}}]}
        _, platform = await self.answer("네!", waiting(PUMP, GHOST, at(11, 20)), **{BY_NAME: below})
        reply = platform.of(WRITE)[0].json["record"]["reply"]
        assert (reply["root"]["uri"], reply["parent"]["uri"]) == (LANOLIN, PUMP)
        assert reply["root"]["cid"] != reply["parent"]["cid"]

    async def test_an_answer_that_was_given_is_found_by_its_key_and_not_given_again(self) -> None:
        reply, platform = await self.answer("확인하고 있어요 🙏", **{RECORD: "stored.json"})
        assert not platform.of(WRITE)
        assert (reply.at, reply.id[:12]) == (at(11, 58), "at://did:plc")

    async def test_a_key_that_somebody_took_meanwhile_is_read_back(self) -> None:
        taken = {RECORD: (MISSING, "stored.json"), WRITE: error(500, "InternalServerError")}
        reply, platform = await self.answer("확인하고 있어요 🙏", **taken)
        assert reply.at == at(11, 58)
        assert len(platform.of(WRITE)) == 1

    async def test_answers_that_cannot_be_given_are_refused(self) -> None:
        closed = {"posts": [self.recorded("search-1.json")["posts"][1]]}
        for text, mention, script, words in (
            ("가" * 301, ASKED, {}, "1 to 300"),
            ("👩‍👩‍👧‍👦" * 121, ASKED, {}, "3000 bytes"),
            (" \n", ASKED, {}, "1 to 300"),
            ("네", ASKED, {BY_NAME: {"posts": []}}, "gone"),
            ("네", waiting(PUMP, GHOST, at(11, 20)), {BY_NAME: closed}, "not reply"),
            ("네", ASKED, {WRITE: error(400, "InvalidRequest")}, "does not take it"),
        ):
            with pytest.raises(ReplyRefusedError, match=words):
                await self.answer(text, mention, **script)

    async def test_only_those_who_addressed_us_may_be_answered_automatically(self) -> None:
        connector = self.build(self.platform({}))
        assert connector.limits(ASKED).allowed == "automatic"
        assert connector.limits(replace(ASKED, addressed=False)).allowed == "human"
        assert connector.limits(replace(ASKED, deleted=True)).allowed == "none"
        assert (connector.limits(ASKED).length, connector.limits(ASKED).unit) == (300, "graphemes")


# ---------------------------------------------------------------- paging, as plain values


def leaf(*moments: datetime, token: str = "") -> Leaf:
    return Leaf(moments=list(moments), token=token)


PASS = begin(Place(mark=at(10, 0), swept_at=at(9, 0)), NOON, sweeps=True)


def test_the_mark_moves_only_at_the_end_of_a_pass_and_never_back() -> None:
    place, more, gap = turn(PASS, leaf(at(11, 0), at(10, 30), token="2"), NOON, sliced=True)
    assert (place.mark, place.newest, more, gap) == (at(10, 0), at(11, 0), True, None)
    place, more, _ = turn(place, leaf(at(10, 20)), NOON, sliced=True)
    assert (place.mark, place.since, more) == (at(11, 0), None, False)
    place, _, _ = turn(begin(place, NOON, sweeps=True), leaf(at(10, 45)), NOON, sliced=True)
    assert place.mark == at(11, 0)


def test_a_list_that_ignores_since_is_read_until_it_is_past_it() -> None:
    old = [at(9, 0)] * 10
    assert turn(PASS, leaf(at(11, 0), *old, token="2"), NOON, sliced=True)[1] is False
    assert turn(PASS, leaf(*old[:9], at(11, 0), token="2"), NOON, sliced=True)[1] is True
    assert turn(PASS, leaf(at(11, 0), *old[:9], token="2"), NOON, sliced=True)[1] is True, "an odd clock or two"
    assert turn(PASS, leaf(token="2"), NOON, sliced=True)[1] is True, "nothing on a page says nothing about time"


def test_a_list_that_goes_in_a_circle_or_never_ends_is_a_gap() -> None:
    place, more, gap = turn(PASS.but(token="2", pages=1), leaf(at(11, 0), token="2"), NOON, sliced=True)
    assert (more, place.since, place.mark) == (False, None, at(11, 0))
    assert gap == "the list since 2026-03-02 09:30 UTC goes in a circle"
    last = PASS.but(token="a", pages=bluesky.MAX_PAGES - 1)
    _, more, gap = turn(last, leaf(at(11, 0), token="b"), NOON, sliced=True)
    assert (more, gap) == (
        False,
        "more posts than can be read: some of those since 2026-03-02 09:30 UTC may be missing",
    )


@pytest.mark.parametrize("where", [{"token": "9900"}, {"token": "abc", "read": 9_899}])
def test_a_search_of_more_than_ten_thousand_goes_on_by_time(where: dict[str, Any]) -> None:
    deep = PASS.but(newest=at(11, 59), oldest=at(11, 10), **where)
    for place, more, gap in (
        turn(deep, leaf(at(11, 5)), NOON, sliced=True),
        refused(deep.but(read=9_900, oldest=at(11, 5)), NOON, sliced=True),
    ):
        assert (more, gap, place.token) == (True, None, "")
        assert place.until == at(11, 5, 1), "the second in which the oldest was written is read again"
    stuck, more, gap = turn(deep.but(until=at(11, 10, 1)), leaf(at(11, 10)), NOON, sliced=True)
    assert (more, stuck.since) == (False, None)
    assert gap
    assert turn(deep, leaf(at(11, 5)), NOON, sliced=False)[1] is False


def test_a_marker_that_is_refused_again_and_again_is_a_gap() -> None:
    place, more, gap = refused(PASS.but(token="7"), NOON, sliced=True)
    assert (place.token, more, gap) == ("", True, None)
    place, more, gap = refused(place.but(token="7"), NOON, sliced=True)
    assert more
    place, more, gap = refused(place.but(token="7", newest=at(11, 0)), NOON, sliced=True)
    assert (place.mark, more, gap is not None) == (at(11, 0), False, True)


def test_a_time_from_the_future_does_not_become_the_mark() -> None:
    far = datetime(9999, 1, 1, tzinfo=UTC)
    assert turn(PASS, leaf(far), NOON, sliced=True)[0].mark == NOON
    assert turn(PASS, leaf(far, token="1"), NOON, sliced=True)[0].newest == NOON


# ---------------------------------------------------------------- texts


def facet(start: Any, end: Any, uri: Any) -> dict[str, Any]:
    return {
        "index": {"byteStart": start, "byteEnd": end},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": uri}],
    }


URL = "https://lumi.example/long/path"


@pytest.mark.parametrize(
    ("text", "facets", "shown"),
    [
        ("보기 lumi.example/lo…", [facet(7, 25, URL)], f"보기 {URL}"),
        ("여기", [facet(0, 6, URL)], f"여기 ({URL})"),
        ("bank.example now", [facet(0, 12, "https://evil.example")], "bank.example (https://evil.example) now"),
        ("가나", [facet(1, 4, URL)], "가나"),
        (
            "abc",
            [facet(-1, 2, URL), facet(2, 1, URL), facet(0, 99, URL), facet("0", 2, URL), facet(True, 2, URL)],
            "abc",
        ),
        (
            "a.b c.d",
            [facet(0, 3, "https://a.b/x"), facet(2, 6, URL), facet(4, 7, "https://c.d/")],
            "https://a.b/x https://c.d/",
        ),
        ("abc", [facet(0, 3, "javascript:alert(1)"), None, 7, {"index": None}, {"index": {}, "features": {}}], "abc"),
    ],
)
def test_links_are_spelled_out_by_bytes_and_odd_facets_change_nothing(text: str, facets: list[Any], shown: str) -> None:
    assert spelled_out(text, facets) == shown


@pytest.mark.parametrize(
    ("embed", "text", "lines"),
    [
        (None, "x", []),
        ({"$type": "app.bsky.embed.images", "images": [{}, {"alt": " "}]}, "", ["[image]", "[image]"]),
        ({"$type": "app.bsky.embed.images", "images": [{}, {"alt": " "}]}, "x", []),
        ({"$type": "app.bsky.embed.images", "images": "x"}, "", []),
        ({"$type": "app.bsky.embed.video"}, "", ["[video]"]),
        ({"$type": "app.bsky.embed.record", "record": {}}, "", ["[quote]"]),
        ({"$type": "app.bsky.embed.external", "external": {"title": "T", "uri": "javascript:x"}}, "", ["[link: T]"]),
        ({"$type": "app.bsky.embed.external", "external": {"title": "T", "uri": URL}}, f"a {URL}", ["[link: T]"]),
        ({"$type": 7, "media": 7}, "", []),
    ],
)
def test_what_hangs_on_a_post_is_said_in_brackets(embed: Any, text: str, lines: list[str]) -> None:
    assert attached(embed, text) == lines


def test_hostile_records_stay_small_and_quick() -> None:
    features = [facet(i, i + 1, URL)["features"][0] for i in range(1000)]
    many = [{"index": {"byteStart": 0, "byteEnd": 1}, "features": features}] * 5000
    pictures = {"$type": "app.bsky.embed.images", "images": [{"alt": "x" * 10**6}] * 1000}
    record = Record(text="가" * 30_000, facets=many, tags=["t" * 9] * 5000, embed=pictures)
    assert len(text_of(record)) < 60_000


@pytest.mark.parametrize(
    ("created", "indexed", "published", "uncertain"),
    [
        ("2026-03-02T08:00:00Z", "2026-03-02T08:00:02.110Z", at(8, 0), False),
        ("2026-03-02T17:00:00+09:00", "2026-03-02T09:00:00Z", at(8, 0), False),
        ("2031-01-01T00:00:00Z", "2026-03-02T09:00:00Z", at(9, 0), False),
        ("0001-01-01T00:00:00Z", "2026-03-02T09:00:00Z", at(9, 0), False),
        ("0001-01-01T00:00:00+09:00", None, NOON, True),
        ("2031-01-01T00:00:00Z", None, NOON, True),
        (7, {}, NOON, True),
    ],
)
def test_the_earlier_of_two_clocks_is_believed(
    created: Any, indexed: Any, published: datetime, uncertain: bool
) -> None:
    seen = Post(uri=RASH, record=Record(text="x", createdAt=created), indexedAt=indexed)
    mention = mention_of(seen, frozenset(), NOON)
    assert (mention.published, mention.time_uncertain) == (published, uncertain)
    assert mention.author.id == MINJI, "whose post it is stands in its address too"


# ---------------------------------------------------------------- answers


def test_links_tags_and_mentions_are_marked_by_bytes() -> None:
    text = (
        "안내: https://lumi.example/faq?a=1. #루미 #2026 @help.lumi.example님, @nobody.example "
        "https://x.example/@help.lumi.example #https://y.example"
    )
    found = facets_of(text, {"help.lumi.example": BRAND})
    raw = text.encode()
    spans = [raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in found]
    assert spans == [
        "https://lumi.example/faq?a=1",
        "#루미",
        "@help.lumi.example",
        "https://x.example/@help.lumi.example",
        "https://y.example",
    ]
    kinds = [f["features"][0]["$type"].partition("#")[2] for f in found]
    assert kinds == ["link", "tag", "mention", "link", "link"]
    assert found[1]["features"][0]["tag"] == "루미"


def test_people_count_what_they_see() -> None:
    assert length_of("가👩‍👩‍👧‍👦é🇰🇷") == 4


def test_record_keys_are_those_of_the_platform() -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=1_772_439_300_000_000)
    assert tid(moment, 7) == "3mg2srhtmc22b"
    assert tid_moment("3mg2srhtmc22b") == moment
    for odd in ("", "3mg2srhtmc22", "zzzzzzzzzzzzz", "2222222222222", "jzzzzzzzzzzzz", "3MG2SRHTMC22B"):
        assert tid_moment(odd) is None


def test_the_key_of_an_answer_depends_on_what_it_answers_and_on_its_key_alone() -> None:
    key = record_key(ASKED, "a")
    assert record_key(replace(ASKED, text="!", published=NOON, ref={"cid": "b"}), "a") == key
    when = tid_moment(key)
    assert when is not None
    assert at(11, 40) <= when < at(11, 40, 1)
    assert record_key(ASKED, "b") != key
    assert tid_moment(record_key(replace(ASKED, id=post(MINJI, "self")), "a")) is not None


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "spoilt",
    [
        {"service": "http://bsky.social"},
        {"service": "https://bsky.social/xrpc"},
        {"service": "https://me:canary@bsky.social"},
        {"service": "https://public.api.bsky.app"},
        {"service": "nonsense"},
        {"handle": "lumi"},
        {"handle": "not a handle"},
        {"app_password": ""},
        {"search": ["루미", " 루미 "]},
        {"search": ["  "]},
    ],
)
def test_settings_that_cannot_work_are_refused(spoilt: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Bluesky.Settings(**{"handle": "lumi.example", "app_password": SECRET, **spoilt})
    assert SECRET not in json.dumps(caught.value.errors(include_input=False, include_url=False), default=str)


def test_names_of_ways_hold_for_any_query_and_tell_queries_apart() -> None:
    names = [bluesky.way_name(q) for q in ("루미", '"lumi cream"', "lumi cream", "#루미", "가" * 300, "가" * 299)]
    assert len(set(names)) == len(names)
    assert names[0] == "search:루미"
    assert all(len(name) <= 80 for name in names)


def test_what_is_remembered_of_logins_shows_no_password() -> None:
    settings = Bluesky.Settings(handle="lumi.example", app_password=SECRET)
    connector = Bluesky(settings, http=httpx.AsyncClient(trust_env=False), memo=MemoryMemo())
    assert len(connector._fingerprint()) == 8
    assert SECRET not in repr(Logins(of=connector._fingerprint()))
