"""Who calls a hook: the JSON Web Token by which a CDS client says who it is, on every call.

Only issuers of the settings are known; their keys are in the settings, or at the one address (jku) that stands there.
What a token says of itself decides nothing: neither the algorithm nor the place of the key is taken from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import jwt
import msgspec
from msgspec import Meta, Struct

from soleus.clinical.reading import parse_tree, read_text
from soleus.errors import InputError, InvalidValue, ServiceError, UsageError
from soleus.service.outside import Outside, is_safe
from soleus.service.problems import Refused
from soleus.service.services import Clock
from soleus.service.work import Work
from soleus.storage import Repository

ALGORITHMS = ("ES384", "RS384")
LEEWAY_S = 10  # clients round up, and clocks differ
LONGEST_S = 24 * 3600  # a token that lasts longer is refused: its use would have to be remembered as long
_KEYS_LAST_S = 300
_KEYS_RETRY_S = 30  # a key that is not known makes us look again, but no more often than this
_MOST_TOKEN = 8_000  # characters
_LEAST_RSA_BITS = 2048
_SETTING, _SEE = "SOLEUS_CDS_CLIENTS", "See docs/settings.md."


class HookClient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One client: who it says it is, its keys or the address of them, and the FHIR servers that it may let us read."""

    iss: Annotated[str, Meta(min_length=1, max_length=300)]
    jku: str | None = None
    jwks: dict[str, Any] | None = None
    fhir_servers: tuple[str, ...] = ()


def load(path: Path | None) -> dict[str, HookClient]:
    """iss -> client. Raises `UsageError` for a file that cannot be read."""
    if path is None:
        return {}
    try:
        tree = parse_tree(read_text(path), path.name)
        listed = tree.get("clients") if isinstance(tree, dict) else tree
        found = msgspec.convert(listed, list[HookClient])
    except InputError as error:
        raise UsageError(_SETTING, error.found, error.expected, error.repair) from None
    except msgspec.ValidationError:
        raise UsageError(_SETTING, "another form", "a list with iss, and jku or jwks", _SEE) from None
    for client in found:
        _check(client)
    return {c.iss: c for c in found}


def _check(client: HookClient) -> None:
    if (client.jku is None) == (client.jwks is None):
        raise UsageError(_SETTING, "both jku and jwks, or neither", "one of them for each client", _SEE)
    if client.jku is not None and not is_safe(client.jku):
        raise UsageError(_SETTING, "a jku that cannot be", "an address with https", _SEE)
    if client.jwks is not None and not _usable(client.jwks):
        raise UsageError(_SETTING, "jwks without a key for ES384 or RS384", "public keys with their kid", _SEE)
    if not all(is_safe(s) for s in client.fhir_servers):
        raise UsageError(_SETTING, "a FHIR server that cannot be", "addresses with https", _SEE)


def _usable(tree: Any) -> dict[str, jwt.PyJWK]:
    """kid -> key, of the public keys for our algorithms in a JWK set; others are passed over."""
    keys = tree.get("keys") if isinstance(tree, dict) else None
    out: dict[str, jwt.PyJWK] = {}
    for key in keys if isinstance(keys, list) else ():
        algorithm = _algorithm(key) if isinstance(key, dict) else None
        if algorithm and isinstance(key.get("kid"), str):
            try:
                found = jwt.PyJWK(key, algorithm)
            except (jwt.PyJWTError, ValueError, TypeError, KeyError):
                continue
            if algorithm == "ES384" or found.key.key_size >= _LEAST_RSA_BITS:
                out[key["kid"]] = found
    return out


def _algorithm(key: Mapping[str, Any]) -> str | None:
    """The algorithm that a key is for, by its type; never by what a token says."""
    if key.get("kty") == "EC" and key.get("crv") == "P-384":
        found = "ES384"
    elif key.get("kty") == "RSA":
        found = "RS384"
    else:
        return None
    fits = key.get("alg") in (None, found) and key.get("use") in (None, "sig") and "d" not in key
    return found if fits else None


@dataclass
class _Known:
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    read_at: float = float("-inf")
    tried_at: float = float("-inf")


