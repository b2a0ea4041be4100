"""Hacker News: stories and comments that name the brand, answers to the brand, and what it said itself.

docs: https://hn.algolia.com/api and https://github.com/HackerNews/API
auth: none
cost: free; a few requests per poll of about 10,000 an hour
covers: stories and comments that hold a phrase, stories that link to a domain, answers to what the brand's accounts
  wrote in the last two weeks
misses: polls, job posts, dead (flagged) items until somebody vouches for them, deletions
sees_reply: yes, comments of the brand's accounts (names are case-sensitive)
posts_reply: no, but each mention carries the link to the reply form
retention: full
window: none known

Found through Algolia's index, which is late or stops now and then: every run reads the last hours again, and a run
that finds the index stale says so and reads the newest items one by one from the Firebase API. Authors may edit for
two hours; reading again brings the new text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from connectors import base
from connectors._html import text_of
from connectors.base import (
    Access,
    Author,
    Connector,
    Cursor,
    Kind,
    Mention,
    Page,
    PayloadError,
    RateLimitedError,
    Reach,
    Reply,
    SettingsError,
    Way,
    Worth,
    not_after,
    readable,
)

SEARCH = "https://hn.algolia.com/api/v1/search_by_date"
FIREBASE = "https://hacker-news.firebaseio.com/v0"
SITE = "https://news.ycombinator.com"

HITS = 200
"""Hits asked for at once. One query shows 1000 over all its pages, so we never ask for page two: we ask for what is
older than the oldest hit seen."""

MAX_PAGES = 50
"""Pages read for one question in one run; beyond that people are told of the gap."""

OVERLAP = timedelta(hours=3)
"""Read again each time: late indexing, and the two hours in which authors may edit."""

DEEP_OVERLAP, DEEP_EVERY = timedelta(hours=26), timedelta(hours=6)
"""Read again after an outage, and now and then for dead items that were revived within a day."""

STALE = timedelta(hours=2)
"""Hacker News gets a comment every few seconds: an index without one for so long has stopped."""

BRIDGE, MAX_BRIDGE = 40, 1200
"""Items read one by one while the index is stale: in one fetch, and in one run."""

MAX_WALK = 60
"""Items looked up to see to which mention a brand's comment belongs, in one call."""

MAX_OWN = 30
"""Of what the brand wrote and the index does not know yet, so many are looked up for one account in one call."""

WATCHED, WATCHED_FOR = 20, timedelta(days=14)
"""So many of an account's newest stories and comments are watched for answers, for so long."""

ANSWERS = 40
"""Answers read in one fetch."""


def _number(value: object) -> int | None:
    """A number, perhaps as text; anything else is unknown."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53 else None


def _count(value: object) -> int | None:
    return 0 if value == 0 and not isinstance(value, bool) else _number(value)


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


def _some(value: object) -> object:
    return value if isinstance(value, list) else []


Number = Annotated[int | None, BeforeValidator(_number)]
Count = Annotated[int | None, BeforeValidator(_count)]
Words = Annotated[str, BeforeValidator(_words)]
Id = Annotated[int, BeforeValidator(_number)]
Seconds = Annotated[int, Field(ge=0, le=253_402_300_799)]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
Domain = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=253,
        pattern=r"^[^\W_]([^\W_]|-)*(\.[^\W_]([^\W_]|-)*)+$",
    ),
]


class Settings(base.Settings):
    """`queries` are phrases, matched as whole words; `domains` are matched on the page that a story links to.

    The brand's own usernames come from `brand.accounts.hackernews`.
    """

    queries: tuple[Phrase, ...] = Field(default=(), max_length=30)
    domains: tuple[Domain, ...] = Field(default=(), max_length=30)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Settings:
        if not self.queries and not self.domains:
            raise ValueError("give at least one of queries and domains")
        if not all(any(c.isalnum() for c in q) for q in self.queries):
            raise ValueError("a query needs at least one letter or digit")
        return self


# ---------------------------------------------------------------- answers


class Found(BaseModel):
    hits: list[Any]
    nbHits: int = Field(ge=0)


class Hit(BaseModel):
    """One story or comment in Algolia's index."""

    objectID: Id
    created_at_i: Seconds
    author: Words = ""
    title: Words = ""
    url: Words = ""
    story_text: Words = ""
    comment_text: Words = ""
    story_title: Words = ""
    story_id: Number = None
    parent_id: Number = None
    points: Count = None
    num_comments: Count = None
    tags: Annotated[Sequence[Any], BeforeValidator(_some)] = Field(default=(), alias="_tags")

    @property
    def is_comment(self) -> bool:
        return "comment" in self.tags or bool(self.comment_text)

    def item(self) -> Item:
        return Item(
            id=self.objectID,
            type="comment" if self.is_comment else "story",
            time=self.created_at_i,
            by=self.author,
            title=self.story_title if self.is_comment else self.title,
            url="" if self.is_comment else self.url,
            text=self.comment_text if self.is_comment else self.story_text,
            story=self.story_id if self.is_comment else self.objectID,
            parent=self.parent_id,
            score=None if self.is_comment else self.points,
            descendants=self.num_comments,
        )


