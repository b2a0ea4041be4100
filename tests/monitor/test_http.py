"""The client against a hostile server on loopback, and against names that lead to places where it must not go."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import json
import random
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from connectors import base
from monitor.http import Bounds, ExchangeTimeout, GuardedTransport, RefusedAddressError, Resolver, make_client
from monitor.http.addresses import allowed, is_public
from monitor.http.bodies import MAX_MEMBERS, PIECE, Body, BodyTooLargeError
from monitor.http.places import MAX_IDLE_HOSTS, Places
from tests.hostile import HostileServer, gzipped, whole

pytestmark = pytest.mark.anyio

MIB = 2**20
SECRET = "s3cret-token"
PUBLIC = "93.184.216.34"
QUICK = Bounds(max_seconds=0.3)


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with HostileServer() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """With the usual bounds: for what must be refused long before its time is up."""
    async with make_client(allow_private=["127.0.0.1"]) as made:
        yield made


@pytest.fixture
async def hasty() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client(allow_private=["127.0.0.1"], bounds=QUICK) as made:
        yield made


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that any socket of this process tries to connect to."""
    seen: list[Any] = []
    connect = socket.socket.connect

    def recorded(self: socket.socket, address: Any) -> None:
        seen.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", recorded)
    return seen


class Elsewhere(httpx.AsyncBaseTransport):
    """Stands for the open internet: remembers which address it was asked to connect to, and for whom."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.asked: list[httpx.Request] = []
        self.closed = False
        self._answer = answer or (lambda request: httpx.Response(200, stream=httpx.ByteStream(b"{}")))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._answer(request)

    async def aclose(self) -> None:
        self.closed = True


def names(**known: Sequence[str]) -> Resolver:
    """A resolver that knows these names, and no other; `shop_example` is spelt shop.example."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        try:
            return known[host.replace(".", "_")]
        except KeyError:
            raise socket.gaierror(socket.EAI_NONAME, "unknown") from None

    return resolve


def guarded(elsewhere: Elsewhere, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=GuardedTransport(open_transport=lambda: elsewhere, **options), trust_env=False)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110  (the server cannot know what a test waits for)
            await asyncio.sleep(0.001)


# ---------------------------------------------------------------- which addresses are public

PRIVATE_ADDRESSES = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]

PUBLIC_ADDRESSES = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "192.167.255.255",
    "223.255.255.255",
    "64:ff9b::8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2400:cb00::1",
    "2606:4700::1111",
    "2a00:1450::1",
]


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
def test_addresses_that_are_not_on_the_open_internet_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_addresses_on_the_open_internet_are_fine(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_is_public_that_python_calls_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public(address) and address not in ipaddress.ip_network("64:ff9b::/96"):
        assert address.is_global
        assert not (address.is_multicast or address.is_reserved or address.is_unspecified)


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "permits"),
    [
        ("10.0.0.0/8", "x", 80, "10.1.2.3", True),
        ("10.0.0.0/8", "x", 80, "11.1.2.3", False),
        ("10.0.0.9/8", "x", 80, "10.1.2.3", True),
        ("10.0.0.9", "x", 80, "10.0.0.9", True),
        ("10.0.0.9", "x", 80, "10.0.0.8", False),
        ("10.0.0.9:8080", "x", 8080, "10.0.0.9", True),
        ("10.0.0.9:8080", "x", 80, "10.0.0.9", False),
        ("127.0.0.1", "x", 80, "::ffff:127.0.0.1", False),
        ("::1", "x", 80, "::1", True),
        ("[::1]:8080", "x", 8080, "::1", True),
        ("[::1]:8080", "x", 80, "::1", False),
        ("fd00::/8", "x", 80, "fd12::1", True),
        ("intranet.example", "intranet.example", 443, "10.0.0.9", True),
        ("Intranet.Example.", "intranet.example", 443, "10.0.0.9", True),
        ("intranet.example", "evil.intranet.example", 443, "10.0.0.9", False),
        ("intranet.example:8443", "intranet.example", 8443, "10.0.0.9", True),
        ("intranet.example:8443", "intranet.example", 443, "10.0.0.9", False),
    ],
)
def test_entries_of_allow_private(entry: str, host: str, port: int, address: str, permits: bool) -> None:
    assert allowed([entry])[0].permits(host, port, ipaddress.ip_address(address)) is permits


