"""`soleus serve`: settings in, a running service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from soleus.errors import UsageError


def serve(host: str | None, port: int | None, data: Path | None, workers: int | None, show: bool) -> None:
    """Run the service; ``show`` prints the settings instead. Raises `UsageError` where the extra is missing."""
    given: dict[str, Any] = {"host": host, "port": port, "data": data, "workers": workers}
    given = {name: value for name, value in given.items() if value is not None}
    try:
        from soleus.service import running, settings
    except ModuleNotFoundError as error:
        raise UsageError(
            "soleus serve", f"no {error.name}", "the extra `service`", "Install soleus[service], or use `make serve`."
        ) from None
    if show:
        _show(settings.load(**given))
        return
    running.serve(**given)


def _show(found: Any) -> None:
    """Every setting with its value; where a file may hold secrets only its name is there to print."""
    for name, field in type(found).model_fields.items():
        print(f"SOLEUS_{name.upper()}={getattr(found, name)}\n    {field.description}")
