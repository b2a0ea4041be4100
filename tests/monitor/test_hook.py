"""The fallback's webhook: what is sent, what each answer means, and an address that shows nowhere."""

from __future__ import annotations

import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from monitor.hook import HookOutlet
from monitor.http import make_client
from monitor.telling import (
    BusyError,
    GoneError,
    NotSentError,
    Posted,
    RefusedError,
    Sought,
    UnclearError,
    subject,
    text,
)
from tests.cards import NOW, told
from tests.hostile import HostileServer

pytestmark = pytest.mark.anyio

SECRET = "T0PS3CRET"
URL = f"https://hooks.example/services/{SECRET}?key={SECRET}"
KOREAN = replace(told("mention"), language="ko")

Answer = Callable[[httpx.Request], httpx.Response]


class Hook:
    """A receiver that keeps what it was sent, and answers as told."""

    def __init__(self, answer: Answer | int = 200, **headers: str) -> None:
        self.requests: list[httpx.Request] = []
        self._answer: Answer = (
            answer if callable(answer) else lambda _: httpx.Response(answer, headers=headers, text=SECRET)
        )
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._take))
        self.outlet = HookOutlet(SecretStr(URL), self.http)

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._answer(request)

    async def post(self, key: str = "fallback:1", **changes: Any) -> Posted:
        async with self.http:
            return await self.outlet.post("", replace(KOREAN, **changes), key, None)


def fails(error: type[httpx.RequestError]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error(f"cannot reach {request.url}", request=request)

    return answer


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """An outlet turns httpx's logger down for good."""
    level = logging.getLogger("httpx").level
    yield
    logging.getLogger("httpx").setLevel(level)


async def test_the_message_arrives_as_json_with_korean_words() -> None:
    hook = Hook()
    assert await hook.post() == Posted()
    (request,) = hook.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {"title": subject(KOREAN), "text": text(KOREAN)}
    assert "환불 되나요?" in json.loads(request.content)["text"]


async def test_the_same_key_is_the_same_idempotency_key_whatever_has_changed_meanwhile() -> None:
    found = []
    for key, late in (("a", 0.0), ("a", 600.0), ("b", 0.0), ("채널:멘션\r\nX-Evil: 1", 0.0)):
        hook = Hook()
        await hook.post(key, late_s=late)
        found.append(hook.requests[0].headers["Idempotency-Key"])
        assert "X-Evil" not in hook.requests[0].headers
    first, again, *others = found
    assert first == again
    assert len({first, *others}) == 3


async def test_half_a_character_breaks_nothing() -> None:
    hook = Hook()
    await hook.post(cards=told("mention", url="https://x.example/\ud800").cards)
    assert json.loads(hook.requests[0].content)["text"]


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("code", [200, 201, 202, 204])
async def test_any_success_is_success(code: int) -> None:
    assert await Hook(code).post() == Posted()


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        (301, RefusedError),
        (302, RefusedError),
        (308, RefusedError),
        (400, RefusedError),
        (401, RefusedError),
        (403, RefusedError),
        (404, RefusedError),
        (408, NotSentError),
        (409, UnclearError),
        (410, RefusedError),
        (413, RefusedError),
        (422, RefusedError),
        (425, NotSentError),
        (429, BusyError),
        (500, UnclearError),
        (502, UnclearError),
        (503, UnclearError),
        (504, UnclearError),
    ],
)
async def test_a_status_says_what_to_do_next(code: int, raised: type[Exception]) -> None:
    hook = Hook(code, Location="https://elsewhere.example/")
    with pytest.raises(raised) as caught:
        await hook.post()
    assert type(caught.value) is raised
    assert code == 429 or str(code) in str(caught.value)
    assert len(hook.requests) == 1, "no redirect is followed, and nothing is repeated here"


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("7", timedelta(seconds=7)),
        ("10000000000000000000", timedelta(seconds=10**6)),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("", None),
        ("Wed, 25 Nov 2026 06:10:00 GMT", None),
    ],
)
async def test_429_is_patience_for_as_long_as_it_says(named: str, wanted: timedelta | None) -> None:
    with pytest.raises(BusyError) as caught:
        await Hook(lambda _: httpx.Response(429, headers={b"Retry-After": named.encode()})).post()
    assert caught.value.retry_after == wanted


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (httpx.ConnectError, NotSentError),
        (httpx.ConnectTimeout, NotSentError),
        (httpx.PoolTimeout, NotSentError),
        (httpx.ReadTimeout, UnclearError),
        (httpx.WriteTimeout, UnclearError),
        (httpx.ReadError, UnclearError),
        (httpx.WriteError, UnclearError),
        (httpx.RemoteProtocolError, UnclearError),
        (httpx.DecodingError, UnclearError),
    ],
)
async def test_trouble_on_the_way_is_certain_only_before_the_request_has_left(
    error: type[httpx.RequestError], raised: type[Exception]
) -> None:
    with pytest.raises(raised, match=error.__name__):
        await Hook(fails(error)).post()


