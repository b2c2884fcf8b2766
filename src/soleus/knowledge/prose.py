"""The small language of prose in records: text with named figures, citations and links.

    In one survey {fact:nhx-all-any} of adults had cramps [@nhanes0508]. Unlike [[restless_legs_syndrome]], ...

    {kind:id}              the figure of a record, said as its kind is said; the page links it to its chain
    {kind:id.field}        a field of it, however deep: {treatment:quinine.outcomes.0.effect}
    {kind:id|interval}     with its interval; other forms: `FORMS`
    [@key] [@key; @other]  the sources, which become numbers
    [[id]]  [[words|id]]   a link to an entry

Paragraphs are parted by an empty line; lines that begin with "- " are a list. Nothing else is markup. Figures are never
typed: `typed_numbers` finds those that are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: How a figure is said: as its kind is said; with its interval; as a natural frequency (1 in 5); in percent; the
#: interval alone; the number of people; cases among them; the same in the comparison group; as a bare number.
FORMS = ("plain", "interval", "frequency", "percent", "range", "n", "count", "comparator", "number")


@dataclass(frozen=True)
class Words:
    text: str


@dataclass(frozen=True)
class Figure:
    """A figure of a record: ``id`` may be followed by ``.field``; where one ends is for the reader to find out."""

    kind: str
    id: str
    form: str


@dataclass(frozen=True)
class Cite:
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """A link to an entry; ``words`` None: its name."""

    target: str
    words: str | None


Piece = Words | Figure | Cite | Link


@dataclass(frozen=True)
class Paragraph:
    """Pieces in order; ``item`` where it is an item of a list."""

    pieces: tuple[Piece, ...]
    item: bool = False


_MARK = re.compile(
    r"\{(?P<kind>[a-z_]+):(?P<id>[A-Za-z0-9_.\-]+)(?:\|(?P<form>[a-z]+))?\}"
    r"|\[(?P<cites>@[a-z0-9_.\-]+(?:;\s*@[a-z0-9_.\-]+)*)\]"
    r"|\[\[(?:(?P<words>[^\]|]+)\|)?(?P<target>[a-z0-9_.\-]+)\]\]"
)
#: What looks like markup and was not understood.
_STRAY = re.compile(r"[{}]|\[@|\[\[|\]\]")


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """The paragraphs and list items of a text."""
    out: list[Paragraph] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        for item, lines in _lines(block):
            out.append(Paragraph(tuple(pieces(lines)), item))
    return tuple(out)


def _lines(block: str) -> Iterator[tuple[bool, str]]:
    parts = re.split(r"(?m)^\s*- ", block)
    if parts[0].strip():
        yield False, " ".join(parts[0].split())
    for part in parts[1:]:
        yield True, " ".join(part.split())


def pieces(line: str) -> Iterator[Piece]:
    """The pieces of one line."""
    at = 0
    for mark in _MARK.finditer(line):
        if mark.start() > at:
            yield Words(line[at : mark.start()])
        yield _piece(mark)
        at = mark.end()
    if at < len(line):
        yield Words(line[at:])


def _piece(mark: re.Match[str]) -> Piece:
    if mark["kind"]:
        return Figure(mark["kind"], mark["id"], mark["form"] or "plain")
    if mark["cites"]:
        return Cite(tuple(key.strip().removeprefix("@") for key in mark["cites"].split(";")))
    return Link(mark["target"], mark["words"])


def strays(text: str) -> tuple[str, ...]:
    """Markup that was not understood, with the words after it."""
    words = "".join(p.text if isinstance(p, Words) else "\0" for p in pieces(" ".join(text.split())))
    return tuple(words[m.start() : m.start() + 30] for m in _STRAY.finditer(words))


#: Names with digits that are no figures.
_NAMES = re.compile(
    r"\b(?:B(?:1|6|12)|K2|D2|D3|T3|T4|L[1-5]|S[1-4]|H2|HbA1c|CYP\w+|ICSD-\d(?:-TR)?|ICD-1[01](?:-CM)?|ICD-9(?:-CM)?|"
    r"[A-Z]\d\d(?:\.\d+)?|7A\d\w|COVID-19|5-HT\w*|P2Y12|alpha-2|α2δ|Nav1\.\d|CoQ10|Q10|GABA-?[AB]?)\b"
)
_COUNTS = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    "ninety|hundred|thousand|dozen"
)
_COUNTED = (
    "per ?cent|percent|times|in|of|out of|(?:to \\w+ )?(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|"
    "people|patients|men|women|adults|children|trials?|studies|points?|mg|grams?)"
)
_SHARES = "half|thirds?|quarters?|fifths?|tenths?|twice|(?:two|three|four|five|ten)fold|doubled?|doubles|triples?"
_TYPED = re.compile(rf"\d[\d.,]*\s*\S*|\b(?:{_COUNTS})\b(?=\s+(?:{_COUNTED})\b)|\b(?:{_SHARES})\b", re.IGNORECASE)


def typed_numbers(text: str) -> tuple[str, ...]:
    """Numbers that were typed instead of named: digits, shares and counts in words."""
    words = " ".join(p.text if isinstance(p, Words) else " " for line in text.split("\n") for p in pieces(line))
    return tuple(m[0].strip() for m in _TYPED.finditer(_NAMES.sub(" ", words)))
