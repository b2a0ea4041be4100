"""The rules of Block Kit that a message can break, as docs.slack.dev/reference/block-kit states them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MAX_BLOCKS = 50
MAX_TOTAL = 13_000
"""Undocumented: beyond about this many characters Slack answers msg_blocks_too_long."""


def problems(text: str, blocks: Sequence[Any]) -> list[str]:
    """Everything that Slack would refuse, or would read as ours though a stranger wrote it."""
    found = []
    if not text.strip():
        found.append("no text to fall back on")
    if len(text) > 40_000:
        found.append("text longer than 40,000")
    if "<!" in text or "<@" in text or "<#" in text or "<http" in text:
        found.append("the text can ring somebody or wears a link")
    if len(blocks) > MAX_BLOCKS:
        found.append(f"{len(blocks)} blocks")
    for i, block in enumerate(blocks):
        found += [f"block {i} ({block.get('type')}): {p}" for p in _block(block)]
    if sum(len(t) for b in blocks for t in _texts(b)) > MAX_TOTAL:
        found.append("too many characters in all")
    return found


def _block(block: Any) -> list[str]:
    match block.get("type"):
        case "header":
            return _plain(block["text"], 150)
        case "section":
            return _plain(block["text"], 3000)
        case "context":
            elements = block["elements"]
            size = [] if 1 <= len(elements) <= 10 else ["1 to 10 elements"]
            return size + [p for e in elements for p in _plain(e, 2000)]
        case "rich_text":
            return [p for e in block["elements"] for p in _rich(e)] or ([] if block["elements"] else ["empty"])
    return ["no type that we use"]


def _plain(text: Any, most: int) -> list[str]:
    wrong = []
    if text.get("type") != "plain_text":
        wrong.append("foreign text outside plain_text")
    if not 1 <= len(text.get("text", "")) <= most:
        wrong.append(f"{len(text.get('text', ''))} characters of {most}")
    return wrong


def _rich(element: Any) -> list[str]:
    if element.get("type") not in {"rich_text_section", "rich_text_quote"}:
        return [f"unknown {element.get('type')}"]
    if not element["elements"]:
        return ["empty section"]
    wrong = []
    for part in element["elements"]:
        if part["type"] not in {"text", "link"}:
            wrong.append(f"unknown {part['type']}")
        if part["type"] == "text" and not 1 <= len(part["text"]) <= 3000:
            wrong.append("text without characters, or with too many")
        if part["type"] == "link":
            if not part["url"].startswith(("https://", "http://")) or len(part["url"]) > 3000:
                wrong.append("an address that is no web address")
            if not part.get("text"):
                wrong.append("a link without words")
    return wrong


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [
            t for k, v in value.items() for t in ([v] if k in {"text", "url"} and isinstance(v, str) else _texts(v))
        ]
    return [t for v in value for t in _texts(v)] if isinstance(value, list) else []
