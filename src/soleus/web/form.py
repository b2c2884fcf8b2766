"""What a page sent back, read as untrusted text, and what travels with every page of the interview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue, UnreadableInput
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import Interview
from soleus.web.state import State, pack, unpack

MOST_FIELDS = 200
MOST_LETTERS = 4_000  # of a field that somebody types into
_FAULT = ("a field that does not fit", "what a page of this version wrote", "Start anew.")
RESPONDENTS = ("self", "parent", "carer", "clinician")


@dataclass(frozen=True)
class Form:
    """The fields of a form, each with all its values, and its file if there was one."""

    fields: Mapping[str, tuple[str, ...]]
    file: bytes | None = None

    def one(self, name: str, other: str = "") -> str:
        """The last value of a field, or ``other``."""
        return self.fields.get(name, (other,))[-1]

    def all(self, name: str) -> tuple[str, ...]:
        return self.fields.get(name, ())

    def typed(self, name: str) -> str:
        """What somebody typed, cut where it becomes absurd."""
        return self.one(name)[:MOST_LETTERS].replace("\r\n", "\n").replace("\0", "")


async def read(request: Request, most_file: int = 0) -> Form:
    """The form of a request. Raises `UnreadableInput` for one that is none, or too long."""
    try:
        async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=500_000) as sent:
            fields: dict[str, tuple[str, ...]] = {}
            file = None
            for name, value in sent.multi_items():
                if isinstance(value, UploadFile):
                    file = await value.read(most_file + 1)
                else:
                    fields[name] = (*fields.get(name, ()), value)
    except (UnicodeDecodeError, ValueError, KeyError):
        raise _no_form() from None
    if len(fields) > MOST_FIELDS:
        raise _no_form()
    return Form(fields, file)


def _no_form() -> UnreadableInput:
    return UnreadableInput("form", "no form of a page", "a form that a page sent", "Go back and send it again.")


@dataclass(frozen=True)
class Visit:
    """``quiet``: the visitor wants no belief beside the questions; ``link``: key of the private link in use."""

    state: State = field(default_factory=State)
    quiet: bool = False
    link: str | None = None

    @property
    def packed(self) -> str:
        return pack(self.state)

    @property
    def clinician(self) -> bool:
        return self.state.respondent == "clinician"

    @property
    def audience(self) -> str:
        return "clinician" if self.clinician else "patient"

    def interview(self, compiled: Compiled) -> Interview:
        return self.state.interview(compiled)

    def with_state(self, **changes: Any) -> Visit:
        """The visit with other fields of its state."""
        import msgspec

        return replace(self, state=msgspec.structs.replace(self.state, **changes))

    def after(self, session: Interview) -> Visit:
        """The visit with the answers of an interview."""
        return self.with_state(answers=tuple(session.saved()["answers"]))


def visit_of(form: Form) -> Visit:
    """The visit that a form carries. Raises `UnreadableInput`, `InvalidValue`."""
    state = unpack(form.one("state"))
    case_from(state.case, "state")
    return Visit(state, form.one("quiet") == "1", form.one("link") or None)


def begun(form: Form, today: str) -> Visit:
    """A visit that begins. Raises `InvalidValue` for somebody who cannot answer."""
    respondent = form.one("respondent")
    if respondent not in RESPONDENTS:
        raise InvalidValue("respondent", *_FAULT)
    return Visit(State(case={"as_of": today, "answered_by": respondent}, respondent=respondent))  # type: ignore[arg-type]


__all__ = ["Form", "Visit", "begun", "read", "visit_of"]
