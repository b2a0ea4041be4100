"""Bluesky's posts as values: read from what the platform says, and written for it to take. Nothing here asks anybody.

https://docs.bsky.app/docs/advanced-guides/posts, https://docs.bsky.app/docs/advanced-guides/post-richtext
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import regex
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, WrapValidator
from pydantic import ValidatorFunctionWrapHandler as Handler

from connectors._atproto import DID, account_name, tid, tid_moment
from connectors.base import Author, Kind, Mention, Reach, as_utc, not_after, one_line, web_address

POSTS = "app.bsky.feed.post"
SITE = "https://bsky.app/profile"

MAX_GRAPHEMES, MAX_BYTES = 300, 3_000
"""What one post may hold."""


# ---------------------------------------------------------------- the answers, as much of them as we use


def words(value: object) -> str:
    return value if isinstance(value, str) else ""


def several(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _or_none(value: object, read: Handler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


Words = Annotated[str, BeforeValidator(words)]
Items = Annotated[list[Any], BeforeValidator(several)]
Count = Annotated[int | None, WrapValidator(_or_none)]

URI = re.compile(rf"at://(?P<did>{DID.pattern})/{re.escape(POSTS)}/(?P<rkey>[A-Za-z0-9._:~-]{{1,512}})")


class Profile(BaseModel):
    did: str = Field(pattern=rf"^{DID.pattern}$")
    handle: Words = ""
    displayName: Words = ""
    followersCount: Count = None
    labels: Items = []


class Record(BaseModel):
    text: Words = ""
    createdAt: Any = None
    langs: Items = []
    facets: Items = []
    tags: Items = []
    reply: Any = None
    embed: Any = None


class Post(BaseModel):
    """A post, as search, feeds, threads and notifications show it."""

    uri: str = Field(pattern=rf"^{URI.pattern}$")
    cid: Words = ""
    author: Annotated[Profile | None, WrapValidator(_or_none)] = None
    record: Record
    indexedAt: Any = None
    labels: Items = []
    likeCount: Count = None
    repostCount: Count = None
    quoteCount: Count = None
    replyCount: Count = None
    viewer: Any = None

    @property
    def did(self) -> str:
        return self.author.did if self.author else did_of(self.uri)

    @property
    def sorted_at(self) -> datetime | None:
        """What lists are sorted by, and the time that we believe: authors may set createdAt as they like."""
        return min(filter(None, map(moment, (self.record.createdAt, self.indexedAt))), default=None)

    @property
    def parent(self) -> str | None:
        return post_uri(self.record.reply, "parent", "uri")

    @property
    def root(self) -> str | None:
        return post_uri(self.record.reply, "root", "uri")


def moment(raw: Any) -> datetime | None:
    """A time as the platform writes it, aware; None when it is none that can be meant."""
    if not isinstance(raw, str) or not 10 <= len(raw) <= 40:
        return None
    try:
        when = as_utc(datetime.fromisoformat(raw))
    except (ValueError, OverflowError):
        return None
    return when if when.year >= 1970 else None


def inside(value: Any, *path: str) -> Any:
    """What stands deeper in an answer; None when the way there is not what it should be."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def post_uri(value: Any, *path: str) -> str | None:
    uri = inside(value, *path)
    return uri if isinstance(uri, str) and URI.fullmatch(uri) else None


def did_of(uri: str) -> str:
    match = URI.fullmatch(uri)
    return match["did"] if match else ""


# ---------------------------------------------------------------- a post as a mention


def mention_of(post: Post, ours: frozenset[str], now: datetime, *, addressed: bool = False) -> Mention:
    record, when, root = post.record, post.sorted_at, post.root
    mine = post.did in ours
    language = next((tag for tag in record.langs[:1] if isinstance(tag, str)), None)
    return not_after(
        Mention(
            platform="bluesky",
            id=post.uri,
            url=page_of(post.uri),
            kind=Kind.REPLY if root or post.parent else Kind.POST,
            author=author_of(post.author, post.did),
            text=text_of(record),
            published=when or now,
            time_uncertain=when is None,
            language=language,
            reach=Reach(likes=post.likeCount, shares=_sum(post.repostCount, post.quoteCount), replies=post.replyCount),
            conversation=root or post.uri,
            in_reply_to=post.parent,
            addressed=not mine and (addressed or bool(named(post) & ours)),
            ours=mine,
            ref=ref_of(post),
        ),
        now,
    )


