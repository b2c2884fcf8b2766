"""Any file that holds a person, plain or gzip: a case or saved interview in YAML or JSON, the code of a case, or a
FHIR R4 bundle.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from pathlib import Path
from typing import Any

import msgspec

from soleus.clinical.case import Case
from soleus.clinical.reading import MOST_BYTES, case_from, decode, parse_case, parse_tree
from soleus.errors import UnreadableInput
from soleus.interop.handover import is_code, unpacked
from soleus.reasoning.compiled import Compiled

STANDARD_INPUT = Path("-")
_MOST = 10 * MOST_BYTES  # a record holds much that is not needed
_SAVED = {"case", "respondent", "answers"}  # as `Interview.saved`


def read_any(path: Path, compiled: Compiled, *, as_of: str | None = None) -> Case:
    """The case in a file (``-``: the standard input), whatever its form. Raises the errors of the readers.

    ``as_of``: the day of the case, where the caller knows it; a record is read as it stood then.
    """
    name = name_of(path)
    return case_in(decode(bytes_of(path, name), name), compiled, name, as_of=as_of)


def case_in(text: str, compiled: Compiled, name: str, *, as_of: str | None = None) -> Case:
    """The case in a text: a code, a case, a saved interview, a FHIR resource. Raises the errors of the readers."""
    tree = _tree(text, name)
    if is_fhir(tree):
        from soleus.interop.fhir.reading import case_of

        return case_of(tree, compiled, name, as_of=as_of)
    if isinstance(tree, dict):
        return _dated(case_from(_told(tree, compiled, name), name), as_of)
    return _dated(parse_case(text, name), as_of)


def name_of(path: Path) -> str:
    """What messages call a file; ``-`` is the standard input."""
    return "standard input" if path == STANDARD_INPUT else path.name


def _told(tree: dict[str, Any], compiled: Compiled, name: str) -> dict[str, Any]:
    """The mapping itself, or, where it is an interview that was saved, the case with its answers."""
    if set(tree) != _SAVED or not isinstance(tree["case"], dict):
        return tree
    from soleus.reasoning.interview import resumed

    case_from(tree["case"], name)
    return resumed(tree, compiled, ("history",)).known()


def is_fhir(tree: Any) -> bool:
    """A resource, or a list that begins with one."""
    first = tree[0] if isinstance(tree, list) and tree else tree
    return isinstance(first, dict) and "resourceType" in first


def _dated(case: Case, as_of: str | None) -> Case:
    return msgspec.structs.replace(case, as_of=as_of) if as_of else case


def bytes_of(path: Path, name: str) -> bytes:
    try:
        raw = _standard_input() if path == STANDARD_INPUT else _file(path)
    except OSError as error:
        raise UnreadableInput(name, error.strerror or "no file", "a file that can be read", "Check the path.") from None
    return unzipped(raw, name)


def unzipped(raw: bytes, name: str) -> bytes:
    """Bytes as they are, or out of gzip. Raises `UnreadableInput` for more than a person's record holds."""
    if raw[:2] == b"\x1f\x8b":
        raw = _unzipped(raw, name)
    if len(raw) > _MOST:
        raise UnreadableInput(name, "too many bytes", f"at most {_MOST:,}", "Hand over one person at a time.")
    return raw


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST + 1)


def _standard_input() -> bytes:
    raw = getattr(sys.stdin, "buffer", None)
    return raw.read(_MOST + 1) if raw is not None else sys.stdin.read(_MOST + 1).encode()


def _unzipped(raw: bytes, where: str) -> bytes:
    """At most the limit is unpacked, so that a small file cannot fill the memory."""
    try:
        unpacker = zlib.decompressobj(wbits=31)
        return unpacker.decompress(raw, _MOST + 1)
    except (zlib.error, gzip.BadGzipFile):
        raise UnreadableInput(where, "a damaged gzip file", "gzip", "Pack it again.") from None


def _tree(text: str, name: str) -> Any:
    """A code unpacked, JSON, JSON by lines (NDJSON), or what the reader of YAML makes of it."""
    if is_code(text):
        return unpacked(text, name)
    if name.endswith((".yaml", ".yml")):
        return parse_tree(text, name)
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
    return parse_tree(text, name)
