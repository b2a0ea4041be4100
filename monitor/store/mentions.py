"""Mentions: what is known already, and saving a page of them whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from connectors.base import Author, Mention, Reach, Reply
from monitor.judging import Reason
from monitor.store.base import Part
from monitor.store.facts import (
    Identity,
    Judged,
    Known,
    NewDeadline,
    NewMessage,
    PageWork,
    Saved,
    StoredMention,
)
from monitor.store.outbox import add_message, insert
from monitor.store.tables import answer, author, deadline, event, mention, way

CHUNK = 300
"""Values in one IN list; SQLite of old takes 999 parameters in all."""

AUTHOR = ("handle", "name", "url", "followers", "vip")


class Mentions(Part):
    def known(self, identities: Sequence[Identity]) -> dict[Identity, Known]:
        """Those of these mentions that the store holds already."""
        with self.transaction() as c:
            return _known(c, self.mine(mention), identities)

    def contacts(self, authors: Iterable[tuple[str, str]], since: datetime) -> dict[tuple[str, str], int]:
        """How many mentions each (platform, author id) has written since a moment."""
        counts: dict[tuple[str, str], int] = {}
        with self.transaction() as c:
            for (platform,), part in _grouped((platform, native) for platform, native in authors):
                rows = c.execute(
                    sa.select(author.c.native_id, sa.func.count(mention.c.id))
                    .join(mention, mention.c.author_id == author.c.id)
                    .where(
                        self.mine(author),
                        author.c.platform == platform,
                        author.c.native_id.in_(part),
                        mention.c.published_at >= since,
                    )
                    .group_by(author.c.native_id)
                )
                counts.update({(platform, native): n for native, n in rows})
        return counts

    def ours(self, platform: str, names: Iterable[str]) -> set[str]:
        """Which of these names (as `in_reply_to` uses them) are answers that we wrote."""
        wanted = list({n for n in names if n})
        found: set[str] = set()
        with self.transaction() as c:
            for part in _chunks(wanted):
                found.update(
                    c.execute(
                        sa.select(answer.c.native_id).where(
                            self.mine(answer), answer.c.platform == platform, answer.c.native_id.in_(part)
                        )
                    ).scalars()
                )
        return found

    def save_page(self, work: PageWork, now: datetime, messages: Sequence[NewMessage] = ()) -> Saved:
        """A page, all that follows from it, and its cursor: one transaction."""
        with self.transaction() as c:
            judged = _one_of_each(work.judged)
            known = _known(c, self.mine(mention), [identity(j.mention) for j in judged])
            new = [j for j in judged if identity(j.mention) not in known]
            again = [(known[identity(j.mention)], j) for j in judged if identity(j.mention) in known]
            ids = self._insert(c, work, new, now)
            opened = self._open(c, work.source, new, ids, now)
            edited, reopened = self._edit(c, work.source, again, now)
            gone = self._gone(c, work.gone, now)
            self._remember(c, work.answers)
            answered = self._answer(c, list(ids.values()) + reopened, work.answers, now)
            for message in messages:
                add_message(c, self.brand, message, now)
            self._move(c, work, now)
        return Saved(len(ids), edited, gone, opened + len(reopened), answered)

    def get(self, mention_id: int) -> StoredMention | None:
        with self.transaction() as c:
            row = c.execute(SELECT.where(self.mine(mention), mention.c.id == mention_id)).first()
            return stored(row) if row else None

    def between(self, start: datetime, end: datetime) -> list[StoredMention]:
        """Mentions published in [start, end), oldest first."""
        with self.transaction() as c:
            rows = c.execute(
                SELECT.where(
                    self.mine(mention), mention.c.published_at >= start, mention.c.published_at < end
                ).order_by(mention.c.published_at, mention.c.id)
            ).all()
        return [stored(row) for row in rows]

    def to_check(self, since: datetime, limit: int) -> list[StoredMention]:
        """Mentions whose judgement was close, newest first."""
        with self.transaction() as c:
            rows = c.execute(
                SELECT.where(self.mine(mention), mention.c.check, mention.c.found_at >= since)
                .order_by(mention.c.found_at.desc())
                .limit(limit)
            ).all()
        return [stored(row) for row in rows]

    def count(self) -> int:
        with self.transaction() as c:
            return int(
                c.execute(sa.select(sa.func.count()).select_from(mention).where(self.mine(mention))).scalar_one()
            )

    # ------------------------------------------------------------ the steps of saving a page

    def _insert(self, c: sa.Connection, work: PageWork, new: Sequence[Judged], now: datetime) -> dict[Identity, int]:
        if not new:
            return {}
        authors = self._authors(c, new, now)
        rows = [
            {
                **_columns(j),
                "brand_id": self.brand,
                "platform": j.mention.platform,
                "namespace": j.mention.namespace,
                "native_id": j.mention.id,
                "answer_id": j.mention.answer_id,
                "source": work.source,
                "way": work.way,
                "author_id": authors[j.mention.platform, j.mention.author.id],
                "published_at": j.mention.published,
                "found_at": now,
                "baseline": j.baseline,
            }
            for j in new
        ]
        made = c.execute(
            insert(c, mention)
            .on_conflict_do_nothing(index_elements=["brand_id", "platform", "namespace", "native_id"])
            .returning(mention.c.id, mention.c.platform, mention.c.namespace, mention.c.native_id),
            rows,
        )
        return {(platform, namespace, native): key for key, platform, namespace, native in made}

    def _authors(self, c: sa.Connection, new: Sequence[Judged], now: datetime) -> dict[tuple[str, str], int]:
        wanted = {(j.mention.platform, j.mention.author.id): j for j in new}
        known = self._known_authors(c, wanted)
        fresh = [key for key in wanted if key not in known]
        if fresh:
            rows = [
                {
                    **_author_columns(wanted[key]),
                    "brand_id": self.brand,
                    "platform": key[0],
                    "native_id": key[1],
                    "first_seen_at": now,
                }
                for key in fresh
            ]
            c.execute(insert(c, author).on_conflict_do_nothing(), rows)
        changed = [
            {**_author_columns(wanted[key]), "key": row.id}
            for key, row in known.items()
            if _author_columns(wanted[key]) != {k: getattr(row, k) for k in AUTHOR}
        ]
        if changed:
            c.execute(
                author.update().where(author.c.id == sa.bindparam("key")).values({k: sa.bindparam(k) for k in AUTHOR}),
                changed,
            )
        ids = {key: int(row.id) for key, row in known.items()}
        if fresh:
            ids.update({key: int(row.id) for key, row in self._known_authors(c, fresh).items()})
        return ids

    def _known_authors(self, c: sa.Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
        found: dict[tuple[str, str], Any] = {}
        for (platform,), part in _grouped(wanted):
            query = sa.select(author).where(
                self.mine(author), author.c.platform == platform, author.c.native_id.in_(part)
            )
            found.update({(platform, row.native_id): row for row in c.execute(query)})
        return found

    def _open(
        self, c: sa.Connection, source: str, new: Sequence[Judged], ids: Mapping[Identity, int], now: datetime
    ) -> int:
        opening = [(ids[identity(j.mention)], j.opens) for j in new if j.opens and identity(j.mention) in ids]
        return self._promise(c, source, [(key, o) for key, o in opening if o is not None], now)

    def _promise(self, c: sa.Connection, source: str, opening: Sequence[tuple[int, NewDeadline]], now: datetime) -> int:
        if not opening:
            return 0
        rows = [
            {
                "brand_id": self.brand,
                "mention_id": key,
                "cause": o.cause,
                "source": source,
                "target": o.target,
                "route": o.route,
                "opened_at": o.opened_at,
                "due_at": o.due_at,
                "window_ends_at": o.window_ends_at,
                "wake_at": o.wake_at,
                "reply_due_at": now,
            }
            for key, o in opening
        ]
        c.execute(deadline.insert(), rows)
        c.execute(
            event.insert(),
            [
                {
                    "brand_id": self.brand,
                    "at": now,
                    "who": "monitor",
                    "what": "opened",
                    "mention_id": key,
                    "deadline_id": None,
                    "detail": {
                        "cause": o.cause,
                        "target": o.target,
                        "opened_at": o.opened_at.isoformat(),
                        "due_at": o.due_at.isoformat(),
                    },
                }
                for key, o in opening
            ],
        )
        return len(rows)

    def _edit(
        self, c: sa.Connection, source: str, again: Sequence[tuple[Known, Judged]], now: datetime
    ) -> tuple[int, list[int]]:
        edited, opening = 0, []
        for known, judged in again:
            edited_now = known.content_hash != content_hash(judged.mention)
            if known.deleted or not (edited_now or speaks_more_to_us(known, judged.mention)):
                continue
            c.execute(
                mention.update()
                .where(mention.c.id == known.id)
                .values({**_columns(judged), "edited_at": judged.mention.edited or now})
            )
            self.note(c, now, "monitor", "edited", mention_id=known.id)
            edited += 1
            opens = self._reopens(c, known.id, judged, now)
            if opens is not None:
                opening.append((known.id, opens))
        self._promise(c, source, opening, now)
        return edited, [key for key, _ in opening]

    def _reopens(self, c: sa.Connection, mention_id: int, judged: Judged, now: datetime) -> NewDeadline | None:
        """What an edit promises anew: an answer, if there was none to give before, or if ours answered other words."""
        if judged.opens is None:
            return None
        query = sa.select(deadline).where(deadline.c.mention_id == mention_id).order_by(deadline.c.id.desc())
        last = c.execute(query.limit(1)).first()
        if last is None:
            return judged.opens
        if last.closed_by == "reply" and last.replied_at < (judged.mention.edited or now):
            return replace(judged.opens, cause="edited")
        if last.closed_by == "dismiss" and judged.verdict.priority == "critical":
            return replace(judged.opens, cause="edited")
        return None

    def _gone(self, c: sa.Connection, identities: Sequence[Identity], now: datetime) -> int:
        count = 0
        for known in _known(c, self.mine(mention), identities).values():
            if known.deleted:
                continue
            # The author took the words back: we keep that there was something, not what it said.
            c.execute(
                mention.update().where(mention.c.id == known.id).values(text="", title="", reasons=[], deleted_at=now)
            )
            of_it = deadline.update().where(deadline.c.mention_id == known.id)
            c.execute(of_it.where(deadline.c.closed_at.is_(None)).values(closed_at=now, closed_by="gone"))
            c.execute(of_it.values(wake_at=now))  # our messages about it lose its words as well
            self.note(c, now, "monitor", "gone", mention_id=known.id)
            count += 1
        return count

    def _remember(self, c: sa.Connection, answers: Sequence[Mention]) -> None:
        rows = [
            {
                "brand_id": self.brand,
                "platform": a.platform,
                "native_id": a.answer_id,
                "answers": a.in_reply_to,
                "at": a.published,
                "by": a.author.handle or a.author.id,
                "url": a.url,
            }
            for a in answers
            if a.in_reply_to
        ]
        if rows:
            c.execute(insert(c, answer).on_conflict_do_nothing(), rows)

    def _answer(self, c: sa.Connection, mention_ids: Sequence[int], answers: Sequence[Mention], now: datetime) -> int:
        """Close what has been answered: by an answer on this page, or by one that was seen before its mention."""
        matches: dict[int, Any] = {}
        wanted = [
            *(mention.c.id.in_(part) for part in _chunks(mention_ids)),
            *(answer.c.native_id.in_(part) for part in _chunks([a.answer_id for a in answers if a.in_reply_to])),
        ]
        for condition in wanted:
            rows = c.execute(
                sa.select(deadline.c.id, answer.c.at, answer.c.by, answer.c.url)
                .join(mention, mention.c.id == deadline.c.mention_id)
                .join(
                    answer,
                    sa.and_(
                        answer.c.brand_id == mention.c.brand_id,
                        answer.c.platform == mention.c.platform,
                        answer.c.answers == mention.c.answer_id,
                    ),
                )
                .where(
                    self.mine(deadline),
                    deadline.c.closed_at.is_(None),
                    # What was answered before an edit is not answered again by the same words.
                    sa.or_(deadline.c.cause == "first", answer.c.at >= deadline.c.opened_at),
                    # Nor does it close again what somebody opened again.
                    sa.or_(deadline.c.reopened_at.is_(None), answer.c.at >= deadline.c.reopened_at),
                    condition,
                )
                .order_by(answer.c.at.desc())
            )
            matches.update({row.id: row for row in rows})
        closed = 0
        for key, row in matches.items():
            closed += close(c, self, key, Reply(row.at, row.by, row.url), "native", now)
        return closed

    def _move(self, c: sa.Connection, work: PageWork, now: datetime) -> None:
        if work.due_at is None:
            return
        values: dict[str, Any] = {
            "cursor": None if work.cursor is None else dict(work.cursor),
            "due_at": work.due_at,
            "succeeded_at": now,
            "spent": way.c.spent + work.spent,
        }
        if work.caught_up:
            # The first look is over once everything that was there has been read.
            first = sa.bindparam("first_at", now, type_=way.c.baseline_at.type)
            values["baseline_at"] = sa.func.coalesce(way.c.baseline_at, first)
        if work.last:
            values["lease_until"] = None
        if work.gap:
            values["gap_at"] = now
            self.note(c, now, "monitor", "gap", detail={"source": work.source, "way": work.way, "why": work.gap})
        c.execute(
            way.update().where(self.mine(way), way.c.source == work.source, way.c.way == work.way).values(**values)
        )


def close(c: sa.Connection, part: Part, deadline_id: int, reply: Reply, provenance: str, now: datetime) -> bool:
    """A reply closes a deadline, at the reply's own time. The first one wins; False when another was first."""
    done = c.execute(
        deadline.update()
        .where(deadline.c.id == deadline_id, deadline.c.closed_at.is_(None))
        .values(
            closed_at=now,
            closed_by="reply",
            closed_who=reply.by[:200],
            replied_at=min(reply.at, now),
            reply_url=reply.url,
            provenance=provenance,
            wake_at=now,
        )
    )
    if done.rowcount != 1:
        return False
    found = c.execute(sa.select(deadline.c.mention_id).where(deadline.c.id == deadline_id)).scalar_one()
    part.note(
        c,
        now,
        reply.by[:200] or "brand",
        "replied",
        mention_id=found,
        deadline_id=deadline_id,
        detail={"at": min(reply.at, now).isoformat(), "provenance": provenance},
    )
    return True


