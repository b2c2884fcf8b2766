"""`soleus population nhanes`: the analysis of the survey to the terminal, to JSON, to a page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import Progress

from soleus.cli.assessing import _save
from soleus.population.nhanes.analysis import Analysis, analyse
from soleus.reports import nhanes as reports

Form = Literal["text", "json", "html"]


def run_nhanes(folder: Path, form: Form, out: Path | None) -> None:
    """Analyse the tables in a folder and print or write what they say."""
    found = _analysed(folder)
    if out is not None:
        _save(out, _shown(found, form))
    elif form == "text":
        reports.print_text(found, Console(highlight=False))
    else:
        print(_shown(found, form))


def _analysed(folder: Path) -> Analysis:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Reading the tables", total=None)
        return analyse(
            folder, progress=lambda what, done, of: progress.update(task, description=what, completed=done, total=of)
        )


def _shown(found: Analysis, form: Form) -> str:
    if form == "json":
        return reports.to_json(found).decode()
    if form == "html":
        return reports.page(found)
    console = Console(file=io.StringIO(), width=100, no_color=True, force_terminal=False)
    reports.print_text(found, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]
