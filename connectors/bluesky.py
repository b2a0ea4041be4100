"""Bluesky posts, replies and quotes, through the account's own server (PDS).

docs: https://docs.bsky.app/docs/category/http-reference
auth: handle and app password of the brand's account
cost: free; 3,000 requests per 5 minutes, a fetch takes 1 to 9
covers: mentions, replies and quotes of the account; posts that a search finds; what the brand's accounts write
misses: replies whose clock is set back by hours and that do not name the account; posts of people who block or mute
  it; Korean names with particles that the search does not take apart (search several forms); seconds of delay, as
  nothing is pushed yet (Jetstream)
sees_reply: yes, by exact parent, or a later answer to the same person in the same thread
posts_reply: yes, never twice for one key
retention: full
window: none; authors may close replies

Everything is newest first. Search is sorted by min(createdAt, indexedAt): each run reads the half hour before the
newest known post again, and the last two days once a day, for posts whose clock was set back. A page may be short or
empty and yet not the last one, because hidden posts are taken out after paging.
https://github.com/bluesky-social/atproto/issues/2089

There is a newer search (searchPostsV2); most accounts may not use it, and it finds nothing that this one does not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, StringConstraints, field_validator

from connectors import _atproto, base
from connectors._atproto import DID, AtProto, MissingError, Params, Visit, account_name, mapping, refuse_closed
from connectors._bluesky import (
    MAX_BYTES,
    MAX_GRAPHEMES,
    POSTS,
    URI,
    Post,
    Profile,
    Record,
    Words,
    deleted,
    did_of,
    facets_of,
    handles_in,
    inside,
    key_of,
    length_of,
    mention_of,
    moment,
    page_of,
    record_key,
    several,
    stamp,
    tail,
    unique,
    uri_of,
    words,
)
from connectors.base import (
    Access,
    AuthError,
    ConnectorError,
    Cursor,
    Mention,
    Page,
    Reply,
    ReplyLimits,
    ReplyRefusedError,
    SettingsError,
    TransientError,
    Way,
    Worth,
    one_line,
    plain,
    readable,
)

PUBLIC = "https://public.api.bsky.app"
"""Shows public posts to strangers: whether the brand has answered can be seen with a dead login too."""

PAGE = 100
BATCH = 25
"""Posts or profiles asked for by name at once."""

OVERLAP = timedelta(minutes=30)
SWEEP, SWEEP_EVERY = timedelta(hours=48), timedelta(days=1)

DEEP = 9_900
"""A search ends near 10,000 results; from here on the rest is asked for by time."""

MAX_PAGES = 300
"""Pages of one pass; beyond that people are told of the gap."""

FEED_PAGES = 5
MAX_THREADS = 10
"""When replies are looked for: pages of the brand's own feed, and threads looked at one by one."""

WATCHED, WATCH_FOR, CHECK_EVERY, GONE_AFTER = 100, timedelta(days=3), timedelta(minutes=30), timedelta(hours=1)
"""The newest posts of a way are asked for by name now and then; twice missing, an hour apart, is a deletion."""

# ---------------------------------------------------------------- the answers, as much of them as we use


class Found(BaseModel):
    posts: list[Any]
    cursor: str | None = None


class Notified(BaseModel):
    notifications: list[Any]
    cursor: str | None = None


class Feed(BaseModel):
    feed: list[Any]
    cursor: str | None = None


class FeedItem(BaseModel):
    post: Post
    reason: Any = None


class Profiles(BaseModel):
    profiles: list[Any]


class Thread(BaseModel):
    thread: Any


class Resolved(BaseModel):
    did: str = Field(pattern=rf"^{DID.pattern}$")


class Me(BaseModel):
    did: str
    handle: Words = ""
    active: Any = True
    status: Any = None


class Stored(BaseModel):
    """A record in a repository."""

    uri: str = Field(pattern=rf"^{URI.pattern}$")
    value: Record


