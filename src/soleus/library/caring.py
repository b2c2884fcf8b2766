"""What to do about an explanation: who should see it, what ends an attack, treatments by place, prevention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soleus.knowledge.schema.care import CareNote, Guide, Treatment
from soleus.knowledge.schema.core import Contributor, Explanation
from soleus.library import tables, treatment_tables
from soleus.library.model import Paragraph, Run, Table
from soleus.library.treatment_tables import headlines
from soleus.library.writing import Writer
from soleus.reports.words import closed, duration, sentence

_STRONG = 1.3  # a ratio that is taken as causal, from which a cause is worth changing
_NAMED = 6  # causes in a list


def notes_on(writer: Writer, e: Explanation) -> list[CareNote]:
    """Who to see, how soon, for this explanation."""
    return [n for n in writer.knowledge.all(CareNote) if e.id in n.explanations]


def treatment_sentences(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """Who should see it and how soon, and what to do until then."""
    for note in notes_on(writer, e):
        if writer.patient:
            yield writer.quote(f"{closed(note.patient_see)} {note.patient_text}", note)
            if note.patient_meanwhile:
                yield writer.quote(note.patient_meanwhile, note, lead="Until then: ")
            continue
        yield writer.quote(note.clinician_text, note, lead=f"{sentence(note.see)} ")
        if note.meanwhile:
            yield writer.quote(note.meanwhile, note, lead="Meanwhile: ")


def care(writer: Writer, e: Explanation) -> Iterator[Table]:
    """Treatments by place; for clinicians also what trials found."""
    yield treatment_tables.places_table(writer.compiled, e.id, writer.audience, writer.citer)
    if not writer.patient:
        found = [t for t in writer.knowledge.all(Treatment) if e.id in t.explanations]
        yield treatment_tables.treatments_table(writer.compiled, e.id, writer.audience, writer.citer)
        yield from treatment_tables.difference_outcomes(found, writer.audience, writer.citer)


def guides(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """Steps that end an attack or help to live with it, for patients."""
    found = [
        g for g in writer.knowledge.all(Guide) if e.id in g.explanations and g.purpose in ("stop_now", "live_with")
    ]
    for guide in sorted(found, key=lambda g: (g.position, g.id)) if writer.patient else ():
        yield from _steps(writer, guide)


def _steps(writer: Writer, guide: Guide) -> Iterator[Paragraph]:
    yield writer.say("{}:", writer.own(guide.patient_name, guide))
    for step in guide.steps:
        held = duration(step.seconds, step.repeats)
        text = f"{closed(step.text)} ({held})" if held else closed(step.text)
        yield Paragraph(runs=(Run(text=text, record=writer.use(guide), quoted=True),), item=True)


def prevention(writer: Writer, e: Explanation) -> Iterator[Paragraph]:
    """Measures that are meant to prevent it, illustrated steps, and causes that can be changed."""
    compiled = writer.compiled
    measures = [t for t in headlines(writer.knowledge, e.id, writer.audience) if t.kind in ("prevention", "exercise")]
    if measures:
        lead = "You could try" if writer.patient else "Measures on record"
        yield from writer.list(lead, [writer.entry(t) for t in measures])
    for guide in (g for g in writer.knowledge.all(Guide) if e.id in g.explanations and g.purpose == "prevent"):
        if writer.patient:
            yield from _steps(writer, guide)
    effects = [x for (_, s), x in compiled.effects.items() if s == e.id and tables.as_cause(x) >= _STRONG]
    worth = [compiled.contributors[x.contributor] for x in sorted(effects, key=lambda x: -tables.as_cause(x))]
    changed = [c for c in worth if c.modifiable][:_NAMED]
    if changed:
        lead = "Ask your doctor about these, if you have them" if writer.patient else "Causes worth changing"
        yield from writer.list(lead, [writer.entry(c) for c in changed])
        yield from keep_taking(writer, changed)
    if not measures and not changed:
        told = (
            "No way to prevent it is known to us." if writer.patient else "No preventive measure is on record for it."
        )
        yield writer.say(told)


def keep_taking(writer: Writer, told: Iterable[Contributor]) -> Iterator[Paragraph]:
    """A warning to patients who have read that a medicine brings something on."""
    if writer.patient and any(c.kind == "medicine" for c in told):
        yield writer.say("Do not stop a medicine on your own. Ask your doctor first.")