def author_of(profile: Profile | None, did: str) -> Author:
    # A handle that its owner's domain no longer confirms is no name: anybody could have claimed it.
    handle = profile.handle if profile and profile.handle != "handle.invalid" else ""
    name = profile.displayName if profile else ""
    return Author(id=did, handle=handle, name=name, url=f"{SITE}/{did}")


def page_of(uri: str) -> str:
    """The post on the web; with the DID, which outlives a change of handle."""
    match = URI.fullmatch(uri)
    return f"{SITE}/{match['did']}/post/{match['rkey']}" if match else ""


def ref_of(post: Post) -> dict[str, str]:
    labels = [*post.labels, *(post.author.labels if post.author else [])]
    names = dict.fromkeys(
        one_line(label["val"])[:64]
        for label in labels[:50]
        if isinstance(label, dict) and isinstance(label.get("val"), str) and not label.get("neg")
    )
    found = {
        "cid": post.cid if re.fullmatch(r"[A-Za-z0-9]{1,200}", post.cid) else "",
        # "!no-unauthenticated": its author does not want it shown to people who are not logged in.
        "labels": ",".join(filter(None, list(names)[:10])),
        "reply_disabled": "yes" if inside(post.viewer, "replyDisabled") is True else "",
    }
    return {name: value for name, value in found.items() if value}


def named(post: Post) -> set[str]:
    """Whom a post addresses: those it mentions, answers or quotes."""
    embed = post.record.embed
    quoted = post_uri(embed, "record", "uri") or post_uri(embed, "record", "record", "uri")
    found = {did_of(uri) for uri in (post.parent, quoted) if uri}
    for _, _, feature in _features(post.record.facets):
        if feature.get("$type") == "app.bsky.richtext.facet#mention" and isinstance(feature.get("did"), str):
            found.add(feature["did"])
    return found


def text_of(record: Record) -> str:
    """The text with its links in full, and in brackets what pictures, videos and link cards say."""
    text = spelled_out(record.text, record.facets).strip()
    tags = [f"#{tag}" for tag in record.tags[:8] if isinstance(tag, str) and tag.strip()]
    return "\n".join(filter(None, [text, *attached(record.embed, text), " ".join(tags)]))


def spelled_out(text: str, facets: Sequence[Any]) -> str:
    """Links are shown shortened; where they lead stands in the facets, whose positions count UTF-8 bytes."""
    raw, parts, at = text.encode("utf-8", "replace"), [], 0
    for start, end, feature in sorted(_features(facets), key=lambda f: f[:2]):
        target = web_address(words(feature.get("uri")))
        if not target or not at <= start < end <= len(raw):
            continue
        try:
            before, shown = raw[at:start].decode(), raw[start:end].decode()
        except UnicodeDecodeError:  # it would cut a character in two
            continue
        parts += [before, _link(shown, target)]
        at = end
    return "".join(parts) + raw[at:].decode("utf-8", "replace")


def _features(facets: Sequence[Any]) -> Iterable[tuple[int, int, dict[str, Any]]]:
    for facet in facets[:100]:
        start, end = inside(facet, "index", "byteStart"), inside(facet, "index", "byteEnd")
        features = inside(facet, "features")
        if type(start) is int and type(end) is int and isinstance(features, list):
            yield from ((start, end, feature) for feature in features[:5] if isinstance(feature, dict))


def _link(shown: str, target: str) -> str:
    short = shown.strip().removesuffix("…").removesuffix("...").lower()
    if short and "." in short and short in target.lower():
        return target
    return f"{shown} ({target})"


def attached(embed: Any, text: str) -> list[str]:
    """Lines for what hangs on a post. Where it has no other words, it says at least what there is."""
    if inside(embed, "media"):
        embed = inside(embed, "media")
    kind = words(inside(embed, "$type")).removeprefix("app.bsky.embed.")
    lines = []
    if kind == "images":
        alts = [words(inside(image, "alt")).strip() for image in several(inside(embed, "images"))[:10]]
        lines = [f"[image: {alt[:2000]}]" if alt else "[image]" for alt in alts if alt or not text]
    elif kind == "video":
        alt = words(inside(embed, "alt")).strip()
        lines = [f"[video: {alt[:2000]}]"] if alt else [] if text else ["[video]"]
    elif kind == "external":
        title, target = (words(inside(embed, "external", key)).strip() for key in ("title", "uri"))
        card = " ".join(filter(None, [one_line(title), web_address(target) if target not in text else ""]))
        lines = [f"[link: {card}]"] if card else []
    elif kind == "record" and not text:
        lines = ["[quote]"]
    return lines