class Item(BaseModel):
    """One story or comment in the Firebase API; `story` is known only of those that came from the index."""

    id: Id
    type: str
    time: Seconds
    by: Words = ""
    title: Words = ""
    url: Words = ""
    text: Words = ""
    story: Number = None
    parent: Number = None
    score: Count = None
    descendants: Count = None
    kids: Annotated[Sequence[Any], BeforeValidator(_some)] = ()
    deleted: bool = False
    dead: bool = False

    @property
    def written_at(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    @property
    def gone(self) -> bool:
        return self.deleted or self.dead

    @property
    def words(self) -> str:
        return text_of(self.text)

    def mention(self, now: datetime, *, ours: bool, match: str = "", addressed: bool = False) -> Mention:
        page = f"{SITE}/item?id={self.id}"
        story = self.id if self.type == "story" else self.story
        link = base.web_address(self.url)
        ref = {"reply_url": f"{SITE}/reply?id={self.id}", "match": match, "link": link}
        mention = Mention(
            platform="hackernews",
            id=str(self.id),
            url=page,
            kind=Kind.COMMENT if self.type == "comment" else Kind.POST,
            author=Author(id=self.by, handle=self.by, name=self.by, url=f"{SITE}/user?id={self.by}" if self.by else ""),
            title=text_of(self.title),
            # A link post has no words of its own: what it says is where it points.
            text=self.words or link,
            published=self.written_at,
            reach=Reach(likes=self.score, replies=self.descendants),
            conversation=str(story) if story else None,
            in_reply_to=str(self.parent) if self.parent and self.type == "comment" else None,
            addressed=addressed,
            ours=ours,
            ref={k: v for k, v in ref.items() if v},
        )
        return not_after(mention, now)


class Known(BaseModel):
    """A user in the Firebase API: the ids of all that they wrote, newest first."""

    id: str
    submitted: list[Any] = []

    @property
    def ids(self) -> list[int]:
        return sorted({n for raw in self.submitted if (n := _number(raw))}, reverse=True)

    @property
    def skipped(self) -> int:
        return sum(_number(raw) is None for raw in self.submitted)


# ---------------------------------------------------------------- where a way is


class Run(BaseModel):
    """One walk through all questions, newest hits first; it may take many fetches.

    began     nothing written later is asked for in this run
    after     nothing written earlier; None on a first fetch, which takes the newest page of each question
    until     of the present question, everything later has been read
    read      the watermark when the run is through: the index knows everything up to then
    item, top the next item to be read one by one, and the last, while the index is stale
    """

    began: int
    after: int | None = None
    until: int
    read: int
    question: int = 0
    pages: int = 0
    deep: bool = True
    item: int | None = None
    top: int | None = None

    def older(self, oldest: int) -> str | None:
        """Go on below the oldest hit; the words for people when there is too much."""
        # Hits of the very second of the oldest one may stand on the next page: ask for that second again.
        self.until = oldest if oldest < self.until else self.until - 1
        self.pages += 1
        if self.pages < MAX_PAGES:
            return None
        self.next_question()
        return f"more than {MAX_PAGES * HITS:,} posts match one query; the older ones were not read"

    def next_question(self) -> None:
        self.question, self.pages, self.until = self.question + 1, 0, self.began


class Place(BaseModel):
    """The cursor of a search. While the index is stale: `bridged` is the last item read one by one, `told` the day on
    which people were last told."""

    read: int | None = None
    deep_at: int = 0
    bridged: int | None = None
    told: str | None = None
    run: Run | None = None

    def cursor(self) -> Cursor:
        return self.model_dump(exclude_none=True)

    def finish(self, run: Run) -> None:
        self.read, self.run = run.read, None
        self.deep_at = run.began if run.deep else self.deep_at


class Heard(BaseModel):
    """The cursor of answers to the brand: ids only grow. What was found since `old` is read again, for its edits;
    `at` is where the present run has come to."""

    read: int = 0
    old: int = 0
    middle: int = 0
    middle_at: int = 0
    at: int | None = None

    def cursor(self) -> Cursor:
        return self.model_dump(exclude_none=True)

    def finish(self, last: int, now: datetime) -> None:
        self.read, self.at = max(self.read, last), None
        seconds = int(now.timestamp())
        if seconds - self.middle_at >= OVERLAP.total_seconds():
            self.old, self.middle, self.middle_at = self.middle or self.read, self.read, seconds


# ---------------------------------------------------------------- the connector


class HackerNews(Connector[Settings]):
    """Polls, FindsReplies, ChecksAccess."""

    Settings = Settings

    def ways(self) -> Sequence[Way]:
        ways = [Way("search", timedelta(minutes=3), Worth.KEYWORD)]
        if self.accounts:
            ways.append(Way("own", timedelta(minutes=3), Worth.OWNED))
            ways.append(Way("answers", timedelta(minutes=5), Worth.ADDRESSED, cost=1 + WATCHED))
        return ways

    def check(self, response: httpx.Response) -> None:
        if response.status_code in {403, 429}:
            # No keys here: a refusal is about how often we ask.
            wait = base.retry_after(response) or timedelta(minutes=10)
            raise RateLimitedError(f"{response.request.url.host}: HTTP {response.status_code}", wait)
        super().check(response)

    # -------- polling

    async def fetch(self, way: Way, cursor: Cursor | None, now: datetime) -> Page:
        """Answers to the brand; or one page of one search, or some items one by one. A first fetch asks all searches
        at once, for their newest page."""
        if way.name == "answers":
            return await self._answers(Heard.model_validate(cursor or {}), now, first=not cursor)
        place = Place.model_validate(cursor or {})
        questions = self._questions(way)
        pages = []
        if place.run is None:
            place.run, gap = await self._begin(way, place, now)
            pages.append(Page(gap=gap))
        run = place.run
        if run.question < len(questions):
            pages.append(await self._ask(questions[run.question], run, now))
        elif run.item is not None:
            pages.append(await self._bridge(run, run.item, now))
            place.bridged = run.item - 1
        while run.after is None and run.question < len(questions):
            pages.append(await self._ask(questions[run.question], run, now))
        bridging = run.item is not None and (run.top is None or run.item <= run.top)
        if run.question >= len(questions) and not bridging:
            place.finish(run)
        return Page(
            list({m.id: m for p in pages for m in p.mentions}.values()),
            cursor=place.cursor(),
            more=place.run is not None,
            skipped=sum(p.skipped for p in pages),
            spent=sum(p.spent for p in pages),
            gap="; ".join(p.gap for p in pages if p.gap) or None,
        )

    async def _begin(self, way: Way, place: Place, now: datetime) -> tuple[Run, str | None]:
        """A new run: how far it reads back depends on how far the index is behind."""
        began = int(now.timestamp())
        if place.read is None:
            return Run(began=began, until=began, read=began), None
        newest = await self._newest()
        run = Run(began=began, until=began, read=min(began, newest.time))
        outage = began - place.read > timedelta(hours=1).total_seconds()
        run.deep = outage or began - place.deep_at >= DEEP_EVERY.total_seconds()
        run.after = place.read - int((DEEP_OVERLAP if run.deep else OVERLAP).total_seconds())
        if began - newest.time <= STALE.total_seconds():
            place.bridged = place.told = None
            return run, None
        if way.name != "search":  # `replies` looks past the index on its own
            return run, None
        run.item = max(newest.id, place.bridged or 0) + 1
        told, place.told = place.told, str(now.date())
        words = f"Hacker News' search index knows nothing written after {newest.written_at:%Y-%m-%d %H:%M} UTC"
        return run, words if told != place.told else None

    async def _newest(self) -> Item:
        """The newest comment in the index."""
        found = await self.get(Found, SEARCH, params={"tags": "comment", "hitsPerPage": "1"})
        hits, _ = readable(found.hits, Hit)
        if not hits:
            raise PayloadError("search_by_date: not one comment in the whole index")
        return hits[0].item()

    def _questions(self, way: Way) -> list[dict[str, str]]:
        """What is asked, one search each: Algolia knows no OR between queries."""
        if way.name == "own":
            return [{"tags": self._own_tags()}]
        common = {"tags": "(story,comment)", "typoTolerance": "false"}
        text = {**common, "restrictSearchableAttributes": "title,story_text,comment_text"}
        link = {**common, "restrictSearchableAttributes": "url"}
        return [
            *({**text, "query": _quoted(q)} for q in self.settings.queries),
            *({**link, "query": _quoted(d)} for d in self.settings.domains),
        ]

    async def _ask(self, question: Mapping[str, str], run: Run, now: datetime) -> Page:
        found = await self._found(question, run.after, run.until)
        hits, skipped = _read_hits(found)
        mentions = [m for h in hits if (m := self._mention(h.item(), now))]
        gap = None
        if run.after is not None and _is_cut(found):
            gap = run.older(min(h.created_at_i for h in hits))
        else:
            run.next_question()
        return Page(mentions, skipped=skipped, spent=1, gap=gap)

    async def _found(self, question: Mapping[str, str], after: int | None, until: int) -> Found:
        bounds = [f"created_at_i>{after}"] if after is not None else []
        bounds.append(f"created_at_i<={until}")
        params = {**question, "numericFilters": ",".join(bounds), "hitsPerPage": str(HITS)}
        return await self.get(Found, SEARCH, params=params)

    async def _bridge(self, run: Run, start: int, now: datetime) -> Page:
        """Read what the stale index does not know, item by item."""
        gap = None
        if run.top is None:
            run.top = await self.get(int, f"{FIREBASE}/maxitem.json")
            if run.top - start >= MAX_BRIDGE:
                start = run.top - MAX_BRIDGE + 1
                gap = "too many posts to be read one by one; those before the newest were left to the index"
        ids = range(start, min(start + BRIDGE, run.top + 1))
        items, skipped = await self._items(ids)
        run.item = start + len(ids)
        mentions = [m for i in items if (m := self._mention(i, now))]
        return Page(mentions, skipped=skipped, spent=len(ids), gap=gap)

    async def _answers(self, heard: Heard, now: datetime, *, first: bool) -> Page:
        """What people wrote right below the newest stories and comments of the brand."""
        own: list[Item] = []
        skipped = 0
        for name in self._names():
            known = await self._known(name)
            items, odd = await self._items(known.ids[:WATCHED] if known else ())
            own += [i for i in items if not i.gone and now - i.written_at <= WATCHED_FOR]
            skipped += odd + (known.skipped if known else 0)
        answers = sorted({n for i in own for kid in i.kids if (n := _number(kid))})
        if first:
            answers = answers[-ANSWERS:]
        start = heard.old if heard.at is None else heard.at
        todo = [n for n in answers if n > start]
        items, odd = await self._items(todo[:ANSWERS])
        more = len(todo) > ANSWERS
        if more:
            heard.at = todo[ANSWERS - 1]
        else:
            heard.finish(max(answers, default=0), now)
        stories = {i.id for i in own if i.type == "story"}
        mentions = [self._answer(i, stories, now) for i in items if i.type == "comment" and not i.gone]
        spent = len(own) + len(items)
        return Page(mentions, cursor=heard.cursor(), more=more, skipped=skipped + odd, spent=spent)

    def _answer(self, item: Item, stories: Container[int], now: datetime) -> Mention:
        if item.parent in stories:
            item = item.model_copy(update={"story": item.parent})
        ours = self._is_ours(item)
        return item.mention(now, ours=ours, addressed=not ours, match=self._match(item))

    async def _items(self, numbers: Iterable[int]) -> tuple[list[Item], int]:
        found: list[Item] = []
        skipped = 0
        for number in numbers:
            items, odd = await self._item(number)
            found += items
            skipped += odd
        return found, skipped

    async def _item(self, number: int) -> tuple[list[Item], int]:
        """The item, or none (the API answers null for what is unknown or hidden); and how many were unreadable."""
        answer = await self.get(dict[str, Any] | None, f"{FIREBASE}/item/{number}.json")  # type: ignore[arg-type]
        return readable([answer], Item) if answer else ([], 0)

    def _mention(self, item: Item, now: datetime) -> Mention | None:
        """The mention, unless it is neither ours nor about us."""
        ours = self._is_ours(item)
        match = self._match(item)
        if item.gone or item.type not in {"story", "comment"} or not (ours or match):
            return None
        return item.mention(now, ours=ours, match=match)

    def _is_ours(self, item: Item) -> bool:
        return item.by != "" and item.by in self.accounts

    def _match(self, item: Item) -> str:
        """Whether it names us in its words or by its link: Algolia matches beginnings of words."""
        said = _folded(
            (item.words if item.type == "comment" else f"{text_of(item.title)}\n{item.words}")[: base.MAX_TEXT]
        )
        if any(_holds(said, _folded(q)) for q in self.settings.queries):
            return "text"
        host = _host(item.url)
        return "url" if any(host == d or host.endswith(f".{d}") for d in self.settings.domains) else ""

    # -------- has the brand answered?

    async def replies(self, mentions: Sequence[Mention], now: datetime) -> Mapping[str, Reply]:
        """A comment of the brand answers what it stands below, near or far: a comment, or the story itself."""
        waiting = {int(m.id): m for m in mentions if m.id.isdecimal()}
        if not waiting or not self.accounts:
            return {}
        found: dict[str, Reply] = {}
        own = await self._own_since(min(m.published for m in waiting.values()), min(waiting), now)
        chain = _Chain(self, waiting, own)
        for item in sorted(own, key=lambda i: i.time):
            for number in await chain.above(item):
                mention = waiting[number]
                if item.written_at >= mention.published:
                    reply = Reply(item.written_at, by=item.by, url=f"{SITE}/item?id={item.id}", id=str(item.id))
                    found.setdefault(mention.id, reply)
        return found

    async def _own_since(self, since: datetime, lowest: int, now: datetime) -> list[Item]:
        """The brand's comments since then: from the index, and what is too new for it from the accounts' own lists."""
        question, until = {"tags": self._own_tags()}, int(now.timestamp())
        own: dict[int, Item] = {}
        for _ in range(MAX_PAGES):
            found = await self._found(question, int(since.timestamp()) - 1, until)
            hits, _ = _read_hits(found)
            own |= {h.objectID: h.item() for h in hits}
            if not _is_cut(found):
                break
            oldest = min(h.created_at_i for h in hits)
            until = oldest if oldest < until else until - 1
        for name in self.accounts:
            known = await self._known(name)
            new = [n for n in known.ids if n > lowest and n not in own] if known else []
            items, _ = await self._items(new[:MAX_OWN])
            own |= {i.id: i for i in items}
        return [i for i in own.values() if i.type == "comment" and not i.gone and self._is_ours(i)]

    async def _known(self, name: str) -> Known | None:
        answer: Known | None = await self.get(Known | None, f"{FIREBASE}/user/{name}.json")  # type: ignore[arg-type]
        return answer

    def _own_tags(self) -> str:
        return f"comment,({','.join(f'author_{n}' for n in self._names())})"

    def _names(self) -> Sequence[str]:
        """The brand's usernames: they become part of a filter and of a path."""
        if not all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name) for name in self.accounts):
            raise SettingsError("brand.accounts: this is no username of Hacker News (letters, digits, _ and -)")
        return self.accounts

    # -------- access

    async def access(self, now: datetime) -> Access:
        """Whether the index is up to date, and whether the brand's accounts exist."""
        newest = await self._newest()
        warnings = []
        if now - newest.written_at > STALE:
            warnings.append(f"the search index knows nothing written after {newest.written_at:%Y-%m-%d %H:%M} UTC")
        if not self.accounts:
            warnings.append("no accounts under brand.accounts: replies given on Hacker News will not be noticed")
        for name in self._names():
            if await self._known(name) is None:
                warnings.append(f"there is no user {name}; upper and lower case matter")
        return Access("no login is needed", warnings)


