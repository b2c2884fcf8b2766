"""Annotated texts: how much of what they say is read, and whether the judgement from text is right.

The texts, the guidelines and the split stand in validation/texts. A statement is right where the text is annotated with
the same finding and the same polarity (present or absent); uncertain ones are left out on both sides.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Literal

import msgspec
import yaml
from msgspec import Struct

from soleus.errors import KnowledgeError
from soleus.knowledge.schema.core import Finding
from soleus.notes.case import case_of
from soleus.notes.judging import NoteAssessment
from soleus.notes.reading import Reading, Understood, read
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.medicines import MedicineIndex
from soleus.validation.scoring import Outcome, judge_one
from soleus.validation.vignettes import Expected, Vignette

Statement = tuple[str, str]  # finding, polarity
_POLARITY = {"current": "present", "yes": "present", "no": "absent"}
_WORDS_OF_SPEED = 300


class AnnotatedText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text with what two readers and a third found in it: [what, value, quote] and the place of the quote."""

    id: str
    genre: str
    text: str
    vignette: str | None = None
    answer: str | None = None  # the explanation, of texts that retell no vignette
    notes: str | None = None
    annotations: tuple[tuple[Any, ...], ...] = ()


def read_texts(folder: Path) -> tuple[AnnotatedText, ...]:
    """Every text of a folder, by id. Raises `KnowledgeError` for a file that is not one."""
    return tuple(_read(path) for path in sorted(folder.glob("*.yaml")))


def _read(path: Path) -> AnnotatedText:
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        return msgspec.convert(tree, AnnotatedText, strict=False)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise KnowledgeError(
            path.name, str(error), "an annotated text", "See validation/texts/guidelines.md."
        ) from None


@cache
def _index(compiled: Compiled) -> MedicineIndex:
    return MedicineIndex(compiled.knowledge)


def gold(text: AnnotatedText, compiled: Compiled) -> dict[Statement, tuple[str | None, str]]:
    """The statements of a text -> (value or None, quote). Uncertain ones have the polarity uncertain."""
    out: dict[Statement, tuple[str | None, str]] = {}
    for what, raw, quote, *_ in text.annotations:
        value = {True: "yes", False: "no"}.get(raw, str(raw)) if isinstance(raw, bool) else str(raw)
        plain = value.lstrip("?")
        name, polarity, kept = _statement(str(what), plain, compiled)
        out[(name, "uncertain" if value != plain else polarity)] = (kept, str(quote))
    return out


def _statement(what: str, value: str, compiled: Compiled) -> tuple[str, str, str | None]:
    if what.startswith("medicine:"):
        found = _index(compiled).find(what.removeprefix("medicine:"))
        name = f"medicine:{found.id}" if found else what.lower()
        return name, _POLARITY.get(value, value), None
    if what in compiled.contributors:
        return what, value, None
    finding = compiled.findings.get(what)
    if finding is None:
        return what, "present", value
    if finding.kind == "numeric":
        return what, "present", None
    return what, "absent" if value == finding.absent else "present", value


def annotated_reading(text: AnnotatedText, compiled: Compiled) -> Reading:
    """The reading that the annotations give, with what rules read of numbers: what the judgement would be if every
    statement were read rightly."""
    ours = read(text.text, compiled)
    numbers = {u.finding: u for u in ours.understood if u.unit is not None}
    out: list[Understood] = []
    for what, raw, quote, *_ in text.annotations:
        value = {True: "yes", False: "no"}.get(raw, str(raw)) if isinstance(raw, bool) else str(raw)
        name, polarity, kept = _statement(str(what), value.lstrip("?"), compiled)
        finding = compiled.findings.get(name)
        if value.startswith("?") or polarity == "resolved":
            continue
        if finding is not None and finding.kind == "numeric":
            out += [numbers.pop(name)] if name in numbers else []
            continue
        begin = max(text.text.find(str(quote)), 0)
        out.append(_annotated(name, polarity, kept, finding, (begin, begin + len(str(quote))), text.text, compiled))
    return replace(ours, understood=tuple(out), of_legs=True)


def _annotated(
    name: str,
    polarity: str,
    value: str | None,
    finding: Finding | None,
    span: tuple[int, int],
    text: str,
    compiled: Compiled,
) -> Understood:
    kind: Literal["finding", "contributor", "medicine", "person"]
    said: str | float | None = value
    if finding is not None:
        kind, said = "finding", value if value is not None else finding.absent
    elif name in compiled.contributors:
        kind, said = "contributor", None
    elif name.startswith("medicine:"):
        kind = "medicine"
    else:
        kind = "person"
        number = re.search(r"\d+(?:\.\d+)?", value or "")
        said = float(number.group()) if number else value
    state: Literal["present", "absent", "stopped"] = (
        "absent" if polarity == "absent" else "stopped" if polarity == "stopped" else "present"
    )
    words = text[span[0] : span[1]]
    return Understood(finding=name, kind=kind, state=state, value=said, span=span, text=words, source="annotation")


