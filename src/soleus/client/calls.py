"""Each call of the service as a value: what is sent and how the answer is read. Nothing here touches a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from soleus.clinical.case import Case
from soleus.interop.contract import (
    AssessRequest,
    ExplainRequest,
    MedicationReviewRequest,
    NextQuestionRequest,
    ReadRequest,
)
from soleus.notes.reading import Understood
from soleus.reasoning.answers import (
    ComparisonAnswer,
    EntryAnswer,
    ExplanationAnswer,
    MedicationAnswer,
    NextQuestionAnswer,
)
from soleus.reasoning.assessment import Assessment, Audience
from soleus.reports.json import from_json

T = TypeVar("T")
Told = Case | Mapping[str, Any]

JSON, FHIR = "application/json", "application/fhir+json"


class Unread(Struct, frozen=True, kw_only=True):
    """Something of a text that could not be used; ``span`` is [start, end) in code points."""

    finding: str
    span: tuple[int, int]
    why: str


class ReadingAnswer(Struct, frozen=True, kw_only=True):
    """What was understood of a text; ``of_legs`` False where it tells of no leg complaint."""

    understood: tuple[Understood, ...]
    unread: tuple[Unread, ...]
    of_legs: bool
    answered_by: str
    setting: str | None


class NoteAnswer(Struct, frozen=True, kw_only=True):
    """The judgement of a text; ``assessment`` is None, with a ``reason``, where it tells of no leg complaint."""

    understood: tuple[Understood, ...]
    assessment: Assessment | None
    reason: str | None = None


class Ready(Struct, frozen=True, kw_only=True):
    """The service can judge and store, with this knowledge."""

    status: str
    knowledge_version: str
    knowledge_hash: str


@dataclass(frozen=True)
class Call(Generic[T]):
    """``read`` turns the body of a good answer into a value. Every call only asks, so it may be sent again."""

    method: str
    path: str
    read: Callable[[bytes], T]
    body: bytes | None = None
    query: dict[str, str | int] = field(default_factory=dict)
    media_type: str = JSON


def assess(
    case: Told,
    *,
    audience: Audience = "clinician",
    as_of: str | None = None,
    setting: str | None = None,
    draws: int = 500,
) -> Call[Assessment]:
    """The judgement of one person."""
    request = AssessRequest(case=_tree(case), audience=audience, as_of=as_of, setting=setting, draws=draws)
    return _post("/api/v1/assess", request, from_json)


def assess_note(
    note: str,
    *,
    audience: Audience = "clinician",
    as_of: str | None = None,
    setting: str | None = None,
    draws: int = 500,
) -> Call[NoteAnswer]:
    """The judgement of a text."""
    request = AssessRequest(note=note, audience=audience, as_of=as_of, setting=setting, draws=draws)
    return _post("/api/v1/assess", request, _note)


def read(note: str) -> Call[ReadingAnswer]:
    """What a text says, without a judgement."""
    return _post("/api/v1/read", ReadRequest(note=note), _typed(ReadingAnswer))


def next_question(case: Told, *, audience: Audience = "patient", skip: Iterable[str] = ()) -> Call[NextQuestionAnswer]:
    """What to ask next. ``skip``: ids that were asked in vain."""
    request = NextQuestionRequest(case=_tree(case), audience=audience, skip=tuple(skip))
    return _post("/api/v1/next-question", request, _typed(NextQuestionAnswer))


def explain(
    case: Told, *, explanation: str | None = None, against: str | None = None, as_of: str | None = None
) -> Call[ExplanationAnswer]:
    """The chain behind an explanation, by default of the first against the next."""
    request = ExplainRequest(case=_tree(case), explanation=explanation, against=against, as_of=as_of)
    return _post("/api/v1/explain", request, _typed(ExplanationAnswer))


def medication_review(
    case: Told, *, medicines: Iterable[str] = (), audience: Audience = "clinician", as_of: str | None = None
) -> Call[MedicationAnswer]:
    """Whether each medicine may bear on the complaint."""
    request = MedicationReviewRequest(case=_tree(case), medicines=tuple(medicines), audience=audience, as_of=as_of)
    return _post("/api/v1/medication-review", request, _typed(MedicationAnswer))


def compare(first: str, second: str, *, most: int = 15) -> Call[ComparisonAnswer]:
    """What tells two explanations apart."""
    query: dict[str, str | int] = {"first": first, "second": second, "most": most}
    return Call("GET", "/api/v1/compare", _typed(ComparisonAnswer), query=query)


def entry(name: str) -> Call[EntryAnswer]:
    """What the knowledge base says of a name or code."""
    return Call("GET", "/api/v1/entry", _typed(EntryAnswer), query={"name": name})


def fhir_assess(record: Mapping[str, Any]) -> Call[dict[str, Any]]:
    """The judgement of a FHIR Bundle or Parameters, as a FHIR Bundle."""
    return Call("POST", "/fhir/$assess", msgspec.json.decode, msgspec.json.encode(record), media_type=FHIR)


def ready() -> Call[Ready]:
    """Whether the service can judge and store."""
    return Call("GET", "/ready", _typed(Ready))


def _tree(case: Told) -> dict[str, Any]:
    return dict(case) if isinstance(case, Mapping) else msgspec.to_builtins(case)


def _post(path: str, request: Struct, reader: Callable[[bytes], T]) -> Call[T]:
    return Call("POST", path, reader, msgspec.json.encode(request))


def _typed(kind: type[T]) -> Callable[[bytes], T]:
    return partial(msgspec.json.decode, type=kind)


def _note(raw: bytes) -> NoteAnswer:
    tree: dict[str, Any] = msgspec.json.decode(raw)
    understood = msgspec.convert(tree.pop("understood"), tuple[Understood, ...])
    if "reason" in tree:
        return NoteAnswer(understood=understood, assessment=None, reason=tree["reason"])
    return NoteAnswer(understood=understood, assessment=from_json(msgspec.json.encode(tree)))