class Written(BaseModel):
    uri: str = Field(pattern=rf"^{URI.pattern}$")


# ---------------------------------------------------------------- where a way continues


class Place(BaseModel):
    """The cursor. A pass reads from the newest item back to `since`, over as many pages as that takes.

    mark        what was written before it has been read; moved at the end of a pass
    swept_at    when a pass last read two days
    watch       posts to ask for by name: did/rkey to (end of cid, seen, first missed), in seconds since 1970
    since, newest, oldest, until, token, read, pages, restarts   of the pass under way; `until` once it is sliced
    """

    mark: datetime | None = None
    swept_at: datetime | None = None
    checked_at: datetime | None = None
    watch: dict[str, tuple[str, int, int]] = {}
    since: datetime | None = None
    newest: datetime | None = None
    oldest: datetime | None = None
    until: datetime | None = None
    token: str = ""
    read: int = 0
    pages: int = 0
    restarts: int = 0

    @property
    def deep(self) -> bool:
        """Whether a search would end here although there is more."""
        position = int(self.token) if self.token.isascii() and self.token.isdigit() and len(self.token) < 9 else 0
        return max(position, self.read) >= DEEP

    def but(self, **changes: Any) -> Place:
        return self.model_copy(update=changes)

    def done(self, now: datetime) -> Place:
        read_to = max(filter(None, (self.mark, self.newest)), default=now)
        return Place(mark=read_to, swept_at=self.swept_at, checked_at=self.checked_at, watch=self.watch)

    def kept(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_defaults=True)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page as it was read. `moments` are those of all its items, in their order, also of those left out."""

    posts: list[Post] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    token: str = ""
    skipped: int = 0


Turn = tuple[Place, bool, str | None]
"""Where to go on, whether at once, and what was missed."""


def begin(place: Place, now: datetime, *, sweeps: bool) -> Place:
    """Start a pass, unless one is under way or this is the first look."""
    if place.mark is None or place.since is not None:
        return place
    since = place.mark - OVERLAP
    if sweeps and (place.swept_at is None or now - place.swept_at >= SWEEP_EVERY):
        return place.but(since=min(since, now - SWEEP), swept_at=now)
    return place.but(since=since)


def turn(place: Place, leaf: Leaf, now: datetime, *, sliced: bool) -> Turn:
    """The next page, or the end of the pass. `sliced`: the list ends early, and can be asked for by time."""
    place = place.but(
        newest=max((min(m, now) for m in (place.newest, *leaf.moments) if m), default=None),
        oldest=min(filter(None, (place.oldest, *leaf.moments)), default=None),
        read=place.read + len(leaf.moments),
        pages=place.pages + 1,
    )
    if place.since is None or is_past(leaf.moments, place.since):
        return place.done(now), False, None
    if not leaf.token:
        return next_slice(place, now) if sliced and place.deep else (place.done(now), False, None)
    if leaf.token == place.token:
        return place.done(now), False, f"the list since {place.since:%Y-%m-%d %H:%M} UTC goes in a circle"
    if place.pages >= MAX_PAGES:
        return place.done(now), False, _unread(place)
    return place.but(token=leaf.token), True, None


def refused(place: Place, now: datetime, *, sliced: bool) -> Turn:
    """The platform did not take its own page token: it has expired, or the list ends there."""
    if sliced and place.deep:
        return next_slice(place, now)
    if place.restarts < 2:
        return place.but(token="", until=None, read=0, restarts=place.restarts + 1), True, None
    return place.done(now), False, _unread(place)


def next_slice(place: Place, now: datetime) -> Turn:
    """Ask for what is older than the oldest that was read; the second that it was written in, again."""
    until = place.oldest.replace(microsecond=0) + timedelta(seconds=1) if place.oldest else None
    if until is None or (place.until and until >= place.until) or place.pages >= MAX_PAGES:
        return place.done(now), False, _unread(place)
    return place.but(until=until, token="", read=0), True, None


def _unread(place: Place) -> str:
    start = f"{place.since:%Y-%m-%d %H:%M} UTC" if place.since else "the start"
    return f"more posts than can be read: some of those since {start} may be missing"


def is_past(moments: Sequence[datetime], since: datetime) -> bool:
    """Whether a list has reached `since`: its last ten say so, for a single one may have an odd clock."""
    return bool(moments) and all(m < since for m in moments[-10:])


# ---------------------------------------------------------------- the connector

Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Settings(_atproto.Settings):
    """
    search   queries, one way each: words are all wanted; "an exact phrase", #tag, lang:ko, from:, domain: work too
    """

    search: tuple[Query, ...] = Field(default=(), max_length=50)

    @field_validator("search")
    @classmethod
    def _search(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if len({way_name(query) for query in given}) < len(given):
            raise ValueError("a query stands there twice")
        return given


def way_name(query: str) -> str:
    """The name of a query's way: the query itself where it is one word, else what is left of it and a mark."""
    name = re.sub(r"[^\w:#@./-]+", "_", query).strip("_")[:60]
    return f"search:{name}" if name == query else f"search:{name}#{hashlib.sha256(query.encode()).hexdigest()[:6]}"