class _Chain:
    """Walks up from comments to the mentions that they stand below, and looks up as little as possible."""

    def __init__(self, connector: HackerNews, waiting: Mapping[int, Mention], own: Sequence[Item]) -> None:
        self._connector = connector
        self._waiting = waiting
        self._left = MAX_WALK
        self._parents: dict[int, int | None] = {i.id: i.parent for i in own if i.parent}
        for number, mention in waiting.items():
            if mention.in_reply_to and mention.in_reply_to.isdecimal():
                self._parents[number] = int(mention.in_reply_to)
            elif mention.kind is Kind.POST:
                self._parents[number] = None

    async def above(self, item: Item) -> list[int]:
        """The waiting mentions on the way from the item up to its story."""
        found = [item.story] if item.story and item.story in self._waiting else []
        # Ids only grow: below the lowest waiting mention (in the thread, where it is known) nothing can be found.
        same = [n for n, m in self._waiting.items() if not item.story or m.conversation in {None, str(item.story)}]
        lowest = min((n for n in same if n not in found), default=None)
        at: int | None = item.id
        while lowest is not None and at is not None and at >= lowest and at != item.story:
            if at in self._waiting:
                found.append(at)
            parent = await self._parent(at)
            # A parent is older than its child; anything else would be a circle.
            at = parent if parent is not None and parent < at else None
        return found

    async def _parent(self, number: int) -> int | None:
        if number not in self._parents:
            if not self._left:
                return None
            self._left -= 1
            items, _ = await self._connector._item(number)
            self._parents[number] = items[0].parent if items else None
        return self._parents[number]


