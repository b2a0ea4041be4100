"""Who must be told what by now: the stages of deadlines become rows of the outbox.

A sweep does everything that should be done by now and is not. Running it twice is harmless, running it late is
harmless, and the next run is the retry. After an outage people read the worst news once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor import deadlines
from monitor.config.rules import Rules
from monitor.deadlines import Stage
from monitor.store import Deadline, Store
from monitor.store.facts import NewMessage, Told, ToldDeadline

log = logging.getLogger(__name__)

HOLD = timedelta(seconds=20)
"""How long an alert waits for the last look at whether the mention has been answered."""

FRESH = timedelta(seconds=90)
"""A look at the platform that is younger than this counts as the last one."""

AFTER_BUG = timedelta(minutes=5)

NEVER = datetime.min.replace(tzinfo=UTC)

CROWD = 5
"""More new mentions than this in one sweep and route become one message; each keeps its own deadline."""


def sweep(rules: Rules, store: Store, now: datetime, asks: Collection[str] = (), since: datetime = NEVER) -> int:
    """Tell what is to be told by now. Gives how many deadlines were looked at.

    `asks` are the sources that can be asked for replies, `since` is when somebody began to ask them: an alert that
    fell due while nobody did waits for the answer as well.
    """
    due = store.deadlines.due(now)
    ready = [d for d in due if d.source not in asks or not must_ask(rules, d, now, since)]
    store.deadlines.tell(decide(rules, ready, now), now)
    return len(due)


def must_ask(rules: Rules, deadline: Deadline, now: datetime, since: datetime = NEVER) -> bool:
    """Whether the platform is to be asked once more before this deadline's next alert, and there is time for it."""
    reached = deadlines.stage(deadline.facts(), rules.plan(deadline.target, deadline.route), now)
    if reached is None or reached.kind == "new" or deadline.wake_at is None:
        return False
    asked = deadline.reply_checked_at
    return (asked is None or now - asked > FRESH) and now < max(deadline.wake_at, since) + HOLD


def decide(rules: Rules, due: Sequence[Deadline], now: datetime) -> list[Told]:
    """Pure: what to tell about these deadlines, and when to look at each again."""
    told: list[Told] = []
    begun: dict[str, list[tuple[Deadline, Stage]]] = {}
    for deadline in due:
        try:
            reached = _stages(rules, deadline, now)
            if not reached:
                told.append(_unchanged(rules, deadline, now))
            elif deadline.root_id is None:
                begun.setdefault(deadline.route, []).append((deadline, _worst(reached)))
            else:
                told.extend(_goes_on(rules, deadline, reached, now))
        except Exception:  # our bug: one deadline waits, the others are told
            log.exception("broke deadline=%d", deadline.id)
            later = ToldDeadline(deadline.id, (), (), deadline.shown, now + AFTER_BUG, deadline.wake_at)
            told.append(Told(None, [later]))
    for route, items in begun.items():
        told.extend(_begin(rules, route, items, now))
    return told


def _stages(rules: Rules, deadline: Deadline, now: datetime) -> list[Stage]:
    """The worst stage reached, and the platform's window if it is reached as well."""
    facts, plan = deadline.facts(), rules.plan(deadline.target, deadline.route)
    found: list[Stage] = []
    while len(found) < 2:
        stage = deadlines.stage(facts, plan, now)
        if stage is None:
            break
        found.append(stage)
        facts = replace(facts, told=facts.told | {stage.name, *stage.skipped})
    return found


def _worst(stages: Sequence[Stage]) -> Stage:
    """Several stages told by one message."""
    last = stages[-1]
    rest = [name for s in stages[:-1] for name in (s.name, *s.skipped)]
    return replace(last, skipped=(*rest, *last.skipped))


