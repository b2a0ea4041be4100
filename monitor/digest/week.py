"""The week of the team, not of UTC: ISO weeks between local Mondays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """An ISO week (ISO 8601: it begins on Monday, and belongs to the year of its Thursday)."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    def start(self, zone: ZoneInfo) -> datetime:
        """The first instant of its Monday, in UTC."""
        return midnight(self.monday, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """The first instant after it."""
        return midnight(self.monday + timedelta(days=7), zone)

    def before(self) -> Week:
        return week_of(self.monday - timedelta(days=7))


def week_of(day: date) -> Week:
    year, number, _ = day.isocalendar()
    return Week(year, number)


def last_week(now: datetime, zone: ZoneInfo) -> Week:
    """The last week that is over at `now`."""
    return week_of(now.astimezone(zone).date() - timedelta(days=7))


def parse_week(text: str) -> Week:
    """Read 2026-W47. Raises ValueError in words."""
    match = re.fullmatch(r"(\d{4})-W(\d{2})", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no week; write it like 2026-W47")
    try:
        return week_of(date.fromisocalendar(int(match[1]), int(match[2]), 1))
    except ValueError:
        raise ValueError(f"there is no week {text}; years have 52 or 53") from None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day. Where midnight does not exist, the day begins when the clock goes on."""
    return instant(day, time(0), zone)


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time as UTC: the first of two where the clock is set back, the moment of the jump where it is skipped."""
    local = datetime.combine(day, at, zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        # Skipped: `fold=0` reads the time with the offset from before the jump, which lands after it by as much.
        later = datetime.combine(day, at, zone).replace(fold=1).astimezone(UTC)
        found = max(found, later) if later.astimezone(zone).date() == day else found
    return found
