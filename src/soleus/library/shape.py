"""What belongs to which entry, and what an entry must hold: data of `shape.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from msgspec import Struct, convert

from soleus.reasoning.assessment import Audience


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``topics``: kind -> id -> topics of facts. ``parts``: kind -> audience -> parts that must be there.

    ``titles``: part -> what it is called for clinicians and for patients.
    """

    first_released: str
    topics: dict[str, dict[str, tuple[str, ...]]]
    titles: dict[str, tuple[str, str]]
    parts: dict[str, dict[Audience, tuple[str, ...]]]


@cache
def shape() -> Shape:
    """The data, read once."""
    text = files("soleus.library").joinpath("shape.yaml").read_text(encoding="utf-8")
    return convert(yaml.load(text, yaml.CSafeLoader), Shape, strict=False)


def part_title(part: str, audience: Audience) -> str:
    """What a part is called."""
    return shape().titles[part][audience == "patient"]


def topics_of(kind: str, id: str) -> tuple[str, ...]:
    """The topics of an entry, its own id first."""
    return (id, *shape().topics.get(kind, {}).get(id, ()))


def on_topic(records: tuple[Any, ...], topics: Sequence[str]) -> tuple[Any, ...]:
    """The facts, gaps or disagreements of some topics: by topic in their order, those in most people first."""
    found = [r for r in records if r.topic in topics]
    return tuple(sorted(found, key=lambda r: (topics.index(r.topic), -(getattr(r, "n", None) or 0), r.id)))
