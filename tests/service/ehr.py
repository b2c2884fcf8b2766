"""A small EHR: FHIR and SMART authorisation server in one, strict about what the specification asks of clients."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

ISS = "https://ehr.example/fhir"
AUTH = "https://login.ehr.example"
CLIENT = "soleus-desk"
PATIENT = "pat-1"
RECORD: dict[str, list[dict[str, Any]]] = {
    "Patient": [{"resourceType": "Patient", "id": PATIENT, "gender": "female", "birthDate": "1959-05-02"}],
    "Condition": [
        {
            "resourceType": "Condition",
            "id": "c1",
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "G47.62"}]},
            "subject": {"reference": f"Patient/{PATIENT}"},
        }
    ],
    "MedicationRequest": [
        {
            "resourceType": "MedicationRequest",
            "id": "m1",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"text": "furosemide"},
            "subject": {"reference": f"Patient/{PATIENT}"},
        }
    ],
    "DocumentReference": [
        {
            "resourceType": "DocumentReference",
            "id": "d1",
            "status": "current",
            "subject": {"reference": f"Patient/{PATIENT}"},
            "content": [
                {
                    "attachment": {
                        "contentType": "text/plain",
                        "data": base64.b64encode(
                            b"Painful cramp in her calf at night, relieved by stretching."
                        ).decode(),
                    }
                }
            ],
        }
    ],
}


@dataclass
class Ehr:
    """``granted``: the kinds that the person allows to read (None: all that were asked)."""

    granted: set[str] | None = None
    pkce: bool = True
    patient: str | None = PATIENT
    secret: str | None = None
    public_key: Any = None  # of a client that signs assertions
    claims: dict[str, Any] = field(default_factory=dict)  # what the ID token says otherwise
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))
    signing_key: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/fhir/.well-known/smart-configuration", self.configuration),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/jwks", self.jwks),
                Route("/fhir/{kind}/{id}", self.read),
                Route("/fhir/{kind}", self.search),
            ]
        )

    async def configuration(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": AUTH,
                "jwks_uri": f"{AUTH}/jwks",
                "authorization_endpoint": f"{AUTH}/authorize",
                "token_endpoint": f"{AUTH}/token",
                "capabilities": ["launch-ehr", "launch-standalone", "client-public", "sso-openid-connect"],
                "code_challenge_methods_supported": ["S256"] if self.pkce else ["plain"],
            }
        )

    def allow(self, url: str) -> str:
        """What the browser does at the authorisation endpoint: the address that it is sent back to."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{AUTH}/authorize"
        told = {k: v[0] for k, v in parse_qs(parts.query, strict_parsing=True).items()}
        assert told["response_type"] == "code"
        assert told["client_id"] == CLIENT
        assert told["aud"] == ISS
        assert told["code_challenge_method"] == "S256"
        assert len(told["state"]) >= 32
        code = secrets.token_urlsafe(16)
        self.codes[code] = told
        return f"{told['redirect_uri']}?{urlencode({'code': code, 'state': told['state'], 'iss': AUTH})}"

    async def authorize(self, request: Request) -> Response:
        return RedirectResponse(self.allow(str(request.url)))

    async def token(self, request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        told = self.codes.pop(form.get("code", ""), None)
        if told is None or not self._client(request, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == told["code_challenge"]
        if not proven or form["redirect_uri"] != told["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = secrets.token_urlsafe(16)
        asked = {s.split("/")[1].split(".")[0] for s in told["scope"].split() if s.startswith("patient/")}
        self.tokens[token] = asked if self.granted is None else asked & self.granted
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": told["scope"]}
        if self.patient is not None:
            answer["patient"] = self.patient
        return JSONResponse(answer | {"id_token": self._id_token(told)})

    def _client(self, request: Request, form: dict[str, str]) -> bool:
        if self.secret is not None:
            pair = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
            return request.headers.get("authorization") == f"Basic {pair}"
        if self.public_key is not None:
            claims = jwt.decode(form["client_assertion"], self.public_key, ["ES384"], audience=f"{AUTH}/token")
            return bool(claims["iss"] == claims["sub"] == CLIENT)
        return form.get("client_id") == CLIENT

    def _id_token(self, told: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": AUTH, "sub": "dr-1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": told["nonce"]}
        return jwt.encode(claims | self.claims, self.signing_key or self.key, "ES384", {"kid": "k1"})

    async def jwks(self, _: Request) -> Response:
        one = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return JSONResponse({"keys": [one | {"kid": "k1", "use": "sig", "alg": "ES384"}]})

    def _may(self, request: Request, kind: str) -> bool:
        self.asked.append(request.url.path)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return kind in self.tokens.get(token, set()) and kind not in self.broken

    async def read(self, request: Request) -> Response:
        kind, id = request.path_params["kind"], request.path_params["id"]
        if not self._may(request, kind):
            return JSONResponse({"resourceType": "OperationOutcome"}, 403)
        found = [r for r in RECORD.get(kind, []) if r["id"] == id]
        return JSONResponse(found[0]) if found else JSONResponse({"resourceType": "OperationOutcome"}, 404)

    async def search(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if not self._may(request, kind) or request.query_params.get("patient") != PATIENT:
            return JSONResponse({"resourceType": "OperationOutcome"}, 403)
        entry = [{"resource": r} for r in RECORD.get(kind, [])]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entry)}
        return JSONResponse(bundle | ({"entry": entry} if entry else {}))
