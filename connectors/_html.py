"""HTML that strangers wrote, as plain text."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

BLOCKS = frozenset(
    """address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main
    nav ol p pre section table td th tr ul""".split()  # noqa: SIM905, a list of words reads better as words
)
SILENT = frozenset({"script", "style", "template", "noscript", "head", "iframe", "object", "svg"})
MAX_HTML = 1_000_000


def text_of(html: str) -> str:
    """Block tags become line breaks, entities are decoded once, scripts are dropped.

    A link whose text is a shortened form of its address ("https://exam…") is written as its whole address.
    """
    if "<" not in html and "&" not in html:
        return html
    body = LexborHTMLParser(html[:MAX_HTML]).body
    if body is None:
        return ""
    parts: list[str] = []
    _gather(body, parts)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _gather(root: LexborNode, parts: list[str]) -> None:
    # A stack, not recursion: a hostile page nests a hundred thousand deep.
    stack: list[LexborNode | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
            continue
        tag = node.tag or ""
        if tag == "-text":
            parts.append((node.text_content or "").replace("\n", " "))
            continue
        if tag in SILENT or tag.startswith(("-", "_", "!")):
            continue
        if tag == "a":
            parts.append(_link(node))
            continue
        if tag in BLOCKS:
            parts.append("\n")
            stack.append("\n" if tag != "br" else "")
        child = node.last_child
        while child is not None:
            stack.append(child)
            child = child.prev


def _link(node: LexborNode) -> str:
    words = " ".join(node.text(deep=True).split())
    href = (node.attributes.get("href") or "").strip()
    shown = words.removesuffix("...").removesuffix("…")
    if href.startswith(("http://", "https://")) and shown and shown in href and shown != href and "." in shown:
        return href
    return words
