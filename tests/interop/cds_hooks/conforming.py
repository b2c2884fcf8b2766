"""The shapes of CDS Hooks as schemas of our own, and a check that nothing empty leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

_FOLDER = Path(__file__).parent / "schemas"


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of ``services``, ``request``, ``response`` or ``feedback``."""
    schema = json.loads((_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(name: str, body: Any) -> list[str]:
    """What is wrong with a body, and every empty value in it; `cards` and `services` may be empty."""
    wrong = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator(name).iter_errors(body)]
    return wrong + [f"{place}: empty" for place in empty(body)]


def empty(value: Any, place: str = "") -> Iterator[str]:
    """Places of null, "", [] and {}."""
    if value in (None, "", [], {}) and place not in ("/cards", "/services"):
        yield place or "/"
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, more in inner:
        yield from empty(more, f"{place}/{name}")
