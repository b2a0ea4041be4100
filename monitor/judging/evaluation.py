"""How good the verdicts are on labelled mentions: the pure part of `monitor judge --evaluate FILE`.

A labelled file is JSONL (the fields of `monitor judge`, and any of "label", "needs_reply", "urgent", "intents",
"expected_language") or TSV. TSV has a header with those names; without one it is `text, label` (two columns) or
`text, needs_reply, urgent, intents, channel, rating`. Rows without a label are not counted for it.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.judging import judge
from monitor.judging.lines import as_object, read_fields
from monitor.judging.verdict import LABELS, THRESHOLDS, Context, JudgingRules, Text, Verdict

_RULES = JudgingRules()
_FOLDED = ("positive", "neutral", "negative")
_SHORT = {"pos": "positive", "neg": "negative", "neu": "neutral", "question": "neutral"}
_LABELS = ("label", "needs_reply", "urgent", "intents", "expected_language")
_COLUMNS = frozenset((*_LABELS, "text", "title", "channel", "language", "rating", "addressed"))
_NOWHERE = Context()


@dataclass(frozen=True, slots=True)
class Labelled:
    """A mention and what a person says about it; None where nobody said."""

    mention: Text
    context: Context = _NOWHERE
    label: str | None = None
    needs_reply: bool | None = None
    urgent: bool | None = None
    intents: frozenset[str] | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure with its 95 % interval; `n` is what it was counted over."""

    group: str
    name: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Report:
    measures: tuple[Measure, ...]
    rows: int
    skipped: int

    def table(self) -> str:
        """The figures for people, one a line, in per cent."""
        lines = [f"{self.rows} labelled mentions, {self.skipped} lines without a label"]
        group = ""
        for m in self.measures:
            if m.group != group:
                group = m.group
                lines.append(group)
            lines.append(f"  {m.name:<34}{m.value * 100:6.1f}  ({m.low * 100:.1f} to {m.high * 100:.1f}, n = {m.n})")
        return "\n".join(lines)

    def __getitem__(self, key: tuple[str, str]) -> Measure:
        return next(m for m in self.measures if (m.group, m.name) == key)


def evaluate(lines: Iterable[str], rules: JudgingRules = _RULES) -> Report:
    """Judge every labelled line and count."""
    pairs: list[tuple[Labelled, Verdict]] = []
    skipped = 0
    for row in read(lines):
        if row is None:
            skipped += 1
        else:
            pairs.append((row, judge(row.mention, row.context, rules)))
    return Report(tuple(measures(pairs)), len(pairs), skipped)


def read(lines: Iterable[str]) -> Iterator[Labelled | None]:
    """The rows of a labelled file; None for each line that has no label we know."""
    columns: list[str] | None = None
    for line in lines:
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        fields = as_object(line)
        if fields is None:
            cells = line.split("\t")
            if columns is None:
                if "text" in cells and set(cells) <= _COLUMNS:
                    columns = cells
                    continue
                columns = ["text", "label"] if len(cells) == 2 else _plain(len(cells))
            fields = {k: _cell(k, v) for k, v in zip(columns, cells, strict=False) if v != ""}
        yield _labelled(fields)


def _plain(cells: int) -> list[str]:
    return ["text", "needs_reply", "urgent", "intents", "channel", "rating"][:cells]


def _cell(column: str, value: str) -> object:
    if column == "rating":
        try:
            return float(value)
        except ValueError:
            return None
    if column == "addressed":
        return value in ("1", "true")
    return value


def _labelled(fields: Mapping[str, object]) -> Labelled | None:
    mention, context = read_fields(fields)
    label = fields.get("label")
    label = _SHORT.get(label, label) if isinstance(label, str) else None
    intents = fields.get("intents")
    names = intents.replace(";", ",").replace(" ", ",").split(",") if isinstance(intents, str) else intents
    row = Labelled(
        mention=mention,
        context=context,
        label=label if label in LABELS else None,
        needs_reply=_yes(fields.get("needs_reply")),
        urgent=_yes(fields.get("urgent")),
        intents=frozenset(str(n) for n in names if n) if isinstance(names, list) else None,
        language=str(fields["expected_language"]) if fields.get("expected_language") else None,
    )
    known = (row.label, row.needs_reply, row.urgent, row.intents, row.language)
    return None if all(k is None for k in known) else row


