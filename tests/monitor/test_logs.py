"""The log: one record is one line, no secret in it at any level, and nobody's words above DEBUG."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from monitor import showing
from monitor.app import App, make
from monitor.cli import main
from monitor.config import read_rules
from monitor.logs import NOISY, set_up
from monitor.scheduler import Daemon
from tests.fake_slack import TOKEN, FakeSlack, Faults

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Where the log goes; afterwards logging is as it was."""
    root = logging.getLogger()
    before = root.level, list(root.handlers), {name: logging.getLogger(name).level for name in NOISY}
    written = io.StringIO()
    monkeypatch.setattr("monitor.logs.sys", SimpleNamespace(stderr=written))
    yield written
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize("form", ["lines", "json"])
@pytest.mark.parametrize(
    "odd", ["\n", "\r\n", "\x1b[2J", "\x9b31m", "\x00", "\x07", "\x85", "\u2028", "\u202e", "\ud83d", "\x7f"]
)
def test_one_record_is_one_line_whatever_stands_in_it(log: io.StringIO, form: str, odd: str) -> None:
    set_up(form, "INFO", secrets=())
    logging.getLogger("monitor").info("polled source=%s", f"a{odd}2026-11-25T03:00:00Z INFO forged")
    (line,) = log.getvalue().splitlines()
    assert all(c.isprintable() for c in line)
    assert line.encode()


def test_a_traceback_keeps_its_lines_and_commands_no_terminal(log: io.StringIO) -> None:
    set_up("lines", "INFO", secrets=())
    try:
        raise ValueError("from outside: \x1b[2J\x07")
    except ValueError:
        logging.getLogger("monitor").exception("broke job=%s", "tick")
    text = log.getvalue()
    assert "Traceback" in text
    assert "\\x1b[2J\\x07" in text
    assert not {c for c in text if not c.isprintable() and c != "\n"}


def test_json_lines_have_the_same_four_words(log: io.StringIO) -> None:
    set_up("json", "INFO", secrets=())
    logging.getLogger("monitor.polling").warning("cannot look source=%s", "루미")
    found = json.loads(log.getvalue())
    assert (found["level"], found["place"], found["words"]) == ("WARNING", "monitor.polling", "cannot look source=루미")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["at"])


@pytest.mark.parametrize("form", ["lines", "json"])
def test_secrets_are_blotted_out_wherever_they_turn_up(log: io.StringIO, form: str) -> None:
    set_up(form, "DEBUG", secrets=["canary", "canary-and-more", "", "a", 'quo"te\\d'])
    logger = logging.getLogger("monitor")
    logger.info("token=canary %s", {"Authorization": "Bearer canary-and-more"})
    logger.debug('quo"te\\d')
    try:
        raise RuntimeError("https://host/?key=canary")
    except RuntimeError:
        logger.exception("broke")
    assert "canary" not in log.getvalue()
    assert "-and-more" not in log.getvalue()
    assert "quo" not in log.getvalue()
    assert "Bearer ***" in log.getvalue()
    assert "Traceback" in log.getvalue()  # a secret of one letter would blot out everything


def test_libraries_that_log_addresses_and_requests_are_turned_down(log: io.StringIO) -> None:
    set_up("lines", "DEBUG", secrets=())
    for name in NOISY:
        logging.getLogger(name).info("GET https://host/?token=x")
    assert log.getvalue() == ""


def test_a_level_that_does_not_exist_is_info(log: io.StringIO) -> None:
    set_up("lines", "LOUD", secrets=())
    logging.getLogger("monitor").debug("no")
    logging.getLogger("monitor").info("yes")
    assert log.getvalue().endswith("INFO monitor yes\n")


# ---------------------------------------------------------------- a day with canaries

CANARIES = {
    "SLACK_BOT_TOKEN": "xoxb-canary-slack-0001",
    "MASTODON_TOKEN": "canary-mastodon-0002",
    "BLUESKY_PASSWORD": "canary-bsky-0003",
    "SMTP_URL": "smtp://ops:canary-smtp-0004@127.0.0.1:9",
    "OPS_WEBHOOK": "https://hooks.example/canary-hook-0005?key=canary-hook-0006",
    "MONITOR_KEY": "canary-key-0007",
}
SESSION = "canary-session-0008"
WORDS = "루미 크림 환불 언제 되나요? 아무에게도 말하지 마세요"
CANARY = re.compile(r"canary-[a-z]+-\d{4}")

RULES = """
brand: {name: Lumi, language: ko, timezone: Asia/Seoul}
topics: {lumi: lumi OR 루미}
sources:
  shop: {connector: feed, every: 1m, settings: {url: "https://shop.example/feed?key=canary-feed-0009"}}
  masto: {connector: mastodon, every: 1m, settings: {instance: masto.example, token: $MASTODON_TOKEN}}
  bsky: {connector: bluesky, every: 1m, settings: {handle: lumi.example, app_password: $BLUESKY_PASSWORD}}
targets: [{name: standard, reply_within: 9h, clock: always}]
routes: {default: {channel: C0MENTIONS, stages: [new]}}
slack: {bot_token: $SLACK_BOT_TOKEN}
mail: {smtp: $SMTP_URL, from: m@lumi.example}
fallback: {mail: [ops@lumi.example], webhook: $OPS_WEBHOOK}
digest: {day: mon, at: "09:00"}
web: null
"""


