"""The one door to the web: an httpx client that strangers cannot lead astray or fill up.

Every request, and every redirect again, goes through `GuardedTransport`. It resolves the host, refuses what is not on
the open internet unless rules.yaml lists it, and connects to the very address that it checked, so that a name whose
answer changes in between (DNS rebinding) gains nothing. Bodies are read whole, decoded, within a size and a time, and
no host gets more than two places at once, so that a slow one delays nobody else.

One request can set limits of its own: `extensions={"max_bytes": 20_000_000, "max_seconds": 60}`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar
from ipaddress import ip_address
from typing import Any

import httpx

from monitor.http.addresses import Address, allowed, host_name, is_public
from monitor.http.bodies import Body, BodyTooLargeError, is_text_encoding
from monitor.http.places import Places

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses as text; raises OSError for a name that does not exist."""

PRIVATE = "the address is private; list it under network: allow_private to permit it"

CODINGS = "gzip, deflate"
"""What we can decode piece by piece."""

MAX_REDIRECT_BYTES = 64 * 1024
"""Nobody reads a redirect's body, but httpx keeps one for each hop."""

KEEP_ALIVE_SECONDS = 15.0

ADDRESSES_TRIED = 3
FALLBACK_SECONDS = 4.0
"""How long an address may take to accept a connection while there is another one to try."""

STEPS_AT_ONCE = 20
"""A hostile body can come in crumbs of one byte or unpack to megabytes: others get their turn in between."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Most that one answer may cost, and how many are read at once. Times are in seconds."""

    max_bytes: int = 8 * 2**20  # decoded
    max_seconds: float = 15  # from the look-up to the last byte, all redirects together
    max_wait: float = 30  # for a place, before that
    per_host: int = 2
    total: int = 40


class RefusedAddressError(httpx.UnsupportedProtocol):
    """We do not go there; the message says why, without the address."""


class ExchangeTimeout(httpx.ReadTimeout):
    """The answer was not complete in time, however busily it dripped."""


