"""Who hears what by when: the stages of one deadline, its state, and when to look at it next.

`state` is the one answer to "is it overdue?" for alerts, digest, CLI and Slack. `stage` says what to tell now,
`next_wake` when `stage` could say something new; sweeping at those moments tells the same as sweeping every second.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from monitor.deadlines.calendar import ZERO, Calendar, Clock, Pause, Problem, utc
from monitor.deadlines.reading import duration_text, parse_duration

Kind = Literal["new", "soon", "overdue", "window"]
State = Literal["waiting", "soon", "overdue", "paused", "snoozed", "answered", "closed"]

GRACE = timedelta(minutes=5)
"""A sweep that comes this late still tells what fell due while the team was there, though it has just gone home."""

NEVER = datetime.max.replace(tzinfo=UTC)

_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?\s?%")
_OFFSET = re.compile(r"(\S(?:.{0,28}\S)?)\s+(before|after)")
_EXAMPLES = "write new, 50%, 10m before, due or 1h after"


class StageError(ValueError):
    """Stages that cannot be; `problems` holds each mistake with its place in the list."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(words for _, words in self.problems))


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A moment of every deadline of a route. `name` is the same however it was written (60m before: 1h before)."""

    name: str
    kind: Kind
    share: int | None = None  # of the counted time, in hundredths of a percent
    offset: timedelta | None = None  # from due_at in counted time; negative is before

    @classmethod
    def parse(cls, text: object) -> "StageSpec":
        """`new`, `50%`, `10m before`, `due`, `15m after`; StageError in words."""
        try:
            return _parsed(text)
        except ValueError as e:
            raise StageError([((), str(e))]) from None

    def at(
        self, opened_at: datetime, due_at: datetime, calendar: Calendar, pauses: Sequence[Pause] = ()
    ) -> datetime | None:
        """When this stage is reached, counted in the deadline's own clock; never before `opened_at`.

        None while an open-ended pause keeps it from coming (only possible with `pauses`).
        """
        return _reached_at(self, utc(opened_at), utc(due_at), Clock(calendar, tuple(pauses)))


NEW = StageSpec("new", "new")
DUE = StageSpec("due", "overdue", offset=ZERO)
WINDOW = StageSpec("window", "window", share=7500)
"""75 % of the time the platform gives for an answer, counted on the wall from `opened_at`; in every plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How one deadline is told. `rings_always` is `clock: always`; else what falls outside hours waits."""

    calendar: Calendar
    stages: tuple[StageSpec, ...]
    rings_always: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one deadline now. A fact that is set counts, even if it is a second ahead of our clock."""

    opened_at: datetime
    due_at: datetime | None  # None: an open-ended pause keeps it from coming
    window_ends_at: datetime | None = None  # the platform takes no answer after it
    told: frozenset[str] = frozenset()  # names of stages that were told; skipped ones may be in it or not
    claimed_until: datetime | None = None
    snoozed_until: datetime | None = None
    replied_at: datetime | None = None
    closed_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()  # only those that stop the clock, as given to `due_at`


@dataclass(frozen=True, slots=True)
class Stage:
    """Something to tell now: the worst that is reached and not told yet."""

    spec: StageSpec
    at: datetime  # the moment it was reached, which may be long ago
    skipped: tuple[str, ...] = ()  # earlier ones that nobody needs to hear any more
    waited: bool = False  # it had to wait for the team to open: for the summary, not a message of its own

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def kind(self) -> Kind:
        return self.spec.kind


@dataclass(frozen=True, slots=True)
class Elapsed:
    """How long it took or has been taking: in the deadline's own clock, and on the wall."""

    counted: timedelta
    wall: timedelta


def parse_stages(texts: Sequence[object]) -> tuple[StageSpec, ...]:
    """The stages of a route in their natural order; StageError with every mistake, each at its index."""
    problems: list[Problem] = []
    specs: dict[str, StageSpec] = {}
    for index, text in enumerate(texts):
        try:
            spec = _parsed(text)
        except ValueError as e:
            problems.append(((index,), str(e)))
            continue
        if spec.name in specs:
            problems.append(((index,), f"{spec.name} stands twice; each stage is told once"))
        specs[spec.name] = spec
    if not texts:
        problems.append(((), f"no stage is given, so nobody would be told; {_EXAMPLES}"))
    if problems:
        raise StageError(problems)
    return tuple(sorted(specs.values(), key=_rank))


