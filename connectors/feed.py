"""Blogs, news and forums through their feeds: RSS, Atom and JSON Feed.

docs: https://www.rssboard.org/rss-specification https://www.rfc-editor.org/rfc/rfc4287 https://www.jsonfeed.org/version/1.1/
auth: none; the address itself may be a secret, a name and password in it are not supported
cost: free
covers: every entry of one feed: articles, and comments where a site has a feed of them
misses: what fell off the feed between two polls; the rest of a text of which the feed gives only the beginning
sees_reply: no; anybody can sign a comment with the brand's name, so such a comment is known as ours but stops no clock
posts_reply: no
retention: full
window: none
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
import httpx
from pydantic import BaseModel, Field, ValidationError, field_validator

from connectors import base
from connectors._drift import (
    MAX_KNOWN,
    Known,
    Sight,
    canonical,
    digest,
    packed,
    recognise,
    remembered,
    short_id,
    unpacked,
)
from connectors._feeds import Document, Entry, NotAFeedError, read_feed
from connectors.base import (
    Access,
    AuthError,
    Author,
    Connector,
    ConnectorError,
    Cursor,
    Kind,
    Mention,
    Page,
    PayloadError,
    RateLimitedError,
    Reach,
    SettingsError,
    TransientError,
    Way,
    as_utc,
    http_date,
)

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "application/json;q=0.9, */*;q=0.5"
)
DAY = timedelta(hours=24)
MAX_HOPS = 5
MAX_OLDER = 5  # older pages read after a burst
LASTING = 3  # so often, and for a day, must a feed say that it has moved for good
REFUSALS = 3  # walls against robots come and go
MISSING_FOR = timedelta(days=7)
OLDEST = timedelta(days=3653)
OLDEST_AT_ALL = datetime(1995, 1, 1, tzinfo=UTC)


class Settings(base.Settings):
    """`url` is the address of the feed, or of a web page that names its feed."""

    url: str = Field(min_length=1, max_length=2_000)

    @field_validator("url")
    @classmethod
    def _is_a_web_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url.strip())
            usable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname) and url.isprintable()
            usable = usable and parts.port != 0 and "@" not in parts.netloc
            httpx.URL(url.strip())
        except (ValueError, httpx.InvalidURL):
            usable = False
        if not usable:
            raise ValueError("must be the address of a feed: https://... or http://..., without a name or password")
        return url.strip()


class MissingError(SettingsError):
    """404: there is nothing at this address."""


class GoneError(SettingsError):
    """410, or the feed itself says that it has ended."""


class NoFeedError(SettingsError):
    """What stands at this address is no feed, and names none."""


class Place(BaseModel):
    """Where we are in a feed; this is the cursor.

    etag, modified    the validators of the last document that was read to its end, exactly as they came
    body, half        digests of that document, and of the last one that was cut off
    full_at, seen_at  when a whole document was last asked for, and when the feed last answered
    pace              seconds for which the feed wants to be left alone
    address           where the feed is, if not where rules.yaml says
    moved             where it says that it has moved for good, how often it has said so, and since when
    known             its entries, packed
    older, pages      the next page of a burst, and how many more will be read; `since`: up to which moment
    """

    etag: str = ""
    modified: str = ""
    body: str = ""
    half: str = ""
    full_at: datetime | None = None
    seen_at: datetime | None = None
    pace: int = 0
    address: str = ""
    moved: tuple[str, int, datetime] | None = None
    known: str = ""
    older: str = ""
    pages: int = 0
    since: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        try:
            return cls.model_validate(cursor or {})
        except ValidationError:
            return cls()  # from another version: what is known of the entries is lost, their ids stay the same

    def cursor(self) -> Cursor:
        return self.model_dump(mode="json", exclude_defaults=True)

    def but(self, **changes: Any) -> Place:
        return self.model_copy(update=changes)

    def validators(self, now: datetime) -> dict[str, str]:
        """Headers of a conditional question; none once a day, since some servers say "unchanged" for ever."""
        if self.full_at is None or not timedelta(0) <= now - self.full_at < DAY:
            return {}
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value}

    def answered(self, response: httpx.Response, now: datetime, *, whole: bool) -> Place:
        """The feed has answered, with the same as before or with something that is read to its end."""
        etag, modified = _validator(response, "etag"), _validator(response, "last-modified")
        if _may_change_within_the_second(response):
            modified = ""
        if response.status_code == 304:
            return self.but(etag=etag or self.etag, modified=modified or self.modified, seen_at=now)
        return self.but(etag=etag, modified=modified, full_at=now if whole else self.full_at, seen_at=now)

    def heard_of(self, target: str, now: datetime) -> Place:
        """The feed says that its lasting address is `target`; believed when it has said so often and long enough."""
        if not target:
            return self.but(moved=None)
        said = self.moved
        if said is None or said[0] != target:
            return self.but(moved=(target, 1, now))
        times = min(said[1] + 1, LASTING)
        if times == LASTING and now - said[2] >= DAY:
            return self.but(address=target, moved=None)
        return self.but(moved=(target, times, said[2]))


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, where it came from, and where the feed says it will be from now on ("" if it did not say)."""

    response: httpx.Response
    lasting: str

    @property
    def url(self) -> str:
        return str(self.response.url)


