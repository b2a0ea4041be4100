"""What the author wants: evidence for each intent, from phrases, marks and (where trained) sentence tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.judging import cues
from monitor.judging.clean import Cleaned, quote
from monitor.judging.cues import Cue
from monitor.judging.linear import Lexis, Reading
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


def gather(cleaned: Cleaned, lexis: Lexis, reading: Reading, language: str) -> Evidence:
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
    if "acts" in lexis:
        _read_acts(lexis, reading, gathered)
    if cleaned.links + cleaned.hashtags > 3:
        gathered.add("links", min(1.0, (cleaned.links + cleaned.hashtags) / 10), "")
    return Evidence(gathered.strength, gathered.quotes, marks)


_ENDINGS = ("요", "다", "까", "죠", "네", "음", "임", "냐", "함", "됨", "지")
_SENTENCES = 24


def sentences(said: Sequence[str]) -> list[tuple[int, int]]:
    """First word and end of each Korean sentence, also where only its last syllable tells that it ended."""
    found: list[tuple[int, int]] = []
    begin = 0
    for i, word in enumerate(said):
        if not word[0].isalnum() or word[0] in "ㅋㅎㅠㅜ":
            found.append((begin, i))
            begin = i + 1
        elif (i - begin >= 2 and word.endswith(_ENDINGS)) or i - begin >= 11:
            found.append((begin, i + 1))
            begin = i + 1
    found.append((begin, len(said)))
    found = [(b, e) for b, e in found if b < e]
    # What people want stands at the beginning or, more often, at the end.
    return found if len(found) <= _SENTENCES else found[: _SENTENCES // 2] + found[-_SENTENCES // 2 :]


def _read_acts(lexis: Lexis, reading: Reading, gathered: _Gathered) -> None:
    """Questions and requests by their form: Korean ones often come without a mark."""
    for begin, end in sentences(reading.words):
        if end - begin == 1 and len(reading.words[begin]) < 4:
            continue
        total = lexis.sum("acts", reading, begin, end)
        # Each against the better of the two others, so that a clear question is no request.
        p_question = probability(total.first - max(total.second, 0.0))
        p_request = probability(total.second - max(total.first, 0.0))
        if p_question > 0.5:
            gathered.add("question_form", p_question, " ".join(reading.words[begin:end]))
        if p_request > 0.5:
            gathered.add("request_form", p_request, " ".join(reading.words[begin:end]))


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
