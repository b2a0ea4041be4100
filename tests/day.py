"""A day on one clock: the real pipeline, a real database, and doors that write down what came through them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from connectors.base import Author, Connector, Cursor, Kind, Mention, Page, Reply, Settings, Way
from monitor import alerts, replies, telling
from monitor.config import Rules, read_rules
from monitor.config.rules import Source
from monitor.delivery import Delivery
from monitor.ingest import Ingest
from monitor.polling import Eye, Polling
from monitor.store import Store, open_engine
from monitor.telling import Outlet, Posted, Sought, Told

START = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)  # Wednesday, 09:00 in Seoul
COMPLAINT = "루미 크림 환불 언제 되나요? 2주째 답이 없어요"

RULES = """
brand: {name: Lumi, language: en, timezone: Asia/Seoul}
topics: {lumi: lumi OR 루미}
hours: {team: {mon-fri: ["09:00-12:00", "13:00-18:00"]}}
sources: {news: {connector: feed, every: 1m, settings: {url: "https://news.example/feed"}}}
targets: [{name: standard, reply_within: 1h, hours: team}]
routes: {default: {channel: C0MENTIONS, stages: [new, 10m before, due, 15m after]}}
"""


class FakePlatform(Connector[Settings]):
    """A platform that behaves: what is said on it can be polled, and our answers can be found."""

    Settings: ClassVar[type[Settings]] = Settings

    def __init__(self) -> None:
        self.said: list[Mention] = []
        self.answers: dict[str, Reply] = {}
        self.error: Exception | None = None
        self.page_size = 100
        self.fetched = 0
        self.asked: list[str] = []
        self.hangs = False

    def ways(self) -> Sequence[Way]:
        return [Way("posts", timedelta(minutes=1))]

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        self.fetched += 1
        if self.error is not None:
            raise self.error
        start = 0 if cursor is None else int(cursor["next"])
        page = self.said[start : start + self.page_size]
        end = start + len(page)
        return Page(page, {"next": end}, more=end < len(self.said))

    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        self.asked += [m.id for m in mentions]
        return {m.id: self.answers[m.id] for m in mentions if m.id in self.answers}


class FakeDoor:
    """An outlet that keeps what it is told, and can be told to fail."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Told, Posted | None]] = []
        self.edits: list[tuple[Posted, Told]] = []
        self.errors: list[Exception] = []
        self.arrived: dict[str, Posted] = {}
        self.lose_answers = 0

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        if self.errors:
            raise self.errors.pop(0)
        at = Posted(to, f"{len(self.sent) + 1}.0")
        self.sent.append((key, told, thread))
        self.arrived[key] = at
        if self.lose_answers:
            self.lose_answers -= 1
            raise telling.UnclearError("no answer")
        return at

    async def edit(self, at: Posted, told: Told) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.edits.append((at, told))

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted] | None:
        return {k: self.arrived[k] for k in sought if k in self.arrived}


@dataclass
class Day:
    """`at(90)` moves the clock to 90 minutes after the start, second by second where something is due."""

    path: Path
    rules: Rules
    now: datetime = START
    platform: FakePlatform = field(default_factory=FakePlatform)
    door: FakeDoor = field(default_factory=FakeDoor)
    outlets: dict[str, Outlet] = field(default_factory=dict)
    sweeping: bool = True
    sending: bool = True
    _read: int = 0

    def __post_init__(self) -> None:
        name = next(iter(self.rules.sources))
        source = replace(self.rules.sources[name], connector=FakePlatform, platform="fake")
        self.rules = replace(self.rules, sources={name: source})
        self.source: Source = source
        self.outlets = {"console": self.door, "slack": self.door, **self.outlets}
        self.open()

    def open(self) -> None:
        """What a start of the daemon does."""
        self.store = Store(open_engine(f"sqlite:///{self.path}", daemon=True), self.rules.brand.id, b"key")
        eye = Eye(self.source, self.platform)
        ingest = Ingest(self.rules, self.store)
        self.polling = Polling(self.rules, self.store, ingest, {self.source.name: eye})
        self.delivery = Delivery(self.rules, self.store, self.outlets, "test")
        self.eyes = [eye]
        self.started_at = self.now
        self.polling.agree(self.now)
        self.store.begin(self.now)

    def restart(self) -> None:
        self.store.engine.close()
        self.open()

    def close(self) -> None:
        self.store.engine.close()

    def says(self, text: str = COMPLAINT, *, author: str = "haru", **more: Any) -> Mention:
        """Somebody says something, now unless told otherwise."""
        values: dict[str, Any] = {
            "platform": "fake",
            "id": f"m{len(self.platform.said) + 1}",
            "url": f"https://fake.example/{len(self.platform.said) + 1}",
            "kind": Kind.POST,
            "author": Author(author, author),
            "text": text,
            "published": self.now,
        }
        mention = Mention(**{**values, **more})
        self.platform.said.append(mention)
        return mention

    def answers(self, mention: Mention, **more: Any) -> Mention:
        """We answer on the platform itself."""
        return self.says(
            "죄송합니다. 바로 확인하겠습니다", author="lumi", ours=True, in_reply_to=mention.answer_id, **more
        )

    async def step(self) -> None:
        """Everything that the daemon does once."""
        for state in self.polling.claim(self.now, "test", 50):
            await self.polling.poll(state, self.now)
        await replies.sweep(self.store, self.eyes, self.now)
        if self.sweeping:
            alerts.sweep(self.rules, self.store, self.now, {self.source.name}, self.started_at)
        if self.sending:
            await self.delivery.pump(self.now)

    async def at(self, minutes: float, every: float = 60) -> list[str]:
        """Let time pass until `minutes` after the start; gives what people were told meanwhile."""
        end = START + timedelta(minutes=minutes)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=every))
            await self.step()
        return self.told()

    def told(self) -> list[str]:
        """New messages since the last look, in the words of the console's first line or the stage's."""
        new = self.door.sent[self._read :]
        self._read = len(self.door.sent)
        return [brief(told, thread) for _, told, thread in new]


def brief(told: Told, thread: Posted | None) -> str:
    """A message in a few words that tests can read aloud."""
    what = told.stage or str((told.note or {}).get("what", "") or (told.note or {}).get("why", ""))
    who = ", ".join(card.author_handle for card in told.cards)
    place = " in thread" if thread else ""
    return " ".join(part for part in (told.kind, what, who) if part) + place


def make_day(tmp_path: Path, text: str = RULES, **more: Any) -> Day:
    file = tmp_path / "rules.yaml"
    file.write_text(text, "utf-8")
    return Day(tmp_path / "day.db", read_rules(file, {"TOKEN": "xoxb-test"}), **more)
