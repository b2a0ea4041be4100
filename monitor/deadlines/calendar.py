"""When a team is there, and how much of that time lies between two moments.

A moment is *open* when its wall-clock time in the calendar's zone lies in `[start, end)` of an interval of its local
date, or in what an interval of the local date before spills past midnight. That one sentence decides every odd case:
an hour that is repeated when clocks go back counts twice, an hour that is skipped counts not at all, and a date that
a zone left out (Samoa, 30 December 2011) neither starts an interval nor swallows the tail of the evening before.

The sums are exact, not sampled: local hours are cut wherever the zone changes its offset and turned into stretches of
UTC, four weeks at a time, and kept. `tests/monitor/calendar_oracle.py` counts minutes instead and must agree.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.deadlines.public_holidays import check_country, public_holidays

ZERO = timedelta()
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
BLOCK = timedelta(days=28)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_CLOSED = timedelta(days=366)  # a calendar that stays shut for longer is a mistake
LONGEST_OPEN = timedelta(days=400)  # open for longer: it never closes
KEPT_BLOCKS = 520  # forty years; beyond that somebody is feeding us odd dates

Problem = tuple[tuple[object, ...], str]
"""Where in the plain data (keys and list indexes), and what is wrong there and how to mend it."""

Pause = tuple[datetime, datetime | None]
"""From, until; None while nobody knows until when."""


class CalendarError(ValueError):
    """A calendar that cannot be. `problems` holds every mistake found, each with its place."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = (((), problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("; ".join(_sentence(*problem) for problem in self.problems))


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Hours on one date, counted on the wall clock from its midnight; past midnight `end` exceeds 24 h."""

    start: timedelta
    end: timedelta

    def __post_init__(self) -> None:
        if not ZERO <= self.start < DAY:
            raise CalendarError("an interval starts between 00:00 and 23:59 of its own day")
        if not self.start < self.end <= 2 * DAY:
            raise CalendarError("an interval ends after its start, at the latest with the following day")

    def __str__(self) -> str:
        return f"{_wall(self.start)}-{_wall(self.end if self.end <= DAY else self.end - DAY)}"


WHOLE_DAY = (Interval(ZERO, DAY),)


@dataclass(frozen=True, slots=True)
class _Block:
    """The open stretches of four weeks of UTC, sorted, apart from each other, cut at the block's edges."""

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    before: tuple[timedelta, ...]  # open time of this block before each stretch
    after: tuple[timedelta, ...]  # and up to its end
    total: timedelta

    def open_before(self, at: datetime) -> timedelta:
        index = bisect_right(self.starts, at) - 1
        return self.before[index] + min(at, self.ends[index]) - self.starts[index] if index >= 0 else ZERO


