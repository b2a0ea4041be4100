"""What services of the AT Protocol share: a session that is kept, questions by XRPC, errors, counters, record keys.

https://atproto.com/specs/xrpc, https://atproto.com/specs/tid
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from connectors import base
from connectors.base import (
    AuthError,
    Connector,
    ConnectorError,
    RateLimitedError,
    SettingsError,
    TransientError,
    http_date,
    retry_after,
)

M = TypeVar("M")
B = TypeVar("B", bound=BaseModel)
Params = Sequence[tuple[str, str]]

DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,250}")
HANDLE = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")

EARLY = timedelta(minutes=5)
"""A session is renewed this long before it ends."""

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LOGINS_IN_5_MIN, LOGINS_IN_A_DAY = 10, 100
"""A third of what the platform allows one account: people may want to log in too."""

REFUSED_FOR = timedelta(hours=1)
"""A refused password is not tried again sooner, unless rules.yaml holds another one."""

STALE = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired"})
CLOSED = {
    "AccountTakedown": "taken down",
    "AccountSuspended": "suspended",
    "AccountDeactivated": "deactivated",
}
GONE = frozenset({
    "NotFound", "RecordNotFound", "RepoNotFound", "RepoTakendown", "RepoSuspended", "RepoDeactivated", "BlockedActor",
    "BlockedByActor",
})  # fmt: skip
UNKNOWN_CALL = frozenset({"MethodNotImplemented", "XRPCNotSupported"})
KNOWN = STALE | GONE | UNKNOWN_CALL | CLOSED.keys() | {
    "AuthFactorTokenRequired", "InvalidRequest", "BadQueryString", "InvalidSwap", "RateLimitExceeded", "Forbidden",
    "UpstreamFailure", "UpstreamTimeout", "NotEnoughResources", "InternalServerError",
}  # fmt: skip


class StaleTokenError(AuthError):
    """The token is not (or no longer) good: a new one may be."""


class MissingError(SettingsError):
    """What was asked for by name is not there, or not to be seen by this account."""


class Settings(base.Settings):
    """
    handle        the brand's handle (lumi.example) or DID
    app_password  made under Settings > Privacy and security > App passwords; never the main password
    service       where the account logs in; only a self-hosted account needs another one
    """

    handle: str
    app_password: SecretStr = Field(min_length=1)
    service: str = "https://bsky.social"

    @field_validator("handle")
    @classmethod
    def _handle(cls, given: str) -> str:
        name = account_name(given)
        if not name:
            raise ValueError("a handle such as lumi.example, or a DID")
        return name

    @field_validator("service")
    @classmethod
    def _service(cls, given: str) -> str:
        place = origin(given)
        if not place or given.rstrip("/") != place:
            raise ValueError("an https address without path, user or key")
        if re.search(r"//([\w-]+\.)*api\.bsky\.app$", place):
            raise ValueError(
                "this host refuses search even to those who are logged in: name the one that you log in at"
            )
        return place


class Session(BaseModel):
    """A login that is kept in the memo. `renew_at` and `ends_at` are counted by our clock, not by the service's."""

    model_config = ConfigDict(frozen=True)

    of: str  # which handle and password it was made with
    did: str
    handle: str
    pds: str
    access: str = Field(repr=False)
    refresh: str = Field(repr=False)
    renew_at: datetime
    ends_at: datetime
    main_password: bool = False


class Logins(BaseModel):
    """What became of our logins: the platform allows few of them."""

    asked: list[datetime] = []
    of: str = ""
    wait_until: datetime | None = None
    error: str = ""
    why: str = ""

    def again(self) -> ConnectorError:
        """The error of the last login, for those who ask too soon."""
        if self.error == "AuthError":
            return AuthError(f"{self.why}; not asked again before {self.wait_until:%H:%M} UTC")
        if self.error == "SettingsError":
            return SettingsError(self.why)
        return TransientError(f"a login failed a moment ago: {self.why}")


class _Tokens(BaseModel):
    accessJwt: str = Field(min_length=1, max_length=20_000)
    refreshJwt: str = Field(min_length=1, max_length=20_000)
    did: str = Field(pattern=rf"^{DID.pattern}$")
    handle: Any = ""
    didDoc: Any = None
    active: Any = True
    status: Any = None


