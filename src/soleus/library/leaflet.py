"""A leaflet for patients on two sides of paper: what it is, what to do tonight, when to get help, what to ask.

It is cut out of the entry in plain words; what does not fit is left to the entry, whose address it bears.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from soleus.errors import UnknownName
from soleus.knowledge.schema.care import Guide, GuideStep
from soleus.knowledge.schema.safety import EmergencyNumber
from soleus.library.model import Entry, Paragraph, Row, Section
from soleus.library.titles import inside
from soleus.reasoning.assessment import Reference
from soleus.reasoning.compiled import Compiled

#: Letters that each part may take, so that two sides of A4 hold it; found by printing.
_ROOM = {"definition": 330, "help": 1200, "prevention": 620, "treatment": 950, "causes": 420, "not_known": 330}
_MOST_MEDICINES, _MOST_SOURCES = 8, 3
_AVOIDED = ("Not advised", "Do not use it")
Purpose = Literal["now", "prevent"]


@dataclass(frozen=True)
class Shown:
    """A guide with its drawing as SVG."""

    title: str
    svg: str
    label: str
    steps: tuple[GuideStep, ...]
    not_for: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A part of the leaflet: paragraphs, the first that fit; ``more`` where some were left out."""

    title: str
    paragraphs: tuple[Paragraph, ...]
    more: bool

    def __bool__(self) -> bool:
        return bool(self.paragraphs)


@dataclass(frozen=True)
class Leaflet:
    """What stands on it. ``now`` and ``prevent`` None: there is no guide for it.

    ``medicines`` are those of which the entry says that they make it likelier; ``avoid`` what is not advised.
    ``emergency`` is whom to ring in the country of the reader.
    """

    entry: Entry
    definition: Block
    now: Shown | None
    prevent: Shown | None
    help: Block
    prevention: Block
    treatment: Block
    medicines: tuple[str, ...]
    avoid: tuple[str, ...]
    not_known: Block
    emergency: EmergencyNumber
    sources: tuple[Reference, ...]

    @property
    def name(self) -> str:
        """The name of the complaint inside a sentence."""
        return inside(self.entry.title)


def leaflet_of(compiled: Compiled, entry: Entry, country: str = "") -> Leaflet:
    """The leaflet of an explanation's entry in plain words. Raises `UnknownName` for another kind of entry.

    ``country`` is a code such as GB; one that is not known, or none, gives a sentence without a number.
    """
    if entry.kind != "explanation" or entry.audience != "patient":
        raise UnknownName(
            "leaflet", f"an entry of the kind {entry.kind}", "an explanation in plain words", "Choose one."
        )
    parts = {s.part: s for s in entry.sections}
    numbers = compiled.knowledge.by_id(EmergencyNumber)
    guides = [g for g in compiled.knowledge.all(Guide) if entry.id in g.explanations]
    return Leaflet(
        entry=entry,
        definition=_block(parts.get("definition"), "definition"),
        now=_guide(guides, ("stop_now", "live_with")),
        prevent=_guide(guides, ("prevent",)),
        help=_block(parts.get("red_flags"), "help"),
        prevention=_block(parts.get("prevention"), "prevention"),
        treatment=_block(parts.get("treatment"), "treatment"),
        medicines=_medicines(compiled, parts.get("causes")),
        avoid=tuple(r.label for r in _rows(parts.get("treatment"), "treatments") if r.figure in _AVOIDED)[:6],
        not_known=_block(parts.get("not_known"), "not_known"),
        emergency=numbers.get(country.lower()) or numbers["default"],
        sources=entry.references[:_MOST_SOURCES],
    )


def _block(section: Section | None, room: str) -> Block:
    """The paragraphs that fit, the first one in any case."""
    if section is None:
        return Block("", (), False)
    left, kept = _ROOM[room], list[Paragraph]()
    for paragraph in section.paragraphs:
        left -= len(paragraph.text)
        if kept and left < 0:
            break
        kept.append(paragraph)
    while kept and kept[-1].text.endswith(":") and len(kept) < len(section.paragraphs):
        kept.pop()  # what would lead to a list that is left out
    return Block(section.title, tuple(kept), len(kept) < len(section.paragraphs))


def _guide(guides: Iterable[Guide], purposes: Sequence[str]) -> Shown | None:
    """The first guide of the first purpose that has one, with its drawing."""
    ranked = sorted((g for g in guides if g.purpose in purposes), key=lambda g: (purposes.index(g.purpose), g.position))
    if not ranked:
        return None
    first = ranked[0]
    svg = files("soleus.knowledge").joinpath(f"data/guides/{first.figure}.svg").read_text(encoding="utf-8")
    return Shown(first.patient_name, svg, first.figure_text, first.steps, tuple(n.text for n in first.not_for))


def _rows(section: Section | None, id: str) -> tuple[Row, ...]:
    tables = section.tables if section else ()
    return next((t.rows for t in tables if t.id == id), ())


def _medicines(compiled: Compiled, section: Section | None) -> tuple[str, ...]:
    """The medicines among the causes, the strongest link first."""
    rows = (r for r in _rows(section, "causes") if r.entry and (r.value or 0) > 1)
    kinds = compiled.contributors
    return tuple(r.label for r in rows if r.entry and kinds[r.entry.id].kind == "medicine")[:_MOST_MEDICINES]
