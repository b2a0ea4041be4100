"""The whole daemon as people run it: a real site that it watches, a Slack that others wrote, commands, and signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

pytestmark = pytest.mark.services

HERE = Path(__file__).parent
PATIENCE = 90.0
"""Seconds until something must have happened; on a quiet machine all of it takes about ten."""

RULES = """
brand: {{name: 루미, language: ko, timezone: Asia/Seoul}}
topics: {{lumi: '루미 OR lumi'}}
sources:
  blog: {{connector: feed, every: 5s, settings: {{url: "{feed}"}}}}
targets:
  - {{name: standard, reply_within: 1h, clock: always}}
routes:
  default: {{channel: mentions, stages: [new, 10m before, due]}}
slack: {{bot_token: $SLACK_BOT_TOKEN}}
digest: {{channel: weekly}}
web: {{listen: "127.0.0.1:{port}"}}
network: {{allow_private: [127.0.0.1]}}
"""

WORDS = "루미 크림이 새서 왔어요. 환불 되나요? &lt;!channel&gt;"
SHOWN = "루미 크림이 새서 왔어요. 환불 되나요? <!channel>"


def until(what: str, look: Callable[[], Any]) -> Any:
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.2)
    return found


@dataclass
class Town:
    """The site, Slack, and a monitor with a folder of its own."""

    folder: Path
    site: str
    slack_url: str
    env: dict[str, str] = field(default_factory=dict)

    @property
    def rules(self) -> Path:
        return self.folder / "rules.yaml"

    def hugo(self, *words: str) -> None:
        env = {**os.environ, "SERVICES_HOME": str(self.folder)}
        subprocess.run([HERE / "hugo.sh", *words], env=env, check=True, timeout=60)

    def monitor(self, *words: str) -> str:
        """What a command prints; it must end well."""
        command = [sys.executable, "-m", "monitor", *words, "--rules", str(self.rules)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        log = self.folder / f"log-{len(list(self.folder.glob('log-*')))}"
        with log.open("wb") as file:
            command = [sys.executable, "-m", "monitor", "run", "--rules", str(self.rules)]
            process = subprocess.Popen(command, env=self.env, cwd=self.folder, stdout=file, stderr=subprocess.STDOUT)
        try:
            yield Daemon(process, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def said(self, channel: str = "mentions") -> list[dict[str, Any]]:
        """Everything in a channel, threads included, the oldest first."""
        slack = WebClient("xoxb-lumi", base_url=self.slack_url)
        (place,) = (c["id"] for c in slack.conversations_list()["channels"] if c["name"] == channel)
        history = slack.conversations_history(channel=place, include_all_metadata=True)["messages"]
        threads = [
            slack.conversations_replies(channel=place, ts=m["ts"], include_all_metadata=True)["messages"]
            for m in history
        ]
        found = {m["ts"]: m for messages in (history, *threads) for m in messages}
        return [found[ts] for ts in sorted(found)]

    def about(self, words: str) -> list[dict[str, Any]]:
        return [m for m in self.said() if words in str(m["blocks"])]


@dataclass
class Daemon:
    process: subprocess.Popen[bytes]
    log: Path

    def logged(self, words: str) -> int:
        """How often; and the daemon must be alive."""
        text = self.log.read_text("utf-8")
        assert self.process.poll() is None, text
        return text.count(words)

    def stop(self) -> str:
        """Ends it as a container's keeper does, who waits for ten seconds. Gives the log."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0
        return self.log.read_text("utf-8")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, slack_url: str) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    env = {**os.environ, "SERVICES_HOME": str(folder)}
    started = subprocess.run([HERE / "hugo.sh", "start"], env=env, check=True, stdout=subprocess.PIPE, text=True)
    town = Town(folder, started.stdout.strip(), slack_url)
    try:
        town.env = {
            **os.environ,
            "SLACK_API_URL": slack_url,
            "SLACK_BOT_TOKEN": "xoxb-lumi",
            "MONITOR_DATABASE_URL": f"sqlite:///{folder}/monitor.db",
            "PYTHONPATH": str(HERE.parent.parent),
            "USER": "mina",
        }
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        town.rules.write_text(RULES.format(feed=f"{town.site}index.xml", port=port), "utf-8")
        yield town
    finally:
        town.hugo("stop")


def keys(town: Town) -> Counter[str]:
    return Counter(m["metadata"]["event_payload"]["key"] for m in town.said())


def test_a_post_becomes_an_alert_its_answer_an_edit_and_a_signal_an_orderly_end(town: Town) -> None:
    assert "fine" in town.monitor("check")
    assert "BROKEN" not in town.monitor("check", "--online")

    with town.daemon() as daemon:
        until("a first look", lambda: daemon.logged("polled source=blog"))
        assert town.about(SHOWN) == []

        town.hugo("post", "leak", "배송 문의", WORDS)
        (alert,) = until("the alert", lambda: town.about(SHOWN))
        assert "환불 되나요?" in alert["text"], "also where only text is shown"
        assert "<!channel>" not in alert["text"], "a stranger rings nobody"
        assert "답변 기한" in alert["text"], "by when"
        assert alert["metadata"]["event_type"] == "mention_monitor"
        assert f"{town.site}posts/leak/" in str(alert["blocks"])
        assert "edited" not in alert

        (waiting,) = json.loads(town.monitor("list", "--json"))
        assert waiting["mention"]["title"] == "배송 문의"
        assert waiting["state"] == "waiting"
        assert "ok" in town.monitor("health")

        town.monitor("answered", str(waiting["mention"]["id"]))
        (edited,) = until("the edit", lambda: [m for m in town.about(SHOWN) if "edited" in m])
        assert edited["ts"] == alert["ts"], "the message itself says it"
        assert "mina" in edited["text"]
        assert "답변 기한" not in edited["text"]
        assert "답변 기한" not in str(edited["blocks"])
        assert json.loads(town.monitor("list", "--json")) == []

        log = daemon.stop()
    assert "stopped" in log
    assert not any(word in log for word in ("ERROR", "Traceback", "xoxb-lumi", "환불"))
    assert set(keys(town).values()) == {1}


def test_a_daemon_that_was_killed_goes_on_where_it_was_and_tells_nothing_twice(town: Town) -> None:
    before = keys(town)
    with town.daemon() as daemon:
        until("a look", lambda: daemon.logged("polled source=blog"))
        daemon.process.kill()
        daemon.process.wait()
    town.hugo("post", "sting", "루미 세럼 질문", "루미 세럼을 바르면 따가운데 왜 그런가요?")
    with town.daemon() as daemon:
        until("the alert", lambda: town.about("따가운데"))
        seen = daemon.logged("polled source=blog")
        until("another look", lambda: daemon.logged("polled source=blog") > seen)
        log = daemon.stop()
    assert "Traceback" not in log
    after = keys(town)
    assert set(after.values()) == {1}
    assert len(after - before) == 1
