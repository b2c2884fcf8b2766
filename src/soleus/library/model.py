"""What a reference page holds, before it becomes HTML, slides or a leaflet. Texts stand in the words of one audience.

Numbers of references are those of the entry's own list. ``composed`` marks text put together from records by rule.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from soleus.evidence.record import Basis
from soleus.reasoning.assessment import Audience, Cites, Reference

#: What has an entry: an explanation, a contributor (cause), a medicine, a finding (symptom, sign or test), a treatment
#: or work-up item, a neighbour of the class, a common question.
EntryKind = Literal[
    "explanation", "contributor", "medicine", "finding", "treatment", "work_up", "short_entry", "common_question"
]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class RecordRef(_Part, frozen=True):
    """The record behind a figure: its page shows the chain from the figure to its source."""

    kind: str
    id: str


class Run(_Part, frozen=True):
    """A stretch of a sentence. ``record`` for a figure, ``entry`` (kind, id) for a link, ``cites`` after it.

    ``quoted``: the words are those of ``record``; its numbers are the record's.
    """

    text: str = ""
    record: RecordRef | None = None
    entry: RecordRef | None = None
    cites: Cites = ()
    quoted: bool = False


class Paragraph(_Part, frozen=True):
    """Runs in order; ``item`` where it is an item of a list."""

    runs: tuple[Run, ...]
    item: bool = False

    @property
    def text(self) -> str:
        """The words alone, without numbers of references."""
        return "".join(r.text for r in self.runs)


class Row(_Part, frozen=True):
    """A line of a table: what it is about, its figure in words, and the figure to draw.

    ``value``, ``low``, ``high`` are on the scale that ``scale`` of the table names; None where nothing was recorded.
    ``other`` is the same in those that the table sets against them.
    """

    label: str
    figure: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    other: float | None = None
    note: str = ""
    basis: Basis | None = None
    record: RecordRef | None = None
    entry: RecordRef | None = None
    cites: Cites = ()


class Table(_Part, frozen=True):
    """Figures side by side.

    ``scale``: share (0-1), ratio (drawn on a logarithmic axis around 1), amount (drawn from 0 to the largest),
    difference (drawn around 0), or none (words). ``columns`` are the headings of label, figure and note.
    ``legend`` names what ``value`` and ``other`` of the rows belong to, where they are compared.
    """

    id: str
    title: str
    scale: Literal["share", "ratio", "amount", "difference", "none"]
    rows: tuple[Row, ...]
    note: str = ""
    columns: tuple[str, str, str] = ("", "", "")
    cites: Cites = ()  # of all its rows together
    legend: tuple[str, str] | None = None


class Section(_Part, frozen=True):
    """One part of an entry. ``part`` is one of `soleus.knowledge.schema.articles.Part`, or one of the page's own."""

    part: str
    title: str
    paragraphs: tuple[Paragraph, ...] = ()
    tables: tuple[Table, ...] = ()
    composed: bool = False


class Coded(_Part, frozen=True):
    """A code with its system in words (ICD-10-CM) and what the listing calls it."""

    system: str
    code: str
    display: str | None = None


class Neighbour(_Part, frozen=True):
    """Another entry in words: of the same class, confused with it, or its parent."""

    entry: RecordRef | None
    label: str
    here: bool = False


class FormerName(_Part, frozen=True):
    name: str
    status: str
    years: str
    text: Paragraph


class Standing(_Part, frozen=True):
    """Who stands behind an entry, and until when. ``status`` is the least of the records it is made of.

    ``editor``, ``reviewer`` None: there is none yet. ``overdue``: the date by which it should have been looked at again
    has passed on the day of the page.
    """

    author: str
    editor: str | None
    reviewer: str | None
    conflict_of_interest: str | None
    first_released: str | None
    last_reviewed: str | None
    review_by: str | None
    status: Literal["submitted", "under_review", "approved"]
    overdue: bool
    sentence: str


class Entry(_Part, frozen=True):
    """A reference page. ``rank``: prose (written by hand), composed (from facts), short.

    ``path``: its place in the classification, from the outside in. ``made_of``: the records that it rests on, itself
    first.
    """

    kind: EntryKind
    id: str
    title: str
    other_title: str  # the title for the other audience
    audience: Audience
    rank: Literal["prose", "composed", "short"]
    definition: Paragraph
    urgent: str | None  # what to do at once, for what must not wait
    codes: tuple[Coded, ...]
    names: tuple[str, ...]
    former_names: tuple[FormerName, ...]
    path: tuple[Neighbour, ...]
    neighbours: tuple[Neighbour, ...]
    confused_with: tuple[Neighbour, ...]
    key_points: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    references: tuple[Reference, ...]
    standing: Standing
    knowledge_version: str
    knowledge_hash: str
    made_of: tuple[RecordRef, ...]

    @property
    def records(self) -> int:
        """How many records it is made of."""
        return len(self.made_of)
