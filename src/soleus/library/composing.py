"""The sections of an entry: prose where somebody wrote it, else sentences put together from facts; tables below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from soleus.knowledge.schema.articles import Section as Written
from soleus.knowledge.schema.medicines import Conflict, Gap
from soleus.library.model import Paragraph, Run, Section, Table
from soleus.library.shape import on_topic, part_title
from soleus.library.titles import record_named
from soleus.library.writing import Writer, ref_of


@dataclass(frozen=True)
class Part:
    """How one part of an entry is made: its sentences, then its tables.

    ``by_hand``: the sentences are prose of the record itself, not put together.
    """

    name: str
    sentences: Callable[[Writer, Any], Iterable[Paragraph]]
    tables: Callable[[Writer, Any], Iterable[Table]] = lambda _w, _r: ()
    by_hand: bool = False


def section(writer: Writer, part: Part, record: Any, written: Written | None = None) -> Section | None:
    """The section of a part; None where nothing is to be said. What was written stands for what would be composed."""
    prose = (written.patient_text if writer.patient else written.text) if written else None
    if prose:
        paragraphs = writer.prose(prose)
    else:
        paragraphs = tuple(part.sentences(writer, record))
    tables = writer.note(*part.tables(writer, record))
    if not paragraphs and not tables:
        return None
    return Section(
        part=part.name,
        title=part_title(part.name, writer.audience),
        paragraphs=paragraphs,
        tables=tables,
        composed=bool(paragraphs) and not (prose or part.by_hand),
    )


def sections(
    writer: Writer, parts: Sequence[Part], record: Any, written: Sequence[Written] = ()
) -> tuple[Section, ...]:
    """The parts in their order, without those that have nothing to say."""
    by_part = {str(w.part): w for w in written}
    made = (section(writer, part, record, by_part.get(part.name)) for part in parts)
    return tuple(s for s in made if s is not None)


def nothing(_writer: Writer, _record: Any) -> Iterable[Paragraph]:
    """For parts that are there only where somebody wrote them."""
    return ()


def not_known(writer: Writer, record: Any, topics: Sequence[str]) -> Iterable[Paragraph]:
    """What was looked for and not found, where sources disagree, and how much rests on estimates."""
    if not writer.patient:
        for gap in on_topic(writer.knowledge.all(Gap), topics):
            yield writer.quote(gap.statement, gap, item=True)
        for conflict in on_topic(writer.knowledge.all(Conflict), topics):
            told = writer.own(conflict.statement, conflict)
            yield writer.say("Sources disagree: {}. Chosen: {}.", told, writer.own(conflict.chosen, conflict),
                             cite=(conflict,), item=True)  # fmt: skip
    yield estimates(writer, record)


def estimates(writer: Writer, record: Any) -> Paragraph:
    """How many of the records behind an entry are estimates without a located source."""
    bases = [record_named(writer.knowledge, ref.kind, ref.id) for ref in writer.used]
    graded = [r.basis for r in bases if getattr(r, "basis", None)]
    guesses = graded.count("expert")
    counted = (Run(text=f"{n:,}", record=ref_of(record)) for n in (guesses, len(graded)))
    one = guesses == 1
    if writer.patient:
        if not guesses:
            return writer.say("Every figure on this page comes from a study or a guideline.")
        what = "is our own best guess" if one else "are our own best guess"
        return writer.say(f"{{}} of the {{}} pieces of knowledge behind this page {what}.", *counted)
    if not guesses:
        return writer.say("None of the records behind this page is an estimate without a located source.")
    what = "is an estimate of ours" if one else "are estimates of ours"
    return writer.say(f"{{}} of the {{}} records behind this page {what} without a located source.", *counted)
