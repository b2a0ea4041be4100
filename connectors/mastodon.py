"""Mastodon, and servers that speak its client API (Pleroma, Akkoma, GoToSocial, Pixelfed: what they have of it).

docs: https://docs.joinmastodon.org/methods/
auth: an access token of the brand's account (Preferences > Development > New application; scopes read:accounts
  read:statuses read:search read:notifications, and write:statuses to answer); hashtags alone may need none
cost: free; 300 requests in 5 minutes per account
covers: mentions, replies, direct messages and quotes of the brand (filtered ones too), hashtags, full-text search of
  posts whose authors allow it
misses: whatever has not federated to the instance, servers that block it, notifications that the account's policy
  drops; searches find nothing on servers without full-text search; it polls and does not keep a stream open
sees_reply: the brand's own posts, by exact parent within the instance; else the thread below the mention
posts_reply: yes, never wider than the mention, with an idempotency key
retention: full
window: none
"""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, urlsplit

import httpx
import regex
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from connectors import base
from connectors._html import text_of
from connectors._mastodon import (
    DEFAULT_LENGTH,
    HANDLE,
    ID,
    URL_LENGTH,
    Account,
    Context,
    Found,
    Instance,
    Notification,
    Posted,
    Status,
    address,
    addressing,
    all_before,
    are_snowflakes,
    error_of,
    further,
    identity,
    is_further,
    length_of,
    letters,
    moment,
    named,
    narrower,
    newer,
    not_before,
    number_of,
    older,
    quote_of,
    reset_in,
    snowflake,
    total,
    whole_handle,
)
from connectors.base import (
    Access,
    AuthError,
    Author,
    Connector,
    ConnectorError,
    Cursor,
    GatedError,
    Kind,
    Mention,
    Page,
    PayloadError,
    RateLimitedError,
    Reach,
    Reply,
    ReplyLimits,
    SettingsError,
    TransientError,
    Way,
    Worth,
    http_date,
    readable,
    retry_after,
)

LIMIT = 40
"""Statuses in a page; Mastodon gives no more."""

NOTIFICATIONS_LIMIT = 80

LATE = timedelta(hours=2)
"""A remote post that federates late gets an id made from the time when it was written, below ids that were read
before (Mastodon, `Status` and `Mastodon::Snowflake`): hashtags and searches are read again from this long ago."""

OWN_LATE = timedelta(minutes=5)
"""Our own posts are written here, so ids are late only by a slow transaction."""

SWEEP = timedelta(hours=48)
"""How far back a sweep reads again: what federated very late, and edits of what mentioned us."""

SWEEP_EVERY = timedelta(hours=24)
REREAD_EVERY = timedelta(hours=1)
"""Notifications are never late, but an edit of a post that mentions us makes no new one."""

MAX_PAGES_BACK = 50
"""Newest-first lists are read at most this many pages back at a time."""

LEARN_EVERY = timedelta(hours=24)
GIVEN_UP = timedelta(hours=24)
"""An instance that has not answered for so long has probably closed: instances do."""
GIVEN_UP_TRIES = 10

RESERVE = {Worth.OWNED: 2, Worth.ADDRESSED: 2, Worth.KEYWORD: 30}
"""All ways share the account's rate limit; with so few requests left, a way waits for the next window."""

REPLY_PAGES = 5
REPLY_THREADS = 5
REPLY_LOOKUPS = 3
"""How much is asked in one search for replies: it has seconds, and looking a post up may ask a third server."""

MAX_REMEMBERED = 300

POLICIES = {
    "for_not_following": "people whom the account does not follow",
    "for_not_followers": "people who do not follow the account",
    "for_new_accounts": "new accounts",
    "for_private_mentions": "private mentions",
    "for_limited_accounts": "limited accounts",
}


# ---------------------------------------------------------------- settings


class Settings(base.Settings):
    """`instance` is the server's address; one source watches one instance, and sees what has federated to it.

    Without a token only `hashtags` can be watched, where the server shows them to visitors.
    """

    instance: str
    token: SecretStr | None = None
    notifications: bool = True
    hashtags: tuple[str, ...] = Field(default=(), max_length=30)
    search: tuple[str, ...] = Field(default=(), max_length=20)
    visibility: Literal["public", "unlisted"] = "unlisted"  # of our replies, at most

    @field_validator("instance")
    @classmethod
    def _origin(cls, value: str) -> str:
        value = value.strip()
        parts = urlsplit(value if "://" in value else f"https://{value}")
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
            raise ValueError("write the instance's address, such as https://mastodon.social")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("write the instance's address without a path")
        return f"https://{parts.netloc.lower()}"

    @field_validator("hashtags")
    @classmethod
    def _tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        tags = [unicodedata.normalize("NFKC", tag).strip().lstrip("#").lower() for tag in value]
        if not all(regex.fullmatch(r"[\w·]{1,200}", tag) and not tag.isdecimal() for tag in tags):
            raise ValueError("a hashtag is one word of letters, digits and _, and not only digits")
        return tuple(dict.fromkeys(tags))

    @field_validator("search")
    @classmethod
    def _queries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        queries = [query.strip() for query in value]
        if not all(0 < len(query) <= 500 for query in queries):
            raise ValueError("a search is a text of 1 to 500 characters")
        return tuple(dict.fromkeys(queries))

    @model_validator(mode="after")
    def _possible(self) -> Settings:
        if self.token is None and self.search:
            raise ValueError("search needs a token: Mastodon answers visitors with nothing")
        if self.token is None and not self.hashtags:
            raise ValueError("without a token there must be hashtags")
        return self


