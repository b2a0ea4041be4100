"""Commands as people type them: what they print, and with which exit code they end."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.store import Store, open_engine

RULES = """
brand: {name: Lumi, language: en, timezone: Asia/Seoul}
topics: {lumi: lumi OR 루미}
sources: {news: {connector: feed, every: 5m, settings: {url: "https://news.example/feed"}}}
targets: [{name: standard, reply_within: 9h, clock: always}]
routes: {default: {channel: C0MENTIONS, stages: [new]}}
web: null
"""
COMPLAINT = "루미 크림 환불 언제 되나요? 2주째 답이 없어요"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def monitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """`monitor("list", "--json")` in a folder of its own that holds a rules.yaml; what it read comes as `stdin`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", f"sqlite:///{tmp_path / 'monitor.db'}")
    monkeypatch.setenv("USER", "tester")
    for name in ("MONITOR_KEY", "SLACK_BOT_TOKEN", "SLACK_API_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    root = logging.getLogger()
    before = root.level, list(root.handlers)

    def run(*words: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "argv", ["monitor", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        try:
            main()
            code: Any = 0
        except SystemExit as e:
            code = e.code
        said = capsys.readouterr()
        return Ran(0 if code is None else int(code), said.out, said.err)

    yield run
    root.setLevel(before[0])
    root.handlers[:] = before[1]


@pytest.fixture
def waiting(monitor: Run, tmp_path: Path) -> Run:
    """One mention, number 1, that waits for an answer."""
    file = tmp_path / "said.jsonl"
    said = {"text": COMPLAINT, "author": "haru", "url": "https://shop.example/1", "published": now()}
    file.write_text(json.dumps(said, ensure_ascii=False) + "\n", "utf-8")
    assert monitor("import", str(file), "--source", "shop").code == 0
    return monitor


def now(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


def opened(folder: Path) -> Store:
    return Store(open_engine(f"sqlite:///{folder / 'monitor.db'}", daemon=True), "lumi", b"key")


# ---------------------------------------------------------------- exit codes and words

NO_DEADLINE = "there is no deadline for mention 99"

CASES: list[tuple[list[str], int, str]] = [
    (["--help"], 0, "Watches the places where people talk about a brand"),
    (["no-such-command"], 2, "No such command"),
    (["check"], 0, "rules.yaml: fine"),
    (["check"], 0, "answer within 9h (always)"),
    (["check", "--rules", "missing.yaml"], 2, "missing.yaml"),
    (["check", "--rules", "."], 2, "nothing was started"),
    (["list"], 0, "haru: 루미 크림 환불 언제 되나요?"),
    (["list", "--overdue"], 0, "nothing is overdue"),
    (["list", "--check"], 0, ""),
    (["list", "--overdue", "--json"], 0, "[]"),
    (["show", "1"], 0, "opened by monitor"),
    (["show", "99"], 1, "there is no mention 99"),
    (["show", "one"], 2, "not a valid integer"),
    (["show"], 2, "Missing argument"),
    (["claim", "1"], 0, "mention 1 is cli:tester's for 30 minutes"),
    (["claim", "99"], 1, NO_DEADLINE),
    (["answered", "1"], 0, "mention 1 counts as answered"),
    (["answered", "1", "--at", "2026-11-25 09:00"], 0, "mention 1 counts as answered"),
    (["answered", "1", "--at", "yesterday"], 2, "does not match the format"),
    (["answered", "99"], 1, NO_DEADLINE),
    (["dismiss", "1", "--why", "spam"], 0, "mention 1 needs no reply"),
    (["dismiss", "99"], 1, NO_DEADLINE),
    (["snooze", "1", "30m"], 0, "mention 1 sleeps until"),
    (["snooze", "1", "soon"], 2, "soon"),
    (["snooze", "1", "-5m"], 2, ""),
    (["snooze", "99", "30m"], 1, NO_DEADLINE),
    (["reopen", "1"], 1, "it is open, or cannot be reopened"),
    (["reopen", "99"], 1, NO_DEADLINE),
    (["poll", "nowhere"], 2, "there is no source called 'nowhere'; there are: news"),
    (["digest", "--dry-run"], 0, "Lumi"),
    (["digest", "--week", "2026-W60"], 2, "2026-W60"),
    (["digest", "--week", "last"], 2, "last"),
    (["connectors"], 0, "hackernews: "),
    (["health"], 2, "web: is off in the rules"),
    (["import", "missing.csv", "--source", "shop"], 2, "does not exist"),
    (["import", "rules.yaml"], 2, "Missing option '--source'"),
    (["judge", "--rules", "missing.yaml"], 2, "missing.yaml"),
    (["run", "--rules", "missing.yaml"], 2, "nothing was started"),
    (["run", "--log-format", "xml"], 2, "'xml' is not one of"),
    (["test-alert"], 0, "fine   console:: the test message arrived"),
]


@pytest.mark.parametrize(("words", "code", "said"), CASES, ids=[" ".join(c[0]) for c in CASES])
def test_every_command_ends_with_its_code_and_says_why(waiting: Run, words: list[str], code: int, said: str) -> None:
    ran = waiting(*words)
    assert (ran.code, said in (ran.err if code else ran.out)) == (code, True), ran
    assert "Traceback" not in ran.err


@pytest.mark.skipif(not list(distributions(name="mention-monitor")), reason="it is not installed, only lies here")
def test_it_says_its_version(monitor: Run) -> None:
    assert monitor("--version").out.startswith("monitor, version 0.")


def test_programs_get_json_and_people_get_lines(waiting: Run) -> None:
    (waits,) = json.loads(waiting("list", "--json").out)
    assert (waits["state"], waits["mention"]["author"], waits["mention"]["text"]) == ("waiting", "haru", COMPLAINT)
    shown = json.loads(waiting("show", "1", "--json").out)
    assert [e["what"] for e in shown["events"]] == ["opened"]
    assert json.loads(waiting("digest", "--json").out)
    assert "feed" in json.loads(waiting("connectors", "--json").out)


def test_what_one_person_does_the_next_one_is_told(waiting: Run) -> None:
    assert waiting("claim", "1", "--as", "mina").code == 0
    taken = waiting("claim", "1", "--as", "lead")
    assert (taken.code, taken.err) == (1, "mina holds it\n")
    assert "claimed by mina" in waiting("list").out
    assert waiting("claim", "1", "--as", "mina").code == 0
    assert waiting("dismiss", "1", "--as", "lead", "--why", "a joke").code == 0
    for command in (["claim", "1"], ["answered", "1"], ["dismiss", "1"], ["snooze", "1", "1h"]):
        closed = waiting(*command)
        assert (closed.code, closed.err.startswith("it is closed already")) == (1, True), closed
    assert waiting("list").out == "nothing waits for an answer\n"
    assert waiting("reopen", "1").out == "mention 1 is open again\n"
    shown = waiting("show", "1").out
    assert [w in shown for w in ("claimed by mina", "dismissed by lead", "why=a joke", "reopened by cli:tester")] == (
        [True] * 4
    )


def test_an_answer_counts_from_the_time_that_was_said_in_the_brands_zone(waiting: Run) -> None:
    assert waiting("answered", "1", "--at", "2026-01-05 09:30", "--as", "mina").code == 0
    (deadline,) = json.loads(waiting("show", "1", "--json").out)["deadlines"]
    assert deadline["replied_at"] == "2026-01-05T00:30:00+00:00"
    assert deadline["provenance"] == "marked"


def test_an_answer_from_the_future_counts_from_now(waiting: Run) -> None:
    assert waiting("answered", "1", "--at", "2999-01-01").code == 0
    (deadline,) = json.loads(waiting("show", "1", "--json").out)["deadlines"]
    assert deadline["replied_at"] <= now()


def test_hostile_words_do_not_command_the_terminal(monitor: Run, tmp_path: Path) -> None:
    said = {
        "text": "lumi \x1b[2J\x07 when do I get\x9b31m my refund?\u202e",
        "author": "\x1b]0;owned\x07haru",
        "published": now(),
    }
    (tmp_path / "said.jsonl").write_text(json.dumps(said), "utf-8")
    assert monitor("import", "said.jsonl", "--source", "shop\x1b[1m").code == 0
    assert monitor("dismiss", "1", "--why", "\x1b[31mred", "--as", "\x07bell").code == 0
    for words in (["list"], ["show", "1"], ["list", "--check"], ["digest", "--dry-run"]):
        out = monitor(*words).out
        assert not {c for c in out if not c.isprintable() and c != "\n"}, out


# ---------------------------------------------------------------- rules that are wrong


def test_every_mistake_is_said_at_once_with_line_and_fix(monitor: Run, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        RULES.replace("topics: {lumi: lumi OR 루미}", "topics: {lumi: '(lumi OR'}")
        .replace("Asia/Seoul", "Asia/Soul")
        .replace("every: 5m", "evry: 5m"),
        "utf-8",
    )
    ran = monitor("check")
    assert ran.code == 2
    assert ran.err.count("fix: ") >= 3
    assert [f"rules.yaml:{n}:" in ran.err for n in (2, 3, 4)] == [True] * 3
    assert "nothing was started" in ran.err
    assert ran.out == ""


# ---------------------------------------------------------------- the database


@pytest.mark.parametrize("words", [["list"], ["claim", "1"], ["run"], ["digest", "--dry-run"], ["show", "1"]])
def test_a_database_from_a_newer_version_is_refused_in_words(waiting: Run, tmp_path: Path, words: list[str]) -> None:
    db = sqlite3.connect(tmp_path / "monitor.db")
    db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.commit()
    db.close()
    ran = waiting(*words)
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == (
        "the database is of a newer version of this program (schema 9999); "
        "run that version again, or restore the backup made before the upgrade"
    )
    assert "Traceback" not in ran.err


def test_a_second_daemon_is_refused_in_words_and_commands_go_on(waiting: Run, tmp_path: Path) -> None:
    store = opened(tmp_path)
    ran = waiting("run")
    assert ran.code == 1
    assert "monitor.db is in use by another daemon; stop that one first, or name another database" in ran.err
    assert "Traceback" not in ran.err
    assert waiting("list").code == 0
    store.engine.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////proc/nowhere/monitor.db", "the folder of the database must be writable"),
        ("sqlite:///rules.yaml", "file is not a database"),
        ("nonsense", "MONITOR_DATABASE_URL is no database address"),
        ("sqlite:///rules.yaml/monitor.db", "the folder of the database must be writable"),
    ],
)
def test_a_database_that_cannot_be_opened_is_said_in_words(
    monitor: Run, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("MONITOR_DATABASE_URL", url)
    for command in ("list", "run"):
        ran = monitor(command)
        assert (ran.code, words in ran.err) == (1, True), ran
        assert "Traceback" not in ran.err


# ---------------------------------------------------------------- import


def imported(monitor: Run, tmp_path: Path, name: str, data: bytes) -> Ran:
    (tmp_path / name).write_bytes(data)
    return monitor("import", name, "--source", "shop")


def test_a_csv_from_excel_with_bom_and_korean_is_read(monitor: Run, tmp_path: Path) -> None:
    lines = f'text,author,published\r\n"{COMPLAINT}",하루,{now()}\r\n"루미, ""좋아요""\r\n두 줄",민지,\r\n'
    ran = imported(monitor, tmp_path, "said.csv", b"\xef\xbb\xbf" + lines.encode())
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "read 2, new 2, edited 0, waiting for an answer 1, unreadable 0\n"
    assert json.loads(monitor("show", "2", "--json").out)["text"] == '루미, "좋아요"\n두 줄'
    again = imported(monitor, tmp_path, "said.csv", b"\xef\xbb\xbf" + lines.encode())
    assert again.out.startswith("read 2, new 0, edited 0")


def test_bad_lines_are_named_and_the_others_are_kept(monitor: Run, tmp_path: Path) -> None:
    lines = [
        "text,rating,likes,published",
        f"{COMPLAINT} 하나,0.5,3,{now()}",
        f"{COMPLAINT} 둘,seven,,",
        f"{COMPLAINT} 셋,7,,",
        f"{COMPLAINT} 넷,,many,",
        f"{COMPLAINT} 다섯,,,the day before",
        f"{COMPLAINT} 여섯",
        f"{COMPLAINT} 일곱,,,,more,than,columns",
    ]
    ran = imported(monitor, tmp_path, "said.csv", "\n".join(lines).encode())
    assert ran.code == 1
    assert ran.out.startswith("read 7, new 3,")
    assert ran.out.endswith("unreadable 4\n")
    assert [f"said.csv: line {n}: " in ran.err for n in range(3, 7)] == [True] * 4
    assert "seven" not in ran.err  # it may be a customer's text


def test_json_lines_are_read_and_odd_ones_are_named(monitor: Run, tmp_path: Path) -> None:
    good = {"text": "Lumi broke my skin, how do I get a refund?", "author": "haru", "published": now()}
    lines = [
        json.dumps(good).encode(),
        b"",
        b"[1, 2]",
        b"null",
        b"{",
        b'"text"',
        b'{"text": "lumi", "colour": "blue"}',
        b'{"text": "lumi", "rating": NaN}',
        b'{"author": "nobody"}',
        b"[" * 100_000,
        b'{"text": "lumi \\ud83d", "id": "half"}',
    ]
    ran = imported(monitor, tmp_path, "said.jsonl", b"\n".join(lines))
    assert ran.code == 1
    assert "read 10, new 2, " in ran.out
    assert "unreadable 8" in ran.out
    assert "said.jsonl: line 3: " in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("said.csv", b"author,url\nharu,https://x.example\n", "one of them must be `text`"),
        ("said.csv", b"", "one of them must be `text`"),
        (
            "said.csv",
            "text\n루미 크림\n".encode("cp949"),
            "the file is not UTF-8; save it as UTF-8 (in Excel: CSV UTF-8)",
        ),
        ("said.jsonl", json.dumps({"text": "루미"}, ensure_ascii=False).encode("utf-16"), "the file is not UTF-8"),
        ("said.csv", b"text\n" + b'"' + b"x" * 3_000_000 + b'"\n', "the file is no CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_in_words(
    monitor: Run, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    ran = imported(monitor, tmp_path, name, data)
    assert (ran.code, words in ran.err) == (1, True), ran
    assert "Traceback" not in ran.err
    assert monitor("list").out == "nothing waits for an answer\n"


def test_old_news_from_a_file_makes_no_promise(monitor: Run, tmp_path: Path) -> None:
    said = [{"text": f"{COMPLAINT} {n}", "published": now(hours=5 * n)} for n in (1, 3)]
    ran = imported(monitor, tmp_path, "said.jsonl", "\n".join(map(json.dumps, said)).encode())
    assert ran.out == "read 2, new 2, edited 0, waiting for an answer 1, unreadable 0\n"


# ---------------------------------------------------------------- judge


def test_judging_reads_lines_and_gives_one_verdict_each(monitor: Run, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").unlink()  # it needs none
    said = [
        COMPLAINT.encode(),
        json.dumps({"text": "I love Lumi, thank you so much!"}).encode(),
        b"\xff\xfe broken bytes",
        b"{not json",
        ("good but " * 5_000).encode(),
        "😭".encode() * 3_000,
    ]
    ran = monitor("judge", stdin=b"\n".join(said) + b"\n")
    assert (ran.code, ran.err) == (0, "")
    verdicts = [json.loads(line) for line in ran.out.splitlines()]
    assert len(verdicts) == len(said)
    assert (verdicts[0]["language"], verdicts[0]["needs_reply"]) == ("ko", True)
    assert (verdicts[1]["language"], verdicts[1]["label"]) == ("en", "positive")
    assert all({"sentiment", "label", "intent", "priority", "needs_reply"} <= v.keys() for v in verdicts)


def test_judging_nothing_gives_nothing(monitor: Run) -> None:
    assert monitor("judge") == Ran(0, "", "")


# ---------------------------------------------------------------- digest


def test_a_digest_is_sent_once_and_shown_as_often_as_wanted(waiting: Run) -> None:
    assert waiting("digest", "--week", "2026-W01", "--dry-run").code == 0
    first, second = waiting("digest", "--week", "2026-W01"), waiting("digest", "--week", "2026-W01")
    assert first.out == "digest 2026-W01 will be sent\n"
    assert second.out == "digest 2026-W01 was sent before\n"
    assert (first.code, second.code) == (0, 0)
