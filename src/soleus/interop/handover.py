"""A case as a short text that can travel by itself: in a file, a QR code, or a field of a page.

``soleus1.`` and the URL-safe base64 of zlib-packed JSON. Nothing is encrypted: whoever has the text has the case.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import msgspec

from soleus.errors import UnreadableInput

PREFIX = "soleus1."
_MOST_TEXT = 400_000
_MOST_JSON = 2_000_000
_DEEPEST = 40


def packed(tree: Any) -> str:
    """The text of a value of plain data; equal values give equal texts."""
    raw = msgspec.json.encode(tree, order="deterministic")
    return PREFIX + base64.urlsafe_b64encode(zlib.compress(raw, 9)).rstrip(b"=").decode("ascii")


def unpacked(text: str, where: str = "code") -> Any:
    """The value of a text that `packed` made; blanks and line ends within it do no harm. Raises `UnreadableInput`."""
    word = "".join(text.split())
    if not word.startswith(PREFIX) or len(word) > _MOST_TEXT:
        raise _none(where)
    body = word.removeprefix(PREFIX)
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        told = unpacker.decompress(raw, _MOST_JSON)  # no more than the limit is unpacked
        if not unpacker.eof or unpacker.unused_data or _depth(told) > _DEEPEST:
            raise _none(where)
        return msgspec.json.decode(told)
    except (binascii.Error, zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise _none(where) from None


def is_code(text: str) -> bool:
    """Whether a text is meant to be one of these."""
    return text.lstrip().startswith(PREFIX)


def _depth(raw: bytes) -> int:
    """How deep brackets nest (those in strings count too: a limit, not a measure)."""
    depth = deepest = 0
    for byte in raw:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _none(where: str) -> UnreadableInput:
    return UnreadableInput(
        where, "no code of a case", f"a text that begins with {PREFIX}", "Copy the whole of it again."
    )