@pytest.mark.parametrize(
    "entry", ["", ":80", "10.0.0.0/99", "a/b", "host:", "host:0", "host:70000", "host:http", "::1::2"]
)
def test_an_entry_of_allow_private_that_makes_no_sense_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host nor a network"):
        allowed([entry])


# ---------------------------------------------------------------- where requests go


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0x7f.0.0.0x1",
        "0",
        "localhost",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::127.0.0.1]",
        "[2002:7f00:1::]",
    ],
)
async def test_loopback_is_refused_however_it_is_spelt(server: HostileServer, connects: list[Any], host: str) -> None:
    async with make_client() as client:
        with pytest.raises(RefusedAddressError, match=r"^the address is private; list it under network: allow_private"):
            await client.get(server.url("/ok", host=host))
    assert (server.connections, connects) == (0, [])


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "127.0.0.1"])
async def test_an_allowed_address_is_reached_however_it_is_spelt(
    server: HostileServer, client: httpx.AsyncClient, host: str
) -> None:
    assert (await client.get(server.url("/ok", host=host))).json() == {"ok": True}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "neither https:// nor http://"),
        ("file://127.0.0.1/etc/passwd", "neither https:// nor http://"),
        ("ftp://shop.example/", "neither https:// nor http://"),
        ("gopher://shop.example:70/1", "neither https:// nor http://"),
        ("ws://shop.example/", "neither https:// nor http://"),
        ("http://user:s3cret-token@shop.example/", "user name or a password"),
        ("http://s3cret-token@shop.example/", "user name or a password"),
        ("http:///path", "neither https:// nor http://"),
        ("http://./path", "names no host"),
        ("http://shop.example:0/", "port"),
        ("http://shop.example:65536/", "port"),
    ],
)
async def test_odd_addresses_are_refused_before_any_look_up(connects: list[Any], url: str, words: str) -> None:
    elsewhere = Elsewhere()
    async with guarded(elsewhere, resolver=names()) as client:
        with pytest.raises(RefusedAddressError, match=words) as refused:
            await client.get(url)
    assert SECRET not in str(refused.value)
    assert (elsewhere.asked, connects) == ([], [])


async def test_the_connection_goes_to_the_checked_address_and_the_request_to_the_name() -> None:
    elsewhere = Elsewhere()
    async with guarded(elsewhere, resolver=names(shop_example=[PUBLIC])) as client:
        await client.get("https://Shop.Example.:8443/reviews?q=1", headers={"Accept-Encoding": "br"})
    (asked,) = elsewhere.asked
    assert str(asked.url) == f"https://{PUBLIC}:8443/reviews?q=1"
    assert asked.headers["host"] == "shop.example.:8443"
    assert asked.extensions["sni_hostname"] == "shop.example"
    assert asked.headers["accept-encoding"] == "gzip, deflate"


async def test_an_international_name_is_looked_up_as_dns_spells_it() -> None:
    looked_up: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        looked_up.append(host)
        return ["2606:4700::1111"]

    elsewhere = Elsewhere()
    async with guarded(elsewhere, resolver=resolve) as client:
        await client.get("https://루미.kr/")
    assert looked_up == ["xn--2s2b29c.kr"]
    assert str(elsewhere.asked[0].url) == "https://[2606:4700::1111]/"


async def test_a_name_that_changes_its_answer_between_two_requests_is_refused_at_the_second() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    elsewhere = Elsewhere()
    async with guarded(elsewhere, resolver=rebinding) as client:
        await client.get("http://rebind.example/")
        with pytest.raises(RefusedAddressError):
            await client.get("http://rebind.example/")
    assert [asked.url.host for asked in elsewhere.asked] == [PUBLIC]
    assert next(answers, None) is None  # looked up once for each request, so there is nothing to change in between


async def test_one_private_address_among_public_ones_spoils_them_all() -> None:
    elsewhere = Elsewhere()
    async with guarded(elsewhere, resolver=names(mixed_example=[PUBLIC, "10.0.0.1"])) as client:
        with pytest.raises(RefusedAddressError):
            await client.get("http://mixed.example/")
    assert elsewhere.asked == []


