"""Dates as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._dates import read_date

THREE = datetime(2026, 3, 2, 3, tzinfo=UTC)
SIX = datetime(2026, 3, 2, 6, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Mon, 02 Mar 2026 12:00:00 KST", THREE),
        ("Mon, 02 Mar 2026 12:00:00 JST", THREE),
        ("Mon, 02 Mar 2026 12:00:00 +0900", THREE),
        ("Mon, 02 Mar 2026 12:00:00 +0900 (KST)", THREE),
        ("Mon, 02 Mar 2026 12:00:00 GMT+9", THREE),
        ("Mon, 02 Mar 2026 12:00:00 UTC+09:00", THREE),
        ("Mon Mar  2 12:00:00 KST 2026", THREE),
        ("Mon, 2 Mar 26 12:00 +0900", THREE),
        ("월, 02 3월 2026 12:00:00 +0900", THREE),
        ("Mon, 02 Mar 2026 07:00:00 EST", NOON),
        ("Mon, 02 Mar 2026 12:00:00 GMT", NOON),
        ("Mon, 02 Mar 2026 12:00:00 -0000", NOON),
        ("2026-03-02T12:00:00+09:00", THREE),
        ("2026-03-02T12:00:00.000000000Z", NOON),
        ("2026-03-02 12:00:00 +0900", THREE),
        ("2026-03-02 12:00:00 KST", THREE),
        ("2026-03-02T11:59:60Z", datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC)),
        ("20260302T120000Z", NOON),
        ("2026년 3월 2일 오후 3:00", SIX),
        ("2026년 03월 02일 (월) 오후 03:00:00", SIX),
        ("2026년 3월 2일 월요일 15시", SIX),
        ("2026년 3월 2일 15시 00분", SIX),
        ("2026. 3. 2. 오후 3:00", SIX),
        ("2026-03-02 오후 3:00", SIX),
        ("2026年3月2日 午後3:00", SIX),
        ("２０２６年３月２日　１５時００分", SIX),
        ("2026년 3월 2일 오전 12:00", datetime(2026, 3, 1, 15, tzinfo=UTC)),
        ("2026년 3월 2일 오후 12:00", THREE),
        ("2026/03/02 15:00:00 +0900", SIX),
    ],
)
def test_a_date_with_its_zone_is_certain(written: str, moment: datetime) -> None:
    assert read_date(written) == (moment, True)


@pytest.mark.parametrize(
    ("written", "language", "moment"),
    [
        ("2026-03-02 12:00:00", None, NOON),
        ("2026-03-02 12:00:00", "en", NOON),
        ("2026-03-02 12:00:00", "ko", THREE),
        ("2026.03.02 12:00", "ko", THREE),
        ("2026.03.02 12:00", "ja", THREE),
        ("2026.03.02 12:00", None, NOON),
        ("Mon, 02 Mar 2026 12:00:00", None, NOON),
        ("Mon, 02 Mar 2026 12:00:00 XYZ", None, NOON),
        ("Mar 2, 2026 12:00 PM", None, NOON),
        ("Mar 2, 2026 3:00 a.m.", None, THREE),
        ("2026-03-02", None, datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026년 3월 2일", None, datetime(2026, 3, 1, 15, tzinfo=UTC)),
    ],
)
def test_without_a_zone_or_a_time_of_day_it_is_a_guess(written: str, language: str | None, moment: datetime) -> None:
    assert read_date(written, language) == (moment, False)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "어제",
        "Mon, 01 Jan 0001 00:00:00 +0000",
        "0001-01-01T00:00:00Z",
        "0001-01-01",
        "2026-02-30T00:00:00Z",
        "2026년 13월 2일",
        "9999-12-31T23:59:59-09:00",
        "253402300799",
        "Mon, 99 Foo 2026 12:00:00 GMT",
        "2026-03-02T25:00:00Z",
        "\x00",
    ],
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert read_date(written) is None


@given(st.text(max_size=200) | st.from_regex(r"\d{4}[-./년 ]\d\d?[-./월 ]\d\d?.{0,20}") | st.datetimes().map(str))
def test_whatever_is_written_it_is_a_moment_in_utc_or_none(written: str) -> None:
    found = read_date(written, "ko")
    assert found is None or found[0].tzinfo is UTC


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001
def test_iso_dates_are_read_exactly(moment: datetime) -> None:
    assert read_date(moment.isoformat() + "Z") == (moment.replace(tzinfo=UTC), True)
