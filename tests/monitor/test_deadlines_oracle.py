"""Laws of the clock under random calendars, and the proof in small. `tools/proof_deadlines.py` is the proof in full."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monitor.deadlines import (
    Calendar,
    Clock,
    Facts,
    Interval,
    Plan,
    due_at,
    next_wake,
    parse_stages,
    stage,
    state,
)
from tools import proof_deadlines
from tools.proof_deadlines import COUNTRIES, ZONES, Tally, run_batch

calm = settings(deadline=None, max_examples=60)  # other programs may be using the machine
MICRO = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

minutes_of_day = st.integers(0, 1439).map(lambda minute: minute * MINUTE)
moments = st.datetimes(datetime(2011, 1, 1), datetime(2031, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
near_samoas_lost_day = st.integers(0, 6 * 1440).map(lambda n: datetime(2011, 12, 27, tzinfo=UTC) + n * MINUTE)
lengths = st.integers(0, 200 * 3600).map(lambda seconds: timedelta(seconds=seconds)) | st.timedeltas(
    timedelta(), timedelta(hours=50)
)


@st.composite
def hours(draw):
    cuts = sorted(draw(st.lists(minutes_of_day, max_size=6, unique=True)))
    day = [Interval(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    if len(cuts) % 2:
        day.append(Interval(cuts[-1], DAY + draw(minutes_of_day)))
    return tuple(day)


@st.composite
def calendars(draw):
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    week = draw(st.lists(hours(), min_size=7, max_size=7))
    dates = st.dates(datetime(2011, 12, 27).date(), datetime(2012, 1, 3).date())  # noqa: DTZ001
    exceptions = draw(st.dictionaries(dates, hours(), max_size=3))
    country, region = draw(st.sampled_from([(None, None), *COUNTRIES]))
    assume(any(week))
    return Calendar("team", zone, tuple(week), country, region, exceptions)


def is_open_by_definition(calendar, at):
    """The definition of open, read off the wall clock at one moment."""
    wall = at.astimezone(calendar.timezone)
    since_midnight = wall.replace(tzinfo=None) - datetime.combine(wall.date(), datetime.min.time())
    eve = wall.date() - DAY
    if calendar.timezone.key == "Pacific/Apia" and eve == datetime(2011, 12, 30).date():  # noqa: DTZ001
        eve -= DAY
    own = any(hours.start <= since_midnight < hours.end for hours in calendar.intervals(wall.date()))
    return own or any(since_midnight + DAY < hours.end for hours in calendar.intervals(eve))


@calm
@given(calendars(), moments | near_samoas_lost_day)
def test_open_means_what_it_says(calendar, at):
    assert calendar.is_open(at) == is_open_by_definition(calendar, at)
    opens_at = calendar.next_opening(at)
    assert opens_at >= at
    assert is_open_by_definition(calendar, opens_at)
    assert opens_at == at or not is_open_by_definition(calendar, opens_at - MICRO)
    closes_at = calendar.closing(at)
    if closes_at is not None:
        assert not is_open_by_definition(calendar, closes_at)
        assert is_open_by_definition(calendar, closes_at - MICRO)
        assert calendar.between(opens_at, closes_at) == closes_at - opens_at


@calm
@given(calendars(), moments | near_samoas_lost_day, lengths)
def test_adding_finds_the_first_moment_and_going_back_the_last(calendar, at, length):
    later = calendar.add(at, length)
    assert calendar.between(at, later) == length
    earlier = calendar.subtract(at, length)
    assert calendar.between(earlier, at) == length
    if length:
        assert calendar.between(at, later - MICRO) == length - MICRO
        assert calendar.between(earlier + MICRO, at) == length - MICRO
    else:
        assert later == earlier == at


@calm
@given(calendars(), moments, st.timedeltas(-300 * DAY, 300 * DAY), st.timedeltas(-300 * DAY, 300 * DAY))
def test_open_time_adds_up(calendar, first, step, further):
    second, third = first + step, first + step + further
    whole = calendar.between(first, second) + calendar.between(second, third)
    assert whole == calendar.between(first, third)
    assert calendar.between(second, first) == -calendar.between(first, second)


pauses = st.lists(
    st.tuples(st.integers(-3000, 9000), st.none() | st.integers(0, 2000)).map(
        lambda pause: (pause[0] * MINUTE, None if pause[1] is None else (pause[0] + pause[1]) * MINUTE)
    ),
    max_size=4,
)


@calm
@given(calendars(), moments, lengths, pauses, st.randoms(use_true_random=False))
def test_the_order_of_pauses_does_not_matter_and_none_of_them_counts(calendar, at, length, offsets, shuffling):
    stops = [(at + start, None if end is None else at + end) for start, end in offsets]
    due = due_at(at, length, calendar, stops)
    mixed = list(stops)
    shuffling.shuffle(mixed)
    assert due_at(at, length, calendar, mixed) == due
    if due is None:
        assert any(end is None for _, end in stops)
        return
    clock = Clock(calendar, tuple(stops))
    assert clock.between(at, due) == length
    assert due >= calendar.add(at, length)
    if length:
        assert clock.between(at, due - MICRO) == length - MICRO
        back = clock.subtract(due, length)
        assert back >= at
        assert clock.between(back, due) == length
        assert clock.between(back + MICRO, due) == length - MICRO


@st.composite
def deadlines_of_one_mention(draw):
    opened_at = draw(moments)
    calendar = draw(calendars() | st.sampled_from(ZONES).map(lambda zone: Calendar.always(ZoneInfo(zone))))
    texts = st.sampled_from(["new", "33.3%", "50%", "90%", "1h before", "10m before", "due", "1m after", "2h after"])
    plan = Plan(calendar, parse_stages(draw(st.lists(texts, min_size=1, unique=True))), draw(st.booleans()))
    ahead = st.integers(0, 5 * 86400).map(lambda seconds: opened_at + timedelta(seconds=seconds))
    facts = Facts(
        opened_at,
        due_at(opened_at, draw(st.integers(60, 100_000)) * timedelta(seconds=1), calendar),
        window_ends_at=draw(st.none() | ahead),
        claimed_until=draw(st.none() | ahead),
        snoozed_until=draw(st.none() | ahead),
    )
    return facts, plan, sorted(draw(st.lists(ahead, max_size=30)))


def told_at(facts, plan, sweeps, until):
    """What is told, and when, by sweeping at each wake and besides at these moments."""
    told = []
    now = facts.opened_at
    sweeps = list(sweeps)
    while True:
        wake_at = next_wake(facts, plan, now)
        planned = [moment for moment in (wake_at, sweeps[0] if sweeps else None) if moment is not None]
        if not planned or min(planned) > until:
            return told
        now = min(planned)
        if sweeps and now == sweeps[0]:
            sweeps.pop(0)
        while (heard := stage(facts, plan, now)) is not None:
            told.append((now, heard))
            facts = replace(facts, told=facts.told | {heard.name, *heard.skipped})


@calm
@given(deadlines_of_one_mention())
def test_sweeping_more_often_tells_nothing_else_and_nothing_earlier(mention):
    facts, plan, sweeps = mention
    until = facts.opened_at + timedelta(days=60)
    asleep = told_at(facts, plan, [], until)
    assert told_at(facts, plan, sweeps, until) == asleep
    names = [name for _, heard in asleep for name in (heard.name, *heard.skipped)]
    assert len(names) == len(set(names))
    for now, heard in asleep:
        assert heard.at <= now
        assert plan.rings_always or plan.calendar.is_open(now) or heard.name == "window"


@calm
@given(deadlines_of_one_mention(), st.integers(0, 6 * 86400))
def test_a_late_sweep_tells_the_worst_that_was_missed_and_then_nothing(mention, seconds):
    facts, plan, _ = mention
    now = facts.opened_at + timedelta(seconds=seconds)
    heard = stage(facts, plan, now)
    if heard is None:
        wake_at = next_wake(facts, plan, now)
        assert wake_at is None or wake_at > now
        return
    assert next_wake(facts, plan, now) == now
    after = replace(facts, told=frozenset({heard.name}))
    again = stage(after, plan, now)
    assert again is None or "window" in (heard.name, again.name)
    if heard.kind == "overdue":
        assert state(facts, plan, now) == "overdue"


# The proof in small


def test_the_proof_in_small_finds_no_difference():
    tally = Tally()
    for number in range(6):
        run_batch(2026, number, tally)
    assert tally.differences == []
    assert tally.cases == 6 * proof_deadlines.BATCH
    assert min(tally.answers[question] for question in ("due_at", "stage before", "stage percent", "stories")) > 20


def test_the_proof_notices_a_wrong_clock(monkeypatch):
    right = Calendar.add
    monkeypatch.setattr(Calendar, "add", lambda self, at, length: right(self, at, length) + MINUTE)
    tally = Tally()
    run_batch(2026, 0, tally)
    assert any("due_at" in difference for difference in tally.differences)


def test_the_proof_can_be_stopped_and_resumed(tmp_path, capsys):
    kept = tmp_path / "proof.json"
    half, whole_run = str(proof_deadlines.BATCH), str(2 * proof_deadlines.BATCH)
    assert proof_deadlines.main(["--cases", half, "--seed", "5", "--state", str(kept)]) == 0
    assert proof_deadlines.main(["--cases", whole_run, "--seed", "5", "--state", str(kept)]) == 0
    resumed = json.loads(kept.read_text())
    assert proof_deadlines.main(["--cases", whole_run, "--seed", "5"]) == 0
    assert f"{whole_run} cases, seed 5" in capsys.readouterr().out
    whole = Tally()
    for number in range(2):
        run_batch(5, number, whole)
    assert (resumed["cases"], resumed["batches"]) == (2 * proof_deadlines.BATCH, 2)
    assert resumed["answers"] == dict(whole.answers)
    with pytest.raises(SystemExit, match="belongs to --seed 5"):
        proof_deadlines.main(["--cases", whole_run, "--seed", "6", "--state", str(kept)])
