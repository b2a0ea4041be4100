"""Kill the daemon at random moments, again and again, and count what was lost or doubled.

    python tools/chaos.py --kills 200 --mentions 2000 --seed 1 [--state DIR]

The real daemon (`monitor run`) on SQLite, a feed that grows while it is read, and a Slack that also drops answers, says
429 and answers 500 after posting. When all is said, every mention must be in the database, every alert in Slack, none
of them twice, and the database whole. With --state a run that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fake_slack import TOKEN, Channel, FakeSlack, Faults  # noqa: E402, our tests are no installed package

CHANNELS = 40
"""Slack takes one message per second and channel; many channels make a short test of many alerts."""

RULES = """
brand: {{name: Lumi, language: ko, timezone: Asia/Seoul}}
topics: {{lumi: lumi OR 루미}}
sources:
{sources}
targets:
{targets}
  - {{name: rest, reply_within: 10h}}
routes:
  default: {{channel: C0MENTIONS, stages: [new]}}
{routes}
slack: {{bot_token: $SLACK_BOT_TOKEN}}
network: {{allow_private: [127.0.0.1]}}
web: null
"""


class Feed:
    """Feeds that grow: item n of feed f is there once `grown` has passed it. A page shows the newest 400."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.grown = 0
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = int(self.path.strip("/").removesuffix(".xml") or 0)
                data = feed.page(number).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, the base's name for it
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """The daemon was killed in the middle of a fetch."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.port = self.server.server_address[1]

    def page(self, number: int) -> str:
        now = format_datetime(datetime.now(UTC))
        items = [
            f"<item><guid>{n}</guid><title>루미 {n}</title><link>http://127.0.0.1/{n}</link><pubDate>{now}</pubDate>"
            f"<description>{escape(f'루미 크림 {n}번 주문 환불 언제 되나요?')}</description></item>"
            for n in range(self.grown)
            if n % CHANNELS == number
        ]
        body = "".join(items[-400:])
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>루미</title>'
            f"<link>http://127.0.0.1/</link>{body}</channel></rss>"
        )


def rules(port: int) -> str:
    each = range(CHANNELS)
    return RULES.format(
        sources="\n".join(
            f"  f{i}: {{connector: feed, every: 5s, settings: {{url: 'http://127.0.0.1:{port}/{i}.xml'}}}}"
            for i in each
        ),
        targets="\n".join(f"  - {{name: t{i}, when: {{source: f{i}}}, reply_within: 90s, route: r{i}}}" for i in each),
        routes="\n".join(f"  r{i}: {{channel: C0CHAOS{i:02d}, stages: [new, due]}}" for i in each),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--mentions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="keep the database here, and go on if it is there already")
    parser.add_argument("--patience", type=float, default=600, help="seconds for the rest once the killing is over")
    given = parser.parse_args()
    folder = given.state or Path(mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    rand = random.Random(given.seed)
    feed = Feed(given.mentions)
    faults = Faults(drop_before=0.03, drop_after=0.03, error_before=0.02, error_after=0.02, limited=0.05, delay_s=0.06)
    with FakeSlack(faults, given.seed) as slack:
        for i in range(CHANNELS):
            slack.channels[f"C0CHAOS{i:02d}"] = Channel(f"C0CHAOS{i:02d}", f"chaos-{i}")
        return Run(given, folder, rand, feed, slack).play()


class Run:
    def __init__(
        self, given: argparse.Namespace, folder: Path, rand: random.Random, feed: Feed, slack: FakeSlack
    ) -> None:
        self.given, self.folder, self.rand, self.feed, self.slack = given, folder, rand, feed, slack
        self.progress = folder / "progress.json"
        self.kills = 0
        self.said = 0  # where this life's part of the log begins
        self.database = folder / "monitor.db"
        if self.progress.exists():
            self.resume()

    def resume(self) -> None:
        """What was done before the cut: kills, growth, and what Slack holds."""
        kept = json.loads(self.progress.read_text("utf-8"))
        self.kills, self.feed.grown = kept["kills"], kept["grown"]
        from tests.fake_slack import Message

        for channel, messages in kept["slack"].items():
            self.slack.channels[channel].messages = [Message(**m) for m in messages]

    def save(self) -> None:
        held = {c.id: [vars(m) for m in c.messages] for c in self.slack.channels.values()}
        text = json.dumps({"kills": self.kills, "grown": self.feed.grown, "slack": held})
        draft = self.progress.with_suffix(".new")
        draft.write_text(text, "utf-8")
        draft.replace(self.progress)

    def play(self) -> int:
        file = self.folder / "rules.yaml"
        file.write_text(rules(self.feed.port), "utf-8")
        started = time.monotonic()
        # The first look at a source takes what is there as old news: let the daemon have it before anything is said.
        if self.kills == 0 and self.feed.grown == 0:
            self.live(until=lambda: self.ways() == CHANNELS, patience=120)
        step = max(1, -(-self.given.mentions // max(1, int(self.given.kills * 0.8))))
        while self.kills < self.given.kills:
            self.feed.grown = min(self.given.mentions, self.feed.grown + step)
            daemon = self.start()
            # Most of these moments lie in the middle of fetching, saving and sending, some in the start itself.
            if self.rand.random() < 0.9:
                self.wait_for_work(daemon, lines=self.rand.randrange(80))
            time.sleep(self.rand.random() * 0.5)
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
            self.kills += 1
            if self.kills % 10 == 0:
                self.save()
                print(
                    f"kills={self.kills} grown={self.feed.grown} stored={self.count('mention')} sent={self.sent()}",
                    flush=True,
                )
        self.feed.grown = self.given.mentions
        self.live(until=self.is_done, patience=self.given.patience)
        self.save()
        return self.judge(time.monotonic() - started)

    def start(self) -> subprocess.Popen[bytes]:
        environ = {
            **os.environ,
            "MONITOR_DATABASE_URL": f"sqlite:///{self.database}",
            "SLACK_API_URL": self.slack.url,
            "SLACK_BOT_TOKEN": TOKEN,
            "MONITOR_KEY": "chaos",
        }
        command = [sys.executable, "-m", "monitor", "run", "--rules", str(self.folder / "rules.yaml")]
        log = (self.folder / "daemon.log").open("ab")
        self.said = log.tell()
        return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)

    def wait_for_work(self, daemon: subprocess.Popen[bytes], lines: int) -> None:
        """Until this life of the daemon has begun and logged some lines, each a poll or a message: how long that
        takes depends on the machine, where in its work it is killed does not."""
        log, began, end = self.folder / "daemon.log", 0.0, time.monotonic() + 60
        while daemon.poll() is None and time.monotonic() < end:
            said = log.read_bytes()[self.said :]
            if b"started brand" in said:
                began = began or time.monotonic()
                if said.count(b"\n") > lines or time.monotonic() - began > 8:
                    return
            time.sleep(0.01)

    def live(self, until: Any, patience: float) -> None:
        """Let the daemon live until something holds, then stop it in order."""
        daemon = self.start()
        end = time.monotonic() + patience
        while not until() and time.monotonic() < end and daemon.poll() is None:
            time.sleep(0.5)
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(15)
        except subprocess.TimeoutExpired:
            daemon.kill()

    def is_done(self) -> bool:
        return (
            self.count("mention") >= self.given.mentions
            and self.count("deadline WHERE wake_at IS NOT NULL") == 0
            and self.count("outbox WHERE state IN ('pending', 'sending', 'blocked')") == 0
        )

    def ways(self) -> int:
        return self.count("way WHERE baseline_at IS NOT NULL")

    def sent(self) -> int:
        return self.count("outbox WHERE state = 'sent'")

    def count(self, what: str) -> int:
        try:
            with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30) as db:
                return int(db.execute(f"SELECT count(*) FROM {what}").fetchone()[0])
        except sqlite3.OperationalError:
            return 0

    def judge(self, seconds: float) -> int:
        """Hold the database and Slack against what was said."""
        keys = self.slack.keys()
        doubled = {k: n for k, n in keys.items() if n > 1 and k}
        with sqlite3.connect(self.database) as db:
            whole = db.execute("PRAGMA integrity_check").fetchone()[0]
            stored = db.execute("SELECT count(DISTINCT native_id) FROM mention").fetchone()[0]
            promised = db.execute("SELECT count(*) FROM deadline").fetchone()[0]
            told = db.execute(
                "SELECT count(DISTINCT a.deadline_id) FROM alert a JOIN outbox o ON o.id = a.outbox_id"
                " WHERE o.state = 'sent'"
            ).fetchone()[0]
            due = db.execute("SELECT count(DISTINCT deadline_id) FROM alert WHERE stage = 'due'").fetchone()[0]
            rows = db.execute("SELECT dedupe_key FROM outbox WHERE state = 'sent' AND kind <> 'edit'").fetchall()
            keys_sent = {row[0] for row in rows}
        calls = self.slack.calls
        table = [
            ("kills", self.kills, None),
            ("mentions said", self.given.mentions, None),
            ("mentions lost", self.given.mentions - stored, 0),
            ("mentions without a deadline", self.given.mentions - promised, 0),
            ("alerts lost", promised - told, 0),
            ("deadlines whose end was not told", promised - due, 0),
            ("alerts that only we believe sent", len(keys_sent - set(keys)), 0),
            ("alerts doubled", len(doubled), 0),
            ("integrity check", whole, "ok"),
            ("Slack calls", sum(calls.values()), None),
            (
                "of these look-ups",
                calls["conversations.history"] + calls["conversations.replies"],
                None,
            ),
            ("minutes", round(seconds / 60, 1), None),
        ]
        for name, value, _ in table:
            print(f"{name:<36} {value}")
        wrong = [name for name, value, wanted in table if wanted is not None and value != wanted]
        print("1 failed: " + ", ".join(wrong) if wrong else "as promised")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
