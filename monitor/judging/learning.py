"""Learning from people's corrections: what would change, measured before anything is changed.

Pure: corrections in, a `Preview` out. Its `learned` is what `JudgingRules(learned=...)` takes; storing it, and asking
first, is the caller's. The figures come from five-fold cross-validation, so no correction is judged by a table that
has seen it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.judging import judge
from monitor.judging.clean import clean
from monitor.judging.evaluation import Measure, share
from monitor.judging.features import units
from monitor.judging.verdict import Context, JudgingRules, Text, Verdict, log_odds, probability

FOLDS = 5
ROUNDS = 150
STEP = 0.3
HOLD_BACK = 0.05
"""How strongly every learned weight is pulled to zero, per correction: a few corrections move little."""
WORD_FROM = 3
"""A word must stand in that many corrections to be learned."""
MOST = 2.5
"""No learned weight is larger: people teach a habit, not an exception."""

_NOWHERE = Context()


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said about one mention; None where they said nothing."""

    mention: Text
    context: Context = _NOWHERE
    needs_reply: bool | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Flip:
    """A correction whose answer the learned table changes; `right` when it then agrees with the person."""

    mention: Text
    before: bool
    after: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """Precision and recall now and as they would be, and the corrections that flip. Nothing has been changed."""

    precision: Measure
    recall: Measure
    new_precision: Measure
    new_recall: Measure
    flips: tuple[Flip, ...]
    learned: Mapping[str, float]

    @property
    def is_better(self) -> bool:
        """More of the changed answers are right than wrong."""
        right = sum(f.right for f in self.flips)
        return right > len(self.flips) - right


@dataclass(frozen=True, slots=True)
class _Row:
    names: frozenset[str]
    odds: float
    wanted: bool


def preview(corrections: Sequence[Correction], rules: JudgingRules) -> Preview:
    """What learning from these corrections would do to the very same kind of mention."""
    plain = replace(rules, learned={})
    told = [(c, judge(c.mention, c.context, plain)) for c in corrections if c.needs_reply is not None]
    bar = log_odds(min(max(rules.cut(), 1e-6), 1 - 1e-6))
    rows = [_row(c, v) for c, v in told]
    before = [r.odds >= bar for r in rows]
    after = [False] * len(rows)
    for fold in range(FOLDS):
        learned = _fit([r for i, r in enumerate(rows) if i % FOLDS != fold])
        for i in range(fold, len(rows), FOLDS):
            after[i] = rows[i].odds + _moved(rows[i], learned) >= bar
    flips = tuple(
        Flip(c.mention, b, a, a == row.wanted)
        for (c, _), row, b, a in zip(told, rows, before, after, strict=True)
        if a != b
    )
    wanted = [r.wanted for r in rows]
    return Preview(
        *_precision_recall("now", wanted, before),
        *_precision_recall("learned", wanted, after),
        flips,
        learn(corrections, rules),
    )


def learn(corrections: Iterable[Correction], rules: JudgingRules) -> dict[str, float]:
    """The weights for this brand, from all corrections."""
    corrections = list(corrections)
    plain = replace(rules, learned={})
    rows = [_row(c, judge(c.mention, c.context, plain)) for c in corrections if c.needs_reply is not None]
    return {**_fit(rows), **_tones([c for c in corrections if c.label is not None], plain)}


def _row(correction: Correction, verdict: Verdict) -> _Row:
    terms = [r for r in verdict.reasons if r.decides == "needs_reply"]
    words = units(clean(correction.mention.text, correction.mention.title).lower, verdict.language)
    names = {r.name for r in terms} | {f"word:{w}" for w in words if len(w) > 1}
    return _Row(frozenset(names), sum(r.weight for r in terms), correction.needs_reply is True)


def _moved(row: _Row, learned: Mapping[str, float]) -> float:
    return sum(learned.get(name, 0.0) for name in row.names)


def _fit(rows: Sequence[_Row]) -> dict[str, float]:
    """Logistic regression on top of the fixed log-odds, by plain gradient steps from zero."""
    if not rows:
        return {}
    seen = Counter(name for row in rows for name in row.names)
    names = [n for n in sorted(seen) if seen[n] >= WORD_FROM]
    known = frozenset(names)
    weights = dict.fromkeys(names, 0.0)
    for _ in range(ROUNDS):
        slope = {name: -HOLD_BACK * weight * len(rows) for name, weight in weights.items()}
        for row in rows:
            present = row.names & known
            missed = row.wanted - probability(row.odds + sum(weights[n] for n in present))
            for name in present:
                slope[name] += missed
        for name in names:
            moved = weights[name] + STEP * slope[name] / len(rows)
            weights[name] = max(-MOST, min(MOST, moved))
    return {name: round(weight, 4) for name, weight in weights.items() if abs(weight) >= 0.02}


def _tones(corrections: Sequence[Correction], rules: JudgingRules) -> dict[str, float]:
    """Words whose tone people keep correcting the same way."""
    pulls: dict[str, list[float]] = {}
    for c in corrections:
        verdict = judge(c.mention, c.context, rules)
        wanted = {"positive": 1.0, "neutral": 0.0, "negative": -1.0}.get(c.label or "")
        if wanted is None or verdict.sentiment is None or c.label == verdict.label:
            continue
        for word in set(units(clean(c.mention.text, c.mention.title).lower, verdict.language)):
            if len(word) > 1:
                pulls.setdefault(word, []).append(wanted - verdict.sentiment)
    agreed = {w: p for w, p in pulls.items() if len(p) >= WORD_FROM and (min(p) > 0 or max(p) < 0)}
    return {f"tone:{w}": round(max(-MOST, min(MOST, sum(p) / len(p))), 4) for w, p in sorted(agreed.items())}


def _precision_recall(group: str, wanted: Sequence[bool], said: Sequence[bool]) -> tuple[Measure, Measure]:
    hits = sum(a and b for a, b in zip(wanted, said, strict=True))
    return share(group, "precision", hits, sum(said)), share(group, "recall", hits, sum(wanted))
