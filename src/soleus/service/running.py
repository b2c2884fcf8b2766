"""`soleus serve`: the application under uvicorn, in as many processes as are set."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any

from soleus.errors import UsageError
from soleus.service import settings as settings_module
from soleus.service.app import create_app, store_path
from soleus.service.guard import Guard
from soleus.service.logs import configure
from soleus.service.settings import Settings
from soleus.storage import SqliteRepository

_STOP_S = 20  # to end what is being answered when asked to stop


def app() -> Guard:
    """The application of one worker process; its settings come from the environment."""
    found = settings_module.load()
    configure(found.log_level)
    return create_app(found)


def first_line(found: Settings) -> str:
    """What is said before anything else: the address, and whether hooks take anybody."""
    hooks = "CDS Hooks are open (no client is verified)" if found.hooks_open else "CDS Hooks clients are verified"
    return f"Soleus at {found.address} - {hooks}. Not a medical device; no clinician has reviewed the content yet."


def serve(**given: Any) -> None:
    """Run until asked to stop. Raises `UsageError` for settings that cannot be, `StorageError` for the store."""
    found = settings_module.load(**given)
    _hand_on(given)
    SqliteRepository(store_path(found)).close()  # the form of the file is brought up to date by one process, first
    print(first_line(found), flush=True)
    counts = tempfile.mkdtemp(prefix="soleus-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts
    try:
        _run(found)
    finally:
        shutil.rmtree(counts, ignore_errors=True)


def _hand_on(given: dict[str, Any]) -> None:
    """Worker processes read the same settings from the environment."""
    for name, value in given.items():
        os.environ[settings_module.PREFIX + name.upper()] = str(value)


def _run(found: Settings) -> None:
    import uvicorn

    try:
        uvicorn.run(
            "soleus.service.running:app",
            factory=True,
            host=found.host,
            port=found.port,
            workers=found.workers if found.workers > 1 else None,
            ssl_certfile=found.tls_cert,
            ssl_keyfile=found.tls_key,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=bool(found.trusted_proxies),
            forwarded_allow_ips=list(found.trusted_proxies) or None,
            timeout_graceful_shutdown=_STOP_S,
            h11_max_incomplete_event_size=64 * 1024,
        )
    except SystemExit as end:
        if end.code:
            raise UsageError(
                "soleus serve", f"the port {found.port} or the certificate cannot be used", *_MEND
            ) from None


_MEND = ("a free port and a certificate that fits its key", "Set SOLEUS_PORT, or stop what listens there.")
