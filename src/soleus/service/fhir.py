"""FHIR R4 under /fhir: bodies in, resources out. What they mean stands in `soleus.interop`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from soleus.errors import InvalidValue, UnknownName, UnreadableInput
from soleus.interop.fhir import operations
from soleus.interop.fhir.writing import definitions
from soleus.interop.sdc import adaptive, questionnaires
from soleus.interop.sdc.extract import extract
from soleus.interop.sdc.populate import populate
from soleus.reasoning.assess import software_version
from soleus.service.openapi import resource
from soleus.service.problems import Refused
from soleus.service.services import Services

Tree = dict[str, Any]
MEDIA = "application/fhir+json"
_READ = ("application/fhir+json", "application/json", "application/json+fhir", "text/json")
_JSON_FORMATS = ("json", "application/json", "application/fhir+json", "text/json")


async def _tree(request: Request) -> Any:
    """The body as plain data. Raises `Refused` for another type, `UnreadableInput` for what is no JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _READ:
        raise Refused(415, UnreadableInput("Content-Type", "another type", MEDIA, "Send FHIR as JSON."))
    try:
        return msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableInput("body", "no JSON", "one resource as JSON", "Send FHIR R4 as JSON.") from None


def _json_wanted(request: Request) -> None:
    """Raise `Refused` (406) for a client that takes only XML or Turtle."""
    form = request.query_params.get("_format")
    accept = request.headers.get("accept", "*/*").lower()
    fits = form in _JSON_FORMATS if form is not None else any(w in accept for w in ("json", "*/*", "application/*"))
    if not fits:
        raise Refused(406, InvalidValue("Accept", "another form", MEDIA, "Ask for JSON."))


Body = Annotated[Any, Depends(_tree)]


def answered(tree: Any) -> Response:
    return Response(msgspec.json.encode(tree), media_type=MEDIA)


def router(services: Services) -> APIRouter:
    """Metadata, definitions, `$assess`, and questionnaires per SDC."""
    routes = APIRouter(prefix="/fhir", tags=["FHIR R4"], dependencies=[Depends(_json_wanted)])
    compiled, work = services.compiled, services.work
    base = services.settings.address + "/fhir"
    started = services.today()

    @routes.get("/metadata", summary="CapabilityStatement", openapi_extra=resource())
    async def metadata() -> Response:
        return answered(definitions.capability(base, software_version(), started))

    @routes.post("/$assess", summary="Judge the person of a Bundle", openapi_extra=resource(body=True))
    async def assess(tree: Body, request: Request) -> Response:
        answer = await work.fitting(request, operations.assess, tree, compiled, as_of=_day(tree, services))
        services.metrics.judged("fhir")
        return answered(answer)

    @routes.get("/Questionnaire", summary="Search", openapi_extra=resource("_id", "url"))
    async def search(request: Request) -> Response:
        found = await work.at_once(questionnaires.all_, base, compiled)
        return answered(_searched(found, request.query_params, base))

    @routes.get("/Questionnaire/{id}", summary="Read", openapi_extra=resource())
    async def read(id: str) -> Response:
        return answered(await work.at_once(_questionnaire, id, services, base))

    @routes.post("/Questionnaire/$next-question", summary="Next question", openapi_extra=resource(body=True))
    async def next_question(tree: Body, request: Request) -> Response:
        return answered(await work.fitting(request, adaptive.next_question, tree, compiled, base))

    @routes.post("/Questionnaire/$populate", summary="Fill in from a record", openapi_extra=resource(body=True))
    async def populate_named(tree: Body) -> Response:
        return answered(await work.run(_populated, tree, None, services, base))

    @routes.post("/Questionnaire/{id}/$populate", summary="Fill in from a record", openapi_extra=resource(body=True))
    async def populate_one(id: str, tree: Body) -> Response:
        return answered(await work.run(_populated, tree, id, services, base))

    @routes.post("/QuestionnaireResponse/$extract", summary="Take the facts out", openapi_extra=resource(body=True))
    async def extracted(tree: Body) -> Response:
        return answered(await work.run(_extracted, tree, services))

    for kind in ("CodeSystem", "OperationDefinition", "StructureDefinition"):
        routes.add_api_route(
            f"/{kind}/{{id}}", _reader(kind, services), summary=f"Read a {kind}", openapi_extra=resource()
        )
    return routes


