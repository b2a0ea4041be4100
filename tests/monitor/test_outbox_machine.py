"""The outbox against a model: whatever fails, and wherever the daemon dies, each message arrives once.

Hypothesis plays the world: messages come, time passes, Slack misbehaves, the database refuses, the process is killed
before any of its writes. In the end everything is well again, and then every message must have arrived, none twice.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from monitor.config import Rules, read_rules
from monitor.delivery import Delivery
from monitor.store import Store, StoreError, open_engine
from monitor.store.facts import NewMessage
from monitor.telling import BusyError, NotSentError, Posted, RefusedError, Sought, Told, UnclearError
from tests.day import RULES, START

CHANNELS = ("slack:C0MENTIONS", "slack:C0WEEKLY")
LATE = timedelta(seconds=20)
"""A call without an answer can still arrive within twice the client's time-out."""


class Killed(BaseException):
    """kill -9."""


class Slack:
    """Takes messages, keeps them by key, and fails as the plan says, one word for each call to come."""

    def __init__(self) -> None:
        self.plan: list[str] = []
        self.arrived: Counter[str] = Counter()
        self.under_way: list[tuple[datetime, str]] = []
        self.now = START

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        what = self.plan.pop(0) if self.plan else "fine"
        refusals: dict[str, BaseException] = {
            "down": NotSentError("refused"),
            "busy": BusyError(timedelta(seconds=90)),
            "no": RefusedError("not in the channel"),
            "lost": UnclearError("dropped before it arrived"),
            "bug": ZeroDivisionError("ours"),
            "killed before": Killed(),
        }
        if what in refusals:
            raise refusals[what]
        if what == "late":
            self.under_way.append((self.now + LATE, key))
            raise UnclearError("timed out, and arrives nevertheless")
        self.arrived[key] += 1
        if what == "unheard":
            raise UnclearError("arrived, and the answer was lost")
        if what == "killed after":
            raise Killed
        return Posted(to, f"{sum(self.arrived.values())}.0")

    async def edit(self, at: Posted, told: Told) -> None:
        raise AssertionError("nothing here is edited")

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted]:
        what = self.plan.pop(0) if self.plan else "fine"
        if what == "busy":
            raise BusyError(None)
        if what in {"down", "lost", "late", "unheard"}:
            raise UnclearError("no answer")
        if what.startswith("killed"):
            raise Killed
        return {key: Posted(to, "9.0") for key in sought if self.arrived[key]}

    def at(self, now: datetime) -> None:
        self.now = now
        for _, key in (item for item in self.under_way if item[0] <= now):
            self.arrived[key] += 1
        self.under_way = [item for item in self.under_way if item[0] > now]


OUTCOMES = ("fine", "down", "busy", "no", "lost", "late", "unheard", "bug", "killed before", "killed after")


class World(RuleBasedStateMachine):
    template: Path
    read: Rules

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="outbox-"))
        shutil.copy(self.template, self.folder / "monitor.db")
        self.slack, self.now, self.said = Slack(), START, 0
        self.writes_left: int | None = None
        self.fault: BaseException = Killed()
        self.start()

    def start(self) -> None:
        """What a start of the daemon does."""
        self.store = Store(open_engine(f"sqlite:///{self.folder / 'monitor.db'}", daemon=True), "lumi", b"key")
        # The disk's own care is not what is tried here, and costs most of the time.
        with self.store.engine.engine.connect() as c:
            c.connection.dbapi_connection.execute("PRAGMA synchronous=OFF")  # type: ignore[union-attr]
        sa.event.listen(self.store.engine.engine, "before_cursor_execute", self.before_write)
        self.delivery = Delivery(self.read, self.store, {"slack": self.slack}, "test")
        self.store.begin(self.now)

    def before_write(self, conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if self.writes_left is None or not statement.startswith(("UPDATE", "INSERT")):
            return
        self.writes_left -= 1
        if self.writes_left < 0:
            self.writes_left = None
            raise self.fault

    def pump(self) -> None:
        try:
            asyncio.run(self.delivery.pump(self.now))
        except Killed:
            self.restart()
        except StoreError:
            pass  # the job's edge logs it, and the next run is the retry
        self.writes_left = None

    @rule(channel=st.sampled_from(CHANNELS))
    def somebody_says_something(self, channel: str) -> None:
        self.said += 1
        self.store.outbox.add(NewMessage(f"note:{self.said}", channel, "note", {"what": "test"}), self.now)

    @rule(seconds=st.sampled_from((0, 1, 10, 31, 61, 95, 301, 1000)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.slack.at(self.now)

    @rule(plan=st.lists(st.sampled_from(OUTCOMES), max_size=4))
    def messages_are_sent(self, plan: list[str]) -> None:
        self.slack.plan = list(plan)
        self.pump()

    @rule(writes=st.integers(0, 8), kills=st.booleans(), plan=st.lists(st.sampled_from(OUTCOMES), max_size=2))
    def the_database_or_the_process_dies_before_a_write(self, writes: int, kills: bool, plan: list[str]) -> None:
        full = sa.exc.OperationalError("UPDATE", None, Exception("database or disk is full"))
        self.slack.plan, self.writes_left, self.fault = list(plan), writes, Killed() if kills else full
        self.pump()

    @rule()
    def restart(self) -> None:
        self.writes_left = None
        self.store.engine.close()
        self.start()

    @invariant()
    def nothing_arrived_twice(self) -> None:
        if hasattr(self, "slack"):
            assert [key for key, n in self.slack.arrived.items() if n > 1] == []

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        self.slack.plan, self.writes_left = [], None
        for _ in range(100):
            self.time_passes(301)
            self.pump()
            if not self.store.outbox.counts():
                break
        self.store.engine.close()
        shutil.rmtree(self.folder)
        assert self.slack.arrived == Counter({f"note:{n + 1}": 1 for n in range(self.said)})


def test_each_message_arrives_once_whatever_happens(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES + "slack: {bot_token: $TOKEN}\n", "utf-8")
    World.read = read_rules(file, {"TOKEN": "xoxb-test"})
    World.template = tmp_path / "template.db"
    open_engine(f"sqlite:///{World.template}", daemon=True).close()
    run_state_machine_as_test(
        World,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
