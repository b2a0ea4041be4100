"""How our messages look in Slack (Block Kit).

What strangers wrote goes into `plain_text` and `rich_text` elements, which Slack never interprets; only our own words
stand in `mrkdwn`, and they are escaped as well. Limits: docs.slack.dev/reference/block-kit (50 blocks a message, 3,000
characters a section, 150 a header) and an undocumented total of about 13,000 characters.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from monitor.telling import Card, Told, subject, text
from monitor.telling.text import Words, cut, heading, line, note_words, quoted, row, safe, stage_words, words_of

Block = dict[str, Any]

MAX_BLOCKS = 50
MAX_SECTION = 2_900
MAX_QUOTE = 1_200
MAX_URL = 2_900
MAX_LINE = 350
MAX_LINE_URL = 200


def message(told: Told) -> tuple[str, list[Block]]:
    """The text that notifications and screen readers use, and the blocks that people see."""
    return escape(cut(text(told), 3_500)), blocks(told)


def blocks(told: Told) -> list[Block]:
    words = words_of(told)
    made = {
        "mention": _mention,
        "summary": _summary,
        "stage": _stage,
        "note": _note,
        "digest": _digest,
        "fallback": _fallback,
    }[told.kind](told, words)
    if told.late_s:
        made.append(_context(words("This message comes {length} late.", length=words.length(told.late_s))))
    return made[:MAX_BLOCKS]


def escape(words: str) -> str:
    """Text in which Slack finds no mention, no link and no channel."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# ---------------------------------------------------------------- messages


def _mention(told: Told, words: Words) -> list[Block]:
    (card,) = told.cards[:1]
    made = [_rich(_text(words.author(card), bold=True), _text(words.who(card).removeprefix(words.author(card))))]
    quote = quoted(card, MAX_QUOTE)
    if quote:
        made.append({"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [_text(quote)]}]})
    else:
        made.append(_context(words("(the text is not shown here)")))
    made.append(_context(words.about(card)))
    if card.reasons:
        made.append(_context(words.because(card)))
    state = words.state(card)
    if card.state in {"waiting", "soon", "overdue", "paused"}:
        made.append(_rich(_text(words.answer_by(card), bold=True), _text(f" · {state}")))
    else:
        made.append(_rich(_text(state, bold=True)))
    made.extend(_links(card, words))
    return made


def _summary(told: Told, words: Words) -> list[Block]:
    made = [_header(heading(told, words))]
    for card in told.cards[:20]:
        made.append(_line(card, words))
    return made


def _line(card: Card, words: Words) -> Block:
    """One of up to twenty mentions: short enough that all of them fit into one message."""
    link = _link(card, words) if len(card.url) <= MAX_LINE_URL else []
    return _rich(_text(row(card, words)[:MAX_LINE] + " "), *link)


def _stage(told: Told, words: Words) -> list[Block]:
    made = []
    for card in told.cards[:10]:
        about = f" · {words.author(card)}: {cut(line(quoted(card)), 80)} "
        made.append(_rich(_text(stage_words(told, card, words), bold=True), _text(about), *_link(card, words)))
    return made


def _note(told: Told, words: Words) -> list[Block]:
    first, *rest = note_words(told, words) or [""]
    made = [_rich(_text(first, bold=True))]
    return made + [_context(r) for r in rest if r]


def _fallback(told: Told, words: Words) -> list[Block]:
    return [_rich(_text(subject(told), bold=True)), *(_line(card, words) for card in told.cards[:20])]


def _digest(told: Told, words: Words) -> list[Block]:
    note = told.note or {}
    made = [_header(line(str(note.get("title", ""))))]
    left = 11_000
    for part in safe(str(note.get("text", ""))).split("\n\n"):
        part = part.strip()[: min(left, MAX_SECTION)]
        if part:
            made.append({"type": "section", "text": {"type": "plain_text", "text": part, "emoji": False}})
            left -= len(part)
    return made


# ---------------------------------------------------------------- pieces


def _links(card: Card, words: Words) -> list[Block]:
    links = _link(card, words)
    if card.reply_url and _host(card.reply_url):
        links += [_text(" · "), _url(card.reply_url, words("answer there"))]
    if card.answered_url and _host(card.answered_url):
        links += [_text(" · "), _url(card.answered_url, words("our answer"))]
    return [_rich(*links)] if links else []


def _link(card: Card, words: Words) -> list[Block]:
    host = _host(card.url)
    # The host is shown, so that a link cannot wear another face.
    return [_url(card.url, words("open on {host}", host=host))] if host else []


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or len(url) > MAX_URL or any(c in url for c in "<>|"):
        return ""
    return host[:100]


def _url(url: str, words: str) -> Block:
    return {"type": "link", "url": url, "text": words}


def _text(words: str, *, bold: bool = False) -> Block:
    made: Block = {"type": "text", "text": words[:MAX_SECTION] or " "}
    return {**made, "style": {"bold": True}} if bold else made


def _rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def _context(words: str) -> Block:
    return {
        "type": "context",
        "elements": [{"type": "plain_text", "text": words[:1_900] or " ", "emoji": False}],
    }


def _header(words: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": words[:150] or " ", "emoji": False}}
