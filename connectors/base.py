"""The contract between a platform and the monitor: what a connector is given, and what it gives back.

    Polls             asked again and again: the newest page, then what came since
    FindsReplies      can say which of some mentions the brand has answered
    PostsReply        can answer
    Streams           is told by a connection that stays open
    ReceivesWebhooks  is told by requests to us
    ChecksAccess      can say who it is logged in as, for `monitor check --online`

A connector sleeps, retries, reads the clock, the environment or a file never: `now`, an HTTP client, a memo and the
brand's own accounts are handed in, and its errors say what to do next:

    ConnectorError
      TransientError      network, time-outs, 5xx: wait longer each time
      RateLimitedError    the platform named a time: wait at least that long
      AuthError           credentials are dead: the longest wait at once, tell people once
      GatedError          access is not granted yet: say which form or plan, ask daily
      SettingsError       what rules.yaml asks for cannot work: pause the source, show the message
      PayloadError        an answer that we cannot read: keep the cursor, show a developer where
      ReplyRefusedError   this answer to this mention cannot be given (gone, closed, too long): a person must look

Messages of errors name the place and the problem, never a value that came from outside or a secret.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncIterator, Iterable, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

Cursor = Mapping[str, Any]
"""Where a way continues: JSON values only. It is committed together with the page that it came with."""

MAX_TEXT = 100_000
"""Longest text kept, in characters; no platform we know lets people write more."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Moments outside of these are a platform's mistake, and break arithmetic with time."""

MAX_SHORT = 2_000
"""Longest name, title, address or id kept, in characters."""


# ---------------------------------------------------------------- errors


class ConnectorError(Exception):
    """Something went wrong on the platform's side of the door; the subclass says what to do next."""


class TransientError(ConnectorError):
    """It may well work in a while."""


class RateLimitedError(ConnectorError):
    """The platform asks for patience; `retry_after` is None when it named no time."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AuthError(ConnectorError):
    """The credentials no longer open the door: a person must act."""


class GatedError(ConnectorError):
    """The platform has not granted this access yet: the message says which form, plan or scope is missing."""


class SettingsError(ConnectorError):
    """What rules.yaml asks for cannot work: the message says what to change."""


class PayloadError(ConnectorError):
    """The platform's answer does not have the shape that its documentation promises."""


class ReplyRefusedError(ConnectorError):
    """This answer to this mention cannot be given, now or later: it is gone, closed, or the text does not fit."""


# ---------------------------------------------------------------- values


class Kind(StrEnum):
    """What sort of thing somebody wrote."""

    POST = "post"
    COMMENT = "comment"
    REPLY = "reply"
    REVIEW = "review"
    QUESTION = "question"
    MESSAGE = "message"
    MAIL = "mail"
    ARTICLE = "article"