async def test_a_name_on_the_list_may_lead_to_private_addresses_and_no_other_name() -> None:
    elsewhere = Elsewhere()
    known = names(intranet_example=["10.0.0.9"], evil_example=["10.0.0.9"])
    async with guarded(elsewhere, resolver=known, allow_private=["intranet.example:8080"]) as client:
        await client.get("http://intranet.example:8080/")
        for url in ("http://intranet.example/", "http://evil.example:8080/"):
            with pytest.raises(RefusedAddressError):
                await client.get(url)
    assert [asked.url.host for asked in elsewhere.asked] == ["10.0.0.9"]


@pytest.mark.parametrize(
    "answer", [socket.gaierror(-2, "x"), UnicodeError("label too long"), TimeoutError(), ["?"], []]
)
async def test_a_name_that_cannot_be_resolved_is_no_connection(answer: Exception | Sequence[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with guarded(Elsewhere(), resolver=resolve) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://nowhere.example/")


async def test_when_the_first_address_does_not_answer_the_other_family_is_tried_next() -> None:
    def refuse_v6(request: httpx.Request) -> httpx.Response:
        if ":" in request.url.host:
            raise httpx.ConnectError("no way out")
        return httpx.Response(200, stream=httpx.ByteStream(b"".join(cast(httpx.SyncByteStream, request.stream))))

    addresses = ["2606:4700::1111", "2606:4700::2222", "2606:4700::3333", "2606:4700::4444", PUBLIC]
    elsewhere = Elsewhere(refuse_v6)
    async with guarded(elsewhere, resolver=names(shop_example=addresses)) as client:
        answer = await client.post("https://shop.example/", content=b"once")
    assert answer.content == b"once"
    assert [asked.url.host for asked in elsewhere.asked] == ["2606:4700::1111", PUBLIC]


async def test_after_three_addresses_it_is_enough() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("nobody")

    elsewhere = Elsewhere(refuse)
    many = [f"93.184.216.{n}" for n in range(1, 200)]
    async with guarded(elsewhere, resolver=names(shop_example=many)) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get("https://shop.example/", timeout=7)
    assert [asked.extensions["timeout"]["connect"] for asked in elsewhere.asked] == [4, 4, 7]


async def test_the_environment_cannot_put_a_proxy_in_between(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, connects: list[Any]
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with make_client(allow_private=["127.0.0.1"]) as client:
        assert (await client.get(server.url("/ok"))).json() == {"ok": True}
    assert connects == [("127.0.0.1", server.port)]


async def test_cookies_are_not_kept(server: HostileServer, client: httpx.AsyncClient) -> None:
    server.answers["/cookie"] = whole(b"{}", extra="Set-Cookie: session=1; Path=/\r\n")
    await client.get(server.url("/cookie"))
    await client.get(server.url("/ok"))
    assert list(client.cookies.jar) == []
    assert all("cookie" not in asked.headers for asked in server.requests)


# ---------------------------------------------------------------- redirects


async def test_redirects_are_followed_only_where_a_request_asks_for_it(
    server: HostileServer, client: httpx.AsyncClient
) -> None:
    assert (await client.get(server.url("/loop?n=1"))).status_code == 302
    answer = await client.get(server.url("/loop?n=5"), follow_redirects=True)
    assert (answer.json(), len(answer.history)) == ({"ok": True}, 5)


async def test_twenty_redirects_are_too_many(server: HostileServer, client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.TooManyRedirects):
        await client.get(server.url("/loop?n=20"), follow_redirects=True)
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "http://[::1]:{port}/ok",
        "http://10.0.0.1/",
        "http://127.0.0.2:{port}/ok",
        "http://127.0.0.1:1/",
        "http://2130706434:{port}/",
        "http://user:pass@127.0.0.1:{port}/ok",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
    ],
)
async def test_every_redirect_is_checked_again(server: HostileServer, connects: list[Any], location: str) -> None:
    target = location.format(port=server.port)
    async with make_client(allow_private=[f"127.0.0.1:{server.port}"]) as client:
        with pytest.raises(RefusedAddressError):
            await client.get(server.url("/to"), params={"url": target}, follow_redirects=True)
    assert connects == [("127.0.0.1", server.port)]
    assert [asked.path for asked in server.requests] == ["/to"]


@pytest.mark.parametrize(
    "location", ["http://[", "http://\x7f/", "http:x", "//", "x" * 70_000, "http://127.0.0.1:99999/"]
)
async def test_a_redirect_to_nowhere_is_an_error_that_connectors_know(
    server: HostileServer, client: httpx.AsyncClient, location: str
) -> None:
    server.answers["/bad"] = whole(status="302 Found", extra=f"Location: {location}\r\n")
    with pytest.raises((httpx.TransportError, httpx.InvalidURL, httpx.TooManyRedirects)):
        await client.get(server.url("/bad"), follow_redirects=True)


async def test_a_token_does_not_travel_to_another_host(server: HostileServer) -> None:
    known = names(one_example=["127.0.0.1"], two_example=["127.0.0.1"])
    async with make_client(resolver=known, allow_private=["one.example", "two.example"]) as client:
        await client.get(
            server.url("/to", host="one.example"),
            params={"url": server.url("/ok", host="two.example")},
            headers={"Authorization": f"Bearer {SECRET}"},
            follow_redirects=True,
        )
    first, second = server.requests
    assert first.headers["authorization"] == f"Bearer {SECRET}"
    assert "authorization" not in second.headers
    assert second.headers["host"] == f"two.example:{server.port}"


async def test_all_redirects_together_have_one_time(server: HostileServer, hasty: httpx.AsyncClient) -> None:
    server.drip = QUICK.max_seconds / 3
    with pytest.raises(ExchangeTimeout):
        await hasty.get(server.url("/slow-loop"), follow_redirects=True)
    assert len(server.requests) <= 3


async def test_the_body_of_a_redirect_is_kept_small(server: HostileServer, client: httpx.AsyncClient) -> None:
    server.answers["/fat"] = whole(b"x" * MIB, status="302 Found", extra="Location: /ok\r\n")
    with pytest.raises(BodyTooLargeError):
        await client.get(server.url("/fat"), follow_redirects=True)


# ---------------------------------------------------------------- certificates


class Authority:
    """A certificate authority for one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._certificate = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._certificate.public_bytes(Encoding.PEM).decode())

    def server_context(self, *alternatives: x509.GeneralName) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test server")])
        certificate = (
            self._builder(subject, key)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / "server.pem"
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )


async def test_certificates_are_checked_against_the_name_although_we_connect_to_an_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context(x509.DNSName("shop.example"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))
    known = names(shop_example=["127.0.0.1"], other_example=["127.0.0.1"])
    async with (
        HostileServer(ssl_context=context) as server,
        make_client(resolver=known, allow_private=["127.0.0.1"], ssl_context=authority.client_context()) as client,
    ):
        for host in ("shop.example", "shop.example.", "SHOP.example", "127.0.0.1"):
            assert (await client.get(server.url("/ok", host=host))).json() == {"ok": True}
        # The connection to shop.example is still open, and leads to the same address: it must not be used.
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            await client.get(server.url("/ok", host="other.example"))
    assert all("other" not in asked.headers["host"] for asked in server.requests)


async def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    context = Authority(tmp_path).server_context(x509.DNSName("shop.example"))
    known = names(shop_example=["127.0.0.1"])
    async with (
        HostileServer(ssl_context=context) as server,
        make_client(resolver=known, allow_private=["127.0.0.1"]) as client,
    ):
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            await client.get(server.url("/ok", host="shop.example"))
    assert server.requests == []


# ---------------------------------------------------------------- bounded answers


@pytest.mark.parametrize("path", ["/silent", "/drip-headers", "/drip-body", "/informational", "/gate"])
async def test_an_answer_that_is_not_complete_in_time_is_given_up(
    server: HostileServer, hasty: httpx.AsyncClient, path: str
) -> None:
    with pytest.raises(ExchangeTimeout):
        await hasty.get(server.url(path))
    server.gate.set()
    answer = await hasty.get(server.url("/ok"), extensions={"max_seconds": 10})
    assert answer.json() == {"ok": True}  # its place is free again


async def test_a_look_up_that_never_ends_is_given_up() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with guarded(Elsewhere(), resolver=resolve, bounds=Bounds(max_seconds=0.01)) as client:
        with pytest.raises(ExchangeTimeout):
            await client.get("http://slow.example/")


@pytest.mark.parametrize(
    "path",
    [
        "/endless",
        "/large?n=50",
        "/large?n=50&quiet=1",
        "/bomb",
        "/bomb?coding=deflate",
        "/bomb?coding=deflate&window=-15",
        "/headers?n=64",
    ],
)
async def test_whatever_a_server_sends_memory_stays_small(
    server: HostileServer, client: httpx.AsyncClient, path: str
) -> None:
    await client.get(server.url("/ok"))
    tracemalloc.start()
    try:
        with pytest.raises((BodyTooLargeError, httpx.RemoteProtocolError)):
            await client.get(server.url(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * MIB
    assert server.sent < 20 * MIB


async def test_an_answer_that_announces_too_much_is_not_read_at_all(
    server: HostileServer, client: httpx.AsyncClient
) -> None:
    server.answers["/announced"] = b"HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n"  # and nothing follows
    with pytest.raises(BodyTooLargeError, match=r"^the answer is larger than 8 MiB$"):
        await client.get(server.url("/announced"))
    server.answers["/head"] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
    assert (await client.head(server.url("/head"))).content == b""


@pytest.mark.parametrize("path", ["/large?n=1", "/large?n=1&quiet=1", "/bomb?n=1", "/bomb?n=1&coding=deflate"])
async def test_the_limit_itself_is_allowed_and_can_be_set_for_one_request(
    server: HostileServer, client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(server.url(path), extensions={"max_bytes": MIB})
    assert len(answer.content) == MIB
    with pytest.raises(BodyTooLargeError):
        await client.get(server.url(path), extensions={"max_bytes": MIB - 1})


async def test_the_time_can_be_set_for_one_request(server: HostileServer, client: httpx.AsyncClient) -> None:
    with pytest.raises(ExchangeTimeout):
        await client.get(server.url("/silent"), extensions={"max_seconds": 0.01})


@pytest.mark.parametrize(("path", "size"), [("/crumbs?n=300", 300), ("/packed", 8 * MIB)])
async def test_crumbs_and_bombs_leave_others_their_turn(
    server: HostileServer, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str, size: int
) -> None:
    monkeypatch.setattr("monitor.http.STEPS_AT_ONCE", 1)
    server.answers["/packed"] = whole(gzipped(b"x" * size), extra="Content-Encoding: gzip\r\n")
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    answer = await client.get(server.url(path))
    counting.cancel()
    assert answer.content == b"x" * size
    assert turns > 120


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/truncated", httpx.RemoteProtocolError),
        ("/truncated-gzip", httpx.DecodingError),
        ("/reset", httpx.ReadError),
        ("/garbage", httpx.RemoteProtocolError),
        ("/upgrade", httpx.TransportError),
        ("/coding?name=br", httpx.DecodingError),
        ("/coding?name=zstd", httpx.DecodingError),
        ("/coding?name=gzip,%20gzip", httpx.DecodingError),
        ("/coding?name=gzip", httpx.DecodingError),
        ("/coding?name=deflate", httpx.DecodingError),
    ],
)
async def test_a_broken_answer_is_an_error_and_the_next_one_is_fine(
    server: HostileServer, client: httpx.AsyncClient, path: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await client.get(server.url(path))
    assert (await client.get(server.url("/ok"))).json() == {"ok": True}


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "deflate", "identity"])
async def test_an_unpacked_answer_no_longer_says_how_it_was_packed(
    server: HostileServer, client: httpx.AsyncClient, coding: str
) -> None:
    body = json.dumps({"text": "루미 크림 👍" * 1000}).encode()
    packed = body if coding == "identity" else gzipped(body, 15 if coding == "deflate" else 31)
    server.answers["/packed"] = whole(packed, extra=f"Content-Encoding: {coding}\r\nETag: 1\r\n")
    answer = await client.get(server.url("/packed"))
    assert answer.json() == {"text": "루미 크림 👍" * 1000}
    assert answer.headers["etag"] == "1"
    assert answer.headers.keys().isdisjoint({"content-encoding", "content-length", "transfer-encoding"})
    assert server.requests[0].headers["accept-encoding"] == "gzip, deflate"


async def test_an_unchanged_answer_has_no_body_and_its_connection_is_used_again(
    server: HostileServer, client: httpx.AsyncClient
) -> None:
    for _ in range(3):
        answer = await client.get(server.url("/unchanged"), headers={"If-None-Match": '"1"'})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"1"')
        assert (answer.http_version, answer.reason_phrase) == ("HTTP/1.1", "Not Modified")
    assert server.connections == 1


@pytest.mark.parametrize(
    "name",
    ["zlib", "bz2", "hex", "rot13", "idna", "punycode", "undefined", "utf-8", "cp949", "no-such", '"', "x" * 9000],
)
async def test_whatever_charset_an_answer_names_its_text_can_be_read(
    server: HostileServer, client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(server.url("/charset"), params={"name": name})
    assert len(answer.text) > 5
    assert ("루미" in answer.text) is (name == "cp949")


async def test_a_content_type_of_absurd_length_is_dropped_since_reading_it_takes_quadratic_time(
    server: HostileServer, client: httpx.AsyncClient
) -> None:
    server.answers["/long"] = whole(b"abc", kind="text/html" + ";" * 90_000)
    answer = await client.get(server.url("/long"))
    assert (answer.text, "content-type" in answer.headers) == ("abc", False)


# ---------------------------------------------------------------- unpacking


PACKED = {
    "gzip": ("gzip", 31),
    "deflate": ("deflate", 15),
    "deflate without a header": ("deflate", -15),
}


def unpacked(coding: str, packed: bytes, *, limit: int, step: int = 2**30) -> bytes:
    body = Body(coding, limit)
    for start in range(0, len(packed), step):
        part = packed[start : start + step]
        while part:
            part = body.add(part)
    return body.whole()


@pytest.mark.parametrize("how", PACKED)
@given(
    body=st.binary(max_size=300)
    | st.integers(0, 3 * PIECE).map(bytes)
    | st.sampled_from([PIECE - 1, PIECE]).map(bytes),
    step=st.integers(1, 5000),
)
def test_unpacking_gives_back_what_was_packed_however_it_was_cut(how: str, body: bytes, step: int) -> None:
    coding, window = PACKED[how]
    packed = gzipped(body, window)
    assert unpacked(coding, packed, limit=len(body), step=step) == body


@pytest.mark.parametrize("how", PACKED)
@given(body=st.binary(min_size=1, max_size=300), cut=st.integers(1, 100))
def test_an_answer_that_ends_too_early_is_never_taken_for_whole(how: str, body: bytes, cut: int) -> None:
    coding, window = PACKED[how]
    packed = gzipped(body, window)
    with pytest.raises(httpx.DecodingError):
        unpacked(coding, packed[: max(1, len(packed) - cut)], limit=1000)


def test_text_of_many_kinds_survives_unpacking() -> None:
    source = random.Random(7)
    body = b"".join(source.choice([b"lumi ", b"\0" * 700, source.randbytes(90)]) for _ in range(9000))
    for coding, window in PACKED.values():
        assert unpacked(coding, gzipped(body, window), limit=8 * MIB) == body


def test_what_zlib_holds_back_at_the_end_is_not_lost() -> None:
    for size in range(PIECE + 500, PIECE + 530):
        assert unpacked("deflate", gzipped(bytes(size), -15), limit=size) == bytes(size)


def test_a_bomb_in_one_piece_costs_no_more_than_the_limit() -> None:
    bomb = gzipped(bytes(64 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLargeError):
            unpacked("gzip", bomb, limit=MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


def test_gzip_may_come_in_several_members_and_with_padding() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two") + b"\0" * 512
    for step in (1, 7, len(packed)):
        assert unpacked("gzip", packed, limit=100, step=step) == b"one two"


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (gzip.compress(b"") * (MAX_MEMBERS + 1), "too many parts"),
        (gzip.compress(b"one") + gzip.compress(b"two" * 99)[:-9], "ends too early"),
        (gzip.compress(random.Random(1).randbytes(999))[:-99] + b"\xff" * 999, "broken"),
        (gzip.compress(b"one") + gzip.compress(random.Random(1).randbytes(999))[:-99] + b"\xff" * 999, "broken"),
        (gzip.compress(b"one")[:-8] + bytes(8), "broken"),
        (b"\x1f", "ends too early"),
        (b"plain text", "broken"),
    ],
)
def test_broken_gzip_is_refused(packed: bytes, words: str) -> None:
    with pytest.raises(httpx.DecodingError, match=words):
        unpacked("gzip", packed, limit=1000)


def test_padding_behind_deflate_is_ignored() -> None:
    packed = zlib.compress(b"one") + b"\r\nmore"
    assert [unpacked("deflate", packed, limit=100, step=step) for step in (1, len(packed))] == [b"one", b"one"]


# ---------------------------------------------------------------- places


async def test_a_slow_host_gets_two_places_and_delays_nobody_else(server: HostileServer) -> None:
    known = names(slow_example=["127.0.0.1"], fast_example=["127.0.0.1"])
    bounds = Bounds(total=3)
    async with make_client(resolver=known, allow_private=["127.0.0.1"], bounds=bounds) as client:
        slow = [asyncio.create_task(client.get(server.url("/gate", host="slow.example"))) for _ in range(10)]
        await until(lambda: server.running == 2)
        assert (await client.get(server.url("/ok", host="fast.example"))).json() == {"ok": True}
        assert not any(task.done() for task in slow)
        server.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*slow)] == [200] * 10
    assert server.most_running == 3  # two slow ones and the fast one


async def test_no_more_requests_run_at_once_than_there_are_places(server: HostileServer) -> None:
    hosts = {f"h{n}_example": ["127.0.0.1"] for n in range(8)}
    async with make_client(resolver=names(**hosts), allow_private=["127.0.0.1"], bounds=Bounds(total=3)) as client:
        asked = [asyncio.create_task(client.get(server.url("/gate", host=host.replace("_", ".")))) for host in hosts]
        await until(lambda: server.running == 3)
        server.gate.set()
        await asyncio.gather(*asked)
    assert server.most_running == 3


async def test_who_waits_too_long_for_a_place_is_told_so(server: HostileServer) -> None:
    bounds = Bounds(per_host=1, max_wait=0.01)
    async with make_client(allow_private=["127.0.0.1"], bounds=bounds) as client:
        first = asyncio.create_task(client.get(server.url("/gate")))
        await until(lambda: server.running == 1)
        with pytest.raises(httpx.PoolTimeout):
            await client.get(server.url("/ok"))
        server.gate.set()
        await first
        assert (await client.get(server.url("/ok"))).json() == {"ok": True}


@pytest.mark.parametrize("moment", range(0, 40, 2))
async def test_a_request_that_is_called_off_at_any_moment_gives_its_place_back(
    server: HostileServer, moment: int
) -> None:
    async with make_client(allow_private=["127.0.0.1"], bounds=Bounds(per_host=1)) as client:
        asked = asyncio.create_task(client.get(server.url("/silent")))
        for _ in range(moment):
            await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert (await client.get(server.url("/ok"))).json() == {"ok": True}


async def test_a_request_that_waits_for_a_place_can_be_called_off(server: HostileServer) -> None:
    async with make_client(allow_private=["127.0.0.1"], bounds=Bounds(per_host=1, total=1)) as client:
        first = asyncio.create_task(client.get(server.url("/gate")))
        await until(lambda: server.running == 1)
        for host in ("127.0.0.1", "127.1"):  # one waits for the host, one for a place at all
            waiting = asyncio.create_task(client.get(server.url("/ok", host=host)))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        server.gate.set()
        await first
        assert (await client.get(server.url("/ok"))).json() == {"ok": True}


class Opened:
    """Opens transports, and remembers them."""

    def __init__(self) -> None:
        self.all: list[Elsewhere] = []

    def __call__(self) -> httpx.AsyncBaseTransport:
        self.all.append(Elsewhere())
        return self.all[-1]

    @property
    def closed(self) -> list[bool]:
        return [transport.closed for transport in self.all]


async def test_a_transport_serves_one_request_after_the_other_and_one_name_only() -> None:
    opened = Opened()
    places = Places(per_host=2, total=9, max_wait=1, max_idle=60, open_transport=opened)
    async with places.at("a") as first, places.at("a") as second:
        assert first is not second
    async with places.at("a") as third, places.at("b") as other:
        assert third in {first, second}
        assert other not in {first, second}
    assert opened.closed == [False, False, False]
    await places.aclose()
    assert opened.closed == [True, True, True]


@pytest.mark.parametrize("trouble", [httpx.ReadError("x"), asyncio.CancelledError()])
async def test_after_trouble_a_transport_is_not_used_again(trouble: BaseException) -> None:
    opened = Opened()
    places = Places(per_host=2, total=9, max_wait=1, max_idle=60, open_transport=opened)
    with pytest.raises(type(trouble)):
        async with places.at("a"):
            raise trouble
    async with places.at("a"):
        assert opened.closed == [True, False]
    await places.aclose()


async def test_connections_to_hosts_that_nobody_asks_any_more_are_closed() -> None:
    opened = Opened()
    places = Places(per_host=2, total=9, max_wait=1, max_idle=60, open_transport=opened)
    async with places.at("busy"):
        for n in range(MAX_IDLE_HOSTS + 10):
            async with places.at(f"host {n}"):
                pass
        assert opened.closed == [False] + [True] * 11 + [False] * (MAX_IDLE_HOSTS - 1)
        for n in (11, MAX_IDLE_HOSTS + 9):  # the oldest that is left, and the newest
            async with places.at(f"host {n}") as known:
                assert known is opened.all[n + 1]
        async with places.at("one more"):
            pass
        assert not opened.all[12].closed  # used again meanwhile
        assert opened.all[13].closed
    await places.aclose()
    assert all(opened.closed)


async def test_connections_that_are_idle_for_too_long_are_closed_when_somebody_else_is_done() -> None:
    opened = Opened()
    places = Places(per_host=2, total=9, max_wait=1, max_idle=-1, open_transport=opened)  # any time is too long
    async with places.at("a"):
        async with places.at("b"):
            assert opened.closed == [False, False]
        assert opened.closed == [False, True]
    assert opened.closed == [True, True]


# ---------------------------------------------------------------- what people read


class Plain(base.Connector[base.Settings]):
    """Asks whatever it is told to."""


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("/large?n=50", base.PayloadError, "the answer is larger than 8 MiB"),
        ("/bomb?n=9", base.PayloadError, "the answer is larger than 8 MiB"),
        ("/truncated-gzip?", base.PayloadError, "the compressed answer ends too early"),
        ("/coding?name=br", base.PayloadError, "the answer is compressed in a way that we did not ask for"),
        ("/html?", base.PayloadError, "dict: answer: json_invalid"),
        ("/silent?", base.TransientError, "no answer: ExchangeTimeout"),
        ("/reset?", base.TransientError, "no answer: ReadError"),
        ("/headers?n=1", base.TransientError, "no answer: RemoteProtocolError"),
    ],
)
async def test_a_connector_says_in_words_what_is_wrong_and_shows_no_secret(
    server: HostileServer,
    client: httpx.AsyncClient,
    hasty: httpx.AsyncClient,
    path: str,
    error: type[Exception],
    words: str,
) -> None:
    http = hasty if "silent" in path else client
    connector = Plain(base.Settings(), http=http, memo=cast(base.Memo, None))
    with pytest.raises(error) as raised:
        await connector.get(dict, server.url(f"{path}&key={SECRET}"))
    assert str(raised.value) == words
    assert server.requests[0].query["key"] == SECRET


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            f"http://127.0.0.2/?key={SECRET}",
            "the address is private; list it under network: allow_private to permit it",
        ),
        (f"https://user:{SECRET}@shop.example/", "the address holds a user name or a password"),
        (f"file:///{SECRET}", "the address begins with neither https:// nor http://"),
    ],
)
async def test_an_address_where_we_do_not_go_is_a_setting_to_change(
    client: httpx.AsyncClient, url: str, words: str
) -> None:
    connector = Plain(base.Settings(), http=client, memo=cast(base.Memo, None))
    with pytest.raises(base.SettingsError) as raised:
        await connector.send("GET", url)
    assert str(raised.value) == words
