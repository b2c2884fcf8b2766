"""The SMART servers of the settings: which may launch the desk, and as whom it signs in there."""

from __future__ import annotations

import base64
import secrets
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import jwt
import msgspec
from msgspec import Meta, Struct

from soleus.clinical.reading import parse_tree, read_text
from soleus.errors import InputError, UsageError
from soleus.service.outside import is_safe

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_S = 240
Algorithm = Annotated[str, Meta(pattern="^(ES384|RS384)$")]


class SmartClient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One FHIR server. A public client with PKCE, unless ``client_secret`` or ``private_key`` (a PEM file, with
    ``key_id``) is given. ``scope`` overrides the scopes that are asked for.
    """

    iss: str
    client_id: Annotated[str, Meta(min_length=1)]
    name: str = ""
    client_secret: str | None = None
    private_key: str | None = None
    key_id: str | None = None
    algorithm: Algorithm = "ES384"
    scope: str | None = None

    def __repr__(self) -> str:
        return f"SmartClient(iss={self.iss!r}, client_id={self.client_id!r})"

    def authorization(self) -> dict[str, str]:
        """The header of a client with a secret (RFC 6749, section 2.3.1)."""
        if self.client_secret is None:
            return {}
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def assertion(self, endpoint: str) -> dict[str, str]:
        """The form fields that say who asks: the name alone, or a signed assertion (private_key_jwt)."""
        if self.private_key is None:
            return {} if self.client_secret else {"client_id": self.client_id}
        now = int(time.time())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": endpoint,
            "iat": now, "exp": now + _ASSERTION_S, "jti": secrets.token_urlsafe(24),
        }  # fmt: skip
        key = Path(self.private_key).read_text(encoding="ascii")
        signed = jwt.encode(
            claims, key, algorithm=self.algorithm, headers={"kid": self.key_id} if self.key_id else None
        )
        return {"client_assertion_type": _ASSERTION, "client_assertion": signed}


def load(path: Path | None) -> dict[str, SmartClient]:
    """iss -> client. Raises `UsageError` for a file that cannot be read."""
    if path is None:
        return {}
    try:
        tree = parse_tree(read_text(path), path.name)
        found = msgspec.convert(tree, list[SmartClient])
    except InputError as error:
        raise UsageError("SOLEUS_SMART_CLIENTS", error.found, error.expected, error.repair) from None
    except msgspec.ValidationError:
        raise UsageError("SOLEUS_SMART_CLIENTS", "another form", "a list with iss and client_id", _SEE) from None
    for client in found:
        if not is_safe(client.iss) or client.iss.endswith("/"):
            raise UsageError("SOLEUS_SMART_CLIENTS", "an iss that cannot be", "https://..., no slash at its end", _SEE)
        if client.private_key is not None and not Path(client.private_key).is_file():
            raise UsageError("SOLEUS_SMART_CLIENTS", "no such private_key", "a PEM file", _SEE)
    return {client.iss: client for client in found}


_SEE = "See docs/user-guide/service.md."
