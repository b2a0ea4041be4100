"""Whether the monitor can see and can tell, as one value that the health page, `monitor health` and tests read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from monitor.store import Store, StoreError

SLOW = timedelta(seconds=60)
"""The scheduler ticks every second; when it has not for this long, the daemon hangs."""


@dataclass(frozen=True, slots=True)
class Report:
    """`dead`: restart it. `degraded`: it lives, and a person should look at `troubles`."""

    status: Literal["ok", "degraded", "dead"]
    troubles: Sequence[str]
    waiting: int = 0
    outbox: Mapping[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report(
    store: Store,
    refused: Mapping[str, str],
    ticked_at: datetime | None,
    now: datetime,
    stuck: Collection[str] = (),
) -> Report:
    """What is wrong by now, in words without any customer's text. `stuck`: why jobs cannot do their work."""
    if ticked_at is not None and now - ticked_at > SLOW:
        return Report("dead", [f"nothing has happened for {int((now - ticked_at).total_seconds())} s"])
    try:
        troubles = [
            f"blind: {way.source} ({way.way}) since {way.blind_since:%Y-%m-%d %H:%M} UTC: {way.error_class}"
            for way in store.ways.all()
            if way.blind_since is not None
        ]
        counts = store.outbox.counts()
        waiting = store.digests.open_counts()
        late, why = store.outbox.late(now, SLOW)
    except StoreError as e:
        return Report("degraded", [str(e)])
    troubles += sorted(set(stuck))
    troubles += [f"refused: {channel}: {why}" for channel, why in refused.items()]
    if late:
        troubles.append(f"{late} message(s) wait longer than {SLOW.total_seconds():.0f} s to be sent: {why}")
    if counts.get("blocked", 0):
        troubles.append(f"{counts['blocked']} message(s) wait for a channel that refuses them")
    return Report("degraded" if troubles else "ok", troubles, waiting, counts)
