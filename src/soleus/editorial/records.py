"""Records as a reviewer meets them: found by kind and id, field by field, and with one field changed.

The path of a field names it inside the record with a stroke between the steps: ``value``, ``p``, ``sections/0/text``,
``per_100k/m_0_17``. It is the same in the YAML of the record, so that a change of it can be written there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import yaml

from soleus.clinical.reading import parse_tree
from soleus.errors import Contradiction, InvalidValue, UnknownName, UnreadableInput
from soleus.evidence.record import Record
from soleus.knowledge.loader import Knowledge, kinds

#: What no correction changes: what a record is called, and who reviewed it.
FIXED: Final = frozenset({"id", "review"})
#: Rules and tables of conversion: read and changed as one.
_WHOLE: Final = frozenset(
    {"when", "only_when", "ask_when", "shown_when", "not_worth_when", "unless", "tells", "compute", "other_units"}
)
_REFUSAL: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")  # how msgspec refuses a type
_TYPES: Final = {
    "float": "a number",
    "int": "a whole number",
    "str": "words",
    "bool": "true or false",
    "array": "a list",
    "object": "names with values",
    "null": "nothing",
}
_SENTENCE: Final = 60  # letters from which an item of a list is read by itself


@dataclass(frozen=True)
class Field:
    """One field: its path, what it is called, its value as text ('' where it is empty), and whether it is prose."""

    path: str
    label: str
    text: str
    prose: bool


def record_of(knowledge: Knowledge, kind: str, id: str) -> Any:
    """The record. Raises `UnknownName` for a kind or an id that is none."""
    structure = kinds().get(kind)
    found = knowledge.by_id(structure).get(id) if structure else None
    if found is None:
        raise UnknownName(
            "record", repr(f"{kind} {id}"[:100]), "a record of the knowledge base", "Check its kind and id."
        )
    return found


def kind_of(record: Any) -> str:
    """The kind of a record, such as ``red_flag``."""
    return next(kind for kind, structure in kinds().items() if structure is type(record))


def reviewable(record: Any) -> bool:
    """Whether a record can be reviewed: all can but sources, which can only be corrected."""
    return isinstance(record, Record)


def plain(record: Any) -> dict[str, Any]:
    """The record as plain data, with the names of its YAML and lists where it has tuples."""
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    return told


def fields(record: Any) -> tuple[Field, ...]:
    """Every field of a record that can be read and corrected, in the order of its structure."""
    told = {name: value for name, value in plain(record).items() if name not in FIXED}
    leaves = (leaf for name, value in told.items() for leaf in _leaves(name, value))
    return tuple(Field(path, label_of(path), text_of(value), isinstance(value, str)) for path, value in leaves)


def label_of(path: str) -> str:
    """What a field is called: ``sections/0/text`` is "sections › 1 › text", counted from one as people do."""
    return " › ".join(str(int(s) + 1) if s.isdecimal() else s.replace("_", " ") for s in path.split("/"))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The value itself, or its parts where those are read one by one."""
    parts = _parts(value) if path.rpartition("/")[2] not in _WHOLE else ()
    if not parts:
        yield path, value
    for step, part in parts:
        yield from _leaves(f"{path}/{step}", part)


def _parts(value: Any) -> Sequence[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(str(k), v) for k, v in value.items()]
    if isinstance(value, (list, tuple)) and any(isinstance(v, dict) or _long(v) for v in value):
        return [(str(n), v) for n, v in enumerate(value)]
    return ()


def _long(value: Any) -> bool:
    """Whether an item of a list is a sentence rather than a name."""
    return isinstance(value, str) and len(value) >= _SENTENCE


def value_at(record: Any, path: str) -> Any:
    """The value of a field as plain data. Raises `UnknownName` for a path that leads nowhere."""
    value: Any = plain(record)
    for step in path.split("/"):
        try:
            value = value[int(step)] if isinstance(value, (list, tuple)) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise _no_field(path) from None
    return value


def with_value(record: Any, path: str, value: Any) -> Any:
    """The record with another value in one field. Raises `UnknownName` for the path, `InvalidValue` for the value."""
    if path.partition("/")[0] in FIXED:
        raise _no_field(path)
    value_at(record, path)
    tree = _put(plain(record), path.split("/"), value)
    try:
        return msgspec.convert(tree, type(record), strict=False)
    except msgspec.ValidationError as error:
        found, expected = _in_words(str(error))
        raise InvalidValue("value", found, expected, "See docs/records.md.") from None


def _in_words(refusal: str) -> tuple[str, str]:
    """What was found and expected, of "Expected `float | null`, got `str` - at `$.value`" and the like."""
    if types := _REFUSAL.match(refusal):
        expected, found = (" or ".join(_TYPES.get(t, t) for t in part.split(" | ")) for part in types.groups())
        return found, expected
    return refusal.partition(" - at ")[0], "a value of that field"


def _put(tree: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(tree, dict):
        return {**tree, step: _put(tree[step], rest, value)}
    items = list(tree)
    items[int(step)] = _put(items[int(step)], rest, value)
    return items


def text_of(value: Any) -> str:
    """A value as it is read and typed: text as it stands, the rest in the short form of YAML, '' for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    told: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6, sort_keys=False)
    return told.removesuffix("\n").removesuffix("\n...").strip()


def value_of(record: Any, path: str, text: str) -> Any:
    """The value that a typed text stands for in a field, as plain data. Raises `UnknownName`, `InvalidValue`.

    Where the field takes text, it is taken as it stands; it ends with a line break if it did before.
    """
    told, was = text.strip(), value_at(record, path)
    if isinstance(was, str) and told:
        return value_at(with_value(record, path, told + "\n" * was.endswith("\n")), path)
    try:
        parsed = parse_tree(told, "value") if told else None
        return value_at(with_value(record, path, _finite(parsed)), path)
    except (UnreadableInput, Contradiction, InvalidValue):
        if not told:
            raise
        return value_at(with_value(record, path, told), path)


def _finite(value: Any) -> Any:
    """The value, if every number in it is one: infinity and "not a number" are YAML, and no figure."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inner:
        _finite(part)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValue("value", "no number", "a number", "Write a figure that can be.")
    return value


def _no_field(path: str) -> UnknownName:
    return UnknownName("field", path, "a field of the record", "Choose one of those that are listed.")


@dataclass(frozen=True)
class Difference:
    """One field that two contents of a record say otherwise; '' where one says nothing."""

    label: str
    before: str
    after: str


def differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    """What changed from one content (`soleus.evidence.content`) to another, in the order of the fields."""
    old, new = (dict(leaf for name, value in told.items() for leaf in _leaves(name, value)) for told in (before, after))
    paths = [p for p in dict.fromkeys((*old, *new)) if old.get(p) != new.get(p)]
    return tuple(Difference(label_of(p), text_of(old.get(p)), text_of(new.get(p))) for p in paths)


def words_of(value: Any) -> Iterator[str]:
    """Every text in plain data, keys included, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from words_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from words_of(part)