class Feed(Connector[Settings]):
    """One feed, in one way."""

    Settings = Settings

    def ways(self) -> Sequence[Way]:
        return [Way("entries", every=timedelta(minutes=15))]

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        place = Place.of(cursor)
        try:
            return await (self._older(place, now) if place.older else self._newest(place, now))
        except ConnectorError as e:
            if place.older and (given_up := await self._given_up(e, place, now)):
                return given_up
            raise await self._patient(e, place, now) from None

    async def access(self, now: datetime) -> Access:
        """Whether there is a feed, and what its address lets us expect."""
        answer, document, found = await self._document(self.settings.url, {})
        document = document or Document(())
        host = urlsplit(answer.url).hostname or ""
        entries = document.entries
        warnings = [
            words
            for words, applies in (
                ("this is a web page; the feed that it names is read instead", bool(found)),
                (f"the feed has moved for good, to {host}: put its new address into rules.yaml", bool(answer.lasting)),
                ("its entries have no dates: what is found counts from then", _none(e.published for e in entries)),
                ("its entries have neither ids nor addresses: an edit may look new", _none(_name(e) for e in entries)),
                ("it gives only the beginning of each text", bool(entries) and all(e.truncated for e in entries)),
            )
            if applies
        ]
        return Access(document.title or host, warnings)

    # -------- asking

    async def _newest(self, place: Place, now: datetime) -> Page:
        try:
            return await self._look(place, place.address or self.settings.url, now)
        except SettingsError:
            if not place.address:
                raise
        # Where the feed had gone to it is no more: perhaps it is back where it was.
        return await self._look(place.but(address="", etag="", modified=""), self.settings.url, now)

    async def _look(self, place: Place, address: str, now: datetime) -> Page:
        validators = place.validators(now)
        answer, document, found = await self._document(address, validators, place)
        place = place.but(address=found, moved=None) if found else place.heard_of(answer.lasting, now)
        if document is None:
            return self._page(place.answered(answer.response, now, whole=not validators), answer, now)
        place, mentions, gap = self._read(place, document, answer, now)
        body = _body(answer.response)
        if document.cut and place.half != body:
            place = place.but(half=body)
        elif not document.ended:
            place = place.answered(answer.response, now, whole=True).but(body=body, half="")
        if document.ended and (not mentions or place.seen_at is None):
            raise GoneError("the feed says that it has ended: take it out of rules.yaml")
        return self._page(place.but(seen_at=now), answer, now, mentions, document.skipped, gap)

    async def _older(self, place: Place, now: datetime) -> Page:
        """The next page of a burst: what is older than the first page, and newer than the last poll before it."""
        answer, document, _ = await self._document(place.older, {})
        document = document or Document(())
        known = unpacked(place.known)
        seen = [s for s in self._seen(document, known, now, OLDEST_AT_ALL) if s.before is None]
        since = place.since or now
        dated = any(s.entry.published for s in seen)
        fresh = [s for s in seen if s.at > since] if dated else seen if len(seen) == len(document.entries) else []
        place = place.but(known=packed(remembered([*known, *(s.known for s in fresh)], [])))
        goes_on = bool(fresh) and document.older not in {"", place.older}
        gap = None
        if goes_on and place.pages <= 1:
            goes_on, gap = False, f"more new entries than {MAX_OLDER + 1} pages hold: some may have been missed"
        place = place.but(older=document.older, pages=place.pages - 1) if goes_on else _done(place)
        return self._page(place, answer, now, [self._mention(s, now) for s in fresh], document.skipped, gap)

    async def _document(
        self, address: str, validators: Mapping[str, str], place: Place | None = None
    ) -> tuple[Answer, Document | None, str]:
        """What stands at an address: None if it is the same as before. A web page is left for the feed that it names,
        whose address comes third."""
        answer = await self._follow(address, validators)
        try:
            return answer, await self._parsed(answer, place or Place()), ""
        except NotAFeedError as e:
            if not e.alternates:
                raise NoFeedError(f"{answer.response.url.host}: this is no feed, and names none") from None
            found = e.alternates[0]
        answer = await self._follow(found, {})
        try:
            return answer, await self._parsed(answer, place or Place()), found
        except NotAFeedError:
            raise NoFeedError(f"{answer.response.url.host}: this is no feed, although a page calls it one") from None

    async def _parsed(self, answer: Answer, place: Place) -> Document | None:
        response = answer.response
        if response.status_code == 304:
            if not {"if-none-match", "if-modified-since"} & response.request.headers.keys():
                raise PayloadError("HTTP 304 to a question without conditions")
            return None
        if (body := _body(response)) == place.body:
            return None
        kind = response.headers.get("content-type", "")
        # What is cut off twice in the same place ends there. In a thread: the parser may be busy for seconds.
        return await anyio.to_thread.run_sync(read_feed, response.content, kind, answer.url, body == place.half)

    async def _follow(self, address: str, validators: Mapping[str, str]) -> Answer:
        """Ask, and follow to where the answer is. Each hop is a request of its own, so that each address is checked."""
        lasting, lasts = "", True
        for _ in range(MAX_HOPS + 1):
            response = await self.send("GET", address, headers={"Accept": ACCEPT, **validators})
            if response.status_code in {200, 304}:
                return Answer(response, lasting)
            if response.next_request is None:
                raise PayloadError(f"{response.url.host}: HTTP {response.status_code} without an address")
            address = str(response.next_request.url)
            lasts = lasts and response.status_code in {301, 308}
            lasting = address if lasts else lasting
        raise SettingsError(f"more than {MAX_HOPS} redirects in a row")

    def check(self, response: httpx.Response) -> None:
        code = response.status_code
        where = f"{response.url.host}: HTTP {code}"  # a feed's path or query may be its password
        if code in {200, 304} or 300 <= code < 400:
            return
        if code == 404:
            raise MissingError(f"{where}: there is nothing at this address")
        if code == 410:
            raise GoneError(f"{where}: the feed is gone for good; take it out of rules.yaml")
        if code < 400:
            raise TransientError(f"{where} instead of a feed")
        try:
            super().check(response)
        except RateLimitedError as e:
            raise RateLimitedError(where, e.retry_after) from None
        except ConnectorError as e:
            raise type(e)(where) from None

    # -------- patience

    async def _patient(self, error: ConnectorError, place: Place, now: datetime) -> ConnectorError:
        """Feeds are refused and missing for a while and come back: what a first failure means, only time can tell."""
        match error:
            case AuthError():
                times, _ = await self._in_a_row("refused", place, now)
                return error if times >= REFUSALS else TransientError(str(error))
            case MissingError():
                _, since = await self._in_a_row("missing", place, now)
                return error if now - since >= MISSING_FOR else TransientError(str(error))
            case NoFeedError() if place.seen_at:  # it has been one: this may be the page of a site under repair
                _, since = await self._in_a_row("no feed", place, now)
                return error if now - since >= MISSING_FOR else TransientError(str(error))
            case RateLimitedError(retry_after=None):
                times, _ = await self._in_a_row("limited", place, now)
                return RateLimitedError(str(error), min(DAY, timedelta(hours=2 ** min(times - 1, 5))))
            case _:
                return error

    async def _given_up(self, error: ConnectorError, place: Place, now: datetime) -> Page | None:
        """After a burst, older pages that cannot be read are left alone, so that the newest ones can be."""
        if isinstance(error, (TransientError, RateLimitedError)):
            times, _ = await self._in_a_row("older", place, now)
            if times < REFUSALS:
                return None
        return Page(cursor=_done(place).cursor(), gap="an older page could not be read: some entries may be missed")

    async def _in_a_row(self, what: str, place: Place, now: datetime) -> tuple[int, datetime]:
        """How often this has happened since the feed last answered, and since when.

        It stands in the memo, since an error brings no cursor; a good answer changes the cursor, and with it `after`.
        """
        after = digest(place.seen_at.isoformat() if place.seen_at else "never", place.older)
        async with self.memo.locked() as m:
            kept = m.get("failed")
            failed: dict[str, Any] = dict(kept) if isinstance(kept, dict) and kept.get("after") == after else {}
            failed["after"] = after
            times, since = failed.get(what, (0, now.isoformat()))
            failed[what] = [times + 1, since]
            m["failed"] = failed
        return times + 1, as_utc(datetime.fromisoformat(since))

    # -------- reading

    def _read(
        self, place: Place, document: Document, answer: Answer, now: datetime
    ) -> tuple[Place, list[Mention], str | None]:
        """What is new or changed in the newest document, and whether something may have slipped through before it."""
        before = unpacked(place.known)
        oldest = now - OLDEST if place.seen_at else OLDEST_AT_ALL  # a new source may well begin with old posts
        seen = self._seen(document, before, now, oldest)
        mentions = [self._mention(s, now) for i, s in enumerate(seen) if s.is_news and not _beyond_memory(i, s, place)]
        gone, left = self._deleted(document, before, {s.known.id for s in seen}, now)
        gap = f"the feed holds more than {len(document.entries):,} entries" if document.left_out else None
        if place.seen_at and _all_new(seen, place.seen_at):
            if document.older and document.older != answer.url:
                place = place.but(older=document.older, pages=MAX_OLDER, since=place.seen_at)
            elif before and len(seen) >= 5:
                gap = "every entry was new: some may have come and gone between two polls"
        pace = int(document.pace.total_seconds()) if document.pace else 0
        place = place.but(known=packed(remembered([s.known for s in seen], left)), pace=pace)
        return place, [*mentions, *gone], gap

    def _seen(self, document: Document, known: Sequence[Known], now: datetime, oldest: datetime) -> list[Seen]:
        whens = [_when(e, now, oldest) for e in document.entries]
        sights = [_sight(e) for e in document.entries]
        return [
            Seen(entry, replace(k, at=int(at.timestamp()), certain=certain) if before is None else k, before, at)
            for entry, (at, certain), (k, before) in _pairs(document.entries, whens, recognise(sights, known))
        ]

    def _deleted(
        self, document: Document, before: Sequence[Known], here: set[str], now: datetime
    ) -> tuple[list[Mention], list[Known]]:
        """Entries that the feed says are gone and that we have had, and what is known of the rest."""
        names = {digest(short_id(ref)): when for ref, when in document.deleted}
        gone = [k for k in before if k.id not in here and (k.guid in names or digest(k.id) in names)]
        mentions = [
            Mention(
                platform="feed",
                namespace=self.settings.url,
                id=k.id,
                url="",
                kind=Kind.ARTICLE,
                author=Author(""),
                text="",
                published=min(now, datetime.fromtimestamp(k.at, UTC)),
                time_uncertain=not k.certain,
                deleted=True,
            )
            for k in gone
        ]
        return mentions, [k for k in before if k not in gone]

    def _page(
        self,
        place: Place,
        answer: Answer,
        now: datetime,
        mentions: Sequence[Mention] = (),
        skipped: int = 0,
        gap: str | None = None,
    ) -> Page:
        wait = min(DAY, max(timedelta(seconds=place.pace), _max_age(answer.response)))
        return Page(
            mentions,
            cursor=place.cursor(),
            more=bool(place.older),
            skipped=skipped,
            spent=1,
            gap=gap,
            not_before=now + wait if wait and not place.older else None,
        )

    def _mention(self, seen: Seen, now: datetime) -> Mention:
        entry, known, before = seen.entry, seen.known, seen.before
        published = min(now, datetime.fromtimestamp(known.at, UTC)) if before else seen.at
        guid = short_id(entry.guid)
        page = canonical(entry.link).partition("#")[0] if entry.link else ""
        comment = bool(entry.reply_to) or _is_comment(entry.link)
        ours = self._is_ours(entry)
        return Mention(
            platform="feed",
            namespace=self.settings.url,
            id=known.id,
            url=entry.link,
            kind=Kind.COMMENT if comment else Kind.ARTICLE,
            author=_author(entry, comment),
            title=entry.title,
            text=entry.text,
            published=published,
            language=entry.language,
            reach=Reach(replies=entry.replies),
            conversation=page or None,
            # A name proves nothing: what claims to be ours must not stop a clock.
            in_reply_to=short_id(entry.reply_to) or None if not ours else None,
            local_id=guid if guid and guid != known.id else None,
            edited=_edited(entry, published, now) if before else None,
            ours=ours,
            time_uncertain=not known.certain,
            ref={"truncated": "yes"} if entry.truncated else {},
        )

    def _is_ours(self, entry: Entry) -> bool:
        names = {entry.writer.name.casefold(), entry.writer.url.casefold()} - {""}
        return bool(names & {a.casefold() for a in self.accounts})


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry, what is known of it now and was before, and when it was published."""

    entry: Entry
    known: Known
    before: Known | None
    at: datetime

    @property
    def is_news(self) -> bool:
        return self.before is None or self.before.content != self.known.content


def _sight(entry: Entry) -> Sight:
    stamp = entry.published.isoformat() if entry.published else entry.stamp
    return Sight(entry.guid, entry.link, entry.title, entry.text, stamp)


def _pairs(
    entries: Iterable[Entry],
    whens: Iterable[tuple[datetime, bool]],
    found: Iterable[tuple[Known, Known | None] | None],
) -> Iterator[tuple[Entry, tuple[datetime, bool], tuple[Known, Known | None]]]:
    for entry, when, pair in zip(entries, whens, found, strict=True):
        if pair is not None:
            yield entry, when, pair


def _when(entry: Entry, now: datetime, oldest: datetime) -> tuple[datetime, bool]:
    """When it was published and whether that is certain; `now`, when it was found, if the feed gives no usable date."""
    at = entry.published
    if at is None or not oldest <= at <= now + DAY:
        return now, False
    return (at, entry.certain) if at <= now else (now, False)


def _beyond_memory(position: int, seen: Seen, place: Place) -> bool:
    """Whether an old entry only looks new because it stands below all that are remembered."""
    if position < MAX_KNOWN or place.seen_at is None or seen.before is not None:
        return False
    return seen.known.certain and seen.at < place.seen_at - timedelta(days=7)


def _edited(entry: Entry, published: datetime, now: datetime) -> datetime:
    return entry.updated if entry.updated and published < entry.updated <= now else now


def _all_new(seen: Sequence[Seen], since: datetime) -> bool:
    """Whether what is in sight may not reach back to the last poll."""
    dates = [s.at for s in seen if s.entry.published]
    return bool(seen) and all(s.before is None for s in seen) and (not dates or min(dates) > since)


def _author(entry: Entry, comment: bool) -> Author:
    """Feeds have no accounts: a name counts as an author within one site, a site without names as one author."""
    host = (urlsplit(canonical(entry.link)).hostname or "") if entry.link else ""
    writer = entry.writer
    name = writer.name or writer.mail.partition("@")[0] or entry.source
    if not name:
        return Author("" if comment else host, name="" if comment else host)
    return Author(writer.url or f"{name}@{host}", name=name, url=writer.url)


def _is_comment(link: str) -> bool:
    """WordPress and Blogger mark the address of a comment."""
    parts = urlsplit(link)
    return bool(re.match(r"comment-?\d|c\d{6}", parts.fragment)) or "showComment=" in parts.query


def _done(place: Place) -> Place:
    return place.but(older="", pages=0, since=None)


def _name(entry: Entry) -> str:
    return entry.guid or entry.link


def _none(values: Iterable[object]) -> bool:
    found = list(values)
    return bool(found) and not any(found)


def _body(response: httpx.Response) -> str:
    return sha256(response.content).hexdigest()[:32]


def _validator(response: httpx.Response, name: str) -> str:
    """A validator exactly as it came; none that could not be sent back."""
    value: str = response.headers.get(name, "")
    return value if len(value) <= 1_000 and value.isascii() and value.isprintable() else ""


def _may_change_within_the_second(response: httpx.Response) -> bool:
    """Whether a document was changed in the second in which it was sent: what changes after that would be missed.

    RFC 9110, 8.8.2.2.
    """
    sent, changed = (http_date(response.headers.get(name, "")) for name in ("date", "last-modified"))
    return sent is not None and changed is not None and sent <= changed


def _max_age(response: httpx.Response) -> timedelta:
    said = response.headers.get("cache-control", "").lower()
    found = re.search(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", said)
    return (
        timedelta(seconds=int(found[1]))
        if found and "no-cache" not in said and "no-store" not in said
        else timedelta(0)
    )


__connector__ = Feed