class Worth(StrEnum):
    """How much a way is worth when a budget runs short, most first."""

    OWNED = "owned"
    ADDRESSED = "addressed"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Author:
    """An account on a platform. `followers` is None when the platform did not say: unknown is not zero."""

    id: str
    handle: str = ""
    name: str = ""
    url: str = ""
    followers: int | None = None

    def __post_init__(self) -> None:
        for name in ("id", "handle", "name", "url"):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        object.__setattr__(self, "followers", whole(self.followers))


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a mention has spread; each figure is None when the platform did not say."""

    likes: int | None = None
    shares: int | None = None
    replies: int | None = None
    views: int | None = None

    def __post_init__(self) -> None:
        for name in ("likes", "shares", "replies", "views"):
            object.__setattr__(self, name, whole(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Mention:
    """One post, comment, review, message or mail.

    `(platform, namespace, id)` is its identity: the namespace is whatever makes the id unique (a feed's address, a
    mailbox, an instance; "" where ids are unique on the whole platform). `local_id` is the name by which *replies*
    call it where that differs from `id`; `in_reply_to` and `conversation` use the same names.

    Text is plain, in NFC, without control characters; naive datetimes are refused.
    """

    platform: str
    id: str
    url: str
    kind: Kind
    author: Author
    text: str
    published: datetime
    namespace: str = ""
    title: str = ""
    language: str | None = None  # ISO 639-1, only if the platform says it
    rating: float | None = None  # 0 (worst) to 1 (best)
    reach: Reach = field(default_factory=Reach)
    conversation: str | None = None
    in_reply_to: str | None = None
    local_id: str | None = None
    edited: datetime | None = None
    deleted: bool = False
    private: bool = False  # never quoted in a channel that is not marked for it
    owned: bool = False  # on our own page, shop or inbox: needs no keyword
    addressed: bool = False  # to us, by handle, reply or direct message
    ours: bool = False  # written by us: never a mention, but it answers the one it replies to
    time_uncertain: bool = False  # the platform gave no usable time: `published` is when we found it
    window_ends_at: datetime | None = None  # after this moment the platform takes no reply
    ref: Mapping[str, str] = field(default_factory=dict)  # what the connector needs to find or answer it

    def __post_init__(self) -> None:
        for name in ("published", "edited", "window_ends_at"):
            _refuse_naive(name, getattr(self, name))
        if not self.id:
            raise ValueError("Mention.id is empty")
        if self.rating is not None and not 0 <= self.rating <= 1:
            raise ValueError("Mention.rating lies outside 0..1")
        for name in ("id", "namespace", "conversation", "in_reply_to", "local_id"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, sound(value))
        object.__setattr__(self, "published", max(self.published, EARLIEST))
        for name in ("edited", "window_ends_at"):
            moment = getattr(self, name)
            if moment is not None and not EARLIEST <= moment <= LATEST:
                object.__setattr__(self, name, None)
        object.__setattr__(self, "text", plain(self.text)[:MAX_TEXT])
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "url", web_address(self.url))
        if self.language is not None:
            object.__setattr__(self, "language", language_code(self.language))

    @property
    def answer_id(self) -> str:
        """The name by which a reply calls this mention."""
        return self.local_id or self.id


@dataclass(frozen=True, slots=True)
class Way:
    """One way in of a source. `cost` is the price of one fetch in the platform's own units."""

    name: str
    every: timedelta
    worth: Worth = Worth.KEYWORD
    cost: float = 1


@dataclass(frozen=True, slots=True)
class Page:
    """What one fetch found, and where to go on.

    more      there is more to read right now: fetch again at once with `cursor`
    skipped   items that could not be read; one odd post loses one post
    spent     units used, where the platform counts them
    gap       words for people when something may have been missed ("more than 10,000 results"), else None
    not_before  the platform's own counters say: not before this moment
    """

    mentions: Sequence[Mention] = ()
    cursor: Cursor | None = None
    more: bool = False
    skipped: int = 0
    spent: float = 0
    gap: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that the brand gave, with the platform's own time of it."""

    at: datetime
    by: str = ""
    url: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        _refuse_naive("at", self.at)


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """What an answer to one mention may look like. `unit` is what the platform counts `length` in."""

    length: int
    unit: Literal["characters", "graphemes", "bytes"]
    window_ends_at: datetime | None = None
    allowed: Literal["automatic", "human", "none"] = "human"


