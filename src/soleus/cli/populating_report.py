"""`soleus population report`: a database as one page, with its tables."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from soleus.cli.populating import _working
from soleus.errors import UsageError
from soleus.knowledge.loader import shipped
from soleus.population.cohorts.cohort import read_cohorts_file
from soleus.population.databases.source import Kind, open_source, peopled
from soleus.population.reporting.form import PAGE
from soleus.population.results.manifest import whole_file


def run_report(
    where: str, kind: Kind | None, engine: str, out: Path, html: Path | None, cohorts: Path | None,
    title: str | None, least: int,
) -> None:  # fmt: skip
    """Make what is missing of the report, and write its page."""
    from soleus.population.reporting.making import make_report, shipped_plan
    from soleus.reports.population import page

    plan = shipped_plan()
    if cohorts is not None:
        plan = replace(plan, cohorts=read_cohorts_file(cohorts))
    with _working("Opening") as step:
        source = peopled(open_source(where, kind, engine))
        report = make_report(
            source, shipped(), out, title=title or title_of(source.about, where), today=datetime.date.today(),
            plan=plan, least=least, tell=lambda words: step(words[:40]),
        )  # fmt: skip
    target = html or out / PAGE
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as file:
            file.write_text(page(report), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "--html", error.strerror or "no place to write", "a path that can be written", "Name another."
        ) from None
    print(f"Written: {target}")


def title_of(about: Mapping[str, str], where: str) -> str:
    """What the database calls itself, else the name of its folder or file: never a whole path or address."""
    named = about.get("cdm_source_name")
    return named or (where.split("://")[0] if "://" in where else Path(where).resolve().stem)
