"""Write the connector table of README.md and README.ko.md anew, from the connectors' own headers.

python tools/readme.py           write
python tools/readme.py --check   exit 1 when a table is out of step
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import connectors  # noqa: E402, found through the line above

BEGIN, END = "<!-- connectors: made by tools/readme.py -->", "<!-- connectors: end -->"
HEADS = {
    "README.md": ("connector", "covers", "cannot see", "needs", "cost", "notices your reply"),
    "README.ko.md": ("커넥터", "보는 것", "볼 수 없는 것", "필요한 것", "비용", "답변 인식"),
}


def table(heads: tuple[str, ...]) -> str:
    rows = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for name in connectors.names():
        h = connectors.header(name)
        cells = (f"`{name}`", h.covers, h.misses, h.auth, h.cost, h.sees_reply)
        rows.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(rows)


def renewed(text: str, heads: tuple[str, ...]) -> str:
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.S)
    return pattern.sub(lambda _: f"{BEGIN}\n{table(heads)}\n{END}", text)


def main() -> int:
    stale = []
    for name, heads in HEADS.items():
        path = ROOT / name
        text = path.read_text("utf-8")
        if (new := renewed(text, heads)) != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(new, "utf-8")
    print("in step" if not stale else f"{'out of step' if '--check' in sys.argv else 'written'}: {', '.join(stale)}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