class NoCookies(CookieJar):
    """Keeps nothing: sources share the client, and must not share what a host wants remembered."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        pass

    def set_cookie(self, cookie: Any) -> None:
        pass


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """Reading the certificates takes 20 ms, so it is done once. Honours SSL_CERT_FILE and SSL_CERT_DIR."""
    return httpx.create_ssl_context()


def make_client(
    *,
    allow_private: Sequence[str] = (),
    resolver: Resolver | None = None,
    bounds: Bounds | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> httpx.AsyncClient:
    """The client that all connectors share. Redirects are followed only where a request asks for it.

    Errors: ValueError, for an entry of `allow_private` that is neither a host nor a network.
    """
    return httpx.AsyncClient(
        transport=GuardedTransport(
            allow_private=allow_private, resolver=resolver, bounds=bounds, ssl_context=ssl_context
        ),
        trust_env=False,  # no proxy and no .netrc that nobody asked for
        cookies=NoCookies(),
        timeout=httpx.Timeout(20, connect=10),
        follow_redirects=False,
        max_redirects=5,
        headers={"Accept-Encoding": CODINGS},
    )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Checks where a request goes, and bounds what comes back.

    Errors, besides httpx's own: `RefusedAddressError`, `BodyTooLargeError`, `ExchangeTimeout`, and `httpx.PoolTimeout`
    when there was no place.
    """

    def __init__(
        self,
        *,
        allow_private: Sequence[str] = (),
        resolver: Resolver | None = None,
        bounds: Bounds | None = None,
        ssl_context: ssl.SSLContext | None = None,
        open_transport: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._allowed = allowed(allow_private)
        self._bounds = bounds or Bounds()
        self._ssl_context = ssl_context
        self._places = Places(
            per_host=self._bounds.per_host,
            total=self._bounds.total,
            max_wait=self._bounds.max_wait,
            max_idle=KEEP_ALIVE_SECONDS,
            open_transport=open_transport or self._open,
        )
        # Threads of our own: a name server that does not answer holds a thread for half a minute, and the loop's
        # default executor has only a few of them.
        self._threads = ThreadPoolExecutor(self._bounds.total, thread_name_prefix="resolve")
        self._resolve = resolver or self._look_up

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, port = _target(request.url)
        seconds: float = request.extensions.get("max_seconds", self._bounds.max_seconds)
        async with self._places.at(host) as transport:
            loop = asyncio.get_running_loop()
            ends_at = loop.time() + seconds
            try:
                async with asyncio.timeout_at(ends_at):
                    response = await self._exchange(transport, request, host, port)
            except TimeoutError:
                raise ExchangeTimeout("the answer was not complete in time") from None
        if response.has_redirect_location:
            # httpx hands these to the request that follows, which gets what is left of the time.
            request.extensions = {**request.extensions, "max_seconds": ends_at - loop.time()}
        return response

    async def aclose(self) -> None:
        await self._places.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _exchange(
        self, transport: httpx.AsyncBaseTransport, request: httpx.Request, host: str, port: int
    ) -> httpx.Response:
        addresses = await self._checked(host, port)
        answer = await self._connect(transport, request, host, addresses)
        try:
            limit: int = request.extensions.get("max_bytes", self._bounds.max_bytes)
            if answer.has_redirect_location:
                limit = min(limit, MAX_REDIRECT_BYTES)
            body = await _read(answer, limit, has_body=request.method != "HEAD" and answer.status_code != 304)
        finally:
            await answer.aclose()
        return _plain_response(answer, body)

    async def _connect(
        self,
        transport: httpx.AsyncBaseTransport,
        request: httpx.Request,
        host: str,
        addresses: Sequence[Address],
    ) -> httpx.Response:
        """Sends the request to the first address that accepts a connection."""
        headers = httpx.Headers(request.headers)
        headers["Accept-Encoding"] = CODINGS
        timeout: dict[str, float | None] = dict(request.extensions.get("timeout", {}))
        for i, address in enumerate(addresses, 1):
            is_last = i == len(addresses)
            patience = (
                timeout if is_last else {**timeout, "connect": min(timeout.get("connect") or 60, FALLBACK_SECONDS)}
            )
            try:
                return await transport.handle_async_request(
                    httpx.Request(
                        request.method,
                        request.url.copy_with(host=str(address)),
                        headers=headers,  # with the Host that the client wrote
                        stream=request.stream,
                        extensions={**request.extensions, "timeout": patience, "sni_hostname": host},
                    )
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if is_last:
                    raise
        raise httpx.ConnectError("the host has no address")

    async def _checked(self, host: str, port: int) -> Sequence[Address]:
        """Addresses of the host, in the order to try them. A single one that is private spoils them all."""
        try:
            found = [ip_address(host)]
        except ValueError:
            try:
                found = list(dict.fromkeys(map(ip_address, await self._resolve(host, port))))
            except (OSError, ValueError):
                raise httpx.ConnectError("the host's name cannot be resolved") from None
        for address in found:
            if not is_public(address) and not any(a.permits(host, port, address) for a in self._allowed):
                raise RefusedAddressError(PRIVATE)
        # After the first the other family: a machine may have an IPv6 address and no way out with it.
        others = sorted(found[1:], key=lambda address: address.version == found[0].version)
        return [*found[:1], *others][:ADDRESSES_TRIED]

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_, address in found]

    def _open(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(
            verify=self._ssl_context or shared_ssl_context(),
            trust_env=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE_SECONDS),
        )


def _target(url: httpx.URL) -> tuple[str, int]:
    """Host and port that the address names.

    The host is spelt as in DNS and certificates. Errors: `RefusedAddressError`.
    """
    if url.scheme not in {"http", "https"}:
        raise RefusedAddressError("the address begins with neither https:// nor http://")
    if url.userinfo:
        raise RefusedAddressError("the address holds a user name or a password")
    host = host_name(url.raw_host.decode("ascii"))
    if not host:
        raise RefusedAddressError("the address names no host")
    port = url.port if url.port is not None else {"http": 80, "https": 443}[url.scheme]
    if not 0 < port < 65536:  # httpx lets any number through
        raise RefusedAddressError("the address names a port that cannot be")
    return host, port


async def _read(answer: httpx.Response, limit: int, *, has_body: bool) -> bytes:
    """The whole body, decoded."""
    declared = answer.headers.get("content-length", "")
    if has_body and declared.isdecimal() and int(declared[:20]) > limit:
        raise BodyTooLargeError(limit)
    body = Body(answer.headers.get("content-encoding", ""), limit)
    assert isinstance(answer.stream, AsyncIterable)  # noqa: S101  (what httpx says of every async transport)
    steps = 0
    async for part in answer.stream:
        while part:
            part = body.add(part)
            steps += 1
            if steps % STEPS_AT_ONCE == 0:
                await asyncio.sleep(0)
    return body.whole()


def _plain_response(answer: httpx.Response, body: bytes) -> httpx.Response:
    """The answer as if it had come unpacked, without headers that could mislead whoever reads it."""
    response = httpx.Response(
        answer.status_code,
        headers=answer.headers,
        stream=httpx.ByteStream(body),
        extensions={k: v for k, v in answer.extensions.items() if k in {"http_version", "reason_phrase"}},
    )
    for name in ("content-encoding", "content-length", "transfer-encoding"):
        response.headers.pop(name, None)
    _drop_odd_charset(response)
    return response


def _drop_odd_charset(response: httpx.Response) -> None:
    """httpx asks Python for whatever charset an answer names, and fails at "zlib" or "idna" when text is read."""
    content_type = response.headers.get("content-type", "")
    if len(content_type) > 256:  # reading its parameters takes quadratic time
        del response.headers["content-type"]
    elif "charset" in content_type.lower() and not is_text_encoding(response.charset_encoding or ""):
        response.headers["content-type"] = content_type.partition(";")[0]
