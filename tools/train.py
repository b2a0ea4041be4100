"""Train every table that judging ships, from a folder of labelled texts, with fixed seeds.

    python tools/train.py --data DIR [--only en ko ...] [--out monitor/judging/tables] [--report FILE]

DIR holds gzip'd TSV files without a header, `text<TAB>label`, under the names listed in PLANS below; `docs/judging.md`
says where each comes from and under which licence. Needs scikit-learn (`pip install 'mention-monitor[train]'`); the
tables themselves need nothing. The same data gives the same tables.
"""

import argparse
import gzip
import json
import math
import random
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitor.judging import language, linear, sentiment
from monitor.judging.clean import clean
from monitor.judging.cues import alternatives
from monitor.judging.features import LATIN_RUNS, RUNS, pairs, runs, units

LATIN = {
    "en": ("en_goemotions", "en_xed"),
    "es": ("es_xed",),
    "de": ("de_xed",),
    "fr": ("fr_xed",),
    "pt": ("pt_br_xed", "pt_xed"),
    "it": ("it_xed",),
    "id": ("id_xed",),
    "nl": ("nl_xed",),
    "pl": ("pl_xed",),
    "sv": ("sv_xed",),
    "vi": ("vi_xed",),
}

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / "monitor" / "judging" / "tables"
SEED = 7

POSITIVE, NEGATIVE, NEUTRAL = 0, 1, 2
TONES = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL}
ACTS = {"question": 0, "command": 1}
"""Everything else in the acts file (statements, fragments, rhetorical forms) wants no answer."""


@dataclass(frozen=True)
class Source:
    """One file: its name in the folder, its weight in training, how many rows are held out, and the licence."""

    file: str
    licence: str
    weight: float = 1.0
    held_out: int = 0
    limit: int | None = None


XED = "Helsinki-NLP/XED, CC BY 4.0"


@dataclass(frozen=True)
class Plan:
    """One table: what it is trained on and how much is kept."""

    name: str
    language: str
    sources: Sequence[Source]
    labels: dict[str, int] = field(default_factory=lambda: TONES)
    c: float = 3.0
    min_df: int = 3
    keep: int = 40_000
    # log of how much more often than the model says a class is chosen; set on the held-out rows
    shift: tuple[float, float] = (0.0, 0.0)
    # How much the hand-written lists count beyond what the training texts say about them.
    lexicon: float = 0.0
    balance: bool = False
    vader: bool = False
    # Where there are many rows, 25 rounds of saga or sag say more than 80 of lbfgs (Korean reviews: 86 against 84 %).
    solver: str = "lbfgs"
    # Sentences of our own: the two weights are then "needs a reply" and "cannot wait", each against the rest.
    seeds: bool = False


PLANS = [
    Plan(
        "tone",
        "en",
        [
            Source("en_goemotions", "GoEmotions, CC BY 4.0", held_out=4000),
            Source("en_xed", XED, weight=0.3, held_out=2000),
        ],
        c=2.0,
        keep=40_000,
        shift=(0.0, 0.1),
        vader=True,
    ),
    Plan(
        "tone",
        "ko",
        [
            Source("ko_nsmc", "e9t/nsmc, CC0 1.0", held_out=4000),
            Source("ko_kote_val", "searle-j/KOTE, MIT", weight=10, held_out=1000),
            Source("ko_neu_mit", "songys/Chatbot_data, MIT", weight=4, held_out=500),
        ],
        c=1.0,
        min_df=4,
        keep=75_000,
        # Chosen on rows that are neither held out nor were trained on when they served for that.
        shift=(-0.4, -0.4),
        solver="saga",
    ),
    Plan(
        "tone",
        "th",
        [Source("th_wisesight", "PyThaiNLP/wisesight-sentiment, CC0 1.0", held_out=3000)],
        keep=45_000,
        shift=(0.35, 0.1),
    ),
    *(
        Plan(
            "tone",
            code,
            [Source(f, XED, held_out=n) for f, n in files],
            lexicon=4.0,
            balance=True,
            # Pruning would take the list's own words before the forms made of them.
            keep=30_000 if code in ("ja", "zh", "id") else 15_000,
            c=1.0,
        )
        for code, files in {
            "es": [("es_xed", 1000)],
            "pt": [("pt_br_xed", 1000), ("pt_xed", 500)],
            "de": [("de_xed", 800)],
            "fr": [("fr_xed", 800)],
            "it": [("it_xed", 800)],
            "id": [("id_xed", 150)],
            "zh": [("zh_xed", 200)],
            "ja": [],
        }.items()
    ),
    Plan(
        "acts",
        "ko",
        [Source("ko_3i4k", "warnikchow/3i4k, CC BY-SA 4.0", held_out=4000)],
        labels=ACTS,
        c=3.0,
        keep=25_000,
    ),
    Plan("needs", "en", [Source("en_goemotions", "GoEmotions, CC BY 4.0", limit=5000)], c=4.0, min_df=2, seeds=True),
    Plan(
        "needs",
        "ko",
        [
            Source("ko_kote_val", "searle-j/KOTE, MIT", limit=3000),
            Source("ko_neu_mit", "songys/Chatbot_data, MIT", limit=1500),
        ],
        c=4.0,
        min_df=2,
        seeds=True,
    ),
]


