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


def read_any(path: Path, compiled: Compiled, *, as_of: str | None = None) -> Case:
    """The case in a file, whatever its form. Raises the errors of the readers.

    ``as_of``: the day of the case, where the caller knows it; a record is read as it stood then.
    """
    text = decode(_bytes(path), path.name)
    if path.suffix in (".yaml", ".yml"):
        return _dated(parse_case(text, path.name), as_of)
    tree = _tree(text, path)
    if is_fhir(tree):
        from soleus.interop.fhir.reading import case_of

        return case_of(tree, compiled, path.name, as_of=as_of)
    if isinstance(tree, dict):
        return _dated(case_from(tree, path.name), as_of)
    return _dated(parse_case(text, path.name), as_of)


def is_fhir(tree: Any) -> bool:
    """A resource, or a list that begins with one."""
    first = tree[0] if isinstance(tree, list) and tree else tree
    return isinstance(first, dict) and "resourceType" in first


def _dated(case: Case, as_of: str | None) -> Case:
    return msgspec.structs.replace(case, as_of=as_of) if as_of else case


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


def _tree(text: str, path: Path) -> Any:
    """JSON, JSON by lines (NDJSON), or what the reader of YAML makes of it."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        lines = [msgspec.json.decode(line) for line in text.split("\n") if line.strip()]
        if is_fhir(lines):
            return lines
    except (msgspec.DecodeError, RecursionError):
        pass
    return parse_tree(text, path.name)