class Bluesky(AtProto[Settings]):
    """Polls, FindsReplies, PostsReply and ChecksAccess."""

    Settings: ClassVar[type[base.Settings]] = Settings

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._followers_of: dict[str, tuple[int | None, datetime]] = {}

    @property
    def _others(self) -> list[str]:
        """The brand's accounts besides the one that is logged in."""
        names = (account_name(name) for name in self.accounts)
        return [name for name in dict.fromkeys(names) if name and name != self.settings.handle]

    def ways(self) -> Sequence[Way]:
        minute = timedelta(minutes=1)
        return [
            Way("notifications", minute, Worth.ADDRESSED),
            Way("own", 2 * minute, Worth.OWNED),
            Way("mentions", 15 * minute, Worth.ADDRESSED),
            *(Way(way_name(query), 3 * minute, Worth.KEYWORD) for query in self.settings.search),
            *(Way(f"own:{name}", 2 * minute, Worth.OWNED) for name in self._others),
            *(Way(f"mentions:{name}", 3 * minute, Worth.ADDRESSED) for name in self._others),
        ]

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        kind, _, which = way.name.partition(":")
        searches = kind in {"search", "mentions"}
        visit = await self.visit(now)
        dids = await self._dids(visit)
        ours = frozenset(dids.values())
        first = Place(swept_at=now, checked_at=now)
        place = begin(Place.model_validate(cursor) if cursor is not None else first, now, sweeps=searches)
        try:
            if kind == "notifications":
                leaf = await self._notified(visit, place)
            elif kind == "own":
                leaf = await self._feed(visit, _known(dids, which or self.settings.handle), place.token)
            elif kind == "mentions":
                leaf = await self._mentioned(visit, dids, which or self.settings.handle, place)
            else:
                query = next(q for q in self.settings.search if way_name(q) == way.name)
                leaf = await self._searched(visit, place, ("q", query))
        except SettingsError:
            if not place.token:
                raise
            leaf = Leaf()
            place, more, gap = refused(place, now, sliced=searches)
        else:
            place, more, gap = turn(place, leaf, now, sliced=searches)
        told = kind == "notifications"
        mentions = [mention_of(post, ours, now, addressed=told) for post in unique(leaf.posts)]
        if kind != "own":
            mentions, place = watched(mentions, place, now)
            if not more and place.watch and (place.checked_at is None or now - place.checked_at >= CHECK_EVERY):
                changes, place = await self._recheck(visit, place, ours, told)
                mentions += [m for m in changes if m.id not in {seen.id for seen in mentions}]
            mentions = await self._with_followers(visit, mentions)
        return Page(
            mentions,
            cursor=place.kept(),
            more=more,
            skipped=leaf.skipped,
            spent=visit.calls,
            gap=gap,
            not_before=visit.not_before,
        )

    # -------- reading pages

    async def _searched(self, visit: Visit, place: Place, *what: tuple[str, str]) -> Leaf:
        params = [*what, ("sort", "latest"), ("limit", str(PAGE))]
        params += [(name, stamp(at)) for name, at in (("since", place.since), ("until", place.until)) if at]
        params += [("cursor", place.token)] if place.token else []
        found = await self.query(visit, Found, "app.bsky.feed.searchPosts", params)
        posts, skipped = readable(found.posts, Post)
        moments = [post.sorted_at for post in posts]
        return Leaf(posts, [m for m in moments if m], found.cursor or "", skipped)

    async def _mentioned(self, visit: Visit, dids: Mapping[str, str], name: str, place: Place) -> Leaf:
        """Some mentions never become notifications. The search wants words too: the handle stands in most of them."""
        did = _known(dids, name)
        session = visit.session
        if session and did == session.did:
            name = session.handle or name
        return await self._searched(visit, place, ("q", name), ("mentions", did))

    async def _notified(self, visit: Visit, place: Place) -> Leaf:
        """All reasons are asked for: `reasons` filters after paging, which spares no page and hides where one is.

        isRead belongs to the person who uses the app; `priority` would hide people whom the brand does not follow.
        """
        params = [("limit", str(PAGE)), ("priority", "false")] + ([("cursor", place.token)] if place.token else [])
        found = await self.query(visit, Notified, "app.bsky.notification.listNotifications", params)
        told, moments = [], []
        for item in found.notifications:
            moments.append(moment(inside(item, "indexedAt")))
            reason = inside(item, "reason")
            if not isinstance(reason, str) or reason in {"mention", "reply", "quote"}:
                told.append(item)
        posts, skipped = readable(told, Post)
        return Leaf(posts, [m for m in moments if m], found.cursor or "", skipped)

    async def _feed(self, visit: Visit, did: str, token: str) -> Leaf:
        params = [("actor", did), ("filter", "posts_with_replies"), ("limit", str(PAGE))]
        params += [("cursor", token)] if token else []
        if visit.session is None:
            found = await self.get(Feed, f"{PUBLIC}/xrpc/app.bsky.feed.getAuthorFeed", params=params)
        else:
            found = await self.query(visit, Feed, "app.bsky.feed.getAuthorFeed", params)
        items, skipped = readable(found.feed, FeedItem)
        posts, moments = [], []
        for item in items:
            why = words(inside(item.reason, "$type"))
            if why.endswith("#reasonRepost"):
                moments.append(moment(inside(item.reason, "indexedAt")))
                continue
            if not why.endswith("#reasonPin"):  # a pinned post stands out of its order
                moments.append(item.post.sorted_at)
            if item.post.did == did:
                posts.append(item.post)
        return Leaf(posts, [m for m in moments if m], found.cursor or "", skipped)

    # -------- accounts

    async def _dids(self, visit: Visit) -> Mapping[str, str]:
        """The brand's accounts by name; resolved once a day, since a handle may move to somebody else."""
        own = {self.settings.handle: visit.did}
        async with self.memo.locked() as m:
            kept = mapping(m.get("dids"))
            known = {name: inside(entry, "did") for name, entry in kept.items()}
            fresh = {
                name for name, entry in kept.items()
                if (at := moment(inside(entry, "at"))) and timedelta(0) <= visit.now - at < timedelta(days=1)
            }  # fmt: skip
        found: dict[str, str] = {}
        for name in self._others:
            if name not in fresh and not name.startswith("did:"):
                try:
                    found[name] = await self._resolve(visit, name)
                except SettingsError:
                    found[name] = ""
                except ConnectorError:
                    continue
        if found:
            async with self.memo.locked() as m:
                entries = {name: {"did": did, "at": visit.now.isoformat()} for name, did in found.items()}
                m["dids"] = {**mapping(m.get("dids")), **entries}
        for name in self._others:
            did = name if name.startswith("did:") else found.get(name) or known.get(name)
            if isinstance(did, str) and did:
                own[name] = did
        return own

    async def _resolve(self, visit: Visit, handle: str) -> str:
        method = "com.atproto.identity.resolveHandle"
        return (await self.query(visit, Resolved, method, [("handle", handle)])).did

    async def _with_followers(self, visit: Visit, mentions: list[Mention]) -> list[Mention]:
        """The page's authors with their followers, if the platform tells: the page is not lost for them."""
        known, fresh = self._followers_of, visit.now - timedelta(hours=6)
        if len(known) > 5_000:
            known.clear()
        asked = dict.fromkeys(m.author.id for m in mentions if not m.ours and not m.deleted)
        missing = [did for did in asked if did not in known or known[did][1] < fresh]
        for batch in batches(missing):
            try:
                found = await self.query(
                    visit, Profiles, "app.bsky.actor.getProfiles", [("actors", did) for did in batch]
                )
            except ConnectorError:
                break
            profiles, _ = readable(found.profiles, Profile)
            known.update({p.did: (p.followersCount, visit.now) for p in profiles})
        return [replace(m, author=replace(m.author, followers=known.get(m.author.id, (None,))[0])) for m in mentions]

    # -------- what became of posts

    async def _recheck(
        self, visit: Visit, place: Place, ours: frozenset[str], told: bool
    ) -> tuple[list[Mention], Place]:
        """Ask for watched posts by name: another cid is an edit, a post missing for an hour is a deletion."""
        there: dict[str, Post] = {}
        for batch in batches(list(place.watch)):
            try:
                found = await self.query(
                    visit, Found, "app.bsky.feed.getPosts", [("uris", uri_of(key)) for key in batch]
                )
            except ConnectorError:
                return [], place  # at the next fetch
            there.update({key_of(post.uri): post for post in readable(found.posts, Post)[0]})
        changes, watch, doubts = [], {}, 0
        for key, (cid, seen, missed) in place.watch.items():
            post = there.get(key)
            if post:
                if cid and cid != tail(post.cid):
                    changes.append(replace(mention_of(post, ours, visit.now, addressed=told), edited=visit.now))
                watch[key] = (tail(post.cid), seen, 0)
            elif missed and visit.now.timestamp() - missed >= GONE_AFTER.total_seconds() and doubts < 10:
                doubts += 1
                if await self._is_gone(visit, key):
                    changes.append(deleted(key, visit.now))
                else:  # hidden from this account, by a block or a label
                    watch[key] = (cid, seen, missed)
            else:
                watch[key] = (cid, seen, missed or int(visit.now.timestamp()))
        return changes, place.but(watch=watch, checked_at=visit.now)

    async def _is_gone(self, visit: Visit, key: str) -> bool:
        did, _, rkey = key.rpartition("/")
        try:
            await self.query(visit, dict[str, Any], "com.atproto.repo.getRecord", record(did, rkey))
        except MissingError:
            return True
        except ConnectorError:
            return False
        return False

    # -------- FindsReplies

    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        if not mentions:
            return {}
        try:
            visit = await self.visit(now)
            dids = frozenset((await self._dids(visit)).values())
            return await self._replies(visit, dids, mentions)
        except AuthError:
            known = await self._remembered()
            if not known or not self.settings.service.startswith("https:"):
                raise
            return await self._replies(Visit(None, now), known, mentions)

    async def _replies(self, visit: Visit, dids: frozenset[str], mentions: Sequence[Mention]) -> dict[str, Reply]:
        found: dict[str, Reply] = {}
        since = min(m.published for m in mentions)
        unsure = False
        for did in sorted(dids):
            token = ""
            for _ in range(FEED_PAGES):
                leaf = await self._feed(visit, did, token)
                for post in leaf.posts:
                    answered(found, post, mentions, visit.now)
                token = leaf.token
                if not token or is_past(leaf.moments, since):
                    break
            else:
                unsure = True
        if unsure:
            for mention in [m for m in mentions if m.id not in found][:MAX_THREADS]:
                for post in await self._answers(visit, mention):
                    if post.did in dids:
                        answered(found, post, [mention], visit.now)
        return found

    async def _remembered(self) -> frozenset[str]:
        """Who the brand is, as far as it was found out when we could still log in; nobody if not even that."""
        async with self.memo.locked() as m:
            kept = mapping(m.get("dids"))
        own, *others = (inside(kept, name, "did") for name in (self.settings.handle, *self._others))
        return frozenset(did for did in (own, *others) if isinstance(did, str) and did) if own else frozenset()

    async def _answers(self, visit: Visit, mention: Mention) -> list[Post]:
        params = [("uri", mention.id), ("depth", "1"), ("parentHeight", "0")]
        try:
            if visit.session is None:
                found = await self.get(Thread, f"{PUBLIC}/xrpc/app.bsky.feed.getPostThread", params=params)
            else:
                found = await self.query(visit, Thread, "app.bsky.feed.getPostThread", params)
        except MissingError:
            return []
        below = several(inside(found.thread, "replies"))
        return readable([inside(reply, "post") for reply in below], Post)[0]

    # -------- PostsReply

    def limits(self, mention: Mention) -> ReplyLimits:
        if mention.ours or mention.deleted or "reply_disabled" in mention.ref:
            return ReplyLimits(MAX_GRAPHEMES, "graphemes", allowed="none")
        # Accounts that answer by themselves are welcome only where they were addressed.
        return ReplyLimits(MAX_GRAPHEMES, "graphemes", allowed="automatic" if mention.addressed else "human")

    async def reply(self, mention: Mention, text: str, key: str) -> Reply:
        text = plain(text)
        if not text or length_of(text) > MAX_GRAPHEMES or len(text.encode()) > MAX_BYTES:
            raise ReplyRefusedError(f"an answer has 1 to {MAX_GRAPHEMES} characters and at most {MAX_BYTES} bytes")
        now = await self.time_of_service()
        visit = await self.visit(now)
        rkey = record_key(mention, key)
        if given := await self._given(visit, rkey, now):
            return given
        post = await self._to_answer(visit, mention)
        dids = {mention.author.handle: mention.author.id}
        for handle in handles_in(text):
            if handle not in dids:
                try:
                    dids[handle] = await self._resolve(visit, handle)
                except SettingsError:
                    continue
        parent = {"uri": post.uri, "cid": post.cid}
        above = inside(post.record.reply, "root", "cid")
        root = {"uri": post.root, "cid": above} if post.root and isinstance(above, str) else parent
        said = {
            "$type": POSTS,
            "text": text,
            "createdAt": stamp(now),
            "reply": {"root": root, "parent": parent},
            "facets": facets_of(text, dids),
        }
        whole = {"repo": visit.did, "collection": POSTS, "rkey": rkey, "record": said}
        try:
            written = await self.procedure(visit, Written, "com.atproto.repo.createRecord", whole)
        except (TransientError, SettingsError) as e:
            # A key that is taken is answered with HTTP 500: somebody may have written it since we looked.
            if given := await self._given(visit, rkey, now):
                return given
            if isinstance(e, SettingsError):
                raise ReplyRefusedError(f"the service does not take it: {e}") from None
            raise
        return Reply(at=now, by=visit.session.handle if visit.session else "", url=page_of(written.uri), id=written.uri)

    async def _given(self, visit: Visit, rkey: str, now: datetime) -> Reply | None:
        """The answer with this key, if we gave it."""
        try:
            stored = await self.query(visit, Stored, "com.atproto.repo.getRecord", record(visit.did, rkey))
        except SettingsError:
            return None
        at = min(moment(stored.value.createdAt) or now, now)
        return Reply(at=at, by=visit.session.handle if visit.session else "", url=page_of(stored.uri), id=stored.uri)

    async def _to_answer(self, visit: Visit, mention: Mention) -> Post:
        found = await self.query(visit, Found, "app.bsky.feed.getPosts", [("uris", mention.id)])
        post = next((p for p in readable(found.posts, Post)[0] if p.uri == mention.id), None)
        if post is None:
            raise ReplyRefusedError("the post is gone, or its author has blocked the account")
        if inside(post.viewer, "replyDisabled") is True:
            raise ReplyRefusedError("its author lets this account not reply")  # it would be stored, and hidden
        return post

    # -------- ChecksAccess

    async def access(self, now: datetime) -> Access:
        visit = await self.visit(now, patient=False)
        me = await self.query(visit, Me, "com.atproto.server.getSession")
        refuse_closed(me.active, me.status)
        warnings = []
        if visit.session and visit.session.main_password:
            warnings.append("logged in with the account's main password: make an app password for this")
        dids = {}
        for name in self._others:
            try:
                dids[name] = name if name.startswith("did:") else await self._resolve(visit, name)
            except SettingsError:
                warnings.append(f"brand.accounts: no account is called {name}")
        warnings += [
            f"brand.accounts: {one_line(a)} is no handle and no DID" for a in self.accounts if not account_name(a)
        ]
        listed = {account_name(a) for a in self.accounts} | set(dids.values())
        if self.accounts and not {self.settings.handle, me.handle, me.did} & listed:
            warnings.append("the account that is logged in is not among brand.accounts; what it writes counts as ours")
        if not self.settings.search:
            warnings.append("no search: only posts that address the account are seen")
        handle = me.handle if me.handle not in {"", "handle.invalid"} else self.settings.handle
        return Access(f"@{one_line(handle)} ({one_line(me.did)})", warnings)