def state(facts: Facts, plan: Plan, now: datetime) -> State:
    """What a deadline is at `now`: the one place that says "overdue".

    answered or closed, if it is; else snoozed, while that lasts (even past the due moment: somebody has decided so);
    else overdue from `due_at` on; paused while its clock stands; soon from the first warning stage on; else waiting.
    Whether somebody has claimed it is another question.
    """
    now = utc(now)
    if facts.replied_at is not None:
        return "answered"
    if facts.closed_at is not None:
        return "closed"
    if facts.snoozed_until is not None and now < facts.snoozed_until:
        return "snoozed"
    if facts.due_at is not None and now >= facts.due_at:
        return "overdue"
    if any(start <= now and (end is None or now < end) for start, end in facts.pauses):
        return "paused"
    if any(spec.kind == "soon" and at <= now for spec, at in moments(facts, plan)):
        return "soon"
    return "waiting"


def moments(facts: Facts, plan: Plan) -> list[tuple[StageSpec, datetime]]:
    """Every stage of this deadline and when it is reached, in order; without those a pause keeps from coming."""
    known = _line(plan.stages, facts, plan) + _window(facts)
    return [(moment.spec, moment.at) for moment in sorted(known, key=_order) if moment.at != NEVER]


def stage(facts: Facts, plan: Plan, now: datetime) -> Stage | None:
    """What to tell at `now`, if anything: the latest stage that is reached, not told, and not behind a told one.

    None when answered, closed or snoozed. A claim holds back all but `new` while it lasts. Outside the calendar's hours
    nothing rings and the stage comes at the next opening with `waited` set, save when the plan rings always, when the
    sweep is late by no more than `GRACE`, and for a platform's window that ends before the team opens again.

    The window is told apart from the others: ask again with the told name added, until None.
    """
    if _is_over(facts):
        return None
    now = utc(now)
    for untold in (_untold_window(facts), _untold(facts, plan)):
        ringing = [moment for moment in untold if _rings(moment, facts, plan, now)]
        if ringing:
            worst = ringing[-1]
            skipped = tuple(moment.spec.name for moment in untold[: untold.index(worst)])
            return Stage(worst.spec, worst.at, skipped, _waited(_ready_at(worst, facts), plan, now))
    return None


def next_wake(facts: Facts, plan: Plan, now: datetime) -> datetime | None:
    """The first moment from `now` on at which `stage` has something to tell; `now` itself when it has already.

    None when nothing is left to tell as long as the facts stay as they are: recompute it whenever one changes. It does
    not look at the end of a claim for its own sake; whoever reminds the claimer wakes at `claimed_until` too.
    """
    if _is_over(facts):
        return None
    now = utc(now)
    untold = _untold_window(facts) + _untold(facts, plan)
    return min((_rings_at(moment, facts, plan, now) for moment in untold if moment.at != NEVER), default=None)


def answer_by(facts: Facts) -> datetime | None:
    """The earlier of our promise and the platform's window: it orders the queue. None while neither is known."""
    return min((at for at in (facts.due_at, facts.window_ends_at) if at is not None), default=None)


def elapsed(facts: Facts, plan: Plan, now: datetime) -> Elapsed:
    """From `opened_at` to the reply, else to the closing, else to `now`; never negative."""
    until = max(utc(facts.replied_at or facts.closed_at or now), utc(facts.opened_at))
    counted = Clock(plan.calendar, facts.pauses).between(facts.opened_at, until)
    return Elapsed(counted, until - utc(facts.opened_at))


# The stages of one deadline on a line


@dataclass(frozen=True, slots=True)
class _Moment:
    spec: StageSpec
    at: datetime  # NEVER while a pause keeps it from coming


def _line(specs: Iterable[StageSpec], facts: Facts, plan: Plan) -> list[_Moment]:
    """These stages in the order in which this deadline reaches them."""
    clock = Clock(plan.calendar, facts.pauses)
    opened_at, due_at = utc(facts.opened_at), None if facts.due_at is None else utc(facts.due_at)
    line = [_Moment(spec, _reached_at(spec, opened_at, due_at, clock) or NEVER) for spec in specs]
    return sorted(line, key=_order)


def _untold(facts: Facts, plan: Plan) -> list[_Moment]:
    """What is still to be told, in order. Whatever lies before a told stage is old news.

    Told names need not be in the plan: rules may have changed since.
    """
    names = facts.told - {WINDOW.name}
    told = _line([spec for name in names if (spec := _told(name, plan))], facts, plan)
    line = _line(plan.stages, facts, plan)
    return [
        moment
        for moment in line
        if moment.spec.name not in facts.told and (not told or _order(moment) > _order(told[-1]))
    ]


def _told(name: str, plan: Plan) -> StageSpec | None:
    for spec in plan.stages:
        if spec.name == name:
            return spec
    try:
        return _parsed(name)
    except ValueError:
        return None  # a name from another version