class Visit:
    """One visit to the service: who we are there, how often we asked, and what its counters said."""

    def __init__(self, session: Session | None, now: datetime) -> None:
        self.session = session  # None: as a stranger
        self.now = now
        self.calls = 0
        self.not_before: datetime | None = None

    @property
    def did(self) -> str:
        return self.session.did if self.session else ""

    def hear(self, response: httpx.Response) -> None:
        """`RateLimit-*`: when less than a twentieth is left, the rest is for those who reply."""
        limit, left = (number(response.headers.get(f"ratelimit-{name}")) for name in ("limit", "remaining"))
        wait = until_reset(response, self.now)
        if left is not None and wait and left <= max(10, (limit or 0) // 20):
            self.not_before = max(self.not_before or self.now, self.now + wait)


A = TypeVar("A", bound=Settings)


class AtProto(Connector[A]):
    """Sessions and XRPC."""

    async def visit(self, now: datetime, *, patient: bool = True) -> Visit:
        """Come in with the session that we have, or a new one. `patient=False`: a person asks, a refusal may be old."""
        return Visit(await self._session(now, patient=patient), now)

    async def query(self, visit: Visit, shape: type[M], method: str, params: Params = ()) -> M:
        return self.read(shape, await self._ask(visit, "GET", method, params=list(params)))

    async def procedure(self, visit: Visit, shape: type[M], method: str, given: Any) -> M:
        return self.read(shape, await self._ask(visit, "POST", method, json=given))

    async def time_of_service(self) -> datetime:
        """The service's own time, for those who are not told `now`."""
        response = await self.send("GET", f"{self.settings.service}/xrpc/com.atproto.server.describeServer")
        moment = http_date(response.headers.get("date", ""))
        if moment is None:
            raise base.PayloadError("the service's answer has no date")
        return moment

    async def _ask(self, visit: Visit, http_method: str, method: str, **what: Any) -> httpx.Response:
        session = visit.session
        if session is None:
            raise AuthError("nobody is logged in")
        try:
            response = await self._say(visit, http_method, method, session, **what)
        except StaleTokenError:
            visit.session = session = await self._session(visit.now, worn=session.access)
            response = await self._say(visit, http_method, method, session, **what)
        return response

    async def _say(
        self, visit: Visit, http_method: str, method: str, session: Session, *, params: Any = None, json: Any = None
    ) -> httpx.Response:
        visit.calls += 1
        response = await self.send(
            http_method,
            f"{session.pds}/xrpc/{method}",
            params=params,
            json=json,
            headers={"Authorization": f"Bearer {session.access}"},
        )
        visit.hear(response)
        return response

    # -------- the session

    async def _session(self, now: datetime, *, worn: str = "", patient: bool = True) -> Session:
        """The session; `worn` is an access token that was refused.

        All of it under the memo's lock: of many ways that find the session old, one renews it and the others get
        what that one got.
        """
        async with self.memo.locked() as m:
            held = _kept(Session, m.get("session"))
            if held and held.of != self._fingerprint():
                held = None
            if held and held.access != worn and now < held.renew_at:
                return held
            session = await self._refreshed(held, worn, now) if held else None
            session = session or await self._login(m, now, patient=patient)
            m["session"] = session.model_dump(mode="json")
            m["dids"] = {**mapping(m.get("dids")), self.settings.handle: {"did": session.did, "at": now.isoformat()}}
            return session

    async def _refreshed(self, held: Session, worn: str, now: datetime) -> Session | None:
        """The session renewed; as it was if the service is out of order and it still holds; None if it is over."""
        try:
            response = await self.send(
                "POST",
                f"{held.pds}/xrpc/com.atproto.server.refreshSession",
                headers={"Authorization": f"Bearer {held.refresh}"},
            )
            return self._opened(self.read(_Tokens, response), now, pds=held.pds)
        except (StaleTokenError, SettingsError):
            return None
        except (TransientError, RateLimitedError):
            if held.access != worn and now < held.ends_at:
                return held
            raise

    async def _login(self, m: MutableMapping[str, Any], now: datetime, *, patient: bool) -> Session:
        of = self._fingerprint()
        past = _kept(Logins, m.get("logins")) or Logins()
        if past.of == of and past.wait_until and now < past.wait_until and (patient or past.error != "AuthError"):
            if past.error == "RateLimitedError":
                raise RateLimitedError("logins are refused for now", past.wait_until - now)
            raise past.again()
        asked = sorted(t for t in past.asked if now - DAY < t <= now)
        for most, length in ((LOGINS_IN_5_MIN, 5 * MINUTE), (LOGINS_IN_A_DAY, DAY)):
            lately = [t for t in asked if now - t < length]
            if len(lately) >= most:
                raise RateLimitedError("too many logins: the platform counts them", lately[-most] + length - now)
        logins = Logins(asked=[*asked, now], of=of)
        try:
            session = await self._create(now)
        except ConnectorError as e:
            wait = REFUSED_FOR if isinstance(e, AuthError) else MINUTE
            if isinstance(e, RateLimitedError):
                wait = e.retry_after or 5 * MINUTE
            kind = next(c.__name__ for c in (AuthError, RateLimitedError, SettingsError, ConnectorError)
                        if isinstance(e, c))  # fmt: skip
            logins = logins.model_copy(update={"wait_until": now + wait, "error": kind, "why": str(e)})
            raise
        finally:
            m["logins"] = logins.model_dump(mode="json")
        return session

    async def _create(self, now: datetime) -> Session:
        try:
            response = await self.send(
                "POST",
                f"{self.settings.service}/xrpc/com.atproto.server.createSession",
                json={
                    "identifier": self.settings.handle,
                    "password": self.settings.app_password.get_secret_value(),
                },
            )
        except StaleTokenError:
            raise AuthError("the service refused the handle and its app password") from None
        return self._opened(self.read(_Tokens, response), now)

    def _opened(self, tokens: _Tokens, now: datetime, pds: str = "") -> Session:
        refuse_closed(tokens.active, tokens.status)
        said = claims(tokens.accessJwt)
        start, end = said.get("iat"), said.get("exp")
        lasts = timedelta(hours=1)
        if isinstance(start, int) and isinstance(end, int) and 0 < end - start < 30 * 86_400:
            lasts = timedelta(seconds=end - start)
        handle = tokens.handle if isinstance(tokens.handle, str) and HANDLE.fullmatch(tokens.handle) else ""
        return Session(
            of=self._fingerprint(),
            did=tokens.did,
            handle=handle,
            pds=home(tokens.didDoc, self.settings.service) or pds or self.settings.service,
            access=tokens.accessJwt,
            refresh=tokens.refreshJwt,
            renew_at=now + max(lasts - EARLY, lasts / 2),
            ends_at=now + lasts,
            main_password=said.get("scope") == "com.atproto.access",
        )

    def _fingerprint(self) -> str:
        """Tells one handle and password from another, and is too short to tell anybody the password."""
        s = self.settings
        said = "\0".join((s.service, s.handle, s.app_password.get_secret_value()))
        return hashlib.sha256(said.encode()).hexdigest()[:8]

    # -------- errors

    def check(self, response: httpx.Response) -> None:
        code = response.status_code
        if code < 300:
            return
        name = error_name(response)
        asked = response.request
        where = f"{asked.method} {asked.url.host}{asked.url.path}: HTTP {code} {name}".rstrip()
        if code == 429:
            raise RateLimitedError(where, retry_after(response) or until_reset(response))
        if name in CLOSED:
            raise AuthError(f"the account is {CLOSED[name]}")
        if name == "AuthFactorTokenRequired":
            raise AuthError("this is the account's main password, which needs a code by mail: make an app password")
        if name in STALE or code == 401:
            raise StaleTokenError(where)
        if name in GONE:
            raise MissingError(where)
        if code == 403 and not name:
            # A gate before the API: search on the public hosts answers so whoever asks. No word about our login.
            raise TransientError(f"{where}: refused before the API was reached, which says nothing about the login")
        if code == 501 or name in UNKNOWN_CALL:
            raise SettingsError(f"{where}: this host does not know the call; is `service` where the account logs in?")
        if code < 400:
            raise SettingsError(f"{where}: moved elsewhere")
        if code == 400:
            raise SettingsError(where)
        super().check(response)


# ---------------------------------------------------------------- reading what services say


def error_name(response: httpx.Response) -> str:
    """The name of the error; "" when it has none, "unknown" when it is none of those that we know."""
    if len(response.content) > 100_000:
        return ""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    name = body.get("error") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name:
        return ""
    return name if name in KNOWN else "unknown"


def refuse_closed(active: Any, status: Any) -> None:
    """An account that is not active can do nothing, although it may be logged in."""
    if active is False:
        known = {"takendown": "taken down", "suspended": "suspended", "deactivated": "deactivated"}
        raise AuthError(f"the account is {known.get(str(status), 'not active')}")


def until_reset(response: httpx.Response, now: datetime | None = None) -> timedelta | None:
    """How long until `RateLimit-Reset` (seconds since 1970), by the answer's own clock if it has one, else by `now`;
    None when it does not say."""
    reset, sent = number(response.headers.get("ratelimit-reset")), http_date(response.headers.get("date", "")) or now
    if reset is None or sent is None:
        return None
    wait = reset - sent.timestamp()
    return timedelta(seconds=wait) if 0 <= wait <= 86_400 else None


def number(raw: str | None) -> int | None:
    raw = (raw or "").strip()
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 12 else None


def claims(token: str) -> dict[str, Any]:
    """What a JWT says of itself, unverified; empty when it is none."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        said = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        return {}
    return said if isinstance(said, dict) else {}


def home(document: Any, service: str) -> str:
    """The address of the account's PDS in its DID document; "" when there is none that may be used."""
    entries = document.get("service") if isinstance(document, dict) else None
    for entry in entries[:50] if isinstance(entries, list) else []:
        if isinstance(entry, dict) and str(entry.get("id")).endswith("#atproto_pds"):
            place = origin(entry.get("serviceEndpoint"))
            # Plain http is for a service on this very machine, and then only by its own word.
            return place if place.startswith("https:") or service.startswith("http:") else ""
    return ""


def origin(address: Any) -> str:
    """scheme://host[:port] of an address; "" unless it is https (or http to this very machine) without user or key."""
    try:
        url = httpx.URL(address) if isinstance(address, str) else None
    except (httpx.InvalidURL, ValueError):
        url = None
    if url is None or not url.host or url.userinfo or url.query or url.fragment:
        return ""
    if url.scheme != "https" and not (url.scheme == "http" and url.host in {"localhost", "127.0.0.1", "::1"}):
        return ""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def account_name(given: str) -> str:
    """A handle (without "@", in lower case) or DID; "" when it is neither."""
    name = given.strip()
    if DID.fullmatch(name):
        return name
    name = name.removeprefix("@").lower()
    return name if HANDLE.fullmatch(name) else ""


def _kept(shape: type[B], value: Any) -> B | None:
    """What stood in the memo; None when it is not there or cannot be read (then it is made anew)."""
    try:
        return shape.model_validate(value)
    except ValidationError:
        return None


def mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


# ---------------------------------------------------------------- record keys

DIGITS = "234567abcdefghijklmnopqrstuvwxyz"


def tid(moment: datetime, clock: int) -> str:
    """A timestamp identifier: microseconds since 1970 and a clock id (0-1023) as 13 digits of base 32."""
    value = (_micros(moment) << 10 | clock & 1023) & (2**63 - 1)
    return "".join(DIGITS[value >> shift & 31] for shift in range(60, -1, -5))


def tid_moment(key: str) -> datetime | None:
    """The moment in a TID; None when it is none, or its moment is not one of this platform's years."""
    if not re.fullmatch(r"[2-7a-j][2-7a-z]{12}", key):
        return None
    value = 0
    for digit in key:
        value = value << 5 | DIGITS.index(digit)
    micros = value >> 10
    if not _micros(datetime(2022, 1, 1, tzinfo=UTC)) < micros < _micros(datetime(2100, 1, 1, tzinfo=UTC)):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