def identity(m: Mention) -> Identity:
    return m.platform, m.namespace, m.id


def speaks_more_to_us(known: Known, m: Mention) -> bool:
    """A search found it first, and now it turns out to be addressed to us, or to stand on our own page."""
    return (m.addressed and not known.addressed) or (m.owned and not known.owned)


def content_hash(m: Mention) -> str:
    """Changes when what the author says changes, not when people like it."""
    return sha256(f"{m.title}\0{m.text}\0{m.rating}".encode()).hexdigest()


SELECT = sa.select(
    mention,
    author.c.native_id.label("author_native"),
    author.c.handle.label("author_handle"),
    author.c.name.label("author_name"),
    author.c.url.label("author_url"),
    author.c.followers.label("author_followers"),
    author.c.vip.label("author_vip"),
).join(author, author.c.id == mention.c.author_id)


def stored(row: Any) -> StoredMention:
    return StoredMention(
        id=row.id,
        platform=row.platform,
        namespace=row.namespace,
        native_id=row.native_id,
        answer_id=row.answer_id,
        source=row.source,
        way=row.way,
        url=row.url,
        kind=row.kind,
        author=Author(row.author_native, row.author_handle, row.author_name, row.author_url, row.author_followers),
        vip=row.author_vip,
        title=row.title,
        text=row.text,
        published_at=row.published_at,
        found_at=row.found_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
        conversation=row.conversation,
        in_reply_to=row.in_reply_to,
        private=row.private,
        owned=row.owned,
        addressed=row.addressed,
        rating=row.rating,
        reach=Reach(row.likes, row.shares, row.replies, row.views),
        ref=row.ref,
        topics=tuple(row.topics),
        language=row.language,
        sentiment=row.sentiment,
        label=row.label,
        intents=tuple(row.intents),
        needs_reply=row.needs_reply,
        needs_reply_score=row.needs_reply_score,
        check=row.check,
        urgent=row.urgent,
        priority=row.priority,
        reasons=tuple(Reason(**r) for r in row.reasons),
        baseline=row.baseline,
    )


