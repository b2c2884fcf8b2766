"""SMART App Launch 2.2: the case desk opened from an EHR, or by itself on a patient of an EHR.

What is secret between the two halves of a launch (state, PKCE verifier, nonce) travels in a sealed cookie of the
browser that began it, so any worker can finish it and nothing has to be kept. The access token lives for one callback:
the record is read, the desk is shown, the token is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from soleus.errors import ServiceError
from soleus.service import id_tokens
from soleus.service.code_flow import CodeFlow, address, challenge, exchange, fresh_secrets
from soleus.service.outside import Outside, is_safe
from soleus.service.smart_clients import SmartClient
from soleus.storage import Repository

_FLOW = CodeFlow(
    "launch",
    "server",
    "Start the launch again from the EHR.",
    lambda: ServiceError("EHR", "that access was not given", "access", "Launch again and allow it."),
)
LAUNCH_S = 600  # from the redirect to the EHR until the callback
_RESOURCES = (
    "Patient", "Condition", "MedicationRequest", "MedicationStatement", "Observation", "AllergyIntolerance",
    "Procedure", "DocumentReference", "QuestionnaireResponse",
)  # fmt: skip
_MOST_PAGES = 3  # of one kind of resource


class Pending(Struct, frozen=True, kw_only=True):
    """A launch that waits for its callback."""

    iss: str
    state: str
    verifier: str
    nonce: str
    token_endpoint: str
    issuer: str  # of the tokens: the server itself unless its configuration names another
    jwks_uri: str | None
    until: float


@dataclass(frozen=True)
class Redirect:
    url: str
    pending: Pending


@dataclass(frozen=True)
class Record:
    """What was read of a patient: a Bundle, the server it came from, and the kinds that it did not let us read."""

    bundle: dict[str, Any]
    server: str
    unread: tuple[str, ...]


def scopes(launch: bool) -> str:
    """The least that the desk needs: to read, nothing more; no access when the person is gone."""
    context = "launch" if launch else "launch/patient"
    return " ".join([context, "openid", "fhirUser", *(f"patient/{kind}.rs" for kind in _RESOURCES)])


async def begin(client: SmartClient, launch: str | None, redirect_uri: str, outside: Outside, now: float) -> Redirect:
    """Where to send the browser. Raises `ServiceError` where the server is no SMART server with PKCE."""
    found = await configuration(client, outside)
    pending = Pending(
        iss=client.iss,
        **fresh_secrets(),
        token_endpoint=found["token_endpoint"],
        issuer=str(found.get("issuer") or client.iss).rstrip("/"),
        jwks_uri=found.get("jwks_uri"),
        until=now + LAUNCH_S,
    )
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": client.scope or scopes(launch is not None),
        "state": pending.state,
        "aud": client.iss,
        "nonce": pending.nonce,
        "code_challenge": challenge(pending.verifier),
        "code_challenge_method": "S256",
        **({"launch": launch} if launch is not None else {}),
    }
    return Redirect(address(found["authorization_endpoint"], asked), pending)


async def configuration(client: SmartClient, outside: Outside) -> dict[str, Any]:
    """The server's ``.well-known/smart-configuration``, checked for what we need."""
    found = await outside.get(f"{client.iss}/.well-known/smart-configuration", bases=[client.iss])
    told = found if isinstance(found, dict) else {}
    for name in ("authorization_endpoint", "token_endpoint"):
        if not isinstance(told.get(name), str) or not is_safe(told[name]) or "#" in told[name]:
            raise ServiceError("smart-configuration", f"no {name} over HTTPS", "one", "Ask who runs the server.")
    if "S256" not in (told.get("code_challenge_methods_supported") or ()):
        raise ServiceError("smart-configuration", "no PKCE with S256", "it", "Ask who runs the server.")
    return told


async def finish(
    client: SmartClient,
    pending: Pending | None,
    answer: Mapping[str, str],
    redirect_uri: str,
    outside: Outside,
    store: Repository,
    now: float,
) -> Record:
    """The record of the patient in context. Raises `Refused` for an answer to another launch, `ServiceError`."""
    pending = _FLOW.fitting(pending, answer, lambda p, iss: iss is None or iss.rstrip("/") == p.issuer, now)
    await _FLOW.used_once(store, f"smart {client.iss}", pending)
    token = await _token(client, pending, answer["code"], redirect_uri, outside)
    if "id_token" in token:
        expected = id_tokens.Expected(client.client_id, pending.issuer, pending.jwks_uri, pending.nonce)
        await id_tokens.check(token["id_token"], expected, outside, now)
    patient = token.get("patient")
    if not isinstance(patient, str) or not _is_id(patient):
        raise ServiceError("token", "no patient in context", "a patient", "Choose a patient in the EHR, then launch.")
    return await _record(client, patient, str(token["access_token"]), outside)


async def _token(
    client: SmartClient, pending: Pending, code: str, redirect_uri: str, outside: Outside
) -> dict[str, Any]:
    endpoint = pending.token_endpoint
    form, headers = client.assertion(endpoint), client.authorization()
    told = await exchange(outside, endpoint, code, pending.verifier, redirect_uri, form, headers)
    if not isinstance(told.get("access_token"), str) or str(told.get("token_type", "")).lower() != "bearer":
        raise ServiceError("token endpoint", "no bearer token", "one", "Ask who runs the server.")
    return told


async def _record(client: SmartClient, patient: str, token: str, outside: Outside) -> Record:
    entries: list[dict[str, Any]] = []
    unread: list[str] = []
    for kind in _RESOURCES:
        try:
            entries += await _resources(client, kind, patient, token, outside)
        except ServiceError:
            if kind == "Patient":  # without the person no record can be told apart from another's
                raise
            unread.append(kind)
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": e} for e in entries]}
    return Record(bundle, urlsplit(client.iss).hostname or client.iss, tuple(unread))


async def _resources(
    client: SmartClient, kind: str, patient: str, token: str, outside: Outside
) -> list[dict[str, Any]]:
    if kind == "Patient":
        return [_of_kind(await outside.get(f"{client.iss}/Patient/{patient}", bases=[client.iss], token=token), kind)]
    url: str | None = f"{client.iss}/{kind}?patient={quote(patient)}"
    out: list[dict[str, Any]] = []
    for _ in range(_MOST_PAGES):
        page = _of_kind(await outside.get(str(url), bases=[client.iss], token=token), "Bundle")
        found = [e.get("resource") for e in page.get("entry") or [] if isinstance(e, dict)]
        out += [r for r in found if isinstance(r, dict) and r.get("resourceType") == kind]
        url = next(
            (str(k.get("url")) for k in page.get("link") or [] if isinstance(k, dict) and k.get("relation") == "next"),
            None,
        )
        if not url:
            break
    return out


def _of_kind(found: Any, kind: str) -> dict[str, Any]:
    if not isinstance(found, dict) or found.get("resourceType") != kind:
        raise ServiceError("FHIR server", "another kind of resource", f"a {kind}", "Ask who runs the server.")
    return found


def _is_id(text: str) -> bool:
    """FHIR's id: letters, digits, hyphens and dots, at most 64."""
    return 0 < len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-.") for c in text)