@dataclass(frozen=True, slots=True)
class Access:
    """Who a source is logged in as, in words, and what the operator should know about it."""

    account: str
    warnings: Sequence[str] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """A request as it came in: the body is raw, since signatures are computed over raw bytes."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request that proved where it comes from. `key` is the same for the same delivery sent twice."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Challenge:
    """The platform wants to see that the address is ours: answer with exactly this."""

    body: str
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Refused:
    """The request is not what it claims to be; `reason` is for our log, never for the sender."""

    reason: str
    status: int = 401


# ---------------------------------------------------------------- powers


class Memo(Protocol):
    """What a source must remember besides cursors (a session, a refresh token that changes at each use)."""

    def locked(self) -> AbstractAsyncContextManager[MutableMapping[str, Any]]:
        """One holder at a time; what stands in the mapping at the end is committed at once, also after an error."""
        ...


@runtime_checkable
class Polls(Protocol):
    def ways(self) -> Sequence[Way]:
        """The ways in that these settings open."""
        ...

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        """The next page of a way; with no cursor the newest page, since a source starts here and now."""
        ...


@runtime_checkable
class FindsReplies(Protocol):
    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        """Which of these mentions the brand has answered, by `Mention.id`; the earliest answer of each."""
        ...


@runtime_checkable
class PostsReply(Protocol):
    def limits(self, mention: Mention) -> ReplyLimits: ...

    async def reply(self, mention: Mention, text: str, key: str) -> Reply:
        """Answer once: the same key never answers twice."""
        ...


@runtime_checkable
class Streams(Protocol):
    def stream(self, way: Way, cursor: Cursor | None, now: datetime) -> AsyncIterator[Page]: ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    def verify(self, request: Inbound) -> Delivery | Challenge | Refused: ...

    def mentions(self, delivery: Delivery, now: datetime) -> Page: ...


@runtime_checkable
class ChecksAccess(Protocol):
    async def access(self, now: datetime) -> Access:
        """Try the credentials; raise the error that a fetch would raise."""
        ...


# ---------------------------------------------------------------- the connector


class Settings(BaseModel):
    """What stands under `settings:` of a source. Unknown keys are refused; secrets are `SecretStr`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


S = TypeVar("S", bound=Settings)
M = TypeVar("M")


