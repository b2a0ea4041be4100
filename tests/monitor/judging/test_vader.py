"""Our VADER gives the very numbers of the original, only sooner."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from monitor.judging import vader

ORIGINAL = SentimentIntensityAnalyzer()
SENTENCE = (
    "no not never so this without doubt least at very kind of but good great bad HATE Love worst isn't can't kinda "
    "the shit bomb yeah right to die for kiss death hand mouth or nor refund please ! ??? :) 💔 😀 🔥 sort just enough"
)
WORDS = SENTENCE.split(" ")


def same(text: str) -> None:
    wanted = ORIGINAL.polarity_scores(text)
    assert vader.scores(text)._asdict() == wanted, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The food is GREAT but the service was not so good!!!",
        "yeah right, the bomb",
        "no good or nor bad",
        "least helpful, at least kind of nice",
        "never so good, without a doubt the best 😀😀 x😀",
    ],
)
def test_known_traps_score_as_in_the_original(text):
    same(text)


@given(st.lists(st.sampled_from(WORDS), max_size=25))
@settings(max_examples=400, deadline=None)
def test_any_mix_of_its_words_scores_as_in_the_original(words):
    same(" ".join(words))


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_scores_as_in_the_original(text):
    same(text)
