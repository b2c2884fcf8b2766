"""`soleus population init`, `quality`, `cohort`, `prevalence`, `simulate`: the work behind the commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.progress import Progress

from soleus.errors import UnknownName, UsageError, near_names
from soleus.knowledge.loader import Knowledge, shipped
from soleus.population.cohorts.attrition import attrition_svg, count_words, shown_steps
from soleus.population.cohorts.cohort import Cohort, read_cohorts_file, sentence
from soleus.population.cohorts.value_sets import Expansion, concepts_for, definitions, expand
from soleus.population.databases.engine import Row
from soleus.population.databases.source import Kind, Source, open_source, peopled
from soleus.population.results.manifest import Manifest, made_of, shown_sizes, suppress, whole_file, write_rows
from soleus.reports.population import words

Form = Literal["text", "json"]
NOT_REVIEWED = "No human has reviewed these results."


def run_init(where: str, kind: Kind | None, engine: str, out: Path | None, form: Form) -> None:
    """Say what a source is, turn FHIR files into tables, and tell which value sets are found in it."""
    with _working("Reading") as step:
        if out is not None:
            where = str(_converted(where, kind, engine, out, step))
        source = peopled(open_source(where, kind, engine))
        step("Looking for value sets")
        expansion = expand(source, shipped())
    told = {
        "kind": source.kind,
        "engine": source.engine.name,
        "where": where,
        "about": dict(source.about),
        "lacks": [asdict(lack) for lack in source.lacks],
        "value_sets": {name: len(found) for name, found in sorted(expansion.concepts.items()) if found},
        "medicines_by_name": dict(expansion.by_name),
        "value_sets_not_found": list(expansion.empty),
    }
    _print(told, form, _init_lines(source, expansion))


def _converted(where: str, kind: Kind | None, engine: str, out: Path, step: Callable[[str], None]) -> Path:
    from soleus.population.databases.fhir_files import convert_fhir

    if open_kind(where, kind, engine) != "fhir":
        raise UsageError(
            "--out", "tables", "FHIR files to turn into tables", "Leave --out away: tables need no turning."
        )
    if not out.exists() or not any(out.iterdir()):
        with writable("--out"):
            convert_fhir(Path(where), out, lambda path: step(path.name[:40]))
    return out


def open_kind(where: str, kind: Kind | None, engine: str) -> Kind:
    """What a source is, without reading it."""
    from soleus.population.databases.source import kind_of, tables_at

    return kind or kind_of(tables_at(where, engine)[0], where)


def _init_lines(source: Source, expansion: Expansion) -> Iterator[str]:
    yield f"{source.where}: {source.kind} on {source.engine.name}" + "".join(f"; {v}" for v in source.about.values())
    yield from _lacks(source)
    found = {name: len(c) for name, c in expansion.concepts.items() if c}
    yield f"Value sets found: {len(found)} of {len(expansion.concepts)}."
    for name, count in sorted(found.items()):
        named = expansion.by_name.get(name, 0)
        yield f"  {name}: {words.concepts(count)}" + (f", {named:,} of them by name alone" if named else "")
    named_sets = [name for name in expansion.empty if "." not in name]
    if named_sets:
        yield f"Not found: {', '.join(named_sets)}. Nobody can be seen to have these."


def _lacks(source: Source) -> Iterator[str]:
    for lack in source.lacks:
        yield f"  lacks {lack.table}{'.' + lack.column if lack.column else ''}: {lack.consequence}"


def run_quality(where: str, kind: Kind | None, engine: str, form: Form, out: Path | None, least: int) -> None:
    """Print the report; with ``out`` write it as well. Faults of few are found and not counted."""
    from soleus.population.databases.quality import quality

    with _working("Counting"):
        source = peopled(open_source(where, kind, engine))
        found = quality(source)
    tables = {
        "tables": shown_sizes(found.sizes, least),
        "checks": suppress(
            [c._asdict() | {"share": c.share} for c in found.checks],
            ["found"],
            within=("table", "fault"),
            drop={"found": ("share",)},
            least=least,
        ),
        "units": suppress(
            [u._asdict() for u in found.units],
            ["rows", "with_value"],
            within=("concept", "unit"),
            drop={"rows": ("with_value",)},
            least=least,
        ),
        "lacks": [asdict(lack) for lack in found.lacks],
    }
    if out is not None:
        _write(out, source, {"command": "quality", "least": least}, tables)
    lines = [_size_words(row, least) for row in tables["tables"]]
    lines += [*_lacks(source), "", "Found:" if found.found else "No fault found."]
    lines += [
        f"  {c['table']}, {c['fault']}: {count_words(c['found'], least)} of {c['of']:,}. {c['consequence']}"
        for c in tables["checks"]
        if c["found"] != 0
    ]
    _print(tables, form, lines)


def _size_words(row: Row, least: int) -> str:
    if row["rows"] is None:
        return f"{row['table']}: {count_words(None, least)}"
    people = "" if row["people"] is None else f", {row['people']:,} people"
    return f"{row['table']}: {row['rows']:,} rows{people}" + (
        f", {row['first']} to {row['last']}" if row["first"] else ""
    )


def run_cohort(
    where: str, kind: Kind | None, engine: str, chosen: tuple[Path | None, str | None],
    form: Literal["text", "json", "svg"], places: tuple[Path | None, Path | None], least: int, person_level: bool,
) -> None:  # fmt: skip
    """Who is in each cohort, and who was lost where; ``places``: for results, for pictures."""
    from soleus.population.cohorts.members import members

    out = places[0]
    if person_level and out is None:
        raise UsageError("--person-level", "no --out", "a folder to write to", "Add --out FOLDER.")
    cohorts = _cohorts(*chosen)
    answers, tables, charts = [], dict[str, list[Row]](), dict[str, str]()
    with _working("Opening") as step:
        source = peopled(open_source(where, kind, engine))
        expansion = expand(
            source, shipped(), _known(shipped(), [n for c in cohorts for n in c.names if n not in c.sets])
        )
        for cohort in cohorts:
            step(cohort.name[:40])
            concepts = concepts_for(source, cohort, expansion)
            if not any(concepts[name] for name in cohort.entry):
                raise _not_in_vocabulary(", ".join(cohort.entry))
            found = members(source, cohort, concepts)
            rows = shown_steps(found.steps, least)
            charts[cohort.id] = attrition_svg(cohort.name, rows, least)
            tables[f"{cohort.id}.attrition"] = rows
            if person_level:
                tables[f"{cohort.id}.members"] = source.engine.rows(found.table.order_by("person_id", "start"))
            answers.append(_cohort_told(cohort, rows, concepts))
    if out is not None:
        _write(out, source, {"command": "cohort", "least": least}, tables)
    for folder in filter(None, places):
        _pictures(folder, charts)
    if form == "svg":
        print("".join(charts.values()), end="")
    else:
        _print(answers, form, (line for answer in answers for line in _cohort_lines(answer, least)))


def _pictures(folder: Path, charts: Mapping[str, str]) -> None:
    write_texts(folder, {f"{name}.svg": chart for name, chart in charts.items()}, "--plot")


def _cohorts(file: Path | None, value_set: str | None) -> tuple[Cohort, ...]:
    from soleus.population.cohorts.circe import read_circe

    if (file is None) == (value_set is None):
        raise UsageError("soleus population cohort", "both or neither", "--file or --value-set", "Name one of them.")
    if value_set is not None:
        return (Cohort(id=value_set.replace(".", "_"), name=value_set, entry=(value_set,), limit="first"),)
    assert file is not None
    return (read_circe(file),) if file.suffix == ".json" else read_cohorts_file(file)


def _known(knowledge: Knowledge, names: Sequence[str]) -> list[str]:
    """The names, all of which are value sets of the knowledge base."""
    known = definitions(knowledge)
    for name in names:
        if name not in known:
            near = near_names(name, sorted(known)).replace("soleus show findings", "soleus population init")
            raise UnknownName("value set", repr(name), "a value set of the knowledge base", near)
    return list(dict.fromkeys(names))


def _not_in_vocabulary(names: str) -> UnknownName:
    repair = "See what it knows with `soleus population init`; no code is not the same as nobody."
    return UnknownName("value set", repr(names), "one that the vocabulary of this database knows", repair)


def _cohort_told(cohort: Cohort, rows: list[Row], concepts: Mapping[str, frozenset[int]]) -> Row:
    sizes = {name: len(found) for name, found in concepts.items()}
    return {"id": cohort.id, "name": cohort.name, "sentence": sentence(cohort), "steps": rows, "concepts": sizes}


def _cohort_lines(answer: Mapping[str, Any], least: int) -> Iterator[str]:
    yield f"{answer['name']}: {answer['sentence']}"
    for name, count in answer["concepts"].items():
        yield f"  {name}: {words.concepts(count)}" + ("" if count else "; the vocabulary does not know it")
    for row in answer["steps"]:
        people, entries = (count_words(row[name], least) for name in ("people", "entries"))
        yield f"  {row['step']}: {people} people, {entries} entries"
    yield ""


def run_prevalence(
    where: str, kind: Kind | None, engine: str, value_set: str, by: Sequence[str], days: tuple[int, int],
    form: Form, out: Path | None, least: int,
) -> None:  # fmt: skip
    """How common a value set is, and how often it begins; ``days``: era gap and prior observation."""
    from soleus.population.cohorts.prevalence import count_cells, hidden_frequencies

    for name in by:
        if name not in ("year", "sex", "age"):
            raise UsageError("--by", repr(name), "year, sex, age", "Name some of them, with commas between.")
    wanted = _known(shipped(), [value_set])
    with _working("Counting"):
        source = peopled(open_source(where, kind, engine))
        concepts = expand(source, shipped(), wanted).concepts[value_set]
        if not concepts:
            raise _not_in_vocabulary(value_set)
        cells = count_cells(source, concepts, gap_days=days[0], prior_observation_days=days[1])
    (rows,) = hidden_frequencies(cells, [by], least)
    told = {"value_set": value_set, "concepts": len(concepts), "rows": rows}
    if out is not None:
        settings = {"command": "prevalence", "value_set": value_set, "by": list(by), "days": days, "least": least}
        _write(out, source, settings, {"prevalence": rows})
    _print(told, form, _prevalence_lines(value_set, len(concepts), rows, least))


def _prevalence_lines(value_set: str, concepts: int, rows: Sequence[Row], least: int) -> Iterator[str]:
    yield f"{value_set}: {words.concepts(concepts)}"
    for row in rows:
        who = " ".join(str(row[k]) for k in ("year", "sex", "age") if row[k] is not None) or "all"
        share, rate = row["prevalence"], row["incidence"]
        common = "-" if share is None else f"{100 * share:.2f} % ({_two(row, 'prevalence', 100)})"
        begins = "-" if rate is None else f"{rate:.2f} ({_two(row, 'incidence', 1)}) per 1,000 person-years"
        counted = "people" if row["year"] is not None else "people, each counted once a year"
        yield f"  {who}: {count_words(row['people'], least)} {counted}, {common}; begins {begins}"


def _two(row: Row, name: str, times: float) -> str:
    return f"{times * row[f'{name}_low']:.2f} to {times * row[f'{name}_high']:.2f}"


def run_simulate(out: Path, people: int, seed: int, form: Literal["omop", "fhir"], plant: Sequence[str]) -> None:
    """Write a made-up population."""
    from soleus.population.made_up.files import write_population
    from soleus.population.made_up.people import plan_of, shipped_world

    knowledge, world = shipped(), shipped_world()
    plan = plan_of(knowledge, world, _planted(plant) if plant else None)
    ratios = {g.id: g.ratio for g in plan.groups if g.ratio != 1}
    settings = {"command": "simulate", "people": people, "seed": seed, "form": form, "planted": ratios,
                "world": _plain(world)}  # fmt: skip
    manifest = Manifest(out, made_of(None, settings, (knowledge.version, knowledge.digest)))
    if manifest.another:  # a database in which two populations are mixed would be nobody's
        raise UsageError("OUT", f"another population in {out}", "an empty folder", "Name another, or remove this one.")
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Drawing people", total=people)
        rows = write_population(plan, out, people, seed, form, manifest, lambda n: progress.advance(task, n))
    print("\n".join(f"{name}: {count:,} rows" for name, count in rows.items()))
    print(
        f"Nobody in {out} is real. Planted: {', '.join(f'{k} {v:g}' for k, v in sorted(ratios.items())) or 'nothing'}."
    )


def _plain(world: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(world)


def _planted(words: Sequence[str]) -> dict[str, float]:
    found = {}
    for word in words:
        name, _, number = word.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            found[name] = -1
        if not 0 < found[name] < 1000:
            raise UsageError("--plant", repr(word), "a group and a ratio above 0", "Write --plant statin=1.5.")
    return found


# --------------------------------------------------------------------------------------------- telling


@contextmanager
def writable(option: str) -> Iterator[None]:
    """A place that cannot be written to is the fault of the option that names it."""
    try:
        yield
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise UsageError(option, found, "a folder that can be written to", "Name another.") from None


def write_texts(folder: Path, files: Mapping[str, str], option: str) -> None:
    """Texts as files of a folder, by name."""
    with writable(option):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with whole_file(folder / name) as file:
                file.write_text(text, encoding="utf-8")


def _write(out: Path, source: Source, settings: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]) -> None:
    manifest = Manifest(out, made_of(source, settings, (shipped().version, shipped().digest)))
    for name, rows in tables.items():
        write_rows(out, name, rows)
        manifest.finish(name, {name: len(rows)})


def _print(told: Mapping[str, Any] | Sequence[Row], form: str, lines: Sequence[str] | Iterator[str]) -> None:
    """One result, or several."""
    if form == "json":
        said = {"reviewed": NOT_REVIEWED}
        whole = {**told, **said} if isinstance(told, Mapping) else [{**one, **said} for one in told]
        print(json.dumps(whole, indent=1, default=str, allow_nan=False))
    else:
        print("\n".join((*lines, NOT_REVIEWED)))


@contextmanager
def _working(what: str) -> Iterator[Callable[[str], None]]:
    """Progress on standard error, where somebody looks."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda step: progress.update(task, description=step)
