"""What a record says, apart from who reviewed it: a review holds for exactly this, and for nothing that came after."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any, Final

import msgspec

from soleus.evidence.record import Review, ReviewStatus

LETTERS: Final = 16  # of a digest, where people read it and reviews state it
_NOT_CONTENT: Final = "review"


def content(record: msgspec.Struct) -> dict[str, Any]:
    """The record as plain data without its review; what is left empty, and what is as it is by default, is left out.

    So a field that the schema gains later changes no record that does not use it.
    """
    return {name: value for name, value in _filled(record).items() if name != _NOT_CONTENT}


def digest(record: msgspec.Struct) -> str:
    """The first `LETTERS` hex digits of SHA-256 over kind and content, whatever the order of fields and keys."""
    told = [type(record).__name__, content(record)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:LETTERS]


def _filled(struct: msgspec.Struct) -> dict[str, Any]:
    values = ((told, getattr(struct, name), default) for name, told, default in _names(type(struct)))
    return {told: _plain(value) for told, value, default in values if value != default}


@cache
def _names(structure: type[msgspec.Struct]) -> tuple[tuple[str, str, Any], ...]:
    """(name, name in files, default) of each field."""
    return tuple((f.name, f.encode_name, _default(f)) for f in msgspec.structs.fields(structure))


def _default(f: msgspec.structs.FieldInfo) -> Any:
    return f.default if f.default_factory is msgspec.NODEFAULT else f.default_factory()


def _plain(value: Any) -> Any:
    """Plain data in which equal numbers are equal words: 2.0 is 2."""
    match value:
        case msgspec.Struct():
            return _filled(value)
        case dict():
            return {str(k): _plain(v) for k, v in value.items()}
        case list() | tuple():
            return [_plain(v) for v in value]
        case float() if value.is_integer():
            return int(value)
    return value


def approved_by_another(review: Review) -> bool:
    """Whether a review that says ``approved`` names a reviewer who is not the curator."""
    return bool(folded(review.reviewer)) and folded(review.reviewer) != folded(review.curator)


def folded(name: str | None) -> str:
    """A name as it is compared: case and blanks make nobody another person."""
    return " ".join((name or "").split()).casefold()


def shown_status(record: Any) -> ReviewStatus:
    """The status that may be shown: ``approved`` for an approval by another person of exactly this content alone.

    Whatever else calls itself approved is shown as ``submitted``; so is a record that cannot be reviewed (a source).
    """
    review: Review | None = getattr(record, "review", None)
    if review is None:
        return "submitted"
    if review.status != "approved":
        return review.status
    return "approved" if approved_by_another(review) and review.of == digest(record) else "submitted"