def _columns(j: Judged) -> dict[str, Any]:
    m, v = j.mention, j.verdict
    return {
        "url": m.url,
        "kind": str(m.kind),
        "title": m.title,
        "text": m.text,
        "content_hash": content_hash(m),
        "edited_at": m.edited,
        "conversation": m.conversation,
        "in_reply_to": m.in_reply_to,
        "private": m.private,
        "owned": m.owned,
        "addressed": m.addressed,
        "rating": m.rating,
        "likes": m.reach.likes,
        "shares": m.reach.shares,
        "replies": m.reach.replies,
        "views": m.reach.views,
        "ref": dict(m.ref),
        "topics": sorted(j.topics),
        "language": v.language,
        "sentiment": v.sentiment,
        "label": v.label,
        "intents": list(v.intents),
        "needs_reply": v.needs_reply,
        "needs_reply_score": v.needs_reply_score,
        "check": v.check,
        "urgent": v.urgent,
        "priority": v.priority,
        "reasons": [
            {"name": r.name, "weight": r.weight, "evidence": r.evidence, "decides": r.decides} for r in v.reasons
        ],
    }


def _author_columns(j: Judged) -> dict[str, Any]:
    a = j.mention.author
    return {"handle": a.handle, "name": a.name, "url": a.url, "followers": a.followers, "vip": j.vip}