class Web:
    """Answers that give everything back that they were asked with: headers, address and body."""

    def __init__(self) -> None:
        self.mood = "fine"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        echo = f"{request.method} {request.url} {dict(request.headers)} {request.content!r}"
        if self.mood == "dead":
            raise httpx.ConnectError(echo, request=request)
        if self.mood == "bug":
            raise ZeroDivisionError(echo)
        if self.mood == "html":
            return httpx.Response(200, html=echo)
        if self.mood in {"401", "500"}:
            return httpx.Response(int(self.mood), json={"error": echo, "message": echo})
        return self.fine(request, echo)

    def fine(self, request: httpx.Request, echo: str) -> httpx.Response:
        if request.url.host == "shop.example":
            item = f"<item><guid>1</guid><title>루미</title><description>{WORDS}</description></item>"
            return httpx.Response(200, text=f'<rss version="2.0"><channel><title>루미</title>{item}</channel></rss>')
        if request.url.path.endswith("createSession"):
            tokens = {
                "accessJwt": SESSION,
                "refreshJwt": SESSION,
                "did": "did:plc:" + "a" * 24,
                "handle": "lumi.example",
            }
            return httpx.Response(200, json=tokens)
        return httpx.Response(500, json={"error": echo})


async def a_day(app: App, web: Web) -> None:
    """Every job of the daemon, in every mood of the web and of Slack."""
    now = NOW
    daemon = Daemon(app, lambda: now)
    app.polling.agree(now)
    for mood in ("fine", "401", "500", "html", "dead", "bug"):
        web.mood = mood
        for state in app.store.ways.all():  # or a repeated failure would be passed over in silence
            app.store.ways.recovered(state, None, now)
        for state in app.polling.claim(now, "test", 50):
            await app.polling.poll(state, now)
        for job in (daemon.sweep, daemon.replies, daemon.pump, daemon.ring, daemon.digest, daemon.heal):
            await job()
            await asyncio.gather(*daemon._beside.values())
        now += timedelta(hours=26)
        errors = [w.error for w in app.store.ways.all() if w.error]
        assert CANARY.findall(" ".join(errors)) == []
    daemon.ticked_at = now
    assert daemon.health().status in {"ok", "degraded"}
    logging.getLogger("monitor").info(showing.health(daemon.health().as_dict()))


@pytest.mark.parametrize("token", [CANARIES["SLACK_BOT_TOKEN"], TOKEN])
async def test_no_secret_is_ever_logged_or_stored_in_the_clear(
    log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    web = Web()
    monkeypatch.setattr("monitor.app.make_client", lambda **_: httpx.AsyncClient(transport=httpx.MockTransport(web)))
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, "utf-8")
    environ = {**CANARIES, "SLACK_BOT_TOKEN": token, "MONITOR_DATABASE_URL": f"sqlite:///{tmp_path / 'monitor.db'}"}
    rules = read_rules(file, environ)
    set_up("lines", "DEBUG", secrets=())  # nothing is blotted out: it must not be said in the first place
    with FakeSlack(Faults(refuse="" if token == TOKEN else "token_revoked")) as slack:
        app = make(rules, {**environ, "SLACK_API_URL": slack.url}, daemon=True)
        await a_day(app, web)
        posted = json.dumps([vars(m) for c in slack.channels.values() for m in c.messages])
        await app.close()
    written = log.getvalue()
    assert "broke source=" in written  # tracebacks were among it
    bugs = written.count("Traceback")
    assert bugs
    told = "\n".join(line for line in written.splitlines() if "ZeroDivisionError" not in line)
    assert CANARY.findall(told) == []
    assert TOKEN not in told
    assert WORDS not in told
    # A feed's address is part of who its entries are, and stands in the rules file as well.
    assert {c for c in CANARY.findall(kept(tmp_path)) if c != "canary-feed-0009"} == set()
    assert CANARY.findall(posted) == []


def kept(folder: Path) -> str:
    """Everything that stands in the database's files."""
    return b"".join(p.read_bytes() for p in folder.glob("monitor.db*")).decode("latin-1")


async def test_what_a_bug_shows_in_its_traceback_is_blotted_out(
    log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = Web()
    monkeypatch.setattr("monitor.app.make_client", lambda **_: httpx.AsyncClient(transport=httpx.MockTransport(web)))
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, "utf-8")
    environ = {**CANARIES, "MONITOR_DATABASE_URL": f"sqlite:///{tmp_path / 'monitor.db'}"}
    rules = read_rules(file, environ)
    set_up("lines", "DEBUG", secrets=rules.secrets())
    app = make(rules, environ, daemon=True)
    app.polling.agree(NOW)
    web.mood = "bug"
    for state in app.polling.claim(NOW, "test", 50):
        await app.polling.poll(state, NOW)
    await app.close()
    assert "ZeroDivisionError" in log.getvalue()
    assert {c for c in CANARY.findall(log.getvalue()) if c != "canary-feed-0009"} == set()


def test_commands_show_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    (tmp_path / "wrong.yaml").write_text(RULES.replace("every: 1m", "every: $SLACK_BOT_TOKEN"), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", f"sqlite:///{tmp_path / 'monitor.db'}")
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    for words in (["check"], ["check", "--rules", "wrong.yaml"], ["list"], ["digest", "--dry-run"], ["connectors"]):
        monkeypatch.setattr(sys, "argv", ["monitor", *words])
        with pytest.raises(SystemExit):
            main()
        said: Any = capsys.readouterr()
        assert CANARY.findall(said.out + said.err) == [], words
        assert said.out + said.err
