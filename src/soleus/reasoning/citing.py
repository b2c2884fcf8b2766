"""Numbering the sources of an assessment in the order in which they are first used."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from soleus.evidence.record import Code, Source
from soleus.knowledge.loader import Knowledge
from soleus.reasoning.assessment import Coded, Reference

#: FHIR addresses of the code systems (HL7 terminology).
SYSTEMS = {
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd11": "http://id.who.int/icd/release/11/mms",
    "icd9cm": "http://hl7.org/fhir/sid/icd-9-cm",
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
}


class Citer:
    """Gives each source a number on first use."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._sources = knowledge.by_id(Source)
        self._numbers: dict[str, int] = {}

    def cite(self, sources: Iterable[str]) -> tuple[int, ...]:
        """The numbers of the sources, ascending."""
        known = [s for s in sources if s in self._sources]
        return tuple(sorted({self._numbers.setdefault(s, len(self._numbers) + 1) for s in known}))

    def references(self) -> tuple[Reference, ...]:
        """The numbered list."""
        return tuple(reference(self._sources[s], n) for s, n in self._numbers.items())


def reference(source: Source, number: int) -> Reference:
    """One source as a line of the list."""
    parts = (source.authors, source.title, source.journal, str(source.year) if source.year else None)
    text = ". ".join(p.rstrip(".") for p in parts if p) + "."
    return Reference(number=number, id=source.id, text=text, url=address(source), read=source.read)


def address(source: Source) -> str | None:
    """The address of a source: DOI, PubMed or page."""
    if source.doi:
        return f"https://doi.org/{source.doi}"
    if source.pmid:
        return f"https://pubmed.ncbi.nlm.nih.gov/{source.pmid}/"
    return source.url


@lru_cache(maxsize=4_096)  # the records of a few knowledge bases
def coded(codes: tuple[Code, ...]) -> tuple[Coded, ...]:
    """Codes with the FHIR address of their system."""
    return tuple(Coded(system=SYSTEMS[c.system], code=c.code, display=c.display) for c in codes)