@dataclass(frozen=True, slots=True)
class Calendar:
    """Team hours in one zone. An exception beats a holiday, a holiday beats the week.

    `week` runs from Monday. An interval belongs to the date on which it starts: a holiday removes what would start on
    it, and leaves the tail of the evening before alone. Touching intervals are joined; overlapping ones, a week
    without hours, an unknown country and closures of more than 366 days in a row raise `CalendarError`.

    Moments outside the years 1 to 9999 raise OverflowError, naive ones ValueError.
    """

    name: str
    timezone: ZoneInfo
    week: tuple[tuple[Interval, ...], ...]
    country: str | None = None
    region: str | None = None
    exceptions: Mapping[date, tuple[Interval, ...]] = field(default_factory=dict, hash=False)
    _blocks: dict[int, _Block] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "week", tuple(joined(day) for day in self.week))
        object.__setattr__(self, "exceptions", {day: joined(hours) for day, hours in self.exceptions.items()})
        self.check()

    @classmethod
    def always(cls, timezone: ZoneInfo) -> "Calendar":
        """Open at every moment; the zone only names the dates."""
        return cls("always", timezone, (WHOLE_DAY,) * 7)

    def check(self) -> None:
        """Raise CalendarError when this calendar could keep a deadline waiting for ever."""
        if len(self.week) != 7:
            raise CalendarError("a week has seven days")
        if not any(self.week):
            raise CalendarError(
                'no day of the week has hours, so nothing would ever be due; add some, such as mon-fri: ["09:00-18:00"]'
            )
        if self.country is None:
            if self.region is not None:
                raise CalendarError("a region of holidays needs its country")
        elif wrong := check_country(self.country, self.region):
            raise CalendarError([(("holidays", key), words) for key, words in wrong])
        self._check_closures()

    def _check_closures(self) -> None:
        """Only exceptions can close a calendar for long; look ahead from each closed date that is not behind us."""
        seen = date.min
        for day in sorted(day for day, hours in self.exceptions.items() if not hours):
            if day < seen:
                continue
            closed_at = datetime.combine(day, time(), self.timezone).astimezone(UTC)
            opens_at = self.next_opening(closed_at)
            if opens_at - closed_at > LONGEST_CLOSED:
                raise CalendarError(
                    [(("except", day), f"the team is closed from {day} on for more than a year; leave some days open")]
                )
            seen = opens_at.astimezone(self.timezone).date()

    # What the plan says, in local dates

    def intervals(self, day: date) -> tuple[Interval, ...]:
        """The hours that start on this local date."""
        if (exceptional := self.exceptions.get(day)) is not None:
            return exceptional
        return () if self.is_holiday(day) else self.week[day.weekday()]

    def is_holiday(self, day: date) -> bool:
        """A public holiday of the calendar's country and region, whatever the exceptions say."""
        return self.country is not None and day in public_holidays(self.country, self.region, day.year)

    # What that means, in moments

    def is_open(self, at: datetime) -> bool:
        at = utc(at)
        block = self._block(_index(at))
        index = bisect_right(block.starts, at) - 1
        return index >= 0 and at < block.ends[index]

    def next_opening(self, at: datetime) -> datetime:
        """The first open moment from `at` on: `at` itself when open."""
        at = utc(at)
        number = _index(at)
        block = self._block(number)
        index = bisect_right(block.ends, at)
        while index == len(block.ends):
            number, index = number + 1, 0
            block = self._block(number)
        return max(at, block.starts[index])

    def next_day_opening(self, at: datetime) -> datetime:
        """The start of the first interval that belongs to a later local date than that of `at`."""
        day = utc(at).astimezone(self.timezone).date() + DAY
        while not (hours := self.intervals(day)) or not self._exists(day):
            day += DAY
        return self.next_opening(_first_moment(datetime.combine(day, time(), self.timezone) + hours[0].start))

    def closing(self, at: datetime) -> datetime | None:
        """The end of the open stretch that `at` is in (closed: of the next one). None: it never closes."""
        opens_at = self.next_opening(at)
        number = _index(opens_at)
        block = self._block(number)
        end = block.ends[bisect_right(block.starts, opens_at) - 1]
        while end == EPOCH + (number + 1) * BLOCK:
            if end - opens_at > LONGEST_OPEN:
                return None
            number += 1
            block = self._block(number)
            if not block.starts or block.starts[0] != end:
                break
            end = block.ends[0]
        return end

    def add(self, at: datetime, length: timedelta) -> datetime:
        """The first moment by which `length` of open time has passed since `at`.

        So a sum that ends exactly with the working day is the closing moment, not the next opening, and nothing
        added to any moment, open or closed, is that moment.
        """
        if length < ZERO:
            return self.subtract(at, -length)
        at = utc(at)
        if not length:
            return at
        number = _index(at)
        block = self._block(number)
        need = block.open_before(at) + length
        while need > block.total:
            need -= block.total
            number += 1
            block = self._block(number)
        index = bisect_left(block.after, need)
        return block.starts[index] + (need - block.before[index])

    def subtract(self, at: datetime, length: timedelta) -> datetime:
        """The last moment from which `length` of open time still lies ahead until `at`."""
        if length < ZERO:
            return self.add(at, -length)
        at = utc(at)
        if not length:
            return at
        number = _index(at)
        block = self._block(number)
        left = block.open_before(at) - length
        while left < ZERO:
            number -= 1
            block = self._block(number)
            left += block.total
        index = bisect_right(block.before, left) - 1
        return block.starts[index] + (left - block.before[index])

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Open time from `start` to `end`; negative when `end` comes first."""
        start, end = utc(start), utc(end)
        if end < start:
            return -self.between(end, start)
        first, last = _index(start), _index(end)
        whole = sum((self._block(number).total for number in range(first, last)), ZERO)
        return whole - self._block(first).open_before(start) + self._block(last).open_before(end)

    # From local hours to stretches of UTC

    def _block(self, number: int) -> _Block:
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) >= KEPT_BLOCKS:
                self._blocks.clear()
            block = self._blocks[number] = self._build(EPOCH + number * BLOCK)
        return block

    def _build(self, start: datetime) -> _Block:
        starts: list[datetime] = []
        ends: list[datetime] = []
        for opens_at, closes_at in self._stretches(start, start + BLOCK):
            if ends and ends[-1] == opens_at:
                ends[-1] = closes_at
            else:
                starts.append(opens_at)
                ends.append(closes_at)
        before: list[timedelta] = []
        after: list[timedelta] = []
        total = ZERO
        for opens_at, closes_at in zip(starts, ends, strict=True):
            before.append(total)
            total += closes_at - opens_at
            after.append(total)
        return _Block(tuple(starts), tuple(ends), tuple(before), tuple(after), total)

    def _stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open stretches in order of UTC. Local dates need not be in order: in St. John's clocks went back at 00:01."""
        for piece_start, piece_end, offset in _pieces(self.timezone, start, end):
            wall_start = (piece_start + offset).replace(tzinfo=None)
            wall_end = (piece_end + offset).replace(tzinfo=None)
            day = wall_start.date()
            while (midnight := datetime.combine(day, time())) < wall_end:
                for opens, closes in self._hours(day):
                    first, last = max(wall_start, midnight + opens), min(wall_end, midnight + closes)
                    if first < last:
                        yield piece_start + (first - wall_start), piece_start + (last - wall_start)
                day += DAY

    def _hours(self, day: date) -> list[tuple[timedelta, timedelta]]:
        """Wall-clock hours of a local date within its 24: its own and the tail of the date before."""
        before = day - DAY
        while not self._exists(before):
            before -= DAY
        tail = [(ZERO, hours.end - DAY) for hours in self.intervals(before) if hours.end > DAY]
        own = [(hours.start, min(hours.end, DAY)) for hours in self.intervals(day)]
        union: list[tuple[timedelta, timedelta]] = []
        for start, end in sorted(tail + own):
            if union and start <= union[-1][1]:
                union[-1] = (union[-1][0], max(end, union[-1][1]))
            else:
                union.append((start, end))
        return union

    def _exists(self, day: date) -> bool:
        """False for a date the zone jumped over as a whole, as when islands change sides of the date line."""
        probes = (time(12), time(), time.max)
        return any(_is_real(datetime.combine(day, probe, self.timezone)) for probe in probes)


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline's own clock: the calendar's open time without the pauses (unordered or overlapping ones are fine)."""

    calendar: Calendar
    pauses: tuple[Pause, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "pauses", _merged(self.pauses))

    def add(self, at: datetime, length: timedelta) -> datetime | None:
        """The first moment by which `length` has been counted; None when an open-ended pause comes before it."""
        at = utc(at)
        if length < ZERO:
            raise ValueError("a clock adds no negative length; subtract instead")
        for start, end in self.pauses:
            if end is not None and end <= at:
                continue
            room = self.calendar.between(at, start) if start > at else ZERO
            if room >= length:
                break
            if end is None:
                return None
            at, length = end, length - room
        return self.calendar.add(at, length)

    def subtract(self, at: datetime, length: timedelta) -> datetime:
        """The last moment from which `length` is still to be counted until `at`."""
        at = utc(at)
        if length < ZERO:
            raise ValueError("a clock subtracts no negative length; add instead")
        for start, end in reversed(self.pauses):
            if start >= at:
                continue
            room = self.calendar.between(end, at) if end is not None and end < at else ZERO
            if room >= length:
                break
            at, length = start, length - room
        return self.calendar.subtract(at, length)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Counted time from `start` to `end`; negative when `end` comes first."""
        start, end = utc(start), utc(end)
        if end < start:
            return -self.between(end, start)
        counted = self.calendar.between(start, end)
        for pause_start, pause_end in self.pauses:
            first, last = max(start, pause_start), min(end, pause_end or end)
            if first < last:
                counted -= self.calendar.between(first, last)
        return counted


