"""What is told, and what a door can answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

State = Literal["waiting", "soon", "overdue", "paused", "snoozed", "answered", "closed"]


@dataclass(frozen=True, slots=True)
class Card:
    """One mention that waits for an answer, or did, as people see it. Foreign text is raw: escape it where shown."""

    deadline_id: int
    mention_id: int
    brand: str
    author_name: str
    author_handle: str
    author_url: str
    followers: int | None  # None: unknown, not zero
    vip: bool
    earlier: int  # how often this author wrote before
    platform: str
    source: str
    kind: str
    title: str
    text: str  # "" when it was deleted or its time to be kept is over
    private: bool  # its text may not be quoted here
    url: str
    reply_url: str | None
    rating: float | None  # 0..1
    topics: tuple[str, ...]
    language: str
    label: str  # positive, neutral, negative, unknown
    intents: tuple[str, ...]
    priority: str
    reasons: tuple[str, ...]  # in the brand's language, the strongest first
    published_at: datetime
    found_at: datetime
    opened_at: datetime
    due_at: datetime
    window_ends_at: datetime | None
    state: State
    claimed_by: str | None
    snoozed_until: datetime | None
    replied_at: datetime | None
    answered_url: str
    closed_by: str | None
    closed_who: str | None
    took_counted_s: float | None  # seconds from opened_at to the answer in team hours
    took_wall_s: float | None
    edited: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One message to people.

    kind      mention (one card), summary (many cards), stage (a line in a card's thread), note, digest
    stage     for `stage`: the stage's name ("10m before", "due", "15m after", "window"), and `urgency` its kind
    note      for `note` and `digest`: what happened and its figures, as the outbox holds them
    late_s    seconds by which this message comes too late (an outage of Slack), if it is worth saying
    """

    kind: Literal["mention", "summary", "stage", "note", "digest", "fallback"]
    language: str
    timezone: ZoneInfo
    now: datetime
    cards: tuple[Card, ...] = ()
    stage: str = ""
    urgency: str = ""
    note: Mapping[str, object] | None = None
    late_s: float = 0


# ---------------------------------------------------------------- what a door can answer


class NotSentError(Exception):
    """It certainly did not arrive: try again."""


class BusyError(Exception):
    """It did not arrive, and the receiver asks for patience."""

    def __init__(self, retry_after: timedelta | None) -> None:
        super().__init__("too many messages")
        self.retry_after = retry_after


class UnclearError(Exception):
    """It may have arrived, or not."""


class RefusedError(Exception):
    """It will never arrive like this: a person must mend something. The message says what.

    `whole`: the channel takes nothing at all; else it is this one message that it does not take.
    """

    def __init__(self, words: str, *, whole: bool = True) -> None:
        super().__init__(words)
        self.whole = whole


class GoneError(Exception):
    """The message that was to be edited no longer exists, or may no longer be edited."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands."""

    channel: str | None = None
    ts: str | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """A message whose sending ended without an answer: since when, and in which thread, to look for it."""

    at: datetime
    thread: Posted | None = None


class Outlet(Protocol):
    """One sort of channel. Raises the errors above, and nothing else."""

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted: ...

    async def edit(self, at: Posted, told: Told) -> None: ...

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted] | None:
        """Which of these keys have arrived; None where nobody can say."""
        ...
