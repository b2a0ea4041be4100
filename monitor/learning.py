"""What people's corrections teach, shown before anything is changed."""

from __future__ import annotations

from monitor.ingest import as_text
from monitor.judging import Context, JudgingRules
from monitor.judging.learning import Correction, Preview, preview
from monitor.store import Store
from monitor.store.corrections import StoredCorrection

FEWEST = 20
"""Corrections below which nothing is learned: chance would teach."""


def from_corrections(store: Store, rules: JudgingRules) -> Preview | None:
    """What learning would change; None with too few corrections to say."""
    corrections = [_correction(c) for c in store.corrections.all()]
    if sum(c.needs_reply is not None for c in corrections) < FEWEST:
        return None
    return preview(corrections, rules)


def _correction(said: StoredCorrection) -> Correction:
    m = said.mention
    context = Context(reach=m.author.followers, vip=m.vip, topics=m.topics)
    return Correction(as_text(m.mention()), context, said.needs_reply, said.label)
