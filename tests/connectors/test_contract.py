"""A forum that never was: a connector that passes the contract, and its flawed relatives, each of which must not.

docs: https://forum.example/api
auth: token
cost: free
covers: posts
sees_reply: yes
posts_reply: yes
retention: full
window: none
"""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import anyio
import httpx
import pytest
from pydantic import BaseModel, Field, SecretStr

import connectors
from connectors import base
from connectors.base import (
    Access,
    Author,
    Connector,
    Cursor,
    Delivery,
    Inbound,
    Kind,
    Mention,
    Page,
    PayloadError,
    Refused,
    Reply,
    ReplyLimits,
    TransientError,
    Way,
    as_utc,
    not_after,
    readable,
)
from tests.connectors.contract import (
    FAILURES,
    SECRET,
    Answered,
    ConnectorContract,
    Failure,
    Hook,
    MemoryMemo,
    Platform,
    Posting,
    Recording,
    forbidden,
    leaves,
)

HOST = "https://forum.example"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
log = logging.getLogger("connectors.forum")


# ---------------------------------------------------------------- a good connector


class Settings(base.Settings):
    user: str = "lumi"
    password: SecretStr
    hook: SecretStr = SecretStr("canary-hook")


class Login(BaseModel):
    token: SecretStr


class Search(BaseModel):
    posts: list[Any]
    next: str | None


class Post(BaseModel):
    id: str = Field(pattern=r"^[0-9]+$")
    by: str
    text: str
    at: datetime
    parent: str | None = None


class Forum(Connector[Settings]):
    Settings = Settings

    def ways(self) -> Sequence[Way]:
        return [Way("search", timedelta(minutes=5))]

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        since = datetime.fromisoformat(cursor["since"]) if cursor else None
        found = await self.search({"next": cursor["next"]} if cursor and "next" in cursor else {})
        posts, skipped = readable(found.posts, Post)
        mentions = [self.mention(p, now) for p in posts]
        newest = max([m.published for m in mentions] + [datetime.fromisoformat((cursor or {}).get("newest", EPOCH))])
        mentions = [m for m in mentions if since is None or m.published > since - timedelta(hours=1)]
        if since is not None and found.next and mentions:
            kept = {"since": since.isoformat(), "newest": newest.isoformat(), "next": found.next}
            return Page(mentions, kept, more=True, skipped=skipped)
        return Page(mentions, {"since": max(newest, since or newest).isoformat()}, skipped=skipped)

    async def search(self, params: Mapping[str, str]) -> Search:
        token = self.read(Login, await self.send("POST", f"{HOST}/login", json=self.login())).token
        return await self.get(Search, f"{HOST}/search", params=params, headers=bearer(token))

    def login(self) -> Mapping[str, str]:
        return {"user": self.settings.user, "password": self.settings.password.get_secret_value()}

    def mention(self, post: Post, now: datetime) -> Mention:
        mention = Mention(
            self.platform_name(), post.id, f"{HOST}/{post.id}", Kind.POST, Author(post.by), post.text, as_utc(post.at),
            in_reply_to=post.parent or None, ours=post.by == self.settings.user,
        )  # fmt: skip
        return not_after(mention, now)

    def platform_name(self) -> str:
        return "test_contract"

    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        if not mentions:
            return {}
        posts, _ = readable((await self.search({"by": "lumi"})).posts, Post)
        ids = {m.answer_id: m.id for m in mentions}
        return {ids[p.parent]: Reply(p.at) for p in posts if p.by == "lumi" and p.parent in ids}

    def limits(self, mention: Mention) -> ReplyLimits:
        return ReplyLimits(500, "characters")

    async def reply(self, mention: Mention, text: str, key: str) -> Reply:
        said = {"to": mention.id, "text": text}
        await self.send("POST", f"{HOST}/posts", json=said, headers={"Idempotency-Key": key})
        return Reply(NOW)

    def verify(self, request: Inbound) -> Delivery | Refused:
        given = request.headers.get("x-signature", "")
        if not hmac.compare_digest(given, signature(request.body)):
            return Refused("the signature is wrong")
        return Delivery(given, request.body)

    def mentions(self, delivery: Delivery, now: datetime) -> Page:
        try:
            post = Post.model_validate_json(delivery.body)
        except ValueError:
            raise PayloadError("no post") from None
        return Page([self.mention(post, now)])

    async def access(self, now: datetime) -> Access:
        await self.search({})
        return Access(self.settings.user)


