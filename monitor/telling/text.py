"""Messages in plain text: for the console, for mails, and behind Slack's blocks."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import regex
from babel.dates import format_date, format_time
from babel.numbers import format_compact_decimal, format_decimal

from monitor.telling.catalogue import translator
from monitor.telling.values import Card, Told

LATE = timedelta(minutes=15)
QUOTE = 600
"""Graphemes of a mention that are quoted; the link leads to the rest."""

GRAPHEME = regex.compile(r"\X")


# ---------------------------------------------------------------- foreign text


def safe(text: str) -> str:
    """Foreign text that cannot turn the reading direction, hide in zero width, or command a terminal."""
    kept = (c for c in text if c == "\n" or c == "\u200d" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"})
    # A flood of joiners or combining marks is cut by counting graphemes and, inside one, code points.
    return "".join(part[:12] for part in GRAPHEME.findall("".join(kept)))


def line(text: str) -> str:
    """Foreign text on one line."""
    return " ".join(safe(text).split())


def cut(text: str, length: int) -> str:
    """At most `length` graphemes, cut between words where there is one near."""
    # Some characters are a dozen code points long: a flood of them is cut as well.
    graphemes = GRAPHEME.findall(text[: length * 4])
    if len(graphemes) <= length and len(text) <= length * 4:
        return text
    kept = "".join(graphemes[:length] if len(graphemes) > length else graphemes[:-1])
    at = kept.rfind(" ", len(kept) - 30)
    return (kept[:at] if at > 0 else kept).rstrip() + "…"


def person(who: str) -> str:
    """A colleague's name, without the door by which they came (cli:mina)."""
    return line(who.removeprefix("cli:"))


def quoted(card: Card, length: int = QUOTE) -> str:
    """What was said, as far as it may be shown; "" where there is nothing to quote."""
    if card.private or card.deleted:
        return ""
    title, said = line(card.title), safe(card.text).strip()
    if line(said).startswith(title):
        title = ""  # many feeds repeat the title as the text's beginning
    whole = "\n".join(part for part in (title, said) if part)
    lines = [row.strip() for row in whole.split("\n") if row.strip()]
    return cut("\n".join(lines[:12]) + ("\n…" if len(lines) > 12 else ""), length)


# ---------------------------------------------------------------- words for values


