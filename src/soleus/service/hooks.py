"""CDS Hooks under /cds-services: who calls, what they hand over, and cards back. Meaning is in `interop.cds_hooks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from soleus.errors import CannotAssess, UnknownName, UnreadableInput
from soleus.interop import cds_hooks
from soleus.interop.cds_hooks import Answered
from soleus.interop.cds_hooks.request import service_of
from soleus.service import client_tokens, fhir_server
from soleus.service.client_tokens import ClientTokens, HookClient
from soleus.service.outside import Outside
from soleus.service.problems import Refused
from soleus.service.services import Services
from soleus.storage import Card

_PATH = "/cds-services"


_TEXT = {"type": "string"}
Id = Annotated[str, Path(description="A service of discovery", json_schema_extra={"enum": list(cds_hooks.BY_ID)})]
_CALL = {
    "type": "object",
    "required": ["hook", "hookInstance", "context"],
    "properties": {
        "hook": {"enum": list(cds_hooks.HOOKS)},
        "hookInstance": {"type": "string", "format": "uuid"},
        "context": {
            "type": "object",
            "required": ["userId", "patientId"],
            "properties": {
                **dict.fromkeys(("userId", "patientId", "encounterId"), _TEXT),
                "draftOrders": {"type": "object"},
                "selections": {"type": "array", "items": _TEXT},
            },
        },
        "prefetch": {"type": "object"},
        "fhirServer": {"type": "string", "format": "uri"},
        "fhirAuthorization": {"type": "object", "required": ["access_token", "token_type", "expires_in", "scope"]},
    },
}
_ENTRY = {
    "type": "object",
    "required": ["card", "outcome", "outcomeTimestamp"],
    "properties": {
        "card": {"type": "string", "format": "uuid"},
        "outcome": {"enum": ["accepted", "overridden"]},
        "outcomeTimestamp": {"type": "string", "format": "date-time"},
        "acceptedSuggestions": {"type": "array", "items": {"type": "object", "required": ["id"]}},
        "overrideReason": {"type": "object"},
    },
}
_FEEDBACK = {
    "type": "object",
    "required": ["feedback"],
    "properties": {"feedback": {"type": "array", "items": _ENTRY}},
}
_REFUSALS = {
    "400": "Cannot be read",
    "401": "A token is needed",
    "404": "No such service",
    "408": "Comes too slowly",
    "412": "Nothing of the record is to be had",
    "413": "Too large",
    "415": "Another type of content",
    "429": "Too many requests",
    "503": "Busy",
}


def _told(description: str, name: str | None, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a route reads and answers, for the OpenAPI document."""
    outcome = {"application/fhir+json": {"schema": {"$ref": "#/components/schemas/FhirResource"}}}
    schema = {"type": "object", "required": [name], "properties": {name or "": {"type": "array"}}}
    fine = {"description": description, **({"content": {"application/json": {"schema": schema}}} if name else {})}
    responses = {**{status: {"description": why, "content": outcome} for status, why in _REFUSALS.items()}, "200": fine}
    reads = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}
    return {"responses": responses, **reads}


def router(services: Services, outside: Outside) -> APIRouter:
    """Discovery, one route for all services, and their feedback."""
    hooks = _Hooks(services, outside)
    routes = APIRouter(prefix=_PATH, tags=["CDS Hooks 2.0"])

    @routes.get("", summary="Discovery", openapi_extra=_told("The services", "services"))
    async def discovery(request: Request) -> Response:
        await hooks.client(request)
        return _json(cds_hooks.services())

    @routes.post("/{id}", summary="Call a service", openapi_extra=_told("Cards, usually none", "cards", _CALL))
    async def call(id: Id, request: Request) -> Response:
        client = await hooks.client(request)
        _known(id)
        return _json((await hooks.answered(id, request, client)).body)

    @routes.post(
        "/{id}/feedback",
        summary="What became of cards",
        openapi_extra=_told("Kept", None, _FEEDBACK),
        response_class=Response,
    )
    async def feedback(id: Id, request: Request) -> Response:
        client = await hooks.client(request)
        _known(id)
        given = cds_hooks.feedback(id, await _body(request), client=client.iss if client else "")
        await services.work.run(services.store.keep_feedback, given)
        return Response(status_code=200)

    return routes


class _Hooks:
    def __init__(self, services: Services, outside: Outside) -> None:
        self._services, self._outside = services, outside
        settings = services.settings
        self._open = settings.hooks_open
        self._smart = f"{settings.address}/smart/launch" if settings.smart_clients else None
        clients = {} if self._open else client_tokens.load(settings.cds_clients)
        self._tokens = ClientTokens(clients, services.store, outside, services.clock, services.work)

    async def client(self, request: Request) -> HookClient | None:
        """Who calls; None where hooks are open. Raises `Refused` (401)."""
        if self._open:
            return None
        return await self._tokens.verify(request.headers.get("authorization"), self._audiences(request))

    def _audiences(self, request: Request) -> tuple[str, ...]:
        """The address that is called, as the settings give it; on this machine also by the name that was used."""
        settings, path = self._services.settings, request.url.path
        named = [settings.address + path]
        if settings.on_loopback and settings.public_url is None:  # the guard has checked the name
            named.append(f"{request.url.scheme}://{request.headers.get('host', '')}{path}")
        return tuple(named)

    async def answered(self, id: str, request: Request, client: HookClient | None) -> Answered:
        """The answer to a call. Raises `Refused` (412) where nothing of the record is to be had."""
        services, body = self._services, await _body(request)
        read = await self._read(id, body, client)
        try:
            found = await services.work.fitting(
                request,
                cds_hooks.respond,
                id,
                body,
                services.compiled,
                today=services.today(),
                base_url=services.settings.address,
                smart_url=self._smart,
                fetch=None if read is None else lambda _: read,
            )
        except CannotAssess as error:
            raise Refused(412, error) from None
        if found.cards:
            shown_at = services.clock().timestamp()
            cards = tuple(Card(uuid, id, kind, shown_at) for uuid, kind in found.cards)
            await services.work.run(services.store.keep_cards, cards)
        if found.judged:
            services.metrics.judged("hook")
        return found

    async def _read(self, id: str, body: Any, client: HookClient | None) -> Mapping[str, Any] | None:
        """What is missing, from the client's server; None where that is not given or not allowed."""
        server = body.get("fhirServer") if isinstance(body, dict) else None
        if not isinstance(server, str) or not fhir_server.may_read(server, client, self._services.settings):
            return None
        queries = await self._services.work.run(cds_hooks.wanted, id, body, self._services.compiled)
        authorization = body.get("fhirAuthorization")
        return await fhir_server.read(
            server, queries, authorization if isinstance(authorization, dict) else {}, self._outside
        )


def _known(id: str) -> None:
    """Raise `Refused` (404) for a service that is none."""
    try:
        service_of(id)
    except UnknownName as error:
        raise Refused(404, error) from None


async def _body(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Refused(415, UnreadableInput("Content-Type", "another type", "application/json", "Send JSON."))
    try:
        return msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableInput("body", "no JSON", "one JSON object", "Send one request as JSON.") from None


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
