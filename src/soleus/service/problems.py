"""Errors as answers: a problem document, an OperationOutcome under /fhir, or a page, each with the same words."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from soleus.errors import (
    CannotAssess,
    ChangedMeanwhile,
    InputError,
    KnowledgeError,
    NotAllowed,
    NotSignedIn,
    ServiceError,
    SoleusError,
    StorageError,
    TooManyAttempts,
    UnknownName,
    UsageError,
)

#: Error class -> HTTP status; the first that fits.
_STATUS: tuple[tuple[type[SoleusError], int], ...] = (
    (CannotAssess, 422),
    (ChangedMeanwhile, 409),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (TooManyAttempts, 429),
    (InputError, 400),
    (UsageError, 400),
    (ServiceError, 502),
    (StorageError, 503),
    (KnowledgeError, 500),
)
_TITLES = {
    400: "The request cannot be read",
    401: "A token or an account is needed",
    403: "Not allowed",
    404: "Nothing is here",
    405: "This address does not take that method",
    406: "No such form of answer",
    408: "The request took too long",
    409: "Changed meanwhile",
    410: "No longer here",
    412: "A precondition is not met",
    413: "The request is too large",
    415: "This type of content is not read",
    421: "This service does not answer to that name",
    422: "Nothing to assess",
    429: "Too many requests",
    500: "A defect of Soleus",
    502: "Another program did not answer",
    503: "Not able to answer now",
}


class Refused(Exception):
    """A request that is refused before it is judged: an HTTP status with an error of the tree."""

    def __init__(self, status: int, error: SoleusError, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.error, self.headers = status, error, headers or {}


def status_of(error: SoleusError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def title_of(status: int) -> str:
    return _TITLES.get(status, "The request could not be answered")


def defect() -> SoleusError:
    """What a user is told of a fault of ours: that it is one, and nothing of what was asked."""
    fault = SoleusError("soleus", "a defect", "an answer", "Please report how it came about.")
    fault.code = "defect"
    return fault


def discreet(error: SoleusError) -> SoleusError:
    """The error without words of the request: answers are kept by proxies and clients, and those words may be the
    patient's. What stood in quotation marks is left out, and so is a name in a place that is none of ours.
    """
    told = error.without_words()
    told.where = _place(error)
    return told


def _place(error: SoleusError) -> str:
    before, dot, last = error.where.rpartition(".")
    unknown = isinstance(error, UnknownName) and dot and re.sub(r"\[\d+\]", "", last) not in _fields()
    return f"{before}.…" if unknown else error.where


@cache
def _fields() -> frozenset[str]:
    """The names of the fields of a case."""
    from soleus.clinical import case

    kinds = [k for k in vars(case).values() if isinstance(k, type) and issubclass(k, msgspec.Struct)]
    return frozenset(f for k in kinds for f in k.__struct_fields__)


def problem(status: int, error: SoleusError) -> Response:
    """An RFC 9457 problem document."""
    error = discreet(error)
    body: dict[str, Any] = {"title": title_of(status), "status": status, "detail": str(error), **error.to_dict()}
    return Response(msgspec.json.encode(body), status, media_type="application/problem+json")


def outcome(status: int, error: SoleusError) -> Response:
    """An OperationOutcome, for FHIR and CDS Hooks clients."""
    from soleus.interop.fhir.outcomes import outcome as built

    return Response(msgspec.json.encode(built(error, status=status)), status, media_type="application/fhir+json")


Answer = Callable[[int, SoleusError], Response]


def answer_for(request: Request, page: Answer) -> Answer:
    """The form in which errors go back to whoever asked at this address."""
    path = request.url.path
    if path.startswith(("/fhir", "/cds-services")):
        return outcome
    return problem if path.startswith(_MACHINES) else page


_MACHINES = ("/api", "/health", "/ready", "/metrics", "/openapi.json")
