"""The one door in: what a page brings is matched, judged, given a deadline, and saved.

Polls, streams, webhooks and imports all come through here, so that a mention is the same whichever way it came.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.base import Kind, Mention, Page, not_after
from monitor import deadlines
from monitor.conditions import Traits, stars
from monitor.config import vip_key
from monitor.config.rules import DEFAULT_ROUTE, Rules, Source
from monitor.judging import Channel, Context, Reason, Text, Verdict, judge
from monitor.query import Document, Matcher
from monitor.store import Store
from monitor.store.facts import Judged, NewDeadline, NewMessage, PageWork, Saved, StoredMention
from monitor.store.mentions import RECENT, content_hash, identity, speaks_more_to_us

log = logging.getLogger(__name__)

PROMPT = timedelta(minutes=15)
"""A mention found within this time of its publication counts from then, a later one from when we found it."""

HORIZON = timedelta(days=14)
"""What strangers said among themselves longer ago than this is kept, and nobody is rung for it: an index has found an
archive, or a feed has changed its ids. What was said to us is answered however late we find it."""

JUDGES = threading.Lock()
"""Judging is arithmetic, at which threads only take turns anyway. But a page of each of ten sources at the start would
load the tables ten times over."""

UNJUDGED = Verdict(
    language="und",
    sentiment=None,
    label="unknown",
    intents=("chatter",),
    needs_reply=True,
    needs_reply_score=0.5,
    check=True,
    urgent=False,
    urgency="",
    priority="normal",
    points=0.0,
    reasons=(Reason("unjudged", 0.0),),
)
"""What a mention gets when judging itself broke: a person looks, and nothing is lost."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a page came: by which way, whether it belongs to the first look at the source, and when to look again.

    `last`: nobody reads on right now; `caught_up`: there is nothing more to read.
    """

    source: Source
    way: str
    first: bool = False
    due_at: datetime | None = None
    last: bool = True
    caught_up: bool = True


class Ingest:
    """Everything that is the same for all pages of one brand: its rules and its topics, compiled once."""

    def __init__(self, rules: Rules, store: Store) -> None:
        self.rules = rules
        self.store = store
        self.matcher = Matcher({name: topic.query for name, topic in rules.topics.items()})

    def save(self, page: Page, arrival: Arrival, now: datetime) -> Saved:
        """Save what a page brings, whole, together with its cursor. Safe to repeat."""
        answers = [m for m in page.mentions if m.ours and not m.deleted]
        gone = [identity(m) for m in page.mentions if m.deleted]
        wanted = self._wanted([not_after(m, now) for m in page.mentions if not m.ours and not m.deleted], arrival)
        judged = self._judge(wanted, arrival, now)
        work = PageWork(
            source=arrival.source.name,
            way=arrival.way,
            judged=judged,
            answers=answers,
            gone=gone,
            cursor=page.cursor,
            due_at=arrival.due_at,
            skipped=page.skipped,
            spent=page.spent,
            gap=page.gap,
            last=arrival.last,
            caught_up=arrival.caught_up,
        )
        return self.store.mentions.save_page(work, now, list(self._notes(page, arrival, judged, now)))

    def judge_one(self, mention: Mention, topics: frozenset[str], contacts: int = 0, to_us: bool = False) -> Verdict:
        """The verdict on one mention. Never raises: what cannot be judged is for a person to look at."""
        try:
            with JUDGES:
                return judge(as_text(mention), self._context(mention, topics, contacts, to_us), self.rules.judging)
        except Exception:  # our bug must not stop the page on which this mention stands
            log.exception("could not judge platform=%s", mention.platform)
            return UNJUDGED

    def promise_now(self, stored: StoredMention, now: datetime) -> NewDeadline:
        """The deadline of a mention of which a person says, now, that it needs a reply."""
        mention = stored.mention()
        verdict = self.judge_one(mention, frozenset(stored.topics))
        return self._deadline(mention, frozenset(stored.topics), verdict, stored.source, now, now)

    # ------------------------------------------------------------ steps

    def _wanted(self, mentions: Sequence[Mention], arrival: Arrival) -> list[tuple[Mention, frozenset[str]]]:
        """What speaks of us: by topic, on our own pages, or to us."""
        wanted = []
        for mention in mentions:
            topics = self.matcher.match(document(mention, arrival.source.name))
            if arrival.source.topics is not None:
                topics &= arrival.source.topics
            if topics or mention.owned or mention.addressed:
                wanted.append((mention, topics))
        return wanted

    def _judge(self, wanted: Sequence[tuple[Mention, frozenset[str]]], arrival: Arrival, now: datetime) -> list[Judged]:
        if not wanted:
            return []
        known = self.store.mentions.known([identity(m) for m, _ in wanted])
        # Most of a page has been seen before: overlaps are how late items are found.
        fresh = [
            (m, topics)
            for m, topics in wanted
            if identity(m) not in known
            or known[identity(m)].content_hash != content_hash(m)
            or speaks_more_to_us(known[identity(m)], m)
        ]
        if not fresh:
            return []
        contacts = self.store.mentions.contacts({(m.platform, m.author.id) for m, _ in fresh}, now - RECENT)
        ours = self.store.mentions.ours(arrival.source.platform, [m.in_reply_to or "" for m, _ in fresh])
        judged = []
        for mention, topics in fresh:
            verdict = self.judge_one(
                mention,
                topics,
                contacts.get((mention.platform, mention.author.id), 0),
                mention.in_reply_to in ours,
            )
            opens = self._promise(mention, topics, verdict, arrival, now) if verdict.needs_reply else None
            judged.append(Judged(mention, verdict, topics, self._is_vip(mention), arrival.first, opens))
        return judged

    def _promise(
        self, mention: Mention, topics: frozenset[str], verdict: Verdict, arrival: Arrival, now: datetime
    ) -> NewDeadline | None:
        # Old news of a source that we have only just met counts from when it happened.
        # New words of an old mention count from when they were written.
        said_at = min(mention.edited or mention.published, now)
        opened_at = said_at if arrival.first or now - said_at <= PROMPT else now
        if now - said_at > HORIZON and not (mention.owned or mention.addressed):
            return None
        opens = self._deadline(mention, topics, verdict, arrival.source.name, opened_at, now)
        return None if arrival.first and opens.due_at <= now else opens

    def _deadline(
        self,
        mention: Mention,
        topics: frozenset[str],
        verdict: Verdict,
        source: str,
        opened_at: datetime,
        now: datetime,
    ) -> NewDeadline:
        traits = self._traits(mention, topics, verdict, source)
        target = self.rules.target(traits)
        route = self.rules.route(traits, target)
        due_at = target.calendar.add(opened_at, target.reply_within)
        plan = self.rules.plan(target.name, route.name)
        facts = deadlines.Facts(opened_at=opened_at, due_at=due_at, window_ends_at=mention.window_ends_at)
        wake_at = deadlines.next_wake(facts, plan, now) or now
        return NewDeadline("first", target.name, route.name, opened_at, due_at, wake_at, mention.window_ends_at)

    def _notes(self, page: Page, arrival: Arrival, judged: Sequence[Judged], now: datetime) -> list[NewMessage]:
        source, channel = arrival.source.name, self.rules.channel(DEFAULT_ROUTE)
        notes = []
        if arrival.first and judged:
            payload = {
                "what": "baseline",
                "source": source,
                "way": arrival.way,
                "found": len(judged),
                "waiting": sum(j.opens is not None for j in judged),
            }
            notes.append(NewMessage(f"baseline:{source}:{arrival.way}", channel, "note", payload))
        if page.gap:
            payload = {"what": "gap", "source": source, "way": arrival.way, "why": page.gap}
            notes.append(NewMessage(f"gap:{source}:{arrival.way}:{now.date()}", channel, "note", payload))
        return notes

    # ------------------------------------------------------------ translations

    def _traits(self, mention: Mention, topics: frozenset[str], verdict: Verdict, source: str) -> Traits:
        return Traits(
            priority=verdict.priority,
            platform=mention.platform,
            source=source,
            kind=str(mention.kind),
            language=verdict.language,
            intents=frozenset(verdict.intents),
            topics=topics,
            stars=stars(mention.rating),
            followers=mention.author.followers,
            vip=self._is_vip(mention),
            owned=mention.owned,
            addressed=mention.addressed,
            private=mention.private,
            urgent=verdict.urgent,
        )

    def _context(self, mention: Mention, topics: frozenset[str], contacts: int, to_us: bool) -> Context:
        near_us = mention.owned or mention.addressed or to_us
        return Context(
            reach=mention.author.followers,
            vip=self._is_vip(mention),
            earlier_contacts=contacts,
            reply_to_us=to_us,
            in_foreign_conversation=mention.in_reply_to is not None and not near_us,
            topics=tuple(sorted(topics)),
            competitor=bool(topics) and topics <= self.rules.competitors and not near_us,
        )

    def _is_vip(self, mention: Mention) -> bool:
        names = (mention.author.handle, mention.author.id)
        return any(vip_key(mention.platform, name) in self.rules.vip for name in names if name)


def as_text(mention: Mention) -> Text:
    """What judging reads of a mention."""
    channel: Channel = "own_post" if mention.owned else "third_party"
    if mention.private or mention.kind in {Kind.MESSAGE, Kind.MAIL}:
        channel = "direct"
    elif mention.kind is Kind.REVIEW:
        channel = "review"
    return Text(
        text=mention.text,
        title=mention.title,
        language=mention.language,
        channel=channel,
        kind=str(mention.kind),
        rating=mention.rating,
        addressed=mention.addressed,
    )


def document(mention: Mention, source: str) -> Document:
    """What queries look at."""
    return Document(
        text=mention.text,
        title=mention.title,
        author_handle=mention.author.handle,
        author_name=mention.author.name,
        language=mention.language or "",
        site=urlsplit(mention.url).hostname or "" if _parses(mention.url) else "",
        kind=str(mention.kind),
        source=source,
        platform=mention.platform,
        rating=mention.rating,
        followers=mention.author.followers,
    )


def _parses(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True
