"""`soleus population score`: the differential of everybody in a database, told of groups of people."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from soleus.cli.populating import Form, _print, _write, writable
from soleus.errors import UsageError
from soleus.population.cohorts.attrition import count_words
from soleus.population.databases.engine import Row
from soleus.population.databases.source import Kind, Source, open_source, peopled
from soleus.population.scoring.everyone import Asked, Scoring, score_everyone
from soleus.population.scoring.tables import tables_of
from soleus.reasoning.compiled import Compiled, shipped_compiled

_MOST_SHOWN = 8
_UNREAD_SHOWN = 6


@dataclass(frozen=True)
class Output:
    """Where results go: ``out`` a folder of tables, ``people`` a file with a row a person."""

    out: Path | None
    people: Path | None
    form: Form
    least: int


def run_score(where: str, kind: Kind | None, engine: str, as_of: str | None, setting: str, output: Output) -> None:
    """Judge everybody, write what is asked for, print the rest."""
    if output.people is not None and output.people.suffix != ".parquet":
        raise UsageError("--people", output.people.name, "a file that ends in .parquet", "Name it so.")
    asked, compiled = Asked(_day(as_of), setting), shipped_compiled()
    source = peopled(open_source(where, kind, engine))
    scoring = _scored(source, compiled, asked, output)
    tables = tables_of(scoring.sums, compiled, output.least)
    if output.out is not None:
        settings = {"command": "score", "as_of": as_of, "setting": setting, "least": output.least}
        _write(output.out, source, settings, tables)
    people = round(float(scoring.sums.people.sum()))
    told = {"people": people, "patterns": scoring.patterns, "as_of": as_of or "last day observed", "setting": setting,
            "not_used": _unread(source, scoring)} | tables  # fmt: skip
    _print(told, output.form, _lines(told, where, output.least))


def _scored(source: Source, compiled: Compiled, asked: Asked, output: Output) -> Scoring:
    console, where = Console(stderr=True), "--out" if output.out is not None else "--people"
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress, writable(where):
        task = progress.add_task("Judging everybody", total=None)
        return score_everyone(
            source, compiled, asked, folder=_parts(output), people=output.people,
            progress=lambda done, of: progress.update(task, total=of, completed=done),
        )  # fmt: skip


def _parts(output: Output) -> Path | None:
    """Where a broken-off run finds what it had done."""
    if output.out is not None:
        return output.out / ".parts"
    return output.people.with_name(f".{output.people.name}.parts") if output.people else None


def _day(text: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError("--as-of", repr(text), "a date such as 2014-12-31", "Write it so.") from None


def _unread(source: Source, scoring: Scoring) -> list[Row]:
    """Results whose unit is missing or not known, by concept and unit."""
    concepts = sorted({c for c, _ in scoring.unread})
    t = source.concept.filter(source.concept.concept.isin(concepts or [-1]))
    names = {row["concept"]: row["name"] for row in source.engine.rows(t.select("concept", "name"))}
    return [{"test": names.get(c) or str(c), "unit": unit} for c, unit in scoring.unread]


def _lines(told: Mapping[str, Any], where: str, least: int) -> Iterator[str]:
    day = f"on {told['as_of']}" if told["as_of"][:1].isdigit() else "each on the last day on which they were observed"
    yield f"{where}: {told['people']:,} people judged, {day}, in {told['setting'].replace('_', ' ')}"
    yield f"  {told['patterns']:,} different records; what was alike was judged once"
    yield "Red flags that records raise:" if told["red_flags"] else "No record raises a red flag."
    for row in told["red_flags"]:
        yield f"  {row['urgency'].replace('_', ' ')}: {row['name']}: {count_words(row['people'], least)} people"
    for complaint, heading in (
        (True, "A complaint of the legs is on record in the last year: {} people"),
        (False, "None is: {} people, as they would be judged if they brought one"),
    ):
        for people in told["complaints"]:
            if people["complaint"] is complaint:
                yield heading.format(count_words(people["people"], least))
                rows = [r for r in told["explanations"] if r["complaint"] is complaint]
                yield from _explanations(rows, least)
    yield from _unused_lines(told["not_used"])
    yield "This is what the knowledge base makes of these records, not how common these conditions are."


def _explanations(rows: Sequence[Row], least: int) -> Iterator[str]:
    for row in rows[:_MOST_SHOWN]:
        mean = row["mean_probability"]
        share = "-" if mean is None else f"{100 * mean:.1f} % on average"
        yield f"  {row['name']}: {share}, first for {count_words(row['first'], least)}"


def _unused_lines(rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        shown = [f"{row['test']} ({row['unit'] or 'no unit'})" for row in rows[:_UNREAD_SHOWN]]
        more = f" and {len(rows) - _UNREAD_SHOWN} more" if len(rows) > _UNREAD_SHOWN else ""
        yield f"Not used, for a unit is not guessed: {'; '.join(shown)}{more}."


__all__ = ["Output", "run_score"]
