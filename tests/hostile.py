"""A web server on loopback that behaves badly, for everything that reads what strangers send.

    async with HostileServer() as server:
        await client.get(server.url("/drip-body"))

Each path below is one way to misbehave; `?n=` changes its size. `server.answers["/x"] = raw bytes` adds one of
your own. `server.connections` counts what arrived, `server.requests` keeps it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit

PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived; names of headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    def n(self, default: int) -> int:
        return int(self.query.get("n", default))


@dataclass(slots=True)
class HostileServer:
    """See above. `drip` is the pause between dripping bytes, in seconds."""

    drip: float = 0.005
    ssl_context: ssl.SSLContext | None = None
    answers: dict[str, bytes] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    port: int = 0
    running: int = 0
    most_running: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)  # what /gate waits for
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.ssl_context else 'http'}://{host}:{self.port}{path}"

    async def __aenter__(self) -> HostileServer:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.ssl_context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the other side has had enough of it, or the test is over
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        asked = read_request(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(int(asked.headers.get("content-length", 0)))
        self.requests.append(asked)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if asked.path in self.answers:
                await self.write(writer, self.answers[asked.path])
                return asked.path.startswith("/keep")
            return bool(await WAYS[asked.path](self, asked, writer))
        finally:
            self.running -= 1

    async def write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)


def read_request(head: bytes) -> Asked:
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    pairs = (line.split(": ", 1) for line in lines)
    return Asked(
        method,
        unquote(parts.path),
        {key: values[0] for key, values in parse_qs(parts.query).items()},
        {name.lower(): value for name, value in pairs},
    )


def whole(body: bytes = b"", *, status: str = "200 OK", kind: str = "application/json", extra: str = "") -> bytes:
    """A complete, honest answer; `extra` are lines of header, each with its line break."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


def gzipped(body: bytes, window: int = 31) -> bytes:
    """gzip with window 31, zlib with 15, raw deflate with -15."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(body) + packer.flush()


Write = Callable[[HostileServer, Asked, asyncio.StreamWriter], Awaitable[object]]
WAYS: dict[str, Write] = {}


def way(path: str) -> Callable[[Write], Write]:
    def add(write: Write) -> Write:
        WAYS[path] = write
        return write

    return add


@way("/ok")
async def ok(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Well behaved, and keeps the connection open."""
    await server.write(writer, whole(b'{"ok": true}'))
    return True


@way("/unchanged")
async def unchanged(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    await server.write(writer, b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Encoding: gzip\r\n\r\n')
    return True


@way("/gate")
async def gate(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answers when the test says so."""
    await server.gate.wait()
    await server.write(writer, whole(b"{}"))


@way("/silent")
async def silent(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@way("/drip-headers")
async def drip_headers(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    await server.write(writer, b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while True:
        await server.write(writer, b"x")
        await asyncio.sleep(server.drip)


@way("/drip-body")
async def drip_body(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    await server.write(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        await server.write(writer, b"x")
        await asyncio.sleep(server.drip)


@way("/informational")
async def informational(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """ "Go on", for ever, and never an answer."""
    while True:
        await server.write(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await asyncio.sleep(server.drip)


@way("/endless")
async def endless(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    await server.write(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await server.write(writer, b"%x\r\n%s\r\n" % (PIECE, b"x" * PIECE))


@way("/crumbs")
async def crumbs(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """n chunks of one byte each."""
    await server.write(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await server.write(writer, b"1\r\nx\r\n" * asked.n(50_000) + b"0\r\n\r\n")


@way("/large")
async def large(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """n MiB, announced; with `?quiet=1` not announced."""
    size = asked.n(50) * 2**20
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
    await server.write(writer, head + (b"" if "quiet" in asked.query else b"Content-Length: %d\r\n" % size) + b"\r\n")
    for _ in range(size // PIECE):
        await server.write(writer, b"x" * PIECE)


@way("/bomb")
async def bomb(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """n MiB of zeros, a thousand times smaller on the way; `?coding=deflate`, `?window=-15` for raw deflate."""
    coding = asked.query.get("coding", "gzip")
    window = int(asked.query.get("window", 31 if coding == "gzip" else 15))
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nConnection: close\r\n\r\n"
    await server.write(writer, head.encode())
    for _ in range(asked.n(100)):
        await server.write(writer, packer.compress(bytes(2**20)))
        await asyncio.sleep(0)  # so little is sent that draining never waits
    await server.write(writer, packer.flush())


@way("/coding")
async def coding(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Claims to be packed in a way of your choice."""
    await server.write(writer, whole(b"\x1b\x00\x00", extra=f"Content-Encoding: {asked.query['name']}\r\n"))


@way("/truncated-gzip")
async def truncated_gzip(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    await server.write(writer, whole(gzipped(b'{"posts": []}' * 100)[:-12], extra="Content-Encoding: gzip\r\n"))


@way("/truncated")
async def truncated(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Announces more than it sends."""
    await server.write(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


@way("/headers")
async def headers(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """n MiB of header."""
    await server.write(writer, b"HTTP/1.1 200 OK\r\n")
    line = b"X-Filler: %s\r\n" % (b"x" * 1000)
    for _ in range(asked.n(64) * 2**20 // len(line)):
        await server.write(writer, line)
    await server.write(writer, b"Content-Length: 2\r\n\r\n{}")


@way("/loop")
async def loop(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """n redirects, then an answer."""
    left = asked.n(20)
    if not left:
        return bool(await ok(server, asked, writer))
    extra = f"Location: /loop?n={left - 1}\r\n"
    await server.write(writer, whole(b"moved", status="302 Found", kind="text/plain", extra=extra))
    return True


@way("/slow-loop")
async def slow_loop(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Redirects to itself for ever, each time after `server.drip`."""
    await asyncio.sleep(server.drip)
    await server.write(writer, whole(status="302 Found", extra="Location: /slow-loop\r\n"))
    return True


@way("/to")
async def to(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Redirects to `?url=`."""
    await server.write(writer, whole(status="302 Found", extra=f"Location: {asked.query['url']}\r\n"))


@way("/reset")
async def reset(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Hangs up in the middle of the body, with RST instead of FIN."""
    await server.write(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@way("/html")
async def html(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """A login page where JSON was asked for."""
    await server.write(writer, whole(b"<!doctype html><title>Please log in</title>", kind="text/html; charset=utf-8"))
    return True


@way("/charset")
async def charset(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Bytes that are not what `?name=` promises."""
    body = "루미 크림".encode("cp949") + b"\xff\xfe\x00\xed\xa0\x80"
    await server.write(writer, whole(body, kind=f"text/html; charset={asked.query.get('name', 'utf-8')}"))
    return True


@way("/garbage")
async def garbage(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    await server.write(writer, b"\x16\x03\x01\x02\x00\x01\x00\x01 not HTTP at all\r\n\r\n")


@way("/upgrade")
async def upgrade(server: HostileServer, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Changes the protocol although nobody asked for it."""
    await server.write(writer, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
