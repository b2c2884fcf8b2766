"""What frames every drawing: a heading, the small print under it, and how to cite it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from soleus.evidence.content import shown_status
from soleus.evidence.record import Source
from soleus.library import addresses
from soleus.library.titles import inside, name_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.citing import reference
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing.svg import Canvas
from soleus.reports.words import capital

WIDE, NARROW = 720, 360
MARGIN = 16
SMALL = 11
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_AUTHOR = "Soleus maintainers"


@dataclass(frozen=True)
class Look:
    """For whom, and for how wide a screen: ``narrow`` is for a telephone or one column of print."""

    audience: Audience = "clinician"
    narrow: bool = False

    @property
    def width(self) -> int:
        return NARROW if self.narrow else WIDE


@dataclass(frozen=True)
class Drawn:
    """A finished drawing. ``sources`` are those of the records it shows; ``citation`` is to be copied."""

    name: str
    title: str
    description: str
    svg: str
    width: float
    height: float
    sources: tuple[str, ...]
    citation: str


class Sheet(Canvas):
    """A drawing with a heading on top; ``y`` is where the next thing may begin."""

    def __init__(self, name: str, look: Look, title: str, description: str, width: int | None = None) -> None:
        super().__init__(name, width or look.width, title, description)
        self.name, self.look, self.description = name, look, description
        self.y: float = MARGIN + 4
        self.y = self.paragraph(MARGIN, self.y + 10, title, self.room, 17, bold=True, leading=1.2)

    @property
    def room(self) -> float:
        """The width between the margins."""
        return self.width - 2 * MARGIN

    def lead(self, words: str) -> None:
        """A line or two under the heading."""
        self.y = self.paragraph(MARGIN, self.y + 1, words, self.room, 12.5, "soft", leading=1.32)

    def remark(self, words: str) -> None:
        """Small print about what is shown."""
        self.y = self.paragraph(MARGIN, self.y, words, self.room, SMALL, "soft", leading=1.35)

    def signed(self, compiled: Compiled, records: Iterable[Any], address: str = "") -> Drawn:
        """The sheet with its small print: version, review, how many sources; and metadata to cite it by."""
        shown = tuple(records)
        sources = sources_of(compiled, shown)
        self.remark(_small_print(compiled, shown, sources))
        place = addresses.figure(self.name)
        self.remark(f"{address}{place} · CC BY 4.0")
        citation = cited(compiled, self.title, f"{address}{place}")
        metadata = _metadata(self.title, self.description, citation, f"{address}{place}", compiled, sources)
        svg = self.finished(self.y + 4, [metadata])
        return Drawn(self.name, self.title, self.description, svg, self.width, self.height, sources, citation)


def titled(lead: str, record: Any, look: Look) -> str:
    """A heading about a record: ``Causes: Nocturnal leg cramp``, in plain words for patients."""
    name = name_of(record, look.audience)
    return f"{lead}: {inside(name) if look.audience == 'patient' else capital(name)}"


def sources_of(compiled: Compiled, records: Iterable[Any]) -> tuple[str, ...]:
    """The keys of the sources of these records that are known, each once, in order of first use."""
    known = compiled.knowledge.by_id(Source)
    return tuple(dict.fromkeys(s for r in records for s in r.source if s in known))


def _small_print(compiled: Compiled, records: tuple[Any, ...], sources: tuple[str, ...]) -> str:
    approved = bool(records) and all(shown_status(r) == "approved" for r in records)
    review = "reviewed by a clinician" if approved else "not reviewed by a clinician"
    told = f"{len(sources)} source{'' if len(sources) == 1 else 's'}" if sources else "no source"
    return f"Soleus knowledge {compiled.knowledge.version}, {review}. {told[0].upper()}{told[1:]}."


def cited(compiled: Compiled, title: str, place: str) -> str:
    """How to cite a drawing, in one line."""
    base = compiled.knowledge
    return f"{_AUTHOR}. {title.rstrip('.')}. Soleus knowledge {base.version} ({base.digest[:12]}). {place}. CC BY 4.0."


def _metadata(
    title: str, description: str, citation: str, place: str, compiled: Compiled, sources: tuple[str, ...]
) -> Element:
    """Dublin Core in RDF, as drawing programs keep it."""
    metadata = Element("metadata")
    rdf = SubElement(metadata, "rdf:RDF", {
        "xmlns:rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "xmlns:dc": "http://purl.org/dc/elements/1.1/",
        "xmlns:dcterms": "http://purl.org/dc/terms/",
    })  # fmt: skip
    work = SubElement(rdf, "rdf:Description", {"rdf:about": ""})
    told = {
        "dc:title": title, "dc:creator": _AUTHOR, "dc:description": description, "dc:identifier": place,
        "dc:format": "image/svg+xml", "dc:language": "en", "dcterms:hasVersion": compiled.knowledge.version,
        "dc:rights": _LICENCE, "dcterms:bibliographicCitation": citation,
    }  # fmt: skip
    for name, words in told.items():
        SubElement(work, name).text = words
    known = compiled.knowledge.by_id(Source)
    for n, key in enumerate(sources, start=1):
        SubElement(work, "dc:source").text = reference(known[key], n).text
    return metadata
