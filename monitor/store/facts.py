"""What the store takes and gives: frozen values. Rows and queries stay inside `store/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from connectors.base import Author, Cursor, Kind, Mention, Reach, Reply
from monitor import deadlines
from monitor.judging import Reason, Verdict

Identity = tuple[str, str, str]
"""(platform, namespace, id) of a mention."""

ClosedBy = Literal["reply", "dismiss", "gone"]
Provenance = Literal["tool", "native", "auto", "marked"]


@dataclass(frozen=True, slots=True)
class WayState:
    """One way in of a source, and how it fares."""

    source: str
    way: str
    cursor: Cursor | None
    due_at: datetime
    failures: int = 0
    failing_since: datetime | None = None
    baseline_at: datetime | None = None
    tried_at: datetime | None = None
    succeeded_at: datetime | None = None
    blind_since: datetime | None = None
    error_class: str | None = None
    error: str | None = None
    gap_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewDeadline:
    """A promise about to be made. `wake_at` is when somebody must be told of it first."""

    cause: str
    target: str
    route: str
    opened_at: datetime
    due_at: datetime
    wake_at: datetime
    window_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A mention on its way into the store."""

    mention: Mention
    verdict: Verdict
    topics: frozenset[str]
    vip: bool
    baseline: bool
    opens: NewDeadline | None


@dataclass(frozen=True, slots=True)
class PageWork:
    """All that one page brings: saved whole, together with its cursor, or not at all."""

    source: str
    way: str
    judged: Sequence[Judged] = ()
    answers: Sequence[Mention] = ()  # what we wrote ourselves
    gone: Sequence[Identity] = ()
    cursor: Cursor | None = None
    due_at: datetime | None = None  # None: no way to move on (import, webhook)
    skipped: int = 0
    spent: float = 0
    gap: str | None = None
    last: bool = True  # nobody reads on right now
    caught_up: bool = True  # there is nothing more to read


@dataclass(frozen=True, slots=True)
class Saved:
    """What a page changed. Counts of mentions; `opened` and `answered` of deadlines."""

    new: int = 0
    edited: int = 0
    gone: int = 0
    opened: int = 0
    answered: int = 0

    def __add__(self, other: Saved) -> Saved:
        return Saved(
            self.new + other.new,
            self.edited + other.edited,
            self.gone + other.gone,
            self.opened + other.opened,
            self.answered + other.answered,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What the store already holds of a mention that comes again."""

    id: int
    content_hash: str
    deleted: bool
    addressed: bool = False
    owned: bool = False


@dataclass(frozen=True, slots=True)
class StoredMention:
    """A mention as kept, with what judging found. Text may be blank: retention or a deletion took it."""

    id: int
    platform: str
    namespace: str
    native_id: str
    answer_id: str
    source: str
    way: str
    url: str
    kind: str
    author: Author
    vip: bool
    title: str
    text: str
    published_at: datetime
    found_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    conversation: str | None
    in_reply_to: str | None
    private: bool
    owned: bool
    addressed: bool
    rating: float | None
    reach: Reach
    ref: Mapping[str, str]
    topics: tuple[str, ...]
    language: str
    sentiment: float | None
    label: str
    intents: tuple[str, ...]
    needs_reply: bool
    needs_reply_score: float
    check: bool
    urgent: bool
    priority: str
    reasons: tuple[Reason, ...]
    baseline: bool

    def mention(self) -> Mention:
        """As the connector gave it, for asking the platform about it."""
        return Mention(
            platform=self.platform,
            namespace=self.namespace,
            id=self.native_id,
            local_id=None if self.answer_id == self.native_id else self.answer_id,
            url=self.url,
            kind=Kind(self.kind),
            author=self.author,
            title=self.title,
            text=self.text,
            published=self.published_at,
            rating=self.rating,
            reach=self.reach,
            conversation=self.conversation,
            in_reply_to=self.in_reply_to,
            edited=self.edited_at,
            private=self.private,
            owned=self.owned,
            addressed=self.addressed,
            ref=self.ref,
        )


@dataclass(frozen=True, slots=True)
class Deadline:
    """One promise to answer one mention, with the mention."""

    id: int
    mention: StoredMention
    cause: str
    source: str
    target: str
    route: str
    opened_at: datetime
    due_at: datetime
    window_ends_at: datetime | None
    wake_at: datetime | None
    shown: str | None
    claimed_by: str | None
    claimed_until: datetime | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    closed_who: str | None
    replied_at: datetime | None
    reply_url: str | None
    provenance: str | None
    reply_checked_at: datetime | None
    reopened_at: datetime | None
    root_id: int | None
    told: frozenset[str] = frozenset()  # names of stages

    def facts(self) -> deadlines.Facts:
        """What the pure functions of `deadlines` ask about."""
        return deadlines.Facts(
            opened_at=self.opened_at,
            due_at=self.due_at,
            window_ends_at=self.window_ends_at,
            told=self.told,
            claimed_until=self.claimed_until,
            snoozed_until=self.snoozed_until,
            closed_at=self.closed_at,
            replied_at=self.replied_at,
        )


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A row for the outbox. The same `key` never makes a second row."""

    key: str
    channel: str
    kind: str
    payload: Mapping[str, Any]
    root_id: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a sweep decided about some deadlines: one message, or none, and how each goes on."""

    message: NewMessage | None
    deadlines: Sequence[ToldDeadline]


@dataclass(frozen=True, slots=True)
class ToldDeadline:
    """`stages` are told by the message of its `Told`; `skipped` were passed over for a later one.

    `read_wake_at` is what `wake_at` was when this was decided: whoever changed it since had newer facts.
    """

    id: int
    stages: Sequence[str]
    skipped: Sequence[str]
    shown: str | None
    wake_at: datetime | None
    read_wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message on its way out."""

    id: int
    key: str
    channel: str
    kind: str
    payload: Mapping[str, Any]
    root_id: int | None
    state: str
    created_at: datetime
    not_before: datetime
    attempts: int
    attempt_at: datetime | None
    sent_at: datetime | None
    slack_channel: str | None
    slack_ts: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the ledger."""

    at: datetime
    who: str
    what: str
    mention_id: int | None
    deadline_id: int | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A reply that was found for a deadline."""

    deadline_id: int
    reply: Reply
    provenance: Provenance = "native"
