"""The verdict as a whole: what it promises for every text."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging import (
    INTENTS,
    LABELS,
    PRIORITIES,
    Context,
    JudgingRules,
    Reason,
    Text,
    judge,
    words,
)
from monitor.judging.lines import judge_lines
from monitor.judging.phrases import PHRASES

SAMPLES = [
    "Where is my order? It has been 3 weeks.",
    "Thanks for nothing, still no refund",
    "배송이 3주째 안 와요 환불해주세요",
    "이 크림 너무 좋아요 재구매 의사 있음",
    "제품 바르고 두드러기 났어요",
    "#ad use my code LUMI10",
    "Dónde está mi pedido, llevo dos semanas esperando",
    "",
    "😀" * 5000,
]


def log_odds(p: float) -> float:
    return math.log(p / (1 - p))


@pytest.mark.parametrize("text", SAMPLES)
@pytest.mark.parametrize("channel", ["third_party", "own_post", "direct", "review"])
def test_the_reasons_add_up_to_the_log_odds_of_needing_a_reply(text, channel):
    verdict = judge(Text(text, channel=channel, rating=0.1), Context(reach=5000, vip=True, earlier_contacts=3))
    total = sum(r.weight for r in verdict.reasons if r.decides == "needs_reply")
    assert total == pytest.approx(log_odds(verdict.needs_reply_score), abs=1e-6)


@pytest.mark.parametrize("text", SAMPLES)
def test_the_parts_of_the_priority_add_up_to_its_points(text):
    verdict = judge(Text(text), Context(reach=1_000_000, vip=True))
    assert sum(r.weight for r in verdict.reasons if r.decides == "priority") == pytest.approx(verdict.points)


@given(st.text(max_size=300), st.sampled_from([None, "ko", "en", "xx", "zh-Hans"]))
@settings(max_examples=200, deadline=None)
def test_any_text_gets_a_complete_verdict(text, hint):
    verdict = judge(Text(text, language=hint))
    assert verdict.label in LABELS
    assert verdict.priority in PRIORITIES
    assert set(verdict.intents) <= set(INTENTS) and verdict.intents
    assert (verdict.sentiment is None) == (verdict.label == "unknown")
    assert verdict.sentiment is None or -1 <= verdict.sentiment <= 1
    assert 0 < verdict.needs_reply_score < 1
    for reason in verdict.reasons:
        assert reason.name in PHRASES
        assert words(reason, "ko") and words(reason, "en")


def test_the_same_mention_always_gets_the_same_verdict():
    for text in SAMPLES:
        assert judge(Text(text)) == judge(Text(text))


def test_a_lone_surrogate_can_be_written_as_json():
    (line,) = judge_lines(["help \ud800 me please \udfff?"])
    json.loads(line.encode("utf-8"))


def test_the_words_are_there_in_both_languages():
    assert words(Reason("question", 1.0, "where is"), "ko") == "질문이 담겨 있음: “where is”"
    assert words(Reason("question", 1.0), "en") == "asks a question"
    for korean, english in PHRASES.values():
        assert any("가" <= c <= "힣" for c in korean)
        assert english.isascii()


def test_a_language_that_is_not_allowed_is_unknown_and_never_neutral():
    verdict = judge(Text("배송이 너무 늦어요 최악"), rules=JudgingRules(languages=frozenset({"en"})))
    assert (verdict.language, verdict.label, verdict.sentiment) == ("ko", "unknown", None)
