"""Settings: where they come from, which cannot be, and that secrets are not printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from soleus.errors import UsageError
from soleus.service import settings
from soleus.service.running import first_line


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [n for n in os.environ if n.startswith("SOLEUS_")]:
        monkeypatch.delenv(name)


def test_the_environment_wins_over_the_file_and_the_command_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "soleus.toml"
    file.write_text('port = 9001\nsave_days = 7\ncors_origins = ["https://a.example"]\n')
    monkeypatch.setenv("SOLEUS_CONFIG", str(file))
    assert (settings.load().port, settings.load().save_days) == (9001, 7)
    monkeypatch.setenv("SOLEUS_PORT", "9002")
    assert settings.load().port == 9002
    assert settings.load(port=9003).port == 9003
    assert settings.load().cors_origins == ("https://a.example",)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SOLEUS_PORT", "0", "SOLEUS_PORT: "),
        ("SOLEUS_PORT", "many", "SOLEUS_PORT: "),
        ("SOLEUS_CDS_AUTH", "none", "'jwt' or 'open'"),
        ("SOLEUS_PUBLIC_URL", "https://a.example/path", "SOLEUS_PUBLIC_URL: "),
        ("SOLEUS_HOST", "0.0.0.0", "an address beyond loopback needs tls_cert and tls_key, or trusted_proxies"),
        ("SOLEUS_HOST", "legs.example", "an address beyond loopback needs"),
        ("SOLEUS_TLS_CERT", "cert.pem", "tls_cert and tls_key belong together"),
        ("SOLEUS_CONFIG", "nowhere.toml", "no such file"),
    ],
)
def test_a_setting_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError) as error:
        settings.load()
    assert told in str(error.value)


def test_a_value_that_may_be_a_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLEUS_PORT", "hunter2")
    with pytest.raises(UsageError) as error:
        settings.load()
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("content", ["portt = 1\n", "[soleus]\nport = 1\n"])
def test_an_unknown_name_in_the_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    file = tmp_path / "soleus.toml"
    file.write_text(content)
    monkeypatch.setenv("SOLEUS_CONFIG", str(file))
    with pytest.raises(UsageError, match="a name that is none"):
        settings.load()


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "soleus.toml"
    file.write_text("port = = 1")
    monkeypatch.setenv("SOLEUS_CONFIG", str(file))
    with pytest.raises(UsageError, match="SOLEUS_CONFIG: found no TOML"):
        settings.load()


def test_beyond_loopback_hooks_are_never_open() -> None:
    safe = {"tls_cert": "c.pem", "tls_key": "k.pem"}
    with pytest.raises(UsageError, match="cds_auth=open is for loopback only"):
        settings.load(host="10.0.0.5", cds_auth="open", **safe)
    assert settings.load(host="10.0.0.5", **safe).hooks_open is False
    assert settings.load(host="127.0.0.2").hooks_open is True
    assert settings.load(cds_auth="jwt").hooks_open is False


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "::1", "port": 9}, "http://[::1]:9"),
        ({"tls_cert": "c", "tls_key": "k"}, "https://127.0.0.1:8000"),
        ({"public_url": "https://legs.example"}, "https://legs.example"),
    ],
)
def test_the_first_line_says_the_address_and_whether_hooks_take_anybody(given: dict[str, str], address: str) -> None:
    line = first_line(settings.load(**given))
    assert line.startswith(f"Soleus at {address} - CDS Hooks are open (no client is verified)")
    assert "verified." in first_line(settings.load(cds_auth="jwt"))


def test_every_setting_is_described() -> None:
    assert [n for n, f in settings.Settings.model_fields.items() if not f.description] == []
