"""What Mastodon's API says and how it counts, without asking it anything: shapes, ids, links, limits, lengths.

Sources: https://docs.joinmastodon.org/entities/ and the server's own code (Mastodon::Snowflake,
app/validators/status_length_validator.rb, app/controllers/concerns/rate_limit_headers.rb).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import regex
from pydantic import BaseModel, Field, ValidationError

from connectors.base import MAX_SHORT, as_utc, http_date, web_address

DEFAULT_LENGTH = 500
URL_LENGTH = 23

VISIBILITIES = ("public", "unlisted", "private", "direct")
"""Widest first."""

ID = regex.compile(r"[A-Za-z0-9_-]{1,100}")
"""Numbers on Mastodon, words on other servers; no other server's ids may be compared with them."""

HANDLE = regex.compile(r"[\w.-]{1,200}(?:@[\w.:-]{1,255})?")

Id = Annotated[str, Field(pattern=rf"^{ID.pattern}$")]


# ---------------------------------------------------------------- what the server says


class Account(BaseModel):
    id: Id
    acct: str = ""
    display_name: str | None = ""
    url: str | None = ""
    followers_count: int | None = None
    statuses_count: int | None = None
    moved: Any = None


class Quoted(BaseModel):
    """`Quote`, whole or shallow: the quoted post may be missing when it is not ours to see."""

    quoted_status: Any = None
    quoted_status_id: Any = None


class Status(BaseModel):
    id: Id
    uri: str | None = None
    url: str | None = None
    account: Account
    content: str | None = ""
    spoiler_text: str | None = ""
    created_at: Any = None
    edited_at: Any = None
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    visibility: str | None = None
    language: str | None = None
    replies_count: int | None = None
    reblogs_count: int | None = None
    favourites_count: int | None = None
    quotes_count: int | None = None
    reblog: Any = None
    mentions: Any = None
    quote: Any = None


class Posted(BaseModel):
    """A status that we have just written. Whatever else is missing, it is out."""

    id: Id
    url: str | None = None
    created_at: Any = None


class Notification(BaseModel):
    type: str
    status: Status
    filtered: Any = None


class Found(BaseModel):
    statuses: list[Any]


class Context(BaseModel):
    descendants: list[Any]


class Statuses(BaseModel):
    max_characters: int = Field(default=DEFAULT_LENGTH, ge=1, le=1_000_000)
    characters_reserved_per_url: int = Field(default=URL_LENGTH, ge=1, le=1_000)


class Feeds(BaseModel):
    local: str = "public"
    remote: str = "public"


class Timelines(BaseModel):
    hashtag_feeds: Feeds = Feeds()


class Configuration(BaseModel):
    statuses: Statuses = Statuses()
    timelines_access: Timelines = Timelines()


class Instance(BaseModel):
    domain: str = ""
    configuration: Configuration = Configuration()


# ---------------------------------------------------------------- ids and links


def snowflake(at: datetime) -> int:
    """The lowest status id that Mastodon gives to a post written at this moment: milliseconds, then 16 bits."""
    return int(at.timestamp() * 1000) << 16


def are_snowflakes(items: Iterable[Any]) -> bool:
    """Whether ids are Mastodon's: they hold the time at which the post was written. Other servers' only look so."""
    for item in items:
        number = number_of(id_of(item))
        created = moment(item.get("created_at")) if isinstance(item, dict) else None
        if number is not None and created is not None:
            apart = abs((number >> 16) - created.timestamp() * 1000)
            if apart < timedelta(hours=1) / timedelta(milliseconds=1):
                return True
    return False


def id_of(item: Any) -> str:
    raw = item.get("id") if isinstance(item, dict) else None
    raw = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
    return raw if isinstance(raw, str) and ID.fullmatch(raw) else ""


def number_of(name: str) -> int | None:
    """An id as a number, where it is one that a database could hold; on some servers ids are words."""
    if not (name.isascii() and name.isdecimal() and len(name) <= 19):
        return None
    return int(name)


def newer(items: Sequence[Any], response: httpx.Response) -> str:
    """The id above which newer items stand: as the server says, or the first, since pages are newest first."""
    if not items:
        return ""
    linked = _linked(response, "prev", ("min_id", "since_id"))
    return linked or next(filter(None, map(id_of, items)), "")


def older(items: Sequence[Any], response: httpx.Response) -> str:
    """The id below which older items stand; "" at the end. Servers that link at all link to the next page."""
    if not items:
        return ""
    links = _links(response)
    if links and "next" not in links:
        return ""
    return _linked(response, "next", ("max_id",)) or next(filter(None, map(id_of, reversed(items))), "")


def _links(response: httpx.Response) -> Mapping[Any, Mapping[str, str]]:
    return response.links if len(response.headers.get("link", "")) < 10_000 else {}


def _linked(response: httpx.Response, rel: str, names: Sequence[str]) -> str:
    """The id in a link to another page. Only the id: the token must not travel to an address from an answer."""
    url = _links(response).get(rel, {}).get("url", "")
    try:
        query = parse_qs(urlsplit(url).query, max_num_fields=50)
    except ValueError:
        return ""
    return next((query[n][0] for n in names if n in query and ID.fullmatch(query[n][0])), "")


def is_further(new: str, old: str) -> bool:
    """Whether a page went on; ids that are not numbers have no order, so only standing still is noticed."""
    a, b = number_of(new), number_of(old)
    return new != old if a is None or b is None else a > b


