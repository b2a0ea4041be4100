"""People correct judging: it is kept, acted on at once, and learned from when they say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import actions
from monitor.app import with_learned
from monitor.learning import FEWEST, from_corrections
from tests.day import START, Day, make_day

pytestmark = pytest.mark.anyio


@pytest.fixture
async def day(tmp_path: Path) -> Iterator[Day]:  # type: ignore[misc]
    made = make_day(tmp_path)
    await made.at(1)
    made.told()
    yield made  # type: ignore[misc]
    made.close()


async def test_needs_a_reply_starts_the_clock_now(day: Day) -> None:
    day.says("lumi and chill with friends")
    assert await day.at(5) == []
    outcome = actions.correct(day.polling.ingest, 1, "mina", day.now, needs_reply=True)
    assert outcome == "done"
    assert await day.at(7) == ["mention haru"]
    (deadline,) = day.store.deadlines.waiting()
    assert deadline.opened_at == START + timedelta(minutes=5)


async def test_needs_no_reply_closes_it(day: Day) -> None:
    day.says()
    await day.at(5)
    assert actions.correct(day.polling.ingest, 1, "mina", day.now, needs_reply=False) == "done"
    assert day.store.deadlines.waiting() == []
    assert [e.what for e in day.store.ledger.of_mention(1)] == ["opened", "corrected", "dismissed"]


async def test_the_last_word_counts(day: Day) -> None:
    day.says()
    await day.at(5)
    for needs_reply in (True, False):
        actions.correct(day.polling.ingest, 1, "mina", day.now, needs_reply=needs_reply)
    actions.correct(day.polling.ingest, 1, "mina", day.now, label="neutral")
    (said,) = day.store.corrections.all()
    assert (said.needs_reply, said.label) == (False, "neutral")


async def test_no_such_mention(day: Day) -> None:
    assert actions.correct(day.polling.ingest, 99, "mina", day.now, label="neutral") == "unknown"


async def test_too_few_corrections_teach_nothing(day: Day) -> None:
    assert from_corrections(day.store, day.rules.judging) is None


async def test_what_people_teach_is_shown_first_and_used_only_when_they_say_so(day: Day) -> None:
    for i in range(FEWEST + 10):
        day.says(f"lumi 루미 방문 후기 {i}번째 이벤트 소식 공유해요", author=f"a{i}")
    await day.at(5)
    for i in range(FEWEST + 10):
        actions.correct(day.polling.ingest, i + 1, "mina", day.now, needs_reply=True)
    found = from_corrections(day.store, day.rules.judging)
    assert found is not None
    assert found.new_recall.value >= found.recall.value
    assert day.store.corrections.weights() == {}
    day.store.corrections.keep(found.learned, "mina", day.now)
    assert with_learned(day.rules, day.store).judging.learned == found.learned
    day.store.corrections.keep({}, "mina", day.now)
    assert with_learned(day.rules, day.store).judging.learned == {}
