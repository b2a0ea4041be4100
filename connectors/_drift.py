"""Which entry of a feed is which, although publishers change ids, titles and addresses.

An entry's id in the feed is believed as long as it lasts. When it changes, the entry is known again by its address
together with one more thing that stayed (title, text or date), or by all three of those. When more than half of a feed
changes at once, its publisher has moved to another program, and the address alone, or title and text, will do.

`recognise` compares a document with what is `Known` and says which id each entry goes by in our books; `packed` and
`unpacked` keep what is known as one short string in a cursor.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import b85decode, b85encode, urlsafe_b64encode
from binascii import Error as DecodingError
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

MAX_KNOWN = 500
"""Entries remembered, at most; those of the last document come first."""

MAX_GONE = 100
"""Of these, entries that the last document no longer held."""

LONGEST_ID = 250
MOVED = 3
"""So many entries at least must have changed before we believe that a whole feed has moved."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What tells an entry from others, as a document shows it. `stamp` is its date, in whatever form stays the same."""

    guid: str
    link: str
    title: str
    text: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that was seen: the id that it goes by, and digests of what it looked like.

    `at` is when it was published, in seconds since 1970, as first reported; `certain` whether the feed had said so.
    """

    id: str
    guid: str
    link: str
    title: str
    text: str
    stamp: str
    at: int = 0
    certain: bool = False

    @property
    def content(self) -> tuple[str, str]:
        return self.title, self.text


def recognise(sights: Sequence[Sight], known: Sequence[Known]) -> list[tuple[Known, Known | None] | None]:
    """For each entry what is now known of it and what was; None for one that stands in the document twice."""
    return _Recognition(sights, known).result()


def remembered(now: Sequence[Known], before: Sequence[Known]) -> list[Known]:
    """What to keep: the entries of this document, and a few that it no longer holds, since old ones come back."""
    ids = {k.id for k in now}
    return [*now, *[k for k in before if k.id not in ids][:MAX_GONE]][:MAX_KNOWN]


class _Recognition:
    def __init__(self, sights: Sequence[Sight], known: Sequence[Known]) -> None:
        self.sights = sights
        self.known = known
        self.faces = [_face(s) for s in sights]
        worthless = _worthless(self.faces)
        self.faces = [replace(f, guid="", link="") if f.guid in worthless else f for f in self.faces]
        self.found: dict[int, Known] = {}  # position of an entry: what was known of it
        self.claimed: set[str] = set()
        self.taken = {k.id for k in known}
        self.repeats = set(_repeats(self.faces))
        once = [f for i, f in enumerate(self.faces) if i not in self.repeats]
        self.guids = Counter(f.guid for f in once if f.guid)
        self.links = Counter(f.link for f in once if f.link)
        # An id that several addresses have shared is no id by itself, also when only one of them is in sight.
        self.shared = {g for g, n in self.guids.items() if n > 1} | {
            g for g, n in Counter(k.guid for k in known if k.guid).items() if n > 1
        }

    def result(self) -> list[tuple[Known, Known | None] | None]:
        self._by_guid()
        self._by_address_alone()
        self._by_hash()
        self._drifted(lambda k: k.link, _something_stayed, en_masse=True)
        self._drifted(lambda k: "".join(k.content), _same_date, en_masse=True)
        self._drifted(lambda k: k.stamp, _edited_nameless, en_masse=False)
        return [None if i in self.repeats else self._record(i) for i in range(len(self.sights))]

    # -------- exact

    def _by_guid(self) -> None:
        names = _index(self.known, lambda k: (k.guid, digest(k.id)))
        for i, face in self._open():
            named = [k for k in names.get(face.guid, ()) if face.guid and k.id not in self.claimed]
            # What bears the id now goes before what bore it once, when the feed had other ids.
            candidates = [k for k in named if k.guid == face.guid] or named
            if len(candidates) == 1 and face.guid not in self.shared:
                self._claim(i, candidates[0])
            elif same := [k for k in candidates if k.link == face.link]:
                self._claim(i, same[0])

    def _by_address_alone(self) -> None:
        names = _index([k for k in self.known if not k.guid and k.link], lambda k: (k.link,))
        for i, face in self._open():
            if face.guid or not face.link:
                continue
            candidates = [k for k in names.get(face.link, ()) if k.id not in self.claimed]
            if self.links[face.link] == 1 and len(candidates) == 1:
                self._claim(i, candidates[0])
            elif same := [k for k in candidates if k.title == face.title]:
                self._claim(i, same[0])

    def _by_hash(self) -> None:
        names = {k.id: k for k in self.known}
        for i, face in self._open():
            known = [names[n] for n in self._own_names(i) if n in names and n not in self.claimed]
            if known and not face.guid:
                self._claim(i, known[0])

    # -------- drifted

    def _drifted(self, trait: Callable[[Known], str], sure: Callable[[Known, Known], bool], *, en_masse: bool) -> None:
        """Pair what is left over on both sides and alone in having a trait: if sure, or if most of a feed does so."""
        left = _index([k for k in self.known if k.id not in self.claimed], lambda k: (trait(k),))
        open_ = [(i, f) for i, f in self._open() if trait(f)]
        alone = Counter(trait(f) for _, f in open_)
        pairs = [(i, f, left[trait(f)]) for i, f in open_ if alone[trait(f)] == 1 and trait(f) in left]
        clear = [(i, f, known[0]) for i, f, known in pairs if len(known) == 1]
        moved = en_masse and len(clear) >= MOVED and len(clear) * 2 > len(self.sights) - len(self.repeats)
        for i, face, known in clear:
            if moved or sure(face, known):
                self._claim(i, known)

    # -------- the rest is new

    def _record(self, i: int) -> tuple[Known, Known | None]:
        face, before = self.faces[i], self.found.get(i)
        if before is None:
            name, other = self._own_names(i)
            if name in self.claimed or name in self.taken:
                name = other
            self.claimed.add(name)
            return replace(face, id=name), None
        return replace(face, id=before.id, at=before.at, certain=before.certain, link=face.link or before.link), before

    def _own_names(self, i: int) -> tuple[str, str]:
        """What an entry is to be called, and how if that name is taken."""
        face, name = self.faces[i], self._own_name(i)
        return name, f"{name[:LONGEST_ID]}|{digest(face.link, *face.content, face.stamp)}"

    def _own_name(self, i: int) -> str:
        sight, face = self.sights[i], self.faces[i]
        if face.guid:
            shared = face.guid in self.shared and sight.link
            return short_id(f"{sight.guid}|{sight.link}" if shared else sight.guid)
        if face.link and self.links[face.link] == 1:
            return short_id(canonical(sight.link))
        return "sha256:" + sha256("\0".join((sight.title, sight.stamp, sight.text)).encode()).hexdigest()

    def _open(self) -> list[tuple[int, Known]]:
        return [(i, f) for i, f in enumerate(self.faces) if i not in self.found and i not in self.repeats]

    def _claim(self, i: int, known: Known) -> None:
        self.found[i] = known
        self.claimed.add(known.id)


def _something_stayed(face: Known, known: Known) -> bool:
    pairs = ((face.title, known.title), (face.text, known.text), (face.stamp, known.stamp))
    return any(a == b != "" for a, b in pairs)


def _same_date(face: Known, known: Known) -> bool:
    return face.stamp == known.stamp != ""


def _edited_nameless(face: Known, known: Known) -> bool:
    """Whether an entry without id and address was edited: its date, and its title or its text, stayed."""
    nameless = not (face.guid or face.link or known.guid or known.link)
    return nameless and any(a == b != "" for a, b in zip(face.content, known.content, strict=True))


def _face(sight: Sight) -> Known:
    return Known(
        id="",
        guid=digest(short_id(sight.guid)),
        link=digest(canonical(sight.link)) if sight.link else "",
        title=digest(" ".join(sight.title.split())),
        text=digest(" ".join(sight.text.split())),
        stamp=digest(sight.stamp),
    )


def _repeats(faces: Sequence[Known]) -> Iterable[int]:
    """Positions of entries that say again what stands above: the same id, and no other address."""
    seen: set[tuple[str, ...]] = set()
    for i, face in enumerate(faces):
        names = [(face.guid, face.link), (face.guid, "*")] if face.guid else [(face.link, *face.content, face.stamp)]
        if names[0] in seen or (face.guid and not face.link and names[1] in seen):
            yield i
        seen.update(names)


def _worthless(faces: Sequence[Known]) -> set[str]:
    """Ids that stand, all with one address, on entries of different days and different words: they are no ids."""
    first: dict[tuple[str, str], Known] = {}
    found = set()
    for face in faces:
        other = first.setdefault((face.guid, face.link), face)
        days = "" not in {face.stamp, other.stamp} and face.stamp != other.stamp
        if face.guid and days and face.title != other.title and face.text != other.text:
            found.add(face.guid)
    return found


def _index(known: Iterable[Known], names: Callable[[Known], tuple[str, ...]]) -> dict[str, list[Known]]:
    found: dict[str, list[Known]] = {}
    for k in known:
        for name in set(names(k)) - {""}:
            found.setdefault(name, []).append(k)
    return found


# ---------------------------------------------------------------- ids and addresses


def digest(*words: str) -> str:
    """Eight characters that stand for the words; "" for no words. Two of 500 entries share them once in 10^9 feeds."""
    return urlsafe_b64encode(sha256("\0".join(words).encode()).digest()[:6]).decode() if any(words) else ""


def short_id(guid: str) -> str:
    """An id that every store can hold: long and unprintable ones become their digest."""
    if not guid or (guid.isprintable() and len(guid) <= LONGEST_ID):
        return guid
    return "sha256:" + sha256(guid.encode("utf-8", "replace")).hexdigest()


_TRACKING = re.compile(
    r"(utm_\w+|mc_[ce]id|_hs(enc|mi)|pk_(campaign|kwd|source|medium)|at_(medium|campaign|custom\d*)|fbclid|gclid|dclid|"
    r"yclid|msclkid|igshid|twclid|xtor|cmpid|ncid|ocid|ref_src|fromrss|trackingcode|phpsessid|jsessionid)=.*|"
    r"(ref|source|src|from|share|via|feed|output)=(rss|feed|atom)[\w.-]*|amp=1?",
    re.IGNORECASE | re.DOTALL,
)
_TRACKING_FRAGMENT = re.compile(r"(xtor|utm_|rss|feed|atom|ref|from)\b.*|utm_.*", re.IGNORECASE)
_FRONT = re.compile(r"^(www|m|mobile)\.(?=[^.]+\.)", re.IGNORECASE)


def canonical(link: str) -> str:
    """One spelling of a web address, for comparing: what people call the same page is equal.

    The scheme, "www." and "m.", default ports, tracking and session parameters, the order of parameters, a slash or
    index page at the end and the way of escaping do not count; a fragment does (comments differ in nothing else).
    """
    try:
        parts = urlsplit(link)
        port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
        host = _FRONT.sub("", (parts.hostname or "").rstrip(".")).encode("idna").decode()
    except (ValueError, UnicodeError):
        return link
    path = quote(unquote(re.sub(r";jsessionid=[^/?#]*", "", parts.path, flags=re.I)), safe="/:@!$&'()*+,;=~")
    path = re.sub(r"/(?:index\.(?:html?|php|asp|jsp))?$", "", re.sub(r"/{2,}", "/", path))
    pairs = [p for p in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch("=".join(p))]
    query = f"?{urlencode(sorted(pairs))}" if pairs else ""
    fragment = "" if _TRACKING_FRAGMENT.fullmatch(parts.fragment) else parts.fragment
    return f"https://{host.lower()}{port}{path}{query}{'#' + quote(unquote(fragment)) if fragment else ''}"


# ---------------------------------------------------------------- in a cursor


def packed(known: Sequence[Known]) -> str:
    rows = [[k.id, k.guid, k.link, k.title, k.text, k.stamp, k.at, int(k.certain)] for k in known[:MAX_KNOWN]]
    return b85encode(zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 9)).decode()


def unpacked(text: str) -> list[Known]:
    """What was packed; nothing if it cannot be read, which only means that more entries look new."""
    if not text:
        return []
    try:
        rows = json.loads(zlib.decompress(b85decode(text)))
        return [_row(*row) for row in rows]
    except (ValueError, TypeError, LookupError, zlib.error, DecodingError):
        return []


def _row(name: str, guid: str, link: str, title: str, text: str, stamp: str, at: int, certain: int) -> Known:
    return Known(str(name), str(guid), str(link), str(title), str(text), str(stamp), int(at), bool(certain))
