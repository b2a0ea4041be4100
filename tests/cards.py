"""A mention as people see it, for tests of what they see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.telling import Card, Told

NOW = datetime(2026, 11, 25, 6, 10, tzinfo=UTC)  # Wednesday, 15:10 in Seoul


def card(**changes: Any) -> Card:
    values: dict[str, Any] = {
        "deadline_id": 1,
        "mention_id": 1,
        "brand": "Lumi",
        "author_name": "하루",
        "author_handle": "haru",
        "author_url": "https://mastodon.example/@haru",
        "followers": 1200,
        "vip": False,
        "earlier": 2,
        "platform": "mastodon",
        "source": "masto",
        "kind": "post",
        "title": "",
        "text": "크림이 새서 왔어요. 환불 되나요?",
        "private": False,
        "url": "https://mastodon.example/@haru/1",
        "reply_url": None,
        "rating": None,
        "topics": ("lumi",),
        "language": "ko",
        "label": "negative",
        "intents": ("question", "complaint"),
        "priority": "high",
        "reasons": ("asks a question", "reports a problem"),
        "published_at": NOW,
        "found_at": NOW + timedelta(seconds=30),
        "opened_at": NOW,
        "due_at": NOW + timedelta(minutes=30),
        "window_ends_at": None,
        "state": "waiting",
        "claimed_by": None,
        "snoozed_until": None,
        "replied_at": None,
        "answered_url": "",
        "closed_by": None,
        "closed_who": None,
        "took_counted_s": None,
        "took_wall_s": None,
        "edited": False,
        "deleted": False,
    }
    return Card(**{**values, **changes})


def told(kind: Any, **changes: Any) -> Told:
    return Told(kind, "en", ZoneInfo("Asia/Seoul"), NOW, (card(**changes),))
