"""How medical records are read: what their codes and words say of findings and contributors."""

from __future__ import annotations

from typing import Literal

from soleus.evidence.record import Code, Id, Record


class SymptomCode(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code or wording of a complaint, sign, habit or procedure, and what it tells.

    ``tells`` maps a finding to its state, or a contributor to present or absent. ``leg`` is the side that the code
    names: right and left together are not one leg.
    """

    codes: tuple[Code, ...] = ()
    words: tuple[str, ...] = ()
    tells: dict[Id, Id]
    leg: Literal["right", "left"] | None = None


class ResultCode(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code of an observation, and the finding that its value answers.

    Without a finding the value itself names what is present (tobacco smoking status, symptom).
    """

    code: Code
    finding: Id | None = None


class AnswerCode(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Codes of an answer, and the answer in our words: present, absent or not_assessed."""

    codes: tuple[Code, ...]
    says: Literal["present", "absent", "not_assessed"]
