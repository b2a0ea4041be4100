"""Reading an answer's body without trusting how large it says it is.

Decoding is ours: httpx decodes a whole chunk at once, and 64 KiB of gzip can hold 64 MiB.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from zlib import _Decompress

PIECE = 64 * 1024
"""Most that is decoded in one go, in bytes."""

MAX_MEMBERS = 1_000
"""Most gzip members in one answer. RFC 1952 lets them follow each other, and an empty one costs 20 bytes."""

GZIP_MAGIC = b"\x1f\x8b"

_GZIP = 16 + zlib.MAX_WBITS
_CODINGS = {"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class BodyTooLargeError(httpx.DecodingError):
    """The answer, decoded, is larger than we take."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the answer is larger than {limit / 2**20:.3g} MiB")


class Body:
    """Takes an answer piece by piece and keeps it decoded: at most `limit` bytes, whatever it was packed into.

    Errors: `BodyTooLargeError`, and `httpx.DecodingError` for codings that we did not ask for or that are broken.
    """

    def __init__(self, coding: str, limit: int) -> None:
        try:
            self._coding = _CODINGS[coding.strip().lower()]
        except KeyError:
            raise httpx.DecodingError("the answer is compressed in a way that we did not ask for") from None
        self._limit = limit
        self._kept = bytearray()
        self._head = b""  # too short to tell how it is packed
        self._member: _Decompress | None = None
        self._finished = 0
        self._over = False

    def add(self, data: bytes) -> bytes:
        """Takes at most one piece in, and gives back what is still to be added: the caller decides who is next."""
        if not self._coding:
            self._keep(data)
            return b""
        data, self._head = self._head + data, b""
        if self._over:
            return b""
        if self._member is None:
            if len(data) < 2:
                self._head = data
                return b""
            self._begin(data)
        return b"" if self._member is None else self._decode(self._member, data)

    def whole(self) -> bytes:
        """The body, once everything has been added."""
        if self._member is not None:
            # zlib may have taken all input and still hold the end of a match back.
            while piece := _unpack(self._member, b""):
                self._keep(piece)
        if (self._head and not self._finished) or (self._member is not None and not self._member.eof):
            raise httpx.DecodingError("the compressed answer ends too early")
        return bytes(self._kept)

    def _begin(self, data: bytes) -> None:
        if self._finished and not (self._coding == "gzip" and data.startswith(GZIP_MAGIC)):
            self._over = True  # padding, which everybody ignores
            return
        if self._finished >= MAX_MEMBERS:
            raise httpx.DecodingError("the answer is compressed in too many parts")
        window = _GZIP
        if self._coding == "deflate":
            # It means zlib's format (RFC 9110, 8.4.1.2), but some servers send it without the header.
            has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            window = zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
        self._member = zlib.decompressobj(window)

    def _decode(self, member: _Decompress, data: bytes) -> bytes:
        self._keep(_unpack(member, data))
        if not member.eof:
            return member.unconsumed_tail
        self._finished += 1
        self._member = None
        return member.unused_data

    def _keep(self, data: bytes) -> None:
        if len(self._kept) + len(data) > self._limit:
            raise BodyTooLargeError(self._limit)
        self._kept += data


def _unpack(member: _Decompress, data: bytes) -> bytes:
    try:
        return member.decompress(data, PIECE)
    except zlib.error:
        raise httpx.DecodingError("the answer's compression is broken") from None


def is_text_encoding(name: str) -> bool:
    """Whether text can be read with this encoding: Python also knows "zlib", "idna", "undefined" and their like."""
    try:
        b"a\xff".decode(name, "replace")
    except (LookupError, ValueError):
        return False
    return True
