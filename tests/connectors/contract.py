"""The one suite that every connector passes. A connector's test is its class, its settings and its recordings:

    class TestAcmeForum(ConnectorContract):
        connector = AcmeForum
        settings = {"query": "acme", "token": SECRET}
        accounts = ("acme",)                                        # as in rules.yaml, brand.accounts
        around = {"POST /login": {"token": "canary-session"}}       # what is asked besides the pages: logins, profiles
        ways = {
            "search": Recording(
                ask="GET /api/search",                              # without it: whatever `around` does not answer
                pages=("search-1.json", "search-2.json"),           # a burst, in the order in which it is asked for
                empty="nothing.json",
                items="data.posts",                                 # where the list of items stands, "" for the top
                finds=("41", "42", "43"),                           # Mention.id of all that the burst holds
                ours=("43",),                                       # those that the brand wrote itself
            ),
        }
        deviates = {"403": GatedError, "redirect": None}            # see FAILURES; None: does not apply (say why)
        answered = Answered(...)                                    # if it is FindsReplies
        posts = Posting(...)                                        # if it is PostsReply
        hooks = {"comment": Hook(...)}                              # if it is ReceivesWebhooks
        access = {"GET /me": "me.json"}                             # if it is ChecksAccess, on top of `around`

Below it goes what is special about the platform, with the same tools: `self.platform(script)` answers from a script,
`self.build(platform, memo)` makes the connector, `self.fetch(...)` fetches as the monitor does (a new object each
time, the cursor as it comes out of the database) and checks whatever must always hold.

A script maps questions to answers. A question is "[METHOD ][https://host]/path[?name=value][#words]": `*` in the path
stands for anything, the named parameters must be among those asked, the words must stand in the body, "*" alone is
any question; the first that fits answers.
An answer is a file in `payloads/<name>/`, a status code, a dict or list (JSON), bytes, an `httpx.Response`, an
exception, or a function of the request that gives one of these; a tuple is answered in order, the last one for ever.

Everything secret contains the word "canary" (`SECRET`, tokens in recordings); what cannot, stands in `secrets`.
A connector that does not speak HTTP overrides `platform` and `build`; a platform needs `client()` and `asked`.
"""

from __future__ import annotations

import ast
import copy
import inspect
import json
import logging
import re
import traceback
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeAlias
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from pydantic import BaseModel, SecretStr, ValidationError

import connectors
from connectors.base import (
    Access,
    AuthError,
    ChecksAccess,
    Connector,
    ConnectorError,
    Cursor,
    Delivery,
    FindsReplies,
    GatedError,
    Inbound,
    Kind,
    Memo,
    Mention,
    Page,
    PayloadError,
    Polls,
    PostsReply,
    RateLimitedError,
    ReceivesWebhooks,
    Refused,
    Reply,
    ReplyLimits,
    Settings,
    Streams,
    TransientError,
    Way,
    Worth,
)

PAYLOADS = Path(__file__).parent / "payloads"

SECRET = "canary-5ecret"
"""Put this (or anything with the word canary) wherever a secret is asked for."""

Answer: TypeAlias = (
    str | int | bytes | Mapping[str, Any] | list[Any] | httpx.Response | Exception | Callable[[httpx.Request], Any]
)
Script: TypeAlias = Mapping[str, Answer | tuple[Answer, ...]]


# ---------------------------------------------------------------- what a connector's test says of itself


@dataclass(frozen=True)
class Recording:
    """One way, recorded. `first`: how many pages a first fetch may ask for (more than one only if it asks several
    lists); `start`: the answer to a first fetch before the burst, if an empty one tells nothing about where we are;
    `odd`: what no item can look like; `broken`: page one with one broken item in it, where there is no path into it."""

    pages: tuple[Answer, ...]
    empty: Answer
    finds: tuple[str, ...]
    ours: tuple[str, ...] = ()
    ask: str = "*"
    items: str | None = None
    odd: tuple[Any, ...] = (None, "broken", 7, [], {}, {"surprise": 1})
    broken: Answer | None = None
    start: Answer | None = None
    first: int = 1


@dataclass(frozen=True)
class Answered:
    """What the brand has answered: `finds` maps the id of each answered mention to the moment of the answer."""

    waiting: Sequence[Mention]
    script: Script
    finds: Mapping[str, datetime]


@dataclass(frozen=True)
class Posting:
    """An answer being posted; `writes` is the question that makes it public."""

    mention: Mention
    script: Script
    writes: str
    text: str = "확인하고 있어요 🙏"


@dataclass(frozen=True)
class Hook:
    """A delivery by webhook, as it comes in. `signed` is False where the platform cannot sign the body."""

    request: Inbound
    finds: tuple[str, ...]
    signed: bool = True


@dataclass(frozen=True)
class Failure:
    """A way for things to go wrong, and the error that must come of it."""

    answer: Answer
    raises: type[ConnectorError] | tuple[type[ConnectorError], ...]
    retry_after: timedelta | None = None