def _sum(*counts: int | None) -> int | None:
    known = [n for n in counts if n is not None and n >= 0]
    return sum(known) if known else None


def deleted(key: str, now: datetime) -> Mention:
    """What is left of a post that was deleted: who wrote it, and by its key when."""
    did, _, rkey = key.rpartition("/")
    uri, when = uri_of(key), tid_moment(rkey)
    return not_after(
        Mention(
            platform="bluesky",
            id=uri,
            url=page_of(uri),
            kind=Kind.POST,
            author=Author(id=did, url=f"{SITE}/{did}"),
            text="",
            published=when or now,
            time_uncertain=when is None,
            deleted=True,
        ),
        now,
    )


def key_of(uri: str) -> str:
    match = URI.fullmatch(uri)
    return f"{match['did']}/{match['rkey']}" if match else uri


def uri_of(key: str) -> str:
    did, _, rkey = key.rpartition("/")
    return f"at://{did}/{POSTS}/{rkey}"


def tail(cid: str) -> str:
    """Enough of a cid to tell it from another."""
    return cid[-8:] if re.fullmatch(r"b[a-z2-7]+", cid) else ""


def unique(posts: Iterable[Post]) -> list[Post]:
    """A post that mentions and answers at once gives two notifications."""
    return list({post.uri: post for post in reversed(list(posts))}.values())[::-1]


# ---------------------------------------------------------------- an answer as a record

ADDRESSES = re.compile(r"https?://[^\s<>\"'「」『』【】]+")
NAMES = re.compile(r"(?<![\w@./])@([A-Za-z0-9.-]{4,253})")
TAGS = re.compile(r"(?<!\S)[#＃]([^\s#＃]{1,64})")
TRAILING = ".,;:!?…。，、！？)]}）】」』\"'"


def length_of(text: str) -> int:
    """In graphemes: what people count as one character, an emoji of seven code points too."""
    return len(regex.findall(r"\X", text))


def handles_in(text: str) -> list[str]:
    """The handles that a text names, ten at most."""
    names = (account_name(match[1].rstrip(".-")) for match in NAMES.finditer(text))
    return list(dict.fromkeys(filter(None, names)))[:10]


def facets_of(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Links, tags, and mentions of the handles in `dids`; positions count UTF-8 bytes."""
    spans: list[tuple[int, int, dict[str, str]]] = []

    def add(start: int, end: int, kind: str, **what: str) -> None:
        if all(end <= s or start >= e for s, e, _ in spans):
            spans.append((start, end, {"$type": f"app.bsky.richtext.facet#{kind}", **what}))

    for match in ADDRESSES.finditer(text):
        address = match[0].rstrip(TRAILING)
        add(match.start(), match.start() + len(address), "link", uri=address)
    for match in NAMES.finditer(text):
        name = match[1].rstrip(".-")
        if (handle := account_name(name)) and (did := dids.get(handle)):
            add(match.start(), match.start(1) + len(name), "mention", did=did)
    for match in TAGS.finditer(text):
        tag = match[1].rstrip(TRAILING)
        if tag and not tag.isdigit():
            add(match.start(), match.start(1) + len(tag), "tag", tag=tag)
    return [
        {"index": {"byteStart": len(text[:start].encode()), "byteEnd": len(text[:end].encode())}, "features": [what]}
        for start, end, what in sorted(spans, key=lambda s: s[:2])
    ]


def record_key(mention: Mention, key: str) -> str:
    """The same key for the same answer: within the second after what it answers, the place in it from a hash.

    Nothing else goes in, not even the time: a second try must find what the first one wrote.
    """
    said = hashlib.sha256(f"{mention.id}\0{key}".encode()).digest()
    written = tid_moment(mention.id.rpartition("/")[2]) or datetime(2023, 1, 1, tzinfo=UTC)
    return tid(written + timedelta(microseconds=int.from_bytes(said[:8]) % 1_000_000), int.from_bytes(said[8:10]))


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
