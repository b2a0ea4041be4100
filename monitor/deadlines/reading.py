"""From what people write in rules.yaml to calendars and lengths of time, with every mistake in words.

Values are checked as hostile text (bounded patterns, no look at more than their beginning), because a rules file may be
generated from somewhere else.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from monitor.deadlines.calendar import WHOLE_DAY, Calendar, CalendarError, Interval, Problem, joined
from monitor.deadlines.public_holidays import check_country

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_DURATION = timedelta(days=366)
YEARS = range(2000, 2200)

_SHORT = 60  # characters of a wrong value that a message repeats
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DASH = re.compile(r"\s*[-–—~]\s*")
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?\s?(?:([0-9]{1,6})h)?\s?(?:([0-9]{1,6})m)?\s?(?:([0-9]{1,6})s)?")
_LONG_UNIT = re.compile(r"([0-9]{1,6})\s?(days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)\b")
_DATES = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s+to\s+([0-9]{4}-[0-9]{2}-[0-9]{2}))?")


def parse_duration(text: object) -> timedelta:
    """`90s`, `10m`, `1h30m`, `2d` (48 hours of whatever clock counts it) as a length; ValueError in words."""
    wrong = "write a length of time such as 90s, 10m, 1h30m or 2d"
    if not isinstance(text, str):
        raise ValueError(f"{_shown(text)} has no unit; {wrong}")
    found = _DURATION.fullmatch(text.strip()) if len(text) <= _SHORT else None
    if found is None or not any(found.groups()):
        raise ValueError(f"{_shown(text)} is not a length of time{_in_short(text)}; {wrong}")
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not length:
        raise ValueError(f"{_shown(text)} is no time at all; {wrong}")
    if length > LONGEST_DURATION:
        raise ValueError(f"{_shown(text)} is more than 366 days; {wrong}")
    return length


def duration_text(length: timedelta) -> str:
    """The one way to write a length of whole seconds: `1h30m`, `48h`, `45s`. `parse_duration` reads it back."""
    seconds = length // timedelta(seconds=1)
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def parse_interval(text: object) -> Interval:
    """`09:00-12:00`; `22:00-02:00` runs past midnight, `00:00-24:00` is the whole day. CalendarError in words."""
    wrong = 'write hours as "09:00-12:00"; "22:00-02:00" runs past midnight, "00:00-24:00" is the whole day'
    if not isinstance(text, str):
        raise CalendarError(f"{_shown(text)} is not hours (are the quotes missing?); {wrong}")
    ends = [_CLOCK.fullmatch(part) for part in _DASH.split(text.strip())] if len(text) <= _SHORT else []
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        raise CalendarError(f"{_shown(text)} is not hours; {wrong}")
    start, end = _clock(ends[0]), _clock(ends[1])
    if start is None or end is None or start == timedelta(days=1):
        raise CalendarError(f"{_shown(text)} names a time that no clock shows; {wrong}")
    if start == end:
        raise CalendarError(f"{_shown(text)} ends when it starts; {wrong}")
    return Interval(start, end if end > start else end + timedelta(days=1))


def parse_timezone(text: object) -> ZoneInfo:
    """An IANA name such as `Asia/Seoul`; ValueError with near matches otherwise."""
    known = _zones()
    if isinstance(text, str) and text in known:
        return ZoneInfo(text)
    cities = {name.rpartition("/")[2].casefold(): name for name in sorted(known, reverse=True)}
    wanted = text[:_SHORT].replace(" ", "_").rpartition("/")[2].casefold() if isinstance(text, str) else ""
    near = [cities[city] for city in difflib.get_close_matches(wanted, cities, n=3, cutoff=0.75)]
    hint = f"did you mean {' or '.join(near)}?" if near else "write a name such as Asia/Seoul or Europe/London"
    raise ValueError(f"{_shown(text)} is not a time zone; {hint}")


def read_calendar(name: str, data: object, timezone: ZoneInfo) -> Calendar:
    """A calendar from plain data, as rules.yaml has it under `hours:`.

    `"always"`, or a mapping of days (`mon`, `mon-fri`, `sat, sun`) to hours (one text or a list), with, if wanted,
    `holidays` (a country, or `country` and `region`), `except` (a date, or `2026-12-24 to 2026-12-26`, to hours; `[]`
    is closed) and `timezone` (this crew lives elsewhere). Raises one CalendarError with all mistakes and their places.
    """
    if data == "always":
        return Calendar(name, timezone, (WHOLE_DAY,) * 7)
    if not isinstance(data, Mapping):
        raise CalendarError(
            f'{_shown(data)} is no calendar; write days and hours, such as mon-fri: ["09:00-18:00"], or: always'
        )
    return _Reader(name, data, timezone).calendar()


class _Reader:
    """Walks the data once and gathers what is wrong instead of stopping."""

    def __init__(self, name: str, data: Mapping[object, object], timezone: ZoneInfo) -> None:
        self.name = name
        self.data = data
        self.timezone = timezone
        self.problems: list[Problem] = []
        self.week: dict[str, tuple[Interval, ...]] = {}
        self.country: str | None = None
        self.region: str | None = None
        self.exceptions: dict[date, tuple[Interval, ...]] = {}
        self.written: dict[object, object] = {}  # a date of an exception, and the key it was written under

    def calendar(self) -> Calendar:
        for key, value in self.data.items():
            self._read(key, value)
        if self.problems:
            raise CalendarError(self.problems)
        week = tuple(self.week.get(day, ()) for day in DAYS)
        try:
            return Calendar(self.name, self.timezone, week, self.country, self.region, self.exceptions)
        except CalendarError as e:
            raise CalendarError(
                [(tuple(self.written.get(key, key) for key in path), words) for path, words in e.problems]
            ) from None

    def _read(self, key: object, value: object) -> None:
        if key == "holidays":
            self._read_holidays(value)
        elif key == "except":
            self._read_exceptions(value)
        elif key == "timezone":
            try:
                self.timezone = parse_timezone(value)
            except ValueError as e:
                self._wrong((key,), str(e))
        else:
            self._read_days(key, value)

    def _read_days(self, key: object, value: object) -> None:
        try:
            days = _days(key)
        except ValueError as e:
            self._wrong((key,), str(e))
            if not isinstance(value, list):  # whatever this key was meant to be, it was not days
                return
            days = []
        hours = self._hours((key,), value)
        for day in days:
            if day in self.week:
                self._wrong((key,), f"{day} is named twice; give each day its hours in one place")
            self.week[day] = hours

    def _hours(self, path: tuple[object, ...], value: object) -> tuple[Interval, ...]:
        if value is None:
            self._wrong(path, 'no hours are given; write [] for closed, or hours such as ["09:00-18:00"]')
            return ()
        listed = list(enumerate(value)) if isinstance(value, list | tuple) else [(None, value)]
        intervals: list[Interval] = []
        for index, text in listed:
            try:
                intervals.append(parse_interval(text))
            except CalendarError as e:
                self._wrong(path if index is None else (*path, index), e.problems[0][1])
        try:
            return joined(intervals)
        except CalendarError as e:
            self._wrong(path, e.problems[0][1])
            return ()

    def _read_holidays(self, value: object) -> None:
        if isinstance(value, Mapping):
            for key in value:
                if key not in ("country", "region"):
                    self._wrong(
                        ("holidays", key), f"{_shown(key)} is unknown here; write country, and region if wanted"
                    )
            country, region, nested = value.get("country"), value.get("region"), True
        else:
            country, region, nested = value, None, False
        if not isinstance(country, str):
            self._wrong(("holidays", "country") if nested else ("holidays",), _not_a_country(country))
            return
        if region is not None and not isinstance(region, str):
            self._wrong(("holidays", "region"), f'{_shown(region)} is not a region; put it in quotes, such as "CA"')
            return
        for part, words in check_country(country[:_SHORT], region if region is None else region[:_SHORT]):
            self._wrong(("holidays", part) if nested else ("holidays",), words)
        self.country, self.region = country, region

    def _read_exceptions(self, value: object) -> None:
        if not isinstance(value, Mapping):
            self._wrong(("except",), f'{_shown(value)} is no list of dates; write 2026-12-24: ["09:00-13:00"]')
            return
        for key, hours in value.items():
            intervals = self._hours(("except", key), hours)
            try:
                days = list(_dates(key))
            except ValueError as e:
                self._wrong(("except", key), str(e))
                continue
            for day in days:
                if day in self.exceptions:
                    self._wrong(("except", key), f"{day} is named twice; give each date its hours in one place")
                self.exceptions[day] = intervals
                self.written[day] = key

    def _wrong(self, path: tuple[object, ...], words: str) -> None:
        self.problems.append((path, words))


def _days(key: object) -> list[str]:
    """`mon`, `mon-fri`, `fri-mon`, `sat, sun` as days."""
    wrong = "write mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, holidays, except or timezone"
    if not isinstance(key, str) or len(key) > _SHORT:
        raise ValueError(f"{_shown(key)} is no day; {wrong}")
    days: list[str] = []
    for part in key.split(","):
        ends = [word.strip() for word in part.split("-")]
        if len(ends) > 2 or any(word not in DAYS for word in ends):
            raise ValueError(f"{_shown(key)} is no day{_did_you_mean(ends)}; {wrong}")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days += [DAYS[(first + step) % 7] for step in range((last - first) % 7 + 1)]
    return days


def _did_you_mean(words: list[str]) -> str:
    short = [word.casefold()[:3] for word in words]
    if 0 < len(words) <= 2 and all(word in DAYS for word in short):
        return f" (did you mean {'-'.join(short)}?)"
    near = difflib.get_close_matches(words[0].casefold(), ("holidays", "except", "timezone"), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _dates(key: object) -> Iterator[date]:
    """One date, or all from the first to the last of a range of at most 366."""
    wrong = "write a date such as 2026-12-24, or 2026-12-24 to 2026-12-26"
    if isinstance(key, date) and not isinstance(key, datetime):
        first = last = key
    else:
        found = _DATES.fullmatch(key.strip()) if isinstance(key, str) and len(key) <= _SHORT else None
        if found is None:
            raise ValueError(f"{_shown(key)} is no date; {wrong}")
        try:
            first = date.fromisoformat(found[1])
            last = date.fromisoformat(found[2] or found[1])
        except ValueError:
            raise ValueError(f"{_shown(key)} is in no calendar; {wrong}") from None
    if first.year not in YEARS or last.year not in YEARS:
        raise ValueError(f"{_shown(key)} is out of reach; write a date from 2000 to 2199")
    length = (last - first).days
    if not 0 <= length <= 366:
        raise ValueError(f"{_shown(key)} ends before it begins or is longer than a year; {wrong}")
    return (first + timedelta(days=step) for step in range(length + 1))


def _clock(found: re.Match[str]) -> timedelta | None:
    hours, minutes = int(found[1]), int(found[2])
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        return None
    return timedelta(hours=hours, minutes=minutes)


def _in_short(text: str) -> str:
    short = _LONG_UNIT.sub(lambda found: found[1] + found[2][0], text[:_SHORT].casefold()).replace(" ", "")
    return f" (did you mean {short}?)" if short != text and _DURATION.fullmatch(short) else ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _not_a_country(value: object) -> str:
    if value is False:  # YAML reads a bare NO (Norway) as "no"
        return 'a bare NO means "no" in YAML; put the country in quotes: "NO" (Norway)'
    return f"{_shown(value)} is not a country; write its two-letter code, such as KR, or country: and region:"


def _shown(value: object) -> str:
    """A wrong value as people wrote it, shortened."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHORT else text[: _SHORT - 3] + "..."
