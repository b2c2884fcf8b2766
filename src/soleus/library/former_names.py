"""Former, foreign and everyday names: what each meant, and when."""

from __future__ import annotations

from collections.abc import Sequence

from soleus.knowledge.schema.articles import Term
from soleus.library.model import FormerName, Paragraph, Row, Table
from soleus.library.writing import Writer, ref_of
from soleus.reports.words import capital

STATUS = {
    "former": "former name",
    "everyday": "everyday name",
    "foreign": "foreign name",
    "too_wide": "means more than this",
    "too_narrow": "means less than this",
}


def years(term: Term) -> str:
    """When it was in use; '' where no source dates it."""
    if term.since and term.until:
        return f"{term.since} to {term.until}"
    return f"since {term.since}" if term.since else f"until {term.until}" if term.until else ""


def former_names(writer: Writer, terms: Sequence[Term]) -> tuple[FormerName, ...]:
    """The names with what each meant."""
    return tuple(
        FormerName(name=t.term, status=STATUS[t.status], years=years(t), text=_meaning(writer, t)) for t in terms
    )


def _meaning(writer: Writer, term: Term) -> Paragraph:
    writer.use(term)
    return Paragraph(runs=tuple(run for p in writer.prose(term.statement) for run in p.runs))


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Each name once, as it is first written."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.casefold(), name)
    return tuple(first.values())


def names_table(writer: Writer, terms: Sequence[Term]) -> Table:
    """The names as a table; patients read the names alone."""
    return Table(
        id="names",
        title="Other names, and what they meant",
        scale="none",
        rows=tuple(
            Row(
                label=capital(", ".join(_distinct((t.term, *t.also)))),
                figure=", ".join(filter(None, (STATUS[t.status], years(t)))),
                note="" if writer.patient else _meaning(writer, t).text,
                basis=t.basis,
                record=ref_of(t),
                cites=writer.cites(t),
            )
            for t in terms
        ),
        columns=("Name", "Kind", "Meaning"),
    )