EPOCH = "2000-01-01T00:00:00+00:00"


def bearer(token: SecretStr) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token.get_secret_value()}"}


def signature(body: bytes) -> str:
    return hmac.new(b"canary-hook", body, hashlib.sha256).hexdigest()


def post(
    number: int, hour: int, by: str = "하린", text: str = "루미 크림 😢", parent: str | None = None
) -> dict[str, Any]:
    return {"id": str(number), "by": by, "text": text, "at": f"2026-03-02T{hour:02}:00:00Z", "parent": parent}


def waiting(number: int) -> Mention:
    return Mention("test_contract", str(number), "", Kind.POST, Author("하린"), "루미?", NOW - timedelta(hours=5))


BODY = json.dumps(post(9, 9)).encode()


class TestForum(ConnectorContract):
    connector: ClassVar[type[Connector[Any]]] = Forum
    settings = {"password": SECRET}
    around = {"POST /login": {"token": "canary-token"}}
    hosts = ("forum.example",)
    ways = {
        "search": Recording(
            ask="GET /search",
            pages=(
                {"posts": [post(5, 9), post(4, 8)], "next": "older"},
                {"posts": [post(3, 7, by="lumi", parent="2"), post(2, 6)], "next": None},
            ),
            empty={"posts": [], "next": None},
            items="posts",
            finds=("2", "3", "4", "5"),
            ours=("3",),
        )
    }
    answered = Answered(
        waiting=(waiting(2), waiting(4)),
        script={"GET /search?by=lumi": {"posts": [post(3, 7, by="lumi", parent="2"), post(8, 8, parent="4",
                text="@lumi?")], "next": None}},
        finds={"2": NOW - timedelta(hours=5)},
    )  # fmt: skip
    posts = Posting(mention=waiting(2), script={"POST /posts": {"id": "7"}}, writes="POST /posts")
    hooks = {"post": Hook(Inbound("POST", {}, {"x-signature": signature(BODY)}, BODY), finds=("9",))}
    access = {"GET /search": {"posts": [], "next": None}}

    def test_the_header_is_complete(self) -> None:
        assert connectors.read_header(inspect.getdoc(inspect.getmodule(Forum)) or "").title

    def test_its_source_neither_sleeps_nor_reads_the_clock_nor_the_environment(self) -> None:
        assert not list(forbidden(inspect.getsource(Forum)))


# ---------------------------------------------------------------- flawed ones


