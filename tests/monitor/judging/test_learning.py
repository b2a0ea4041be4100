"""Learning from corrections: measured first, additive, and only for this brand."""

from dataclasses import replace

import pytest

from monitor.judging import JudgingRules, Text, judge
from monitor.judging.learning import Correction, learn, preview

RULES = JudgingRules()
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
CITIES = ("oslo", "rome", "lima", "cairo", "delhi", "paris", "kyoto", "quito", "accra", "hanoi")
QUIET = [f"the glimmer drops tonight, number {number}" for number in NUMBERS]
LOUD = [f"is the weather in {city} good?" for city in CITIES]


def corrections() -> list[Correction]:
    return [Correction(Text(t), needs_reply=True) for t in QUIET] + [
        Correction(Text(t), needs_reply=False) for t in LOUD
    ]


def test_a_preview_counts_the_flips_and_changes_nothing():
    before = [judge(c.mention) for c in corrections()]
    shown = preview(corrections(), RULES)
    assert [judge(c.mention) for c in corrections()] == before
    assert shown.recall.n == 10
    assert shown.new_recall.value > shown.recall.value
    assert shown.is_better
    assert all(f.before != f.after for f in shown.flips)
    assert sum(f.right for f in shown.flips) > len(shown.flips) / 2


def test_what_was_learned_is_one_more_reason_and_the_sum_still_holds():
    rules = replace(RULES, learned=learn(corrections(), RULES))
    plain, taught = judge(Text("the glimmer drops on friday")), judge(Text("the glimmer drops on friday"), rules=rules)
    assert taught.needs_reply_score > plain.needs_reply_score
    (reason,) = [r for r in taught.reasons if r.name == "learned"]
    assert reason.weight > 0 and "glimmer" in reason.evidence
    total = sum(r.weight for r in taught.reasons if r.decides == "needs_reply")
    assert total == pytest.approx(sum(r.weight for r in plain.reasons if r.decides == "needs_reply") + reason.weight)


def test_one_correction_alone_teaches_nothing_but_a_little_caution():
    learned = learn([Correction(Text("hello world, lovely day"), needs_reply=True)], RULES)
    assert not any(name.startswith("word:") for name in learned)


def test_a_tone_that_is_corrected_again_and_again_is_learned():
    told = [Correction(Text(f"this is wicked {n}"), label="positive") for n in ("one", "two", "three", "four")]
    learned = learn(told, RULES)
    assert learned["tone:wicked"] > 0
    before, after = (
        judge(Text("wicked stuff right here")),
        judge(Text("wicked stuff right here"), rules=replace(RULES, learned=learned)),
    )
    assert before.sentiment is not None and after.sentiment is not None
    assert after.sentiment > before.sentiment


def test_learning_twice_gives_the_same():
    assert learn(corrections(), RULES) == learn(corrections(), RULES)
