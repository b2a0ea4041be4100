"""Mastodon: the contract, then what is special about it. The people and posts are invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.base import (
    AuthError,
    Author,
    ConnectorError,
    GatedError,
    Kind,
    Mention,
    Page,
    PayloadError,
    RateLimitedError,
    SettingsError,
    TransientError,
    Worth,
)
from connectors._mastodon import length_of, narrower, snowflake
from connectors.mastodon import Mastodon
from tests.connectors.contract import SECRET, Answered, ConnectorContract, MemoryMemo, Posting, Recording, Script

HARIN = "https://uri.example/users/harin/statuses"
BORI = "https://uri.example/users/bori/statuses"
MIRA = "https://klein.example/users/mira/statuses"
JONAS = "https://social.example/users/jonas/statuses"
LUMI = "https://social.example/users/lumi/statuses"

COMPLAINT, ORDER, DIRECT = "116158580654080000", "116158601625600000", "116158640947200000"

ME = "GET /api/v1/accounts/verify_credentials"
INSTANCE = "GET /api/v2/instance"
LOOKUP = "GET /api/v1/accounts/lookup"
POLICY = "GET /api/v2/notifications/policy"
TAG = "GET /api/v1/timelines/tag/*"
NOTIFICATIONS = "GET /api/v1/notifications"
OWN = "GET /api/v1/accounts/900/statuses"
HELP = "GET /api/v1/accounts/901/statuses"
SEARCH = "GET /api/v2/search"
CONTEXT = "GET /api/v1/statuses/*/context"
POST = "POST /api/v1/statuses"

AROUND: Script = {ME: "me.json", INSTANCE: "instance.json", LOOKUP: "help.json", HELP: "nothing.json"}


def waiting(local: str, **more: Any) -> Mention:
    """A mention as it comes back out of the store."""
    given: dict[str, Any] = {
        "platform": "mastodon",
        "id": f"{HARIN}/116157999999",
        "url": "https://uri.example/@harin/116157999999",
        "kind": Kind.POST,
        "author": Author("https://uri.example/@harin", "harin@uri.example", "하린"),
        "text": "@lumi 결제가 두 번 됐어요",
        "published": datetime(2026, 3, 2, 8, 14, 40, tzinfo=UTC),
        "language": "ko",
        "local_id": f"social.example/{local}",
        "addressed": True,
        "ref": {
            "host": "social.example",
            "id": local,
            "acct": "harin@uri.example",
            "account": "109",
            "visibility": "public",
        },
    }
    return Mention(**{**given, **more})


def bori(local: str = DIRECT) -> Mention:
    plain = waiting(local)
    return replace(
        plain,
        id=f"{BORI}/77",
        url="https://uri.example/@bori/77",
        author=Author("https://uri.example/@bori", "bori@uri.example"),
        private=True,
        ref={**plain.ref, "acct": "bori@uri.example", "account": "112", "visibility": "direct"},
    )


class TestMastodon(ConnectorContract):
    connector = Mastodon
    settings = {"instance": "https://social.example", "token": SECRET, "hashtags": ["#루미"], "search": ["lumi"]}
    accounts = ("@lumi@social.example", "@lumi_help@social.example")
    hosts = ("social.example",)
    around = AROUND
    ways = {
        "notifications": Recording(
            ask=NOTIFICATIONS,
            start="notifications-start.json",
            pages=("notifications-1.json", "notifications-2.json"),
            empty="nothing.json",
            items="",
            finds=(
                f"{HARIN}/116157999999",
                f"{JONAS}/{ORDER}",
                f"{BORI}/77",
                f"{MIRA}/5521",
                f"{HARIN}/116158000777",
            ),
        ),
        "hashtags": Recording(
            ask=TAG,
            start="hashtags-start.json",
            pages=("hashtags-1.json", "hashtags-2.json"),
            empty="nothing.json",
            items="",
            finds=(f"{BORI}/81", f"{LUMI}/116157382656000000", f"{MIRA}/5530", f"{HARIN}/116157000004"),
            ours=(f"{LUMI}/116157382656000000",),
        ),
        "search": Recording(
            ask=SEARCH,
            pages=("search-1.json", "search-2.json"),
            empty="search-nothing.json",
            items="statuses",
            finds=(
                f"{MIRA}/5560",
                f"{JONAS}/116158876876800000",
                f"{LUMI}/116158837555200000",
                f"{BORI}/90",
            ),
            ours=(f"{LUMI}/116158837555200000",),
        ),
        "own": Recording(
            ask=OWN,
            start="own-start.json",
            pages=("own-1.json", "own-2.json"),
            empty="nothing.json",
            items="",
            finds=tuple(f"{LUMI}/{i}" for i in ("116158798233600000", "116158955520000000", "116159014502400000")),
            ours=tuple(f"{LUMI}/{i}" for i in ("116158798233600000", "116158955520000000", "116159014502400000")),
        ),
    }
    # Cloudflare and the like answer with web pages, also with 200 and 403: the server behind them may be well.
    deviates = {"html": TransientError, "403": TransientError}
    access = {POLICY: "policy.json", SEARCH: "search-1.json"}
    answered = Answered(
        waiting=(waiting(COMPLAINT), bori(), waiting("116158999999999999", id=f"{HARIN}/0")),
        script={OWN: ("own-1.json", "own-2.json", "nothing.json"), CONTEXT: "context.json"},
        finds={
            f"{HARIN}/116157999999": datetime(2026, 3, 2, 9, 10, tzinfo=UTC),
            f"{BORI}/77": datetime(2026, 3, 2, 10, 40, tzinfo=UTC),
        },
    )
    posts = Posting(mention=waiting(COMPLAINT), script={OWN: "nothing.json", POST: "reply.json"}, writes=POST)
