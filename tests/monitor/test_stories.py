"""A mention's day, from the first word to the last, on one clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import AuthError, Reply, TransientError
from monitor import alerts, health, telling
from monitor.config import Rules
from monitor.deadlines import Stage
from monitor.store import Deadline
from tests.day import RULES, START, Day, make_day

pytestmark = pytest.mark.anyio
SLACK = RULES + "slack: {bot_token: $TOKEN}\n"


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    made = make_day(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def begun(day: Day) -> Day:
    """A day on which the source has been looked at once."""
    await day.at(1)
    day.told()
    return day


async def test_a_mention_is_told_when_new_soon_due_and_overdue_and_each_once(begun: Day) -> None:
    begun.says()
    assert await begun.at(3) == ["mention haru"]
    assert await begun.at(50) == []
    assert await begun.at(52) == ["stage 10m before haru in thread"]
    assert await begun.at(62) == ["stage due haru in thread"]
    assert await begun.at(78) == ["stage 15m after haru in thread"]
    assert await begun.at(300) == []


async def test_the_clock_stands_while_the_team_is_at_lunch(begun: Day) -> None:
    await begun.at(150)
    begun.says()  # 11:30, and 12:00-13:00 is lunch
    assert await begun.at(155) == ["mention haru"]
    assert await begun.at(255) == []  # 13:15
    assert await begun.at(262) == ["stage 10m before haru in thread"]  # 13:20


async def test_what_comes_at_night_is_one_summary_in_the_morning(begun: Day) -> None:
    await begun.at(9 * 60 + 30, every=300)
    begun.says(author="haru")
    await begun.at(10 * 60, every=300)
    begun.says(author="minji", id="m2")
    assert await begun.at(23 * 60 + 55, every=300) == []
    assert await begun.at(24 * 60 + 5) == ["summary opening haru, minji"]
    waiting = begun.store.deadlines.waiting()
    assert {d.due_at for d in waiting} == {START + timedelta(days=1, hours=1)}


async def test_our_own_post_stops_the_clock_at_its_own_time(begun: Day) -> None:
    mention = begun.says()
    assert await begun.at(10) == ["mention haru"]
    begun.answers(mention, published=START + timedelta(minutes=8))
    assert await begun.at(90) == []
    (deadline,) = begun.store.deadlines.of_mention(1)
    assert deadline.replied_at == START + timedelta(minutes=8)
    assert (deadline.closed_by, deadline.provenance) == ("reply", "native")
    assert [card.state for _, told in begun.door.edits for card in told.cards] == ["answered"]


async def test_an_answer_seen_before_its_mention_is_never_alerted(begun: Day) -> None:
    mention = replace(begun.says(), id="late")
    begun.platform.said.clear()
    begun.platform.said.append(begun.answers(mention))
    await begun.at(3)
    begun.platform.said.append(mention)
    assert await begun.at(90) == []
    assert begun.store.deadlines.waiting() == []


async def test_the_platform_is_asked_right_before_an_alert(begun: Day) -> None:
    mention = begun.says()
    await begun.at(49)
    begun.told()
    begun.platform.answers[mention.id] = Reply(START + timedelta(minutes=49), "lumi")
    assert await begun.at(70) == []
    assert begun.store.deadlines.waiting() == []


async def test_a_platform_that_does_not_answer_cannot_hold_an_alert_back(begun: Day) -> None:
    begun.says()
    await begun.at(49)
    begun.told()
    begun.platform.error = TransientError("no answer")
    assert "stage 10m before haru in thread" in await begun.at(53, every=10)


async def test_after_an_outage_only_the_worst_news_is_told(begun: Day) -> None:
    begun.says()
    assert await begun.at(3) == ["mention haru"]
    begun.now = START + timedelta(minutes=120)
    begun.restart()
    assert await begun.at(122) == ["stage 15m after haru in thread"]


async def test_after_an_outage_before_the_first_alert_one_message_says_it_all(begun: Day) -> None:
    begun.sweeping = False
    begun.says()
    await begun.at(100)
    begun.sweeping = True
    assert await begun.at(102) == ["mention haru"]
    ((_, told, _),) = begun.door.sent[-1:]
    assert told.cards[0].state == "overdue"


async def test_a_restart_forgets_and_repeats_nothing(begun: Day) -> None:
    begun.says()
    told: list[str] = []
    for minute in range(2, 100, 4):
        told += await begun.at(minute)
        begun.restart()
    assert told == [
        "mention haru",
        "stage 10m before haru in thread",
        "stage due haru in thread",
        "stage 15m after haru in thread",
    ]


async def test_old_posts_of_a_new_source_are_kept_and_one_line_says_so(day: Day) -> None:
    for i in range(5):
        day.says(published=START - timedelta(days=2, minutes=i))
    day.says(author="today", published=START - timedelta(minutes=5))
    assert await day.at(2) == ["note baseline", "mention today"]
    assert day.store.mentions.count() == 6
    assert [d.mention.author.handle for d in day.store.deadlines.waiting()] == ["today"]


async def test_a_burst_is_paged_to_the_end(begun: Day) -> None:
    begun.platform.page_size = 10
    for i in range(95):
        begun.says(author=f"a{i}")
    await begun.at(4)
    assert begun.store.mentions.count() == 95
    assert sum(len(told.cards) for _, told, _ in begun.door.sent if told.kind in {"mention", "summary"}) == 95


async def test_the_same_post_seen_again_is_told_once(begun: Day) -> None:
    mention = begun.says()
    assert await begun.at(2) == ["mention haru"]
    begun.platform.said.extend([mention, mention])
    assert await begun.at(6) == []
    assert begun.store.mentions.count() == 1


async def test_a_deleted_post_closes_its_deadline_and_loses_its_text(begun: Day) -> None:
    mention = begun.says()
    assert await begun.at(5) == ["mention haru"]
    begun.platform.said.append(replace(mention, deleted=True))
    assert await begun.at(90) == []
    stored = begun.store.mentions.get(1)
    assert stored is not None
    assert (stored.text, stored.deleted_at is not None) == ("", True)
    assert begun.store.deadlines.of_mention(1)[0].closed_by == "gone"
    assert [card.deleted for _, told in begun.door.edits for card in told.cards] == [True]


async def test_a_claim_stops_the_warnings_until_it_ends(begun: Day) -> None:
    begun.says()
    await begun.at(45)
    begun.told()
    assert begun.store.deadlines.claim(1, "mina", begun.now + timedelta(minutes=30), begun.now)
    assert not begun.store.deadlines.claim(1, "lead", begun.now + timedelta(minutes=30), begun.now)
    assert await begun.at(74) == []
    assert await begun.at(75) == ["stage due haru in thread"]


async def test_a_source_that_cannot_see_says_so_once_and_says_when_it_sees_again(begun: Day) -> None:
    begun.platform.error = TransientError("HTTP 502")
    told = await begun.at(60)
    assert told == ["note blind"]
    begun.platform.error = None
    begun.says()
    assert await begun.at(125, every=60) == ["note sees", "mention haru"]


async def test_dead_credentials_are_told_at_once(begun: Day) -> None:
    begun.platform.error = AuthError("HTTP 401")
    assert await begun.at(3) == ["note blind"]


async def test_a_failing_source_keeps_its_cursor(begun: Day) -> None:
    begun.says(author="one")
    assert await begun.at(3) == ["mention one"]
    begun.platform.error = TransientError("HTTP 500")
    begun.says(author="two")
    await begun.at(6)
    begun.platform.error = None
    told = await begun.at(70)
    assert "mention two" in told
    assert begun.store.mentions.count() == 2


async def test_a_bug_in_a_connector_makes_only_that_source_wait(begun: Day) -> None:
    begun.platform.error = ZeroDivisionError("oh")
    await begun.at(3)
    (state,) = begun.store.ways.all()
    assert state.error_class == "bug"


async def test_answered_before_it_was_told_and_reopened_is_told_after_all(begun: Day) -> None:
    begun.sending = False
    begun.says()
    await begun.at(3)
    assert begun.store.deadlines.answered(1, "mina", begun.now, begun.now)
    begun.sending = True
    assert await begun.at(10) == []
    assert begun.store.deadlines.reopen(1, "mina", begun.now)
    assert await begun.at(70) == ["stage 10m before haru", "stage due haru"]


async def test_a_review_that_is_edited_after_our_answer_is_to_be_answered_again(begun: Day) -> None:
    mention = begun.says()
    assert await begun.at(5) == ["mention haru"]
    begun.answers(mention)
    assert await begun.at(10) == []
    edited = replace(mention, text="루미 답변 받았는데 환불이 아직도 안 됐어요. 언제 되나요?", edited=begun.now)
    begun.platform.said.append(edited)
    assert await begun.at(12) == ["mention haru"]
    (deadline,) = begun.store.deadlines.waiting()
    assert (deadline.cause, deadline.opened_at) == ("edited", START + timedelta(minutes=10))
    assert [d.closed_by for d in begun.store.deadlines.of_mention(1)] == ["reply", None]


async def test_an_edit_before_our_answer_keeps_the_first_deadline(begun: Day) -> None:
    mention = begun.says()
    await begun.at(5)
    begun.platform.said.append(replace(mention, text=mention.text + " 네?", edited=begun.now))
    await begun.at(10)
    assert [d.cause for d in begun.store.deadlines.of_mention(1)] == ["first"]


async def test_a_poll_that_a_crash_cut_off_is_taken_up_at_the_next_start(begun: Day) -> None:
    begun.now += timedelta(minutes=2)
    assert len(begun.polling.claim(begun.now, "dead daemon", 10)) == 1
    begun.says()
    begun.restart()
    assert await begun.at(6) == ["mention haru"]


async def test_reopened_is_not_closed_again_by_the_answer_from_before(begun: Day) -> None:
    mention = begun.says()
    await begun.at(5)
    begun.answers(mention)
    await begun.at(8)
    assert begun.store.deadlines.reopen(1, "mina", begun.now)
    begun.answers(mention, id="again", published=begun.now - timedelta(minutes=2))
    await begun.at(12)
    assert len(begun.store.deadlines.waiting()) == 1
    begun.answers(mention, id="new")
    await begun.at(15)
    assert begun.store.deadlines.waiting() == []


async def test_a_page_that_names_an_edited_mention_twice_is_saved(begun: Day) -> None:
    mention = begun.says("lumi and chill")
    await begun.at(3)
    for words in ("루미 환불 되나요?", "루미 환불 언제 되나요?"):
        begun.platform.said.append(replace(mention, text=words, edited=begun.now))
    assert await begun.at(5) == ["mention haru"]
    assert len(begun.store.deadlines.waiting()) == 1


async def test_what_a_search_found_first_is_judged_anew_when_it_turns_out_to_speak_to_us(begun: Day) -> None:
    mention = begun.says("lumi 루미 확인했어요", in_reply_to="somebody")
    await begun.at(3)
    begun.platform.said.append(replace(mention, addressed=True))
    await begun.at(5)
    stored = begun.store.mentions.get(1)
    assert stored is not None
    assert stored.addressed


async def test_one_deadline_that_breaks_keeps_no_other_from_being_told(
    begun: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun.says(author="odd")
    begun.says(author="haru")
    real = alerts._stages

    def breaks(rules: Rules, deadline: Deadline, now: datetime) -> list[Stage]:
        if deadline.mention.author.handle == "odd":
            raise OverflowError
        return real(rules, deadline, now)

    monkeypatch.setattr(alerts, "_stages", breaks)
    assert await begun.at(3) == ["mention haru"]
    monkeypatch.undo()
    assert await begun.at(9) == ["mention odd"]


async def test_an_answer_between_a_sweeps_look_and_its_word_is_not_overwritten(begun: Day) -> None:
    begun.says()
    await begun.at(3)
    begun.now = START + timedelta(minutes=62)
    due = begun.store.deadlines.due(begun.now)
    assert begun.store.deadlines.answered(1, "mina", begun.now, begun.now)
    begun.store.deadlines.tell(alerts.decide(begun.rules, due, begun.now), begun.now)
    await begun.at(66)
    (deadline,) = begun.store.deadlines.of_mention(1)
    assert deadline.shown == "answered"


async def test_deleted_words_leave_our_messages_too(begun: Day) -> None:
    mention = begun.says()
    await begun.at(3)
    begun.answers(mention)
    await begun.at(6)
    begun.platform.said.append(replace(mention, deleted=True))
    await begun.at(9)
    _, told = begun.door.edits[-1]
    assert told.cards[0].deleted
    assert "환불" not in telling.text(told)


class TestSlack:
    @pytest.fixture
    def day(self, tmp_path: Path) -> Iterator[Day]:
        made = make_day(tmp_path, SLACK)
        yield made
        made.close()

    async def test_an_unclear_call_is_looked_for_and_not_repeated(self, begun: Day) -> None:
        begun.door.lose_answers = 1
        begun.says()
        assert await begun.at(5) == ["mention haru"]
        row = begun.store.outbox.get(1)
        assert row is not None
        assert (row.state, row.slack_ts) == ("sent", "1.0")

    async def test_an_unclear_call_that_did_not_arrive_is_repeated(self, begun: Day) -> None:
        begun.door.errors = [telling.UnclearError("dropped")]
        begun.says()
        assert await begun.at(2, every=10) == []
        assert await begun.at(4, every=10) == ["mention haru"]

    async def test_slack_down_for_two_hours_loses_nothing_and_tells_the_worst_once(self, begun: Day) -> None:
        begun.says(author="haru")
        begun.door.errors = [telling.NotSentError("down")] * 10_000
        await begun.at(120)
        assert begun.told() == []
        begun.door.errors = []
        told = await begun.at(130)
        assert told == ["mention haru", "stage 15m after haru in thread"]
        assert begun.door.sent[0][1].late_s > 0

    async def test_a_slack_that_does_not_answer_turns_the_health_page_within_a_minute_or_two(self, begun: Day) -> None:
        begun.door.errors = [telling.NotSentError("down")] * 10_000
        begun.says()
        await begun.at(2)
        assert health.report(begun.store, {}, begun.now, begun.now).status == "ok"
        await begun.at(4)
        found = health.report(begun.store, {}, begun.now, begun.now)
        assert found.status == "degraded"
        assert "down" in found.troubles[0]
        begun.door.errors = []
        await begun.at(10)
        assert health.report(begun.store, {}, begun.now, begun.now).status == "ok"

    async def test_a_channel_that_asks_for_patience_gets_it(self, begun: Day) -> None:
        begun.door.errors = [telling.BusyError(timedelta(minutes=3))]
        begun.says()
        assert await begun.at(4, every=10) == []
        assert await begun.at(6, every=10) == ["mention haru"]

    async def test_an_absurd_wait_is_not_believed(self, begun: Day) -> None:
        begun.door.errors = [telling.BusyError(timedelta(days=400))]
        begun.says()
        assert await begun.at(20) == ["mention haru"]

    async def test_a_refused_message_waits_and_goes_out_once_a_person_has_mended_it(self, begun: Day) -> None:
        begun.door.errors = [telling.RefusedError("the bot is not in the channel")] * 3
        begun.says()
        assert await begun.at(9) == []
        assert begun.delivery.refused == {"slack:C0MENTIONS": "the bot is not in the channel"}
        assert await begun.at(22) == ["mention haru"]
        assert begun.delivery.refused == {}

    async def test_answered_while_slack_was_down_is_never_told(self, begun: Day) -> None:
        mention = begun.says()
        begun.door.errors = [telling.NotSentError("down")] * 10_000
        await begun.at(10)
        begun.answers(mention)
        await begun.at(15)
        begun.door.errors = []
        assert await begun.at(90) == []

    async def test_a_long_backlog_is_told_in_groups_and_each_mention_in_one_of_them(self, begun: Day) -> None:
        begun.door.errors = [telling.NotSentError("down")] * 10_000
        for i in range(30):
            await begun.at(2 + i)
            begun.says(author=f"a{i}")
        await begun.at(33)
        begun.door.errors = []
        await begun.at(50)
        told = [t for _, t, _ in begun.door.sent if t.kind in {"summary", "mention"}]
        assert max(len(t.cards) for t in told) == 10
        assert sorted(c.mention_id for t in told for c in t.cards) == list(range(1, 31))

    async def test_a_merged_backlog_goes_out_before_the_lines_of_its_threads(self, begun: Day) -> None:
        begun.door.errors = [telling.NotSentError("down")] * 10_000
        for minute in (2, 3, 4, 60, 61):
            await begun.at(minute)
            for i in range(5):
                begun.says(author=f"a{minute}-{i}")
        await begun.at(70)  # the first fifteen have lines about their end; then all of them become a few messages
        begun.door.errors = []
        await begun.at(100, every=20)
        assert begun.store.outbox.counts().get("pending", 0) == 0
        told = [t for _, t, _ in begun.door.sent if t.kind in {"summary", "mention"}]
        assert sorted(c.mention_id for t in told for c in t.cards) == list(range(1, 26))
        stages = [(t.cards[0].mention_id, thread) for _, t, thread in begun.door.sent if t.kind == "stage"]
        assert {m for m, _ in stages} >= set(range(1, 16))
        assert all(thread is not None for _, thread in stages)

    async def test_one_message_that_slack_does_not_take_keeps_no_other_from_going(self, begun: Day) -> None:
        begun.door.errors = [telling.RefusedError("too strange", whole=False)]
        begun.says(author="strange")
        begun.says(author="plain")
        assert await begun.at(3) == ["mention plain"]
        assert await begun.at(9) == ["mention strange"]

    async def test_a_thread_that_somebody_deleted_loses_no_stage(self, begun: Day) -> None:
        begun.says()
        assert await begun.at(3) == ["mention haru"]
        await begun.at(51)
        begun.door.errors = [telling.GoneError("somebody deleted the message")] * 2
        told = await begun.at(63, every=20)
        assert [t for t in told if t.startswith("stage due")] == ["stage due haru"]

    async def test_what_waits_for_a_channel_that_is_no_more_goes_to_the_new_one(self, begun: Day) -> None:
        begun.door.errors = [telling.RefusedError("the channel is archived")] * 100
        begun.says()
        await begun.at(10)
        begun.door.errors = []
        old = begun.rules.routes["default"]
        begun.rules = replace(begun.rules, routes={"default": replace(old, channel="C0NEW")})
        begun.restart()
        begun.delivery.begin(begun.now)
        assert await begun.at(12) == ["mention haru"]
        assert begun.door.arrived["mention:1"].channel == "C0NEW"

    async def test_a_claim_holds_back_a_stage_that_was_already_on_its_way(self, begun: Day) -> None:
        begun.says()
        await begun.at(3)
        begun.sending = False
        await begun.at(52)
        assert begun.store.deadlines.claim(1, "mina", begun.now + timedelta(minutes=30), begun.now)
        begun.sending = True
        assert "stage 10m before haru in thread" not in await begun.at(60)

    async def test_no_more_than_the_channel_takes(self, begun: Day) -> None:
        for i in range(5):
            begun.says(author=f"a{i}")
        begun.platform.said.append(begun.says(author="last"))
        before = len(begun.door.sent)
        await begun.at(1 + 1 / 60, every=1)
        assert len(begun.door.sent) - before <= 3


class TestFallback:
    @pytest.fixture
    def day(self, tmp_path: Path) -> Iterator[Day]:
        rules = SLACK + "mail: {smtp: $TOKEN, from: m@lumi.example}\nfallback: {mail: [ops@lumi.example]}\n"
        made = make_day(tmp_path, rules.replace("smtp: $TOKEN", "smtp: 'smtp://127.0.0.1:1'"))
        yield made
        made.close()

    async def test_when_slack_refuses_the_fallback_rings_once(self, begun: Day) -> None:
        from tests.day import FakeDoor

        mail = FakeDoor()
        begun.delivery.outlets = {**begun.delivery.outlets, "mail": mail}
        begun.door.errors = [telling.RefusedError("token revoked")] * 1000
        begun.says()
        await begun.at(3)
        assert await begun.delivery.ring(begun.now)
        assert not await begun.delivery.ring(begun.now)
        await begun.delivery.pump(begun.now)
        ((_, told, _),) = mail.sent
        assert told.kind == "fallback"
        assert [c.author_handle for c in told.cards] == ["haru"]
