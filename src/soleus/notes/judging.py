"""A text judged: what was understood, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from soleus.errors import CannotAssess
from soleus.notes.case import case_of
from soleus.notes.reading import Reading, read
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import Assessment, Audience
from soleus.reasoning.compiled import Compiled, shipped_compiled

NOTHING = "nothing_to_assess"


@dataclass(frozen=True)
class NoteAssessment:
    """A reading and the judgement that follows; ``assessment`` is None where the text tells of no leg complaint."""

    reading: Reading
    assessment: Assessment | None
    reason: str | None = None


def read_note(text: str, *, knowledge: Compiled | None = None) -> Reading:
    """What a text says of a person's legs. Raises `UnreadableInput` for a text that is too long."""
    return read(text, knowledge or shipped_compiled())


def assess_note(
    note: str | Reading,
    *,
    knowledge: Compiled | None = None,
    as_of: str | None = None,
    setting: str | None = None,
    audience: Audience = "clinician",
    draws: int = 500,
    id: str = "note",
) -> NoteAssessment:
    """The judgement of a text, or of a reading that was corrected. The judgement is that of `soleus.assess`."""
    compiled = knowledge or shipped_compiled()
    reading = read(note, compiled) if isinstance(note, str) else note
    if not reading.of_legs:
        return NoteAssessment(reading, None, NOTHING)
    case = case_of(reading, compiled, as_of=as_of, setting=setting, id=id)
    try:
        return NoteAssessment(reading, assess(case, knowledge=compiled, audience=audience, draws=draws))
    except CannotAssess:
        return NoteAssessment(reading, None, NOTHING)
