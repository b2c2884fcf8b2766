"""Lines of slides out of an entry: of each paragraph its first sentence, with the deck's own numbers of references."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from soleus.library.deck import Line
from soleus.library.model import Entry, Paragraph, Section
from soleus.reasoning.assessment import Reference

_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"(])")
_TOPIC = 45  # letters up to which a sentence only names what the paragraph is about


@dataclass
class Numbers:
    """The references of a deck: each gets a number when it is first used."""

    of_id: dict[str, int] = field(default_factory=dict)
    known: dict[str, Reference] = field(default_factory=dict)
    here: set[int] = field(default_factory=set)  # used since `begin`

    def tried(self) -> Numbers:
        """A copy, for lines that may not fit: what is left out is not cited."""
        return Numbers(dict(self.of_id), dict(self.known))

    def begin(self) -> None:
        """A new slide: nothing is cited on it yet."""
        self.here = set()

    def cite(self, references: Iterable[Reference]) -> tuple[int, ...]:
        found = set()
        for reference in references:
            self.known.setdefault(reference.id, reference)
            found.add(self.of_id.setdefault(reference.id, len(self.of_id) + 1))
        self.here |= found
        return tuple(sorted(found))

    def of(self, entry: Entry, cites: Iterable[int]) -> tuple[int, ...]:
        """The deck's numbers of references of an entry."""
        by_number = {r.number: r for r in entry.references}
        return self.cite(by_number[n] for n in cites if n in by_number)

    def told(self) -> tuple[str, ...]:
        """What was cited since `begin`, in full."""
        ids = {n: id for id, n in self.of_id.items()}
        return tuple(f"[{n}] {reference_text(self.known[ids[n]])}" for n in sorted(self.here))

    def all(self) -> tuple[Reference, ...]:
        """Every reference in the order of its number."""
        return tuple(self.known[id] for id in sorted(self.of_id, key=lambda id: self.of_id[id]))


def reference_text(reference: Reference) -> str:
    """A reference with its address."""
    return f"{reference.text} {reference.url}" if reference.url else reference.text


@dataclass(frozen=True)
class Sentence:
    text: str
    cites: tuple[int, ...]  # of the entry


def sentences(paragraph: Paragraph) -> tuple[Sentence, ...]:
    """The sentences of a paragraph, each with the references that stand in it or after it."""
    text, marks = "", list[tuple[int, tuple[int, ...]]]()
    for run in paragraph.runs:
        text += run.text
        marks.append((len(text), run.cites))
    begins = [0, *(m.end() for m in _END.finditer(text)), len(text)]
    out = []
    for begin, end in pairwise(begins):
        cites = tuple(n for at, numbers in marks if begin < at <= end for n in numbers)
        if told := text[begin:end].strip():
            out.append(Sentence(told, cites))
    return tuple(out)


def gist(paragraph: Paragraph) -> Sentence | None:
    """The first sentence; with the second where the first only names the topic."""
    found = sentences(paragraph)
    if not found:
        return None
    first = found[0]
    if len(first.text) <= _TOPIC and len(found) > 1 and not paragraph.item:
        return Sentence(f"{first.text.rstrip('.')}: {found[1].text}", (*first.cites, *found[1].cites))
    return first


def whole(paragraph: Paragraph) -> Sentence:
    return Sentence(paragraph.text.strip(), tuple(n for run in paragraph.runs for n in run.cites))


_FEW = 3  # paragraphs below which a section is told sentence by sentence


def lines_of(entry: Entry, section: Section | None, numbers: Numbers) -> list[Line]:
    """A section as lines: items whole, with what leads to them; of paragraphs the gist, or all of it where few are."""
    paragraphs = section.paragraphs if section else ()
    return [
        Line(said.text, numbers.of(entry, said.cites), bullet=not said.text.endswith(":"))
        for paragraph in paragraphs
        for said in _told(paragraph, len(paragraphs) < _FEW)
    ]


def _told(paragraph: Paragraph, every: bool) -> list[Sentence]:
    if paragraph.item:
        return [whole(paragraph)]
    found = sentences(paragraph)
    if every or not found:
        return list(found)
    first = gist(paragraph)
    leads = [found[-1]] if found[-1].text.endswith(":") and len(found) > 1 else []
    return [s for s in (first, *leads) if s]
