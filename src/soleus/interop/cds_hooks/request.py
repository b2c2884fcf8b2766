"""A call of a service, checked. What is needed must be there and of its type; everything else is taken as it comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from soleus.errors import InvalidValue, UnknownName, UnreadableInput
from soleus.interop.cds_hooks.services import BY_ID, Service
from soleus.interop.fhir.shapes import items, mapping, plain_reference, tail, word

_LONGEST = 300  # characters of an id; the longest in FHIR has 64, addresses are longer
_TYPES: dict[str, tuple[type, ...]] = {"selections": (list,), "draftOrders": (dict,)}
_WORDS = {"selections": "a list of ids", "draftOrders": "a Bundle"}


@dataclass(frozen=True)
class Request:
    """One call. ``patient``, ``encounter``: plain ids, whatever form the client used; ``user``: a type of resource."""

    service: Service
    instance: str
    patient: str
    encounter: str
    user: str
    fhir_server: str | None
    authorization: dict[str, Any]
    drafts: dict[str, Any]
    selected: frozenset[str]
    prefetch: dict[str, Any]

    @property
    def by_patient(self) -> bool:
        """Whether a patient, or somebody who stands by one, will read the card."""
        return self.user in ("Patient", "RelatedPerson")


def service_of(id: str) -> Service:
    """The service with that id. Raises `UnknownName`."""
    if id not in BY_ID:
        raise UnknownName("service", "an id that is none", f"one of {', '.join(BY_ID)}", "See the discovery endpoint.")
    return BY_ID[id]


def read(service_id: str, body: Any) -> Request:
    """The call in a body. Raises `UnreadableInput`, `UnknownName`, `InvalidValue`; their messages quote no value."""
    service = service_of(service_id)
    if not isinstance(body, dict):
        raise UnreadableInput("body", "no JSON object", "a CDS Hooks request", "Send one request at a time.")
    if body.get("hook") != service.hook:
        raise UnknownName("hook", "another hook", service.hook, "Call the service that discovery lists for the hook.")
    context = _context(service, body.get("context"))
    prefetch = body.get("prefetch")
    if prefetch is not None and not isinstance(prefetch, dict):
        raise InvalidValue("prefetch", "no object", "keys with resources", "Leave out what was not fetched.")
    server, authorization = _server(body)
    return Request(
        service=service,
        instance=_text(body.get("hookInstance"), "hookInstance"),
        patient=plain_id(context["patientId"], "context.patientId"),
        encounter=plain_id(context["encounterId"], "context.encounterId") if context.get("encounterId") else "",
        user=_text(context["userId"], "context.userId").rstrip("/").split("/")[-2:][0],
        fhir_server=server,
        authorization=authorization,
        drafts=mapping(context.get("draftOrders")),
        selected=frozenset(plain_id(s, "context.selections") for s in items(context.get("selections"))),
        prefetch=mapping(prefetch),
    )


def _context(service: Service, context: Any) -> dict[str, Any]:
    if not isinstance(context, dict):
        raise InvalidValue("context", "no object", f"{', '.join(service.context)}", "Send the context of the hook.")
    for name in service.context:
        if not isinstance(context.get(name), _TYPES.get(name, (str, int))):
            expected = _WORDS.get(name, "an id")
            mend = f"The hook {service.hook} needs it."
            raise InvalidValue(f"context.{name}", "nothing, or another type", expected, mend)
    return context


def _server(body: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    server, granted = body.get("fhirServer"), body.get("fhirAuthorization")
    if granted is not None and not isinstance(granted, dict):
        raise InvalidValue("fhirAuthorization", "no object", "a token with its scope", "Leave it out if there is none.")
    if granted and not server:
        raise InvalidValue("fhirServer", "nothing", "its address, since fhirAuthorization is given", "Send both.")
    return (_text(server, "fhirServer") if server is not None else None), mapping(granted)


def _text(value: Any, where: str) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else word(value)
    if not text or len(text) > _LONGEST:
        raise InvalidValue(where, "nothing, too much, or another type", "a short text", "Send what the hook defines.")
    return text


def plain_id(value: Any, where: str) -> str:
    """The id in ``Patient/1``, ``1``, 1, an absolute address or an urn:uuid."""
    found = tail(plain_reference(_text(value, where)))
    if not found:
        raise InvalidValue(where, "no id", "an id or reference", "Send what the hook defines.")
    return found
