"""Key points of an explanation that nobody wrote any for: what it is, how soon, what tells it, what brings it on."""

from __future__ import annotations

from collections.abc import Iterator

from soleus.knowledge.schema.core import Explanation
from soleus.library import tables
from soleus.library.caring import notes_on
from soleus.library.explanation_parts import causes, look_alikes
from soleus.library.model import Paragraph, Run
from soleus.library.writing import Writer
from soleus.reports.words import URGENCY, closed, lower_first


def key_points(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """Three to five sentences."""
    for note in notes_on(writer, e)[:1]:
        soon = URGENCY[writer.audience][note.urgency]
        text = f"{closed(note.patient_see)} {note.patient_text}" if writer.patient else note.clinician_text
        yield writer.quote(text, note, lead=f"{soon}: ", item=True)
    yield from _telling(writer, e)
    if not writer.patient:
        yield from _apart(writer, e)
    if not writer.patient:
        yield from (Paragraph(runs=p.runs, item=True) for p in list(causes(writer, e))[:1])


def _telling(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    rows = tables.features_table(writer.compiled, e.id, writer.audience, writer.citer).rows[:2]
    if rows:
        lead = "What speaks for it most"
        told = [Run(text=f"{lower_first(r.label)} ({r.figure})", record=r.record, cites=r.cites) for r in rows]
        words = "{} and {}." if len(told) > 1 else "{}."
        if writer.patient:
            yield from (writer.say("A sign that points to it: {}.", run, item=True) for run in told[:1])
        else:
            yield writer.say(f"{lead}: {words}", *told, item=True)


def _apart(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    for other in look_alikes(writer, e)[:1]:
        rows = tables.apart_table(writer.compiled, e.id, other.id, writer.audience, writer.citer).rows[:1]
        for r in rows:
            told = Run(text=f"{lower_first(r.label)} ({r.figure})", record=r.record, cites=r.cites)
            yield writer.say("Told from {} best by {}.", writer.entry(other), told, item=True)