# ---------------------------------------------------------------- through the one door to the web


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"http://127.0.0.1:1/{SECRET}", "private; list it under network: allow_private"),
        (f"https://user:{SECRET}@127.0.0.1/", "a user name or a password"),
        (f"ftp://127.0.0.1/{SECRET}", "neither https:// nor http://"),
        (f"http://[::1/{SECRET}", "no web address"),
        (f"http://127.0.0.1:70000/{SECRET}", "a port that cannot be"),
        (f"http://127.0.0.1/\ud800{SECRET}", "no web address"),
    ],
)
async def test_a_place_where_we_do_not_go_is_refused_in_words(url: str, words: str) -> None:
    async with make_client() as http:
        with pytest.raises(RefusedError, match=words) as caught:
            await HookOutlet(SecretStr(url), http).post("", KOREAN, "a", None)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "raised"),
    [("/ok", None), ("/reset", UnclearError), ("/garbage", UnclearError), ("/large", UnclearError)],
)
async def test_a_receiver_that_misbehaves_breaks_nothing(path: str, raised: type[Exception] | None) -> None:
    async with HostileServer() as server, make_client(allow_private=["127.0.0.1"]) as http:
        outlet = HookOutlet(SecretStr(server.url(path)), http)
        if raised is None:
            assert await outlet.post("", KOREAN, "a", None) == Posted()
        else:
            with pytest.raises(raised):
                await outlet.post("", KOREAN, "a", None)
        assert server.requests[0].method == "POST"


async def test_nobody_there_is_certainly_not_sent() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with make_client(allow_private=["127.0.0.1"]) as http:
        with pytest.raises(NotSentError, match="ConnectError"):
            await HookOutlet(SecretStr(f"http://127.0.0.1:{port}/{SECRET}"), http).post("", KOREAN, "a", None)


# ---------------------------------------------------------------- the secret


@pytest.mark.parametrize("answer", [200, 302, 404, 429, 500, httpx.ConnectError, httpx.ReadTimeout, "invalid"])
async def test_the_address_shows_in_no_error_no_log_and_no_repr(
    caplog: pytest.LogCaptureFixture, answer: int | type[httpx.RequestError] | str
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = Hook(answer if isinstance(answer, int) else fails(answer) if isinstance(answer, type) else 200)
    if answer == "invalid":
        hook.outlet = HookOutlet(SecretStr(f"http://[::1/{SECRET}"), hook.http)
    said = ""
    try:
        await hook.post()
    except (RefusedError, NotSentError, UnclearError, BusyError) as e:
        said = "".join(traceback.format_exception(e)) + repr(e) + repr(e.args)
    assert said or answer == 200
    assert SECRET not in said + caplog.text + repr(hook.outlet) + repr(vars(hook.outlet))


async def test_a_message_cannot_be_changed_or_looked_for() -> None:
    hook = Hook()
    with pytest.raises(GoneError):
        await hook.outlet.edit(Posted(), KOREAN)
    assert await hook.outlet.find("", {"a": Sought(NOW)}) is None
    await hook.http.aclose()
