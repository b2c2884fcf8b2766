"""Where prose stands in the records: the fields that are written in the language of `soleus.knowledge.prose`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec

from soleus.knowledge.loader import Knowledge
from soleus.knowledge.prose import Cite, Figure, Link, paragraphs


class Text(NamedTuple):
    """One text: the record's kind and id, the field (``sections[2].patient_text``), and whether patients read it."""

    kind: str
    id: str
    field: str
    text: str
    for_patients: bool


#: Kinds of records that hold prose.
KINDS = ("article", "short_entry", "term", "common_question")


def texts(knowledge: Knowledge) -> tuple[Text, ...]:
    """Every prose text of a knowledge base, in the order of kind, id and field."""
    return knowledge.once(_texts)


def _texts(knowledge: Knowledge) -> tuple[Text, ...]:
    return tuple(t for kind in KINDS for record in knowledge.records.get(kind, ()) for t in texts_of(kind, record))


def texts_of(kind: str, record: Any) -> Iterator[Text]:
    """The prose of one record."""
    for field, text in _walk(record, ""):
        leaf = field.rpartition(".")[2]
        yield Text(kind, record.id, field, text, leaf.startswith("patient_"))


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    prose = _prose_fields(value.__class__)
    for name in value.__struct_fields__:
        yield from _within(getattr(value, name), f"{path}{name}", name in prose)


def _within(value: Any, path: str, prose: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if prose:
            yield path, value
    elif isinstance(value, tuple):
        for n, part in enumerate(value):
            yield from _within(part, f"{path}[{n}]", prose)
    elif isinstance(value, msgspec.Struct):
        yield from _walk(value, f"{path}.")


@cache
def _prose_fields(structure: Hashable) -> frozenset[str]:
    """The fields that are annotated with ``Prose``, alone, in a tuple, or as an option."""
    told = {
        name: str(hint)
        for base in getattr(structure, "__mro__", ())
        for name, hint in vars(base).get("__annotations__", {}).items()
    }
    return frozenset(name for name, hint in told.items() if "Prose" in hint)


def cited(text: str) -> Iterator[str]:
    """The sources that a text cites."""
    for p in paragraphs(text):
        for piece in p.pieces:
            if isinstance(piece, Cite):
                yield from piece.sources


def links(text: str) -> Iterator[Link]:
    """The links of a text to entries."""
    for p in paragraphs(text):
        yield from (piece for piece in p.pieces if isinstance(piece, Link))


def figures(text: str) -> Iterator[Figure]:
    """The figures that a text names."""
    for p in paragraphs(text):
        yield from (piece for piece in p.pieces if isinstance(piece, Figure))


#: What an entry can be about, in the order in which an id that two kinds share is understood.
ENTRY_KINDS = (
    "explanation",
    "contributor",
    "medicine",
    "finding",
    "treatment",
    "work_up",
    "short_entry",
    "common_question",
)


def targets(knowledge: Knowledge) -> dict[str, str]:
    """Id -> kind of everything that has an entry, and so can be linked to."""
    return knowledge.once(_targets)


def _targets(knowledge: Knowledge) -> dict[str, str]:
    return {r.id: kind for kind in reversed(ENTRY_KINDS) for r in knowledge.records.get(kind, ())}
