"""Team hours at the odd moments: breaks, nights, holidays, changes of clocks, dates that never were."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.deadlines import Calendar, CalendarError, Clock, Interval, due_at, public_holidays, read_calendar

SEOUL = ZoneInfo("Asia/Seoul")
LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")

H = timedelta(hours=1)
M = timedelta(minutes=1)


def team(data, zone=SEOUL):
    return read_calendar("team", data, zone)


def at(text, zone=SEOUL, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


OFFICE = team({"mon-fri": ["09:00-12:00", "13:00-18:00"]})


@pytest.mark.parametrize(
    ("opened", "within", "due"),
    [
        ("2026-11-23 10:00", H, "2026-11-23 11:00"),
        ("2026-11-23 11:30", H, "2026-11-23 13:30"),  # over lunch
        ("2026-11-23 11:00", H, "2026-11-23 12:00"),  # with the last minute before lunch, not after it
        ("2026-11-23 17:30", H, "2026-11-24 09:30"),  # overnight
        ("2026-11-23 17:00", H, "2026-11-23 18:00"),
        ("2026-11-27 17:59:59", H, "2026-11-30 09:59:59"),  # over a weekend, to the second
        ("2026-11-28 03:00", H, "2026-11-30 10:00"),  # from a Saturday night
        ("2026-11-23 12:00", M, "2026-11-23 13:01"),  # noon is closed
        ("2026-11-23 18:00", M, "2026-11-24 09:01"),
        ("2026-11-23 09:00", 16 * H, "2026-11-24 18:00"),
        ("2026-11-23 09:00", 200 * H, "2026-12-25 18:00"),
    ],
)
def test_only_team_hours_count(opened, within, due):
    assert due_at(at(opened), within, OFFICE) == at(due)


def test_nothing_added_is_the_moment_itself_open_or_closed():
    for moment in (at("2026-11-23 10:00"), at("2026-11-23 12:30"), at("2026-11-28 03:00")):
        assert OFFICE.add(moment, timedelta()) == moment
        assert OFFICE.subtract(moment, timedelta()) == moment


def test_going_back_stops_at_the_last_moment_with_that_much_ahead():
    assert OFFICE.subtract(at("2026-11-23 13:05"), 10 * M) == at("2026-11-23 11:55")
    assert OFFICE.subtract(at("2026-11-23 13:10"), 10 * M) == at("2026-11-23 13:00")  # not noon
    assert OFFICE.subtract(at("2026-11-23 12:40"), 10 * M) == at("2026-11-23 11:50")
    assert OFFICE.subtract(at("2026-11-23 09:05"), 10 * M) == at("2026-11-20 17:55")
    assert OFFICE.subtract(at("2026-11-23 09:00"), -H) == OFFICE.add(at("2026-11-23 09:00"), H)
    assert OFFICE.add(at("2026-11-23 10:00"), -H) == at("2026-11-23 09:00")


def test_going_back_may_end_where_four_weeks_of_computing_begin():
    assert OFFICE.subtract(at("2026-11-02 10:00"), H) == at("2026-11-02 09:00")  # a block starts on 31 October


def test_open_time_between_two_moments_is_signed():
    assert OFFICE.between(at("2026-11-20 17:00"), at("2026-11-23 14:00")) == 5 * H
    assert OFFICE.between(at("2026-11-23 14:00"), at("2026-11-20 17:00")) == -5 * H
    assert OFFICE.between(at("2026-11-21 14:00"), at("2026-11-22 17:00")) == timedelta()
    assert OFFICE.between(at("2026-01-01 00:00"), at("2027-01-01 00:00")) == 261 * 8 * H


def test_an_interval_is_open_at_its_start_and_closed_at_its_end():
    assert OFFICE.is_open(at("2026-11-23 09:00"))
    assert not OFFICE.is_open(at("2026-11-23 08:59:59.999999"))
    assert OFFICE.is_open(at("2026-11-23 11:59:59.999999"))
    assert not OFFICE.is_open(at("2026-11-23 12:00"))


def test_openings_and_closings():
    assert OFFICE.next_opening(at("2026-11-23 10:00")) == at("2026-11-23 10:00")
    assert OFFICE.next_opening(at("2026-11-23 12:00")) == at("2026-11-23 13:00")
    assert OFFICE.next_opening(at("2026-11-27 18:00")) == at("2026-11-30 09:00")
    assert OFFICE.closing(at("2026-11-23 09:00")) == at("2026-11-23 12:00")
    assert OFFICE.closing(at("2026-11-23 12:00")) == at("2026-11-23 18:00")
    assert OFFICE.next_day_opening(at("2026-11-23 08:00")) == at("2026-11-24 09:00")
    assert OFFICE.next_day_opening(at("2026-11-27 08:00")) == at("2026-11-30 09:00")


def test_a_calendar_that_is_always_open_never_closes_at_midnight():
    always = Calendar.always(NEW_YORK)
    moment = at("2026-10-31 23:59:30", NEW_YORK)
    assert always.add(moment, 400 * H) == moment.astimezone(UTC) + 400 * H
    assert always.subtract(moment, 400 * H) == moment.astimezone(UTC) - 400 * H
    assert always.between(moment, moment.astimezone(UTC) + 999 * H) == 999 * H
    assert always.closing(moment) is None
    assert always.next_opening(moment) == moment
    assert always.next_day_opening(moment) == at("2026-11-01 00:00", NEW_YORK)
    assert team("always", NEW_YORK).closing(moment) is None
    assert team({"mon-sun": "00:00-24:00"}, NEW_YORK).closing(moment) is None


def test_a_long_open_stretch_still_closes():
    weeklong = team({"mon-sat": "00:00-24:00"})
    assert weeklong.closing(at("2026-11-25 10:00")) == at("2026-11-29 00:00")


NIGHTS = team({"fri": "22:00-02:00", "sat": "09:00-10:00"})


def test_hours_past_midnight_belong_to_the_evening_they_start_on():
    assert NIGHTS.is_open(at("2026-11-28 01:59"))
    assert not NIGHTS.is_open(at("2026-11-28 02:00"))
    assert not NIGHTS.is_open(at("2026-11-27 01:00"))
    assert NIGHTS.closing(at("2026-11-27 23:00")) == at("2026-11-28 02:00")
    assert due_at(at("2026-11-27 23:30"), 3 * H, NIGHTS) == at("2026-11-28 09:30")


def test_an_exception_removes_what_starts_on_its_date_and_not_the_tail_before_it():
    closed_saturday = team({"fri": "22:00-02:00", "sat": "09:00-10:00", "except": {date(2026, 11, 28): []}})
    assert closed_saturday.is_open(at("2026-11-28 01:00"))
    assert not closed_saturday.is_open(at("2026-11-28 09:30"))
    closed_friday = team({"fri": "22:00-02:00", "sat": "09:00-10:00", "except": {date(2026, 11, 27): []}})
    assert not closed_friday.is_open(at("2026-11-28 01:00"))
    assert closed_friday.is_open(at("2026-11-28 09:30"))


def test_an_evening_may_run_into_the_next_mornings_hours():
    overlapping = team({"mon": "20:00-10:00", "tue": "09:00-12:00"})
    assert overlapping.closing(at("2026-11-23 21:00")) == at("2026-11-24 12:00")
    assert overlapping.between(at("2026-11-23 00:00"), at("2026-11-25 00:00")) == 16 * H


def test_touching_hours_are_one_stretch():
    joined = team({"mon-fri": ["13:00-18:00", "09:00-13:00"]})
    assert joined.closing(at("2026-11-23 09:00")) == at("2026-11-23 18:00")
    assert joined.week[0] == (Interval(9 * H, 18 * H),)


# Holidays and exceptions


def test_korean_holidays_with_their_substitute_days_are_closed():
    korea = team({"mon-sun": "09:00-18:00", "holidays": "KR"})
    for day in ("2025-01-27", "2026-05-01", "2026-05-25", "2026-06-03", "2026-07-17", "2026-08-17", "2026-10-05"):
        assert not korea.is_open(at(f"{day} 10:00")), day
        assert OFFICE.is_open(at(f"{day} 10:00")), day
    assert korea.is_holiday(date(2026, 9, 25))
    assert due_at(at("2026-09-23 17:30"), H, korea) == at("2026-09-27 09:30")  # over Chuseok


def test_an_exception_beats_a_holiday_and_the_week():
    data = {"mon-fri": "09:00-18:00", "holidays": "KR"}
    open_christmas = team({**data, "except": {date(2026, 12, 25): ["10:00-12:00"], date(2026, 12, 24): []}})
    assert open_christmas.is_open(at("2026-12-25 11:00"))
    assert not open_christmas.is_open(at("2026-12-25 13:00"))
    assert not open_christmas.is_open(at("2026-12-24 11:00"))
    assert open_christmas.is_holiday(date(2026, 12, 25))


def test_a_holiday_leaves_the_tail_of_the_evening_before():
    nights = team({"mon-sun": "22:00-02:00", "holidays": "KR"})
    assert nights.is_open(at("2026-12-25 01:00"))  # began on Christmas Eve
    assert not nights.is_open(at("2026-12-25 23:00"))
    assert not nights.is_open(at("2026-12-26 01:00"))


def test_regions_have_holidays_of_their_own():
    rest = team({"mon-fri": "09:00-17:00", "holidays": "US"}, NEW_YORK)
    california = team({"mon-fri": "09:00-17:00", "holidays": {"country": "US", "region": "CA"}}, NEW_YORK)
    chavez_day = at("2026-03-31 10:00", NEW_YORK)
    assert rest.is_open(chavez_day)
    assert not california.is_open(chavez_day)


def test_a_substitute_day_across_new_year_is_known_from_either_side():
    assert date(2021, 12, 31) in public_holidays("US", None, 2021)  # for 1 January 2022, a Saturday
    assert all(day.year == 2021 for day in public_holidays("US", None, 2021))


def test_a_country_that_knows_no_such_year_has_no_holidays_then():
    assert public_holidays("KR", None, 2150) == frozenset()


# Changes of clocks


def test_a_night_shift_loses_the_hour_that_clocks_skip_and_keeps_the_one_they_repeat():
    nights = team({"mon-sun": "22:00-06:00"}, NEW_YORK)
    spring, autumn = at("2026-03-07 22:00", NEW_YORK), at("2026-10-31 22:00", NEW_YORK)
    assert nights.between(spring, nights.closing(spring)) == 7 * H
    assert nights.between(autumn, nights.closing(autumn)) == 9 * H
    assert nights.add(autumn, 3 * H) == datetime(2026, 11, 1, 5, tzinfo=UTC)  # 01:00 for the first time
    assert nights.add(autumn, 4 * H) == datetime(2026, 11, 1, 6, tzinfo=UTC)  # 01:00 for the second time


def test_an_interval_inside_the_repeated_hour_opens_twice():
    short = team({"mon-sun": "01:00-01:30"}, LONDON)
    assert short.closing(datetime(2026, 10, 25, 0, 0, tzinfo=UTC)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert short.next_opening(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert short.between(at("2026-10-25 00:00", LONDON), at("2026-10-25 12:00", LONDON)) == H


def test_an_interval_inside_the_skipped_hour_does_not_open():
    short = team({"mon-sun": "01:00-01:30"}, LONDON)
    assert short.between(at("2026-03-29 00:00", LONDON), at("2026-03-29 12:00", LONDON)) == timedelta()
    assert short.next_opening(at("2026-03-28 12:00", LONDON)) == at("2026-03-30 01:00", LONDON)


def test_lord_howe_changes_by_half_an_hour():
    zone = ZoneInfo("Australia/Lord_Howe")
    nights = team({"mon-sun": "00:00-04:00"}, zone)
    assert nights.between(at("2026-04-05 00:00", zone), at("2026-04-05 12:00", zone)) == 4 * H + 30 * M
    assert nights.between(at("2026-10-04 00:00", zone), at("2026-10-04 12:00", zone)) == 3 * H + 30 * M


def test_samoa_had_no_30_december_2011():
    zone = ZoneInfo("Pacific/Apia")
    nights = team({"thu": "22:00-02:00", "fri": "20:00-06:00", "sat": "09:00-12:00", "mon": "09:00-10:00"}, zone)
    thursday = at("2011-12-29 22:00", zone)
    assert nights.closing(thursday) == thursday.astimezone(UTC) + 4 * H == at("2011-12-31 02:00", zone)
    assert nights.next_opening(at("2011-12-31 02:00", zone)) == at("2011-12-31 09:00", zone)  # no Friday evening
    assert nights.next_day_opening(at("2011-12-29 12:00", zone)) == at("2011-12-31 09:00", zone)


def test_st_johns_went_back_at_one_minute_past_midnight():
    zone = ZoneInfo("America/St_Johns")  # 7 November 2010, 00:01: it is 23:01 of the 5th again
    late = team({"sat": "23:00-24:00"}, zone)
    saturday = at("2010-11-06 12:00", zone)
    assert late.between(saturday, at("2010-11-07 12:00", zone)) == H + 59 * M
    assert late.closing(saturday) == datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    assert late.next_opening(datetime(2010, 11, 7, 2, 30, tzinfo=UTC)) == datetime(2010, 11, 7, 2, 31, tzinfo=UTC)


def test_tomorrow_begins_at_one_where_clocks_skip_midnight():
    zone = ZoneInfo("America/Sao_Paulo")  # 4 November 2018, 00:00: it is 01:00
    always = Calendar.always(zone)
    assert always.next_day_opening(at("2018-11-03 12:00", zone)) == at("2018-11-04 01:00", zone)


def test_hours_that_start_inside_the_skipped_hour_start_with_its_end():
    early = team({"mon-sun": "02:30-05:00"}, NEW_YORK)
    assert early.next_day_opening(at("2026-03-07 12:00", NEW_YORK)) == at("2026-03-08 03:00", NEW_YORK)


def test_a_zone_may_change_its_offset_for_good():
    zone = ZoneInfo("Asia/Pyongyang")  # 5 May 2018: half an hour forward at 23:30 of the 4th
    late = team({"mon-sun": "23:00-24:00"}, zone)
    assert late.between(at("2018-05-04 12:00", zone), at("2018-05-05 12:00", zone)) == 30 * M


# Pauses


def test_pauses_do_not_count_however_they_are_written():
    opened = at("2026-11-23 10:00")
    pauses = [
        (at("2026-11-23 10:20"), at("2026-11-23 10:40")),
        (at("2026-11-23 08:00"), at("2026-11-23 10:05")),  # before it was opened
        (at("2026-11-23 10:30"), at("2026-11-23 10:50")),  # overlaps
        (at("2026-11-23 11:10"), at("2026-11-23 11:10")),  # nothing
        (at("2026-11-23 12:00"), at("2026-11-23 13:00")),  # at lunch
    ]
    assert due_at(opened, H, OFFICE, pauses) == at("2026-11-23 11:35")
    assert due_at(opened, 2 * H, OFFICE, pauses) == at("2026-11-23 13:35")
    clock = Clock(OFFICE, tuple(pauses))
    assert clock.between(opened, at("2026-11-23 13:35")) == 2 * H
    assert clock.between(at("2026-11-23 13:35"), opened) == -2 * H
    assert clock.subtract(at("2026-11-23 13:35"), 110 * M) == at("2026-11-23 10:15")
    assert clock.subtract(at("2026-11-23 10:30"), 0 * M) == at("2026-11-23 10:30")


def test_nothing_is_due_while_a_pause_has_no_end():
    waiting = [(at("2026-11-23 10:30"), None)]
    assert due_at(at("2026-11-23 10:00"), H, OFFICE, waiting) is None
    assert due_at(at("2026-11-23 10:00"), 30 * M, OFFICE, waiting) == at("2026-11-23 10:30")
    assert due_at(at("2026-11-23 09:00"), H, OFFICE, waiting) == at("2026-11-23 10:00")
    assert (
        due_at(at("2026-11-23 11:00"), M, OFFICE, [*waiting, (at("2026-11-23 10:45"), at("2026-11-23 10:50"))]) is None
    )


def test_a_pause_cannot_end_before_it_begins():
    with pytest.raises(ValueError, match="ends before it begins"):
        Clock(OFFICE, ((at("2026-11-23 10:30"), at("2026-11-23 10:29")),))


def test_a_clock_goes_one_way_at_a_time():
    clock = Clock(OFFICE)
    with pytest.raises(ValueError, match="negative"):
        clock.add(at("2026-11-23 10:30"), -M)
    with pytest.raises(ValueError, match="negative"):
        clock.subtract(at("2026-11-23 10:30"), -M)


# What cannot be


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        OFFICE.is_open(datetime(2026, 11, 23, 10))  # noqa: DTZ001


def test_moments_come_out_in_utc():
    assert OFFICE.add(at("2026-11-23 10:00"), H).tzinfo is UTC
    assert OFFICE.next_opening(at("2026-11-23 10:00")).tzinfo is UTC


def test_a_week_without_hours_is_refused_even_with_extra_days():
    with pytest.raises(CalendarError, match="nothing would ever be due"):
        Calendar("empty", SEOUL, ((),) * 7)
    with pytest.raises(CalendarError, match="nothing would ever be due"):
        team({"except": {date(2026, 12, 24): ["09:00-12:00"]}})
    with pytest.raises(CalendarError, match="seven days"):
        Calendar("short", SEOUL, ((Interval(H, 2 * H),),))


def test_closures_of_more_than_a_year_are_refused():
    most_of_it = {"2026-01-01 to 2026-12-31": [], "2027-01-02 to 2027-12-31": []}
    team({"mon-sun": "09:00-18:00", "except": most_of_it})
    with pytest.raises(CalendarError, match="more than a year") as caught:
        team({"mon-sun": "09:00-18:00", "except": {**most_of_it, date(2027, 1, 1): []}})
    assert caught.value.problems[0][0] == ("except", "2026-01-01 to 2026-12-31")


def test_impossible_intervals_are_refused():
    for start, end in ((-M, H), (24 * H, 25 * H), (H, H), (2 * H, H), (H, 49 * H)):
        with pytest.raises(CalendarError):
            Interval(start, end)
    assert str(Interval(22 * H, 26 * H)) == "22:00-02:00"
    assert str(Interval(0 * H, 24 * H)) == "00:00-24:00"


def test_an_unknown_country_or_region_is_refused_by_the_calendar_itself():
    for country, region in (("XX", None), ("US", "ZZ"), (None, "CA")):
        with pytest.raises(CalendarError):
            Calendar("team", SEOUL, OFFICE.week, country, region)


def test_calendars_compare_and_hash_by_what_they_say():
    twin = team({"mon-fri": ["09:00-12:00", "13:00-18:00"]})
    OFFICE.is_open(at("2026-11-23 10:00"))  # what was computed is no part of it
    assert twin == OFFICE
    assert hash(twin) == hash(OFFICE)
    assert twin != team({"mon-fri": ["09:00-12:00", "13:00-17:00"]})


def test_odd_dates_do_not_fill_the_memory():
    calendar = team({"mon": "09:00-18:00"})
    for year in range(1990, 2110):
        for month in range(1, 13):
            calendar.is_open(datetime(year, month, 15, tzinfo=UTC))
    assert len(calendar._blocks) <= 520


def test_beyond_the_last_year_is_an_overflow_and_no_endless_search():
    with pytest.raises(OverflowError):
        OFFICE.add(datetime(9999, 12, 30, tzinfo=UTC), 100 * H)
    with pytest.raises(OverflowError):
        OFFICE.subtract(datetime(1, 1, 3, tzinfo=UTC), 100 * H)
