"""Figures with n and intervals, and the disclosed development sentences behind those we publish."""

from pathlib import Path

import pytest

from monitor.judging.evaluation import auc, evaluate, macro_f1, read, share

DEV = Path(__file__).parent / "dev"


def test_a_share_has_a_wilson_interval():
    m = share("g", "n", 9, 10)
    assert (m.value, m.n) == (0.9, 10)
    assert (round(m.low, 3), round(m.high, 3)) == (0.596, 0.982)
    assert (share("g", "n", 0, 0).low, share("g", "n", 0, 0).high) == (0.0, 1.0)


def test_auc_counts_ties_half():
    assert auc("g", [(0.9, True), (0.1, False)]).value == 1.0
    assert auc("g", [(0.5, True), (0.5, False)]).value == 0.5
    assert auc("g", [(0.2, True), (0.4, False), (0.6, True)]).value == 0.5


def test_macro_f1_is_the_mean_over_the_labels_people_used():
    counts = {("positive", "positive"): 8, ("positive", "negative"): 2, ("negative", "negative"): 10}
    assert macro_f1(counts) == pytest.approx((2 * 8 / 18 + 2 * 10 / 22) / 2)


def test_both_kinds_of_files_are_read():
    rows = list(read(["text\tlabel", "good\tpos", "bad\tnegative", "what\tnonsense"]))
    assert [r.label if r else None for r in rows] == ["positive", "negative", None]
    (row,) = read(["help me\t1\t0\trequest,question\tdirect"])
    assert row is not None
    assert (row.needs_reply, row.urgent, row.mention.channel) == (True, False, "direct")
    assert row.intents == {"request", "question"}
    (row,) = read(['{"text": "x", "label": "neutral", "needs_reply": false, "rating": 0.5}'])
    assert row is not None
    assert (row.label, row.needs_reply, row.mention.rating) == ("neutral", False, 0.5)


@pytest.mark.parametrize(("language", "precision", "recall"), [("en", 0.80, 0.72), ("ko", 0.84, 0.80)])
def test_the_development_sentences_keep_their_figures(language, precision, recall):
    report = evaluate(DEV.joinpath(f"{language}.tsv").read_text("utf-8").splitlines())
    assert report.rows >= 300
    assert report["needs reply", "precision"].value >= precision
    assert report["needs reply", "recall"].value >= recall
    assert report["urgent", "precision"].value >= 0.75
    assert report["urgent", "recall"].value >= 0.78
    assert "AUC" in report.table()
