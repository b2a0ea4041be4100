"""Who hears what by when: one deadline through its day, on one clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.deadlines import (
    GRACE,
    WINDOW,
    Calendar,
    Elapsed,
    Facts,
    Plan,
    StageSpec,
    answer_by,
    due_at,
    elapsed,
    moments,
    next_wake,
    parse_stages,
    read_calendar,
    stage,
    state,
)

SEOUL = ZoneInfo("Asia/Seoul")
H = timedelta(hours=1)
M = timedelta(minutes=1)
S = timedelta(seconds=1)
TEAM = read_calendar("team", {"mon-fri": ["09:00-12:00", "13:00-18:00"]}, SEOUL)
STAGES = parse_stages(["new", "50%", "10m before", "due", "15m after", "1h after"])
PLAN = Plan(TEAM, STAGES)
CRISIS = Plan(Calendar.always(SEOUL), parse_stages(["new", "due", "5m after"]), rings_always=True)


def at(text, zone=SEOUL):
    """A time on Monday, 23 November 2026, or with its own date."""
    return datetime.fromisoformat(text if "-" in text else f"2026-11-23 {text}").replace(tzinfo=zone)


def opened(text, within=H, plan=PLAN, **facts):
    return Facts(at(text), due_at(at(text), within, plan.calendar, facts.get("pauses", ())), **facts)


def hear(facts, plan, until, begin=None):
    """What people hear when alerts sleep until each wake: (local time, name, skipped, waited)."""
    heard = []
    now = begin or facts.opened_at
    while (wake := next_wake(facts, plan, now)) is not None and wake < until:
        now = wake
        told = stage(facts, plan, now)
        assert told is not None, f"woken for nothing at {now}"
        local = now.astimezone(SEOUL)
        heard.append((f"{local:%a %H:%M}", told.name, told.skipped, told.waited))
        facts = replace(facts, told=facts.told | {told.name})
    return heard


def names(heard):
    return [(when, name) for when, name, _, _ in heard]


LATER = at("2026-12-31 00:00")


def test_a_mention_through_its_hour():
    assert hear(opened("10:00"), PLAN, LATER) == [
        ("Mon 10:00", "new", (), False),
        ("Mon 10:30", "50%", (), False),
        ("Mon 10:50", "10m before", (), False),
        ("Mon 11:00", "due", (), False),
        ("Mon 11:15", "15m after", (), False),
        ("Mon 13:00", "1h after", (), True),  # noon is the first moment an hour has passed; then comes lunch
    ]


def test_warnings_count_team_hours_too():
    facts = opened("2026-11-27 17:30")  # Friday
    assert facts.due_at == at("2026-11-30 09:30")
    assert hear(facts, PLAN, LATER) == [
        ("Fri 17:30", "new", (), False),
        ("Mon 09:00", "50%", (), True),  # at closing, so it waited
        ("Mon 09:20", "10m before", (), False),
        ("Mon 09:30", "due", (), False),
        ("Mon 09:45", "15m after", (), False),
        ("Mon 10:30", "1h after", (), False),
    ]


def test_what_arrives_at_night_waits_for_the_opening():
    facts = opened("22:00")
    assert stage(facts, PLAN, at("22:00")) is None
    assert stage(facts, PLAN, at("23:30")) is None
    assert next_wake(facts, PLAN, at("22:00")) == at("2026-11-24 09:00")
    assert hear(facts, PLAN, LATER)[:2] == [("Tue 09:00", "new", (), True), ("Tue 09:30", "50%", (), False)]


def test_a_crisis_rings_at_night():
    assert hear(opened("22:00", 15 * M, CRISIS), CRISIS, LATER) == [
        ("Mon 22:00", "new", (), False),
        ("Mon 22:15", "due", (), False),
        ("Mon 22:20", "5m after", (), False),
    ]


def test_a_plan_may_count_team_hours_and_ring_always():
    loud = replace(PLAN, rings_always=True)
    heard = hear(opened("17:30"), loud, LATER)
    assert heard[1] == ("Mon 18:00", "50%", (), False)


def test_after_an_outage_only_the_worst_news_is_told():
    facts = opened("10:00")
    told = stage(facts, PLAN, at("11:20"))
    assert (told.name, told.at, told.kind) == ("15m after", at("11:15"), "overdue")
    assert told.skipped == ("new", "50%", "10m before", "due")
    for skipped_are_noted in (True, False):
        after = replace(facts, told=frozenset({told.name, *(told.skipped if skipped_are_noted else ())}))
        assert stage(after, PLAN, at("11:20")) is None
        assert next_wake(after, PLAN, at("11:20")) == at("13:00")


def test_an_overdue_stage_supersedes_a_warning_that_was_never_told():
    facts = opened("10:00", told=frozenset({"new", "due"}))
    assert stage(facts, PLAN, at("11:10")) is None
    assert names(hear(facts, PLAN, LATER, at("11:10"))) == [("Mon 11:15", "15m after"), ("Mon 13:00", "1h after")]


def test_nothing_is_told_once_it_is_answered_or_closed():
    for end in ({"replied_at": at("10:20")}, {"closed_at": at("10:20")}, {"replied_at": at("23:00")}):
        facts = opened("10:00", **end)
        assert stage(facts, PLAN, at("11:30")) is None
        assert next_wake(facts, PLAN, at("10:00")) is None


def test_a_claim_holds_back_warnings_and_its_end_brings_the_worst():
    facts = opened("10:00", told=frozenset({"new"}), claimed_until=at("10:55"))
    assert stage(facts, PLAN, at("10:52")) is None
    assert next_wake(facts, PLAN, at("10:25")) == at("10:55")
    told = stage(facts, PLAN, at("10:55"))
    assert (told.name, told.skipped, told.waited) == ("10m before", ("50%",), False)


def test_a_claim_does_not_hide_that_there_is_a_mention():
    facts = opened("10:00", claimed_until=at("12:00"))
    assert stage(facts, PLAN, at("10:00")).name == "new"
    assert stage(facts, PLAN, at("11:30")).name == "new"  # even though it is overdue by now


def test_a_snooze_silences_all_until_it_ends():
    facts = opened("10:00", snoozed_until=at("10:40"))
    assert next_wake(facts, PLAN, at("10:00")) == at("10:40")
    assert stage(facts, PLAN, at("10:39:59")) is None
    told = stage(facts, PLAN, at("10:40"))
    assert (told.name, told.skipped) == ("50%", ("new",))


def test_a_claim_that_ends_at_night_waits_for_the_opening():
    facts = opened("17:00", told=frozenset({"new"}), claimed_until=at("20:00"))
    assert names(hear(facts, PLAN, LATER))[0] == ("Tue 09:00", "due")


def test_a_sweep_that_is_a_little_late_still_tells_what_fell_in_hours():
    facts = opened("17:09:50", told=frozenset({"new", "50%"}))
    warned_at = at("17:59:50")
    assert next_wake(facts, PLAN, at("17:30")) == warned_at
    told = stage(facts, PLAN, warned_at + GRACE)
    assert (told.name, told.waited) == ("10m before", False)
    assert stage(facts, PLAN, warned_at + GRACE + S) is None
    assert next_wake(facts, PLAN, warned_at + GRACE + S) == at("2026-11-24 09:00")
    assert stage(facts, PLAN, at("2026-11-24 09:00")).waited


def test_a_late_sweep_does_not_tell_what_fell_due_at_closing():
    facts = opened("17:00")  # due at 18:00, which is closed
    told = stage(facts, PLAN, at("18:00:30"))
    assert told is None
    facts = opened("17:04")  # 10m before is at 17:54, due tomorrow
    assert stage(facts, PLAN, at("18:00:30")) is None
    facts = opened("16:59")  # due at 17:59
    assert stage(facts, PLAN, at("18:00:30")).name == "due"


def test_waiting_over_lunch_is_waiting_too():
    facts = opened("11:50", 30 * M, told=frozenset({"new"}))
    told = stage(facts, PLAN, at("13:05"))
    assert (told.name, told.at, told.waited) == ("50%", at("13:05"), False)
    told = stage(opened("11:30", 40 * M, told=frozenset({"new"})), PLAN, at("13:01"))
    assert (told.name, told.at, told.waited) == ("10m before", at("13:00"), False)
    facts = opened("11:00", 55 * M, told=frozenset({"new", "50%", "10m before"}))
    assert stage(facts, PLAN, at("13:02")).waited  # nobody swept between 11:55 and noon


# Stages and their moments


def test_a_stage_before_the_beginning_is_moved_to_it():
    facts = opened("10:00", 5 * M)
    assert StageSpec.parse("10m before").at(facts.opened_at, facts.due_at, TEAM) == at("10:00")
    told = stage(facts, PLAN, at("10:00"))
    assert (told.name, told.skipped) == ("10m before", ("new",))


def test_which_warning_comes_first_depends_on_the_length():
    facts = opened("10:00", 15 * M)
    assert [spec.name for spec, _ in moments(facts, PLAN)][:3] == ["new", "10m before", "50%"]
    facts = opened("10:00")
    assert [spec.name for spec, _ in moments(facts, PLAN)][:3] == ["new", "50%", "10m before"]


def test_percents_and_offsets_leave_pauses_out():
    pause = (at("10:10"), at("10:40"))
    facts = opened("10:00", pauses=(pause,))
    assert facts.due_at == at("11:30")
    assert {spec.name: when for spec, when in moments(facts, PLAN)} == {
        "new": at("10:00"),
        "50%": at("11:00"),
        "10m before": at("11:20"),
        "due": at("11:30"),
        "15m after": at("11:45"),
        "1h after": at("13:30"),
    }
    later = (at("11:25"), at("11:28"))
    assert StageSpec.parse("10m before").at(at("10:00"), at("11:33"), TEAM, (pause, later)) == at("11:20")


def test_while_the_clock_stands_only_the_news_is_told():
    facts = opened("10:00", pauses=((at("10:20"), None),))
    assert facts.due_at is None
    assert [(spec.name, when) for spec, when in moments(facts, PLAN)] == [("new", at("10:00"))]
    assert names(hear(facts, PLAN, LATER)) == [("Mon 10:00", "new")]
    told = replace(facts, told=frozenset({"new", "50%"}))
    assert next_wake(told, PLAN, at("10:20")) is None


def test_an_open_ended_pause_after_the_due_moment_stops_the_escalation():
    facts = opened("10:00", pauses=((at("11:05"), None),))
    assert facts.due_at == at("11:00")
    assert StageSpec.parse("15m after").at(at("10:00"), at("11:00"), TEAM, facts.pauses) is None
    assert names(hear(facts, PLAN, LATER))[-1] == ("Mon 11:00", "due")


def test_a_told_stage_is_not_told_again_when_the_deadline_moves():
    facts = opened("10:00", told=frozenset({"new", "50%", "10m before"}))
    moved = replace(facts, due_at=at("15:00"))
    assert names(hear(moved, PLAN, LATER, at("10:55")))[0] == ("Mon 15:00", "due")


def test_stages_told_under_older_rules_still_supersede():
    facts = opened("10:00", told=frozenset({"new", "10m before", "a name from elsewhere"}))
    renamed = Plan(TEAM, parse_stages(["new", "15m before", "5m before", "due"]))
    assert names(hear(facts, renamed, LATER, at("10:52"))) == [("Mon 10:55", "5m before"), ("Mon 11:00", "due")]


def test_a_promise_outside_team_hours_is_warned_of_in_its_own_clock():
    facts = Facts(at("16:00"), at("20:00"))
    assert {spec.name: when for spec, when in moments(facts, PLAN)}["10m before"] == at("17:50")


def test_a_due_moment_before_the_beginning_is_overdue_at_once():
    facts = Facts(at("10:00"), at("09:30"))
    assert {when for spec, when in moments(facts, PLAN) if spec.kind != "overdue"} == {at("10:00")}
    assert stage(facts, PLAN, at("10:00")).kind == "overdue"


# The platform's window


def test_the_window_rings_at_three_quarters_in_hours():
    facts = opened("09:00", 40 * H, told=frozenset({"new"}), window_ends_at=at("17:00"))
    assert next_wake(facts, PLAN, at("09:00")) == at("15:00")
    told = stage(facts, PLAN, at("15:00"))
    assert (told.spec, told.kind, told.skipped, told.waited) == (WINDOW, "window", (), False)


def test_a_window_that_ends_at_the_very_opening_rings_before_it():
    facts = opened("09:00", 40 * H, told=frozenset({"new"}), window_ends_at=at("13:00"))
    assert stage(facts, PLAN, at("12:00")).name == "window"  # at lunch: afterwards it would be too late
    facts = replace(facts, window_ends_at=at("13:00:04"))
    assert next_wake(facts, PLAN, at("12:00:10")) == at("13:00")


def test_a_window_that_ends_before_the_team_is_back_rings_at_night():
    facts = opened("2026-11-27 12:30", window_ends_at=at("2026-11-28 12:30"), told=frozenset({"new"}))  # Friday noon
    assert names(hear(replace(facts, due_at=at("2026-12-01 10:00")), PLAN, LATER))[0] == ("Sat 06:30", "window")


def test_a_window_that_outlasts_the_night_waits_for_the_opening():
    facts = Facts(at("17:00"), None, window_ends_at=at("2026-11-24 11:00"), told=frozenset({"new"}))
    assert hear(facts, PLAN, LATER) == [("Tue 09:00", "window", (), True)]


def test_a_window_that_is_over_wakes_nobody():
    facts = Facts(at("17:00"), None, window_ends_at=at("23:00"), told=frozenset({"new"}), claimed_until=at("23:00"))
    assert hear(facts, PLAN, LATER) == [("Tue 09:00", "window", (), True)]
    still_open = replace(facts, claimed_until=at("22:59"))
    assert hear(still_open, PLAN, LATER) == [("Mon 22:59", "window", (), False)]


def test_the_window_and_the_stages_do_not_swallow_each_other():
    facts = opened("10:00", window_ends_at=at("11:20"))  # 75 % and the due moment fall together
    first = stage(facts, PLAN, at("11:00"))
    assert first.name == "window"
    facts = replace(facts, told=frozenset({"window"}))
    second = stage(facts, PLAN, at("11:00"))
    assert (second.name, second.skipped) == ("due", ("new", "50%", "10m before"))
    assert next_wake(facts, PLAN, at("11:00")) == at("11:00")
    assert stage(replace(facts, told=frozenset({"window", "due"})), PLAN, at("11:00")) is None
    late = opened("10:00", told=frozenset({"1h after"}), window_ends_at=at("10:40"))
    assert stage(late, PLAN, at("14:00")).name == "window"


def test_a_window_that_was_over_before_we_knew_counts_from_the_beginning():
    facts = Facts(at("10:00"), None, window_ends_at=at("09:00"), told=frozenset({"new"}))
    assert stage(facts, PLAN, at("10:00")).at == at("10:00")


# State and figures


@pytest.mark.parametrize(
    ("facts", "now", "expected"),
    [
        ({}, "10:00", "waiting"),
        ({}, "10:29:59", "waiting"),
        ({}, "10:30", "soon"),
        ({}, "10:59:59", "soon"),
        ({}, "11:00", "overdue"),
        ({}, "2026-11-28 03:00", "overdue"),
        ({"snoozed_until": at("11:30")}, "11:10", "snoozed"),
        ({"snoozed_until": at("11:30")}, "11:30", "overdue"),
        ({"claimed_until": at("12:00")}, "11:10", "overdue"),
        ({"pauses": ((at("10:40"), None),)}, "10:30", "waiting"),  # half of an unknown length
        ({"pauses": ((at("10:40"), None),)}, "10:40", "paused"),
        ({"pauses": ((at("10:10"), at("10:40")),)}, "10:39", "paused"),
        ({"pauses": ((at("10:10"), at("10:40")),)}, "10:40", "waiting"),
        ({"pauses": ((at("10:10"), at("10:40")),)}, "11:00", "soon"),
        ({"pauses": ((at("11:05"), None),)}, "11:10", "overdue"),
        ({"replied_at": at("10:20")}, "11:10", "answered"),
        ({"replied_at": at("11:20")}, "11:10", "answered"),
        ({"closed_at": at("10:20")}, "11:10", "closed"),
        ({"closed_at": at("10:20"), "replied_at": at("10:20")}, "11:10", "answered"),
        ({"closed_at": at("10:20"), "snoozed_until": at("12:00")}, "11:10", "closed"),
    ],
)
def test_the_state_of_a_deadline(facts, now, expected):
    assert state(opened("10:00", **facts), PLAN, at(now)) == expected


def test_a_plan_without_warnings_is_never_soon():
    assert state(opened("10:00"), replace(PLAN, stages=parse_stages(["new", "due"])), at("10:59")) == "waiting"


def test_the_earlier_of_promise_and_window_orders_the_queue():
    assert answer_by(Facts(at("10:00"), at("11:00"), window_ends_at=at("10:30"))) == at("10:30")
    assert answer_by(Facts(at("10:00"), at("11:00"), window_ends_at=at("12:30"))) == at("11:00")
    assert answer_by(Facts(at("10:00"), None, window_ends_at=at("12:30"))) == at("12:30")
    assert answer_by(Facts(at("10:00"), None)) is None


def test_both_figures_of_how_long_it_took():
    facts = opened("17:00", replied_at=at("2026-11-24 09:30"))
    assert elapsed(facts, PLAN, LATER) == Elapsed(90 * M, 16 * H + 30 * M)
    assert elapsed(replace(facts, replied_at=None), PLAN, at("17:20")) == Elapsed(20 * M, 20 * M)
    assert elapsed(replace(facts, replied_at=at("16:59")), PLAN, LATER) == Elapsed(0 * M, 0 * M)
    paused = replace(facts, pauses=((at("17:30"), at("17:40")),))
    assert elapsed(paused, PLAN, LATER).counted == 80 * M


def test_any_zone_may_ask():
    facts = Facts(at("10:00").astimezone(UTC), at("11:00").astimezone(ZoneInfo("America/New_York")))
    told = stage(facts, PLAN, at("11:00").astimezone(ZoneInfo("Europe/London")))
    assert (told.name, told.at.tzinfo) == ("due", UTC)