def told(reading: Reading, compiled: Compiled) -> dict[Statement, Understood]:
    """What a reading says, in the same form."""
    out: dict[Statement, Understood] = {}
    for u in reading.understood:
        if u.kind == "explanation" or not u.used:
            continue
        polarity = str(u.state)
        if u.state == "conflict":
            finding = compiled.findings.get(u.finding)
            polarity = "absent" if finding is not None and u.value == finding.absent else "present"
        out[(u.finding, polarity)] = u
    return out


@dataclass
class Counts:
    """True and false statements, and those missed; ``examples`` for the report."""

    true: int = 0
    false: int = 0
    missed: int = 0
    value_right: int = 0
    examples: dict[tuple[str, Statement], list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        return self.true / max(self.true + self.false, 1)

    @property
    def recall(self) -> float:
        return self.true / max(self.true + self.missed, 1)

    @property
    def f1(self) -> float:
        return 2 * self.true / max(2 * self.true + self.false + self.missed, 1)

    def note(self, kind: str, statement: Statement, text: str, words: str) -> None:
        self.examples.setdefault((kind, statement), []).append((text, words))


def compare(
    texts: Iterable[AnnotatedText], compiled: Compiled, reader: Callable[[str], Reading] | None = None
) -> tuple[Counts, Counts]:
    """(all statements, denials alone) of the texts, read by ``reader`` (default: ours)."""
    every, denied = Counts(), Counts()
    read_one = reader or (lambda text: read(text, compiled))
    for text in texts:
        expected, found = gold(text, compiled), told(read_one(text.text), compiled)
        _count(text.id, expected, found, every, lambda _: True)
        _count(text.id, expected, found, denied, lambda s: s[1] == "absent")
    return every, denied


def _count(
    id: str,
    expected: dict[Statement, tuple[str | None, str]],
    found: dict[Statement, Understood],
    counts: Counts,
    wanted: Callable[[Statement], bool],
) -> None:
    unsure = {name for name, polarity in expected if polarity == "uncertain"}
    for statement, (value, quote) in expected.items():
        if statement[1] == "uncertain" or not wanted(statement):
            continue
        if statement in found:
            counts.true += 1
            counts.value_right += value is None or _same(value, found[statement].value)
        else:
            counts.missed += 1
            counts.note("missed", statement, id, quote)
    for statement, u in found.items():
        if statement in expected or statement[1] == "uncertain" or statement[0] in unsure or not wanted(statement):
            continue
        counts.false += 1
        counts.note("false", statement, id, u.text)


def _same(value: str, found: str | float | None) -> bool:
    number = re.search(r"\d+(?:\.\d+)?", value)
    if isinstance(found, float) and number:
        return abs(float(number.group()) - found) < 0.06
    return value == found


class _Told(Vignette, frozen=True, kw_only=True):
    """A vignette whose case comes from a text."""

    told_case: Any = None

    def read(self) -> Any:
        return self.told_case


def from_text(
    text: AnnotatedText, vignette: Vignette, compiled: Compiled, reader: Callable[[str], Reading] | None = None
) -> Outcome:
    """The outcome of a vignette told as a text and read by ``reader`` (default: ours); the text is what is judged."""
    fields = {f: getattr(vignette, f) for f in vignette.__struct_fields__}
    reading = reader(text.text) if reader else read(text.text, compiled)
    case = case_of(reading, compiled, id=text.id)
    outcome = judge_one(_Told(**fields, told_case=case), compiled)
    return outcome if reading.of_legs else _failed(outcome)


def _failed(outcome: Outcome) -> Outcome:
    """A text in which no leg complaint was found counts as missed."""
    return replace(outcome, rank=999, strict_rank=999, named=False, flagged=False, error="nothing to assess")


def speed_ms(texts: Sequence[AnnotatedText], compiled: Compiled) -> float:
    """Milliseconds for 300 words: the median over texts of 100 words or more, each read once, scaled by its length."""
    times = []
    for text in texts:
        words = len(text.text.split())
        if words >= 100:
            begin = time.perf_counter()
            read(text.text, compiled)
            times.append((time.perf_counter() - begin) * 1000 * _WORDS_OF_SPEED / words)
    return median(times)


def load_seconds(compiled: Compiled) -> float:
    """Seconds to make the lexicon, once per process."""
    from soleus.notes.lexicon import Lexicon

    begin = time.perf_counter()
    lexicon = Lexicon(compiled)
    _ = lexicon.corrections
    return time.perf_counter() - begin


def kinds(counts: Counts, most: int = 12) -> list[tuple[str, Statement, int, str, str]]:
    """The commonest errors: kind, statement, how often, a text and its words."""
    tally = Counter({key: len(found) for key, found in counts.examples.items()})
    return [(kind, s, n, *counts.examples[(kind, s)][0]) for (kind, s), n in tally.most_common(most)]


__all__ = [
    "AnnotatedText",
    "Counts",
    "Expected",
    "NoteAssessment",
    "compare",
    "from_text",
    "gold",
    "read_texts",
    "told",
]
