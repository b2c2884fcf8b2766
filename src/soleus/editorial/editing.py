"""Changes written into the YAML of the data, where the value stands: comments, quotes and order stay as they were.

The parser says where each value begins and ends; only that stretch of the text is replaced. Afterwards the file is read
again, and must say what it said before, but for the changes: else nothing is written.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import yaml

from soleus.errors import KnowledgeError

_WIDTH: Final = 120  # of a line, where text that is wrapped is wrapped again


@dataclass(frozen=True)
class Change:
    """Another value for one field of one record. ``path``: as in `soleus.editorial.records`; ``value``: plain data."""

    id: str
    path: str
    value: Any


@dataclass(frozen=True)
class _Patch:
    start: int
    end: int
    text: str


def edited(text: str, changes: Sequence[Change], name: str = "file") -> str:
    """The text of a file of records with changes. Raises `KnowledgeError` where one cannot be written faithfully."""
    root = yaml.compose(text, yaml.CSafeLoader)
    records = _records(root)
    missing = [c.id for c in changes if c.id not in records]
    if missing:
        raise KnowledgeError(name, f"no record {missing[0]}", "the record in that file", "Export again.")
    wanted = _expected(text, changes)
    for quoted in (False, True):
        out = _patched(text, [_patch(text, records[c.id], c, quoted) for c in changes])
        if _read(out) == wanted:
            return out
    raise KnowledgeError(name, "a change that cannot be written there", "a plain record", "Change it by hand.")


def _read(text: str) -> Any:
    try:
        return yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return None


def ids(text: str) -> tuple[str, tuple[str, ...]]:
    """The kind of a file and the ids of its records; ('', ()) for another kind of file."""
    root = yaml.compose(text, yaml.CSafeLoader)
    kind = _child(root, "kind")
    return (str(kind.value), tuple(_records(root))) if kind is not None else ("", ())


def _records(root: Any) -> dict[str, Any]:
    rows = _child(root, "records")
    nodes = rows.value if isinstance(rows, yaml.SequenceNode) else ()
    return {_child(node, "id").value: node for node in nodes}


def _child(node: Any, step: str) -> Any:
    """The node below a step; None where there is none."""
    if isinstance(node, yaml.SequenceNode):
        return node.value[int(step)] if step.isdecimal() and int(step) < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if k.value == step), None)
    return None


# --- where to write -----------------------------------------------------------------------------------------


def _patch(text: str, record: Any, change: Change, quoted: bool) -> _Patch:
    """The stretch to replace: the value itself, or the end of the mapping that lacks it.

    ``quoted``: odd letters are written as escapes, in which any can; otherwise text has the style of what it replaces.
    """
    node, steps = record, change.path.split("/")
    flow = bool(record.flow_style)
    for n, step in enumerate(steps):
        below = _child(node, step)
        if below is None:
            return _appended(text, node, step, _nested(steps[n + 1 :], change.value), flow, quoted)
        node, flow = below, flow or bool(getattr(below, "flow_style", False))
    return _replaced(text, node, change.value, quoted)


def _nested(steps: Sequence[str], value: Any) -> Any:
    return {steps[0]: _nested(steps[1:], value)} if steps else value


def _appended(text: str, node: Any, key: str, value: Any, flow: bool, quoted: bool) -> _Patch:
    """One more key at the end of a mapping."""
    pair = f"{_written(key)}: {_escaped(value) if quoted else _written(value)}"
    if flow or node.flow_style:
        at = _end(text, node.value[-1][1]) if node.value else node.start_mark.index + 1
        return _Patch(at, at, f", {pair}" if node.value else pair)
    at = text.find("\n", _end(text, node))
    at = len(text) if at < 0 else at
    return _Patch(at, at, f"\n{' ' * node.value[0][0].start_mark.column}{pair}")


def _replaced(text: str, node: Any, value: Any, quoted: bool) -> _Patch:
    start, end = node.start_mark.index, _end(text, node)
    style = getattr(node, "style", None)
    if quoted or not isinstance(value, str):
        return _Patch(start, end, _escaped(value) if quoted else _written(value))
    if style in ("|", ">"):
        return _Patch(start, end, _block(text, node, value))
    told = _written(value, style if style in ("'", '"') else None)
    return _Patch(start, end, _wrapped(told, text, start, end) if "\n" in text[start:end] else told)


def _end(text: str, node: Any) -> int:
    """Where a value ends: a block ends with its last line, not where the next key begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    return start + len(text[start:end].rstrip()) if getattr(node, "style", None) in ("|", ">") else end


