"""Entries by code: trees of ICD-10-CM, ICD-10 and ICD-11, with the categories above each code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from msgspec import Struct

from soleus.library.model import RecordRef
from soleus.library.naming import records
from soleus.library.titles import title_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled

System = Literal["icd10cm", "icd11", "icd10"]
_BROWSED = ("explanation", "short_entry", "contributor")
_CATEGORY = 3  # characters of a category of ICD-10; those of ICD-11 have four
_SYSTEM_CATEGORY = {"icd10cm": _CATEGORY, "icd10": _CATEGORY, "icd11": 4}


class Leaf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry in a list."""

    entry: RecordRef
    title: str


class Branch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code, or a range of codes, with the entries that bear it and the codes below it. ``title`` None: not known."""

    code: str
    title: str | None
    entries: tuple[Leaf, ...]
    below: tuple[Branch, ...]

    def __iter__(self) -> Any:
        """This branch and all below it."""
        yield self
        for branch in self.below:
            yield from branch


def code_tree(compiled: Compiled, system: System, audience: Audience) -> tuple[Branch, ...]:
    """The tree of a code system, in the order of its codes: chapters (ICD-10-CM alone), categories, codes."""
    bearers = _bearers(compiled, system, audience)
    titles = _titles(compiled, system)
    roots = _branches(sorted({step for code in bearers for step in _above(code, system)}), bearers, titles, system)
    return _in_chapters(roots) if system == "icd10cm" else roots


def _bearers(compiled: Compiled, system: System, audience: Audience) -> dict[str, tuple[Leaf, ...]]:
    """Code -> the entries that bear it."""
    found: dict[str, list[Leaf]] = {}
    for ref, record in records(compiled):
        for code in dict.fromkeys(c.code for c in getattr(record, "codes", ()) if c.system == system):
            if ref.kind in _BROWSED:
                leaf = Leaf(entry=ref, title=title_of(compiled.knowledge, ref, audience))
                found.setdefault(code, []).append(leaf)
    return {code: tuple(leaves) for code, leaves in found.items()}


def _above(code: str, system: System) -> tuple[str, ...]:
    """A code and those above it, the category first: G47, G47.6, G47.62. A range stands alone."""
    least = _SYSTEM_CATEGORY[system]
    if "-" in code or len(code) <= least:
        return (code,)
    stem, rest = code[:least], code[least:].lstrip(".")
    return (stem, *(f"{stem}.{rest[:n]}" for n in range(1, len(rest) + 1)))


def _branches(
    codes: list[str], bearers: Mapping[str, tuple[Leaf, ...]], titles: Mapping[str, str], system: System
) -> tuple[Branch, ...]:
    """Codes in order as branches; a code without a title, an entry and a choice below it is left out."""
    below: dict[str, list[str]] = {}
    for code in codes:
        steps = _above(code, system)
        below.setdefault(steps[-2] if len(steps) > 1 else "", []).append(code)

    def grown(code: str) -> Iterable[Branch]:
        children = tuple(b for child in below.get(code, ()) for b in grown(child))
        if code not in bearers and len(children) == 1 and code not in titles:
            yield from children
        else:
            yield Branch(code=code, title=titles.get(code), entries=bearers.get(code, ()), below=children)

    return tuple(b for code in below.get("", ()) for b in grown(code))


def _titles(compiled: Compiled, system: System) -> Mapping[str, str]:
    """Code -> what the listing calls it, from the listing and from the records."""
    shown = {
        code.code: code.display
        for _, record in records(compiled)
        for code in getattr(record, "codes", ())
        if code.system == system and code.display
    }
    return {**_listing()["titles"], **shown} if system == "icd10cm" else shown


@cache
def _listing() -> dict[str, Any]:
    text = (files("soleus.library") / "codes" / "icd10cm.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return found


def _in_chapters(roots: tuple[Branch, ...]) -> tuple[Branch, ...]:
    out = []
    for chapter in _listing()["chapters"]:
        first, last = chapter["first"], chapter["last"]
        inside = tuple(b for b in roots if first <= _first(b.code) <= last)
        if inside:
            out.append(Branch(code=f"{first}–{last}", title=chapter["title"], entries=(), below=inside))
    return tuple(out)


def _first(code: str) -> str:
    """The first category of a code or range."""
    return code[:_CATEGORY]