def further(seen: str, at: str) -> str:
    """Where reading has come to; ids that are not numbers come in the order in which they were read."""
    if not at:
        return seen
    a, b = number_of(seen), number_of(at)
    return at if a is None or b is None else str(max(a, b))


def all_before(items: Iterable[Any], until: datetime | None) -> bool:
    if until is None:
        return False
    times = (moment(item.get("created_at")) for item in items if isinstance(item, dict))
    return all(at is None or at < until for at in times)


# ---------------------------------------------------------------- values from outside


def moment(raw: Any) -> datetime | None:
    """An ISO 8601 time as aware UTC; None when it is none."""
    if not isinstance(raw, str) or len(raw) > 50:
        return None
    try:
        return as_utc(datetime.fromisoformat(raw))
    except (ValueError, OverflowError):
        return None


def address(url: str | None) -> str:
    """A web address that people can click on, or ""."""
    url = web_address(url or "")
    try:
        return url if urlsplit(url).hostname else ""
    except ValueError:
        return ""


def whole_handle(acct: str, domain: str) -> str:
    """The API leaves out the domain of the instance's own people."""
    return acct if "@" in acct or not acct else f"{acct}@{domain}"


def identity(status: Status, host: str) -> str:
    """The global name of a post; servers that give none are named by our own."""
    for name in (status.uri, status.url):
        if name and len(name) <= MAX_SHORT and name.isprintable() and not regex.search(r"\s", name) and ":" in name:
            return unicodedata.normalize("NFC", name)
    return f"{host}/{status.id}"


def quote_of(raw: Any) -> tuple[str | None, str | None]:
    """The ids, here, of the quoted post and of its author."""
    try:
        quoted = Quoted.model_validate(raw) if isinstance(raw, dict) else Quoted()
    except ValidationError:
        return None, None
    inside = quoted.quoted_status if isinstance(quoted.quoted_status, dict) else {}
    account = inside.get("account")
    author = id_of(account) or None
    return id_of(inside) or id_of({"id": quoted.quoted_status_id}) or None, author


def named(status: Status) -> set[str]:
    """Ids of the accounts that a post names."""
    people = status.mentions if isinstance(status.mentions, list) else []
    return set(filter(None, map(id_of, people[:1_000])))


def total(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def error_of(response: httpx.Response) -> str:
    """What the server says is wrong, for comparing only: it may repeat anything."""
    try:
        body = response.json() if len(response.content) < 10_000 else {}
    except (ValueError, RecursionError):
        return ""
    return str(body.get("error", "")).lower() if isinstance(body, dict) else ""


def reset_in(response: httpx.Response, now: datetime | None) -> timedelta | None:
    """Until the rate limit's next window: `X-RateLimit-Reset` is an ISO time here, epoch seconds elsewhere.

    Counted from the answer's own `Date` where it has one, so that our clock may be wrong.
    """
    raw = response.headers.get("x-ratelimit-reset", "").strip()
    number = number_of(raw)
    if number is not None and 10**9 < number < 10**10:
        reset: datetime | None = datetime.fromtimestamp(number, UTC)
    else:
        reset = moment(raw)
    sent = http_date(response.headers.get("date", "")) or now
    if reset is None or sent is None:
        return None
    left = reset - sent
    return left if timedelta(0) < left <= timedelta(hours=1) else None


def not_before(response: httpx.Response, reserve: int, now: datetime) -> datetime | None:
    """When to go on, if the server's own counters say that little is left; None while there is enough."""
    left = number_of(response.headers.get("x-ratelimit-remaining", "").strip())
    whole = number_of(response.headers.get("x-ratelimit-limit", "").strip())
    if left is None or left > (reserve if whole is None else min(reserve, whole // 10)):
        return None
    wait = reset_in(response, now)
    return None if wait is None else now + wait


# ---------------------------------------------------------------- what we write


def narrower(ours: str, theirs: str) -> str:
    """The narrower of two visibilities; one that we do not know may be as narrow as any."""
    known = [VISIBILITIES.index(v) if v in VISIBILITIES else len(VISIBILITIES) - 1 for v in (ours, theirs)]
    return VISIBILITIES[max(known)]


def length_of(text: str, url_length: int = URL_LENGTH) -> int:
    """The length of a post as Mastodon counts it: what people see as one character is one, a link is 23 (or what the
    instance says), and the domain of a handle is nothing (app/validators/status_length_validator.rb)."""
    text = URL.sub("x" * url_length, text)
    text = REMOTE.sub(r"@\1", text)
    return sum(1 for _ in regex.finditer(r"\X", text))


URL = regex.compile(r"https?://[^\s/?#@<>\"']+\.[^\s<>\"']*[^\s<>\"'.,:;!?)\]}]", regex.IGNORECASE)
REMOTE = regex.compile(r"(?<![=/\w])@([a-z0-9_]++(?:[.-]++[a-z0-9_]++)*+)@\w++(?:[.-]++\w++)*+", regex.IGNORECASE)


def addressing(handle: str, text: str) -> str:
    """The text with the handle in it, or else nobody is told."""
    if regex.search(rf"(?<![=/\w])@{regex.escape(handle)}(?![\w@]|[.-]\w)", text, regex.IGNORECASE):
        return text
    return f"@{handle} {text}"


def letters(text: str) -> str:
    """A text as it can be compared with what the server made of it: no handles, links, spaces or signs."""
    text = regex.sub(r"(?:@|https?://)\S+", " ", unicodedata.normalize("NFKC", text))
    return "".join(c for c in text.casefold() if c.isalnum())
