"""Proof of the clock: random deadlines against a minute-by-minute oracle. No difference is allowed.

    python tools/proof_deadlines.py --cases 100000 --seed 1 --state proof-deadlines.json

A case is one deadline on one random calendar: hours with breaks and past midnight, holidays, exceptions, pauses, in a
window that often holds a change of clocks. Compared are the due moment, every warning and escalation moment, and the
calendar's own questions. Four times a batch, a whole story (claims, snoozes, a reply, a platform's window) is swept
at `next_wake` and compared with looking at every minute.

Batches of 40 cases are seeded by (seed, number), so a run can be stopped and resumed (`--state`), and `--batch N` plays
one again. Exit status 1 when anything differs.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import holidays

from monitor import deadlines
from monitor.deadlines import Calendar, Facts, Plan, StageSpec
from tests.monitor.calendar_oracle import MINUTE, Happens, Minutes, Told, told_minute_by_minute

BATCH = 40
STORIES = 4  # a batch
ZONES = (
    "Europe/London",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Seoul",
    "Pacific/Apia",  # no 30 December 2011
    "Asia/Kathmandu",
    "Pacific/Kiritimati",  # UTC+14
    "Pacific/Pago_Pago",  # UTC-11
    "America/St_Johns",  # changed at 00:01 until 2011
    "America/Sao_Paulo",  # skipped midnights until 2018
    "Africa/Casablanca",  # back for Ramadan
    "Antarctica/Troll",  # two hours of summer time
)
COUNTRIES = (("KR", None), ("US", "CA"), ("GB", "SCT"), ("AU", "NSW"), ("JP", None), ("WS", None), ("DE", "BY"))
YEARS = range(2006, 2032)
Hours = tuple[tuple[int, int], ...]
MICRO = timedelta(microseconds=1)


@dataclass
class Tally:
    """What has been compared so far, for one zone or for all."""

    cases: int = 0
    answers: Counter[str] = field(default_factory=Counter)  # compared answers, by question
    features: Counter[str] = field(default_factory=Counter)  # cases, by what is in them
    zones: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def compare(self, question: str, ours: object, brute: object, where: str) -> None:
        self.answers[question] += 1
        if ours != brute:
            self.differences.append(f"{where}: {question} is {ours}, the oracle says {brute}")


# Random calendars


@dataclass(frozen=True)
class Team:
    """The same hours twice: as rules.yaml has them, and in minutes for the oracle."""

    calendar: Calendar
    minutes: Minutes
    change: int | None  # the minute of the window by which clocks have changed
    features: tuple[str, ...]


def random_hours(rng: random.Random) -> Hours:
    """The hours of a day: up to four intervals, the last perhaps past midnight; or none, or all 24."""
    style = rng.random()
    if style < 0.12:
        return ()
    if style < 0.2:
        return ((0, 1440),)
    if style < 0.35:
        return ((540, 720), (780, 1080))
    step = rng.choice((1, 5, 15, 30))
    cuts = sorted(rng.sample(range(0, 1440, step), 2 * rng.randint(1, 4)))
    hours = list(zip(cuts[::2], cuts[1::2], strict=True))
    if rng.random() < 0.4:
        start = hours[-1][0]
        hours[-1] = (start, 1440 + rng.randrange(0, start, step)) if start else (start, 1440)
    return tuple(hours)


def written(hours: Hours) -> list[str]:
    return [f"{start // 60:02d}:{start % 60:02d}-{_end(end)}" for start, end in hours]


def _end(end: int) -> str:
    end = end if end <= 1440 else end - 1440
    return f"{end // 60:02d}:{end % 60:02d}"


def random_team(rng: random.Random, zone_name: str) -> Team | None:
    """None when these hours leave the window without a single open minute."""
    zone = ZoneInfo(zone_name)
    start = random_start(rng, zone)
    days = rng.choice((14, 28, 28, 56))
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    week = [random_hours(rng) for _ in names]
    if rng.random() < 0.4:
        week = [week[0]] * 5 + [(), ()] if rng.random() < 0.7 else [week[0]] * 7
    exceptions = {
        (start + timedelta(days=rng.randrange(days))).date(): rng.choice(((), random_hours(rng)))
        for _ in range(rng.choice((0, 0, 1, 2, 4, 8)))
    }
    country, region = rng.choice(COUNTRIES) if rng.random() < 0.6 else (None, None)
    if not any(week):
        return None
    data: dict[str, Any] = {name: written(hours) for name, hours in zip(names, week, strict=True)}
    data["except"] = {day: written(hours) for day, hours in exceptions.items()}
    if country:
        data["holidays"] = {"country": country, "region": region} if region else country
    off = holidays_of(country, region)
    minutes = Minutes(zone, start, days, week, exceptions, off.__contains__)
    if minutes.total < 600 * MINUTE:
        return None
    window = {(start + timedelta(days=day)).date() for day in range(days)}
    change = change_of_clocks(zone, start, days)
    known = {
        "past midnight": any(end > 1440 for hours in (*week, *exceptions.values()) for _, end in hours),
        "breaks": any(len(hours) > 1 for hours in week),
        "holidays in the window": bool(off & window),
        "exceptions": bool(exceptions),
        "change of clocks in the window": change is not None,
    }
    features = tuple(name for name, is_so in known.items() if is_so)
    return Team(deadlines.read_calendar("team", data, zone), minutes, change, features)


def random_start(rng: random.Random, zone: ZoneInfo) -> datetime:
    """A UTC midnight; most often a few days before clocks change, where they do."""
    if zone.key == "Pacific/Apia" and rng.random() < 0.6:
        return datetime(2011, 12, rng.randint(19, 29), tzinfo=UTC)
    year = rng.choice(YEARS)
    changes = changes_of_clocks(zone, year)
    if changes and rng.random() < 0.7:
        return rng.choice(changes) - timedelta(days=rng.randint(0, 12))
    return datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(365))


def change_of_clocks(zone: ZoneInfo, start: datetime, days: int) -> int | None:
    """The minute of the window after which the first change lies behind."""
    first = offset(zone, start)
    minutes = range(0, (days - 3) * 1440, 30)
    return next((minute for minute in minutes if offset(zone, start + timedelta(minutes=minute)) != first), None)


@cache
def changes_of_clocks(zone: ZoneInfo, year: int) -> list[datetime]:
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    return [day for day in days if offset(zone, day) != offset(zone, day + timedelta(days=1))]


@lru_cache(maxsize=200_000)
def offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


@cache
def holidays_of(country: str | None, region: str | None) -> frozenset[date]:
    if country is None:
        return frozenset()
    years = range(YEARS.start - 1, YEARS.stop + 2)
    return frozenset(holidays.country_holidays(country, subdiv=region, years=years))


# One case


def random_stages(rng: random.Random) -> list[str]:
    texts = {"new", "due"}
    for _ in range(rng.randint(1, 5)):
        length = deadlines.duration_text(timedelta(minutes=rng.choice((1, 5, 10, 15, 60, 90, 240, 960))))
        percent = f"{rng.choice((25, 33.33, 50, 75, 90, 99.5)):g}%"
        texts.add(rng.choice((percent, f"{length} before", f"{length} after")))
    return sorted(texts)


def random_pauses(rng: random.Random, minutes: int) -> list[tuple[int, int | None]]:
    """In minutes of the window, in any order, overlapping at will, the last one perhaps open-ended."""
    if rng.random() < 0.55:
        return []
    starts = [rng.randrange(minutes) for _ in range(rng.randint(1, 4))]
    pauses: list[tuple[int, int | None]] = [(start, start + rng.choice((0, 1, 30, 600, 3000))) for start in starts]
    if rng.random() < 0.15:
        pauses.append((rng.randrange(minutes), None))
    rng.shuffle(pauses)
    return pauses


def check_case(rng: random.Random, team: Team, where: str, tally: Tally) -> None:
    """One deadline: its due moment, its stages, and the calendar's questions at its beginning."""
    brute = team.minutes
    size = len(brute.open)
    opened = rng.randrange(size * 2 // 3) * MINUTE
    if team.change is not None and rng.random() < 0.5:  # within two days before clocks change
        opened = max(team.change - rng.randrange(2 * 1440), 0) * MINUTE
    if rng.random() < 0.3:
        opened += rng.randrange(MINUTE)  # not on the minute
    pauses = random_pauses(rng, size)
    counted = brute.without(pauses) if pauses else brute
    is_unending = any(end is None for _, end in pauses)
    within = random_within(rng, brute if is_unending else counted, opened)
    opened_at = brute.moment(opened)
    real_pauses = [
        (brute.moment(start * MINUTE), None if end is None else brute.moment(end * MINUTE)) for start, end in pauses
    ]
    due = counted.add(opened, within)
    due_at = deadlines.due_at(opened_at, within * MICRO, team.calendar, real_pauses)
    if due is None and not is_unending:
        return  # only when a window holds no counted time at all after the start
    tally.cases += 1
    tally.zones[team.calendar.timezone.key] += 1
    for feature in (*team.features, *(("pauses",) if pauses else ())):
        tally.features[feature] += 1
    tally.compare("due_at", due_at, None if due is None else brute.moment(due), where)
    check_calendar(rng, team, opened, where, tally)
    if due is None or due_at is None:
        tally.features["no due moment yet"] += 1
        return
    if offset(team.calendar.timezone, opened_at) != offset(team.calendar.timezone, due_at):
        tally.features["clocks change before it is due"] += 1
    for spec in deadlines.parse_stages(random_stages(rng)):
        reached = stage_position(counted, opened, due, spec)
        if reached is None and not is_unending:
            continue  # beyond the window
        ours = spec.at(opened_at, due_at, team.calendar, real_pauses)
        question = "stage " + ("percent" if spec.share else spec.name.split()[-1])
        tally.compare(question, ours, None if reached is None else brute.moment(reached), where)


def random_within(rng: random.Random, counted: Minutes, opened: int) -> int:
    room = max(counted.total - counted.counted_before(opened), 0)
    style = rng.random()
    if style < 0.5:
        return min(rng.choice((15, 30, 60, 90, 120, 240, 480, 1440)) * MINUTE, room)
    if style < 0.6:
        return room  # ends exactly where the window's hours end
    if style < 0.8:  # ends exactly with some open stretch
        minute = rng.randrange(opened // MINUTE, len(counted.open))
        closes = counted.open.find(0, minute)
        end = len(counted.open) if closes < 0 else closes
        return max(counted.between(opened, end * MINUTE), 0)
    return rng.randrange(room + 1)


def stage_position(counted: Minutes, opened: int, due: int, spec: StageSpec) -> int | None:
    if spec.name == "new":
        return opened
    if spec.share is not None:
        return counted.add(opened, counted.between(opened, due) * spec.share // 10_000)
    length = (spec.offset or timedelta()) // MICRO
    if length >= 0:
        return counted.add(due, length)
    before = counted.subtract(due, -length)
    return opened if before is None else max(before, opened)


def check_calendar(rng: random.Random, team: Team, at: int, where: str, tally: Tally) -> None:
    calendar, brute = team.calendar, team.minutes
    moment = brute.moment(at)
    tally.compare("is_open", calendar.is_open(moment), brute.is_open(at), where)
    for question, answer in (("next_opening", brute.next_opening(at)), ("closing", brute.closing(at))):
        if answer is not None:
            tally.compare(question, getattr(calendar, question)(moment), brute.moment(answer), where)
    other = rng.randrange(len(brute.open)) * MINUTE
    tally.compare("between", calendar.between(moment, brute.moment(other)), brute.between(at, other) * MICRO, where)
    length = rng.randrange(brute.counted_before(at) + 1)
    back = brute.subtract(at, length)
    if back is not None:
        tally.compare("subtract", calendar.subtract(moment, length * MICRO), brute.moment(back), where)


# One story: what people hear


def check_story(rng: random.Random, team: Team, where: str, tally: Tally) -> None:
    """Sweeping at each `next_wake` must tell what looking at every minute tells."""
    brute = team.minutes
    size = len(brute.open)
    opened = rng.randrange(size // 2)
    within = rng.choice((20, 40, 60, 120, 240, 480))
    due = brute.add(opened * MINUTE, within * MINUTE)
    if due is None:
        return
    specs = deadlines.parse_stages(random_whole_minute_stages(rng))
    opened_at = brute.moment(opened * MINUTE)
    facts = Facts(opened_at, brute.moment(due))
    window = None
    if rng.random() < 0.5:
        length = rng.choice((60, 240, 1440, 1440, 7 * 1440))
        opening = brute.next_opening((opened + length) * MINUTE)
        until_opening = length if opening is None else opening // MINUTE - opened
        if until_opening % 4 == 0 and rng.random() < 0.7:  # 75 % of it is on a minute
            length = until_opening  # ends at the very moment the team is back
        window = (opened + length * 3 // 4, opened + length)
        facts = replace(facts, window_ends_at=brute.moment(window[1] * MINUTE))
    plan = Plan(team.calendar, specs, rings_always=rng.random() < 0.25)
    positions = [(spec, stage_position(brute, opened * MINUTE, due, spec)) for spec in specs]
    line = sorted(
        ((at // MINUTE, index, spec) for index, (spec, at) in enumerate(positions) if at is not None),
        key=lambda entry: entry[:2],
    )
    last = min(size - 4 * 1440, max([at for at, _, _ in line] + [window[1] if window else 0]) + 3 * 1440)
    if last <= opened:
        return
    happenings = random_happenings(rng, opened, due // MINUTE)
    expected = told_minute_by_minute(
        brute, [(spec.name, spec.kind, at) for at, _, spec in line], window, happenings, plan.rings_always, last
    )
    ours = told_by_waking(brute, facts, plan, happenings, last)
    tally.compare("stories", ours, expected, where)
    tally.answers["things told in stories"] += len(expected)


def random_whole_minute_stages(rng: random.Random) -> list[str]:
    pool = ["25%", "50%", "75%", "10m before", "30m before", "5m after", "15m after", "1h after"]
    return ["new", "due", *rng.sample(pool, rng.randint(0, 5))]


def random_happenings(rng: random.Random, opened: int, due: int) -> list[Happens]:
    """What people do between the beginning and some time after the due moment, in order."""
    end = due + 240
    happenings = []
    for _ in range(rng.choice((0, 0, 1, 2, 4))):
        minute = rng.randrange(opened, end)
        what = rng.choice(("claim", "claim", "snooze", "reply"))
        happenings.append(Happens(minute, what, minute + rng.choice((0, 10, 30, 120, 900))))
    return sorted(happenings, key=lambda happens: happens.minute)


def told_by_waking(brute: Minutes, facts: Facts, plan: Plan, happenings: Sequence[Happens], last: int) -> list[Told]:
    """The loop that alerts run: sleep until `wake_at` or until somebody does something, and tell what there is."""
    told: list[Told] = []
    waiting = list(happenings)
    now = facts.opened_at
    end = brute.moment(last * MINUTE)
    while True:
        wake_at = deadlines.next_wake(facts, plan, now)
        happens_at = brute.moment(waiting[0].minute * MINUTE) if waiting else None
        if happens_at is not None and (wake_at is None or happens_at <= wake_at):
            facts = after(facts, waiting.pop(0), brute)
            now = happens_at
            continue
        if wake_at is None or wake_at >= end:
            return told
        now = wake_at
        stage = deadlines.stage(facts, plan, now)
        minute, rest = divmod(brute.position(now), MINUTE)
        if stage is None or rest:
            return [*told, Told(minute, "woken for nothing" if stage is None else "woken beside the minute", (), False)]
        told.append(Told(minute, stage.name, stage.skipped, stage.waited))
        facts = replace(facts, told=facts.told | {stage.name})


def after(facts: Facts, happens: Happens, brute: Minutes) -> Facts:
    until = brute.moment(happens.until * MINUTE)
    if happens.what == "reply":
        return replace(facts, replied_at=brute.moment(happens.minute * MINUTE))
    return replace(facts, claimed_until=until) if happens.what == "claim" else replace(facts, snoozed_until=until)


# The run


def run_batch(seed: int, number: int, tally: Tally, cases: int = BATCH) -> None:
    rng = random.Random(f"{seed}:{number}")
    team = None
    while team is None:
        team = random_team(rng, rng.choice(ZONES))
    where = f"batch {number} ({team.calendar.timezone.key} from {team.minutes.start:%Y-%m-%d})"
    for case in range(cases):
        check_case(rng, team, f"{where} case {case}", tally)
    for story in range(STORIES):
        check_story(rng, team, f"{where} story {story}", tally)


def load(path: Path, seed: int) -> tuple[int, float, Tally]:
    """Finished batches, seconds spent and the tally; from scratch when there is no file."""
    if not path.exists():
        return 0, 0.0, Tally()
    kept = json.loads(path.read_text())
    if kept["seed"] != seed:
        raise SystemExit(f"{path} belongs to --seed {kept['seed']}; remove it or use that seed")
    counters = {name: Counter(kept[name]) for name in ("answers", "features", "zones")}
    return kept["batches"], kept["seconds"], Tally(kept["cases"], differences=kept["differences"], **counters)


def save(path: Path, seed: int, batches: int, seconds: float, tally: Tally) -> None:
    kept = {"seed": seed, "batches": batches, "seconds": seconds, **vars(tally)}
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_text(json.dumps(kept))
    fresh.replace(path)


def table(tally: Tally, seed: int, seconds: float) -> str:
    lines = [f"{tally.cases:,} cases, seed {seed}, {seconds:,.0f} s; differences: {len(tally.differences)}", ""]
    for title, counter in (("zone", tally.zones), ("cases with", tally.features), ("compared answers", tally.answers)):
        lines += [f"| {title} | |", "| --- | ---: |"]
        lines += [f"| {name} | {count:,} |" for name, count in counter.most_common()]
        lines.append("")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--state", type=Path, help="keep the progress in this file, and go on from it")
    options.add_argument("--batch", type=int, help="play one batch again")
    chosen = options.parse_args(argv)
    if chosen.batch is not None:
        tally = Tally()
        run_batch(chosen.seed, chosen.batch, tally)
        print(table(tally, chosen.seed, 0), *tally.differences, sep="\n")
        return 1 if tally.differences else 0

    number, spent, tally = load(chosen.state, chosen.seed) if chosen.state else (0, 0.0, Tally())
    began = shown = time.monotonic() - spent
    try:
        while tally.cases < chosen.cases:
            run_batch(chosen.seed, number, tally, min(BATCH, chosen.cases - tally.cases))
            number += 1
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                print(f"{tally.cases:,} of {chosen.cases:,} cases, {len(tally.differences)} differences", flush=True)
                if chosen.state:
                    save(chosen.state, chosen.seed, number, time.monotonic() - began, tally)
    except KeyboardInterrupt:
        print("stopped; the same command goes on" if chosen.state else "stopped")
        return 1
    if chosen.state:
        save(chosen.state, chosen.seed, number, time.monotonic() - began, tally)
    print(table(tally, chosen.seed, time.monotonic() - began))
    print(*tally.differences[:50], sep="\n")
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