class Words:
    """The words of one language and time zone."""

    def __init__(self, language: str, timezone: ZoneInfo, now: datetime, *domains: str) -> None:
        self.language = language
        self.timezone = timezone
        self.now = now
        self._catalogue = translator(language, *domains)

    def __call__(self, msgid: str, **values: Any) -> str:
        return self._catalogue.gettext(msgid).format(**values)

    def many(self, one: str, more: str, n: int, **values: Any) -> str:
        return self._catalogue.ngettext(one, more, n).format(n=self.number(n), **values)

    def number(self, n: float) -> str:
        return format_decimal(n, locale=self.language)

    def at(self, moment: datetime) -> str:
        """A moment as people say it: the time alone today, with the day otherwise."""
        local, today = moment.astimezone(self.timezone), self.now.astimezone(self.timezone).date()
        time = format_time(local, "HH:mm", locale=self.language, tzinfo=self.timezone)
        days = (local.date() - today).days
        if days == 0:
            return time
        if days == 1:
            return self("tomorrow {time}", time=time)
        if days == -1:
            return self("yesterday {time}", time=time)
        pattern = "EEE d MMM" if self.language == "en" else "M월 d일 (EEE)"
        return f"{format_date(local.date(), pattern, locale=self.language)} {time}"

    def length(self, seconds: float) -> str:
        """A length of time in its two largest units."""
        minutes = max(0, round(seconds / 60))
        days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
        if minutes < 1:
            return self("less than a minute")
        parts = [
            (days, self("{n} d", n=self.number(days))),
            (hours, self("{n} h", n=self.number(hours))),
            (rest, self("{n} min", n=self.number(rest))),
        ]
        first = next(i for i, (n, _) in enumerate(parts) if n)
        return " ".join(words for n, words in parts[first : first + 2] if n)

    def followers(self, card: Card) -> str:
        if card.followers is None:
            return self("followers unknown")
        n = format_compact_decimal(card.followers, locale=self.language, fraction_digits=1)
        return self._catalogue.ngettext("{n} follower", "{n} followers", card.followers).format(n=n)

    def label(self, card: Card) -> str:
        return {
            "positive": self("tone: positive"),
            "neutral": self("tone: neutral"),
            "negative": self("tone: negative"),
        }.get(card.label, self("tone: unknown"))

    def speech(self, card: Card) -> str:
        known = {
            "ko": self("Korean"),
            "en": self("English"),
            "ja": self("Japanese"),
            "zh": self("Chinese"),
            "th": self("Thai"),
            "es": self("Spanish"),
            "de": self("German"),
            "fr": self("French"),
            "pt": self("Portuguese"),
            "it": self("Italian"),
            "id": self("Indonesian"),
            "vi": self("Vietnamese"),
            "ru": self("Russian"),
            "ar": self("Arabic"),
        }
        return known.get(card.language, self("language unknown") if card.language == "und" else card.language)

    def priority(self, card: Card) -> str:
        return {
            "critical": self("critical"),
            "high": self("high priority"),
            "low": self("low priority"),
        }.get(card.priority, "")

    def kind(self, card: Card) -> str:
        return {
            "post": self("post"),
            "comment": self("comment"),
            "reply": self("reply"),
            "review": self("review"),
            "question": self("question"),
            "message": self("message"),
            "mail": self("mail"),
            "article": self("article"),
        }.get(card.kind, card.kind)

    def state(self, card: Card) -> str:
        """How it stands, in a few words."""
        if card.deleted:
            return self("deleted by its author")
        if card.state == "answered" and card.replied_at is not None:
            words = self("answered {at}", at=self.at(card.replied_at))
            return words + (self(" by {who}", who=person(card.closed_who)) if card.closed_who else "") + self.took(card)
        if card.state == "closed":
            return self("needs no reply") + (
                self(" (said {who})", who=person(card.closed_who)) if card.closed_who else ""
            )
        if card.state == "snoozed" and card.snoozed_until is not None:
            return self("asleep until {at}", at=self.at(card.snoozed_until))
        words = {
            "overdue": self("overdue since {at}", at=self.at(card.due_at)),
            "soon": self("due soon"),
            "paused": self("the clock stands"),
        }.get(card.state, self("waiting for an answer"))
        return words + (self(", taken by {who}", who=person(card.claimed_by)) if card.claimed_by else "")

    def took(self, card: Card) -> str:
        """Both figures: in the team's hours, and on the wall."""
        if card.took_counted_s is None or card.took_wall_s is None:
            return ""
        if card.took_wall_s < 60:
            return self(", at once")
        if abs(card.took_counted_s - card.took_wall_s) < 60:
            return self(", after {length}", length=self.length(card.took_wall_s))
        return self(
            ", after {counted} of team time ({wall} on the wall)",
            counted=self.length(card.took_counted_s),
            wall=self.length(card.took_wall_s),
        )

    def found(self, card: Card) -> str:
        late = card.found_at - card.published_at
        if late <= LATE:
            return ""
        return self("found {length} late", length=self.length(late.total_seconds()))

    def author(self, card: Card) -> str:
        name, handle = line(card.author_name), line(card.author_handle)
        who = f"{name} ({handle})" if name and handle and name != handle else name or handle or self("somebody")
        return cut(who, 80)

    def who(self, card: Card) -> str:
        """Who it is: name, reach, and whether we know each other."""
        parts = [self.author(card), self.followers(card)]
        if card.vip:
            parts.append(self("VIP"))
        if card.earlier:
            parts.append(self.many("wrote once before", "wrote {n} times before", card.earlier))
        return " · ".join(parts)

    def stars(self, card: Card) -> str:
        if card.rating is None:
            return ""
        n = 1 + 4 * card.rating
        return self("{n} of 5 stars", n=self.number(round(n, 1)))

    def about(self, card: Card) -> str:
        """Where it was said, and what we make of it."""
        # A feed is no place that people know; its source has the name that the team gave it.
        place = card.source if card.platform == "feed" else card.platform.replace("_", " ").capitalize()
        where = self("{kind} on {platform}", kind=self.kind(card), platform=place)
        parts = [where, self.stars(card), self.priority(card), self.label(card), self.speech(card)]
        if card.edited:
            parts.append(self("edited"))
        return " · ".join(p for p in (*parts, self.found(card)) if p)

    def answer_by(self, card: Card) -> str:
        words = self("Answer by {at}", at=self.at(card.due_at))
        if card.window_ends_at is not None:
            words += self("; the platform takes answers until {at}", at=self.at(card.window_ends_at))
        return words

    def because(self, card: Card) -> str:
        return self("Why: {reasons}", reasons=", ".join(line(r) for r in card.reasons)) if card.reasons else ""


def words_of(told: Told) -> Words:
    return Words(told.language, told.timezone, told.now)


# ---------------------------------------------------------------- messages


def text(told: Told) -> str:
    """The whole message."""
    words = words_of(told)
    lines = {
        "mention": _mention,
        "summary": _summary,
        "stage": _stage,
        "fallback": _fallback,
        "digest": _digest,
        "note": _note,
    }[told.kind](told, words)
    if told.late_s:
        lines = [*lines, words("This message comes {length} late.", length=words.length(told.late_s))]
    return "\n".join(part for part in lines if part)


def subject(told: Told) -> str:
    """One line that says what it is about."""
    words = words_of(told)
    if told.kind == "digest" and told.note:
        return line(str(told.note.get("title", "")))
    if told.kind == "fallback" and told.note:
        return words("Slack does not take alerts: {why}", why=line(str(told.note.get("why", ""))))
    return cut(line(text(told).split("\n")[0]), 150)


