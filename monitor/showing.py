"""What the command line prints: for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors import Header
from monitor import deadlines
from monitor.config import Rules
from monitor.judging import words

if TYPE_CHECKING:  # `monitor check` is quick because it loads no database
    from monitor.judging.learning import Preview
    from monitor.store import Deadline, Store, StoredMention

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Result:
    """What one try gave, in words."""

    place: str
    fine: bool
    words: str


def printable(text: str) -> str:
    """Foreign text on a terminal: nothing in it moves the cursor or rings the bell."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def rules(read: Rules, path: Path) -> str:
    """What `monitor check` says of a file that is fine."""
    lines = [
        f"{path}: fine",
        f"  brand    {read.brand.name} ({read.brand.language}, {read.brand.timezone})",
        f"  topics   {', '.join(read.topics) or 'none'}",
        f"  sources  {', '.join(f'{s.name} ({s.platform})' for s in read.sources.values()) or 'none'}",
    ]
    for target in read.targets:
        clock = "always" if target.always else target.calendar.name
        lines.append(f"  target   {target.name}: answer within {_length(target.reply_within)} ({clock})")
    for route in read.routes.values():
        stages = ", ".join(s.name for s in route.stages)
        lines.append(f"  route    {route.name}: {read.channel(route.name).rstrip(':')}: {stages}")
    lines += [f"  note     {note}" for note in read.notes]
    return "\n".join(lines)


def checks(results: Sequence[Result]) -> str:
    return "\n".join(f"{'fine  ' if r.fine else 'BROKEN'} {r.place}: {printable(r.words)}" for r in results)


def health(found: Mapping[str, Any]) -> str:
    lines = [f"{found['status']}: {found.get('waiting', 0)} mention(s) wait for an answer"]
    return "\n".join([*lines, *(f"  {printable(str(t))}" for t in found.get("troubles", []))])


def connectors(headers: Mapping[str, Header], *, as_json: bool) -> str:
    if as_json:
        return json.dumps({name: asdict(h) for name, h in headers.items()}, ensure_ascii=False)
    blocks = []
    for name, h in headers.items():
        rows = [f"{name}: {h.title}"]
        rows += [f"  {key:<12} {value}" for key, value in asdict(h).items() if key != "title" and value != "-"]
        blocks.append("\n".join(rows))
    return "\n\n".join(blocks)


def learning(found: Preview | None) -> str:
    """What would change, before anything is changed."""
    if found is None:
        return "too few corrections to learn from (at least 20 are needed); `monitor correct ID` adds one"
    lines = [
        f"{m.group:<8} {m.name:<10} {100 * m.value:.1f} % ({100 * m.low:.1f} to {100 * m.high:.1f}, n = {m.n})"
        for m in (found.precision, found.recall, found.new_precision, found.new_recall)
    ]
    for flip in found.flips[:20]:
        said = "needs a reply" if flip.after else "needs no reply"
        lines.append(
            f"  {'right' if flip.right else 'WRONG'}  {said}: {printable(' '.join(flip.mention.text.split()))[:80]}"
        )
    better = "better on these corrections" if found.is_better else "NOT better on these corrections"
    return "\n".join([*lines, f"{len(found.flips)} decisions would change; {better}"])


def queue(read: Rules, store: Store, which: str, now: datetime, *, as_json: bool) -> str:
    if which == "check":
        found = store.mentions.to_check(now - timedelta(days=7), 100)
        if as_json:
            return json.dumps([_mention(m) for m in found], ensure_ascii=False)
        return "\n".join(f"{m.id:>6}  {m.needs_reply_score:.2f}  {_who(m)}: {_start(m)}" for m in found) or "nothing"
    waiting = [d for d in store.deadlines.waiting() if which == "waiting" or _state(read, d, now) == "overdue"]
    if as_json:
        return json.dumps([_deadline(read, d, now) for d in waiting], ensure_ascii=False)
    if not waiting:
        return "nothing waits for an answer" if which == "waiting" else "nothing is overdue"
    return "\n".join(_line(read, d, now) for d in waiting)