def _patched(text: str, patches: Sequence[_Patch]) -> str:
    """From the last to the first, so that places stay right; insertions at one place keep their order."""
    ordered = sorted(enumerate(patches), key=lambda p: (p[1].start, p[0]), reverse=True)
    for _, patch in ordered:
        text = text[: patch.start] + patch.text + text[patch.end :]
    return text


# --- how to write -------------------------------------------------------------------------------------------


def _written(value: Any, style: str | None = None) -> str:
    """A value in the short form of YAML, fit to stand inside brackets."""
    if isinstance(value, str) and (style is not None or "\n" in value):
        told: str = yaml.dump(value, default_style='"' if "\n" in value else style, allow_unicode=True, width=10**9)
        return told.removesuffix("\n")
    told = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False)
    return told.strip()[1:-1]


def _escaped(value: Any) -> str:
    """A value in letters of ASCII alone."""
    if isinstance(value, str):
        return str(yaml.dump(value, default_style='"', width=10**9)).removesuffix("\n")
    told: str = yaml.safe_dump([value], default_flow_style=True, width=10**9, sort_keys=False)
    return told.strip()[1:-1]


def _wrapped(told: str, text: str, start: int, end: int) -> str:
    """Long text broken over lines as the old one was: a break in plain or quoted text is a blank."""
    lines = text[start:end].split("\n")
    indent = lines[1][: len(lines[1]) - len(lines[1].lstrip())]
    width = max(_WIDTH, max(map(len, lines)))
    column = start - (text.rfind("\n", 0, start) + 1)
    options = {"break_long_words": False, "break_on_hyphens": False, "drop_whitespace": True}
    broken = textwrap.wrap(told, width, initial_indent=" " * column, subsequent_indent=indent, **options)  # type: ignore[arg-type]
    out = "\n".join(broken)[column:]
    return out if yaml.safe_load(f"[{out}]") == yaml.safe_load(f"[{told}]") else told


def _block(text: str, node: Any, value: str) -> str:
    """Text of several lines in the style that it had: literal as it stands, folded broken into lines."""
    body = text[node.start_mark.index : node.end_mark.index].split("\n")[1:]
    first = next((line for line in body if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent or value[:1].isspace() or value.endswith("\n\n") or not value.strip():
        return _written(value)
    lines = _folded(value, indent) if node.style == ">" else value.rstrip("\n").split("\n")
    head = node.style if value.endswith("\n") else f"{node.style}-"
    return "\n".join([head, *(f"{indent}{line}" if line else "" for line in lines)])


def _folded(value: str, indent: str) -> list[str]:
    """Lines that fold back into the text: a break in it is an empty line more."""
    out: list[str] = []
    for n, paragraph in enumerate(value.rstrip("\n").split("\n")):
        if n:
            out.append("")
        out += textwrap.wrap(paragraph, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    return out


# --- whether it says what it should -------------------------------------------------------------------------


def _expected(text: str, changes: Sequence[Change]) -> Any:
    tree = yaml.load(text, yaml.CSafeLoader)
    rows = {row["id"]: row for row in tree["records"]}
    for change in changes:
        _set(rows[change.id], change.path.split("/"), deepcopy(change.value))
    return tree


def _set(tree: Any, steps: Sequence[str], value: Any) -> None:
    """Put a value into plain data, with the mappings on the way to it."""
    step: Any = int(steps[0]) if isinstance(tree, list) else steps[0]
    if len(steps) == 1:
        tree[step] = value
    else:
        if isinstance(tree, dict) and step not in tree:
            tree[step] = {}
        _set(tree[step], steps[1:], value)
