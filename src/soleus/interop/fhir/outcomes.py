"""Errors as OperationOutcomes: where, what was expected and how to mend it, without the words that were handed over."""

from __future__ import annotations

import re

from soleus.errors import (
    CannotAssess,
    Contradiction,
    InputError,
    InvalidValue,
    KnowledgeError,
    SoleusError,
    UnknownName,
    UnreadableInput,
    UsageError,
)
from soleus.interop.fhir import canonical
from soleus.interop.fhir.writing.elements import Resource, clean, coding, narrative, present

#: HTTP status -> the code of FHIR's issue-type; it goes before the class of the error
_BY_STATUS = {
    401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 406: "not-supported", 408: "timeout",
    409: "conflict", 410: "deleted", 412: "incomplete", 413: "too-long", 415: "not-supported", 429: "throttled",
    503: "transient", 504: "timeout",
}  # fmt: skip
_BY_CLASS: tuple[tuple[type[SoleusError], str], ...] = (
    (UnreadableInput, "structure"),
    (UnknownName, "code-invalid"),
    (InvalidValue, "value"),
    (Contradiction, "business-rule"),
    (InputError, "invalid"),
    (UsageError, "invalid"),
    (CannotAssess, "business-rule"),
    (KnowledgeError, "exception"),
)
_ENTRY = re.compile(r"^(?:bundle: ?)?entry\[(\d+)\]((?:\.[a-zA-Z]\w*(?:\[\d+\])?)*)(?:[ ,].*)?$")
_PATH = re.compile(r"^[A-Z][A-Za-z]+(\.[a-z][A-Za-z]*(\[\d+\])?)*$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def outcome(error: SoleusError, *, status: int) -> Resource:
    """The error as a resource. ``expression`` names the element at fault where the error does; ``diagnostics`` says
    what was expected and what to do, and never repeats a word of the input.
    """
    issue = present(
        severity="fatal" if status >= 500 else "error",
        code=_code(error, status),
        details={"coding": [coding(canonical.ERRORS, error.code)], "text": _shown(f"Expected {error.expected}.")},
        diagnostics=_shown(f"Found {error.found}; expected {error.expected}. {error.repair}"),
        expression=[path] if (path := expression(error.where)) else None,
    )
    told = narrative("The request was not carried out", [issue["diagnostics"]])
    return {"resourceType": "OperationOutcome", "text": told, "issue": [issue]}


def _code(error: SoleusError, status: int) -> str:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return next(
        (code for kind, code in _BY_CLASS if isinstance(error, kind)), "exception" if status >= 500 else "processing"
    )


def expression(where: str) -> str | None:
    """The place of an error as FHIRPath; None where it names no element."""
    if _PATH.match(where):
        return where
    entry = _ENTRY.match(where)
    if entry:
        return f"Bundle.entry[{entry[1]}].resource{entry[2]}"
    return "Bundle" if where == "bundle" else None


def _shown(words: str) -> str:
    """Words in quotation marks may come from the input: a person's name, a medicine."""
    return clean(_QUOTED.sub("a word that is not shown", words))