def _begin(rules: Rules, route: str, items: Sequence[tuple[Deadline, Stage]], now: datetime) -> Iterable[Told]:
    """First words about deadlines: one message each, or one for all that waited for the opening, or for a crowd."""
    channel = rules.channel(route)
    waited = [i for i in items if i[1].waited]
    prompt = [i for i in items if not i[1].waited]
    crowds = [group for group in (waited, prompt) if len(group) > (1 if group is waited else CROWD)]
    for crowd in crowds:
        for part in (crowd[i : i + 20] for i in range(0, len(crowd), 20)):
            why = "opening" if crowd is waited else "crowd"
            key = f"summary:{part[0][0].id}:{part[-1][0].id}:{len(part)}"
            payload = {"why": why, "deadlines": [d.id for d, _ in part]}
            message = NewMessage(key, channel, "summary", payload)
            yield Told(message, [_after(rules, d, s, now) for d, s in part])
    single = [i for group in (waited, prompt) if group not in crowds for i in group]
    for deadline, stage in single:
        message = NewMessage(f"mention:{deadline.id}", channel, "mention", {"deadlines": [deadline.id]})
        yield Told(message, [_after(rules, deadline, stage, now)])


def _goes_on(rules: Rules, deadline: Deadline, stages: Sequence[Stage], now: datetime) -> Iterable[Told]:
    """Something new about a deadline that people have heard of: a line in its thread, and the message edited."""
    told = deadline
    for stage in stages:
        payload = {"deadlines": [deadline.id], "stage": stage.name, "kind": stage.kind}
        message = NewMessage(
            f"stage:{deadline.id}:{stage.name}", rules.channel(deadline.route), "stage", payload, deadline.root_id
        )
        after = _after(rules, told, stage, now)
        yield Told(message, [after])
        told = replace(told, told=told.told | {stage.name, *stage.skipped})
    yield from _edit(rules, told, now)


def _unchanged(rules: Rules, deadline: Deadline, now: datetime) -> Told:
    """Nothing to tell; but the message may show what is no longer so."""
    facts, plan = deadline.facts(), rules.plan(deadline.target, deadline.route)
    wake_at = _next(deadline, facts, plan, now)
    edits = list(_edit(rules, deadline, now))
    shown = edits[0].deadlines[0].shown if edits else deadline.shown
    return Told(
        edits[0].message if edits else None, [ToldDeadline(deadline.id, (), (), shown, wake_at, deadline.wake_at)]
    )


def _edit(rules: Rules, deadline: Deadline, now: datetime) -> Iterable[Told]:
    """The first message of a deadline is edited when its state changes, and only then."""
    plan = rules.plan(deadline.target, deadline.route)
    shown = appearance(deadline, plan, now)
    if deadline.root_id is None or shown == deadline.shown:
        return
    key = f"edit:{deadline.id}:{shown}:{now.isoformat()}"
    message = NewMessage(key, rules.channel(deadline.route), "edit", {"deadlines": [deadline.id]}, deadline.root_id)
    wake_at = _next(deadline, deadline.facts(), plan, now)
    after = ToldDeadline(deadline.id, (), (), shown, wake_at, deadline.wake_at)
    yield Told(message, [after])


def _after(rules: Rules, deadline: Deadline, stage: Stage, now: datetime) -> ToldDeadline:
    plan = rules.plan(deadline.target, deadline.route)
    facts = replace(deadline.facts(), told=deadline.told | {stage.name, *stage.skipped})
    shown = appearance(deadline, plan, now) if deadline.root_id is None else deadline.shown
    wake_at = _next(deadline, facts, plan, now)
    return ToldDeadline(deadline.id, [stage.name], stage.skipped, shown, wake_at, deadline.wake_at)


def _next(deadline: Deadline, facts: deadlines.Facts, plan: deadlines.Plan, now: datetime) -> datetime | None:
    """When to look again: for the next stage, and when a claim or a snooze ends, since the message shows them."""
    if deadline.closed_at is not None:
        return None
    ends = [at for at in (deadline.claimed_until, deadline.snoozed_until) if at is not None and at > now]
    nexts = [at for at in (deadlines.next_wake(facts, plan, now), *ends) if at is not None]
    return min(nexts, default=None)


def appearance(deadline: Deadline, plan: deadlines.Plan, now: datetime) -> str:
    """The state as people see it: with the claim, which is no state of the clock."""
    state = deadlines.state(deadline.facts(), plan, now)
    if deadline.mention.deleted_at is not None:
        return "deleted"
    claimed = deadline.claimed_until is not None and deadline.claimed_until > now and deadline.closed_at is None
    return f"{state}, claimed" if claimed else state
