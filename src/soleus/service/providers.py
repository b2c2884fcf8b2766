"""The service of the settings where people may sign in (OpenID Connect), and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from soleus.accounts import Role
from soleus.errors import ServiceError, UsageError
from soleus.service.outside import Outside, is_safe
from soleus.service.settings import PREFIX, Settings

_LASTS_S = 300  # what a provider says of itself is asked for no more often


@dataclass(frozen=True)
class Endpoints:
    """``jwks_uri`` holds the keys; ``secret_in_form``: the client's secret goes into the form, not into the header."""

    authorization: str
    token: str
    jwks_uri: str
    secret_in_form: bool
    tells_issuer: bool


@dataclass
class Provider:
    """One issuer, and who we are there. ``secret`` is never shown."""

    issuer: str
    client_id: str
    name: str
    secret: str | None = field(repr=False, default=None)
    create: bool = False
    roles_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    _known: tuple[float, Endpoints] | None = field(default=None, repr=False)

    async def endpoints(self, outside: Outside, now: float) -> Endpoints:
        """Where to send people and codes. Raises `ServiceError` for a provider that we cannot use safely."""
        if self._known is None or not 0 <= now - self._known[0] < _LASTS_S:
            base = self.issuer.rstrip("/")
            told = await outside.get(f"{base}/.well-known/openid-configuration", bases=[base])
            self._known = (now, _read(told, self.issuer))
        return self._known[1]

    def roles_of(self, claims: Mapping[str, Any]) -> dict[Role, bool]:
        """Each role of the settings, and whether the claims give it."""
        told = claims.get(self.roles_claim)
        values = set(map(str, told)) if isinstance(told, list) else {str(told)}
        return {
            role: any(r == role and value in values for value, r in self.roles.items()) for role in self.roles.values()
        }


def load(settings: Settings) -> Provider | None:
    """The provider of the settings, None without one. Raises `UsageError` for an issuer without TLS."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    if not is_safe(settings.oidc_issuer):
        raise UsageError(f"{PREFIX}OIDC_ISSUER", "an address without TLS", "one with https", "See docs/settings.md.")
    secret = settings.oidc_client_secret
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        name=settings.oidc_name,
        secret=secret.get_secret_value() if secret else None,
        create=settings.oidc_create,
        roles_claim=settings.oidc_roles_claim,
        roles=settings.oidc_roles,
    )


def _read(told: Any, issuer: str) -> Endpoints:
    """Checked for what we need: the issuer itself (OpenID Connect Discovery 1.0, section 4.3), TLS, codes, PKCE."""
    told = told if isinstance(told, dict) else {}
    if told.get("issuer") != issuer:
        raise _unusable("another issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(told.get(name), str) or not is_safe(told[name]) or "#" in told[name]:
            raise _unusable(f"no {name} over HTTPS")
    if "S256" not in (told.get("code_challenge_methods_supported") or ("S256",)):
        raise _unusable("no PKCE with S256")
    ways = told.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)
    in_form = "client_secret_basic" not in ways and "client_secret_post" in ways
    tells = told.get("authorization_response_iss_parameter_supported") is True
    return Endpoints(told["authorization_endpoint"], told["token_endpoint"], told["jwks_uri"], in_form, tells)


def _unusable(found: str) -> ServiceError:
    return ServiceError("openid-configuration", found, "a provider that can be used safely", "Ask who runs it.")
