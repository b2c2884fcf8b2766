"""Who signed in at another service: the ID token of OpenID Connect, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from soleus.errors import InvalidValue, ServiceError
from soleus.service.outside import Outside, is_safe
from soleus.service.problems import Refused

ALGORITHMS = ("RS256", "RS384", "ES256", "ES384")
LEEWAY_S = 10


@dataclass(frozen=True)
class Expected:
    """What the token must say, and where its keys are (None: where the issuer's configuration says)."""

    client_id: str
    issuer: str
    jwks_uri: str | None
    nonce: str


async def check(token: Any, expected: Expected, outside: Outside, now: float) -> dict[str, Any]:
    """The claims of the token. Raises `Refused` for one that does not fit, `ServiceError` where no keys are found."""
    keys = await _keys(expected, outside)
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        fitting = [k for k in keys if kid is None or k.key_id == kid]
        if len(fitting) != 1:
            raise jwt.InvalidTokenError
        claims: dict[str, Any] = jwt.decode(
            token,
            fitting[0],
            algorithms=ALGORITHMS,
            audience=expected.client_id,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "sub", "aud"], "verify_exp": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, TypeError, ValueError):
        raise _refused("one that cannot be verified") from None
    _fits(claims, expected, now)
    return claims


def _fits(claims: dict[str, Any], expected: Expected, now: float) -> None:
    if claims.get("nonce") != expected.nonce:
        raise _refused("the nonce of another start")
    if str(claims["iss"]).rstrip("/") != expected.issuer:
        raise _refused("that of another server")
    if not isinstance(claims["exp"], (int, float)) or claims["exp"] + LEEWAY_S <= now:
        raise _refused("one that is over")


async def _keys(expected: Expected, outside: Outside) -> list[jwt.PyJWK]:
    address: Any = expected.jwks_uri
    if address is None:
        issuer = expected.issuer
        found = await outside.get(f"{issuer}/.well-known/openid-configuration", bases=[issuer])
        address = found.get("jwks_uri") if isinstance(found, dict) else None
    if not isinstance(address, str) or not is_safe(address):
        raise ServiceError("openid-configuration", "no jwks_uri over HTTPS", "one", "Ask who runs the server.")
    told = await outside.get(address, bases=[address])
    try:
        return jwt.PyJWKSet.from_dict(told).keys
    except (jwt.PyJWTError, AttributeError, TypeError):
        raise ServiceError("jwks_uri", "no keys", "a JWK set", "Ask who runs the server.") from None


def _refused(found: str) -> Refused:
    return Refused(400, InvalidValue("id_token", found, "the token of this sign-in", "Start again."))
