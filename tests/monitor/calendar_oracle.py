"""Team hours by brute force: look at every minute, one after the other, and count.

Shares nothing with `monitor.deadlines` but the definition: a minute is open when its wall-clock time lies in an
interval of its local date, or in the spilled part of the local date before. It asks `zoneinfo` for the wall-clock time
of each minute, and knows neither offsets nor changes of clocks. Zones must be on whole minutes (all are, since 1972).

Positions are whole microseconds since the window's start.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

MINUTE = 60_000_000
DAY_MINUTES = 1440

Hours = Sequence[tuple[int, int]]  # minutes since local midnight; an end beyond 1440 spills over


@lru_cache(maxsize=2000)
def wall_minutes(zone: ZoneInfo, utc_day: int) -> "array[int]":
    """The wall-clock time of each minute of a UTC day (days since 1970), as date ordinal * 1440 + minute."""
    first = utc_day * 86400
    walls = (datetime.fromtimestamp(first + minute * 60, zone) for minute in range(DAY_MINUTES))
    return array("l", [wall.toordinal() * DAY_MINUTES + wall.hour * 60 + wall.minute for wall in walls])


class Minutes:
    """Which minutes of `days` UTC days from `start` (a UTC midnight) are open."""

    def __init__(
        self,
        zone: ZoneInfo,
        start: datetime,
        days: int,
        week: Sequence[Hours],
        exceptions: Mapping[date, Hours],
        is_holiday: Callable[[date], bool],
    ) -> None:
        self.start = start
        first_day = int(start.timestamp()) // 86400
        walls = [wall for day in range(first_day - 3, first_day + days) for wall in wall_minutes(zone, day)]
        dates = sorted({wall // DAY_MINUTES for wall in walls})
        table = bytearray((dates[-1] - dates[0] + 1) * DAY_MINUTES)
        for index, ordinal in enumerate(dates):
            day = date.fromordinal(ordinal)
            hours = exceptions[day] if day in exceptions else () if is_holiday(day) else week[day.weekday()]
            here = (ordinal - dates[0]) * DAY_MINUTES
            following = (dates[index + 1] - dates[0]) * DAY_MINUTES if index + 1 < len(dates) else None
            for opens, closes in hours:
                for minute in range(opens, closes):
                    if minute < DAY_MINUTES:
                        table[here + minute] = 1
                    elif following is not None:
                        table[following + minute - DAY_MINUTES] = 1
        base = dates[0] * DAY_MINUTES
        self.open = bytearray(table[wall - base] for wall in walls[3 * DAY_MINUTES :])
        self.before = list(accumulate(self.open, initial=0))

    def without(self, pauses: Iterable[tuple[int, int | None]]) -> "Minutes":
        """The same with these minutes closed (from, until; None: to the end)."""
        paused = object.__new__(Minutes)
        paused.start = self.start
        paused.open = bytearray(self.open)
        for begin, end in pauses:
            first = max(begin, 0)
            last = len(paused.open) if end is None else min(max(end, first), len(paused.open))
            paused.open[first:last] = bytes(max(last - first, 0))
        paused.before = list(accumulate(paused.open, initial=0))
        return paused

    def position(self, at: datetime) -> int:
        return (at - self.start) // timedelta(microseconds=1)

    def moment(self, position: int) -> datetime:
        return self.start + timedelta(microseconds=position)

    @property
    def total(self) -> int:
        return self.before[-1] * MINUTE

    def is_open(self, position: int) -> bool:
        return bool(self.open[position // MINUTE])

    def counted_before(self, position: int) -> int:
        minute, rest = divmod(position, MINUTE)
        return self.before[minute] * MINUTE + (rest if rest and self.open[minute] else 0)

    def between(self, start: int, end: int) -> int:
        return self.counted_before(end) - self.counted_before(start)

    def add(self, position: int, length: int) -> int | None:
        """The first position with `length` counted since; None beyond the window."""
        if length == 0:
            return position
        target = self.counted_before(position) + length
        minute = bisect_left(self.before, -(-target // MINUTE))
        if minute == len(self.before):
            return None
        return (minute - 1) * MINUTE + target - self.before[minute - 1] * MINUTE

    def subtract(self, position: int, length: int) -> int | None:
        """The last position from which `length` is still to be counted; None before the window."""
        if length == 0:
            return position
        left = self.counted_before(position) - length
        if left < 0:
            return None
        minute = bisect_right(self.before, left // MINUTE) - 1
        return minute * MINUTE + left - self.before[minute] * MINUTE

    def next_opening(self, position: int) -> int | None:
        if self.is_open(position):
            return position
        minute = self.open.find(1, position // MINUTE)
        return None if minute < 0 else minute * MINUTE

    def closing(self, position: int) -> int | None:
        opening = self.next_opening(position)
        minute = -1 if opening is None else self.open.find(0, opening // MINUTE)
        return None if minute < 0 else minute * MINUTE


@dataclass(frozen=True)
class Told:
    minute: int
    name: str
    skipped: tuple[str, ...]
    waited: bool


@dataclass(frozen=True)
class Happens:
    """Something people do at a minute: `what` is claim, snooze (both until a minute) or reply."""

    minute: int
    what: str
    until: int = 0


def told_minute_by_minute(
    team: Minutes,
    line: Sequence[tuple[str, str, int]],
    window: tuple[int, int] | None,
    happenings: Sequence[Happens],
    rings_always: bool,
    last: int,
) -> list[Told]:
    """Who would hear what if somebody looked at every single minute.

    `line` holds (name, kind, minute) of each stage in order; `window` the minute of its 75 % and that of its end.
    """
    told: list[Told] = []
    names: set[str] = set()
    furthest = -1  # index in `line` of the last stage that was told
    claimed_until = snoozed_until = 0
    waiting = list(happenings)
    first = min([minute for _, _, minute in line] + ([window[0]] if window else []))
    for minute in range(first, last):
        while waiting and waiting[0].minute <= minute:
            happens = waiting.pop(0)
            if happens.what == "reply":
                return told
            if happens.what == "claim":
                claimed_until = happens.until
            else:
                snoozed_until = happens.until
        if minute < snoozed_until:
            continue
        team_is_there = bool(team.open[minute])

        def since(reached: int, kind: str) -> int:
            held_back = 0 if kind == "new" else claimed_until  # noqa: B023
            return max(reached, snoozed_until, held_back)  # noqa: B023

        def waited(ready: int) -> bool:
            return not rings_always and team.open.find(0, ready, minute) >= 0  # noqa: B023

        if window is not None and "window" not in names:
            ready, ends = since(window[0], "window"), window[1]
            opening = team.open.find(1, minute)
            lost = minute < ends <= opening
            if ready <= minute and (rings_always or team_is_there or lost):
                told.append(Told(minute, "window", (), team_is_there and waited(ready)))
                names.add("window")
        if not (rings_always or team_is_there):
            continue
        reached = [
            index
            for index, (name, kind, at) in enumerate(line)
            if index > furthest and name not in names and since(at, kind) <= minute
        ]
        if reached:
            worst = reached[-1]
            name, kind, at = line[worst]
            skipped = tuple(line[index][0] for index in range(furthest + 1, worst) if line[index][0] not in names)
            told.append(Told(minute, name, skipped, waited(since(at, kind))))
            names.add(name)
            furthest = worst
    return told