class StopsAfterOnePage(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        page = await super().fetch(way, cursor, now)
        return replace(page, more=False, cursor={"since": now.isoformat()})


class AsksForTheSamePage(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        return await super().fetch(way, {k: v for k, v in cursor.items() if k != "next"} if cursor else None, now)


class ReadsTheWholePast(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        return await super().fetch(way, cursor or {"since": EPOCH}, now)


class SaysNothingIsThere(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        try:
            return await super().fetch(way, cursor, now)
        except TransientError:
            return Page([], cursor or {"since": now.isoformat()})


class TriesAgain(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        for _ in range(5):
            try:
                return await super().search(params)
            except TransientError:
                pass
        raise TransientError("five times")


class ShowsTheTokenInErrors(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        try:
            return await super().search(params)
        except TransientError as e:
            raise TransientError(f"{e} with {self.settings.password.get_secret_value()}") from None


class ShowsTheCauseWithTheToken(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        try:
            raise ValueError(self.settings.password.get_secret_value())
        except ValueError as e:
            raise TransientError("no answer") from e


class LogsTheToken(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        log.debug("login %s", self.login())
        return await super().search(params)


class PutsTheTokenIntoTheAddress(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        return await super().search({**params, "key": self.settings.password.get_secret_value()})


class StumblesOverOneItem(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        found = await self.search({})
        return Page([self.mention(Post(**p), now) for p in found.posts], {"since": now.isoformat()})


class DoesNotCountWhatItSkips(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        return replace(await super().fetch(way, cursor, now), skipped=0)


class ChangesTheCursorGiven(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        page = await super().fetch(way, cursor, now)
        if isinstance(cursor, dict):
            cursor["since"] = now.isoformat()
        return page


class KeepsAMomentInTheCursor(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        return replace(await super().fetch(way, None, now), cursor={"since": now})


class KeepsATupleInTheCursor(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        return replace(await super().fetch(way, None, now), cursor={"since": (1, 2)})


class ForgetsItsPlace(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        page = await super().fetch(way, cursor, now)
        return page if page.mentions else replace(page, cursor={"since": NOW.isoformat()})


class GivesNoCursor(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        return replace(await super().fetch(way, cursor, now), cursor=None)


class BelievesInTheFuture(Forum):
    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        page = await super().fetch(way, cursor, now)
        posts, _ = readable((await self.search({})).posts, Post)
        newest = max([as_utc(p.at) for p in posts], default=now)
        return replace(page, cursor={"since": newest.isoformat()})


class PublishesInTheFuture(Forum):
    def mention(self, post: Post, now: datetime) -> Mention:
        return replace(super().mention(post, now), published=as_utc(post.at), time_uncertain=False)


class NamesTheWrongPlatform(Forum):
    def platform_name(self) -> str:
        return "elsewhere"


class AddressesItself(Forum):
    def mention(self, post: Post, now: datetime) -> Mention:
        return replace(super().mention(post, now), addressed=True)


class CallsTheCustomerOurs(Forum):
    def mention(self, post: Post, now: datetime) -> Mention:
        return replace(super().mention(post, now), ours=True)


class MakesUpIds(Forum):
    ids: ClassVar[Iterator[int]] = count()

    def mention(self, post: Post, now: datetime) -> Mention:
        return replace(super().mention(post, now), id=f"{post.id}-{next(self.ids)}")


class AsksByHttp(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        await self.send("POST", "http://forum.example/login")
        return await super().search(params)


class AsksAStranger(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        await self.send("POST", "https://stranger.example/login")
        return await super().search(params)


class LooseSearch(Search):
    posts: list[Any] = []
    next: str | None = None


class TakesAnyShape(Forum):
    async def search(self, params: Mapping[str, str]) -> Search:
        return await self.get(LooseSearch, f"{HOST}/search", params=params)


class HearsAnswersInMentions(Forum):
    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        posts, _ = readable((await self.search({"by": "lumi"})).posts, Post)
        return {p.parent: Reply(p.at) for p in posts if p.parent and (p.by == "lumi" or "lumi" in p.text)}


class TakesTroubleForNo(Forum):
    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        try:
            return await super().replies(mentions, now)
        except base.ConnectorError:
            return {}


class AnswersTwice(Forum):
    async def reply(self, mention: Mention, text: str, key: str) -> Reply:
        await self.send("POST", f"{HOST}/posts", json={"to": mention.id, "text": text})
        return Reply(NOW)


class AnswersAgainAfterTrouble(Forum):
    async def reply(self, mention: Mention, text: str, key: str) -> Reply:
        async with self.memo.locked() as m:
            if key in m:
                return Reply(NOW)
        await self.send("POST", f"{HOST}/posts", json={"to": mention.id, "text": text, "n": next(MakesUpIds.ids)})
        async with self.memo.locked() as m:
            m[key] = True
        return Reply(NOW)


class LetsAnybodyIn(Forum):
    def verify(self, request: Inbound) -> Delivery | Refused:
        return Delivery("key", request.body)


class StumblesOverDeliveries(Forum):
    def mentions(self, delivery: Delivery, now: datetime) -> Page:
        return Page([self.mention(Post(**json.loads(delivery.body)), now)])


class LooseSettings(Settings):
    model_config = {"extra": "ignore"}


class TakesAnySetting(Forum):
    Settings = LooseSettings


class OpenSettings(Settings):
    api_key: str = "x"


class KeepsAKeyInTheOpen(Forum):
    Settings = OpenSettings


class NamesTwoWaysAlike(Forum):
    def ways(self) -> Sequence[Way]:
        return [*super().ways(), *super().ways()]


class NeverRests(Forum):
    def ways(self) -> Sequence[Way]:
        return [Way("search", timedelta(0))]


class SaysItIsFineWithoutLogin(Forum):
    async def access(self, now: datetime) -> Access:
        return Access(self.settings.user)


FLAWS: Mapping[type[Forum], tuple[str, str]] = {
    StopsAfterOnePage: (
        "test_a_burst_is_paged_to_the_end_and_no_page_is_asked_for_twice",
        "'2', '3', '4', '5'",
    ),
    AsksForTheSamePage: (
        "test_a_burst_is_paged_to_the_end_and_no_page_is_asked_for_twice",
        "a page was asked for twice",
    ),
    ReadsTheWholePast: (
        "test_a_first_fetch_is_the_newest_page_and_no_more",
        "a new source starts here and now",
    ),
    SaysNothingIsThere: (
        "test_each_failure_becomes_the_right_error",
        "DID NOT RAISE",
    ),
    TriesAgain: (
        "test_each_failure_becomes_the_right_error",
        "tries again on its own",
    ),
    ShowsTheTokenInErrors: (
        "test_each_failure_becomes_the_right_error",
        "a secret shows in an error",
    ),
    ShowsTheCauseWithTheToken: (
        "test_when_all_fails_logins_too_the_error_says_what_to_do",
        "a secret shows in an error",
    ),
    LogsTheToken: (
        "test_no_secret_shows_in_what_it_logs",
        "a secret shows in the log",
    ),
    PutsTheTokenIntoTheAddress: (
        "test_a_first_fetch_is_the_newest_page_and_no_more",
        "a secret shows in the address",
    ),
    StumblesOverOneItem: (
        "test_one_broken_item_loses_one_item",
        "must be a mapping",
    ),
    DoesNotCountWhatItSkips: (
        "test_one_broken_item_loses_one_item",
        "was not counted",
    ),
    ChangesTheCursorGiven: (
        "test_a_repeat_finds_the_same_mentions",
        "changed the cursor",
    ),
    KeepsAMomentInTheCursor: (
        "test_a_first_fetch_is_the_newest_page_and_no_more",
        "not JSON serializable",
    ),
    KeepsATupleInTheCursor: (
        "test_a_first_fetch_is_the_newest_page_and_no_more",
        "does not survive JSON",
    ),
    ForgetsItsPlace: (
        "test_an_empty_answer_is_an_empty_page_and_keeps_the_place",
        "assert set",
    ),
    GivesNoCursor: (
        "test_an_empty_answer_is_an_empty_page_and_keeps_the_place",
        "without a cursor",
    ),
    BelievesInTheFuture: (
        "test_a_hostile_value_in_any_field_harms_no_other_item",
        "the source would be blind",
    ),
    PublishesInTheFuture: (
        "test_a_hostile_value_in_any_field_harms_no_other_item",
        "published in the future",
    ),
    NamesTheWrongPlatform: (
        "test_a_first_fetch_is_the_newest_page_and_no_more",
        "mention 5",
    ),
    AddressesItself: (
        "test_a_repeat_finds_the_same_mentions",
        "we do not address ourselves",
    ),
    CallsTheCustomerOurs: (
        "test_a_burst_is_paged_to_the_end_and_no_page_is_asked_for_twice",
        "== {'3'}",
    ),
    MakesUpIds: (
        "test_a_repeat_finds_the_same_mentions",
        "the same answers make the same mentions",
    ),
    AsksByHttp: (
        "test_a_first_fetch_is_the_newest_page_and_no_more",
        "not by https",
    ),
    AsksAStranger: (
        "test_a_first_fetch_is_the_newest_page_and_no_more",
        "a stranger was asked",
    ),
    TakesAnyShape: (
        "test_each_failure_becomes_the_right_error",
        "DID NOT RAISE",
    ),
    HearsAnswersInMentions: (
        "test_it_finds_the_brands_replies_and_nothing_else",
        "'4': ",
    ),
    TakesTroubleForNo: (
        "test_replies_that_cannot_be_looked_up_are_an_error_never_no",
        "DID NOT RAISE",
    ),
    AnswersTwice: (
        "test_the_same_key_never_answers_twice",
        "nothing in the write tells one key from another",
    ),
    AnswersAgainAfterTrouble: (
        "test_after_an_unclear_outcome_it_does_not_simply_write_again",
        "without looking",
    ),
    LetsAnybodyIn: (
        "test_a_forged_delivery_is_refused_whatever_was_forged",
        "was let in",
    ),
    StumblesOverDeliveries: (
        "test_an_unreadable_delivery_is_a_payload_error_or_skipped",
        "JSONDecodeError",
    ),
    TakesAnySetting: (
        "test_settings_are_strict_frozen_and_keep_their_secrets",
        "DID NOT RAISE",
    ),
    KeepsAKeyInTheOpen: (
        "test_settings_are_strict_frozen_and_keep_their_secrets",
        "api_key is not a SecretStr",
    ),
    NamesTwoWaysAlike: (
        "test_ways_have_unique_names_and_sensible_paces",
        "1 == 2",
    ),
    NeverRests: (
        "test_ways_have_unique_names_and_sensible_paces",
        "seconds=1",
    ),
    SaysItIsFineWithoutLogin: (
        "test_access_says_who_is_logged_in",
        "DID NOT RAISE",
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("flawed", FLAWS, ids=lambda f: f.__name__)
async def test_the_contract_catches(flawed: type[Forum], caplog: pytest.LogCaptureFixture) -> None:
    test, why = FLAWS[flawed]

    class Flawed(TestForum):
        connector = flawed

    method = getattr(Flawed(), test)
    asked = inspect.signature(method).parameters
    cases: list[dict[str, Any]] = [{"way": "search"} if "way" in asked else {}]
    if "failure" in asked:
        cases = [{**c, "failure": f} for c in cases for f in FAILURES]
    if "hook" in asked:
        cases = [{"hook": "post"}]
    given = {"caplog": caplog} if "caplog" in asked else {}
    with pytest.raises((AssertionError, pytest.fail.Exception)) as caught:
        for case in cases:
            try:
                done = method(**case, **given)
                if inspect.isawaitable(done):
                    await done
            except (AssertionError, pytest.fail.Exception):
                raise
            except Exception as e:  # an error where none belongs is caught by pytest just as well
                raise AssertionError(repr(e)) from e
    assert why in str(caught.value)


# ---------------------------------------------------------------- its tools


async def ask(platform: Platform, method: str, url: str, body: str = "") -> httpx.Response:
    async with platform.client() as client:
        return await client.request(method, url, content=body)


@pytest.mark.anyio
async def test_a_script_answers_by_method_host_path_and_parameters_in_order() -> None:
    forum = TestForum().platform(
        {
            "POST /x#reviews(": 202,
            "POST /x": 201,
            "https://a.example/x?tag=1": ({"n": 1}, {"n": 2}),
            "/x?tag=2": [3],
            "/x/*/y": b"4",
            "*": 404,
        }
    )
    asked = [
        ("POST", "https://b.example/x", "{ reviews(first: 5) }"),
        ("POST", "https://b.example/x"),
        ("GET", "https://a.example/x?tag=1&more=2"),
        ("GET", "https://a.example/x?tag=1"),
        ("GET", "https://a.example/x?tag=1"),
        ("GET", "https://b.example/x?tag=1"),
        ("GET", "https://b.example/x?tag=2"),
        ("GET", "https://b.example/x/1/2/y"),
    ]
    answers = [await ask(forum, *a) for a in asked]
    assert [a.status_code for a in answers] == [202, 201, 200, 200, 200, 404, 200, 200]
    assert [a.content for a in answers] == [b"", b"", b'{"n": 1}', b'{"n": 2}', b'{"n": 2}', b"", b"[3]", b"4"]
    assert [str(a) for a in forum.of("/x?tag=2")] == ["GET https://b.example/x?tag=2"]


@pytest.mark.anyio
async def test_what_the_script_does_not_know_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="nothing in the script answers GET"):
        await ask(TestForum().platform({"/known": 200}), "GET", "https://a.example/unknown")


@pytest.mark.anyio
async def test_a_memo_has_one_holder_and_keeps_json_also_after_an_error() -> None:
    memo = MemoryMemo()
    with pytest.raises(ValueError, match="broken"):
        async with memo.locked() as m:
            m["token"] = "new"
            raise ValueError("broken")
    assert memo.kept == {"token": "new"}
    with pytest.raises(TypeError):
        async with memo.locked() as m:
            m["moment"] = NOW
    async with memo.locked(), anyio.create_task_group() as group:
        with pytest.raises(RuntimeError):
            async with memo.locked():
                pass
        group.cancel_scope.cancel()


def test_leaves_are_all_places_of_an_item() -> None:
    assert list(leaves({"a": 1, "b": [{"c": 2}, 3]})) == [("a",), ("b",), ("b", 0), ("b", 0, "c")]


def test_a_deviation_may_replace_the_answer_the_error_or_both() -> None:
    class Odd(TestForum):
        deviates = {"500": PayloadError, "403": Failure({"error": 1}, PayloadError)}

    assert Odd()._failure("search", "500") == replace(FAILURES["500"], raises=PayloadError)
    assert Odd()._failure("search", "403").answer == {"error": 1}
    assert Odd()._failure("search", "429") == FAILURES["429"]
