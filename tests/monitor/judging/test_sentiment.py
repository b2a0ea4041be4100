"""Tone: what the reasons promise, and where we stay silent."""

import math

import pytest

from monitor.judging import Text, judge, linear, sentiment, vader
from monitor.judging.clean import clean
from monitor.judging.features import units
from monitor.judging.intent import gather
from monitor.judging.verdict import READS

TEXTS = {
    "en": "Love the dress but it arrived torn 😡, still waiting for a refund",
    "ko": "향은 좋은데 배송이 너무 늦어서 실망했어요 ㅠㅠ",
    "ja": "最高の商品でした、ありがとう",
    "es": "El servicio fue pésimo y nadie responde",
}


def tone_of(text: str, language: str, rating: float | None = None) -> sentiment.Tone:
    cleaned = clean(text)
    lexis = linear.lexis(language)
    reading = lexis.read(units(cleaned.lower, language))
    return sentiment.tone(cleaned, lexis, reading, language, READS, gather(cleaned, lexis, reading, language), rating)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("rating", [None, 0.0, 1.0])
def test_the_reasons_add_up_to_the_log_odds_of_friendly_against_hostile(language, rating):
    tone = tone_of(TEXTS[language], language, rating)
    assert sum(r.weight for r in tone.reasons) == pytest.approx(tone.odds)
    assert tone.score is not None
    assert (tone.score > 0) == (tone.odds > 0)
    assert all(math.isfinite(r.weight) for r in tone.reasons)


def test_vader_is_one_term_in_english_and_never_sees_anything_else(monkeypatch):
    seen = []
    original = vader.scores
    monkeypatch.setattr(vader, "scores", lambda text: seen.append(text) or original(text))
    for language, text in TEXTS.items():
        names = [r.name for r in judge(Text(text)).reasons if r.decides == "sentiment"]
        assert names.count("vader") <= 1
        assert ("vader" in names) == (language == "en")
    judge(Text("배송 언제 와요? where is my order"))
    judge(Text("Большое спасибо"))
    assert len(seen) == 1


@pytest.mark.parametrize("text", ["Большое спасибо за помощь", "متى يصل طلبي", "asdf qwer zxcv", ""])
def test_what_we_cannot_read_is_unknown(text):
    verdict = judge(Text(text))
    assert (verdict.label, verdict.sentiment) == ("unknown", None)


def test_stars_count():
    assert (
        tone_of("그냥 그래요", "ko", 0.0).odds
        < tone_of("그냥 그래요", "ko").odds
        < tone_of("그냥 그래요", "ko", 1.0).odds
    )


def test_thanks_for_nothing_is_not_friendly_and_is_marked_uncertain():
    verdict = judge(Text("Thanks for nothing, still no refund"))
    assert verdict.uncertain
    assert verdict.label != "positive"


def test_emoji_selectors_change_nothing():
    assert judge(Text("so good ❤️")).sentiment == judge(Text("so good ❤")).sentiment
    assert judge(Text("so good 👍🏽")).sentiment == judge(Text("so good 👍")).sentiment
