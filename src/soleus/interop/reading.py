"""Any file that holds a person: a case in YAML or JSON, or a FHIR R4 bundle, plain or gzip."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import msgspec

from soleus.clinical.case import Case
from soleus.clinical.reading import MOST_BYTES, case_from, decode, parse_case, parse_tree
from soleus.errors import UnreadableInput
from soleus.reasoning.compiled import Compiled


def read_any(path: Path, compiled: Compiled) -> Case:
    """The case in a file, whatever its form. Raises the errors of the readers."""
    text = decode(_bytes(path), path.name)
    if path.suffix in (".yaml", ".yml"):
        return parse_case(text, path.name)
    tree = _json(text, path.name)
    if isinstance(tree, dict) and "resourceType" in tree:
        from soleus.interop.fhir.reading import case_of

        return case_of(tree, compiled, path.name)
    if isinstance(tree, dict):
        return case_from(tree, path.name)
    return parse_case(text, path.name)


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes() if path.stat().st_size <= 10 * MOST_BYTES else b""
    except OSError as error:
        raise UnreadableInput(
            path.name, error.strerror or "no file", "a file that can be read", "Check the path."
        ) from None
    if raw[:2] == b"\x1f\x8b":
        raw = _unzipped(raw, path.name)
    if (not raw and path.stat().st_size) or len(raw) > 10 * MOST_BYTES:
        raise UnreadableInput(
            path.name, "too many bytes", f"at most {10 * MOST_BYTES:,}", "Hand over one person at a time."
        )
    return raw


def _unzipped(raw: bytes, where: str) -> bytes:
    """At most the limit is unpacked, so that a small file cannot fill the memory."""
    try:
        unpacker = zlib.decompressobj(wbits=31)
        return unpacker.decompress(raw, 10 * MOST_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile):
        raise UnreadableInput(where, "a damaged gzip file", "gzip", "Pack it again.") from None


def _json(text: str, where: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return parse_tree(text, where)
