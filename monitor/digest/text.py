"""A week in words: short lines for a phone, what matters most first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from babel.dates import format_date
from babel.numbers import format_percent

from monitor.config import Rules
from monitor.digest.figures import FEW, trend
from monitor.store.facts import StoredMention
from monitor.telling.text import Words, cut, line

QUOTE = 80
LISTED = 10


def title(rules: Rules, figures: Mapping[str, Any]) -> str:
    """`Lumi: the week of 16 Nov – 22 Nov`"""
    words = _words(rules)
    pattern = "d MMM" if rules.brand.language == "en" else "M월 d일"
    days = [
        format_date(date.fromisoformat(figures[key]), pattern, locale=rules.brand.language) for key in ("from", "to")
    ]
    return words("{brand}: the week of {start} – {end}", brand=rules.brand.name, start=days[0], end=days[1])


def body(rules: Rules, figures: Mapping[str, Any], mentions: Mapping[int, StoredMention], late: bool = False) -> str:
    """The whole text but the title. Mentions that may not be quoted are named by link alone."""
    words = _words(rules)
    parts = [
        [words("This digest comes late.")] if late else [],
        _promises(figures, words),
        _volume(figures, words),
        _listed(words("Still open"), figures["promises"]["open"], mentions, words),
        _listed(words("Answered late"), figures["promises"]["late"], mentions, words),
        _listed(words("Worst words"), figures["worst"], mentions, words),
        _listed(words("Best words"), figures["best"], mentions, words),
        _blind(figures, words),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


class _DigestWords(Words):
    """The words of alerts, and those of digests."""

    def percent(self, share: float) -> str:
        return format_percent(share, locale=self.language)


def _words(rules: Rules) -> _DigestWords:
    # A digest names no moment relative to today, so that the moment given here does not matter.
    epoch = datetime.fromtimestamp(0, rules.brand.timezone)
    return _DigestWords(rules.brand.language, rules.brand.timezone, epoch, "monitor", "digest")


def _promises(figures: Mapping[str, Any], words: _DigestWords) -> list[str]:
    p, t = figures["promises"], figures["times"]
    if not p["n"]:
        return [words("Nothing needed an answer.")]
    if p["share"] is None:
        rows = [
            words.many(
                "{n} mention needed an answer; it is not due yet.",
                "{n} mentions needed an answer; none is due yet.",
                p["n"],
            )
        ]
    else:
        rows = [
            words(
                "Answered in time: {share} ({in_time} of {judged})",
                share=words.percent(p["share"]),
                in_time=words.number(p["in_time"]),
                judged=words.number(p["judged"]),
            )
        ]
    if t["n"]:
        rows.append(
            words(
                "Half of the answers took at most {median} of team time, nine of ten {p90} (n = {n})",
                median=words.length(t["median_counted_s"]),
                p90=words.length(t["p90_counted_s"]),
                n=words.number(t["n"]),
            )
        )
        rows.append(
            words(
                "On the wall: {median} and {p90}; within 30 minutes {half}, within an hour {hour}",
                median=words.length(t["median_wall_s"]),
                p90=words.length(t["p90_wall_s"]),
                half=words.number(t["within_30m"]),
                hour=words.number(t["within_1h"]),
            )
        )
    rest = [
        words("{n} still open", n=words.number(len(p["open"]))) if p["open"] else "",
        words.many("{n} needed no reply after all", "{n} needed no reply after all", p["dismissed"])
        if p["dismissed"]
        else "",
        words.many("{n} deleted by its author", "{n} deleted by their authors", p["gone"]) if p["gone"] else "",
    ]
    if any(rest):
        rows.append(" · ".join(r for r in rest if r))
    return rows


def _volume(figures: Mapping[str, Any], words: _DigestWords) -> list[str]:
    m = figures["mentions"]
    change = trend(m["n"], m["before"])
    if change is None:
        against = words("too few to compare with the week before")
    else:
        sign = "+" if change >= 0 else "−"
        against = words("{change} against the week before", change=f"{sign}{words.percent(abs(change))}")
    rows = [words.many("{n} mention ({against})", "{n} mentions ({against})", m["n"], against=against)]
    if m["n"]:
        rows.append(words("By platform: {list}", list=_list(m["platform"], words)))
    if m["topic"]:
        rows.append(words("By topic: {list}", list=_list(m["topic"], words)))
    if m["n"]:
        names = {
            "positive": words("positive"),
            "neutral": words("neutral"),
            "negative": words("negative"),
            "unknown": words("tone unknown"),
        }
        rows.append(words("Tone: {list}", list=_list({names[k]: n for k, n in m["label"].items()}, words)))
    if m["n"] and m["n"] < FEW:
        rows.append(words("Fewer than {n}: read the shares with care.", n=FEW))
    if m["urgent"]:
        rows.append(words.many("{n} was urgent", "{n} were urgent", len(m["urgent"])))
    return rows


def _list(counts: Mapping[str, int], words: Words) -> str:
    return ", ".join(f"{line(name)} {words.number(n)}" for name, n in list(counts.items())[:8])


def _listed(head: str, ids: Sequence[int], mentions: Mapping[int, StoredMention], words: Words) -> list[str]:
    rows = []
    for m in (mentions[i] for i in ids if i in mentions):
        who = cut(line(m.author.name or m.author.handle or m.author.id), 40)
        quote = "" if m.private or m.deleted_at else cut(line(f"{m.title} {m.text}"), QUOTE)
        rows.append(f"- {who}: {quote}" if quote else f"- {who}")
        if m.url:
            rows.append(f"  {m.url}")
    if not rows:
        return []
    shown = rows[: LISTED * 2]
    if len(ids) > LISTED:
        shown.append(words("… and {n} more", n=words.number(len(ids) - LISTED)))
    return [f"{head}:", *shown]


def _blind(figures: Mapping[str, Any], words: Words) -> list[str]:
    rows = []
    for b in figures["blind"]:
        source, length = f"{b['source']} ({b['way']})", words.length(b["minutes"] * 60)
        rows.append(words("{source} could not see for {length}", source=source, length=length))
    for g in figures["gaps"]:
        rows.append(words("{source} may have missed something", source=f"{g.get('source')} ({g.get('way')})"))
    return rows