def _yes(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(str(value).lower())


Pairs = Sequence[tuple[Labelled, Verdict]]


def measures(pairs: Pairs) -> Iterator[Measure]:
    for language in sorted({v.language for row, v in pairs if row.label is not None}):
        yield from _tone(f"sentiment, {language}", [p for p in pairs if p[1].language == language])
    if len({v.language for row, v in pairs if row.label is not None}) > 1:
        yield from _tone("sentiment, all", pairs)
    yield from _replies([p for p in pairs if p[0].needs_reply is not None])
    urgent = [(bool(row.urgent), v.urgent) for row, v in pairs if row.urgent is not None]
    yield from _precision_recall("urgent", urgent)
    wanted = sorted({name for row, _ in pairs for name in row.intents or ()})
    for name in wanted:
        rows = [(name in (row.intents or ()), name in v.intents) for row, v in pairs if row.intents is not None]
        yield from _precision_recall(f"intent, {name}", rows)
    spoken = [(row.language, v.language) for row, v in pairs if row.language is not None]
    if spoken:
        yield share("language", "accuracy", sum(a == b for a, b in spoken), len(spoken))


def _tone(group: str, pairs: Pairs) -> Iterator[Measure]:
    rows = [(row.label, v.label) for row, v in pairs if row.label is not None and row.label in _FOLDED]
    if not rows:
        return
    counts = Counter(rows)
    yield share(group, "accuracy", sum(n for (a, b), n in counts.items() if a == b), len(rows))
    yield resampled(group, "macro-F1", counts, macro_f1)
    signed = [
        (row.label, v.sentiment)
        for row, v in pairs
        if row.label in ("positive", "negative") and v.sentiment is not None
    ]
    right = sum((s > 0) == (label == "positive") and s != 0 for label, s in signed)
    yield share(group, "sign accuracy", right, len(signed))
    for label in _FOLDED:
        of = sum(n for (a, _), n in counts.items() if a == label)
        if of:
            yield share(group, f"recall, {label}", counts[label, label], of)


def _replies(pairs: Pairs) -> Iterator[Measure]:
    if not pairs:
        return
    yield from _precision_recall("needs reply", [(bool(row.needs_reply), v.needs_reply) for row, v in pairs])
    scored = [(v.needs_reply_score, bool(row.needs_reply)) for row, v in pairs]
    yield auc("needs reply", scored)
    seen = sum(v.needs_reply or v.check for row, v in pairs if row.needs_reply)
    yield share("needs reply", "recall with the check list", seen, sum(bool(row.needs_reply) for row, _ in pairs))
    for name, cut in THRESHOLDS.items():
        at = [(wanted, score >= cut) for score, wanted in scored]
        yield from _precision_recall(f"needs reply, threshold {name}", at)


def _precision_recall(group: str, rows: Sequence[tuple[bool, bool]]) -> Iterator[Measure]:
    if not rows:
        return
    hits = sum(a and b for a, b in rows)
    yield share(group, "precision", hits, sum(b for _, b in rows))
    yield share(group, "recall", hits, sum(a for a, _ in rows))
    yield share(
        group, "flagged though it should not be", sum(b and not a for a, b in rows), sum(not a for a, _ in rows)
    )


def share(group: str, name: str, hits: int, n: int) -> Measure:
    """A proportion with its Wilson interval; 0 of 0 may be anything from 0 to 1."""
    if n == 0:
        return Measure(group, name, 0.0, 0.0, 1.0, 0)
    z, p = 1.96, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Measure(group, name, p, max(0.0, middle - half), min(1.0, middle + half), n)


def macro_f1(counts: Mapping[tuple[str, str], int]) -> float:
    """Mean F1 over the labels that people used."""
    scores = []
    for label in _FOLDED:
        wanted = sum(n for (a, _), n in counts.items() if a == label)
        said = sum(n for (_, b), n in counts.items() if b == label)
        if wanted:
            scores.append(2 * counts.get((label, label), 0) / (wanted + said))
    return sum(scores) / len(scores) if scores else 0.0


def resampled(
    group: str,
    name: str,
    counts: Counter[tuple[str, str]],
    figure: Callable[[Mapping[tuple[str, str], int]], float],
    rounds: int = 200,
) -> Measure:
    """A figure with its bootstrap interval, from a fixed seed."""
    dice = random.Random(7)
    kinds, weights, n = list(counts), list(counts.values()), counts.total()
    drawn = sorted(figure(Counter(dice.choices(kinds, weights, k=n))) for _ in range(rounds))
    return Measure(group, name, figure(counts), drawn[int(rounds * 0.025)], drawn[int(rounds * 0.975) - 1], n)


def auc(group: str, scored: Sequence[tuple[float, bool]]) -> Measure:
    """The chance that one that needs a reply scores above one that does not (ties count half; Hanley and McNeil)."""
    yes = sum(wanted for _, wanted in scored)
    no = len(scored) - yes
    if not yes or not no:
        return Measure(group, "AUC", 0.0, 0.0, 1.0, len(scored))
    by_score: dict[float, list[int]] = {}
    for score, wanted in scored:
        by_score.setdefault(score, [0, 0])[wanted] += 1
    below, won = 0, 0.0
    for score in sorted(by_score):
        n_no, n_yes = by_score[score]
        won += n_yes * (below + n_no / 2)
        below += n_no
    a = won / (yes * no)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (yes - 1) * (q1 - a * a) + (no - 1) * (q2 - a * a)) / (yes * no)
    half = 1.96 * math.sqrt(max(0.0, variance))
    return Measure(group, "AUC", a, max(0.0, a - half), min(1.0, a + half), len(scored))