class Connector(Generic[S]):
    """What platforms have in common: asking a question, and reading the answer.

    Subclasses name their `Settings`, and implement the powers that they have.
    """

    Settings: ClassVar[type[Settings]] = Settings
    agent: ClassVar[str] = "mention-monitor/0.1 (self-hosted brand monitor)"

    def __init__(self, settings: S, *, http: httpx.AsyncClient, memo: Memo, accounts: Sequence[str] = ()) -> None:
        self.settings = settings
        self.http = http
        self.memo = memo
        self.accounts = tuple(accounts)

    async def get(
        self,
        shape: type[M],
        url: str,
        *,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> M:
        """Ask and read in one call. Errors: whatever `send` and `read` raise."""
        return self.read(shape, await self.send("GET", url, params=params, headers=headers))

    async def send(
        self,
        method: str,
        url: str,
        *,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """One request; network trouble and bad status codes become errors that say what to do next."""
        try:
            response = await self.http.request(
                method,
                url,
                params=params,
                headers={"User-Agent": self.agent, **(headers or {})},
                json=json,
                data=data,
            )
        except httpx.UnsupportedProtocol as e:
            # Where the client will not go. It says why in words of its own, without the address.
            raise SettingsError(str(e)) from None
        except httpx.TransportError as e:
            # The exception's own text may hold the address, and with it a key.
            raise TransientError(f"no answer: {type(e).__name__}") from None
        except (httpx.InvalidURL, httpx.TooManyRedirects) as e:
            raise SettingsError(f"the address cannot be used: {type(e).__name__}") from None
        except httpx.DecodingError as e:
            # Too large, or broken compression: words of the client and of zlib, never a part of the answer.
            raise PayloadError(str(e)) from None
        self.check(response)
        return response

    def check(self, response: httpx.Response) -> None:
        """Turn a status code into an error. Override where a platform answers 200 with an error inside."""
        code = response.status_code
        if code < 400:
            return
        where = f"{response.request.method} {response.request.url.host}{response.request.url.path}: HTTP {code}"
        if code == 429:
            raise RateLimitedError(where, retry_after(response))
        if code in {401, 403}:
            raise AuthError(where)
        if code in {404, 410}:
            raise SettingsError(where)
        if code >= 500 or code in {408, 425}:
            if "retry-after" in response.headers and code == 503:
                raise RateLimitedError(where, retry_after(response))
            raise TransientError(where)
        raise SettingsError(where)

    def read(self, shape: type[M], response: httpx.Response) -> M:
        """The answer as `shape`; an answer that is no JSON, or has another shape, is a `PayloadError`."""
        adapter = _adapter(shape)
        try:
            try:
                return adapter.validate_json(response.content)
            except ValidationError:
                # One post with half a character in it must not make the whole page unreadable.
                if (mended := _mended(response.content)) is None:
                    raise
                return adapter.validate_json(mended)
        except ValidationError as e:
            raise PayloadError(f"{getattr(shape, '__name__', shape)}: {problems(e)}") from None
        except RecursionError:
            raise PayloadError("the answer is nested too deeply") from None


def _mended(content: bytes) -> bytes | None:
    """The same JSON without a byte order mark, and with `?` for lone surrogates ("\\ud83d", left by platforms that cut
    texts in UTF-16) and broken UTF-8; None when it is no JSON at all."""
    try:
        value = json.loads(content.decode("utf-8-sig", "replace"))
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    except ValueError:
        return None


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(shape: type[M]) -> TypeAdapter[M]:
    if shape not in _adapters:
        _adapters[shape] = TypeAdapter(shape)
    return _adapters[shape]


def readable(items: Iterable[Any], shape: type[M]) -> tuple[list[M], int]:
    """The items that have the shape, and how many have not: one odd post loses one post."""
    good: list[M] = []
    skipped = 0
    for item in items:
        try:
            good.append(_adapter(shape).validate_python(item))
        except (ValidationError, RecursionError):
            skipped += 1
    return good, skipped


def problems(error: ValidationError) -> str:
    """Where and what, never the value: it may be a customer's text or a token."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['type']}" for e in found[:3])


def retry_after(response: httpx.Response) -> timedelta | None:
    """`Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3); None when absent or unreadable.

    A date is counted from the answer's own `Date`, so that our clock may be wrong.
    """
    raw = response.headers.get("retry-after", "").strip()
    if raw.isascii() and raw.isdigit():
        return timedelta(seconds=min(int(raw[:12]), 10**8))
    moment, sent = http_date(raw), http_date(response.headers.get("date", ""))
    if moment is None or sent is None:
        return None
    return max(timedelta(0), moment - sent)


def http_date(raw: str) -> datetime | None:
    """An HTTP or mail date as aware UTC; None when it is not one."""
    try:
        moment = parsedate_to_datetime(raw)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return as_utc(moment)


# ---------------------------------------------------------------- text, time and numbers from outside


def as_utc(moment: datetime) -> datetime:
    """Aware UTC; a time without a zone is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def plain(text: str) -> str:
    """NFC, line breaks as LF, no control characters, no lone surrogates: a text that every later step can hold."""
    text = text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isprintable():
        text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", text).strip()


def sound(text: str) -> str:
    """An id as it is, but for what no database holds: NUL and half characters."""
    return text if text.isprintable() else text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def one_line(text: str) -> str:
    """A name, a title, an id: one line, at most `MAX_SHORT` characters."""
    return " ".join(plain(text[: MAX_SHORT * 4]).split())[:MAX_SHORT]


def web_address(url: str) -> str:
    """The address if it is http or https, else "": people will click on it."""
    url = one_line(url).replace(" ", "%20")
    return url if url.lower().startswith(("https://", "http://")) else ""


def language_code(tag: str) -> str | None:
    """The ISO 639-1 part of a language tag (ko-KR: ko); None when it has none."""
    code = tag.strip().lower().replace("_", "-").partition("-")[0]
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def whole(number: int | None) -> int | None:
    """A count as platforms give it: negative or absurd ones are unknown."""
    return number if number is not None and 0 <= number < 2**53 else None


def not_after(mention: Mention, now: datetime) -> Mention:
    """The same mention with a time from the future set to `now`."""
    return replace(mention, published=now, time_uncertain=True) if mention.published > now else mention


def _refuse_naive(name: str, moment: datetime | None) -> None:
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone")