def _known(c: sa.Connection, mine: sa.ColumnElement[bool], identities: Sequence[Identity]) -> dict[Identity, Known]:
    found: dict[Identity, Known] = {}
    for (platform, namespace), part in _grouped(identities):
        rows = c.execute(
            sa.select(
                mention.c.id,
                mention.c.native_id,
                mention.c.content_hash,
                mention.c.deleted_at,
                mention.c.addressed,
                mention.c.owned,
            ).where(
                mine,
                mention.c.platform == platform,
                mention.c.namespace == namespace,
                mention.c.native_id.in_(part),
            )
        )
        for row in rows:
            gone = row.deleted_at is not None
            found[platform, namespace, row.native_id] = Known(row.id, row.content_hash, gone, row.addressed, row.owned)
    return found


def _one_of_each(judged: Sequence[Judged]) -> list[Judged]:
    """A page may name one mention twice (a reply that is also a mention): its latest words count."""
    found: dict[Identity, Judged] = {}
    for j in judged:
        other = found.get(identity(j.mention))
        if other is None or _said_at(j.mention) > _said_at(other.mention):
            found[identity(j.mention)] = j
    return list(found.values())


def _said_at(m: Mention) -> datetime:
    return m.edited or m.published


def _grouped(keys: Iterable[tuple[str, ...]]) -> Iterable[tuple[tuple[str, ...], Sequence[str]]]:
    """Keys by all but their last part, and of the last parts so many as fit into one query: an index is of use only
    from its first column on."""
    groups: dict[tuple[str, ...], dict[str, None]] = {}
    for *first, last in keys:
        groups.setdefault(tuple(first), {})[last] = None
    for start, lasts in groups.items():
        for part in _chunks(list(lasts)):
            yield start, part


def _chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[i : i + CHUNK] for i in range(0, len(values), CHUNK))


RECENT = timedelta(hours=48)
"""How far back an author's earlier mentions count as the same matter."""