def read(folder: Path, source: Source, labels: dict[str, int]) -> list[tuple[str, int]]:
    """The rows in an order that depends on the seed alone; the first `held_out` are for measuring."""
    rows = []
    with gzip.open(folder / f"{source.file}.tsv.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            text, _, label = line.rstrip("\n").rpartition("\t")
            if label in labels or labels is ACTS or label == "question":
                rows.append((text, labels.get(label, NEUTRAL)))
    random.Random(SEED).shuffle(rows)
    return rows[: source.limit]


Features = tuple[list[str], list[str], int]


def features(text: str, language: str) -> Features:
    """Runs, pairs, and the number of runs, exactly as `linear.Table` sees a text."""
    shortest, longest = RUNS.get(language, LATIN_RUNS)
    words = units(clean(text).lower, language)
    found = [run for word in words for run in runs(word, shortest, longest)]
    return found, pairs(words), len(found)


def matrix(texts: Iterable[Features], columns: dict[str, int]) -> sp.csr_matrix:
    indices: list[int] = []
    values: list[float] = []
    ends = [0]
    for found, two, n in texts:
        row: dict[int, float] = {}
        for part, size in ((found, n), (two, len(two))):
            unit = 1 / math.sqrt(size) if size else 0.0
            for feature in part:
                if (j := columns.get(feature)) is not None:
                    row[j] = row.get(j, 0.0) + unit
        indices.extend(row)
        values.extend(row.values())
        ends.append(len(indices))
    return sp.csr_matrix((values, indices, ends), shape=(len(ends) - 1, len(columns)), dtype=np.float32)


def extras(texts: Iterable[str]) -> sp.csr_matrix:
    scores = (sentiment.english(clean(t)) for t in texts)
    rows = [[s.compound, s.pos, s.neg, float(s.compound == 0)] for s in scores]
    return sp.csr_matrix(np.array(rows, dtype=np.float32))


EXTRAS = ("compound", "pos", "neg", "silent")


def lexicon(language: str) -> dict[str, float]:
    """Feature -> value (-3 to 3) of the hand-written list: a word between its edges, a pair, or a run of letters."""
    file = HERE / "lexicons" / f"{language}.txt"
    if not file.is_file():
        return {}
    values: dict[str, float] = {}
    value = 0.0
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if section := re.fullmatch(r"\[(-?\d)\]", line.strip()):
            value = float(section[1])
            continue
        for entry in re.findall(r'"[^"]+"|\S+', line):
            for word in alternatives(entry.strip('"')):
                for feature, share in _forms(word.lower(), language):
                    # Turning a mild word around says little, and a run that is too long is never looked up.
                    if (share < 0 and abs(value) < 2) or (language in RUNS and len(feature) > RUNS[language][1]):
                        continue
                    known = values.get(feature, 0.0)
                    # What the list says of a phrase goes before what is made of its words, unless that is stronger.
                    if not known or (share == 1.0 and (known * value < 0 or abs(known) < abs(value))):
                        values[feature] = value * share
    return values


NEGATORS = {
    "es": ("no", "nada", "nunca", "sin"),
    "pt": ("não", "nao", "nada", "nunca", "sem"),
    "de": ("nicht", "kein", "keine", "nie", "weder"),
    "fr": ("pas", "jamais", "sans", "aucun", "plus"),
    "it": ("non", "mai", "senza", "nessun"),
    "id": (
        *("tidak", "gak", "ga", "nggak", "kurang", "tdk", "bukan", "belum", "gk", "ngga", "tak", "enggak", "engga"),
        *("tanpa", "krg"),
    ),
}


JAPANESE_NOT = (
    *("ではない", "じゃない", "ではあり", "できない", "できませ", "できな", "しない", "しませ", "していな", "してな"),
    *("なし", "なく", "はない", "はなく", "もない", "もなく", "がない", "がなく"),
    *("はあり", "はなか", "になら", "無し", "無く"),
)


def _forms(word: str, language: str) -> Iterable[tuple[str, float]]:
    if language in ("ja", "zh"):
        yield word, 1.0
        if language == "zh" and not word.startswith(("不", "没", "沒")):
            for negator in ("不", "没", "沒", "不太", "不够", "不是很"):
                yield negator + word, -1.6
        if language == "ja" and word.endswith("い") and len(word) > 2:
            stem = word[:-1]
            # "-ku" alone is friendly below, so what turns it around has to outweigh it.
            for ending in ("くな", "くあり", "くもな", "くはな"):
                yield stem + ending, -2.6
            for ending in ("かった", "くて", "く", "さ"):
                yield stem + ending, 0.9
        elif language == "ja" and not "\u3041" <= word[-1] <= "\u309f":
            for ending in JAPANESE_NOT:
                yield word + ending, -1.7
        return
    if " " in word:
        yield word, 1.0
        return
    yield f"^{word}$", 1.0
    for negator in NEGATORS.get(language, ()):
        yield f"{negator} {word}", -1.4


STRANGERS = 0.08
"""Weight of one comment of a stranger beside one sentence of our own."""

VARIANTS = 12
"""How many sentences are made of one line of seeds."""


@dataclass(frozen=True)
class Seed:
    """One sentence of ours: the line it was made of, whether it needs a reply and cannot wait, and its intents."""

    line: int
    text: str
    reply: bool
    urgent: bool
    intents: frozenset[str]


def seeds(language: str) -> list[Seed]:
    """Every line filled in a few times, by the seed alone."""
    dice = random.Random(SEED)
    slots: dict[str, list[str]] = {}
    made: list[Seed] = []
    reply = urgent = False
    intents: frozenset[str] = frozenset()
    for number, line in enumerate((HERE / "seeds" / f"{language}.txt").read_text("utf-8").splitlines()):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if slot := re.fullmatch(r"\{(\w+)\} = (.*)", line):
            slots[slot[1]] = slot[2].split("|")
        elif header := SECTION.fullmatch(line):
            reply, urgent = SECTIONS[header[1]]
            intents = frozenset(header[2].split())
        else:
            variants = {_fill(line, slots, dice) for _ in range(VARIANTS)}
            made += [Seed(number, text, reply, urgent, intents) for text in sorted(variants)]
    return [_as_people_write(row, made, language, dice) for row in made]


# People's habits say nothing about what they want, so every kind of sentence gets them.
HABITS = {
    "en": (
        [
            "so",
            "ok so",
            "ugh",
            "hi",
            "hey",
            "hello",
            "wow",
            "honestly",
            "just",
            "omg",
            "update:",
            "guys",
            "well,",
            "psa:",
        ],
        ["lol", "...", "!!", "!", ".", "😭", "😂", "🙏", "smh", "tbh", "haha", "??", ":(", ":)", "❤️", "🙃", "pls"],
    ),
    "ko": (
        ["아니", "근데", "진짜", "와", "안녕하세요", "저기요", "아 진짜", "헐", "저기", "오늘", "솔직히", "다들"],
        ["ㅋㅋ", "ㅋㅋㅋㅋ", "ㅠㅠ", "ㅠ", "...", "..", "!!", "!", ".", "ㅎㅎ", ";;", "ㅡㅡ", "~", "😭", "❤️", "??"],
    ),
}


def _as_people_write(row: Seed, made: Sequence[Seed], language: str, dice: random.Random) -> Seed:
    text, intents = row.text, row.intents
    openers, closers = HABITS[language]
    chance = dice.random()
    if chance < 0.45:
        other = dice.choice(made)
        # A friendly word beside a complaint takes nothing away from it; two of a kind stay of their kind.
        same = (other.reply, other.urgent) == (row.reply, row.urgent)
        if same or (row.reply and not other.reply and not other.urgent):
            pair = [text, other.text] if dice.random() < 0.5 else [other.text, text]
            text = dice.choice([". ", ", ", " ", "\n"]).join(pair)
            intents = (intents | other.intents) - {"chatter"} or intents
    if dice.random() < 0.25:
        text = f"{dice.choice(openers)} {text}"
    if dice.random() < 0.4:
        closer = dice.choice(closers)
        # A question mark would make a question of anything.
        if "?" not in closer or row.reply:
            text = f"{text}{'' if closer[0] in '.!?~ㅋㅠㅎ;' else ' '}{closer}"
    return replace(row, text=text, intents=intents)


SECTION = re.compile(r"\[(reply urgent|reply|urgent|none): ([a-z ]+)\]")
SECTIONS = {"reply": (True, False), "reply urgent": (True, True), "urgent": (False, True), "none": (False, False)}


def _fill(line: str, slots: dict[str, list[str]], dice: random.Random) -> str:
    line = re.sub(r"\(([^()]*\|[^()]*)\)", lambda m: dice.choice(m[1].split("|")), line)
    return re.sub(r"\{(\w+)\}", lambda m: dice.choice(slots[m[1]]), line)


def train_needs(plan: Plan, folder: Path, out: Path) -> list[str]:
    """Yes-or-no questions about our own sentences; comments of strangers stand for everything that asks for nothing."""
    made = seeds(plan.language)
    strangers = [(t, label) for s in plan.sources for t, label in read(folder, s, TONES)]
    quiet = [text for text, _ in strangers]
    texts = [seed.text for seed in made] + quiet
    lines = np.array([seed.line for seed in made] + [-1 - i for i in range(len(quiet))])
    found = [features(text, plan.language) for text in texts]
    seen = Counter(f for runs_, two, _ in found for f in {*runs_, *two})
    columns = {f: i for i, f in enumerate(f for f, n in sorted(seen.items()) if n >= plan.min_df)}
    x = matrix(found, columns)
    weights = np.where(lines >= 0, 1.0, STRANGERS)
    # Held out by line, since the variants of a line are nearly the same sentence.
    held = np.array([number % 5 == 0 for number in lines])
    report = []
    for table, names in ASKED.items():
        began = time.monotonic()
        models, measured = [], []
        for name in names:
            wants = np.array([_is(seed, name) for seed in made] + [False] * len(quiet))
            # Strangers complain and praise too, and nobody said which do.
            rows = weights if name in ("reply", "urgent") or name in NEVER_STRANGERS else np.where(lines >= 0, 1.0, 0.0)
            trial = _question(plan).fit(x[~held], wants[~held], sample_weight=rows[~held])
            said = trial.predict(x[held])
            hit = (said & wants[held]).sum()
            measured.append(
                f"  {name:<14} n={held.sum():<6} precision {hit / max(1, said.sum()):.3f}"
                f"  recall {hit / wants[held].sum():.3f}"
            )
            models.append(_question(plan).fit(x, wants, sample_weight=rows))
        bias = (float(models[0].intercept_[0]), float(models[1].intercept_[0]))
        of = replace(plan, name=table, keep=plan.keep if table == plan.name else OF_INTENT)
        size = save(of, out, columns, models[0].coef_[0], models[1].coef_[0], bias, {}, len(texts))
        report += [f"{table}.{plan.language}: {size} kB, {time.monotonic() - began:.0f} s", *measured]
    return report


ASKED = {
    "needs": ("reply", "urgent"),
    "asks": ("question", "request"),
    "feels": ("complaint", "praise"),
    "deals": ("purchase", "churn"),
    "noise": ("promotion", "news"),
}
"""The tables made of our own sentences, two questions each; "promotion" is spam or sponsored."""
NEVER_STRANGERS = ("purchase", "churn", "promotion", "news")
OF_INTENT = 12_000
"""How many weights a table of intents keeps."""


def _is(seed: Seed, name: str) -> bool:
    if name == "promotion":
        return bool(seed.intents & {"spam", "sponsored"})
    return {"reply": seed.reply, "urgent": seed.urgent}.get(name, name in seed.intents)


def _question(plan: Plan) -> LogisticRegression:
    return LogisticRegression(C=plan.c, solver="liblinear", class_weight="balanced", random_state=SEED)


def train(plan: Plan, folder: Path, out: Path) -> list[str]:
    if plan.seeds:
        return train_needs(plan, folder, out)
    began = time.monotonic()
    rows: list[tuple[str, int]] = []
    weights: list[float] = []
    held: list[tuple[str, list[tuple[str, int]]]] = []
    for source in plan.sources:
        read_rows = read(folder, source, plan.labels)
        held.append((source.file, read_rows[: source.held_out]))
        rest = read_rows[source.held_out :]
        rows += rest
        weights += [source.weight] * len(rest)
    words = lexicon(plan.language)
    if rows:
        model, columns = fit(plan, rows, weights, words)
        first, second, bias, extra = model
    else:
        columns = {feature: i for i, feature in enumerate(words)}
        first, second = np.zeros(len(columns)), np.zeros(len(columns))
        bias, extra = (0.0, 0.0), {}
    # A list counts for more than film subtitles say: they seldom speak of what people buy.
    for feature, value in words.items():
        j = columns[feature]
        lift = plan.lexicon * value
        first[j] += lift if value > 0 else 0.5 * lift
        second[j] -= lift if value < 0 else 0.5 * lift
    size = save(plan, out, columns, first, second, bias, extra, len(rows))
    read_back = linear.Lexis(
        {plan.name: linear.read((out / f"{plan.name}.{plan.language}.txt.gz").read_bytes())}, plan.language
    )
    lines = [f"{plan.name}.{plan.language}: {size} kB, {time.monotonic() - began:.0f} s"]
    lines += [measure(plan, read_back, name, texts) for name, texts in held if texts]
    return lines


def save(
    plan: Plan,
    out: Path,
    columns: dict[str, int],
    first: np.ndarray,
    second: np.ndarray,
    bias: tuple[float, float],
    extra: dict[str, list[float]],
    rows: int,
) -> int:
    """Keep the weights that matter, as small whole numbers; the size of the file in kB."""
    importance = np.maximum(np.abs(first), np.abs(second))
    chosen = np.argsort(-importance, kind="stable")[: plan.keep]
    # The few largest weights are cut off at 100 steps, so that the many others keep their shades.
    unit = float(importance[chosen[min(60, len(chosen) - 1)]]) / 63 or 1.0
    names = list(columns)
    table = {}
    for j in chosen:
        a = int(np.clip(round(first[j] / unit), -100, 100))
        b = int(np.clip(round(second[j] / unit), -100, 100))
        if a or b:
            table[names[j]] = (a, b)
    about = {
        "table": plan.name,
        "language": plan.language,
        "bias": [round(bias[0] + plan.shift[0], 4), round(bias[1] + plan.shift[1], 4)],
        "scale": unit,
        "extras": extra,
        "trained_on": [s.licence for s in plan.sources],
        "licence": "CC BY-SA 4.0" if plan.name == "acts" else "MIT, with the attributions in NOTICE",
        "rows": rows,
    }
    data = linear.write(about, table)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{plan.name}.{plan.language}.txt.gz").write_bytes(data)
    return len(data) // 1024


Fitted = tuple[np.ndarray, np.ndarray, tuple[float, float], dict[str, list[float]]]


def fit(
    plan: Plan, rows: list[tuple[str, int]], weights: list[float], words: dict[str, float]
) -> tuple[Fitted, dict[str, int]]:
    texts = [features(text, plan.language) for text, _ in rows]
    seen: Counter[str] = Counter()
    for found, two, _ in texts:
        seen.update({*found, *two})
    columns = {f: i for i, f in enumerate(f for f, n in sorted(seen.items()) if n >= plan.min_df or f in words)}
    for feature in words:
        columns.setdefault(feature, len(columns))
    x = matrix(texts, columns)
    del texts, seen
    extra_columns = 0
    if plan.vader:
        x = sp.hstack([x, extras(text for text, _ in rows)]).tocsr()
        extra_columns = len(EXTRAS)
    y = np.array([label for _, label in rows])
    model = LogisticRegression(
        C=plan.c,
        max_iter=30 if plan.solver == "saga" else 80,
        solver=plan.solver,
        random_state=SEED,
        class_weight="balanced" if plan.balance else None,
    )
    with warnings.catch_warnings():
        # Stopping early is a choice: more rounds cost minutes and change no figure.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y, sample_weight=np.array(weights))
    both = model.coef_[:2] - model.coef_[2]
    bias = model.intercept_[:2] - model.intercept_[2]
    n = x.shape[1] - extra_columns
    extra = {
        name: [round(float(both[0, n + k]), 4), round(float(both[1, n + k]), 4)]
        for k, name in enumerate(EXTRAS[:extra_columns])
    }
    return (both[0, :n].copy(), both[1, :n].copy(), (float(bias[0]), float(bias[1])), extra), columns


def measure(plan: Plan, lexis: linear.Lexis, name: str, rows: list[tuple[str, int]]) -> str:
    """The table as it will run, on rows it has not seen."""
    counts: Counter[tuple[int, int]] = Counter()
    right = signed = 0
    for text, label in rows:
        cleaned = clean(text)
        a, b = lexis.odds(plan.name, lexis.read(units(cleaned.lower, plan.language)))
        if plan.vader:
            s = sentiment.english(cleaned)
            for key, value in zip(EXTRAS, (s.compound, s.pos, s.neg, float(s.compound == 0)), strict=True):
                a += lexis.extras(plan.name)[key][0] * value
                b += lexis.extras(plan.name)[key][1] * value
        counts[label, max(((a, 0), (b, 1), (0.0, 2)))[1]] += 1
        if label != NEUTRAL:
            signed += 1
            right += (a > b) == (label == POSITIVE)
    scores, recalls = [], []
    for k in range(3):
        of = sum(n for (label, _), n in counts.items() if label == k)
        said = sum(n for (_, answer), n in counts.items() if answer == k)
        if of:
            scores.append(2 * counts[k, k] / (of + said))
            recalls.append(f"{counts[k, k] / of:.3f}")
    share = f"{right / signed:.3f}" if signed else "-"
    f1 = sum(scores) / len(scores)
    return f"  {name:<14} n={len(rows):<6} macro-F1 {f1:.3f}  sign {share}  recall by class {' '.join(recalls)}"


# The 19 first, 21 middle and 28 last sounds of a syllable, in the order of Unicode; "-" is silent.
INITIALS = "g kk n d tt r m b pp s ss - j jj ch k t p h"
VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i"
FINALS = "- k k ks n nj nh t l lk lm lb ls lt lp lh m p ps t t ng t t k t p t"


def romanised(korean: str) -> str:
    """Korean in Latin letters, as people without a Korean keyboard write it."""
    initials, vowels, finals = (sounds.replace("-", "").split(" ") for sounds in (INITIALS, VOWELS, FINALS))
    out = []
    for character in korean:
        code = ord(character) - 0xAC00
        if 0 <= code < 11172:
            out.append(initials[code // 588] + vowels[code % 588 // 28] + finals[code % 28])
        else:
            out.append(character)
    return "".join(out)


def train_language(folder: Path, out: Path) -> list[str]:
    """Which Latin-script language: one weight per language and letter run; "und" is Korean in Latin letters."""
    began = time.monotonic()
    rows: list[tuple[str, str, bool]] = []
    for code, files in LATIN.items():
        found = [text for f in files for text, _ in read(folder, Source(f, ""), TONES)]
        random.Random(SEED).shuffle(found)
        for i, text in enumerate(found[:9000]):
            rows.append((text, code, i < min(600, len(found) // 5)))
        # The lists name the words that carry feelings; subtitles of one language hold too few of them.
        for word in lexicon(code):
            rows.append((word.strip("^$"), code, False))
        for words in linear_words(code):
            rows.append((words, code, False))
    # Subtitles never ask for a refund or a verification code.
    rows += [(seed.text, "en", False) for seed in seeds("en")[::5]]
    for i, (text, _) in enumerate(read(folder, Source("ko_kote_val", "", limit=2500), TONES)):
        rows.append((romanised(text), "und", i < 300))
    codes = [*LATIN, "und"]
    found_runs = [language.runs_of(clean(text).lower) for text, _, _ in rows]
    seen = Counter(run for r in found_runs for run in set(r))
    columns = {f: i for i, f in enumerate(f for f, n in sorted(seen.items()) if n >= 4)}
    x = matrix(((r, [], len(r)) for r in found_runs), columns)
    y = np.array([codes.index(code) for _, code, _ in rows])
    held = np.array([h for *_, h in rows])
    model = LogisticRegression(C=10.0, max_iter=60, class_weight="balanced")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x[~held], y[~held])
    importance = np.abs(model.coef_).max(axis=0)
    chosen = np.argsort(-importance, kind="stable")[:20_000]
    unit = float(np.quantile(importance[chosen], 0.999)) / 63
    names = list(columns)
    groups: dict[str, list[str]] = {}
    for j in chosen:
        weights = " ".join(str(int(np.clip(round(w / unit), -63, 63))) for w in model.coef_[:, j])
        groups.setdefault(weights, []).append(names[j])
    about = {
        "codes": codes,
        "scale": unit,
        "bias": [round(float(b), 4) for b in model.intercept_],
        "trained_on": [XED, "GoEmotions, CC BY 4.0", "searle-j/KOTE, MIT"],
    }
    lines = [json.dumps(about, sort_keys=True)] + [f"{k}\t" + "\t".join(sorted(groups[k])) for k in sorted(groups)]
    data = gzip.compress("\n".join(lines).encode(), 9, mtime=0)
    out.mkdir(parents=True, exist_ok=True)
    (out / "language.latin.txt.gz").write_bytes(data)
    table = language.read(data)
    report = [f"language.latin: {len(data) // 1024} kB, {time.monotonic() - began:.0f} s"]
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for (text, code, is_held), r in zip(rows, found_runs, strict=True):
        if is_held and len(r) > 20:
            best, _ = table.best(language.words_of(clean(text).lower))
            (right if best == code else wrong)[code] += 1
    report.append(
        "  " + "  ".join(f"{c} {right[c] / (right[c] + wrong[c]):.3f} (n={right[c] + wrong[c]})" for c in codes)
    )
    return report


def linear_words(code: str) -> list[str]:
    """The function words of `language`, a few at a time."""
    words = language.FUNCTION_WORDS.get(code, "").split()
    return [" ".join(random.Random(SEED + i).sample(words, min(5, len(words)))) for i in range(40)] if words else []


def write_held_out(folder: Path, out: Path) -> None:
    """One TSV (`text`, `label`, `language`) for each source whose labels are tones."""
    out.mkdir(parents=True, exist_ok=True)
    names = {number: name for name, number in TONES.items()}
    for plan in PLANS:
        for source in plan.sources if plan.labels is TONES and not plan.seeds else ():
            rows = read(folder, source, plan.labels)[: source.held_out]
            lines = [f"{' '.join(text.split())}\t{names[label]}\t{plan.language}" for text, label in rows]
            (out / f"{source.file}.tsv").write_text("\n".join(["text\tlabel\tlanguage", *lines]) + "\n", "utf-8")
            print(f"{source.file}: {len(rows)} rows")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the labelled texts")
    parser.add_argument("--out", type=Path, default=TABLES)
    parser.add_argument("--only", nargs="*", default=[], help="tables such as tone.en")
    parser.add_argument("--report", type=Path, help="write the figures here as well (JSON)")
    parser.add_argument("--held-out", type=Path, help="only write the held-out rows there, for `judge --evaluate`")
    options = parser.parse_args()
    if options.held_out:
        write_held_out(options.data, options.held_out)
        return
    report: list[str] = []
    if not options.only or "language.latin" in options.only:
        report += train_language(options.data, options.out)
        print("\n".join(report), flush=True)
    for plan in PLANS:
        if options.only and f"{plan.name}.{plan.language}" not in options.only:
            continue
        lines = train(plan, options.data, options.out)
        print("\n".join(lines), flush=True)
        report += lines
    if options.report:
        options.report.write_text(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
