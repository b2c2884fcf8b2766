"""What can be set, from the environment (``SOLEUS_PORT=9000``) or from a TOML file named by ``SOLEUS_CONFIG``.

The environment wins over the file. Unknown names in the file are errors. Secrets are never printed.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from soleus.accounts import Role
from soleus.errors import UsageError

PREFIX = "SOLEUS_"
_FILE = "SOLEUS_CONFIG"


def _data_folder() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local/share") / "soleus"


class Settings(BaseSettings):
    """Every setting with its meaning; `soleus serve --settings` and docs/settings.md list them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(
        "127.0.0.1", description="Address to listen on. Anything but loopback needs TLS or a trusted proxy."
    )
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    data: Path = Field(default_factory=_data_folder, description="Folder of the store.")
    workers: int = Field(2, ge=1, le=64, description="Processes. Each holds the knowledge base (about 250 MB).")
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM); with `tls_key` the service speaks HTTPS.")
    tls_key: Path | None = Field(None, description="Private key (PEM).")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses of proxies that end TLS and whose X-Forwarded-For and -Proto are believed."
    )
    public_url: str | None = Field(
        None, pattern=r"^https?://[^/?#\s]+$", description="The address that users and EHRs see, without a path."
    )
    max_body: int = Field(2_000_000, ge=10_000, le=50_000_000, description="Most bytes of a request's body.")
    max_seconds: float = Field(
        10.0, gt=0, le=120, description="Most seconds to receive a body, and to work on one request."
    )
    max_waiting: int = Field(
        200, ge=1, le=10_000, description="Requests in work or waiting, per process; more get 503."
    )
    rate_per_minute: int = Field(
        1_200, ge=0, description="Requests a minute from one address; 0: no limit. Loopback is not limited."
    )
    save_days: int = Field(30, ge=1, le=365, description="Days after which a saved interview is deleted.")
    cors_origins: tuple[str, ...] = Field(
        ("*",), description="Web origins that may call /fhir, /cds-services and /api. These never use cookies."
    )
    cds_auth: Literal["jwt", "open"] | None = Field(
        None, description="CDS Hooks: `jwt` verifies clients, `open` does not. Unset: open on loopback, jwt elsewhere."
    )
    cds_clients: Path | None = Field(
        None, description="CDS Hooks clients, YAML or JSON: a list of iss with jku or jwks, and fhir_servers."
    )
    cds_fhir_servers: tuple[str, ...] = Field(
        (), description="FHIR servers (base addresses) that may be read from where hooks are open."
    )
    smart_clients: Path | None = Field(
        None,
        description="SMART on FHIR servers, YAML or JSON: a list of iss with client_id and, where given, a secret.",
    )
    session_idle_hours: float = Field(12, gt=0, le=720, description="Hours without use after which a session ends.")
    session_days: float = Field(30, gt=0, le=365, description="Days after which a session ends, used or not.")
    sign_in_slow_after: int = Field(
        5, ge=1, le=100, description="Failed sign-ins of an account after which each further one has to wait longer."
    )
    sign_in_lock_after: int = Field(10, ge=2, le=1_000, description="Failed sign-ins of an account that lock it out.")
    sign_in_lock_minutes: float = Field(15, gt=0, le=1_440, description="How long such a lock-out lasts.")
    sign_in_per_minute: int = Field(
        30, ge=0, description="Sign-ins a minute from one address; 0: no limit. Loopback is not limited."
    )
    invitation_days: float = Field(7, gt=0, le=90, description="Days for which an invitation is good.")
    library_archive: Path | None = Field(
        None, description="Folder of a site that `soleus library build` made: older versions of the library are served."
    )
    population_reports: Path | None = Field(
        None,
        description="Folder of folders that `soleus population report` wrote: administrators read the finished ones.",
    )
    oidc_issuer: str | None = Field(
        None, pattern=r"^https?://[^?#\s]+$", description="OpenID Connect: the issuer where people may sign in."
    )
    oidc_client_id: str | None = Field(None, min_length=1, description="OpenID Connect: the name of this client there.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="OpenID Connect: its secret, where it has one (PKCE is used in any case)."
    )
    oidc_name: str = Field("your institution", min_length=1, max_length=60, description="What the button says.")
    oidc_create: bool = Field(
        False,
        description="OpenID Connect: make an account at the first sign-in; else only accounts with the same verified "
        "e-mail address are signed in to.",
    )
    oidc_roles_claim: str = Field("groups", min_length=1, description="OpenID Connect: the claim that roles come from.")
    oidc_roles: dict[str, Role] = Field(
        {}, description="OpenID Connect: value of that claim -> role. These roles follow the claim at every sign-in."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        file = os.environ.get(_FILE)
        if not file:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together")
        if (self.oidc_issuer is None) != (self.oidc_client_id is None):
            raise ValueError("oidc_issuer and oidc_client_id belong together")
        if not self.on_loopback and not self.tls_cert and not self.trusted_proxies:
            raise ValueError("an address beyond loopback needs tls_cert and tls_key, or trusted_proxies")
        if not self.on_loopback and self.cds_auth == "open":
            raise ValueError("cds_auth=open is for loopback only")
        return self

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback(self.host)

    @property
    def hooks_open(self) -> bool:
        return self.on_loopback if self.cds_auth is None else self.cds_auth == "open"

    @property
    def address(self) -> str:
        """The address that users see: `public_url`, or the one listened on."""
        if self.public_url:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls_cert else 'http'}://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(**given: Any) -> Settings:
    """The settings; ``given`` (options of the command) win. Raises `UsageError` that names the setting."""
    file = os.environ.get(_FILE)
    if file and not Path(file).is_file():
        raise UsageError(_FILE, "no such file", "a TOML file", "Check the path.")
    try:
        return Settings(**given)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        name = ".".join(str(p) for p in fault["loc"])
        where = f"{PREFIX}{name.upper()}" if name else "settings"
        told = str(fault["msg"]).removeprefix("Value error, ")
        found = "a name that is none" if fault["type"] == "extra_forbidden" else "a value that cannot be"
        raise UsageError(where, found, told[:1].lower() + told[1:], "See docs/settings.md.") from None
    except (ValueError, OSError):  # TOML that cannot be read
        raise UsageError(_FILE, "no TOML", "a TOML file", "See docs/settings.md.") from None
