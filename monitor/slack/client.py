"""Posting to Slack so that a message is never lost and hardly ever doubled.

slack-sdk's own retries are off: its default handler posts again after a dropped connection, though Slack may have taken
the first call. Every message carries its key in the metadata, which people do not see; after an unclear outcome it is
looked for by that key. Facts: docs.slack.dev (rate limits, message metadata, chat.postMessage's error list).
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.error import URLError
from uuid import NAMESPACE_URL, uuid5

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from monitor.slack.layouts import message
from monitor.telling import (
    BusyError,
    GoneError,
    NotSentError,
    Posted,
    RefusedError,
    Sought,
    Told,
    UnclearError,
)

log = logging.getLogger(__name__)

EVENT = "mention_monitor"
TIMEOUT = 10
LOOK_BACK = timedelta(seconds=60)
"""Clocks differ: a message is looked for from this long before we began to send it."""

LOOK_AHEAD = timedelta(seconds=120)
"""No call is on its way for longer than this; a busy channel is not read to its end."""

PAGES = 10
SCOPES = frozenset({"chat:write", "channels:history", "channels:read", "groups:history", "groups:read"})

UNCLEAR = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable", "team_added_to_org"})
"""Slack: "It's possible some aspect of the operation succeeded"."""

LAYOUT = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text"})
GONE = {
    "message_not_found": "somebody deleted the message",
    "edit_window_closed": "the workspace allows no edits of messages this old",
    "cant_update_message": "the message is not ours to edit",
    "thread_not_found": "somebody deleted the message",
}
MEND = {
    "not_in_channel": "the bot is not in the channel; write /invite and the bot's name in it",
    "channel_not_found": "there is no such channel, or it is private and the bot is not in it; invite the bot",
    "is_archived": "the channel is archived; name another one under `routes:`",
    "invalid_auth": "the bot token is wrong; set SLACK_BOT_TOKEN to the app's Bot User OAuth Token",
    "not_authed": "no bot token was sent; set SLACK_BOT_TOKEN",
    "token_revoked": "the bot token was revoked; install the app again and set SLACK_BOT_TOKEN",
    "token_expired": "the bot token has expired; set SLACK_BOT_TOKEN anew",
    "account_inactive": "the app was removed from the workspace; install it again and set SLACK_BOT_TOKEN",
    "restricted_action": "the workspace does not let the bot post in this channel; ask its administrators",
    "ekm_access_denied": "the workspace's administrators have suspended messages",
}


class SlackOutlet:
    """Messages to Slack channels. `base_url` points at a proxy or a test server instead of Slack."""

    def __init__(self, token: SecretStr, base_url: str | None = None) -> None:
        # slack-sdk logs whole requests at DEBUG.
        logging.getLogger("slack_sdk").setLevel(logging.WARNING)
        base_url = f"{(base_url or WebClient.BASE_URL).rstrip('/')}/"
        self._client = WebClient(token=token.get_secret_value(), base_url=base_url, timeout=TIMEOUT, retry_handlers=[])
        self._ids: dict[str, str] = {}

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        """Say it in a channel, or in the thread of a message. What is overdue is said in the channel as well."""
        channel = thread.channel if thread and thread.channel else await self._channel(to)
        send = partial(
            self._client.chat_postMessage,
            channel=channel,
            metadata={"event_type": EVENT, "event_payload": {"key": key}},
            client_msg_id=str(uuid5(NAMESPACE_URL, key)),
            unfurl_links=False,
            unfurl_media=False,
            thread_ts=thread.ts if thread else None,
            reply_broadcast=True if thread and told.urgency in {"overdue", "window"} else None,
        )
        answer = await self._say(send, told)
        return Posted(answer.get("channel") or channel, answer["ts"])

    async def edit(self, at: Posted, told: Told) -> None:
        """Change a message in place; repeating it does no harm."""
        if at.channel is None or at.ts is None:
            raise GoneError("the message was never seen in Slack")
        await self._say(partial(self._client.chat_update, channel=at.channel, ts=at.ts), told)

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted] | None:
        """Which of these keys have arrived. Messages of a thread do not show in the channel's history."""
        channel = await self._channel(to)
        found: dict[str, Posted] = {}
        threads = {s.thread.ts for s in sought.values() if s.thread and s.thread.ts}
        for ts in (None, *sorted(threads)):
            keys = {k: s for k, s in sought.items() if (s.thread.ts if s.thread else None) == ts}
            if keys:
                oldest = min(s.at for s in keys.values()) - LOOK_BACK
                latest = max(s.at for s in keys.values()) + LOOK_AHEAD
                try:
                    found.update(await asyncio.to_thread(self._look, channel, ts, (oldest, latest), frozenset(keys)))
                except GoneError:
                    continue  # somebody deleted the thread, and what was said in it with it
        return found

    async def check(self, channels: Sequence[str]) -> list[str]:
        """What keeps us from posting to these channels and looking messages up, in words; empty when nothing does."""
        try:
            answer = await self._call(self._client.auth_test)
        except (RefusedError, NotSentError, UnclearError, BusyError) as e:
            return [str(e)]
        problems = []
        scopes = {s.strip() for s in str(answer.headers.get("x-oauth-scopes", "")).split(",") if s.strip()}
        if scopes and (missing := SCOPES - scopes):
            problems.append(f"the app lacks the scope(s) {', '.join(sorted(missing))}; add them and install it again")
        for channel in channels:
            try:
                found = await self._channel(channel)
                info = await self._call(partial(self._client.conversations_info, channel=found))
            except (RefusedError, NotSentError, UnclearError, BusyError) as e:
                problems.append(f"{channel}: {e}")
                continue
            if not info["channel"].get("is_member", True):
                problems.append(f"{channel}: {MEND['not_in_channel']}")
            elif info["channel"].get("is_archived"):
                problems.append(f"{channel}: {MEND['is_archived']}")
        return problems

    # ------------------------------------------------------------ inside

    async def _say(self, send: Callable[..., Any], told: Told) -> Any:
        text, blocks = message(told)
        try:
            return await self._call(partial(send, text=text, blocks=blocks))
        except _LayoutError as e:
            # Our layout, not their fault: the plain text still tells people in time.
            log.error("Slack refuses a layout kind=%s: %s", told.kind, e)
        try:
            return await self._call(partial(send, text=text[:3000], blocks=[]))
        except _LayoutError as e:
            raise RefusedError(f"Slack refuses the message: {e}", whole=False) from None

    def _look(
        self, channel: str, thread: str | None, span: tuple[datetime, datetime], keys: frozenset[str]
    ) -> dict[str, Posted]:
        found: dict[str, Posted] = {}
        for said in self._history(channel, thread, span):
            metadata = said.get("metadata") or {}
            key = (metadata.get("event_payload") or {}).get("key")
            if metadata.get("event_type") == EVENT and key in keys:
                found.setdefault(key, Posted(channel, said["ts"]))
        return found

    def _history(
        self, channel: str, thread: str | None, span: tuple[datetime, datetime]
    ) -> Iterator[Mapping[str, Any]]:
        cursor: str | None = None
        for _ in range(PAGES):
            arguments: dict[str, Any] = {
                "channel": channel,
                "oldest": f"{span[0].timestamp():.6f}",
                "latest": f"{span[1].timestamp():.6f}",
                "include_all_metadata": True,
                "limit": 200,
                "cursor": cursor,
            }
            if thread is None:
                answer = _answer(partial(self._client.conversations_history, **arguments))
            else:
                answer = _answer(partial(self._client.conversations_replies, ts=thread, **arguments))
            yield from answer.get("messages") or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
        raise UnclearError("too many messages to look through")

    async def _channel(self, name: str) -> str:
        """The id of a channel; ids (C0…, G0…, D0…, U0…) are taken as they are."""
        if name[:1] in "CGDUW" and name[1:].isalnum() and name.isupper() and len(name) >= 8:
            return name
        wanted = name.lstrip("#")
        if wanted not in self._ids:
            self._ids.update(await asyncio.to_thread(self._names))
        if wanted not in self._ids:
            raise RefusedError(
                f"there is no channel #{wanted} that the bot can see; invite it, or use the channel's id"
            )
        return self._ids[wanted]

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        cursor: str | None = None
        for _ in range(50):
            answer = _answer(
                partial(
                    self._client.conversations_list,
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=200,
                    cursor=cursor,
                )
            )
            names.update({c["name"]: c["id"] for c in answer.get("channels") or [] if c.get("name")})
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return names

    async def _call(self, call: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(_answer, call)


class _LayoutError(Exception):
    """Slack does not take the blocks or the length of a message."""


def _answer(call: Callable[[], Any]) -> Any:
    """Make a call, and turn what goes wrong into what to do next."""
    try:
        return call()
    except SlackApiError as e:
        raise _refusal(e) from None
    except (URLError, http.client.HTTPException, OSError, SlackClientError, ValueError) as e:
        raise _trouble(e) from None


def _refusal(error: SlackApiError) -> Exception:
    response: Any = error.response
    status, headers = getattr(response, "status_code", 200), getattr(response, "headers", {}) or {}
    try:
        code = str(response.get("error") or "")
    except (AttributeError, ValueError):
        code = ""
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return BusyError(_retry_after(headers))
    if status >= 500 or code in UNCLEAR or not code:
        return UnclearError(f"Slack answers HTTP {status} {code}".rstrip())
    if code in LAYOUT:
        return _LayoutError(code)
    if code in GONE:
        return GoneError(GONE[code])
    if code == "missing_scope":
        needed = str(response.get("needed") or "a scope")
        return RefusedError(f"the app lacks the scope {needed}; add it and install the app again")
    return RefusedError(MEND.get(code, f"Slack refuses: {code}"), whole=code in MEND)


def _trouble(error: Exception) -> Exception:
    """Whether a call that ended without an answer can have reached Slack."""
    cause = error.reason if isinstance(error, URLError) else error
    certain = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
    if isinstance(cause, certain):
        return NotSentError(f"Slack cannot be reached: {type(cause).__name__}")
    return UnclearError(f"no answer from Slack: {type(cause).__name__}")


def _retry_after(headers: Mapping[str, Any]) -> timedelta | None:
    raw = next((v for k, v in headers.items() if k.lower() == "retry-after"), None)
    raw = raw[0] if isinstance(raw, list) and raw else raw
    text = str(raw or "").strip()
    return timedelta(seconds=min(int(text[:12]), 10**6)) if text.isascii() and text.isdigit() else None