def answered(found: dict[str, Reply], post: Post, mentions: Sequence[Mention], now: datetime) -> None:
    """Note a post of the brand as the answer to those mentions that it answers; the earliest wins.

    It answers its parent, and what the same person wrote in the same thread before that.
    """
    when = post.sorted_at
    if when is None or post.parent is None:
        return
    at = min(when, now)
    for mention in mentions:
        exact = post.parent == mention.answer_id
        later = (
            post.root is not None
            and post.root == mention.conversation
            and did_of(post.parent) == mention.author.id
            and at > mention.published
        )
        if (exact or later) and (mention.id not in found or at < found[mention.id].at):
            handle = post.author.handle if post.author else ""
            found[mention.id] = Reply(at=at, by=one_line(handle), url=page_of(post.uri), id=post.uri)


def watched(mentions: Sequence[Mention], place: Place, now: datetime) -> tuple[list[Mention], Place]:
    """Remember what was seen; a post whose cid has changed since is marked as edited."""
    watch, shown = dict(place.watch), []
    for mention in mentions:
        key, cid = key_of(mention.id), tail(mention.ref.get("cid", ""))
        old, seen, _ = watch.get(key, (cid, int(now.timestamp()), 0))
        shown.append(replace(mention, edited=now) if old and cid and old != cid else mention)
        if not mention.ours:
            watch[key] = (cid, seen, 0)
    start = (now - WATCH_FOR).timestamp()
    newest = sorted((w for w in watch.items() if w[1][1] >= start), key=lambda w: -w[1][1])[:WATCHED]
    return shown, place.but(watch=dict(newest))


def record(did: str, rkey: str) -> Params:
    return [("repo", did), ("collection", POSTS), ("rkey", rkey)]


def batches(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[i : i + BATCH] for i in range(0, len(names), BATCH))


def _known(dids: Mapping[str, str], name: str) -> str:
    if not dids.get(name):
        raise SettingsError(f"brand.accounts: no account is called {name}")
    return dids[name]


__connector__ = Bluesky