# ---------------------------------------------------------------- reading


def _read_hits(found: Found) -> tuple[list[Hit], int]:
    hits, skipped = readable(found.hits, Hit)
    if found.hits and not hits:
        raise PayloadError("search_by_date: no hit has the documented shape")
    return hits, skipped


def _is_cut(found: Found) -> bool:
    """Whether there is more than was shown."""
    return bool(found.hits) and (found.nbHits > len(found.hits) or len(found.hits) >= HITS)


def _quoted(phrase: str) -> str:
    return f'"{" ".join(phrase.replace(chr(34), " ").split())}"'


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _folded(text: str) -> str:
    """For comparing: no case, no accents, and one space for what joins words."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[\s_\-‐-―]+", " ", unicodedata.normalize("NFC", bare)).strip()


def _holds(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words."""
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        if _is_border(text[at - 1 : at], phrase[0]) and _is_border(phrase[-1], text[end : end + 1]):
            return True
        at = text.find(phrase, at + 1)
    return False


def _is_border(left: str, right: str) -> bool:
    """Whether a word may end between two characters: Korean particles stick to a name, Chinese has no spaces."""
    return not (left.isalnum() and right.isalnum()) or _is_dense(left) or _is_dense(right)


def _is_dense(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\u2e80" <= character <= "\ud7ff" or "\uf900" <= character <= "\ufaff"


__connector__ = HackerNews
