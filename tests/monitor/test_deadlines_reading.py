"""What people write about time, and how they are told what is wrong with it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.deadlines import (
    CalendarError,
    Interval,
    StageError,
    StageSpec,
    duration_text,
    parse_duration,
    parse_interval,
    parse_stages,
    parse_timezone,
    read_calendar,
)

SEOUL = ZoneInfo("Asia/Seoul")
H = timedelta(hours=1)
M = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", 10 * M),
        ("1h", H),
        ("1h30m", 90 * M),
        ("1h 30m", 90 * M),
        ("2d", 48 * H),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        (" 15m ", 15 * M),
    ],
)
def test_lengths_of_time(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (30, "no unit"),
        (None, "no unit"),
        ("30", "not a length"),
        ("", "not a length"),
        ("half an hour", "not a length"),
        ("10 minutes", "did you mean 10m?"),
        ("1 hour 30 mins", "did you mean 1h30m?"),
        ("30m1h", "not a length"),
        ("-5m", "not a length"),
        ("1.5h", "not a length"),
        ("٣h", "not a length"),
        ("0m", "no time at all"),
        ("367d", "more than 366 days"),
        ("999999d999999h", "more than 366 days"),
        ("9" * 100_000 + "m", "not a length"),
    ],
)
def test_odd_lengths_are_refused_in_words(text, words):
    with pytest.raises(ValueError, match=words.replace("?", r"\?")) as caught:
        parse_duration(text)
    assert len(str(caught.value)) < 250


@settings(deadline=None)
@given(st.integers(1, 366 * 86400))
def test_a_length_written_is_the_length_read(seconds):
    length = timedelta(seconds=seconds)
    assert parse_duration(duration_text(length)) == length


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("09:00-12:00", (9 * H, 12 * H)),
        ("9:00 - 12:30", (9 * H, 12 * H + 30 * M)),
        ("09:00~18:00", (9 * H, 18 * H)),
        ("09:00–18:00", (9 * H, 18 * H)),
        ("22:00-02:00", (22 * H, 26 * H)),
        ("22:00-24:00", (22 * H, 24 * H)),
        ("22:00-00:00", (22 * H, 24 * H)),
        ("00:00-24:00", (0 * H, 24 * H)),
        ("10:00-09:59", (10 * H, 34 * H - M)),
    ],
)
def test_hours(text, interval):
    assert parse_interval(text) == Interval(*interval)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9-5", "not hours"),
        ("9am-5pm", "not hours"),
        ("09:00", "not hours"),
        ("09:00-12:00-13:00", "not hours"),
        ("09:60-10:00", "no clock shows"),
        ("24:00-25:00", "no clock shows"),
        ("24:00-02:00", "no clock shows"),
        ("12:00-24:01", "no clock shows"),
        ("10:00-10:00", "ends when it starts"),
        (540, "quotes missing"),
        (["09:00-12:00"], "quotes missing"),
        ("1" * 100_000 + ":00-12:00", "not hours"),
    ],
)
def test_odd_hours_are_refused_in_words(text, words):
    with pytest.raises(CalendarError, match=words) as caught:
        parse_interval(text)
    assert len(str(caught.value)) < 250


def test_time_zones_have_near_matches():
    assert parse_timezone("Asia/Seoul") is SEOUL
    for wrong, near in (("Asia/Soul", "Asia/Seoul"), ("new york", "America/New_York"), ("London", "Europe/London")):
        with pytest.raises(ValueError, match=near):
            parse_timezone(wrong)
    for wrong in ("", "../../etc/passwd", "Mars/Olympus", None, 9, "x" * 100_000):
        with pytest.raises(ValueError, match="is not a time zone"):
            parse_timezone(wrong)


def test_days_are_written_alone_in_ranges_and_in_lists():
    calendar = read_calendar("team", {"sun-tue": "09:00-10:00", "wed, fri": ["11:00-12:00"], "thu": []}, SEOUL)
    morning, noon = (Interval(9 * H, 10 * H),), (Interval(11 * H, 12 * H),)
    assert calendar.week == (morning, morning, noon, (), noon, (), morning)


def test_a_range_of_dates_may_be_closed_at_once():
    calendar = read_calendar(
        "team",
        {"mon-sun": "09:00-10:00", "except": {"2026-12-30 to 2027-01-02": [], date(2027, 1, 3): "12:00-13:00"}},
        SEOUL,
    )
    assert sorted(calendar.exceptions) == [date(2026, 12, 30) + timedelta(days=step) for step in range(5)]
    assert calendar.intervals(date(2027, 1, 2)) == ()
    assert calendar.intervals(date(2027, 1, 3)) == (Interval(12 * H, 13 * H),)


def test_a_crew_may_live_in_another_zone():
    crew = read_calendar("weekend", {"sat-sun": "09:00-17:00", "timezone": "Europe/London"}, SEOUL)
    assert crew.timezone.key == "Europe/London"


def test_all_mistakes_come_at_once_each_with_its_place():
    data = {
        "monday": ["9-5"],
        "tue": ["25:00-26:00", "10:00-10:00"],
        "wed-fri": ["09:00-12:00", "11:00-13:00"],
        "fri": "22:00-02:00",
        "sat": None,
        "holidays": "Korea",
        "hollidays": "KR",
        "timezone": "Asia/Soul",
        "except": {"2026-02-30": [], date(2026, 1, 1): None, "2026-05-01": ["noon"], datetime(2026, 5, 2): []},  # noqa: DTZ001
        7: ["09:00-12:00"],
    }
    with pytest.raises(CalendarError) as caught:
        read_calendar("team", data, SEOUL)
    found = dict(caught.value.problems)
    assert set(found) == {
        ("monday",),
        ("monday", 0),
        ("tue", 0),
        ("tue", 1),
        ("wed-fri",),
        ("fri",),
        ("sat",),
        ("holidays",),
        ("hollidays",),
        ("timezone",),
        ("except", "2026-02-30"),
        ("except", date(2026, 1, 1)),
        ("except", "2026-05-01", 0),
        ("except", datetime(2026, 5, 2)),  # noqa: DTZ001
        (7,),
    }
    assert "did you mean mon?" in found["monday",]
    assert "overlap" in found["wed-fri",]
    assert "named twice" in found["fri",]
    assert "write [] for closed" in found["sat",]
    assert "KR (South Korea)" in found["holidays",]
    assert "did you mean holidays?" in found["hollidays",]
    assert "tue.0: '25:00-26:00' names a time" in str(caught.value)


@pytest.mark.parametrize(
    ("holidays", "path", "words"),
    [
        (False, ("holidays",), "Norway"),
        (["KR"], ("holidays",), "two-letter code"),
        ("kr", ("holidays",), "such as KR"),
        ("X" * 100_000, ("holidays",), "two-letter code"),
        ({"country": "US", "region": "ZZ"}, ("holidays", "region"), "no region 'ZZ'"),
        ({"country": "US", "region": 6}, ("holidays", "region"), "in quotes"),
        ({"country": "AQ", "region": "X"}, ("holidays", "region"), "leave the region out"),
        ({"region": "CA"}, ("holidays", "country"), "not a country"),
        ({"country": "US", "state": "CA"}, ("holidays", "state"), "unknown here"),
        ({"country": "Germny"}, ("holidays", "country"), r"DE \(Germany\)"),
    ],
)
def test_odd_holidays_are_refused_in_words(holidays, path, words):
    with pytest.raises(CalendarError, match=words) as caught:
        read_calendar("team", {"mon": "09:00-10:00", "holidays": holidays}, SEOUL)
    assert caught.value.problems[0][0] == path
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("data", [None, [], "allways", 24, True])
def test_what_is_no_mapping_is_refused_in_words(data):
    with pytest.raises(CalendarError, match="is no calendar; write days and hours"):
        read_calendar("team", data, SEOUL)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (["2026-12-24"], "no list of dates"),
        ({"24.12.2026": []}, "is no date"),
        ({"2026-12-24 to 2026-12-20": []}, "ends before it begins"),
        ({"2026-01-01 to 2028-01-01": []}, "longer than a year"),
        ({"1926-12-24": []}, "out of reach"),
        ({"2026-12-24": [], date(2026, 12, 24): []}, "named twice"),
        ({20261224: []}, "is no date"),
    ],
)
def test_odd_exceptions_are_refused_in_words(dates, words):
    with pytest.raises(CalendarError, match=words):
        read_calendar("team", {"mon": "09:00-10:00", "except": dates}, SEOUL)


def test_stages_come_in_their_natural_order():
    texts = ["1h after", "due", "10m before", "new", "75%", "50%", "1h before", "15m after"]
    ordered = ["new", "50%", "75%", "1h before", "10m before", "due", "15m after", "1h after"]
    assert [spec.name for spec in parse_stages(texts)] == ordered


def test_a_stage_has_one_name_however_it_is_written():
    for written, name in (("60m before", "1h before"), (" 90S  After", "1m30s after"), ("50.50 %", "50.5%")):
        assert StageSpec.parse(written).name == name
        assert StageSpec.parse(name) == StageSpec.parse(written)


def test_kinds_of_stages():
    kinds = {"new": "new", "5%": "soon", "1m before": "soon", "due": "overdue", "1m after": "overdue"}
    assert {name: StageSpec.parse(name).kind for name in kinds} == kinds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("15 min late", "did you mean 10m after?"),
        ("dew", "is no stage"),
        ("0%", "between 0% and 100%"),
        ("100%", "between 0% and 100%"),
        ("10 minutes before", "did you mean 10m?"),
        ("0m after", "no time at all"),
        ("window", "is no stage"),
        ({"at": "due"}, "is no stage"),
        (None, "is no stage"),
        ("1h " * 50_000 + "before", "is no stage"),
        ("m" * 55 + " x", "is no stage"),
    ],
)
def test_odd_stages_are_refused_in_words(text, words):
    with pytest.raises(StageError, match=words.replace("?", r"\?")) as caught:
        StageSpec.parse(text)
    assert len(str(caught.value)) < 250


def test_all_mistakes_in_a_list_of_stages_come_at_once():
    with pytest.raises(StageError) as caught:
        parse_stages(["new", "later", "60m after", "1h after", "110%"])
    assert [path for path, _ in caught.value.problems] == [(1,), (3,), (4,)]
    assert "1h after stands twice" in str(caught.value)
    with pytest.raises(StageError, match="nobody would be told"):
        parse_stages([])


@settings(deadline=None)
@given(st.text(max_size=80) | st.integers() | st.none() | st.lists(st.text(max_size=5), max_size=3))
def test_nothing_written_breaks_the_readers(text):
    for read, error in ((parse_duration, ValueError), (parse_interval, CalendarError), (StageSpec.parse, StageError)):
        try:
            read(text)
        except error:
            continue


KEYS = st.sampled_from(["mon", "mon-fri", "holidays", "except", "timezone", "country", "region"]) | st.dates()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.sampled_from(["KR", "09:00-12:00", "x"]) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(PLAIN | st.dictionaries(KEYS, PLAIN, max_size=5))
def test_any_plain_data_gives_a_calendar_or_words(data):
    try:
        calendar = read_calendar("team", data, SEOUL)
    except CalendarError as e:
        assert e.problems
        assert all(words for _, words in e.problems)
    else:
        assert any(calendar.week)
