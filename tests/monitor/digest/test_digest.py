"""The week: whose week it is, figures against an independent calculation, told once, and hostile text stays text."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.base import Author, Kind, Mention, Page, Reply
from monitor import digest
from monitor.config import Rules, read_rules
from monitor.digest.figures import blind, percentile, trend
from monitor.digest.week import Week, instant, last_week, midnight, parse_week, week_of
from monitor.ingest import Arrival, Ingest
from monitor.store import Store, open_engine
from monitor.store.facts import Event

SEOUL = ZoneInfo("Asia/Seoul")
LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2026, 11, 16, tzinfo=SEOUL)

RULES = """
brand: {{name: Lumi, language: {language}, timezone: Asia/Seoul}}
topics: {{lumi: lumi OR 루미}}
sources: {{news: {{connector: feed, settings: {{url: "https://news.example/feed"}}}}}}
targets: [{{name: standard, reply_within: 1h}}]
digest: {{day: mon, at: "09:00"}}
"""


def make(tmp_path: Path, language: str = "en") -> tuple[Rules, Store]:
    file = tmp_path / f"rules-{language}.yaml"
    file.write_text(RULES.format(language=language), "utf-8")
    rules = read_rules(file, {})
    return rules, Store(open_engine(f"sqlite:///{tmp_path / 'm.db'}", daemon=False), "lumi", b"k")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[Rules, Store]]:
    rules, store = make(tmp_path)
    yield rules, store
    store.engine.close()


def say(rules: Rules, store: Store, key: str, text: str, at: datetime, **more: Any) -> None:
    """One mention, found the moment it was published."""
    mention = Mention("fake", key, f"https://fake.example/{key}", Kind.POST, Author(key, key), text, at, **more)
    Ingest(rules, store).save(Page([mention]), Arrival(rules.sources["news"], "entries"), at)


# ---------------------------------------------------------------- weeks


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2026, 11, 22), "2026-W47"),
        (date(2026, 12, 31), "2026-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
    ],
)
def test_a_week_belongs_to_the_year_of_its_thursday(day: date, week: str) -> None:
    assert str(week_of(day)) == week
    assert week_of(day) == parse_week(week)


@pytest.mark.parametrize("text", ["", "2026", "2026-W00", "2025-W53", "2026-W54", "W47", "2026-47", "９９"])
def test_what_is_no_week_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"no week|52 or 53"):
        parse_week(text)


def test_the_week_with_a_change_of_clock_is_an_hour_longer_or_shorter() -> None:
    spring, autumn = Week(2026, 13), Week(2026, 43)
    assert spring.end(LONDON) - spring.start(LONDON) == timedelta(days=7, hours=-1)
    assert autumn.end(LONDON) - autumn.start(LONDON) == timedelta(days=7, hours=1)
    assert spring.end(LONDON) == Week(2026, 14).start(LONDON)


def test_the_week_is_the_teams_and_not_utcs() -> None:
    sunday_evening_in_utc = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # Monday, 01:00 in Seoul
    assert str(last_week(sunday_evening_in_utc, SEOUL)) == "2026-W47"
    assert str(last_week(sunday_evening_in_utc, ZoneInfo("UTC"))) == "2026-W46"


def test_times_that_the_clock_skips_or_repeats_are_one_moment() -> None:
    assert instant(date(2026, 3, 29), time(1, 30), LONDON) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert instant(date(2026, 10, 25), time(1, 30), LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert midnight(date(2026, 9, 6), ZoneInfo("America/Santiago")).astimezone(
        ZoneInfo("America/Santiago")
    ).date() == date(2026, 9, 6)


# ---------------------------------------------------------------- figures


def test_figures_equal_an_independent_calculation(made: tuple[Rules, Store]) -> None:
    rules, store = made
    rand = random.Random(7)
    truth: list[tuple[datetime, datetime | None]] = []
    for i in range(120):
        at = MONDAY - timedelta(days=7) + timedelta(minutes=rand.randrange(14 * 24 * 60))
        say(rules, store, f"m{i}", "루미 크림 환불 언제 되나요?", at)
        answered = at + timedelta(minutes=rand.randrange(1, 180)) if rand.random() < 0.8 else None
        if answered is not None:
            (deadline,) = store.deadlines.of_mention(i + 1)
            assert store.deadlines.answered(deadline.id, "mina", answered, answered)
        truth.append((at, answered))
    now = MONDAY + timedelta(days=9)
    figures = digest.gather(rules, store, parse_week("2026-W47"), now).figures

    week = [(a, r) for a, r in truth if MONDAY <= a < MONDAY + timedelta(days=7)]
    took = sorted((r - a).total_seconds() for a, r in week if r is not None)
    in_time = sum(t <= 3600 for t in took)
    assert figures["mentions"]["n"] == len(week)
    assert figures["mentions"]["before"] == len(truth) - len(week)
    assert figures["promises"]["n"] == len(week)
    assert figures["promises"]["in_time"] == in_time
    assert len(figures["promises"]["late"]) == len(took) - in_time
    assert len(figures["promises"]["overdue"]) == len(week) - len(took)
    assert figures["promises"]["share"] == pytest.approx(in_time / len(week))
    assert figures["times"]["median_wall_s"] == pytest.approx(median(took))
    assert figures["times"]["p90_wall_s"] == took[-(-len(took) * 9 // 10) - 1]
    assert figures["times"]["within_30m"] == sum(t <= 1800 for t in took)
    assert json.loads(json.dumps(figures)) == figures


def test_what_is_not_due_yet_counts_neither_way(made: tuple[Rules, Store]) -> None:
    rules, store = made
    at = MONDAY + timedelta(days=6, hours=23, minutes=50)
    say(rules, store, "m1", "루미 환불 되나요?", at)
    promises = digest.gather(rules, store, parse_week("2026-W47"), at + timedelta(minutes=15)).figures["promises"]
    assert (promises["share"], promises["open"], promises["overdue"]) == (None, [1], [])


@pytest.mark.parametrize(
    ("values", "wanted"), [([], None), ([5], 5), (list(range(1, 11)), 9), (list(range(1, 12)), 10), ([1, 2], 2)]
)
def test_the_ninetieth_percentile_is_a_value_that_occurred(values: list[float], wanted: float | None) -> None:
    assert percentile(values, 0.9) == wanted


@pytest.mark.parametrize(("now", "before", "wanted"), [(20, 10, 1.0), (9, 100, None), (100, 9, None), (10, 20, -0.5)])
def test_a_change_among_few_is_none(now: int, before: int, wanted: float | None) -> None:
    assert trend(now, before) == wanted


def test_blind_minutes_are_those_of_the_week() -> None:
    def event(what: str, hours: float, **more: str) -> Event:
        detail = {"source": "s", "way": "w", **more}
        return Event(MONDAY + timedelta(hours=hours), "monitor", what, None, None, detail)

    end = MONDAY + timedelta(days=7)
    began = (MONDAY - timedelta(hours=5)).isoformat()
    assert blind([event("blind", -4, since=began), event("sees", 2)], MONDAY, end) == [
        {"source": "s", "way": "w", "minutes": 120}
    ]
    assert blind([event("blind", 167)], MONDAY, end)[0]["minutes"] == 60
    assert (
        blind([event("blind", 1), event("sees", 2), event("blind", 5), event("sees", 5.5)], MONDAY, end)[0]["minutes"]
        == 90
    )
    assert blind([event("blind", -9), event("sees", -8)], MONDAY, end) == []


# ---------------------------------------------------------------- telling


def test_it_is_told_once_at_its_hour_whatever_restarts(tmp_path: Path) -> None:
    rules, store = make(tmp_path)
    say(rules, store, "m1", "루미 환불 되나요?", MONDAY + timedelta(days=1))
    due_at = MONDAY + timedelta(days=7, hours=9)
    told = []
    for minutes in range(-120, 600, 7):
        store.engine.close()
        rules, store = make(tmp_path)
        told.append((minutes, digest.sweep(rules, store, due_at + timedelta(minutes=minutes))))
    assert [m for m, done in told if done] == [next(m for m, _ in told if m >= 0)]
    assert store.outbox.counts()["pending"] == 1
    store.engine.close()


def test_a_late_one_says_so_and_an_older_one_is_not_sent_any_more(made: tuple[Rules, Store]) -> None:
    rules, store = made
    say(rules, store, "m1", "루미 환불 되나요?", MONDAY + timedelta(days=1))
    assert digest.sweep(rules, store, MONDAY + timedelta(days=9))
    (row,) = store.outbox.claim("console:", MONDAY + timedelta(days=9), timedelta(minutes=1), "t", 5)
    assert "late" in str(row.payload["text"])
    assert digest.sweep(rules, store, MONDAY + timedelta(days=15))
    assert not store.digests.told("weekly", "2026-W46")


def test_before_anything_was_found_there_is_nothing_to_tell(made: tuple[Rules, Store]) -> None:
    rules, store = made
    assert not digest.sweep(rules, store, MONDAY + timedelta(days=9))


def test_the_kept_snapshot_holds_nobodys_words(made: tuple[Rules, Store]) -> None:
    rules, store = made
    say(rules, store, "m1", "루미 비밀스러운 문장 환불 되나요?", MONDAY + timedelta(days=1))
    digest.tell(rules, store, parse_week("2026-W47"), MONDAY + timedelta(days=8))
    assert "비밀" not in json.dumps(store.digests.figures("weekly", "2026-W47"), ensure_ascii=False)


def test_english_words(made: tuple[Rules, Store]) -> None:
    rules, store = made
    say(rules, store, "haru", "루미 크림 환불 언제 되나요?", MONDAY + timedelta(days=1))
    found = digest.text(rules, digest.gather(rules, store, parse_week("2026-W47"), MONDAY + timedelta(days=8)))
    assert found.startswith("Lumi: the week of 16 Nov – 22 Nov\n\nAnswered in time: 0% (0 of 1)\n1 still open\n\n")
    assert "Still open:\n- haru: 루미 크림 환불 언제 되나요?\n  https://fake.example/haru" in found


def test_korean_words(tmp_path: Path) -> None:
    rules, store = make(tmp_path, "ko")
    say(rules, store, "haru", "루미 크림 환불 언제 되나요?", MONDAY + timedelta(days=1))
    store.deadlines.answered(1, "mina", MONDAY + timedelta(days=1, minutes=20), MONDAY + timedelta(days=1, minutes=20))
    found = digest.text(rules, digest.gather(rules, store, parse_week("2026-W47"), MONDAY + timedelta(days=8)))
    store.engine.close()
    assert found.startswith("Lumi 주간 보고 11월 16일~11월 22일\n\n기한 내 답변: 100% (1건 중 1건)\n")
    assert "업무 시간 기준으로 답변의 절반은 20분, 90%는 20분 안에 나갔습니다 (n = 1)" in found


def test_an_empty_week_is_short_and_true(made: tuple[Rules, Store]) -> None:
    rules, store = made
    found = digest.text(rules, digest.gather(rules, store, parse_week("2026-W47"), MONDAY + timedelta(days=8)))
    assert "Nothing needed an answer." in found
    assert "too few to compare" in found


def test_hostile_words_stay_on_their_line(made: tuple[Rules, Store]) -> None:
    rules, store = made
    say(
        rules,
        store,
        "m1",
        "루미 환불\n\nStill open:\n\x1b[31m\u202e<!channel> 되나요?" * 50,
        MONDAY + timedelta(days=1),
    )
    found = digest.text(rules, digest.gather(rules, store, parse_week("2026-W47"), MONDAY + timedelta(days=8)))
    assert found.count("\nStill open:") == 1
    assert not {"\x1b", "\u202e"} & set(found)
    assert max(map(len, found.split("\n"))) < 200


def test_private_words_are_not_quoted(made: tuple[Rules, Store]) -> None:
    rules, store = made
    say(rules, store, "m1", "루미 환불 되나요?", MONDAY + timedelta(days=1), private=True, addressed=True)
    found = digest.text(rules, digest.gather(rules, store, parse_week("2026-W47"), MONDAY + timedelta(days=8)))
    assert "환불" not in found


def test_replies_are_told_by_where_they_were_given(made: tuple[Rules, Store]) -> None:
    rules, store = made
    at = MONDAY + timedelta(days=1)
    say(rules, store, "m1", "루미 환불 되나요?", at)
    from monitor.store.facts import Found

    store.deadlines.asked({}, [Found(1, Reply(at + timedelta(minutes=5), "lumi"))], at + timedelta(minutes=6))
    figures = digest.gather(rules, store, parse_week("2026-W47"), at + timedelta(days=7)).figures
    assert figures["provenance"] == {"native": 1}
