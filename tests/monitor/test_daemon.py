"""The daemon as a process of its own: it ends in order when told to, and sits out a full disk."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.fake_slack import TOKEN, FakeSlack
from tests.hostile import WAYS, HostileServer, silent, whole

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]

RULES = """
brand: {{name: Lumi, language: ko, timezone: Asia/Seoul}}
topics: {{lumi: lumi OR 루미}}
sources: {{shop: {{connector: feed, every: 5s, settings: {{url: "{url}"}}}}}}
targets: [{{name: standard, reply_within: 9h, clock: always}}]
routes: {{default: {{channel: C0MENTIONS, stages: [new]}}}}
slack: {{bot_token: $SLACK_BOT_TOKEN}}
network: {{allow_private: [127.0.0.1]}}
web: {web}
"""


def feed(count: int) -> bytes:
    now = format_datetime(datetime.now(UTC))
    items = "".join(
        f"<item><guid>{n}</guid><title>루미 {n}</title><link>https://shop.example/{n}</link><pubDate>{now}</pubDate>"
        f"<description>루미 크림 {n}번 주문 환불 언제 되나요?</description></item>"
        for n in range(count)
    )
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>루미</title>{items}</channel></rss>'
    )
    return whole(text.encode(), kind="application/rss+xml; charset=utf-8", extra="Connection: close\r\n")


@dataclass
class Process:
    """`monitor run` in a folder of its own."""

    folder: Path
    url: str
    slack: str
    web: str = "null"
    ran: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "rules.yaml").write_text(RULES.format(url=self.url, web=self.web), "utf-8")
        environ = {
            "PATH": os.environ.get("PATH", ""),
            "MONITOR_DATABASE_URL": f"sqlite:///{self.database}",
            "SLACK_API_URL": self.slack,
            "SLACK_BOT_TOKEN": TOKEN,
            "MONITOR_KEY": "test",
        }
        command = [sys.executable, "-m", "monitor", "run", "--rules", str(self.folder / "rules.yaml")]
        with (self.folder / "log").open("ab") as log:
            self.ran.append(subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log))
        return self.ran[-1]

    @property
    def database(self) -> Path:
        return self.folder / "monitor.db"

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def ask(self, question: str) -> Any:
        db = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        try:
            return db.execute(question).fetchone()[0]
        finally:
            db.close()


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with HostileServer() as running:
        yield running


@pytest.fixture
def begun() -> Iterator[list[Process]]:
    made: list[Process] = []
    yield made
    for process in made:
        for life in process.ran:
            if life.poll() is None:
                life.kill()
            life.wait()


async def until(holds: Callable[[], bool], what: str = "", seconds: float = 120) -> None:
    """What we wait for happens in another process."""
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < end, f"never happened: {what}"
        await asyncio.sleep(0.05)


async def test_a_signal_ends_it_within_ten_seconds_whatever_it_is_doing(
    server: HostileServer, begun: list[Process], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WAYS, "/deaf/chat.postMessage", silent)
    server.answers.update({"/calm": feed(1), "/large": feed(1500), "/locked": feed(3), "/said": feed(1)})
    with FakeSlack() as slack:
        calm = Process(tmp_path / "calm", server.url("/calm"), slack.url)
        hanging = Process(tmp_path / "hanging", server.url("/silent"), slack.url)
        deaf = Process(tmp_path / "deaf", server.url("/said"), server.url("/deaf/"))
        locked = Process(tmp_path / "locked", server.url("/locked"), slack.url)
        busy = Process(tmp_path / "busy", server.url("/large"), slack.url)
        begun += [calm, hanging, deaf, locked, busy]
        for process in begun:
            process.start()

        def asked(path: str) -> bool:
            return any(r.path == path for r in server.requests)

        await until(lambda: "sent kind=mention" in calm.log(), "an alert")
        await until(lambda: asked("/silent"), "a source that hangs")
        await until(lambda: asked("/deaf/chat.postMessage"), "a Slack that hangs")
        await until(lambda: "polled source" in locked.log(), "a poll before the lock")
        await until(lambda: asked("/large"), "a large page")
        holder = sqlite3.connect(locked.database, isolation_level=None, timeout=30)
        holder.execute("BEGIN IMMEDIATE")
        at = time.monotonic()
        for process in begun:
            process.ran[0].send_signal(signal.SIGTERM)
        seconds, codes = {}, {}
        for process in begun:
            left = max(0.1, at + 20 - time.monotonic())
            codes[process.folder.name] = await asyncio.to_thread(process.ran[0].wait, left)
            seconds[process.folder.name] = round(time.monotonic() - at, 1)
        holder.execute("ROLLBACK")
        holder.close()
    logs = {p.folder.name: p.log() for p in begun}
    assert set(codes.values()) == {0}, (codes, logs)
    assert max(seconds.values()) <= 10, seconds
    assert all("stopped" in log and "Traceback" not in log for log in logs.values()), logs
    for process in begun:
        assert process.ask("PRAGMA integrity_check") == "ok"
    # All of the page or nothing; and what Slack may have got is not forgotten.
    assert busy.ask("SELECT count(*) FROM mention") in {0, 1500}
    assert deaf.ask("SELECT count(*) FROM outbox WHERE state = 'sending'") == 1


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit another process's files")
async def test_a_full_disk_is_sat_out(server: HostileServer, begun: list[Process], tmp_path: Path) -> None:
    port = free_port()
    server.answers["/shop"] = feed(1)
    with FakeSlack() as slack:
        process = Process(tmp_path / "full", server.url("/shop"), slack.url, f'{{listen: "127.0.0.1:{port}"}}')
        begun.append(process)
        daemon = process.start()
        health = partial(health_of, port)
        await until(lambda: health().get("status") == "ok" and len(slack.messages()) >= 1, "a first alert")
        await until(lambda: process.ask("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0, "a quiet moment")
        sizes = [p.stat().st_size for p in process.folder.iterdir()]
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (max(sizes), resource.RLIM_INFINITY))
        cursor = process.ask("SELECT cursor FROM way")
        server.answers["/shop"] = feed(40)
        await until(lambda: health().get("status") == "degraded", "trouble on the health page")
        assert any(t.startswith("database: disk I/O error (") for t in health()["troubles"]), health()
        assert process.ask("SELECT cursor FROM way") == cursor
        assert process.ask("SELECT count(*) FROM mention") == 1
        assert daemon.poll() is None
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await until(lambda: process.ask("SELECT count(*) FROM mention") == 40, "all mentions")
        await until(lambda: process.ask("SELECT count(*) FROM deadline WHERE root_id IS NULL") == 0, "all alerts")
        await until(lambda: process.ask("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0, "all sent")
        await until(lambda: health().get("status") == "ok", "health")
        daemon.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(daemon.wait, 20) == 0
        doubled = {key: n for key, n in slack.keys().items() if n > 1}
    assert doubled == {}
    assert process.log().count("disk I/O error") < 20  # said once, not every second
    assert "the database works again" in process.log()
    assert "Traceback" not in process.log()


def health_of(port: int) -> dict[str, Any]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except URLError:
        return {}
