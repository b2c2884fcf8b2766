"""A small OpenID provider, strict about what the specification asks of clients, that can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ISSUER = "https://login.clinic.example/realm"
CLIENT = "soleus-pages"


@dataclass
class OpenIdProvider:
    """``claims``: what the ID token says beside the usual, or otherwise; ``now``: its clock (seconds since 1970)."""

    now: float
    claims: dict[str, Any] = field(default_factory=dict)
    secret: str | None = None
    ways: tuple[str, ...] = ("client_secret_basic",)
    algorithm: str = "ES256"
    tells: dict[str, Any] = field(default_factory=dict)  # what the configuration says otherwise
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    signing_key: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/realm/.well-known/openid-configuration", self.configuration),
                Route("/realm/token", self.token, methods=["POST"]),
                Route("/realm/keys", self.keys),
            ]
        )

    async def configuration(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        told = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": list(self.ways),
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse({k: v for k, v in (told | self.tells).items() if v is not None})

    def allow(self, url: str, **otherwise: str) -> str:
        """What the browser does at the authorisation endpoint: the address that it is sent back to."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ISSUER}/authorize"
        told = {k: v[0] for k, v in parse_qs(parts.query, strict_parsing=True).items()}
        assert told["response_type"] == "code"
        assert told["client_id"] == CLIENT
        assert "openid" in told["scope"].split()
        assert told["code_challenge_method"] == "S256"
        assert len(told["state"]) >= 32
        assert len(told["nonce"]) >= 32
        code = secrets.token_urlsafe(16)
        self.codes[code] = told
        answer = {"code": code, "state": told["state"], "iss": ISSUER} | otherwise
        return f"{told['redirect_uri']}?{urlencode({k: v for k, v in answer.items() if v})}"

    async def token(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        code = form.get("code", "")
        told = self.codes.pop(code, None)
        if told is None or not self._is_client(request, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == told["code_challenge"]
        if not proven or form["redirect_uri"] != told["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "unused", "token_type": "Bearer", "expires_in": 300, "id_token": self.id_token(told)}
        )

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        if self.secret is None:
            return form.get("client_id") == CLIENT and "client_secret" not in form
        if "client_secret_basic" in self.ways:
            pair = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
            return request.headers.get("authorization") == f"Basic {pair}"
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT, self.secret)

    def id_token(self, told: dict[str, str]) -> str:
        now = int(self.now)
        usual = {
            "iss": ISSUER,
            "sub": "person-1",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": told["nonce"],
            "name": "Ann Example",
            "email": "ann@clinic.example",
            "email_verified": True,
        }
        claims = {k: v for k, v in (usual | self.claims).items() if v is not None}
        if self.algorithm == "none":
            return jwt.encode(claims, None, "none")  # type: ignore[arg-type]
        if self.algorithm == "HS256":  # a public key taken for a shared secret
            public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return jwt.encode(claims, public, "HS256", {"kid": "k1"})
        return jwt.encode(claims, self.signing_key or self.key, self.algorithm, {"kid": "k1"})

    def _jwk(self) -> dict[str, Any]:
        one: dict[str, Any] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return one | {"kid": "k1", "use": "sig", "alg": "ES256"}

    async def keys(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse({"keys": [self._jwk()]})