def change(told: Told) -> str:
    """One line: what has become of a message."""
    words = words_of(told)
    return "\n".join(
        f"[{words.state(card)}] {words.author(card)}: {cut(line(quoted(card)), 80)}" for card in told.cards
    )


def _mention(told: Told, words: Words) -> list[str]:
    (card,) = told.cards[:1]
    quote = quoted(card)
    body = [f"> {row}" for row in quote.split("\n")] if quote else [words("(the text is not shown here)")]
    end = words.state(card)
    if card.state in {"waiting", "soon", "overdue", "paused"}:
        end = f"{words.answer_by(card)} · {end}"
    return [words.who(card), words.about(card), *body, words.because(card), end, line(card.url)]


def heading(told: Told, words: Words) -> str:
    """The first line of a message about many."""
    n, why = len(told.cards), str((told.note or {}).get("why", ""))
    if why == "opening":
        return words.many("{n} mention waits since you left", "{n} mentions wait since you left", n)
    return words.many("{n} new mention at once", "{n} new mentions at once", n)


def row(card: Card, words: Words) -> str:
    """One mention on one line."""
    parts = [words.author(card), cut(line(quoted(card)), 90) or words("(the text is not shown here)")]
    return f"{words.at(card.due_at)} · {' · '.join(parts)} · {words.state(card)}"


def _summary(told: Told, words: Words) -> list[str]:
    rows = [f"- {row(card, words)}\n  {line(card.url)}" for card in told.cards]
    return [heading(told, words), *rows]


def stage_words(told: Told, card: Card, words: Words) -> str:
    """What a stage says: how much time is left, or how much it is over."""
    left = (card.due_at - told.now).total_seconds()
    by, length = words.at(card.due_at), words.length(abs(left))
    if told.urgency == "window" and card.window_ends_at is not None:
        return words("The platform takes answers only until {at}", at=words.at(card.window_ends_at))
    if left > 0:
        return words("Still waiting: answer by {at} ({length} left)", at=by, length=length)
    if left > -60:
        return words("Due now and not answered")
    return words("Overdue: it was to be answered by {at} ({length} ago)", at=by, length=length)


def _stage(told: Told, words: Words) -> list[str]:
    return [
        f"{stage_words(told, card, words)} · {words.author(card)}: {cut(line(quoted(card)), 80)}\n{line(card.url)}"
        for card in told.cards
    ]


def note_words(told: Told, words: Words) -> list[str]:
    note = told.note or {}
    source = f"{note.get('source', '')} ({note.get('way', '')})"
    why = line(str(note.get("why", "")))
    match note.get("what"):
        case "test":
            return [words("This is a test: alerts of {brand} arrive here.", brand=line(str(note.get("brand", ""))))]
        case "baseline":
            found, waiting = _count(note.get("found")), _count(note.get("waiting"))
            return [
                words("First look at {source}.", source=source),
                words.many("{n} older mention was kept.", "{n} older mentions were kept.", found)
                + " "
                + words.many("{n} still waits for an answer.", "{n} still wait for an answer.", waiting),
            ]
        case "gap":
            return [words("{source} may have missed something: {why}", source=source, why=why)]
        case "blind":
            since = _moment(note.get("since"))
            head = words("{source} cannot see", source=source)
            if since is not None:
                head += words(" since {at}", at=words.at(since))
            return [head + ".", cause(str(note.get("error_class")), words), words("In detail: {why}", why=why)]
        case "sees":
            start, end = _moment(note.get("since")), _moment(note.get("until"))
            head = words("{source} sees again", source=source)
            if start is None or end is None:
                return [head + "."]
            span = words("blind from {start} to {end}", start=words.at(start), end=words.at(end))
            return [f"{head} ({span}).", words("What was said meanwhile is read now.")]
    return [line(str(note.get("text", "")))]


def cause(error_class: str, words: Words) -> str:
    """What an error class means to people, and what they can do."""
    return {
        "auth": words("The login no longer works: renew the token or password."),
        "gated": words("The platform has not granted this access yet."),
        "limited": words("The platform asks us to slow down."),
        "settings": words("What rules.yaml asks for cannot work."),
        "payload": words("The platform's answer cannot be read."),
        "transient": words("The platform does not answer; it is tried again."),
    }.get(error_class, words("Something in the monitor itself is broken; the log says more."))


def _note(told: Told, words: Words) -> list[str]:
    return note_words(told, words)


def _digest(told: Told, words: Words) -> list[str]:
    note = told.note or {}
    return [line(str(note.get("title", ""))), safe(str(note.get("text", "")))]


def _fallback(told: Told, words: Words) -> list[str]:
    note = told.note or {}
    waiting = _count(note.get("waiting"))
    rows = [f"- {row(card, words)}\n  {line(card.url)}" for card in told.cards]
    return [
        words("Slack does not take alerts: {why}", why=line(str(note.get("why", "")))),
        words.many("{n} message waits.", "{n} messages wait.", waiting),
        *rows,
        words("The messages are kept, and are sent as soon as Slack takes them again."),
    ]


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None