def mention(read: Rules, store: Store, m: StoredMention, now: datetime, *, as_json: bool) -> str:
    promised = store.deadlines.of_mention(m.id)
    events = store.ledger.of_mention(m.id)
    if as_json:
        data = {
            **_mention(m),
            "deadlines": [_deadline(read, d, now) for d in promised],
            "events": [
                {"at": e.at.isoformat(), "who": e.who, "what": e.what, "detail": dict(e.detail)} for e in events
            ],
        }
        return json.dumps(data, ensure_ascii=False)
    zone = read.brand.timezone
    lines = [
        f"{m.id}  {_who(m)} on {m.platform}, {m.published_at.astimezone(zone):%Y-%m-%d %H:%M}",
        f"  {m.url}",
        *(f"  | {printable(line)}" for line in (m.title, *m.text.split("\n")) if line),
        f"  judged: {m.priority}, {m.label}, {m.language}, {', '.join(m.intents)}, "
        f"needs a reply: {'yes' if m.needs_reply else 'no'} ({m.needs_reply_score:.2f})",
    ]
    for reason in m.reasons:
        spoken = words(reason, read.brand.language)
        lines.append(f"    {reason.decides:<12} {reason.weight:+.2f}  {printable(spoken)}")
    lines += [f"  {_line(read, d, now)}" for d in promised]
    for e in events:
        detail = ", ".join(f"{k}={v}" for k, v in e.detail.items())
        lines.append(f"  {e.at.astimezone(zone):%m-%d %H:%M:%S}  {e.what} by {printable(e.who)}  {printable(detail)}")
    return "\n".join(lines)


def _line(read: Rules, d: Deadline, now: datetime) -> str:
    state = _state(read, d, now)
    due = d.due_at.astimezone(read.brand.timezone)
    held = (
        f", claimed by {printable(d.claimed_by)}" if d.claimed_by and d.claimed_until and d.claimed_until > now else ""
    )
    what = f"{_who(d.mention)}{held}: {_start(d.mention)}"
    return f"{d.mention.id:>6}  {state:<8} by {due:%m-%d %H:%M}  {d.mention.priority:<8} {what}"


def _state(read: Rules, d: Deadline, now: datetime) -> str:
    return deadlines.state(d.facts(), read.plan(d.target, d.route), now)


def _who(m: StoredMention) -> str:
    return printable(m.author.handle or m.author.name or m.author.id)[:40]


def _start(m: StoredMention) -> str:
    return printable(" ".join(f"{m.title} {m.text}".split()))[:WIDTH]


def _length(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest:02d}m" if hours and rest else f"{hours}h" if hours else f"{minutes}m"


def _mention(m: StoredMention) -> dict[str, Any]:
    return {
        "id": m.id,
        "platform": m.platform,
        "source": m.source,
        "native_id": m.native_id,
        "url": m.url,
        "kind": m.kind,
        "author": m.author.handle or m.author.name,
        "followers": m.author.followers,
        "title": m.title,
        "text": m.text,
        "published_at": m.published_at.isoformat(),
        "found_at": m.found_at.isoformat(),
        "topics": list(m.topics),
        "language": m.language,
        "sentiment": m.sentiment,
        "label": m.label,
        "intent": list(m.intents),
        "needs_reply": m.needs_reply,
        "needs_reply_score": m.needs_reply_score,
        "urgent": m.urgent,
        "priority": m.priority,
    }


def _deadline(read: Rules, d: Deadline, now: datetime) -> dict[str, Any]:
    def iso(at: datetime | None) -> str | None:
        return at.isoformat() if at else None

    return {
        "mention": _mention(d.mention),
        "cause": d.cause,
        "target": d.target,
        "route": d.route,
        "state": _state(read, d, now),
        "opened_at": iso(d.opened_at),
        "due_at": iso(d.due_at),
        "window_ends_at": iso(d.window_ends_at),
        "claimed_by": d.claimed_by,
        "claimed_until": iso(d.claimed_until),
        "snoozed_until": iso(d.snoozed_until),
        "replied_at": iso(d.replied_at),
        "closed_at": iso(d.closed_at),
        "closed_by": d.closed_by,
        "provenance": d.provenance,
        "told": sorted(d.told),
    }
