"""What `soleus library` does to find and to publish: build, search, changes."""

from __future__ import annotations

import datetime
import re
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from soleus.clinical.case import Case
from soleus.errors import InputError, UsageError
from soleus.knowledge.comparing import open_base
from soleus.knowledge.loader import COMPILED
from soleus.library import changes
from soleus.library.searching import search
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled, shipped_compiled

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ADDRESS = re.compile(r"https?://[^?#\s]+")


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


# -------------------------------------------------------------------------------------------------- build


def run_build(folder: Path, audiences: tuple[Audience, ...], address: str, service: str) -> None:
    """Build the site, with progress on standard error; its last line says how many pages, and how long it took."""
    for option, value in (("--address", address), ("--service", service)):
        if value and not _ADDRESS.fullmatch(value):
            raise UsageError(option, repr(value), "an address such as https://library.example", "Write it in full.")
    try:
        from soleus.service.app import create_app
        from soleus.service.settings import Settings
        from soleus.storage import MemoryRepository
        from soleus.web.building import Order, build
        from soleus.web.built_links import PLACE
        from soleus.web.in_process import InProcess
    except ModuleNotFoundError as error:
        raise UsageError(
            "soleus library build", f"no {error.name}", "the extra `service`", "Install soleus[service]."
        ) from None
    begun = time.perf_counter()
    compiled = shipped_compiled()
    order = Order(folder, audiences, address.rstrip("/"), service.rstrip("/"))
    with tempfile.TemporaryDirectory() as data:
        app = create_app(
            Settings(data=Path(data), public_url=PLACE, rate_per_minute=0), store=MemoryRepository(), compiled=compiled
        )
        with InProcess(app) as ask, _progress() as shown:
            task = shown.add_task("pages", total=None)
            built = build(compiled, ask, order, lambda done, known: shown.update(task, completed=done, total=known))
    seconds = time.perf_counter() - begun
    print(f"{folder}: {built.pages:,} pages of knowledge {compiled.knowledge.version} in {seconds:.0f} s")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(file=sys.stderr), transient=True)


# -------------------------------------------------------------------------------------------------- search


def run_search(words: str, audience: Audience, most: int) -> None:
    """Print the entries that fit, each with why."""
    hits = search(shipped_compiled(), words, audience, most)
    console = Console(highlight=False)
    for hit in hits:
        why = f"  ({hit.how}: {hit.matched})" if hit.matched else ""
        console.print(f"{hit.entry.kind} {hit.entry.id}: {hit.title}{why}", markup=False, soft_wrap=True)
    if not hits:
        raise UsageError("soleus library search", "nothing that fits", "words of an entry", "Try other or fewer words.")


# ------------------------------------------------------------------------------------------------- changes


def run_changes(
    before: Path | None, after: Path | None, out: Path | None, date: str | None, summary: str, cases: Path
) -> None:
    """Write what changed between two knowledge bases; without ``before`` what the first version holds.

    ``cases``: a folder of cases that are judged under both, beside those of the course.
    """
    if date is not None and not _DATE.fullmatch(date):
        raise UsageError("--date", repr(date), "a date such as 2026-11-29", "Write year, month and day.")
    new = open_base(COMPILED if after is None else after)
    day = date or _today()
    if before is None:
        change = changes.first(new, date=day, summary=summary)
    else:
        old = Compiled(open_base(before))
        change = changes.between(old, Compiled(new), date=day, summary=summary, cases=_panel(cases))
    content = changes.written(change)
    if out is None:
        sys.stdout.write(content.decode())
        return
    _write(out, content)
    print(f"{out}: knowledge {change.version}, {len(change.touched)} entries touched, {len(change.moved)} cases moved")


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        found = error.strerror or "no place to write"
        raise UsageError(path.name, found, "a path that can be written", "Name another.") from None


def _panel(folder: Path) -> list[tuple[str, Case]]:
    """(title, case): the examples of a folder, and the cases of the course."""
    from soleus.interop.reading import read_any
    from soleus.learning.course import course

    compiled = shipped_compiled()
    out = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            out.append((_title(path), read_any(path, compiled)))
        except InputError as error:
            raise error.within(path.name) from None
    return out + [(case.title, case.read()) for case in course()]


def _title(path: Path) -> str:
    return path.stem.replace("-", " ").capitalize()
