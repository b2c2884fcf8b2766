"""Value sets: which codes of a database mean a thing."""

from __future__ import annotations

from soleus.evidence.record import Code, Id, Record


class ValueSet(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A set of codes for one idea, as a definition: it is expanded against the vocabulary of the database at hand.

    ``explanations``, ``contributors`` and ``medicines`` lend their codes, a class of medicines those of its members
    as well; ``codes`` are added. With ``narrower`` all that the vocabulary puts below a code is in. ``exclude`` takes
    codes out again, with what is below them.
    """

    name: str
    meaning: str
    explanations: tuple[Id, ...] = ()
    contributors: tuple[Id, ...] = ()
    medicines: tuple[Id, ...] = ()
    codes: tuple[Code, ...] = ()
    exclude: tuple[Code, ...] = ()
    narrower: bool = True