# ---------------------------------------------------------------- what we remember


class About(BaseModel):
    """What was learned about the server and ourselves; kept in the memo for a day."""

    at: datetime
    asked_as: str  # a digest of the settings and accounts that it was learned for
    domain: str
    me: str = ""  # the id of the token's account
    own: dict[str, str] = {}  # ids of the brand's accounts on this server, and their handles
    unknown: list[str] = []  # handles that this server does not know (yet)
    length: int = DEFAULT_LENGTH
    url_length: int = URL_LENGTH
    feeds: tuple[str, str] = ("public", "public")  # who may read hashtags: of local posts, of remote posts


class Place(BaseModel):
    """Where one list stands. A round reads forward (`at`) or back (`until`, `back`); between rounds both are empty."""

    model_config = ConfigDict(frozen=True)

    swept_at: datetime
    seen: str = ""  # all up to this id has been read
    read_at: datetime | None = None  # searches: when the last round began
    at: str = ""  # forward: read up to this id
    until: datetime | None = None  # back: how far
    back: str = ""  # back: read down to this id, or by this offset
    top: str = ""  # back: the newest id when it began; becomes `seen` at the end
    pages: int = 0
    snowflake: bool = False  # ids are Mastodon's, made from the time
    plain: bool = False  # notifications: the server knows no quotes


@dataclass(frozen=True, slots=True)
class Line:
    """A list of the API.

    late    how far back its ids may be late
    sweep   how often it is read again in full
    ids     "status": made from the time on Mastodon; "other": in the order in which they came
    search  it is a search, which is paged by offset
    """

    name: str
    path: str
    params: tuple[tuple[str, str], ...]
    late: timedelta = timedelta(0)
    sweep: timedelta | None = None
    ids: Literal["status", "other"] = "status"
    search: bool = False


class Step(NamedTuple):
    """One answer of one list: its items, and where the list stands now."""

    items: list[Any]
    place: Place
    more: bool
    response: httpx.Response
    gap: str | None = None


class Located(NamedTuple):
    """A post by this instance's ids: its own, and its author's ("" when not known)."""

    id: str
    account: str = ""


class GoneError(SettingsError):
    """404 or 410: it is not there, or not for us."""


# ---------------------------------------------------------------- the connector


