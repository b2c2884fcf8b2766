"""A leaflet for patients on two sides of paper: what it is, what to do tonight, when to get help, what to ask.

It is cut out of the entry in plain words; what does not fit is left to the entry, whose address it bears.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from soleus.errors import UnknownName
from soleus.knowledge.schema.care import Guide, GuideStep
from soleus.knowledge.schema.core import Urgency
from soleus.knowledge.schema.safety import EmergencyNumber, RedFlag
from soleus.library.drawing.guides import picture_of
from soleus.library.model import Entry, Paragraph, Row, Run, Section
from soleus.library.titles import inside
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital, closed

#: Letters that each part may take, so that two sides of A4 hold it; found by printing.
_ROOM = {"definition": 430, "prevention": 620, "treatment": 950, "causes": 420, "not_known": 330}
_HELP = 1150
_CAUSE = 1.2  # ratios nearer to one than this are not told to patients
_MOST_MEDICINES, _MOST_FLAGS = 8, 3
_AT_ONCE: tuple[Urgency, ...] = ("emergency", "same_day")
_AVOIDED = ("Not advised", "Do not use it")


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

    ``medicines`` are those that bring it on most often, as far as they are a cause; ``avoid`` is what is not advised.
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
        help=_help(compiled, entry.id),
        prevention=_block(parts.get("prevention"), "prevention"),
        treatment=_block(parts.get("treatment"), "treatment"),
        medicines=_medicines(compiled, entry.id),
        avoid=tuple(r.label for r in _rows(parts.get("treatment"), "treatments") if r.figure in _AVOIDED)[:6],
        not_known=_block(parts.get("not_known"), "not_known"),
        emergency=numbers.get(country.lower()) or numbers["default"],
    )


def _block(section: Section | None, room: str) -> Block:
    """The paragraphs that fit, the first in any case. A list comes whole, with what leads to it, or not at all."""
    if section is None:
        return Block("", (), False)
    left, kept = _ROOM[room], list[Paragraph]()
    for unit in _units(section.paragraphs):
        left -= sum(len(p.text) for p in unit)
        if kept and left < 0:
            break
        kept += unit
    return Block(section.title, tuple(kept), len(kept) < len(section.paragraphs))


def _units(paragraphs: Sequence[Paragraph]) -> list[list[Paragraph]]:
    """Paragraphs, each with the items of the list after it."""
    units: list[list[Paragraph]] = []
    for paragraph in paragraphs:
        if paragraph.item and units:
            units[-1].append(paragraph)
        else:
            units.append([paragraph])
    return units


def _guide(guides: Iterable[Guide], purposes: Sequence[str]) -> Shown | None:
    """The first guide of the first purpose that has one, with its drawing."""
    ranked = sorted((g for g in guides if g.purpose in purposes), key=lambda g: (purposes.index(g.purpose), g.position))
    if not ranked:
        return None
    first = ranked[0]
    return Shown(
        first.patient_name, picture_of(first), first.figure_text, first.steps, tuple(n.text for n in first.not_for)
    )


def _rows(section: Section | None, id: str) -> tuple[Row, ...]:
    tables = section.tables if section else ()
    return next((t.rows for t in tables if t.id == id), ())


def _help(compiled: Compiled, explanation: str) -> Block:
    """When to get help: warning signs that must not wait, first those that point to this explanation above others, then
    those of every leg complaint.
    """
    flags = [f for f in compiled.knowledge.all(RedFlag) if explanation in f.suggests and f.urgency in _AT_ONCE]
    ranked = sorted(flags, key=lambda f: (_AT_ONCE.index(f.urgency), f.suggests.index(explanation), f.id))
    told = [f"{capital(f.patient_name)}: {closed(f.patient_action)}" for f in ranked[:_MOST_FLAGS]]
    told += [s.text for g in compiled.knowledge.all(Guide) if g.purpose == "seek_care" for s in g.steps]
    left, kept = _HELP, list[Paragraph]()
    for words in told:
        left -= len(words)
        if left >= 0:
            kept.append(Paragraph(runs=(Run(text=words),), item=True))
    return Block("", tuple(kept), left < 0 or len(ranked) > _MOST_FLAGS)


def _medicines(compiled: Compiled, explanation: str) -> tuple[str, ...]:
    """Medicines by how much of the complaint they bring on: how common they are times what they add as a cause."""
    weighed = {
        c: compiled.prevalence(c, None, None) * (e.causal_rho - 1)
        for (c, s), e in compiled.effects.items()
        if s == explanation and e.causal_rho and e.causal_rho >= _CAUSE and compiled.contributors[c].kind == "medicine"
    }
    found = sorted(weighed, key=lambda c: (-weighed[c], c))[:_MOST_MEDICINES]
    return tuple(capital(compiled.contributors[c].patient_name) for c in found)
