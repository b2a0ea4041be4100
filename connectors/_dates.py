"""Dates as people and publishing programs write them: RFC 822, ISO 8601, and the Korean and Japanese forms."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

LONGEST = 100
"""Longest date looked at, in characters."""

KST = timezone(timedelta(hours=9))  # Japan's time is the same
ZONES = {
    "KST": "+0900", "JST": "+0900", "SGT": "+0800", "HKT": "+0800", "ICT": "+0700", "WIB": "+0700", "PKT": "+0500",
    "MSK": "+0300", "EEST": "+0300", "EET": "+0200", "CEST": "+0200", "CET": "+0100", "WEST": "+0100", "WET": "+0000",
    "BST": "+0100", "AEST": "+1000", "AEDT": "+1100", "NZST": "+1200", "NZDT": "+1300", "Z": "+0000", "UT": "+0000",
    "UTC": "+0000", "GMT": "+0000",
}  # fmt: skip
"""Names that the standard library does not know, or would take for no zone at all; ambiguous ones are left out."""

HOME = {"ko": KST, "ja": KST}
"""The zone that a date without one is in, by the language of what it dates."""

_EAST = str.maketrans({"年": "년", "月": "월", "日": "일", "時": "시", "分": "분", "秒": "초"})
_DIGITS_FIRST = re.compile(
    r"""(?P<year>\d{4})\s*[년./-]\s*(?P<month>\d{1,2})\s*[월./-]\s*(?P<day>\d{1,2})\s*[일.]?
        \s*\(?(?:[월화수목금토일火水木金土](?:요일|曜日?)?)?\)?\s*,?\s*
        (?:(?P<half>오전|오후|午前|午後|am|pm)?\s*(?P<hour>\d{1,2})\s*[:시]\s*(?:(?P<minute>\d{1,2})\s*분?)?
           (?:\s*:?\s*(?P<second>\d{1,2})(?:\.\d+)?\s*초?)?\s*(?P<after>am|pm)?)?
        \s*(?P<zone>[+-]\d{4})?""",
    re.VERBOSE | re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:?\d\d.*)?|\d{8}T\d{4,6}.*", re.ASCII)
_OFFSET = re.compile(r"\s*\(?(?:GMT|UTC)?\s*([+-])(\d{1,2}):?(\d\d)?\)?$")
_NAMED = re.compile(rf"(?<=[\d\s(])\(?({'|'.join(sorted(ZONES, key=len, reverse=True))})\b\)?(?![+-]\d)")
_HALF = re.compile(r"\b(\d{1,2})(:\d\d(?::\d\d)?)\s*([ap])\.?m\b\.?", re.IGNORECASE)
_YEAR_ZERO = re.compile(r"(?<![\d:+-])00\d\d(?!\d)")
"""Programs write the year 0001 for "never"; a mail library would read it as 2001."""
_KOREAN_MAIL = re.compile(r"^(?:[월화수목금토일],\s*)?(\d{1,2})\s+(\d{1,2})월\s+(\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_date(raw: str, language: str | None = None) -> tuple[datetime, bool] | None:
    """The moment, as aware UTC, and whether it is certain: that is, whether its zone and time of day were given.

    A date without a zone is in that of its `language`, else in UTC; one with Korean or Japanese words is at home there.
    None when it is no date, or lies outside what a calendar can hold.
    """
    raw = unicodedata.normalize("NFKC", raw[:LONGEST]).translate(_EAST).strip()
    if _YEAR_ZERO.search(raw):
        return None
    raw = _with_offset(_in_english(raw))
    found = _iso(raw) or _mail(raw) or _east_asian(raw)
    if found is None:
        return None
    moment, certain = found
    if moment.tzinfo is None:
        certain = False
        moment = moment.replace(tzinfo=HOME.get(language or "", UTC))
    try:
        return moment.astimezone(UTC), certain
    except OverflowError:
        return None


def _in_english(raw: str) -> str:
    """A mail date with Korean names (월, 02 3월 2026 ...), which some Java programs write, with English ones."""
    return _KOREAN_MAIL.sub(lambda m: f"{m[1]} {_MONTHS[(int(m[2]) - 1) % 12]} {m[3]}", raw)


def _with_offset(raw: str) -> str:
    """The same date with its zone as +hhmm at the end, where it has one."""
    if ":" in raw and (named := _NAMED.search(raw)):
        rest = f"{raw[: named.start()].rstrip()} {raw[named.end() :].lstrip()}".strip()
        return rest if re.search(r"[+-]\d{2}:?\d{2}\b", rest) else f"{rest} {ZONES[named[1]]}"
    offset_given = _OFFSET.search(raw)
    if offset_given and ":" in raw[: offset_given.start()]:
        sign, hours, minutes = offset_given.groups()
        return f"{raw[: offset_given.start()].rstrip()} {sign if int(hours) else '+'}{int(hours):02}{minutes or '00'}"
    return raw


def _iso(raw: str) -> tuple[datetime, bool] | None:
    if not _ISO.fullmatch(raw):
        return None
    try:
        # A leap second is a second that Python has not.
        moment = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d{4}$)", "", raw).replace(":60", ":59"))
    except ValueError:
        return None
    return moment, len(raw) > len("2026-03-02")


def _mail(raw: str) -> tuple[datetime, bool] | None:
    if not re.search(r"[A-Za-z]{3}", raw):
        return None
    try:
        return parsedate_to_datetime(_HALF.sub(_on_24_hours, raw)), ":" in raw
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _on_24_hours(time: re.Match[str]) -> str:
    # The mail library reads 3:00 PM as three in the morning.
    hour = int(time[1]) % 12 + (12 if time[3].lower() == "p" else 0)
    return f"{hour:02}{time[2]}"


def _east_asian(raw: str) -> tuple[datetime, bool] | None:
    found = _DIGITS_FIRST.fullmatch(raw)
    if found is None:
        return None
    half = (found["half"] or found["after"] or "").lower()
    hour = int(found["hour"] or 0)
    if half in {"오후", "午後", "pm"} and hour < 12:
        hour += 12
    elif half in {"오전", "午前", "am"} and hour == 12:
        hour = 0
    words = re.search(r"[년월일시분오午]", raw) is not None
    zone = datetime.strptime(found["zone"], "%z").tzinfo if found["zone"] else KST if words else None
    try:
        moment = datetime(
            int(found["year"]), int(found["month"]), int(found["day"]),
            hour, int(found["minute"] or 0), int(found["second"] or 0), tzinfo=zone,
        )  # fmt: skip
    except ValueError:
        return None
    return moment, found["hour"] is not None
