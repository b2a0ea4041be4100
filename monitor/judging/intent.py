"""What the author wants: evidence for each intent, from phrases, marks and (where trained) sentence tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.judging import cues
from monitor.judging.clean import Cleaned, quote
from monitor.judging.cues import Cue
from monitor.judging.linear import Lexis, Reading
from monitor.judging.verdict import Reason, probability
from monitor.judging.wording import Wording

_URL_MARKS = re.compile(r"\?(?=[\w=&%]+=)")
_NOT_BEFORE = {
    "en": re.compile(
        r"(?:\bnot|n't|\bnever|\bno|\bhardly|\bwithout|\bisnt|\bwasnt|\bdont|\bdoesnt|\bdidnt)(?: \w+){0,2} $"
    ),
    "ko": re.compile(r"(?:안|못|덜)$"),
}
_NOT_AFTER = re.compile(r"^.{0,3}지(?:도|는|가|를)?(?:않|못|안)|^.{0,2}진(?:않|못)")


# A question without its mark: a sentence that opens with a verb and whom it is about.
_ASKS = re.compile(
    r"(?:^|[.,;:!\n]\s{0,3}|\b(?:so|ok|hi|hey|hello|wait|but|and|or) )"
    r"(?:is|are|do|does|did|can|could|will|would|has|have|should|may) "
    r"(?:i|you|u|it|this|that|these|those|they|we|there|the|your|my|any|anyone|anybody)\b"
)


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
    if language == "en" and (asked := _ASKS.search(cleaned.lower)):
        gathered.add("question_form", 0.9, asked[0].lstrip(" .,;:!\n"))
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
        question, request = lexis.odds_between("acts", reading, begin, end)
        # Each against the better of the two others, so that a clear question is no request.
        p_question = probability(question - max(request, 0.0))
        p_request = probability(request - max(question, 0.0))
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


# Log-odds: where each intent starts, and what its signs add. From logistic regressions on one half of the development
# sentences, Korean and English together, then rounded. "said" is what the tables of `wording` say, at most 2.5
# either way.
WEIGHTS: dict[str, tuple[float, dict[str, float]]] = {
    "question": (-0.7, {"question": 2.4, "question_form": 0.6, "rhetorical": -0.4, "sponsored": -1.0, "said": 0.6}),
    "request": (-1.3, {"request": 1.6, "request_form": 0.7, "resolved": -1.0, "said": 1.0}),
    "complaint": (-1.4, {"complaint": 1.5, "discourage": 1.0, "said": 0.9, "tone": -0.8, "low": 1.9, "high": -1.2}),
    "praise": (0.1, {"praise": 1.6, "recommend": 0.6, "said": 0.8, "tone": 1.4, "high": 1.5}),
    "purchase": (-0.1, {"purchase": 2.1, "said": 0.75}),
    "churn": (0.0, {"churn": 2.4, "said": 0.9}),
    "spam": (-1.3, {"spam": 1.9, "sponsored": -0.7, "said": 0.95}),
    "sponsored": (-1.5, {"sponsored": 2.1, "spam": -0.5, "said": 1.05}),
    "news": (-0.4, {"news": 1.8, "said": 1.2}),
}
STARTS = {name: start for name, (start, _) in WEIGHTS.items()}
BY_SIGN: dict[str, list[tuple[str, float]]] = {}
for _intent, (_, _signs) in WEIGHTS.items():
    for _sign, _weight in _signs.items():
        BY_SIGN.setdefault(_sign, []).append((_intent, _weight))

SAID = {"spam": "promotion", "sponsored": "promotion"}
SAID_LIMIT = 2.5

# Languages without tables of wording: how strong the phrases must be.
PHRASES_ALONE = {
    "question": 0.7,
    "request": 0.9,
    "complaint": 0.9,
    "praise": 0.9,
    "purchase": 0.7,
    "churn": 0.7,
    "spam": 0.7,
    "sponsored": 0.7,
    "news": 0.7,
}


def intents(
    evidence: Evidence, wording: Wording, tone: float, rating: float | None
) -> tuple[tuple[str, ...], tuple[Reason, ...]]:
    """Every intent that holds, in the order of `verdict.INTENTS`, and why; chatter when none does. `tone` is -1..1."""
    if wording.intents:
        odds = dict(STARTS)
        for sign, strength in evidence.strength.items():
            for name, weight in BY_SIGN.get(sign, ()):
                odds[name] += weight * strength
        for name, weight in BY_SIGN["said"]:
            said = wording[SAID.get(name, name)]
            odds[name] += weight * max(-SAID_LIMIT, min(SAID_LIMIT, said))
        for name, weight in BY_SIGN["tone"]:
            odds[name] += weight * tone
        if rating is not None and not 0.4 <= rating <= 0.7:
            for name, weight in BY_SIGN["low" if rating < 0.4 else "high"]:
                odds[name] += weight
    else:
        odds = {name: evidence[name] - needed for name, needed in PHRASES_ALONE.items()}
    found = [name for name, sum_ in odds.items() if sum_ >= 0]
    reasons = [Reason(name, odds[name], evidence.quotes.get(name, ""), "intent") for name in found]
    return tuple(found) or ("chatter",), tuple(reasons)