def due_at(opened_at: datetime, within: timedelta, calendar: Calendar, pauses: Sequence[Pause] = ()) -> datetime | None:
    """When an answer is due: the first moment by which `within` has been counted, pauses left out.

    None while an open-ended pause keeps it from coming. A pause that begins after the due moment moves nothing.
    """
    return Clock(calendar, tuple(pauses)).add(opened_at, within)


def utc(at: datetime) -> datetime:
    """The same moment in UTC; ValueError for a naive one."""
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise ValueError("a moment needs a time zone; a naive datetime was given")
    return at.astimezone(UTC)


def joined(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Sorted, touching ones joined; CalendarError when two of one day overlap."""
    kept: list[Interval] = []
    for interval in sorted(intervals):
        if not kept or interval.start > kept[-1].end:
            kept.append(interval)
        elif interval.start == kept[-1].end:
            kept[-1] = Interval(kept[-1].start, interval.end)
        else:
            raise CalendarError(f"{kept[-1]} and {interval} overlap; make them one or move one of them")
    return tuple(kept)


def _merged(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    merged: list[Pause] = []
    known = [(utc(start), None if end is None else utc(end)) for start, end in pauses]
    for start, end in sorted(known, key=lambda pause: pause[0]):
        if end is not None and end < start:
            raise ValueError("a pause ends before it begins")
        if merged and (merged[-1][1] is None or start <= merged[-1][1]):
            last_start, last_end = merged[-1]
            merged[-1] = (last_start, None if end is None or last_end is None else max(end, last_end))
        else:
            merged.append((start, end))
    return tuple(pause for pause in merged if pause[0] != pause[1])


def _index(at: datetime) -> int:
    return (at - EPOCH) // BLOCK


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101  a ZoneInfo always knows
    return offset


def _pieces(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """`[start, end)` cut where the offset from UTC changes.

    Looking once a day is enough: the shortest stay on one offset in tzdata 2025b is 95 hours (Freetown, 1939).
    """
    offset = _offset(zone, start)
    piece_start = low = start
    while low < end:
        high = min(low + DAY, end)
        ahead = _offset(zone, high)
        if ahead != offset:
            change = _change(zone, low, high, offset)
            yield piece_start, change, offset
            piece_start, offset = change, ahead
        low = high
    if piece_start < end:
        yield piece_start, end, offset


def _change(zone: ZoneInfo, low: datetime, high: datetime, offset: timedelta) -> datetime:
    """The first whole second in `(low, high]` that is no longer at `offset`; tzdata changes on whole seconds."""
    while high - low > SECOND:
        middle = low + (high - low) // SECOND // 2 * SECOND
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _is_real(wall: datetime) -> bool:
    """Whether a wall-clock time occurs; one that clocks skip does not survive the way to UTC and back."""
    return wall.astimezone(UTC).astimezone(wall.tzinfo).replace(tzinfo=None) == wall.replace(tzinfo=None)


def _first_moment(wall: datetime) -> datetime:
    """The moment a wall clock first shows this time or, where clocks skip it, the moment they skip."""
    if _is_real(wall):
        return wall.astimezone(UTC)
    assert isinstance(wall.tzinfo, ZoneInfo)  # noqa: S101
    before, after = wall.replace(fold=1).astimezone(UTC), wall.astimezone(UTC)  # PEP 495: inside a gap folds swap
    return _change(wall.tzinfo, before, after, _offset(wall.tzinfo, before))


def _wall(length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _sentence(path: tuple[object, ...], words: str) -> str:
    place = ".".join(str(key) for key in path)
    return f"{place}: {words}" if place else words
