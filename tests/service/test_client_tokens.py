"""Tokens of CDS clients: who is let in, and every way of not being let in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from soleus.errors import UsageError
from soleus.service import client_tokens
from soleus.service.app import create_app
from soleus.service.client_tokens import load
from soleus.service.outside import Outside
from soleus.service.problems import Refused
from soleus.service.settings import Settings
from tests.interop.bundles import patient
from tests.interop.cds_hooks.calls import CRAMPS, draft, request
from tests.service.conftest import NOW, Serve

ISS, JKU = "https://ehr.example/fhir", "https://ehr.example/jwks.json"
FIXED = "https://fixed.example"
DISCOVERY = "http://localhost:8000/cds-services"
SIGN = f"{DISCOVERY}/soleus-order-sign"
EC_KEY = ec.generate_private_key(ec.SECP384R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


def public(key: Any, kid: str, alg: str) -> dict[str, Any]:
    made = jwt.get_algorithm_by_name(alg).to_jwk(key.public_key())
    told: dict[str, Any] = json.loads(made) if isinstance(made, str) else dict(made)
    return {"kid": kid, "alg": alg, "use": "sig", **{k: v for k, v in told.items() if k != "key_ops"}}


@dataclass
class Ehr:
    """A CDS client: signs tokens, and answers at its jku."""

    asked: list[str] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(
        default_factory=lambda: [public(EC_KEY, "ec", "ES384"), public(RSA_KEY, "rsa", "RS384")]
    )
    up: bool = True

    def answer(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append(str(asked.url))
        return httpx.Response(200 if self.up else 500, json={"keys": self.keys})

    def token(self, alg: str = "ES384", header: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(NOW.timestamp())
        told = {"iss": ISS, "aud": SIGN, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4()), **claims}
        key, kid = (EC_KEY, "ec") if alg == "ES384" else (RSA_KEY, "rsa")
        more = {"kid": kid, "jku": JKU, "typ": "JWT", **(header or {})}
        return jwt.encode(
            {k: v for k, v in told.items() if v is not None}, key, alg, {k: v for k, v in more.items() if v is not None}
        )


@pytest.fixture
def ehr() -> Ehr:
    return Ehr()


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    path = tmp_path / "clients.json"
    fixed = {"iss": FIXED, "jwks": {"keys": [public(EC_KEY, "ec", "ES384")]}}
    path.write_text(json.dumps([{"iss": ISS, "jku": JKU, "fhir_servers": [ISS]}, fixed]), encoding="utf-8")
    return path


@pytest.fixture
def closed(serve: Serve, ehr: Ehr, clients: Path) -> TestClient:
    return serve(outside=Outside(httpx.MockTransport(ehr.answer)), cds_auth="jwt", cds_clients=clients)


def call(client: TestClient, token: str | None, path: str = "/soleus-order-sign") -> Any:
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    return client.post("/cds-services" + path, json=request("order-sign", CRAMPS, draft("quinine")), headers=headers)


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_a_good_token_is_let_in(closed: TestClient, ehr: Ehr, alg: str) -> None:
    found = call(closed, ehr.token(alg))
    assert found.status_code == 200
    assert len(found.json()["cards"]) == 1


def test_keys_may_stand_in_the_settings(closed: TestClient, ehr: Ehr) -> None:
    assert call(closed, ehr.token(iss=FIXED, header={"jku": None})).status_code == 200
    assert ehr.asked == []


def test_a_clock_that_is_a_second_fast_is_let_in(closed: TestClient, ehr: Ehr) -> None:
    assert call(closed, ehr.token(iat=int(NOW.timestamp()) + 1)).status_code == 200


def test_several_audiences_and_a_jku_left_out_are_let_in(closed: TestClient, ehr: Ehr) -> None:
    assert call(closed, ehr.token(aud=["https://other.example", SIGN])).status_code == 200
    assert call(closed, ehr.token(header={"jku": None})).status_code == 200


def unsigned(ehr: Ehr, alg: str = "none") -> str:
    head, body, _ = ehr.token().split(".")
    header = {**json.loads(base64.urlsafe_b64decode(head + "==")), "alg": alg}
    return f"{base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip('=')}.{body}."


def confused(ehr: Ehr) -> str:
    """Signed by HMAC with the public key, which everybody knows, as the secret."""
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = unsigned(ehr, "HS384").rstrip(".")
    mac = hmac.new(pem, body.encode(), hashlib.sha384).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


BAD: dict[str, Callable[[Ehr], str]] = {
    "none": unsigned,
    "no signature": lambda e: unsigned(e, "ES384"),
    "hmac": confused,
    "another algorithm of the key": lambda e: e.token("RS256"),
    "other audience": lambda e: e.token(aud=DISCOVERY),
    "audience with a slash": lambda e: e.token(aud=SIGN + "/"),
    "no audience": lambda e: e.token(aud=None),
    "over": lambda e: e.token(exp=int(NOW.timestamp()) - 60),
    "no end": lambda e: e.token(exp=None),
    "endless": lambda e: e.token(exp=int(NOW.timestamp()) + 10**7),
    "no number": lambda e: e.token(exp=True),
    "of the future": lambda e: e.token(iat=int(NOW.timestamp()) + 600),
    "not yet": lambda e: e.token(nbf=int(NOW.timestamp()) + 600),
    "no iat": lambda e: e.token(iat=None),
    "no jti": lambda e: e.token(jti=None),
    "empty jti": lambda e: e.token(jti=""),
    "no kid": lambda e: e.token(header={"kid": None}),
    "unknown kid": lambda e: e.token(header={"kid": "nobody"}),
    "no issuer": lambda e: e.token(iss=None),
    "unknown issuer": lambda e: e.token(iss="https://evil.example"),
    "no typ": lambda e: e.token(header={"typ": "at+jwt"}),
    "other kind of key": lambda e: e.token("RS384", header={"kid": "ec"}),
    "garbage": lambda e: "a.b.c",  # noqa: ARG005
    "huge": lambda e: e.token(note="x" * 9_000),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_in_words(closed: TestClient, ehr: Ehr, name: str) -> None:
    found = call(closed, BAD[name](ehr))
    assert found.status_code == 401
    assert found.headers["www-authenticate"] == 'Bearer realm="cds-services", error="invalid_token"'
    assert found.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dXNlcjpwYXNz"])
def test_without_a_token_one_is_asked_for(closed: TestClient, header: str | None) -> None:
    found = closed.get("/cds-services", headers={"authorization": header} if header is not None else {})
    assert (found.status_code, found.headers["www-authenticate"]) == (401, 'Bearer realm="cds-services"')


def test_every_endpoint_wants_its_own_token(closed: TestClient, ehr: Ehr) -> None:
    def headers(aud: str) -> dict[str, str]:
        return {"authorization": f"Bearer {ehr.token(aud=aud)}"}

    assert closed.get("/cds-services", headers=headers(SIGN)).status_code == 401
    assert closed.get("/cds-services", headers=headers(DISCOVERY)).status_code == 200
    path = "/cds-services/soleus-order-sign/feedback"
    body: dict[str, Any] = {"feedback": []}
    assert closed.post(path, json=body).status_code == 401
    assert closed.post(path, json=body, headers=headers(SIGN)).status_code == 401
    assert closed.post(path, json=body, headers=headers(f"{SIGN}/feedback")).status_code == 200


def test_a_token_is_good_for_one_call(closed: TestClient, ehr: Ehr) -> None:
    token = ehr.token()
    assert [call(closed, token).status_code for _ in range(3)] == [200, 401, 401]


@pytest.mark.parametrize(
    "jku",
    ["https://evil.example/jwks.json", "http://127.0.0.1:8000/x", JKU + "?x", JKU.upper(), "file:///etc/passwd", 7],
)
def test_keys_are_never_fetched_from_where_a_token_says(closed: TestClient, ehr: Ehr, jku: Any) -> None:
    assert call(closed, ehr.token(header={"jku": jku})).status_code == 401
    assert ehr.asked == []


def test_a_token_used_at_one_worker_is_refused_by_the_next(tmp_path: Path, ehr: Ehr, clients: Path) -> None:
    given: dict[str, Any] = {"data": tmp_path, "cds_auth": "jwt", "cds_clients": clients}
    door, token, found = Outside(httpx.MockTransport(ehr.answer)), ehr.token(), []
    for _ in range(2):  # each with its own connection to the same file
        app = create_app(Settings(**given), clock=lambda: NOW, outside=door)
        with TestClient(app, base_url="http://localhost:8000") as worker:
            found.append(call(worker, token).status_code)
    assert found == [200, 401]


def test_a_key_inside_the_token_is_not_used(closed: TestClient, ehr: Ehr) -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    now = int(NOW.timestamp())
    token = jwt.encode(
        {"iss": ISS, "aud": SIGN, "iat": now, "exp": now + 300, "jti": "x"}, other, "ES384",
        {"kid": "ec", "jku": JKU, "jwk": public(other, "ec", "ES384")},
    )  # fmt: skip
    assert call(closed, token).status_code == 401
    assert ehr.asked == [JKU]


def test_keys_are_kept_and_an_unknown_one_does_not_make_us_ask_at_once(closed: TestClient, ehr: Ehr) -> None:
    for _ in range(3):
        assert call(closed, ehr.token()).status_code == 200
        assert call(closed, ehr.token(header={"kid": "nobody"})).status_code == 401
    assert ehr.asked == [JKU]


def test_keys_that_cannot_be_read_let_nobody_in(closed: TestClient, ehr: Ehr) -> None:
    ehr.up = False
    assert call(closed, ehr.token()).status_code == 401


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "kid": "ec", "k": "c2VjcmV0", "alg": "HS384"},
        {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-384", "kid": "ec", "x": "AA", "y": "AA"},
        {"kty": "RSA", "kid": "ec"},
        "x",
    ],
)
def test_a_key_that_does_not_fit_is_none(closed: TestClient, ehr: Ehr, key: Any) -> None:
    ehr.keys = [key]
    assert call(closed, ehr.token()).status_code == 401


def test_a_short_key_is_none() -> None:
    short = public(rsa.generate_private_key(65537, 1024), "short", "RS384")
    assert client_tokens._usable({"keys": [short, public(RSA_KEY, "rsa", "RS384")]}).keys() == {"rsa"}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_as_a_token_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        client_tokens._unverified(client_tokens._token(f"Bearer x{text}"))
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "told",
    [
        "[{iss: https://a.example}]",
        "[{iss: https://a.example, jku: 'http://a.example/jwks'}]",
        "[{iss: https://a.example, jwks: {keys: []}}]",
        "[{iss: https://a.example, jku: 'https://a.example/k', jwks: {keys: []}}]",
        "[{iss: https://a.example, jku: 'https://a.example/k', fhir_servers: ['ftp://a.example']}]",
        "[{iss: https://a.example, jku: 'https://a.example/k', secret: x}]",
        "clients: 7",
        "{",
    ],
)
def test_clients_that_cannot_be_are_named_before_the_service_starts(tmp_path: Path, told: str) -> None:
    path = tmp_path / "clients.yaml"
    path.write_text(told, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load(path)
    assert "SOLEUS_CDS_CLIENTS" in str(error.value)


def test_clients_may_be_yaml(tmp_path: Path) -> None:
    path = tmp_path / "clients.yaml"
    path.write_text("clients:\n- {iss: https://a.example, jku: 'https://a.example/k'}\n", encoding="utf-8")
    assert load(path)["https://a.example"].jku == "https://a.example/k"
    assert load(None) == {}


def test_a_server_is_read_only_for_the_client_whose_it_is(closed: TestClient, ehr: Ehr) -> None:
    body = {**request("patient-view", {"patient": patient()}), "fhirServer": "https://elsewhere.example/fhir"}
    aud = f"{DISCOVERY}/soleus-patient-view"
    path = "/cds-services/soleus-patient-view"
    found = closed.post(path, json=body, headers={"authorization": f"Bearer {ehr.token(aud=aud)}"})
    assert found.status_code == 412
    assert ehr.asked == [JKU]
    closed.post(path, json={**body, "fhirServer": ISS}, headers={"authorization": f"Bearer {ehr.token(aud=aud)}"})
    assert f"{ISS}/Condition?patient=p&_count=200" in ehr.asked
