"""What a visitor has told so far. It travels with the page, in a hidden field; the server keeps nothing of it.

It comes back from a browser, so all of it is read as untrusted input.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from soleus.clinical.case import Respondent
from soleus.errors import InvalidValue
from soleus.interop.handover import packed, unpacked
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import Interview, resumed

GROUPS = {"clinician": ("history", "examination")}


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One "what if": another state of a finding or condition (None: not known), a medicine, a setting, ..."""

    kind: Literal["finding", "condition", "medicine", "setting", "person", "pretest"]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    value: str | float | bool | None = None


class Correction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A statement of the note, by its number from 1, struck (``state`` None) or changed."""

    number: int
    state: str | None = None
    value: str | float | None = None


class State(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``case``: what was known before; ``answers``: of the interview; ``changes``: what-ifs in their order."""

    case: dict[str, Any] = {}
    respondent: Respondent = "self"
    answers: tuple[dict[str, Any], ...] = ()
    changes: tuple[Change, ...] = ()
    note: str | None = None
    corrections: tuple[Correction, ...] = ()
    marks: tuple[str, ...] = ()  # places touched on the map of the legs, such as left-calf
    origin: Annotated[str, Meta(max_length=200)] | None = None  # at the desk: note, form, file, code, or a server
    by_hand: bool = False  # something was added to it, or taken out of it, at the desk
    told: tuple[str, ...] = ()  # red flags that the visitor was shown and chose to go on after

    def interview(self, compiled: Compiled) -> Interview:
        """The interview as it stands. Raises `InvalidValue` for answers that are none."""
        saved = {"case": self.case, "respondent": self.respondent, "answers": list(self.answers)}
        return resumed(saved, compiled, GROUPS.get(self.respondent, ("history",)))


def pack(state: State) -> str:
    return packed(msgspec.to_builtins(state))


def unpack(text: str) -> State:
    """The state of a hidden field, a file or a code. Raises `UnreadableInput`, `InvalidValue`."""
    try:
        return msgspec.convert(unpacked(text, "state"), State)
    except msgspec.ValidationError:
        raise InvalidValue("state", "another form", "what a page of this version wrote", "Start anew.") from None


def opened_at(text: str) -> str:
    """The address of the page that a packed state belongs to: the desk, or the result. Raises as `unpack`."""
    return "/desk" if unpack(text).origin else "/result"
