"""What the author wants: evidence for each intent, from phrases, marks and (where trained) sentence tables."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from monitor.judging import cues, linear
from monitor.judging.clean import Cleaned, quote
from monitor.judging.cues import Cue
from monitor.judging.features import units
from monitor.judging.verdict import probability

_URL_MARKS = re.compile(r"\?(?=[\w=&%]+=)")
_NOT_BEFORE = {
    "en": re.compile(
        r"(?:\bnot|n't|\bnever|\bno|\bhardly|\bwithout|\bisnt|\bwasnt|\bdont|\bdoesnt|\bdidnt)(?: \w+){0,2} $"
    ),
    "ko": re.compile(r"(?:안|못|덜)$"),
}
_NOT_AFTER = re.compile(r"^.{0,3}지(?:도|는|가|를)?(?:않|못|안)|^.{0,2}진(?:않|못)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The strongest sign of each section, and where it was seen. Strengths are 0..1."""

    strength: Mapping[str, float]
    quotes: Mapping[str, str]
    marks: int = 0
    """Question marks outside of links."""

    def __getitem__(self, name: str) -> float:
        return self.strength.get(name, 0.0)


@dataclass(slots=True)
class _Gathered:
    strength: dict[str, float] = field(default_factory=dict)
    quotes: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, strength: float, evidence: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        if strength > self.strength.get(name, 0.0):
            self.strength[name] = strength
            self.quotes[name] = quote(evidence)


def gather(cleaned: Cleaned, language: str) -> Evidence:
    gathered = _Gathered()
    for reader in _readers(cleaned, language):
        finder = cues.finder(reader)
        if finder is not None:
            for cue in finder.find(cleaned.lower):
                if cue.name in ("praise", "recommend") and _is_negated(cue, reader):
                    gathered.add("complaint", 0.6 * cue.strength, cue.evidence)
                else:
                    gathered.add(cue.name, cue.strength, cue.evidence)
    marks = cleaned.lower.count("?")
    if marks:
        gathered.add("question", 0.8, "?")
    if language == "ko" and (acts := linear.table("acts", "ko")):
        _read_acts(cleaned.lower, acts, gathered)
    if cleaned.links + cleaned.hashtags > 3:
        gathered.add("links", min(1.0, (cleaned.links + cleaned.hashtags) / 10), "")
    return Evidence(gathered.strength, gathered.quotes, marks)


_SENTENCE_END = re.compile(r"[.!?\n…~ㅋㅎㅠㅜ,;]+")
_ENDINGS = ("요", "다", "까", "죠", "네", "음", "임", "냐", "함", "됨", "지")
_SENTENCES = 24


def sentences(lower: str) -> list[str]:
    """Korean sentences, also where only a sentence's last syllable tells that it ended."""
    found: list[str] = []
    for piece in _SENTENCE_END.split(lower):
        words = piece.split()
        begin = 0
        for i, word in enumerate(words):
            if (i - begin >= 2 and word.endswith(_ENDINGS)) or i - begin >= 11:
                found.append(" ".join(words[begin : i + 1]))
                begin = i + 1
        if begin < len(words):
            found.append(" ".join(words[begin:]))
    return found[:_SENTENCES]


def _read_acts(lower: str, acts: linear.Table, gathered: _Gathered) -> None:
    """Questions and requests by their form: Korean ones often come without a mark."""
    for sentence in sentences(lower):
        if len(sentence) < 4:
            continue
        total = acts.sum(units(sentence, "ko"))
        question = total.first + acts.bias[0]
        request = total.second + acts.bias[1]
        other = 0.0
        # Against the best of the two others, so that a clear question is no request.
        p_question = probability(question - max(request, other))
        p_request = probability(request - max(question, other))
        if p_question > 0.5:
            gathered.add("question_form", p_question, sentence)
        if p_request > 0.5:
            gathered.add("request_form", p_request, sentence)


def _readers(cleaned: Cleaned, language: str) -> Iterable[str]:
    yield language
    if language == "und" or (language == "ko" and any("a" <= c <= "z" for c in cleaned.lower)):
        yield "en"


def _is_negated(cue: Cue, language: str) -> bool:
    pattern = _NOT_BEFORE.get(language)
    if pattern is not None and pattern.search(cue.before):
        return True
    return language == "ko" and _NOT_AFTER.search(cue.after) is not None


def intents(evidence: Evidence, label: str, score: float, wording: float) -> tuple[str, ...]:
    """Every intent that holds, in the fixed order of `verdict.INTENTS`; chatter when none does.

    `score` is the tone, `wording` the log-odds that the text is worded like one that needs an answer.
    """
    noise = max(evidence["spam"], evidence["sponsored"], evidence["news"])
    trouble = max(evidence["complaint"], evidence["problem"], evidence["churn"], evidence["followup"])
    asks = max(evidence["question"], evidence["question_form"])
    found = {
        "question": asks >= 0.7 and (evidence["rhetorical"] < 1 or wording > 0.5) and noise < 1,
        "request": evidence["request"] >= 0.9 and evidence["resolved"] < 1,
        "complaint": (evidence["complaint"] >= 1 and (label != "positive" or wording > 0))
        or (trouble >= 0.5 and (label == "negative" or wording > 0.5))
        or (label == "negative" and wording > 0.2 and noise < 1)
        or evidence["discourage"] >= 1,
        "praise": noise < 1
        and (
            (max(evidence["praise"], evidence["recommend"]) >= 1 and label != "negative")
            or (label == "positive" and (evidence["praise"] >= 0.5 or (score > 0.6 and wording < 0)))
        ),
        "purchase": evidence["purchase"] >= 0.7,
        "churn": evidence["churn"] >= 0.7,
        "spam": evidence["spam"] >= 0.7,
        "sponsored": evidence["sponsored"] >= 0.7,
        "news": evidence["news"] >= 0.7,
    }
    return tuple(name for name, holds in found.items() if holds) or ("chatter",)