def _window(facts: Facts) -> list[_Moment]:
    if facts.window_ends_at is None:
        return []
    opened_at = utc(facts.opened_at)
    whole = max(utc(facts.window_ends_at) - opened_at, ZERO)
    return [_Moment(WINDOW, opened_at + _part(whole, WINDOW))]


def _untold_window(facts: Facts) -> list[_Moment]:
    return [] if WINDOW.name in facts.told else _window(facts)


def _reached_at(spec: StageSpec, opened_at: datetime, due_at: datetime | None, clock: Clock) -> datetime | None:
    if spec.kind == "new":
        return opened_at
    if due_at is None:
        return None
    if spec.share is not None:
        return clock.add(opened_at, _part(max(clock.between(opened_at, due_at), ZERO), spec))
    offset = spec.offset or ZERO
    if offset < ZERO:
        return max(clock.subtract(due_at, -offset), opened_at)
    reached_at = clock.add(due_at, offset)
    return None if reached_at is None else max(reached_at, opened_at)


def _part(whole: timedelta, spec: StageSpec) -> timedelta:
    return whole * (spec.share or 0) // 10_000


def _rank(spec: StageSpec) -> tuple[int, timedelta]:
    """Which is the worse news when two fall on one moment; also the order people expect to read them in."""
    if spec.kind == "new":
        return 0, ZERO
    if spec.share is not None:
        return 1, timedelta(seconds=spec.share)
    offset = spec.offset or ZERO
    return (2 if offset < ZERO else 3), offset


def _order(moment: _Moment) -> tuple[datetime, tuple[int, timedelta]]:
    return moment.at, _rank(moment.spec)


# Whether it may ring


def _is_over(facts: Facts) -> bool:
    return facts.replied_at is not None or facts.closed_at is not None


def _ready_at(moment: _Moment, facts: Facts) -> datetime:
    """When a stage may be told at the earliest: reached, and neither snoozed nor held back by a claim."""
    ready_at = moment.at
    if facts.snoozed_until is not None:
        ready_at = max(ready_at, utc(facts.snoozed_until))
    if facts.claimed_until is not None and moment.spec.kind != "new":
        ready_at = max(ready_at, utc(facts.claimed_until))
    return ready_at


def _rings(moment: _Moment, facts: Facts, plan: Plan, now: datetime) -> bool:
    ready_at = _ready_at(moment, facts)
    if ready_at > now:
        return False
    if plan.rings_always or plan.calendar.is_open(now):
        return True
    if now - ready_at <= GRACE and plan.calendar.is_open(ready_at):
        return True
    return moment.spec is WINDOW and _is_lost_by_opening(facts, plan, now)


def _is_lost_by_opening(facts: Facts, plan: Plan, now: datetime) -> bool:
    ends_at = facts.window_ends_at
    return ends_at is not None and now < ends_at <= plan.calendar.next_opening(now)


def _rings_at(moment: _Moment, facts: Facts, plan: Plan, now: datetime) -> datetime:
    at = max(_ready_at(moment, facts), now)
    return at if _rings(moment, facts, plan, at) else plan.calendar.next_opening(at)


def _waited(ready_at: datetime, plan: Plan, now: datetime) -> bool:
    """Whether the team was away at some time since it was ready, and is back."""
    if plan.rings_always or not plan.calendar.is_open(now):
        return False
    return plan.calendar.between(ready_at, now) < now - ready_at


# Reading


def _parsed(text: object) -> StageSpec:
    words = " ".join(text.casefold().split()) if isinstance(text, str) and len(text) <= 60 else ""
    for fixed in (NEW, DUE):
        if words == fixed.name:
            return fixed
    if found := _PERCENT.fullmatch(words):
        return _percent(int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")))
    if found := _OFFSET.fullmatch(words):
        length = parse_duration(found[1])
        before = found[2] == "before"
        kind: Kind = "soon" if before else "overdue"
        return StageSpec(f"{duration_text(length)} {found[2]}", kind, offset=-length if before else length)
    near = difflib.get_close_matches(words, ("new", "due", "10m before", "10m after"), n=1) if words else []
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise ValueError(f"{str(text)[:60]!r} is no stage{hint}; {_EXAMPLES}")


def _percent(share: int) -> StageSpec:
    if not 0 < share < 10_000:
        raise ValueError("a share lies between 0% and 100%; write new for its beginning and due for its end")
    digits = f"{share // 100}.{share % 100:02d}".rstrip("0").rstrip(".")
    return StageSpec(f"{digits}%", "soon", share=share)
