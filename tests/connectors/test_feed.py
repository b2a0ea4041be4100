"""Feeds: the contract for RSS and for JSON Feed, then how a feed is asked, believed, and lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx
import pytest
from pydantic import ValidationError

from connectors.base import (
    AuthError,
    Cursor,
    GatedError,
    Kind,
    Mention,
    Page,
    PayloadError,
    RateLimitedError,
    SettingsError,
    TransientError,
)
from connectors.feed import MAX_OLDER, Feed
from tests.connectors.contract import PAYLOADS, ConnectorContract, MemoryMemo, Platform, Recording

pytestmark = pytest.mark.anyio

FOLDER = PAYLOADS / "feed"
URL = "https://cloud.example/rss.xml"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)
DAY = timedelta(hours=24)
NAMELESS = "sha256:83996adc5dc995eaeaf618b561dadaa19e3ea570fd5d170c780e3f9dc656f995"

DEVIATES: Mapping[str, Any] = {
    "401": (TransientError, AuthError),  # walls against robots come and go: the third in a row counts
    "403": (TransientError, GatedError),
    "redirect": None,  # feeds move: redirects are followed, see below
    "html": (SettingsError, TransientError),  # a web page where a feed should be
}


class TestFeed(ConnectorContract):
    connector = Feed
    settings = {"url": URL}
    ways = {
        "entries": Recording(
            pages=("rss.xml",),
            empty="rss-empty.xml",
            broken="rss-broken.xml",
            finds=(
                "77@cloud.example",
                "https://cloud.example/posts/76",
                "https://cloud.example/posts/75",
                NAMELESS,
            ),
        )
    }
    deviates = {**DEVIATES, "truncated": None}  # half a document is read as far as it goes, see below
    access = {"GET /rss.xml": "rss.xml"}


class TestJsonFeed(ConnectorContract):
    connector = Feed
    settings = {"url": "https://workshop.example/feed.json"}
    ways = {
        "entries": Recording(
            pages=("json-1.json", "json-2.json"),
            empty="json-empty.json",
            items="items",
            finds=("104", "https://workshop.example/103", "102"),
        )
    }
    deviates = DEVIATES
    access = {"GET /feed.json": "json-1.json"}