def _day(tree: Any, services: Services) -> str | None:
    """Today, unless the record or the parameters have a day of their own."""
    return None if _has_day(tree) else services.today()


def _has_day(tree: Any) -> bool:
    if not isinstance(tree, dict):
        return False
    parts = tree.get("parameter")
    inner = [p for p in parts if isinstance(p, dict)] if isinstance(parts, list) else []
    return bool(tree.get("timestamp")) or any(p.get("name") == "as-of" or _has_day(p.get("resource")) for p in inner)


def _reader(kind: str, services: Services) -> Callable[[str], Any]:
    async def read(id: str) -> Response:
        found = definitions.artefact(kind, id, services.compiled)
        if found is None:
            raise _unknown(kind)
        return answered(found)

    return read


def _unknown(kind: str) -> Refused:
    return Refused(404, UnknownName(kind, "an unknown id", f"a {kind} of /fhir/metadata", "Search first."))


def _questionnaire(address: str, services: Services, base: str) -> Tree:
    found = questionnaires.questionnaire(address, base, services.compiled)
    if found is None:
        raise _unknown("Questionnaire")
    return found


def _searched(found: tuple[Tree, ...], asked: Any, base: str) -> Tree:
    """The Questionnaires that fit ``_id`` and ``url``; what else was asked is passed over, as FHIR allows."""
    ids = {i for v in asked.getlist("_id") for i in v.split(",")}
    urls = {u for v in asked.getlist("url") for u in v.split(",")}
    fitting = [q for q in found if (not ids or q["id"] in ids) and (not urls or q.get("url") in urls)]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(fitting),
        "link": [{"relation": "self", "url": f"{base}/Questionnaire"}],
        **({"entry": [_entry(q, base) for q in fitting]} if fitting else {}),
    }


def _entry(found: Tree, base: str) -> Tree:
    return {"fullUrl": f"{base}/Questionnaire/{found['id']}", "resource": found, "search": {"mode": "match"}}


def _parts(tree: Any) -> list[Tree]:
    """The parameters of a Parameters resource."""
    if not isinstance(tree, dict) or tree.get("resourceType") != "Parameters":
        return []
    parts = tree.get("parameter")
    return [p for p in parts if isinstance(p, dict)] if isinstance(parts, list) else []


def _populated(tree: Any, id: str | None, services: Services, base: str) -> Tree:
    """The answer of `$populate`: a questionnaire by id, canonical address or as sent; the record in ``content``."""
    form, content = _form(tree, id, services, base), _content(_parts(tree))
    if not content:
        expected = "the record as `content` (or in `context`)"
        raise InvalidValue("parameter", "no resource to fill in from", expected, "Send a Bundle.")
    response, issues = populate(form, content, services.compiled)
    out = [{"name": "response", "resource": response}]
    if issues:
        out.append({"name": "issues", "resource": {"resourceType": "OperationOutcome", "issue": issues}})
    return {"resourceType": "Parameters", "parameter": out}


def _form(tree: Any, id: str | None, services: Services, base: str) -> Tree:
    if id is not None:
        return _questionnaire(id, services, base)
    for part in _parts(tree):
        sent = part.get("resource")
        if part.get("name") == "questionnaire" and isinstance(sent, dict):
            return _questionnaire(str(sent.get("url") or sent.get("id") or ""), services, base)
        address = part.get("valueCanonical") or part.get("valueUri")
        if part.get("name") in ("questionnaire", "canonical", "url") and isinstance(address, str):
            return _questionnaire(address, services, base)
    raise InvalidValue("questionnaire", "none", "one of ours, by canonical address", "See /fhir/Questionnaire.")


def _content(parts: list[Tree]) -> list[Tree]:
    """The resources of the parameters, those within ``context`` too; Bundles stay whole."""
    found: list[Tree] = []
    for part in parts:
        inner = part.get("part")
        if isinstance(inner, list):
            found += _content([p for p in inner if isinstance(p, dict)])
        if part.get("name") != "questionnaire" and isinstance(part.get("resource"), dict):
            found.append(part["resource"])
    return found


def _extracted(tree: Any, services: Services) -> Tree:
    """A transaction Bundle; bare for a bare response, as `return` for Parameters."""
    named = [p.get("resource") for p in _parts(tree) if p.get("name") == "questionnaire-response"]
    out: Tree = extract(named[0] if named else tree, services.compiled)
    return {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": out}]} if named else out
