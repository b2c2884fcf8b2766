"""Making a report on one database, part by part.

Each part is kept as soon as it is whole, so that a run that was broken off goes on where it stopped. A part that cannot
be made for a reason that lies in the database says so, and the others are made all the same.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from soleus.knowledge.loader import Knowledge
from soleus.population.databases.source import Source
from soleus.population.reporting.counts import cohorts_part, frequencies_part, quality_part
from soleus.population.reporting.form import (
    REPORT,
    CohortsPart,
    FrequenciesPart,
    KnowledgePart,
    Made,
    Part,
    QualityPart,
    Report,
    ScoringPart,
    SignalsPart,
)
from soleus.population.reporting.knowledge import knowledge_part
from soleus.population.reporting.scores import scoring_part
from soleus.population.reporting.signals import signals_part
from soleus.population.reporting.work import Plan, Progress, Tables, Work, shipped_plan, write_table
from soleus.population.results.manifest import SMALLEST_CELL, Manifest, made_of, whole_file

__all__ = ["make_report", "shipped_plan"]
P = TypeVar("P", bound=Part)


def make_report(
    source: Source,
    knowledge: Knowledge,
    folder: Path,
    *,
    title: str,
    today: datetime.date,
    plan: Plan | None = None,
    least: int = SMALLEST_CELL,
    tell: Progress = lambda _: None,
) -> Report:
    """The report in ``folder``, its tables as JSON, Parquet and CSV. Raises `UnreadableInput` where there is nobody."""
    work = Work(source, knowledge, plan or shipped_plan(), folder, least, tell)
    settings = {"command": "report", "title": title, "least": least, "plan": msgspec.to_builtins(work.plan)}
    made = made_of(source, settings, (knowledge.version, knowledge.digest))
    manifest = Manifest(folder, made)
    quality = _kept(work, manifest, "quality", QualityPart, quality_part)
    cohorts = _kept(work, manifest, "cohorts", CohortsPart, cohorts_part)
    frequencies = _kept(work, manifest, "frequencies", FrequenciesPart, frequencies_part)
    signals = _kept(work, manifest, "signals", SignalsPart, signals_part)
    scoring = _kept(work, manifest, "scoring", ScoringPart, scoring_part)
    beside = partial(knowledge_part, title=title, shown=frequencies, signals=signals)
    knowledge_ = _kept(work, manifest, "knowledge", KnowledgePart, beside)
    report = Report(
        title=title,
        about=dict(source.about),
        made_on=today,
        made=_made(made, source, least),
        quality=quality,
        cohorts=cohorts,
        frequencies=frequencies,
        signals=signals,
        scoring=scoring,
        knowledge=knowledge_,
    )
    _write(folder / REPORT, report)
    manifest.finish("report", {})
    return report


def _made(made: Mapping[str, Any], source: Source, least: int) -> Made:
    return Made(
        code=made["code"],
        knowledge_version=made["knowledge"]["version"],
        knowledge_digest=made["knowledge"]["digest"],
        engine=source.engine.name,
        kind=source.kind,
        input=made["input"],
        least=least,
    )


def _kept(work: Work, manifest: Manifest, name: str, form: type[P], make: Callable[[Work], tuple[P, Tables]]) -> P:
    """The part as an earlier run left it, else made now and kept with its tables."""
    path = work.folder / f"{name}.part.json"
    if manifest.done(name):
        try:
            return msgspec.json.decode(path.read_bytes(), type=form)
        except (OSError, msgspec.MsgspecError):
            pass  # the manifest says more than there is: it is made again
    work.tell(name.capitalize())
    part, tables = make(work)
    for table, rows in tables.items():
        if rows:
            write_table(work.folder, table, rows)
    _write(path, part)
    manifest.finish(name, {table: len(rows) for table, rows in tables.items()})
    return part


def _write(path: Path, what: msgspec.Struct) -> None:
    with whole_file(path) as file:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(what), indent=1))
