"""`monitor health`, as a container's health check runs it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.config import read_listen

RULES = """\
brand: {{name: Lumi, language: en, timezone: Asia/Seoul}}
topics: {{lumi: lumi}}
sources: {{blog: {{connector: feed, settings: {{url: "https://example.com/rss"}}}}}}
targets: [{{name: standard, reply_within: 1h, clock: always}}]
routes: {{default: {{channel: mentions, stages: [new, due]}}}}
web: {{listen: "{listen}"}}
"""
FINE = {"status": "ok", "troubles": [], "waiting": 3, "outbox": {}}
HANGS = {"status": "dead", "troubles": ["nothing has happened for 61 s"], "waiting": 0, "outbox": {}}


@contextmanager
def daemon(status: int, body: bytes) -> Iterator[int]:
    """Something that answers every request alike; the port it listens on."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def health(folder: Path, listen: str) -> Result:
    path = folder / "rules.yaml"
    path.write_text(RULES.format(listen=listen), encoding="utf-8")
    return CliRunner().invoke(cli, ["health", "--rules", str(path)])


@pytest.fixture
def closed() -> int:
    """A port on which nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def test_a_daemon_that_lives_is_healthy(tmp_path: Path) -> None:
    with daemon(200, json.dumps(FINE).encode()) as port:
        result = health(tmp_path, f"127.0.0.1:{port}")
    assert result.exit_code == 0, result.output
    assert "3 mention(s)" in result.output


def test_a_page_that_is_open_to_all_is_asked_on_loopback(tmp_path: Path) -> None:
    with daemon(200, json.dumps(FINE).encode()) as port:
        assert health(tmp_path, f"0.0.0.0:{port}").exit_code == 0


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: int, name: str
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, f"http://127.0.0.1:{closed}")
    with daemon(200, json.dumps(FINE).encode()) as port:
        result = health(tmp_path, f"127.0.0.1:{port}")
    assert result.exit_code == 0, result.output


def test_a_daemon_that_hangs_is_not_healthy_and_it_is_said_why(tmp_path: Path) -> None:
    with daemon(503, json.dumps(HANGS).encode()) as port:
        result = health(tmp_path, f"127.0.0.1:{port}")
    assert result.exit_code == 1
    assert "nothing has happened for 61 s" in result.output


def test_nobody_on_the_port_is_not_healthy(tmp_path: Path, closed: int) -> None:
    result = health(tmp_path, f"127.0.0.1:{closed}")
    assert result.exit_code == 1
    assert f"does not answer on 127.0.0.1:{closed}" in result.output


def test_somebody_else_on_the_port_is_not_healthy(tmp_path: Path) -> None:
    with daemon(200, b"<html>another program</html>") as port:
        result = health(tmp_path, f"127.0.0.1:{port}")
    assert result.exit_code == 1
    assert "does not answer" in result.output


@pytest.mark.parametrize("mistake", ["bogus: 1", "mail: {smtp: $NOT_SET}", "targets: 3"])
def test_a_mistake_saved_while_the_daemon_runs_does_not_make_it_look_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    path = tmp_path / "rules.yaml"
    with daemon(200, json.dumps(FINE).encode()) as port:
        path.write_text(f'web: {{listen: "127.0.0.1:{port}"}}\n{mistake}\n', encoding="utf-8")
        result = CliRunner().invoke(cli, ["health", "--rules", str(path)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("text", ["", "topics: [", "\ttab", "web: {listen: nonsense}", "web: 3"])
def test_a_file_that_cannot_be_read_at_all_means_the_usual_address(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_listen(path, {}) == ("127.0.0.1", 8080)


def test_rules_without_a_page_cannot_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("web:\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["health", "--rules", str(path)])
    assert result.exit_code == 2
    assert "web: is off" in result.output
