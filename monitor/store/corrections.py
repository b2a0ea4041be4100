"""What people said about judging, and what was learned from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.store.base import Part
from monitor.store.facts import StoredMention
from monitor.store.mentions import SELECT, stored
from monitor.store.outbox import insert
from monitor.store.tables import correction, learned, mention


@dataclass(frozen=True, slots=True)
class StoredCorrection:
    """One mention, and what a person said of it last; None where they said nothing."""

    mention: StoredMention
    needs_reply: bool | None
    label: str | None


class Corrections(Part):
    def add(
        self, mention_id: int, who: str, now: datetime, *, needs_reply: bool | None = None, label: str | None = None
    ) -> bool:
        """Keep a correction; the last word about a mention counts. False when there is no such mention."""
        said = {key: value for key, value in (("needs_reply", needs_reply), ("label", label)) if value is not None}
        with self.transaction() as c:
            known = c.execute(sa.select(mention.c.id).where(self.mine(mention), mention.c.id == mention_id)).first()
            if known is None:
                return False
            row = {"brand_id": self.brand, "mention_id": mention_id, "who": who, "at": now, **said}
            statement = insert(c, correction).values(row)
            c.execute(
                statement.on_conflict_do_update(index_elements=["mention_id"], set_={**said, "who": who, "at": now})
            )
            self.note(c, now, who, "corrected", mention_id=mention_id, detail=said)
        return True

    def all(self) -> list[StoredCorrection]:
        """Every correction whose mention still has its text, oldest first."""
        query = SELECT.add_columns(
            correction.c.needs_reply.label("said_needs_reply"), correction.c.label.label("said_label")
        ).join(correction, correction.c.mention_id == mention.c.id)
        with self.transaction() as c:
            rows = c.execute(query.where(self.mine(correction), mention.c.text != "").order_by(correction.c.at)).all()
        return [StoredCorrection(stored(row), row.said_needs_reply, row.said_label) for row in rows]

    def weights(self) -> Mapping[str, float]:
        """What was learned and taken over last; empty when nothing was."""
        with self.transaction() as c:
            found: Mapping[str, float] | None = c.execute(
                sa.select(learned.c.weights).where(self.mine(learned)).order_by(learned.c.id.desc()).limit(1)
            ).scalar()
        return found or {}

    def keep(self, weights: Mapping[str, float], who: str, now: datetime) -> None:
        """Take over what was learned; older tables stay, so that one can go back."""
        with self.transaction() as c:
            c.execute(learned.insert(), {"brand_id": self.brand, "weights": dict(weights), "who": who, "at": now})
            self.note(c, now, who, "learned", detail={"weights": len(weights)})