class ClientTokens:
    """Verifies the tokens of the clients of the settings."""

    def __init__(
        self, clients: Mapping[str, HookClient], store: Repository, outside: Outside, clock: Clock, work: Work
    ) -> None:
        self._clients, self._store, self._outside, self._clock, self._work = clients, store, outside, clock, work
        self._known: dict[str, _Known] = {}

    async def verify(self, header: str | None, audiences: tuple[str, ...]) -> HookClient:
        """The client that a header names. ``audiences``: the addresses of the endpoint that is called.

        Raises `Refused` (401) for a token that is missing, wrong, over, not for us, or used before.
        """
        token = _token(header)
        told, claims = _unverified(token)
        client = self._clients.get(claims["iss"]) if isinstance(claims.get("iss"), str) else None
        if client is None:
            raise _refused("an issuer that is not known")
        if client.jku is not None and told.get("jku", client.jku) != client.jku:
            raise _refused("keys from another address than that of the client")
        key = await self._key(client, told["kid"])
        proven = _proven(token, key, audiences)
        now = self._clock().timestamp()
        _check_times(proven, now)
        await self._once(client, proven, now)
        return client

    async def _key(self, client: HookClient, kid: str) -> jwt.PyJWK:
        keys = _usable(client.jwks) if client.jwks is not None else await self._fetched(client.jku or "", kid)
        if kid not in keys:
            raise _refused("a key that the client does not have")
        return keys[kid]

    async def _fetched(self, jku: str, kid: str) -> dict[str, jwt.PyJWK]:
        """The keys at the address of a client, read again when they are old or lack the key, but not too often."""
        known, now = self._known.setdefault(jku, _Known()), self._clock().timestamp()
        fresh = kid in known.keys and now - known.read_at < _KEYS_LAST_S
        if fresh or now - known.tried_at < _KEYS_RETRY_S:
            return known.keys
        known.tried_at = now
        try:
            found = _usable(await self._outside.get(jku, bases=[jku]))
        except ServiceError:
            raise _refused("keys that could not be read", "The client's jku has to answer.") from None
        known.keys, known.read_at = found, now
        return found

    async def _once(self, client: HookClient, claims: Mapping[str, Any], now: float) -> None:
        until = float(claims["exp"]) + 2 * LEEWAY_S
        first = await self._work.run(self._store.first_use, client.iss, claims["jti"], max(until, now))
        if not first:
            raise _refused("one that was used before", "Make a token for each call.")


def _token(header: str | None) -> str:
    kind, _, token = (header or "").strip().partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise _refused("none", "Send the client's token as Authorization: Bearer.", error=None)
    if len(token) > _MOST_TOKEN:
        raise _refused("one that is too long")
    return token.strip()


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they say of themselves: only to find the client and to refuse."""
    try:
        told = jwt.get_unverified_header(token)
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _refused("no token") from None
    if told.get("alg") not in ALGORITHMS:
        raise _refused("another algorithm", f"Sign with {' or '.join(ALGORITHMS)}.")
    if str(told.get("typ", "")).upper() != "JWT":
        raise _refused("another type", "Set typ to JWT.")
    if not isinstance(told.get("kid"), str) or not told["kid"]:
        raise _refused("no kid", "Name the key by its kid.")
    return told, claims


def _proven(token: str, key: jwt.PyJWK, audiences: tuple[str, ...]) -> dict[str, Any]:
    """The claims, with signature, audience and form checked; times are checked by our own clock."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=audiences,
            options={
                "require": ["iss", "aud", "exp", "iat", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidAudienceError:
        raise _refused("one for another address", "Set aud to the address that is called.") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise _refused("one that cannot be verified") from None
    if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= 300:
        raise _refused("no jti", "Give each token a jti of its own.")
    return claims


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    times = {name: claims.get(name, now) for name in ("exp", "iat", "nbf")}
    if not all(isinstance(t, (int, float)) and not isinstance(t, bool) and abs(t) < 1e12 for t in times.values()):
        raise _refused("times that are none")
    if times["exp"] + LEEWAY_S <= now:
        raise _refused("one that is over")
    if times["iat"] > now + LEEWAY_S or times["nbf"] > now + LEEWAY_S:
        raise _refused("one that is not valid yet", "Set the clock of the client.")
    if times["exp"] > now + LONGEST_S:
        raise _refused("one that lasts too long", "Let it last five minutes.")


def _refused(found: str, repair: str = "See docs/settings.md.", error: str | None = "invalid_token") -> Refused:
    """401 with the challenge of RFC 6750."""
    challenge = 'Bearer realm="cds-services"' + (f', error="{error}"' if error else "")
    fault = InvalidValue("Authorization", found, "a token of a client of the settings", repair)
    return Refused(401, fault, {"www-authenticate": challenge})
