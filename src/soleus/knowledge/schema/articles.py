"""What is read rather than computed: articles, short entries, former names, common questions.

Prose is written in the small language of `soleus.knowledge.prose`: figures are named, never typed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from soleus.evidence.record import Cited, Code, Id, Record
from soleus.knowledge.schema.medicines import Verdict

Prose = str
Date = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]

#: The parts of an entry, in the order in which they are read.
Part = Literal[
    "definition",
    "history",
    "who",
    "features",
    "mechanism",
    "causes",
    "exclusion",
    "work_up",
    "treatment",
    "prevention",
    "prognosis",
    "not_known",
]


class Section(Cited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of an article. ``patient_text`` None: patients read the text that is composed from facts, or none."""

    part: Part
    text: Prose
    patient_text: Prose | None = None


class Article(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one explanation, written by hand. ``id`` is the explanation's.

    ``editor`` None: nobody outside the maintainers has edited it.
    """

    author: str
    editor: str | None = None
    conflict_of_interest: str
    first_released: Date
    key_points: tuple[Prose, ...]
    patient_key_points: tuple[Prose, ...]
    sections: tuple[Section, ...]


class ShortEntry(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A neighbour in the class of sleep-related movement disorders. ``id`` is the classification's.

    ``apart`` says what separates it from a cramp of the leg; ``explanation`` where it is one of ours as well.
    """

    name: str
    patient_name: str
    explanation: Id | None = None
    codes: tuple[Code, ...] = ()
    synonyms: tuple[str, ...] = ()
    definition: Prose
    patient_definition: Prose
    who: Prose
    features: Prose
    apart: Prose
    patient_apart: Prose
    care: Prose
    not_known: Prose | None = None


class Term(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A former, foreign or everyday name, what it meant, and what it is called now; it finds the entry.

    ``since`` and ``until`` are years; None where no source dates it. ``explanation`` or ``entry`` (a `ShortEntry`) is
    what it leads to.
    """

    term: str
    also: tuple[str, ...] = ()
    status: Literal["former", "everyday", "foreign", "too_wide", "too_narrow"]
    since: int | None = None
    until: int | None = None
    explanation: Id | None = None
    entry: Id | None = None
    statement: Prose


class CommonQuestion(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question that many ask, answered with figures. ``asked_as`` are other wordings of it, which find it.

    ``verdict`` is about the belief behind the question; None where it is none.
    """

    question: str
    asked_as: tuple[str, ...] = ()
    verdict: Verdict | None = None
    short: Prose
    answer: Prose
    patient_short: Prose
    patient_answer: Prose
    position: int
    explanations: tuple[Id, ...] = ()
    contributors: tuple[Id, ...] = ()
    medicines: tuple[Id, ...] = ()
    beliefs: tuple[Id, ...] = ()
