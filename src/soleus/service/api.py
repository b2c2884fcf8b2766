"""The JSON interface, under /api/v1: the same answers as the functions of the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar, get_args

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue, UnreadableInput
from soleus.interop import contract
from soleus.knowledge.schema.core import Setting
from soleus.reasoning import answers
from soleus.reasoning.assess import assess
from soleus.service.openapi import takes
from soleus.service.problems import Refused
from soleus.service.services import Services

T = TypeVar("T")
Name = Annotated[str, Query(min_length=1, max_length=200)]


def body_of(kind: type[T]) -> Callable[[Request], Any]:
    """A dependency that reads the body of a request into ``kind``. Raises `Refused`, `UnreadableInput`."""

    async def read(request: Request) -> T:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, UnreadableInput("Content-Type", "another type", "application/json", "Send JSON."))
        raw = await request.body()
        try:
            return msgspec.json.decode(raw, type=kind)
        except msgspec.ValidationError as error:
            raise _invalid(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UnreadableInput("body", "no JSON", "one JSON object", "See /openapi.json.") from None

    return read


def _invalid(told: str) -> InvalidValue:
    """msgspec names the place and what was expected; what was found is left out."""
    message, _, place = told.partition(" - at `$")
    where = place.rstrip("`").lstrip(".") or "body"
    return InvalidValue(where, "something else", _expected(message), "See /openapi.json.")


def _expected(message: str) -> str:
    if "unknown field" in message:  # its name is the sender's
        return "only the fields that are known"
    return message.removeprefix("Expected ").removeprefix("Object ").replace("`", "")


def json(answer: Any) -> Response:
    raw = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
    return Response(raw, media_type="application/json")


AssessBody = Annotated[contract.AssessRequest, Depends(body_of(contract.AssessRequest))]
ReadBody = Annotated[contract.ReadRequest, Depends(body_of(contract.ReadRequest))]
NextQuestionBody = Annotated[contract.NextQuestionRequest, Depends(body_of(contract.NextQuestionRequest))]
ExplainBody = Annotated[contract.ExplainRequest, Depends(body_of(contract.ExplainRequest))]
MedicationReviewBody = Annotated[contract.MedicationReviewRequest, Depends(body_of(contract.MedicationReviewRequest))]


def router(services: Services) -> APIRouter:
    """Routes that judge, explain and look up."""
    routes = APIRouter(prefix="/api/v1", tags=["judgement"])
    compiled, run, at_once = services.compiled, services.work.run, services.work.at_once

    @routes.post("/assess", summary="Judge one person", openapi_extra=takes(contract.AssessRequest, "Assessment"))
    async def assess_one(body: AssessBody) -> Response:
        answer = await (run if body.case is None else at_once)(_assessed, body, services)
        services.metrics.judged("api")
        return json(answer)

    @routes.post("/read", summary="What a text says", openapi_extra=takes(contract.ReadRequest, "Reading"))
    async def read(body: ReadBody) -> Response:
        return json(await run(_read, body, services))

    @routes.post(
        "/next-question",
        summary="What to ask next",
        openapi_extra=takes(contract.NextQuestionRequest, answers.NextQuestionAnswer),
    )
    async def next_question(body: NextQuestionBody) -> Response:
        case = _case(body.case, services)
        return json(
            await at_once(answers.next_question, case, knowledge=compiled, audience=body.audience, skip=body.skip)
        )

    @routes.post(
        "/explain",
        summary="From the answer to every number",
        openapi_extra=takes(contract.ExplainRequest, answers.ExplanationAnswer),
    )
    async def explain(body: ExplainBody) -> Response:
        case = _case(body.case, services, body.as_of)
        told = at_once(answers.explain, case, explanation=body.explanation, against=body.against, knowledge=compiled)
        return json(await told)

    @routes.post(
        "/medication-review",
        summary="Medicines that may bear on the complaint",
        openapi_extra=takes(contract.MedicationReviewRequest, answers.MedicationAnswer),
    )
    async def medication_review(body: MedicationReviewBody) -> Response:
        case = _case(body.case, services, body.as_of)
        review = answers.medication_review
        return json(await at_once(review, case, medicines=body.medicines, knowledge=compiled, audience=body.audience))

    @routes.get(
        "/compare", summary="What tells two explanations apart", openapi_extra=takes(None, answers.ComparisonAnswer)
    )
    async def compare(first: Name, second: Name, most: Annotated[int, Query(ge=1, le=500)] = 15) -> Response:
        return json(await at_once(answers.compare, first, second, knowledge=compiled, most=most))

    @routes.get("/entry", summary="What the knowledge base says", openapi_extra=takes(None, answers.EntryAnswer))
    async def entry(name: Name) -> Response:
        return json(await at_once(answers.entry, name, knowledge=compiled))

    return routes


def _case(tree: dict[str, Any], services: Services, as_of: str | None = None, setting: str | None = None) -> Case:
    """The case that was sent, with today's date where neither it nor the request has one."""
    read = case_from(tree)
    return msgspec.structs.replace(
        read, as_of=as_of or read.as_of or services.today(), setting=_known(setting) or read.setting
    )


def _known(setting: str | None) -> str | None:
    if setting is not None and setting not in get_args(Setting):
        raise InvalidValue("setting", "an unknown one", f"one of {', '.join(get_args(Setting))}", "Name one of these.")
    return setting


def _assessed(body: contract.AssessRequest, services: Services) -> bytes:
    if (body.case is None) == (body.note is None):
        raise InvalidValue("body", "both or neither of case and note", "one of them", "Send a case or a note.")
    how: dict[str, Any] = {"knowledge": services.compiled, "audience": body.audience, "draws": body.draws}
    if body.case is not None:
        from soleus.reports.json import to_json

        return to_json(assess(_case(body.case, services, body.as_of, body.setting), **how))
    from soleus.notes.judging import assess_note
    from soleus.reports.notes import note_json

    assert body.note is not None
    as_of = body.as_of or services.today()
    return note_json(assess_note(body.note, as_of=as_of, setting=_known(body.setting), **how))


def _read(body: contract.ReadRequest, services: Services) -> bytes:
    from soleus.notes.judging import read_note
    from soleus.reports.notes import reading_json

    return reading_json(read_note(body.note, knowledge=services.compiled))
