"""The fields that every knowledge record shares."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.\-]*$")]
Probability = Annotated[float, Meta(ge=0, le=1)]

#: measured: a figure read in a source; derived: computed from figures that were read (the note says how);
#: qualitative: a word put on a fixed scale; guideline: a rule of a guideline or classification;
#: expert: an estimate without a located source.
Basis = Literal["measured", "derived", "qualitative", "guideline", "expert"]

#: 95 % interval within about this factor in odds (proportions) or ratio: narrow 1.3, medium 2, wide 4.
Spread = Literal["narrow", "medium", "wide"]

ReviewStatus = Literal["submitted", "under_review", "approved"]


class Review(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who stands behind a record. No clinician has reviewed anything yet: the status says so.

    ``of`` is the digest of the content that was reviewed (`soleus.evidence.content`): an approval holds for no other.
    What is shown is `soleus.evidence.content.shown_status`, never ``status`` itself.
    """

    curator: str = "Soleus maintainers"
    status: ReviewStatus = "submitted"
    reviewer: str | None = None
    last_reviewed: str | None = None
    review_by: str | None = None
    of: str | None = None
    conflict_of_interest: str | None = None
    comment: str | None = None


class Cited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A statement with the strength and the source of its evidence, without an id of its own."""

    basis: Basis
    source: tuple[Id, ...] = ()
    note: str | None = None


class Record(Cited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact: stable id, basis, sources (keys of ``sources``), a note and its review.

    ``conflicts`` names the sources that disagree and says what was chosen and why.
    """

    id: Id
    conflicts: str | None = None
    review: Review | None = None  # None: the review of the file


class Estimate(Cited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number with its 95 % interval or, where none was printed, a spread word, and its basis."""

    value: float
    low: float | None = None
    high: float | None = None
    spread: Spread | None = None
    n: int | None = None
    population: str | None = None


#: How a code system is called.
SYSTEM_NAMES = {
    "icd10cm": "ICD-10-CM", "icd10": "ICD-10", "icd9cm": "ICD-9-CM", "icd11": "ICD-11", "snomed": "SNOMED CT",
    "loinc": "LOINC", "rxnorm": "RxNorm", "atc": "ATC",
}  # fmt: skip


class Code(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code seen together with its meaning in a published listing; unconfirmed codes are left out."""

    system: Literal["icd10cm", "icd10", "icd11", "icd9cm", "snomed", "loinc", "rxnorm", "atc"]
    code: str
    display: str | None = None


class Publication(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a case was published that is retold in our own words; it supports no fact, and so is no `Source`."""

    title: str
    authors: str | None = None
    year: int | None = None
    journal: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A publication or page, with at least one identifier that was looked up.

    ``read`` says how much of it was read when the facts were taken.
    """

    id: Id
    title: str
    authors: str | None = None
    year: int | None = None
    journal: str | None = None
    doi: str | None = None
    pmid: str | None = None
    isbn: str | None = None
    url: str | None = None
    read: Literal["full", "abstract", "summary", "page", "secondary", "unknown"] = "unknown"
    note: str | None = None