class Mastodon(Connector[Settings]):
    """Polls, FindsReplies, PostsReply, ChecksAccess."""

    Settings = Settings

    # A copy of what the memo holds, since `limits` cannot wait for it; and whether the memo may hold a silence.
    _about: About | None = None
    _silent: bool = True

    @property
    def host(self) -> str:
        return self.settings.instance.removeprefix("https://")

    # -------- polling

    def ways(self) -> Sequence[Way]:
        """Visitors see hashtags only; what is addressed to us and what we wrote is asked for each minute."""
        ways = []
        if self.settings.token is not None:
            if self.settings.notifications:
                ways.append(Way("notifications", timedelta(seconds=60), Worth.ADDRESSED))
            ways.append(Way("own", timedelta(seconds=60), Worth.OWNED))
        if self.settings.hashtags:
            ways.append(Way("hashtags", timedelta(minutes=3)))
        if self.settings.search:
            ways.append(Way("search", timedelta(minutes=5)))
        return ways

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        """One page of one list; a way with several lists takes them in turn within a round.

        Raises AuthError when the instance has given no usable answer for a day: instances vanish.
        """
        try:
            page = await self._fetch(way, cursor, now)
        except TransientError:
            if await self._is_given_up(now):
                raise AuthError(
                    f"{self.host} has given no usable answer for {GIVEN_UP.days * 24} hours: has it closed or moved?"
                ) from None
            raise
        await self._answered()
        return page

    async def _fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        about = await self._learn(now)
        lines = self._lines(way, about)
        places = {n: Place.model_validate(p) for n, p in (cursor or {}).get("lists", {}).items() if n in lines}
        turn = (cursor or {}).get("turn")
        names = list(lines)
        name = turn if turn in lines else names[0]
        # A source starts here and now, with the newest page of every list.
        steps = {n: await self._next(lines[n], places.get(n), now) for n in (names if cursor is None else [name])}
        found, skipped = self._mentions(way, [item for step in steps.values() for item in step.items], now, about)
        if cursor is not None and name not in places:
            # A hashtag or account that was added later has no first fetch of its own: its past is not news.
            found = [m for m in found if m.published >= now - LATE]
        left = names[names.index(name) + (0 if steps[name].more else 1) :] if cursor is not None else []
        kept = {n: p.model_dump(mode="json", exclude_defaults=True) for n, p in places.items()}
        kept.update({n: s.place.model_dump(mode="json", exclude_defaults=True) for n, s in steps.items()})
        waits = (not_before(step.response, RESERVE[way.worth], now) for step in steps.values())
        wait_until = max(filter(None, waits), default=None)
        return Page(
            found,
            cursor={"lists": kept, **({"turn": left[0]} if left else {})},
            # Little is left of the rate limit: the round goes on from here later.
            more=bool(left) and wait_until is None,
            skipped=skipped,
            spent=len(steps),
            gap="; ".join(step.gap for step in steps.values() if step.gap) or None,
            not_before=wait_until,
        )

    def _lines(self, way: Way, about: About) -> dict[str, Line]:
        if way.name == "notifications":
            lines = [_notifications()]
        elif way.name == "own":
            lines = [_posts_of(account) for account in about.own]
        elif way.name == "search":
            lines = [_search_for(query) for query in self.settings.search]
        elif self.settings.token is None and "public" not in about.feeds:
            raise GatedError(f"{self.host} shows hashtags only to people who are logged in: a token is needed")
        else:
            lines = [_hashtag(tag) for tag in self.settings.hashtags]
        return {line.name: line for line in lines}

    async def _next(self, line: Line, place: Place | None, now: datetime) -> Step:
        """The next page of a list; of notifications without quotes where a server refuses to hear of them."""
        if line.ids == "status":
            return await self._step(line, place, now)
        plain = place is not None and place.plain and not _is_due(place, line, now)
        try:
            step = await self._step(_notifications(plain), place, now)
        except SettingsError as e:
            if plain or isinstance(e, GoneError):
                raise
            plain = True
            step = await self._step(_notifications(plain), place, now)
        return step._replace(place=step.place.model_copy(update={"plain": plain}))

    async def _step(self, line: Line, place: Place | None, now: datetime) -> Step:
        """One page of a list.

        The first is the newest. Then each round reads forward with `min_id`, which gives the page directly above an
        id, until a page is empty. Lists whose ids may be late start a little below what they have seen, where ids
        are made from the time; elsewhere ids are words without an order, and now and then the newest pages are read
        again, back to a moment instead of an id. Searches always read back: their `min_id` only means "after".
        """
        if place is None:
            items, response = await self._list(line)
            snow = line.ids == "status" and are_snowflakes(items)
            place = Place(swept_at=now, read_at=now if line.search else None, snowflake=snow)
            return Step(items, place.model_copy(update={"seen": newer(items, response)}), False, response)
        if place.until is None:
            place = _start(line, place, now)
        return await (self._forward if place.until is None else self._backward)(line, place, now)

    async def _forward(self, line: Line, place: Place, now: datetime) -> Step:
        items, response = await self._list(line, min_id=place.at)
        place = _noticing(place, line, items)
        top = newer(items, response)
        if top and is_further(top, place.at):
            return Step(items, place.model_copy(update={"at": top}), True, response)
        done = place.model_copy(update={"seen": further(place.seen, place.at), "at": ""})
        again = not place.snowflake and _is_due(place, line, now)
        if again:
            done = done.model_copy(update={"until": now - SWEEP, "swept_at": now})
        return Step(items, done, again, response)

    async def _backward(self, line: Line, place: Place, now: datetime) -> Step:
        if line.search:
            low = str(snowflake(place.until)) if place.snowflake and place.until else ""
            items, response = await self._list(line, offset=place.back, min_id=low)
            top, down = newer(items, response), str(int(place.back or 0) + len(items)) if items else ""
        else:
            items, response = await self._list(line, max_id=place.back)
            top, down = newer(items, response), older(items, response)
        place = _noticing(place, line, items)
        circling = down != "" and (down == place.back or (place.back != "" and top == place.top))
        more = down != "" and not all_before(items, place.until)
        place = place.model_copy(update={"top": place.top or top, "pages": place.pages + 1})
        if more and not circling and place.pages < MAX_PAGES_BACK:
            return Step(items, place.model_copy(update={"back": down}), True, response)
        done = {"seen": further(place.seen, place.top), "top": "", "back": "", "until": None, "pages": 0}
        gap = None
        if more:
            what = "the server repeats its pages" if circling else f"more than {MAX_PAGES_BACK} pages to read back"
            gap = f"{'a search' if line.search else 'a list'} was not read to its end: {what}"
        return Step(items, place.model_copy(update=done), False, response, gap)

    async def _list(self, line: Line, **where: str) -> tuple[list[Any], httpx.Response]:
        params = [*line.params, *((name, value) for name, value in where.items() if value)]
        response = await self._ask("GET", line.path, params=params)
        return self.read(Found, response).statuses if line.search else self.read(list[Any], response), response

    # -------- reading posts

    def _mentions(self, way: Way, items: Sequence[Any], now: datetime, about: About) -> tuple[list[Mention], int]:
        if way.name != "notifications":
            statuses, skipped = readable(items, Status)
            return [m for s in statuses if (m := self._mention(s, now, about))], skipped
        notes, skipped = readable((item for item in items if _is_about_us(item)), Notification)
        return [m for n in notes if (m := self._mention(n.status, now, about, note=n))], skipped

    def _mention(self, status: Status, now: datetime, about: About, note: Notification | None = None) -> Mention | None:
        """A status as a mention; None when somebody only shares another's post."""
        if status.reblog is not None:
            return None
        created, edited = moment(status.created_at), moment(status.edited_at)
        account, own = status.account, about.own
        ours = account.id in own or whole_handle(account.acct, about.domain).lower() in about.unknown
        parent = status.in_reply_to_id if status.in_reply_to_id and ID.fullmatch(status.in_reply_to_id) else None
        quoted, quoted_author = quote_of(status.quote)
        quotes_us = quoted is not None and (quoted_author in own or (note is not None and note.type == "quote"))
        addressed = (
            note is not None or quotes_us or status.in_reply_to_account_id in own or bool(named(status) & own.keys())
        )
        private = status.visibility not in {"public", "unlisted"}
        ref = {
            "host": self.host,
            "id": status.id,
            "acct": account.acct,
            "account": account.id,
            "visibility": status.visibility or "direct",
            **({"filtered": "true"} if note is not None and note.filtered is True else {}),
        }
        # A quote of ours goes on with that conversation, as a reply would; a quote *by* us does not tell the
        # person whom it quotes anything, so it answers nobody.
        answers = parent or (quoted if quotes_us and not ours else None)
        return Mention(
            platform="mastodon",
            id=identity(status, self.host),
            url=address(status.url) or address(status.uri),
            kind=Kind.MESSAGE if status.visibility == "direct" else Kind.REPLY if parent else Kind.POST,
            author=Author(
                id=address(account.url) or f"{self.host}/{account.id}",
                handle=whole_handle(account.acct, about.domain),
                name=account.display_name or "",
                url=address(account.url),
                followers=account.followers_count,
            ),
            text="\n".join(filter(None, (status.spoiler_text, text_of(status.content or "")))),
            published=min(created or now, now),
            time_uncertain=created is None or created > now,
            edited=min(edited, now) if edited else None,
            language=status.language,
            reach=Reach(
                likes=status.favourites_count,
                shares=total(status.reblogs_count, status.quotes_count),
                replies=status.replies_count,
            ),
            conversation=None if parent else f"{self.host}/{status.id}",
            in_reply_to=f"{self.host}/{answers}" if answers else None,
            local_id=f"{self.host}/{status.id}",
            private=private,
            addressed=addressed and not ours,
            ours=ours,
            ref=ref,
        )

    # -------- finding replies

    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        """The brand's answers, as this instance knows them: use the source of the brand's home instance.

        First the brand's own posts, which cover all mentions at once; then, for some of those still unanswered (others
        each time), the thread below the mention: an answer to a later post of the same person there counts too.
        """
        if not mentions:
            return {}
        about = await self._learn(now)
        local = await self._located(mentions, now)
        wanted = [m for m in mentions if m.id in local]
        if not about.own or not wanted:
            return {}
        since = min(m.published for m in wanted)
        answers, complete = await self._own_answers(about, since, now)
        found = {m.id: answers[local[m.id].id] for m in wanted if local[m.id].id in answers}
        open_ones = _some(sorted((m for m in wanted if m.id not in found), key=lambda m: m.id), REPLY_THREADS, now)
        try:
            for m in open_ones:
                answer = await self._answer_below(local[m.id], about, now)
                if answer is not None:
                    found[m.id] = answer
        except (TransientError, RateLimitedError, PayloadError):
            # The threads only add to what the own posts say; without those we must not say no.
            if not complete:
                raise
        return found

    async def _own_answers(self, about: About, since: datetime, now: datetime) -> tuple[dict[str, Reply], bool]:
        """The earliest own answer to each post, by the post's id here; and whether we read back to `since`."""
        answers: dict[str, Reply] = {}
        complete = True
        for account in about.own:
            back = ""
            for _ in range(REPLY_PAGES):
                items, response = await self._list(_posts_of(account), max_id=back)
                for status in readable(items, Status)[0]:
                    if status.in_reply_to_id is not None:
                        at = min(moment(status.created_at) or now, now)
                        _keep_earliest(answers, status.in_reply_to_id, self._reply(status, about, at))
                down = older(items, response)
                if not down or down == back or all_before(items, since):
                    break
                back = down
            else:
                complete = False
        return answers, complete

    async def _answer_below(self, post: Located, about: About, now: datetime) -> Reply | None:
        """The brand's earliest answer to the same person below a post; None also when the post is gone."""
        try:
            context = await self._get(Context, f"/api/v1/statuses/{post.id}/context")
        except (GoneError, GatedError):
            return None
        answers: dict[str, Reply] = {}
        for status in readable(context.descendants, Status)[0]:
            to_them = status.in_reply_to_id == post.id or (
                post.account != "" and status.in_reply_to_account_id == post.account
            )
            if status.account.id in about.own and to_them:
                at = min(moment(status.created_at) or now, now)
                _keep_earliest(answers, "", self._reply(status, about, at))
        return answers.get("")

    def _reply(self, status: Status, about: About, at: datetime) -> Reply:
        by = whole_handle(status.account.acct, about.domain)
        return Reply(at, by, address(status.url) or address(status.uri), f"{self.host}/{status.id}")

    async def _located(self, mentions: Iterable[Mention], now: datetime) -> dict[str, Located]:
        """Where this instance keeps each mention. What another instance found is looked up here, a few at a time."""
        known = {m.id: Located(m.ref["id"], m.ref.get("account", "")) for m in mentions if self._is_here(m)}
        foreign = [m for m in mentions if m.id not in known and (m.url or address(m.id))]
        if not foreign or self.settings.token is None:
            return known
        async with self.memo.locked() as memo:
            kept = dict(memo.get("located") or {})
        known.update({m.id: Located(*kept[m.id]) for m in foreign if m.id in kept})
        unknown = sorted((m for m in foreign if m.id not in kept), key=lambda m: m.id)
        for m in _some(unknown, REPLY_LOOKUPS, now):
            located = await self._look_up(m)
            if located is not None:
                known[m.id] = located
                async with self.memo.locked() as memo:
                    memo["located"] = _newest({**(memo.get("located") or {}), m.id: list(located)})
        return known

    async def _look_up(self, mention: Mention) -> Located | None:
        """The same post on this instance, which fetches it from afar if it must; None when it cannot be had."""
        where = address(mention.id) or mention.url
        params = {"q": where, "resolve": "true", "type": "statuses", "limit": "1"}
        try:
            found = await self._get(Found, "/api/v2/search", params=params)
        except (GoneError, GatedError, SettingsError):
            return None
        statuses, _ = readable(found.statuses, Status)
        same = [s for s in statuses if mention.id in {s.uri, s.url} or (mention.url and mention.url == s.url)]
        return Located(same[0].id, same[0].account.id) if same else None

    def _is_here(self, mention: Mention) -> bool:
        return mention.ref.get("host") == self.host and bool(ID.fullmatch(mention.ref.get("id", "")))

    # -------- answering

    def limits(self, mention: Mention) -> ReplyLimits:
        """What is left of the server's limit beside the handle, which must be in the text for it to arrive.

        A link counts as 23 characters whatever its length, a handle without its domain; `reply` counts as the server.
        """
        window = mention.window_ends_at
        handle = self._handle_of(mention)
        if self.settings.token is None or mention.deleted or not handle:
            return ReplyLimits(0, "graphemes", window, "none")
        about = self._about
        whole = about.length if about else DEFAULT_LENGTH
        return ReplyLimits(max(0, whole - length_of(f"@{handle} ")), "graphemes", window, "human")

    async def reply(self, mention: Mention, text: str, key: str) -> Reply:
        """Answer below the mention, to the person, and to nobody who could not see the mention.

        Raises SettingsError when the text is too long, refused, or the mention cannot be seen from this instance.
        """
        if self.settings.token is None:
            raise GatedError("answering needs a token with the scope write:statuses")
        handle = self._handle_of(mention)
        if not handle:
            raise SettingsError("the author has no handle that could be told")
        async with self.memo.locked() as memo:
            sent = dict(memo.get("sent") or {})
            memo["sent"] = _newest({**sent, key: sent.get(key)})
        if sent.get(key):
            return _reply_from(sent[key])
        reply = await self._post(mention, addressing(handle, text), key, again=key in sent)
        kept = {"at": reply.at.isoformat(), "by": reply.by, "url": reply.url, "id": reply.id}
        async with self.memo.locked() as memo:
            memo["sent"] = _newest({**(memo.get("sent") or {}), key: kept})
        return reply

    async def _post(self, mention: Mention, text: str, key: str, again: bool) -> Reply:
        about = await self._learn(None)
        if length_of(text, about.url_length) > about.length:
            raise SettingsError(f"the text is longer than the {about.length} characters that {self.host} takes")
        local = Located(mention.ref["id"]) if self._is_here(mention) else await self._look_up(mention)
        if local is None:
            raise SettingsError(f"{self.host} cannot see this mention")
        if again:
            # The server knows the key for an hour only; after that we must look for ourselves.
            earlier = await self._sent_before(about, local.id, text)
            if earlier is not None:
                return self._reply(earlier, about, moment(earlier.created_at) or mention.published)
        body = {
            "status": text,
            "in_reply_to_id": local.id,
            "visibility": narrower(self.settings.visibility, mention.ref.get("visibility", "direct")),
        }
        if mention.language:
            body["language"] = mention.language
        response = await self._ask("POST", "/api/v1/statuses", json=body, headers={"Idempotency-Key": key})
        posted = self.read(Posted, response)
        at = moment(posted.created_at) or http_date(response.headers.get("date", "")) or mention.published
        by = whole_handle(about.own.get(about.me, ""), about.domain)
        return Reply(at, by, address(posted.url), f"{self.host}/{posted.id}")

    async def _sent_before(self, about: About, parent: str, text: str) -> Status | None:
        items, _ = await self._list(_posts_of(about.me))
        for status in readable(items, Status)[0]:
            if status.in_reply_to_id == parent and letters(text_of(status.content or "")) == letters(text):
                return status
        return None

    def _handle_of(self, mention: Mention) -> str:
        acct = mention.ref.get("acct", "") if self._is_here(mention) else mention.author.handle
        return acct if HANDLE.fullmatch(acct) else ""

    # -------- who we are

    async def access(self, now: datetime) -> Access:
        """Who the token belongs to, and what would keep mentions from us."""
        async with self.memo.locked() as memo:
            memo.pop("about", None)
        self._about = None
        about = await self._learn(now)
        if self.settings.token is None:
            return Access(f"a visitor on {self.host}", self._hashtag_warnings(about))
        me = await self._get(Account, "/api/v1/accounts/verify_credentials")
        warnings = [
            *self._account_warnings(me, about),
            *await self._policy_warnings(),
            *self._hashtag_warnings(about),
            *await self._search_warnings(me),
        ]
        return Access(f"@{whole_handle(me.acct, about.domain)}", warnings)

    def _account_warnings(self, me: Account, about: About) -> list[str]:
        warnings = []
        if me.moved is not None:
            warnings.append("the account has moved: mentions of its new name arrive there")
        wanted = {self._normal(account, about.domain) for account in self.accounts}
        if wanted and whole_handle(me.acct, about.domain).lower() not in wanted and me.id not in wanted:
            warnings.append("the token's account is not among brand.accounts.mastodon")
        if about.unknown:
            warnings.append(f"{self.host} does not know {len(about.unknown)} of the brand's accounts (yet)")
        return warnings

    async def _policy_warnings(self) -> list[str]:
        try:
            policy = await self._get(dict[str, Any], "/api/v2/notifications/policy")
        except (SettingsError, PayloadError):
            return []  # before Mastodon 4.3, and elsewhere, nothing is filtered
        return [
            f"notifications of {who} are dropped and can never be seen: set them to accept in the account's preferences"
            for key, who in POLICIES.items()
            if policy.get(key) == "drop"
        ]

    def _hashtag_warnings(self, about: About) -> list[str]:
        if not self.settings.hashtags:
            return []
        allowed = {"public", "authenticated"} if self.settings.token else {"public"}
        closed = [name for name, who in zip(("local", "remote"), about.feeds, strict=True) if who not in allowed]
        return [f"{self.host} hides {name} posts in hashtag feeds from us" for name in closed]

    async def _search_warnings(self, me: Account) -> list[str]:
        """Without full-text search the server finds nothing, silently; but it should find our own posts."""
        if not self.settings.search or not me.statuses_count:
            return []
        params = {"q": "from:me", "type": "statuses", "limit": "1"}
        found = await self._get(Found, "/api/v2/search", params=params)
        if found.statuses:
            return []
        return [f"{self.host} seems to have no full-text search: it does not even find the account's own posts"]

    async def _learn(self, now: datetime | None) -> About:
        """Who we are here and what the server allows: from the memo, or asked once a day. Without `now`, of any age."""
        asked_as = self._fingerprint()
        about = self._about
        if about is not None and (now is None or now - about.at < LEARN_EVERY):
            return about
        async with self.memo.locked() as memo:
            self._silent = "silent" in memo
            kept = _remembered(memo.get("about"), asked_as)
            if kept is None or (now is not None and now - kept.at >= LEARN_EVERY):
                try:
                    # Without a clock it counts as learned long ago: the next fetch asks again.
                    kept = await self._ask_about(asked_as, now or datetime(1970, 1, 1, tzinfo=UTC))
                    memo["about"] = kept.model_dump(mode="json")
                except (TransientError, RateLimitedError, PayloadError):
                    if kept is None:
                        raise  # else yesterday's will do
        self._about = kept
        return kept

    async def _ask_about(self, asked_as: str, now: datetime) -> About:
        own: dict[str, str] = {}
        me = ""
        if self.settings.token is not None:
            account = await self._get(Account, "/api/v1/accounts/verify_credentials")
            me, own[account.id] = account.id, account.acct
        try:
            instance = await self._get(Instance, "/api/v2/instance")
        except (SettingsError, GatedError, PayloadError):
            instance = Instance()  # older servers, and others that speak only a part of the API
        domain = instance.domain.lower() if HANDLE.fullmatch(instance.domain) else self.host
        unknown = []
        for name in dict.fromkeys(self._normal(account, domain) for account in self.accounts):
            if ID.fullmatch(name) and name.isdecimal():
                own[name] = ""
            elif name not in {whole_handle(acct, domain).lower() for acct in own.values()}:
                found = await self._account_called(name.removesuffix(f"@{domain}"))
                if found is None:
                    unknown.append(name)
                else:
                    own[found.id] = found.acct
        conf = instance.configuration
        return About(
            at=now,
            asked_as=asked_as,
            domain=domain,
            me=me,
            own=own,
            unknown=unknown,
            length=conf.statuses.max_characters,
            url_length=conf.statuses.characters_reserved_per_url,
            feeds=(conf.timelines_access.hashtag_feeds.local, conf.timelines_access.hashtag_feeds.remote),
        )

    async def _account_called(self, acct: str) -> Account | None:
        try:
            return await self._get(Account, "/api/v1/accounts/lookup", params={"acct": acct})
        except (GoneError, GatedError):
            return None

    def _normal(self, account: str, domain: str) -> str:
        """An account as people write it (@a@b, https://b/@a, a) as a@b; ids stay ids."""
        account = account.strip().lower()
        if account.startswith("https://"):
            parts = urlsplit(account)
            account = f"{parts.path.rpartition('/')[2].lstrip('@')}@{parts.netloc}"
        account = account.lstrip("@")
        return account if "@" in account or account.isdecimal() else f"{account}@{domain}"

    def _fingerprint(self) -> str:
        token = self.settings.token.get_secret_value() if self.settings.token else ""
        return hashlib.sha256("\0".join((self.host, token, *self.accounts)).encode()).hexdigest()[:16]

    # -------- asking

    async def _get(self, shape: type[base.M], path: str, params: Any = None) -> base.M:
        return self.read(shape, await self._ask("GET", path, params=params))

    async def _ask(
        self, method: str, path: str, *, params: Any = None, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        secret = self.settings.token
        auth = {"Authorization": f"Bearer {secret.get_secret_value()}"} if secret else {}
        url = self.settings.instance + path
        return await self.send(method, url, params=params, json=json, headers={**auth, **(headers or {})})

    def check(self, response: httpx.Response) -> None:
        """Status codes and pages of gates (Cloudflare) as errors that say what to do next."""
        code, path = response.status_code, response.request.url.path
        where = f"{response.request.method} {self.host}{path}: HTTP {code}"
        page = "text/html" in response.headers.get("content-type", "").lower()
        if code < 300 and page:
            raise TransientError(f"{where} is a web page: something in front of the server wants to see a browser")
        if 300 <= code < 400:
            raise SettingsError(f"{where}: the instance sends us elsewhere; write its present address under `instance`")
        if code == 429:
            raise RateLimitedError(where, retry_after(response) or reset_in(response, None))
        said = error_of(response)
        if code in {401, 403} or (code == 422 and "authenticated user" in said):
            raise self._refusal(response, said, where, page)
        if code == 410 and regex.search(r"/accounts/(verify_credentials|[\w-]+/statuses)$", path):
            raise AuthError(f"{where}: the account is suspended")
        if code in {404, 410}:
            raise GoneError(where)
        super().check(response)

    def _refusal(self, response: httpx.Response, said: str, where: str, page: bool) -> ConnectorError:
        challenge = response.headers.get("www-authenticate", "").lower()
        if response.status_code == 403 and page:
            return TransientError(f"{where} is a web page: something in front of the server wants to see a browser")
        if "insufficient_scope" in challenge or "authorized scopes" in said:
            return GatedError(f"{where}: the token lacks a scope (see auth: of this connector)")
        if "invalid_token" in challenge or any(word in said for word in DEAD):
            return AuthError(f"{where}: the token is invalid or revoked, or the login is disabled")
        if self.settings.token is None:
            return GatedError(f"{where}: visitors may not see this; a token is needed")
        if response.status_code == 401 and not regex.search(
            r"/(timelines|search|lookup|context)", response.request.url.path
        ):
            return AuthError(where)
        return GatedError(f"{where}: the server does not show this to the account")

    # -------- instances that vanish

    async def _is_given_up(self, now: datetime) -> bool:
        """Note that there was no usable answer; has it been so for a day, and not only because we were off?"""
        async with self.memo.locked() as memo:
            silent = memo.get("silent") or {"since": now.isoformat(), "tries": 0}
            silent = {"since": silent["since"], "tries": silent["tries"] + 1}
            memo["silent"] = silent
        self._silent = True
        return now - datetime.fromisoformat(silent["since"]) >= GIVEN_UP and silent["tries"] >= GIVEN_UP_TRIES

    async def _answered(self) -> None:
        if self._silent:
            async with self.memo.locked() as memo:
                memo.pop("silent", None)
            self._silent = False


DEAD = (
    "token is invalid",
    "was revoked",
    "token expired",
    "token has expired",
    "currently disabled",
    "invalid credentials",
)
"""What servers say, in English, of a token or login that no longer works; Mastodon also says it in a header."""


# ---------------------------------------------------------------- lists


def _notifications(plain: bool = False) -> Line:
    types = [("types[]", kind) for kind in (("mention",) if plain else ("mention", "quote"))]
    params = (*types, ("limit", str(NOTIFICATIONS_LIMIT)), ("include_filtered", "true"))
    return Line("all", "/api/v1/notifications", params, sweep=REREAD_EVERY, ids="other")


def _posts_of(account: str) -> Line:
    params = (("exclude_reblogs", "true"), ("limit", str(LIMIT)))
    return Line(account, f"/api/v1/accounts/{account}/statuses", params, late=OWN_LATE)


def _hashtag(tag: str) -> Line:
    path = f"/api/v1/timelines/tag/{quote(tag, safe='')}"
    return Line(tag, path, (("limit", str(LIMIT)),), late=LATE, sweep=SWEEP_EVERY)


def _search_for(query: str) -> Line:
    params = (("q", query), ("type", "statuses"), ("limit", str(LIMIT)))
    return Line(query, "/api/v2/search", params, late=LATE, sweep=SWEEP_EVERY, search=True)


def _is_about_us(item: Any) -> bool:
    # Some servers ignore `types[]`. A kind that is no word is left for the reading to refuse.
    kind = item.get("type") if isinstance(item, dict) else None
    return not isinstance(kind, str) or kind in {"mention", "quote"}


def _noticing(place: Place, line: Line, items: Sequence[Any]) -> Place:
    if not items or line.ids == "other":
        return place
    return place.model_copy(update={"snowflake": are_snowflakes(items)})


def _start(line: Line, place: Place, now: datetime) -> Place:
    """Begin a round, or go on with it."""
    if place.at:
        return place
    due = _is_due(place, line, now)
    if line.search:
        since = min(place.read_at or now, now) - line.late
        until = min(since, now - SWEEP) if due else since
        return place.model_copy(update={"until": until, "read_at": now, "swept_at": now if due else place.swept_at})
    if place.snowflake and line.late:
        low = snowflake(now - (SWEEP if due else line.late))
        seen = number_of(place.seen)
        at = str(low if seen is None else min(low, seen))
        return place.model_copy(update={"at": at, "swept_at": now if due else place.swept_at})
    if place.seen:
        return place.model_copy(update={"at": place.seen})
    return place.model_copy(update={"until": now - SWEEP, "swept_at": now})


def _is_due(place: Place, line: Line, now: datetime) -> bool:
    return line.sweep is not None and now - place.swept_at >= line.sweep


def _some(items: Sequence[Mention], most: int, now: datetime) -> Sequence[Mention]:
    """At most so many, others at another moment, so that all get their turn at any pace of asking."""
    return items if len(items) <= most else random.Random(now.isoformat()).sample(items, most)


def _remembered(raw: Any, asked_as: str) -> About | None:
    try:
        about = About.model_validate(raw)
    except ValidationError:
        return None
    return about if about.asked_as == asked_as else None


def _newest(kept: Mapping[str, Any]) -> dict[str, Any]:
    return dict(list(kept.items())[-MAX_REMEMBERED:])


def _reply_from(kept: Mapping[str, str]) -> Reply:
    return Reply(datetime.fromisoformat(kept["at"]), kept["by"], kept["url"], kept["id"])


def _keep_earliest(answers: dict[str, Reply], parent: str, reply: Reply) -> None:
    if parent not in answers or reply.at < answers[parent].at:
        answers[parent] = reply


__connector__ = Mastodon
