"""`monitor demo`: a scripted day of Korean and English mentions, through the real pipeline on a compressed clock.

Only three things are not real: the platform (a script), the clock (it jumps from minute to minute) and the database (a
temporary one). Matching, judging, deadlines, alerts, replies and the digest are the ones that run in the daemon.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, ClassVar

import yaml

from connectors.base import Author, Connector, Cursor, Kind, Mention, Page, Reply, Settings, Way
from monitor import alerts, digest, replies
from monitor.config import Rules, read_rules
from monitor.delivery import Console, Delivery
from monitor.ingest import Ingest
from monitor.polling import Eye, Polling
from monitor.store import Store, open_engine

DAY = date(2026, 11, 25)  # a Wednesday
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that is said, and when it is answered, if it is."""

    mention: Mention
    answered: datetime | None


class Town(Connector[Settings]):
    """The platform of the demo: it shows what the script has said so far."""

    Settings: ClassVar[type[Settings]] = Settings

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.scenes = scenes

    def ways(self) -> Sequence[Way]:
        return [Way("posts", MINUTE)]

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        seen = 0 if cursor is None else int(cursor["seen"])
        said = [s.mention for s in self.scenes if s.mention.published <= now]
        return Page(said[seen:], {"seen": len(said)})

    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        answers = {s.mention.id: s.answered for s in self.scenes if s.answered is not None and s.answered <= now}
        return {m.id: Reply(answers[m.id], "lumi_support") for m in mentions if m.id in answers}


def run_demo(language: str, pause: timedelta, say: Callable[[str], object]) -> None:
    """Play the day, waiting `pause` after each thing that is told."""
    with tempfile.TemporaryDirectory() as folder:
        rules = _rules(language)
        scenes = _scenes(rules)
        asyncio.run(_play(rules, scenes, Path(folder), pause, say))


async def _play(
    rules: Rules, scenes: Sequence[Scene], folder: Path, pause: timedelta, say: Callable[[str], object]
) -> None:
    zone = rules.brand.timezone
    now = datetime(DAY.year, DAY.month, DAY.day, 8, 0, tzinfo=zone).astimezone(UTC)
    end = now + timedelta(hours=10, minutes=30)
    told = 0

    def write(text: str) -> None:
        nonlocal told
        told += 1
        first, *rest = text.split("\n")
        say(f"{now.astimezone(zone):%H:%M}  {first}")
        for row in rest:
            say(f"       {row}")
        say("")
        time.sleep(pause.total_seconds())

    source = rules.sources["town"]
    store = Store(open_engine(f"sqlite:///{folder / 'demo.db'}", daemon=True), rules.brand.id, b"demo")
    eye = Eye(source, Town(scenes))
    polling = Polling(rules, store, Ingest(rules, store), {source.name: eye})
    delivery = Delivery(rules, store, {"console": Console(write)}, "demo")
    polling.agree(now)
    started = now
    say(f"{DAY:%A, %d %B %Y}: a day at {rules.brand.name}, minute by minute. The team is in from 9 to 6.\n")
    try:
        while now < end:
            now += MINUTE
            for state in polling.claim(now, "demo", 10):
                await polling.poll(state, now)
            await replies.sweep(store, [eye], now)
            alerts.sweep(rules, store, now, {source.name}, started)
            await delivery.pump(now)
        say(f"The day is over: {told} things were told.\n")
        week = digest.parse_week(f"{DAY.isocalendar().year}-W{DAY.isocalendar().week:02d}")
        say(digest.text(rules, digest.gather(rules, store, week, now)))
    finally:
        store.engine.close()


def _rules(language: str) -> Rules:
    with as_file(files("monitor.demo").joinpath("rules.yaml")) as path:
        rules = read_rules(path, {})
    sources = {name: replace(source, connector=Town, platform="demo") for name, source in rules.sources.items()}
    return replace(
        rules,
        brand=replace(rules.brand, language=language),
        sources=sources,
        vip=frozenset({"demo:beauty_editor"}),
    )


def _scenes(rules: Rules) -> list[Scene]:
    script: list[dict[str, Any]] = yaml.safe_load(files("monitor.demo").joinpath("day.yaml").read_text("utf-8"))
    return [_scene(i, line, rules) for i, line in enumerate(script, 1)]


def _scene(number: int, line: Mapping[str, Any], rules: Rules) -> Scene:
    def at(text: str) -> datetime:
        hour, minute = map(int, text.split(":"))
        return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=rules.brand.timezone).astimezone(UTC)

    mention = Mention(
        platform="demo",
        id=str(number),
        url=f"https://demo.invalid/{number}",
        kind=Kind(line.get("kind", "post")),
        author=Author(line["who"], line["who"], followers=line["followers"]),
        text=line["says"],
        published=at(line["at"]),
        rating=line.get("rating"),
    )
    return Scene(mention, at(line["answered"]) if "answered" in line else None)
