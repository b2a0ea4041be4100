"""How fast judging is, beside bare VADER in the same minutes.

    python bench/judging.py [--texts FILE] [--rounds 9]

FILE has one text a line, or the tab-separated files that `tools/train.py --held-out DIR` writes; without it the
development sentences are used. No text is judged twice before its round is measured, so what is remembered of frequent
words is what a running daemon would remember. Rounds of judging and of VADER alternate, and the middle round counts:
on a busy machine the ratio says more than either figure. Prints one JSON object.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from monitor.judging import READS, Text, judge, linear  # noqa: E402
from monitor.judging import language as languages  # noqa: E402

DEV = HERE.parent / "tests" / "monitor" / "judging" / "dev"
HOSTILE = {
    "letters": "a",
    "words": "It was awful and late. ",
    "emoji": "😀",
    "but": "good but ",
    "refund": "refund where is my order still no ",
    "hangul": "가나다라 ",
    "han": "好",
    "marks": "?!",
    "brackets": "{[(",
    "half a link": "http://",
    "combining": "e\u0301\u0327",
}


def seconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - began


def judged(text: str) -> object:
    return judge(Text(text))


def rates(texts: Sequence[str], rounds: int) -> dict[str, float]:
    """Texts per CPU second, judged and scored by VADER, and the middle of the rounds' ratios."""
    vader = SentimentIntensityAnalyzer().polarity_scores
    size = len(texts) // rounds
    ours, theirs, ratios = [], [], []
    for k in range(rounds):
        part = texts[k * size : (k + 1) * size]
        first, second = size / seconds(judged, part), size / seconds(vader, part)
        ours.append(first)
        theirs.append(second)
        ratios.append(first / second)
    return {
        "judged": round(statistics.median(ours)),
        "fastest round": round(max(ours)),
        "vader": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 3),
        "n": size * rounds,
        "characters": round(statistics.fmean(map(len, texts))),
    }


def hostile() -> dict[str, float]:
    """Milliseconds of one text of 50,000 characters, the middle of five."""
    found = {}
    for name, unit in HOSTILE.items():
        text = (unit * 50_000)[:50_000]
        judged(text)
        found[name] = round(1000 * statistics.median(seconds(judged, [text]) for _ in range(5)), 1)
    return found


def read(file: Path) -> list[str]:
    lines = file.read_text("utf-8").splitlines()
    return [line.split("\t")[0] for line in lines if line.strip() and not line.startswith("text\t")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, nargs="*", default=[DEV / "en.tsv", DEV / "ko.tsv"])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loading = {
        name: round(seconds(judged, [text]), 2) for name, text in (("en", "where is my order"), ("ko", "언제 와요"))
    }
    result: dict[str, object] = {"seconds to load": loading}
    for file in options.texts:
        texts = list(dict.fromkeys(read(file)))
        result[file.stem] = rates(texts, max(1, min(options.rounds, len(texts))))
    result["milliseconds for 50,000 characters"] = hostile()
    for code in READS:
        linear.lexis(code)
    languages.detect("quando chega o meu pedido")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result["megabytes, all tables loaded"] = round(megabytes)
    result["megabytes of them for judging"] = round(megabytes - before / 1024)
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
