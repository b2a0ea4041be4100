"""A Slack that behaves: channels, members, messages with metadata, threads, history, edits, and the real one's faults.

In a test:  with FakeSlack(faults=Faults(drop_after=0.05), seed=1) as slack: ... base_url=slack.url
By itself:  python -m tests.fake_slack --port 14100 --seed 1 --drop-after 0.03 --error-after 0.02 --limited 0.05
            GET /__dump gives its state as JSON; it outlives the daemons that talk to it.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "xoxb-fake"
SCOPES = "chat:write,channels:history,channels:read,groups:history,groups:read"


@dataclass
class Faults:
    """Chances, from 0 to 1, of each fault per call that writes."""

    drop_before: float = 0.0  # the connection ends before anything happened
    drop_after: float = 0.0  # the message is posted, the answer is lost
    error_before: float = 0.0  # HTTP 500, nothing happened
    error_after: float = 0.0  # HTTP 500, though the message is posted
    limited: float = 0.0  # 429
    retry_after: str = "1"
    delay_s: float = 0.0  # up to this long
    refuse: str = ""  # every call answers {"ok": false, "error": this}


@dataclass
class Message:
    ts: str
    channel: str
    text: str
    blocks: list[Any]
    metadata: dict[str, Any]
    thread_ts: str | None
    broadcast: bool
    edits: int = 0


@dataclass
class Channel:
    id: str
    name: str
    member: bool = True
    archived: bool = False
    messages: list[Message] = field(default_factory=list)


class FakeSlack:
    """State, rules and an HTTP server in a thread. `url` is what SLACK_API_URL would be."""

    def __init__(self, faults: Faults | None = None, seed: int = 0, port: int = 0, per_second: float = 0) -> None:
        self.faults = faults or Faults()
        self.random = random.Random(seed)
        self.per_second = per_second  # 0: no limit of its own
        self.scopes = SCOPES
        self.channels = {c.id: c for c in (Channel("C0MENTIONS", "mentions"), Channel("C0WEEKLY", "weekly"))}
        self.calls: Counter[str] = Counter()
        self.lock = threading.Lock()
        self._ts = 1_700_000_000_000_000
        self._last: dict[str, list[float]] = {}
        self.server = _Server(("127.0.0.1", port), _handler(self))
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/api/"

    def __enter__(self) -> FakeSlack:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    # ------------------------------------------------------------ looking in

    def messages(self, channel: str = "C0MENTIONS") -> list[Message]:
        with self.lock:
            return list(self.channels[channel].messages)

    def keys(self) -> Counter[str]:
        """How often each of the sender's keys was posted."""
        with self.lock:
            return Counter(
                str(m.metadata.get("event_payload", {}).get("key", ""))
                for c in self.channels.values()
                for m in c.messages
            )

    def dump(self) -> dict[str, Any]:
        keys = self.keys()
        with self.lock:
            return {
                "calls": dict(self.calls),
                "keys": keys,
                "messages": sum(len(c.messages) for c in self.channels.values()),
                "doubled": [k for k, n in keys.items() if n > 1],
            }

    # ------------------------------------------------------------ methods

    def answer(self, method: str, given: Mapping[str, str], token: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        """(status, body, headers); `_drop` in the body says that the connection ends without an answer."""
        with self.lock:
            self.calls[method] += 1
            chance = self.random.random
            faults = self.faults
            if token != TOKEN:
                return 200, {"ok": False, "error": "invalid_auth"}, {}
            if faults.refuse:
                return 200, {"ok": False, "error": faults.refuse}, {}
            writes = method in {"chat.postMessage", "chat.update"}
            if writes and (chance() < faults.limited or self._too_fast(given.get("channel", ""))):
                return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": faults.retry_after}
            if writes and chance() < faults.drop_before:
                return 0, {"_drop": True}, {}
            if writes and chance() < faults.error_before:
                return 500, {"ok": False, "error": "internal_error"}, {}
            body = self._methods().get(method, self._unknown)(given)
            if writes and body.get("ok"):
                if chance() < faults.drop_after:
                    return 0, {"_drop": True}, {}
                if chance() < faults.error_after:
                    return 500, {"ok": False, "error": "internal_error"}, {}
            return 200, body, {"x-oauth-scopes": self.scopes}

    def _methods(self) -> Mapping[str, Any]:
        return {
            "auth.test": self._auth,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.list": self._list,
            "conversations.info": self._info,
        }

    def _unknown(self, _: Mapping[str, str]) -> dict[str, Any]:
        return {"ok": False, "error": "unknown_method"}

    def _auth(self, _: Mapping[str, str]) -> dict[str, Any]:
        return {"ok": True, "user_id": "U0BOT", "user": "monitor", "team": "Lumi"}

    def _channel(self, given: Mapping[str, str]) -> Channel | str:
        channel = self.channels.get(given.get("channel", ""))
        if channel is None:
            return "channel_not_found"
        if channel.archived:
            return "is_archived"
        return channel if channel.member else "not_in_channel"

    def _post(self, given: Mapping[str, str]) -> dict[str, Any]:
        channel = self._channel(given)
        if isinstance(channel, str):
            return {"ok": False, "error": channel}
        thread = given.get("thread_ts")
        if thread and not any(m.ts == thread for m in channel.messages):
            return {"ok": False, "error": "thread_not_found"}
        blocks = json.loads(given.get("blocks") or "[]")
        if len(blocks) > 50:
            return {"ok": False, "error": "invalid_blocks"}
        if not given.get("text") and not blocks:
            return {"ok": False, "error": "no_text"}
        self._ts += self.random.randrange(1, 1000)
        # Slack's ts is a time: what looks for messages since a moment must find it.
        ts = f"{time.time():.6f}"[:-3] + f"{self._ts % 1000:03d}"
        while any(m.ts == ts for m in channel.messages):
            ts = f"{float(ts) + 0.000001:.6f}"
        channel.messages.append(
            Message(
                ts,
                channel.id,
                given.get("text", ""),
                blocks,
                json.loads(given.get("metadata") or "{}"),
                thread,
                given.get("reply_broadcast", "").lower() in {"1", "true"},
            )
        )
        return {"ok": True, "channel": channel.id, "ts": ts}

    def _update(self, given: Mapping[str, str]) -> dict[str, Any]:
        channel = self._channel(given)
        if isinstance(channel, str):
            return {"ok": False, "error": channel}
        found = next((m for m in channel.messages if m.ts == given.get("ts")), None)
        if found is None:
            return {"ok": False, "error": "message_not_found"}
        found.text, found.blocks = given.get("text", ""), json.loads(given.get("blocks") or "[]")
        found.edits += 1
        return {"ok": True, "channel": channel.id, "ts": found.ts}

    def _history(self, given: Mapping[str, str]) -> dict[str, Any]:
        return self._read(given, thread=None)

    def _replies(self, given: Mapping[str, str]) -> dict[str, Any]:
        return self._read(given, thread=given.get("ts"))

    def _read(self, given: Mapping[str, str], thread: str | None) -> dict[str, Any]:
        channel = self._channel(given)
        if isinstance(channel, str):
            return {"ok": False, "error": channel}
        if "channels:history" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": "channels:history"}
        oldest = float(given.get("oldest") or 0)
        if thread is None:
            found = [m for m in channel.messages if m.thread_ts is None or m.broadcast]
        else:
            found = [m for m in channel.messages if m.ts == thread or m.thread_ts == thread]
        found = sorted((m for m in found if float(m.ts) >= oldest), key=lambda m: m.ts, reverse=thread is None)
        start, limit = int(given.get("cursor") or 0), int(given.get("limit") or 100)
        page = found[start : start + limit]
        more = start + limit < len(found)
        whole = given.get("include_all_metadata", "").lower() in {"1", "true"}
        return {
            "ok": True,
            "messages": [{"ts": m.ts, "text": m.text, **({"metadata": m.metadata} if whole else {})} for m in page],
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + limit) if more else ""},
        }

    def _list(self, _: Mapping[str, str]) -> dict[str, Any]:
        return {
            "ok": True,
            "channels": [{"id": c.id, "name": c.name, "is_member": c.member} for c in self.channels.values()],
            "response_metadata": {"next_cursor": ""},
        }

    def _info(self, given: Mapping[str, str]) -> dict[str, Any]:
        channel = self.channels.get(given.get("channel", ""))
        if channel is None:
            return {"ok": False, "error": "channel_not_found"}
        return {"ok": True, "channel": {"id": channel.id, "is_member": channel.member, "is_archived": channel.archived}}

    def _too_fast(self, channel: str) -> bool:
        if not self.per_second:
            return False
        now = time.monotonic()
        recent = [t for t in self._last.get(channel, []) if now - t < 3]
        self._last[channel] = recent
        if len(recent) >= 3 * self.per_second + 3:
            return True
        recent.append(now)
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in the middle of a call is what we are here for."""


def _handler(slack: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve("")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8"))

        def _serve(self, body: str) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/__dump":
                return self._write(200, slack.dump(), {})
            if parts.path == "/__faults":
                for name, value in parse_qsl(parts.query):
                    setattr(slack.faults, name, type(getattr(slack.faults, name))(value))
                return self._write(200, {"ok": True}, {})
            given = dict(parse_qsl(parts.query, keep_blank_values=True))
            if "json" in (self.headers.get("Content-Type") or ""):
                given.update(
                    {k: v if isinstance(v, str) else json.dumps(v) for k, v in json.loads(body or "{}").items()}
                )
            else:
                given.update(parse_qsl(body, keep_blank_values=True))
            if slack.faults.delay_s:
                time.sleep(slack.random.random() * slack.faults.delay_s)
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or given.get("token", "")
            status, answer, headers = slack.answer(parts.path.rpartition("/")[2], given, token)
            if answer.get("_drop"):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return None
            return self._write(status, answer, headers)

        def _write(self, status: int, answer: Mapping[str, Any], headers: Mapping[str, str]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, the base's name for it
            """Quiet."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=14100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--retry-after", default="1")
    for name in ("drop-before", "drop-after", "error-before", "error-after", "limited", "delay-s", "per-second"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    given = vars(parser.parse_args())
    port, seed, per_second = given.pop("port"), given.pop("seed"), given.pop("per_second")
    slack = FakeSlack(Faults(**given), seed, port, per_second)
    print(slack.url, flush=True)
    slack.server.serve_forever()


if __name__ == "__main__":
    main()
