"""What is pasted or uploaded at the desk, whatever it is: a note, a question, a case, a code, a FHIR bundle."""

from __future__ import annotations

import re

import msgspec

from soleus.clinical.case import Case
from soleus.clinical.reading import decode
from soleus.errors import UnreadableInput
from soleus.interop.handover import is_code
from soleus.interop.reading import case_in, unzipped
from soleus.notes.questions import Answer, answer
from soleus.reasoning.compiled import Compiled
from soleus.web.state import State

_LONGEST_QUESTION = 300  # characters
#: A field of a case at the beginning of a line, as YAML writes it.
_YAML = re.compile(
    r"^(?:person|findings|complaints|conditions|medicines|measurements|as_of|answered_by)\s*:\s*(?:$|[\[{])", re.M
)
_JSON = ("{", "[")


def of_text(text: str, compiled: Compiled, where: str = "text") -> State:
    """The state that a text opens: that of a case where it is data, else that of a note.

    Raises `UnreadableInput` for nothing at all, and the errors of the readers.
    """
    told = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if not told.strip():
        raise UnreadableInput(where, "nothing", "a note, a question, a code or a case", "Paste or type it here.")
    if is_code(told):
        return of_case(case_in(told, compiled, where), "code")
    if told.lstrip().startswith(_JSON) or _YAML.search(told):
        return of_case(case_in(told, compiled, where), "file")
    return State(note=_printable(told), respondent="clinician", origin="note")


def of_bytes(raw: bytes, compiled: Compiled) -> State:
    """The state that a file opens, plain or gzip. Raises as `of_text` does."""
    return of_text(decode(unzipped(raw, "file"), "file"), compiled, "file")


def of_case(case: Case, origin: str) -> State:
    """The state of a case from elsewhere; ``origin``: code, file, or the server it came from."""
    return State(case=msgspec.to_builtins(case), respondent="clinician", origin=origin[:200])


def asked(text: str, compiled: Compiled) -> Answer | None:
    """The answer to a text that is a question; None for one that is none, or that nothing here answers."""
    if not is_question(text):
        return None
    found = answer(text, compiled, "clinician")
    return None if found.kind == "out_of_scope" else found


def is_question(text: str) -> bool:
    """Whether a text asks something, rather than tell of somebody."""
    return "?" in text and len(text) <= _LONGEST_QUESTION and not is_code(text)


def _printable(text: str) -> str:
    """Control characters that a text carries by accident become blanks, so that places stay."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", " ", text)
