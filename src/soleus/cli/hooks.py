"""`soleus hooks`: what became of the cards that were shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from soleus.errors import UsageError

if TYPE_CHECKING:
    from soleus.interop.cds_hooks import Count

app = typer.Typer(help="CDS Hooks: what became of the cards that were shown.", no_args_is_help=True)
_HEAD = ("service", "kind", "shown", "accepted", "overridden", "no answer", "reasons")


@app.callback()
def hooks() -> None:
    """CDS Hooks: what became of the cards that were shown."""


@app.command()
def report(
    data: Annotated[Path | None, typer.Option(help="Folder of the store; SOLEUS_DATA.")] = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How it is printed.")] = "text",
) -> None:
    """Count cards by service and kind: shown, accepted, overridden and why. Nothing of a patient is kept.

    Examples: `soleus hooks report`, `soleus hooks report --data store --format json`.
    """
    found = _counted(data)
    if form == "json":
        print(json.dumps([asdict(c) for c in found], indent=1))
    else:
        print("\n".join(_lines(found)))


def _counted(data: Path | None) -> tuple[Count, ...]:
    try:
        from soleus.service.app import store_path
        from soleus.service.settings import load
    except ModuleNotFoundError as error:
        raise UsageError(
            "soleus hooks report", f"no {error.name}", "the extra `service`", "Install soleus[service]."
        ) from None
    from soleus.interop.cds_hooks import report as count
    from soleus.storage import SqliteRepository

    path = store_path(load(**({} if data is None else {"data": data})))
    if not path.exists():
        raise UsageError("soleus hooks report", "no store", "the folder of a service that ran", "Name it with --data.")
    store = SqliteRepository(path)
    try:
        return count(store.cards_shown(), store.feedback())
    finally:
        store.close()


def _lines(found: Sequence[Count]) -> list[str]:
    """A table; of a card that nobody answered nothing is known."""
    if not found:
        return ["No card has been shown yet."]
    rows = [_HEAD, *(_row(c) for c in found)]
    widths = [max(len(str(r[n])) for r in rows) for n in range(len(_HEAD))]
    return ["  ".join(str(cell).ljust(w) for cell, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def _row(c: Count) -> tuple[object, ...]:
    silent = max(c.shown - c.accepted - c.overridden, 0)
    reasons = ", ".join(f"{name} {n}" for name, n in sorted(c.reasons.items(), key=lambda r: (-r[1], r[0])))
    return c.service, c.kind, c.shown, c.accepted, c.overridden, silent, reasons