def _loud(kind: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.TransportError]:
    """Trouble whose own words hold all that the request held, as some libraries' do."""
    return lambda request: kind(f"{request.url} {dict(request.headers)} {request.content!r}", request=request)


def _echo(status: int, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    """A bad answer that repeats the request, as debug pages do."""

    def answer(request: httpx.Request) -> httpx.Response:
        said = f"<pre>{request.url} {dict(request.headers)} canary</pre>"
        return httpx.Response(status, text=said, headers={"content-type": "text/html", **headers})

    return answer


FAILURES: Mapping[str, Failure] = {
    "500": Failure(_echo(500), TransientError),
    "502": Failure(_echo(502), TransientError),
    "timeout": Failure(_loud(httpx.ReadTimeout), TransientError),
    "connect": Failure(_loud(httpx.ConnectError), TransientError),
    "cut off": Failure(_loud(httpx.RemoteProtocolError), TransientError),
    "429": Failure(_echo(429, **{"retry-after": "120"}), RateLimitedError, timedelta(seconds=120)),
    "401": Failure(_echo(401), (AuthError, GatedError)),
    "403": Failure(_echo(403), (AuthError, GatedError)),
    "404": Failure(_echo(404), ConnectorError),
    "redirect": Failure(_echo(302, location="https://elsewhere.example/login"), ConnectorError),
    "html": Failure(_echo(200), PayloadError),
    "wrong shape": Failure({"surprise": ["canary"]}, PayloadError),
    "wrong type": Failure(b'"canary"', PayloadError),
    "nested": Failure(b"[" * 50_000, PayloadError),
    "not text": Failure(b"\xff\xfe\x00", PayloadError),
    "truncated": Failure(b"", PayloadError),  # the first half of page one; see `_failures`
}


# ---------------------------------------------------------------- fakes that behave


class MemoryMemo:
    """A memo in memory: one holder at a time, JSON only, committed also after an error."""

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        self.kept: dict[str, Any] = dict(kept or {})
        self.commits = 0
        self._lock = anyio.Lock()

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[MutableMapping[str, Any]]:
        async with self._lock:
            m = json.loads(json.dumps(self.kept))
            try:
                yield m
            finally:
                self.kept = json.loads(json.dumps(m))
                self.commits += 1


@dataclass(frozen=True)
class Asked:
    """One question, as it was asked."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    body: bytes
    route: str

    @property
    def params(self) -> dict[str, str]:
        return dict(self.url.params)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.body[:200]!r}".removesuffix(" b''")


class Platform:
    """Answers from a script and remembers what it was asked (`asked`)."""

    def __init__(self, folder: Path, script: Script) -> None:
        self.asked: list[Asked] = []
        self._folder = folder
        self._routes = [_Route(question, answers) for question, answers in script.items()]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer), trust_env=False)

    def of(self, question: str) -> list[Asked]:
        """What was asked of one line of the script."""
        return [a for a in self.asked if a.route == question]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        route = next((r for r in self._routes if r.fits(request)), None)
        asked = Asked(request.method, request.url, request.headers, request.content, route.question if route else "")
        self.asked.append(asked)
        assert route, f"nothing in the script answers {asked}"
        assert len(self.asked) < 200, f"it asks and asks: {asked}"
        return self._response(route.next(), request)

    def _response(self, answer: Any, request: httpx.Request) -> httpx.Response:
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        if isinstance(answer, int):
            return httpx.Response(answer)
        content, kind = payload(self._folder, answer)
        return httpx.Response(200, content=content, headers={"content-type": kind})


KINDS = {".json": "application/json", ".xml": "application/xml", ".html": "text/html; charset=utf-8"}


def payload(folder: Path, answer: Any) -> tuple[bytes, str]:
    """The bytes of an answer and their content type."""
    if isinstance(answer, str):
        file = folder / answer
        return file.read_bytes(), KINDS.get(file.suffix, "application/octet-stream")
    if isinstance(answer, bytes):
        return answer, "application/json"
    return json.dumps(answer).encode(), "application/json"


class _Route:
    def __init__(self, question: str, answers: Any) -> None:
        self.question = question
        match = re.fullmatch(r"(?:([A-Z]+) )?(https?://[^/]+)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", question)
        assert match, f"not a question: {question}"
        self._method, self._base, path, params, words = match.groups()
        self._path = re.compile(".*".join(map(re.escape, path.split("*"))))
        self._words = (words or "").encode()
        self._params = httpx.QueryParams(params or "").multi_items()
        self._answers = list(answers) if isinstance(answers, tuple) else [answers]
        assert self._answers, f"no answer to {question}"

    def fits(self, request: httpx.Request) -> bool:
        return (
            self._method in {None, request.method}
            and self._base in {None, f"{request.url.scheme}://{request.url.netloc.decode()}"}
            and self._path.fullmatch(request.url.path) is not None
            and self._words in request.content
            and all(pair in request.url.params.multi_items() for pair in self._params)
        )

    def next(self) -> Any:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


# ---------------------------------------------------------------- the suite


class ConnectorContract:
    """What holds for every connector; see the top of this file."""

    pytestmark = pytest.mark.anyio

    connector: ClassVar[type[Connector[Any]]]
    settings: ClassVar[Mapping[str, Any]] = {}
    accounts: ClassVar[tuple[str, ...]] = ()
    ways: ClassVar[Mapping[str, Recording]] = {}
    around: ClassVar[Script] = {}
    deviates: ClassVar[Mapping[str, type[ConnectorError] | tuple[type[ConnectorError], ...] | Failure | None]] = {}
    answered: ClassVar[Answered | None] = None
    posts: ClassVar[Posting | None] = None
    hooks: ClassVar[Mapping[str, Hook]] = {}
    access: ClassVar[Script] = {}
    secrets: ClassVar[tuple[str, ...]] = ()
    secret_in_url: ClassVar[bool] = False  # True only where the platform forces it, and then say so
    hosts: ClassVar[tuple[str, ...]] = ()  # if given, nobody else is ever asked
    earlier: ClassVar[datetime] = datetime(2026, 3, 2, tzinfo=UTC)  # the first fetch, before all that is recorded
    now: ClassVar[datetime] = datetime(2026, 3, 2, 12, tzinfo=UTC)  # after all that is recorded

    # -------- tools, for the special tests too

    @property
    def name(self) -> str:
        return self.connector.__module__.rpartition(".")[2]

    @property
    def folder(self) -> Path:
        return PAYLOADS / self.name

    def recorded(self, answer: Answer) -> Any:
        """A recording as JSON, to be changed by a test."""
        return json.loads(payload(self.folder, answer)[0])

    def platform(self, script: Script) -> Platform:
        return Platform(self.folder, script)

    def script(self, way: str, *answers: Any) -> Script:
        """What is asked around a way, and these answers to the way itself."""
        ask = self.ways[way].ask
        mine = {ask: tuple(answers)}
        return {**self.around, **mine} if ask == "*" else {**mine, **self.around}

    def build(self, platform: Platform, memo: Memo | None = None, **settings: Any) -> Any:
        """The connector as the monitor makes it; `settings` on top of the recorded ones."""
        return self.connector(
            self.connector.Settings(**{**self.settings, **settings}),
            http=platform.client(),
            memo=memo or MemoryMemo(),
            accounts=self.accounts,
        )

    def way(self, name: str) -> Way:
        ways: Sequence[Way] = self.build(self.platform({})).ways()
        return next(w for w in ways if w.name == name)

    async def fetch(
        self,
        way: str,
        cursor: Cursor | None,
        now: datetime,
        platform: Platform,
        memo: Memo | None = None,
        **settings: Any,
    ) -> Page:
        """One fetch as the monitor does it, by a new connector; checks all that holds for any page."""
        connector = self.build(platform, memo, **settings)
        which = next(w for w in connector.ways() if w.name == way)
        given = copy.deepcopy(cursor)
        page: Page = await connector.fetch(which, cursor, now)
        assert cursor == given, "fetch changed the cursor that it was given"
        assert page.cursor is not None, "a page without a cursor: the next fetch would start from nothing"
        kept = json.loads(json.dumps(page.cursor))
        assert kept == page.cursor, "the cursor does not survive JSON"
        self.check_page(page, now)
        self.check_questions(platform)
        return replace(page, cursor=kept)

    async def drain(
        self, way: str, cursor: Cursor | None, now: datetime, platform: Platform, memo: Memo | None = None
    ) -> tuple[list[Mention], Cursor]:
        """Fetch as long as there is more."""
        found: list[Mention] = []
        for _ in range(50):
            page = await self.fetch(way, cursor, now, platform, memo)
            found += page.mentions
            assert page.cursor is not None
            cursor = page.cursor
            if not page.more:
                return found, cursor
        raise AssertionError("there is always more")

    async def started(self, way: str, memo: Memo) -> Cursor:
        """The cursor of a source that was switched on before everything recorded was written."""
        take = self.ways[way]
        _, cursor = await self.drain(
            way, None, self.earlier, self.platform(self.script(way, take.start or take.empty)), memo
        )
        return cursor

    async def burst(self, way: str, cursor: Cursor, memo: Memo) -> tuple[list[Mention], Platform, Cursor]:
        take = self.ways[way]
        platform = self.platform(self.script(way, *take.pages, take.empty))
        found, cursor = await self.drain(way, cursor, self.now, platform, memo)
        return found, platform, cursor

    # -------- what always holds

    def check_page(self, page: Page, now: datetime) -> None:
        assert page.skipped >= 0
        assert page.spent >= 0
        assert page.gap is None or page.gap.strip()
        assert page.not_before is None or page.not_before.tzinfo
        self.check_secrets(json.dumps(page.cursor), "the cursor")
        self.check_secrets(page.gap or "", "the gap")
        for mention in page.mentions:
            self.check_mention(mention, now)

    def check_mention(self, mention: Mention, now: datetime) -> None:
        what = f"mention {mention.id}"
        assert mention.platform == self.name, what
        assert isinstance(mention.kind, Kind), what
        assert mention.id == mention.id.strip() and mention.id.isprintable(), f"{what}: an odd id"
        for moment in (mention.published, mention.edited, mention.window_ends_at):
            assert moment is None or moment.utcoffset() is not None, f"{what}: a naive time"
        assert mention.published <= now, f"{what}: published in the future"
        assert mention.edited is None or mention.edited <= now, f"{what}: edited in the future"
        for url in (mention.url, mention.author.url):
            assert url == "" or (urlsplit(url).scheme in {"http", "https"} and urlsplit(url).hostname), f"{what}: {url}"
        for text in (mention.text, mention.title, mention.author.name, mention.author.handle):
            assert unicodedata.is_normalized("NFC", text), f"{what}: not NFC"
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text), f"{what}: control characters"
        for reference in (mention.conversation, mention.in_reply_to, mention.local_id):
            assert reference is None or (isinstance(reference, str) and reference), f"{what}: an empty reference"
        assert all(isinstance(x, str) for pair in mention.ref.items() for x in pair), f"{what}: ref holds words only"
        assert not (mention.ours and mention.addressed), f"{what}: we do not address ourselves"
        self.check_secrets(json.dumps(asdict(mention), default=str, ensure_ascii=False), what)

    def check_questions(self, platform: Platform) -> None:
        for asked in platform.asked:
            assert asked.url.scheme == "https", f"not by https: {asked}"
            assert not self.hosts or asked.url.host in self.hosts, f"a stranger was asked: {asked}"
            assert asked.headers["user-agent"].startswith(("mention-monitor", "python:mention-monitor")), "who asks?"
            if not self.secret_in_url:
                self.check_secrets(str(asked.url), "the address asked")

    def check_secrets(self, text: str, where: str) -> None:
        assert "canary" not in text.lower(), f"a secret shows in {where}"
        for secret in self.all_secrets():
            assert secret not in text, f"a secret shows in {where}"

    def all_secrets(self) -> set[str]:
        return {s for s in (*_secrets(self.connector.Settings(**self.settings)), *self.secrets) if s}

    def check_error(self, error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
        # The lines of code in a traceback are no leak; its messages may be, those of causes too.
        shown = _without_source("".join(traceback.format_exception(error)))
        for text in (str(error), repr(error), shown):
            self.check_secrets(text, "an error")
        assert str(error).strip(), "an error without words"
        self.check_log(caplog)

    def check_log(self, caplog: pytest.LogCaptureFixture) -> None:
        for record in caplog.records:
            if not record.name.startswith(("httpx", "httpcore", "asyncio")):
                self.check_secrets(record.getMessage() + str(record.exc_text or ""), "the log")

    # -------- what it says of itself

    def test_the_header_is_complete(self) -> None:
        header = connectors.header(self.name)
        assert all(getattr(header, f).strip() for f in header.__slots__)
        assert connectors.load(self.name) is self.connector
        assert re.fullmatch(r"full|metrics|\d+ ?(h|d)\b.*", header.retention), header.retention

    def test_settings_are_strict_frozen_and_keep_their_secrets(self) -> None:
        model = self.connector.Settings
        assert issubclass(model, Settings)
        settings = model(**self.settings)
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            model(**{**self.settings, "surprise": 1})
        for name in model.model_fields:
            with pytest.raises(ValidationError):
                setattr(settings, name, None)
        for text in (str(settings), repr(settings), repr(self.build(self.platform({})))):
            self.check_secrets(text, "the settings")
        for name, info in model.model_fields.items():
            if re.search(r"token|password|secret|api_?key|private_key", name) and "path" not in name:
                assert "SecretStr" in str(info.annotation), f"Settings.{name} is not a SecretStr"

    def test_its_source_neither_sleeps_nor_reads_the_clock_nor_the_environment(self) -> None:
        source = inspect.getsource(inspect.getmodule(self.connector) or self.connector)
        assert not list(forbidden(source))

    def test_it_can_do_what_its_test_says(self) -> None:
        powers = {Polls: self.ways, FindsReplies: self.answered, PostsReply: self.posts, ReceivesWebhooks: self.hooks}
        for power, recorded in powers.items():
            assert issubclass(self.connector, power) == bool(recorded), f"{power.__name__} without a recording"
        assert any(issubclass(self.connector, p) for p in (Polls, Streams, ReceivesWebhooks)), "it hears nothing"

    def test_ways_have_unique_names_and_sensible_paces(self) -> None:
        if not issubclass(self.connector, Polls):
            pytest.skip("it does not poll")
        ways = self.build(self.platform({})).ways()
        assert {w.name for w in ways} == set(self.ways), "each way is recorded"
        assert len({w.name for w in ways}) == len(ways)
        assert list(ways) == list(self.build(self.platform({})).ways())
        for way in ways:
            assert re.fullmatch(r"[\w:#@./-]{1,100}", way.name), way.name
            assert timedelta(seconds=1) <= way.every <= timedelta(days=7)
            assert way.cost >= 0
            assert isinstance(way.worth, Worth)

    # -------- polling

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        values = {
            "way": list(self.ways) or [_no("it does not poll")],
            "failure": [f for f in FAILURES if self.deviates.get(f, ...) is not None],
            "hook": list(self.hooks) or [_no("it receives no webhooks")],
        }
        # A special test may choose among them on its own.
        own = {name for mark in metafunc.definition.iter_markers("parametrize") for name in _named(mark.args[0])}
        for name in sorted(values.keys() & set(metafunc.fixturenames) - own, reverse=True):
            metafunc.parametrize(name, values[name])

    async def test_a_first_fetch_is_the_newest_page_and_no_more(self, way: str) -> None:
        take = self.ways[way]
        platform = self.platform(self.script(way, *take.pages, take.empty))
        found, _ = await self.drain(way, None, self.now, platform)
        assert len(platform.of(take.ask)) <= take.first, "a new source starts here and now"
        assert found, "the newest page was not read"
        assert {m.id for m in found} <= set(take.finds)

    async def test_a_burst_is_paged_to_the_end_and_no_page_is_asked_for_twice(self, way: str) -> None:
        take, memo = self.ways[way], MemoryMemo()
        found, platform, _ = await self.burst(way, await self.started(way, memo), memo)
        assert {m.id for m in found} == set(take.finds)
        assert {m.id for m in found if m.ours} == set(take.ours)
        questions = [str(a) for a in platform.of(take.ask)]
        assert len(questions) >= len(take.pages), "a page was not asked for"
        assert len(questions) == len(set(questions)), "a page was asked for twice"

    async def test_a_repeat_finds_the_same_mentions(self, way: str) -> None:
        memo = MemoryMemo()
        cursor = await self.started(way, memo)
        first, _, once = await self.burst(way, cursor, memo)
        second, _, twice = await self.burst(way, cursor, memo)
        assert first == second, "the same answers make the same mentions"
        assert once == twice

    async def test_an_empty_answer_is_an_empty_page_and_keeps_the_place(self, way: str) -> None:
        take, memo = self.ways[way], MemoryMemo()
        cursor = await self.started(way, memo)
        soon = self.earlier + self.way(way).every
        quiet, cursor = await self.drain(way, cursor, soon, self.platform(self.script(way, take.empty)), memo)
        assert not quiet
        found, _, _ = await self.burst(way, cursor, memo)
        assert {m.id for m in found} == set(take.finds)

    async def test_after_a_burst_it_goes_on_from_where_it_was(self, way: str) -> None:
        take, memo = self.ways[way], MemoryMemo()
        _, _, cursor = await self.burst(way, await self.started(way, memo), memo)
        later = self.now + self.way(way).every
        found, _ = await self.drain(way, cursor, later, self.platform(self.script(way, take.empty)), memo)
        assert not found

    async def test_a_failure_in_the_middle_of_a_burst_loses_nothing(self, way: str) -> None:
        take, memo = self.ways[way], MemoryMemo()
        cursor: Cursor = await self.started(way, memo)
        platform = self.platform(self.script(way, take.pages[0], 500))
        page = await self.fetch(way, cursor, self.now, platform, memo)
        found = list(page.mentions)
        if page.more:
            with pytest.raises(ConnectorError):
                await self.drain(way, page.cursor, self.now, platform, memo)
            rest = self.platform(self.script(way, *take.pages[1:], take.empty))
            found += (await self.drain(way, page.cursor, self.now, rest, memo))[0]
            assert {m.id for m in found} == set(take.finds)
        else:
            assert {m.id for m in found} <= set(take.finds)

    async def test_each_failure_becomes_the_right_error(
        self, way: str, failure: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        case = self._failure(way, failure)
        memo = MemoryMemo()
        cursors: tuple[Cursor | None, ...] = (await self.started(way, memo), None)
        for cursor in cursors:
            platform = self.platform(self.script(way, case.answer))
            with pytest.raises(case.raises) as caught:
                await self.fetch(way, cursor, self.now, platform, memo if cursor else MemoryMemo())
            if isinstance(caught.value, RateLimitedError) and case.retry_after is not None:
                assert caught.value.retry_after == case.retry_after
            assert len(platform.of(self.ways[way].ask)) <= 3, "the connector tries again on its own"
            self.check_error(caught.value, caplog)
            assert "elsewhere.example" not in {a.url.host for a in platform.asked}

    async def test_when_all_fails_logins_too_the_error_says_what_to_do(
        self, way: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for failure in ("500", "timeout", "401", "html"):
            if self.deviates.get(failure, ...) is None:
                continue
            with pytest.raises(ConnectorError) as caught:
                await self.fetch(way, None, self.now, self.platform({"*": self._failure(way, failure).answer}))
            self.check_error(caught.value, caplog)

    async def test_a_failing_side_question_is_an_error_or_is_done_without(
        self, way: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        take = self.ways[way]
        for question in self.around:
            for failure in ("500", "timeout", "403", "html", "wrong shape", "wrong type"):
                script = {question: FAILURES[failure].answer, **self.script(way, *take.pages, take.empty)}
                script[question] = FAILURES[failure].answer
                try:
                    await self.fetch(way, None, self.now, self.platform(script))
                except ConnectorError as e:
                    self.check_error(e, caplog)
        self.check_log(caplog)

    async def test_no_secret_shows_in_what_it_logs(self, way: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        memo = MemoryMemo()
        await self.burst(way, await self.started(way, memo), memo)
        self.check_log(caplog)

    async def test_one_broken_item_loses_one_item(self, way: str) -> None:
        take = self.ways[way]
        if take.items is None:
            assert take.broken is not None, "say where the items are (items=), or record a page with a broken one"
            whole = await self.fetch(way, None, self.now, self.platform(self.script(way, take.pages[0])))
            page = await self.fetch(way, None, self.now, self.platform(self.script(way, take.broken)))
            assert {m.id for m in page.mentions} == {m.id for m in whole.mentions}
            assert page.skipped == 1
            return
        for odd in take.odd:
            answer = self.recorded(take.pages[0])
            whole = await self.fetch(way, None, self.now, self.platform(self.script(way, answer)))
            items = inside(answer, take.items)
            items.insert(len(items) // 2, odd)
            page = await self.fetch(way, None, self.now, self.platform(self.script(way, answer)))
            assert [m.id for m in page.mentions] == [m.id for m in whole.mentions], f"{odd!r} costs more than itself"
            assert page.skipped == whole.skipped + 1, f"{odd!r} was not counted"

    async def test_a_hostile_value_in_any_field_harms_no_other_item(
        self, way: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        take = self.ways[way]
        if take.items is None:
            pytest.skip("its items are not JSON")
        for recorded in take.pages:
            answer = self.recorded(recorded)
            whole = await self.fetch(way, None, self.now, self.platform(self.script(way, answer)))
            seen: set[str] = set()
            for item in inside(answer, take.items):
                for path in leaves(item):
                    name = ".".join(map(str, path))
                    if name not in seen:
                        seen.add(name)
                        await self._survives(way, answer, item, path, {m.id for m in whole.mentions})
        self.check_log(caplog)

    async def _survives(self, way: str, answer: Any, item: Any, path: tuple[Any, ...], ids: set[str]) -> None:
        """A page with a copy of the item for each hostile value; on trouble, one by one to name the value."""

        async def page(values: Sequence[Any]) -> Page:
            spoilt = copy.deepcopy(answer)
            inside(spoilt, self.ways[way].items or "").extend(changed(item, path, v) for v in values)
            return await self.fetch(way, None, self.now, self.platform(self.script(way, spoilt)))

        async def trouble(values: Sequence[Any]) -> str:
            try:
                found = await page(values)
            except Exception as e:
                return f"{type(e).__name__}: {e}"
            if lost := ids - {m.id for m in found.mentions}:
                return f"lost {sorted(lost)}"
            if re.search(r"9999-12-|25340230", json.dumps(found.cursor)):
                return "a time from the far future became the watermark: the source would be blind"
            return ""

        if await trouble(HOSTILE):
            for value in HOSTILE:
                assert not (problem := await trouble([value])), f"{'.'.join(map(str, path))} = {value!r:.80}: {problem}"

    def _failure(self, way: str, name: str) -> Failure:
        case = FAILURES[name]
        if name == "truncated":
            whole, _ = payload(self.folder, self.ways[way].pages[0])
            case = replace(case, answer=whole[: len(whole) // 2])
        own = self.deviates.get(name)
        if own is None:
            return case
        return own if isinstance(own, Failure) else replace(case, raises=own)

    # -------- finding replies

    async def test_it_finds_the_brands_replies_and_nothing_else(self) -> None:
        if self.answered is None:
            pytest.skip("it does not find replies")
        platform = self.platform({**self.answered.script, **self.around})
        waiting = list(self.answered.waiting)
        found = await self.build(platform).replies(waiting, self.now)
        assert {i: r.at for i, r in found.items()} == dict(self.answered.finds)
        assert waiting == list(self.answered.waiting)
        self.check_questions(platform)
        for reply in found.values():
            assert isinstance(reply, Reply)
            assert reply.at <= self.now
            assert reply.url == "" or reply.url.startswith(("https://", "http://"))
            self.check_secrets(repr(reply), "a reply")

    async def test_without_waiting_mentions_nobody_is_asked_for_replies(self) -> None:
        if self.answered is None:
            pytest.skip("it does not find replies")
        platform = self.platform({**self.answered.script, **self.around})
        assert dict(await self.build(platform).replies([], self.now)) == {}
        assert not platform.asked

    async def test_replies_that_cannot_be_looked_up_are_an_error_never_no(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        if self.answered is None:
            pytest.skip("it does not find replies")
        caplog.set_level(logging.DEBUG)
        for failure in ("500", "timeout", "429", "html", "wrong type"):
            if self.deviates.get(failure, ...) is None:
                continue
            platform = self.platform({"*": FAILURES[failure].answer})
            with pytest.raises(ConnectorError) as caught:
                await self.build(platform).replies(list(self.answered.waiting), self.now)
            self.check_error(caught.value, caplog)

    # -------- posting

    async def test_the_same_key_never_answers_twice(self) -> None:
        if self.posts is None:
            pytest.skip("it does not post")
        once = await self._write(MemoryMemo(), "key-1")
        assert len(once) == 1, "one answer is one write"
        memo = MemoryMemo()
        again = await self._write(memo, "key-1") + await self._write(memo, "key-1")
        if len(again) > 1:  # then the platform must be able to tell that it is the same
            assert len({_write_of(a) for a in again}) == 1, "the same key made different writes"
            assert _write_of(again[0]) == _write_of(once[0]), "the write depends on more than its key"
            (other,) = await self._write(MemoryMemo(), "key-2")
            assert _write_of(other) != _write_of(again[0]), "nothing in the write tells one key from another"

    async def test_after_an_unclear_outcome_it_does_not_simply_write_again(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        if self.posts is None:
            pytest.skip("it does not post")
        caplog.set_level(logging.DEBUG)
        memo = MemoryMemo()
        unclear = {self.posts.writes: FAILURES["timeout"].answer, **self.around}
        platform = self.platform({**self.posts.script, **unclear})
        with pytest.raises(ConnectorError) as caught:
            await self.build(platform, memo).reply(self.posts.mention, self.posts.text, "key-1")
        self.check_error(caught.value, caplog)
        first = platform.of(self.posts.writes)
        assert len(first) == 1, "a write is never repeated blindly"
        platform = self.platform({**self.posts.script, **self.around})
        try:
            await self.build(platform, memo).reply(self.posts.mention, self.posts.text, "key-1")
        except ConnectorError:
            assert not platform.of(self.posts.writes)
        writes = platform.of(self.posts.writes)
        reads = [a for a in platform.asked if a.route != self.posts.writes and a.route not in self.around]
        assert not writes or reads or _write_of(writes[0]) == _write_of(first[0]), "it wrote again without looking"

    async def test_a_posted_reply_says_when_and_how_long_it_may_be(self) -> None:
        if self.posts is None:
            pytest.skip("it does not post")
        platform = self.platform({**self.posts.script, **self.around})
        connector = self.build(platform)
        limits = connector.limits(self.posts.mention)
        assert isinstance(limits, ReplyLimits)
        assert limits.length > 0
        reply = await connector.reply(self.posts.mention, self.posts.text, "key-1")
        assert isinstance(reply, Reply)
        self.check_secrets(repr(reply), "a reply")
        self.check_questions(platform)

    async def _write(self, memo: Memo, key: str) -> list[Asked]:
        assert self.posts is not None
        platform = self.platform({**self.posts.script, **self.around})
        await self.build(platform, memo).reply(self.posts.mention, self.posts.text, key)
        return platform.of(self.posts.writes)

    # -------- webhooks

    def test_a_true_delivery_is_read_and_its_key_is_stable(self, hook: str) -> None:
        take = self.hooks[hook]
        connector = self.build(self.platform({}))
        delivery = connector.verify(take.request)
        assert isinstance(delivery, Delivery), delivery
        assert connector.verify(take.request) == delivery
        page = connector.mentions(delivery, self.now)
        self.check_page(page, self.now)
        assert {m.id for m in page.mentions} == set(take.finds)
        assert connector.mentions(delivery, self.now) == page

    def test_a_forged_delivery_is_refused_whatever_was_forged(self, hook: str) -> None:
        take = self.hooks[hook]
        if not take.signed:
            pytest.skip("the platform does not sign")
        connector, body = self.build(self.platform({})), take.request.body
        forged = [replace(take.request, body=body[:-1] + bytes([body[-1] ^ 1])), replace(take.request, headers={})]
        for request in forged:
            refused = connector.verify(request)
            assert isinstance(refused, Refused), "a forged delivery was let in"
            self.check_secrets(repr(refused), "a refusal")

    def test_an_unreadable_delivery_is_a_payload_error_or_skipped(self, hook: str) -> None:
        connector = self.build(self.platform({}))
        for body in (b"", b"{", b"null", b'"canary"', b"[" * 50_000, b'{"surprise": 1}', b"\xff\xfe"):
            try:
                page = connector.mentions(Delivery("key", body), self.now)
            except PayloadError as e:
                self.check_secrets(str(e), "an error")
            else:
                assert not page.mentions

    # -------- access

    async def test_access_says_who_is_logged_in(self, caplog: pytest.LogCaptureFixture) -> None:
        if not issubclass(self.connector, ChecksAccess):
            pytest.skip("it has nothing to log in with")
        caplog.set_level(logging.DEBUG)
        platform = self.platform({**self.access, **self.around})
        access = await self.build(platform).access(self.now)
        assert isinstance(access, Access)
        assert access.account
        self.check_secrets(repr(access), "the access")
        self.check_questions(platform)
        for failure, case in FAILURES.items():
            own = self.deviates.get(failure, case.raises)
            if own is None or failure not in {"500", "timeout", "401"}:
                continue
            with pytest.raises(own.raises if isinstance(own, Failure) else own) as caught:
                await self.build(self.platform({"*": case.answer})).access(self.now)
            self.check_error(caught.value, caplog)


# ---------------------------------------------------------------- looking into values


def _named(names: str | Sequence[str]) -> set[str]:
    return {n.strip() for n in (names.split(",") if isinstance(names, str) else names)}


def _no(reason: str) -> Any:
    return pytest.param(None, marks=pytest.mark.skip(reason=reason))


class _Missing:
    def __repr__(self) -> str:
        return "(missing)"


MISSING = _Missing()

HOSTILE: tuple[Any, ...] = (
    None, MISSING, "", "x", -1, 0, 10**30, 1e308, True, [], {}, [None], ["x"], {"x": None},
    "\u202e\x00<script>alert(1)</script>", "9999-12-31T23:59:59Z", 253402300799, 253402300799000, "253402300799",
    "Fri, 31 Dec 9999 23:59:59 GMT", "javascript:alert(1)", "http://[::1", "<p>" * 2000, "가" * 20_000,
    "half \ud83d",
)  # fmt: skip


def inside(answer: Any, path: str) -> list[Any]:
    """The list of items at a dotted path; digits are positions in a list."""
    for step in filter(None, path.split(".")):
        answer = answer[int(step)] if isinstance(answer, list) else answer[step]
    assert isinstance(answer, list), f"no list at {path!r}"
    return answer


def leaves(item: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to everything in an item, branches too; of lists only the first entry, six levels deep at most."""
    if path:
        yield path
    if len(path) == 6:
        return
    entries = item.items() if isinstance(item, dict) else enumerate(item[:1]) if isinstance(item, list) else ()
    for key, value in entries:
        yield from leaves(value, (*path, key))


def changed(item: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the item with another value at the path."""
    item = copy.deepcopy(item)
    place = item
    for step in path[:-1]:
        place = place[step]
    if value is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return item


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for v in value.values():
            yield from _secrets(v)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for v in value:
            yield from _secrets(v)


def _without_source(trace: str) -> str:
    """A traceback without the lines of code that it quotes: code may say canary, messages may not."""
    return "\n".join(line for line in trace.splitlines() if not line.startswith("    "))


def _write_of(asked: Asked) -> tuple[str, str, bytes, str]:
    keys = sorted(f"{k}={v}" for k, v in asked.headers.items() if "idempot" in k or "key" in k or "nonce" in k)
    return asked.method, str(asked.url), asked.body, " ".join(keys)


# ---------------------------------------------------------------- reading a connector's source

NO_IMPORT = {
    "time", "os", "asyncio", "threading", "subprocess", "socket", "requests", "aiohttp", "urllib.request", "monitor",
    "logging.config", "pathlib", "shutil", "tempfile", "tenacity", "backoff", "schedule",
}  # fmt: skip
NO_CALL = {
    "open", "print", "input", "eval", "exec", "sleep", "now", "utcnow", "today", "getenv", "AsyncClient", "Client",
    "monotonic", "perf_counter",
}  # fmt: skip


def forbidden(source: str) -> Iterator[str]:
    """What a connector must leave to others: clock, sleep, environment, files, clients of its own, swallowed errors."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            yield from (f"{line}: import {a.name}" for a in node.names if _root(a.name) & NO_IMPORT)
        elif isinstance(node, ast.ImportFrom) and _root(node.module or "") & NO_IMPORT:
            yield f"{line}: from {node.module} import ..."
        elif isinstance(node, ast.Call):
            f = node.func
            called = f.id if isinstance(f, ast.Name) else f.attr if isinstance(f, ast.Attribute) else ""
            if called in NO_CALL:
                yield f"{line}: {called}()"
        elif isinstance(node, ast.ExceptHandler):
            names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"everything"}
            if names & {"Exception", "BaseException", "everything"}:
                yield f"{line}: except {', '.join(sorted(names))}"


def _root(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[: i + 1]) for i in range(len(parts))}


__all__ = [
    "FAILURES", "MISSING", "PAYLOADS", "SECRET", "Answered", "Asked", "ConnectorContract", "Failure", "Hook",
    "MemoryMemo", "Platform", "Posting", "Recording", "Script", "forbidden", "inside",
]  # fmt: skip
