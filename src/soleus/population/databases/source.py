"""A database of people's records in one simple shape, whatever it was before.

    person    person_id, birth_date, sex                 sex is male, female or missing
    period    person_id, start, end                      when somebody would have been seen; both ends included
    exposure  person_id, concept, start, end             medicines; the end is missing where nothing tells it
    event     person_id, concept, date                   conditions, procedures, observations
    result    person_id, concept, date, value, unit      measurements
    death     person_id, date
    concept   concept, system, code, name                what a concept is; system is that of `Code`, or the database's
    descends  ancestor, descendant                       a concept and all that is narrower, itself included
    maps      concept, standard                          a concept that records do not use -> the one that they do

Every column may be missing in a row except ``person_id`` and ``concept``; rows without a whole number as person_id are
left out. Dates are dates without a time. A concept is
an int64: the ``concept_id`` of OMOP, and for other sources the number that
`soleus.population.databases.codes.concept_number` makes of system and code, the same wherever it is made. Concept 0, or
none, is what could not be coded.

`open_source` finds out which kind of source it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from soleus.errors import UnknownName, UnreadableInput, UsageError
from soleus.population.databases.engine import (
    Engine,
    Expr,
    Table,
    as_date,
    as_float,
    as_int,
    as_text,
    asking,
    open_engine,
)

Kind = Literal["omop", "fhir", "plain"]

#: The tables and their columns.
SHAPE: dict[str, dict[str, str]] = {
    "person": {"person_id": "int", "birth_date": "date", "sex": "str"},
    "period": {"person_id": "int", "start": "date", "end": "date"},
    "exposure": {"person_id": "int", "concept": "int", "start": "date", "end": "date"},
    "event": {"person_id": "int", "concept": "int", "date": "date"},
    "result": {"person_id": "int", "concept": "int", "date": "date", "value": "float", "unit": "str"},
    "death": {"person_id": "int", "date": "date"},
    "concept": {"concept": "int", "system": "str", "code": "str", "name": "str"},
    "descends": {"ancestor": "int", "descendant": "int"},
    "maps": {"concept": "int", "standard": "int"},
}
#: The address of the tables that a session sees.
TABLES = "tables://"
#: Without these there is nothing to count.
NEEDED = ("person", "period")
#: What follows where a table is missing or a column is empty: the words of the quality report.
WITHOUT = {
    "exposure": "No medicine is known: no signal of a medicine, and no medicine counts as a cause.",
    "event": "No diagnosis is known: cramps can be found by medicines only.",
    "result": "No laboratory value is known: what rests on potassium, ferritin and the like is left out.",
    "death": "Nobody is known to have died: observation ends with its period.",
    "concept": "No vocabulary: value sets cannot be found by their codes.",
    "descends": "No hierarchy: a value set holds the codes that it names, not what is narrower.",
    "maps": "No mapping: codes that records do not use themselves, such as ICD-10-CM, find nothing.",
}


@dataclass(frozen=True)
class Lack:
    """Something that a source does not have: the table (and column) and what follows."""

    table: str
    column: str | None
    consequence: str


@dataclass(frozen=True)
class Source:
    """The tables of `SHAPE` as Ibis expressions on one engine.

    Where doses can be told, a table ``dose`` stands beside them: person_id, concept, start, dose in milligrams a day.
    """

    engine: Engine
    kind: Kind
    where: str
    tables: Mapping[str, Table]
    lacks: tuple[Lack, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)  # name and version of the database, as it says itself
    known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)  # what was asked once (`spans`)

    @property
    def person(self) -> Table:
        return self.tables["person"]

    @property
    def period(self) -> Table:
        return self.tables["period"]

    @property
    def exposure(self) -> Table:
        return self.tables["exposure"]

    @property
    def event(self) -> Table:
        return self.tables["event"]

    @property
    def result(self) -> Table:
        return self.tables["result"]

    @property
    def death(self) -> Table:
        return self.tables["death"]

    @property
    def concept(self) -> Table:
        return self.tables["concept"]

    @property
    def descends(self) -> Table:
        return self.tables["descends"]

    @property
    def maps(self) -> Table:
        return self.tables["maps"]

    def has(self, table: str) -> bool:
        """Did the source have this table at all?"""
        return all(lack.table != table or lack.column is not None for lack in self.lacks)


def open_source(where: str | Path, kind: Kind | None = None, engine: Engine | str = "duckdb") -> Source:
    """The source at a path or address.

    A folder of OMOP tables (Parquet or CSV), of FHIR files (bundles, NDJSON, gz), or of the tables above; a DuckDB
    database, or the address of another database that Ibis knows; `tables://`, `tables://schema` or
    `tables://catalog.schema`: what the engine's session sees, as on Databricks. FHIR files are turned into a folder of
    Parquet first (`soleus population init`); opened here they are turned in memory. Raises `UnreadableInput` for
    what is no source, `UnknownName` for a table or column that is needed and missing.
    """
    if kind is not None and kind not in get_args(Kind):
        raise UsageError("--kind", repr(kind), f"one of {', '.join(get_args(Kind))}", "Leave it out to have it found.")
    with asking(str(where).split("://")[0]):
        return _source(where, kind, engine)


def _source(where: str | Path, kind: Kind | None, engine: Engine | str) -> Source:
    tables, chosen = tables_at(where, engine)
    found = kind or kind_of(tables, where)
    if found == "omop":
        from soleus.population.databases.omop import read_omop

        return read_omop(chosen, tables, str(where))
    if found == "fhir":
        from soleus.population.databases.fhir_files import read_fhir

        return read_fhir(chosen, Path(where))
    return read_plain(chosen, tables, str(where))


def peopled(source: Source) -> Source:
    """The source, which has people and periods. Raises `UnreadableInput` for an empty one."""
    for name, one in (("person", "people"), ("period", "periods of observation")):
        if not source.engine.rows(source.tables[name].select("person_id").limit(1)):
            raise UnreadableInput(f"{source.where}: {name}", f"no {one} with a whole number as person_id", "some",
                                  "Check that it is the right database, and that it was filled.")  # fmt: skip
    return source


# ------------------------------------------------------------------------------------------- finding

Tables = Mapping[str, Callable[[], Table]]  # name in lower case -> how to open it


def tables_at(where: str | Path, engine: Engine | str) -> tuple[Tables, Engine]:
    """What is at a path or address, unopened, and the engine for it. Raises `UnreadableInput`."""
    path, text = Path(where), str(where)
    if text.startswith(TABLES):
        chosen = _opened(engine)
        return _in_database(chosen, text.removeprefix(TABLES)), chosen
    if path.is_file() and path.suffix in (".duckdb", ".db", ".ddb"):
        return _with(_only_duckdb(engine, path.name, lambda: open_engine("duckdb", database=path)))
    if path.is_dir():
        chosen = _opened(engine)
        return _in_folder(path, chosen), chosen
    if path.is_file():
        return {}, _opened(engine)
    if "://" in text:
        return _with(_only_duckdb(engine, text.split("://")[0] + "://", lambda: _connected(text)))
    raise UnreadableInput(text, "no such file or folder", "a folder of tables or a database", "Check the path.")


def _opened(engine: Engine | str) -> Engine:
    return engine if isinstance(engine, Engine) else open_engine(engine)


def _with(engine: Engine) -> tuple[Tables, Engine]:
    return _in_database(engine, _schema(engine)), engine


def _schema(engine: Engine) -> str:
    """The schema with the people, where the one in use has none: empty if it has. Raises `UnreadableInput`."""
    if "person" in map(str.lower, engine.con.list_tables()):
        return ""
    others = [s for s in engine.con.list_databases() if s not in ("information_schema", "pg_catalog", "temp")]
    found = [s for s in others if "person" in map(str.lower, engine.con.list_tables(database=s))]
    if len(found) > 1:
        raise UnreadableInput("database", f"person in {', '.join(sorted(found))}", "it in one schema",
                              "Make views of the right one in the schema main.")  # fmt: skip
    return found[0] if found else ""


def _only_duckdb(engine: Engine | str, what: str, opened: Callable[[], Engine]) -> Engine:
    """The engine of a database that does its own work; another one that is asked for could not read it."""
    if (engine.name if isinstance(engine, Engine) else engine) != "duckdb":
        raise UsageError("--engine", f"spark with {what}", "a folder of tables, or tables:// of the session",
                         "Leave --engine away, or export the tables as Parquet.")  # fmt: skip
    return opened()


def _in_folder(folder: Path, engine: Engine) -> Tables:
    found: dict[str, Callable[[], Table]] = {}
    for path in _listed(folder):
        name = path.name.split(".")[0].lower()
        if path.suffix == ".parquet" or (path.is_dir() and any(path.glob("*.parquet"))):
            found[name] = lambda path=path: engine.read_parquet(path)  # type: ignore[misc]
        elif path.name.lower().endswith((".csv", ".csv.gz")):
            found.setdefault(name, lambda path=path: engine.read_csv(path))  # type: ignore[misc]
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise UnreadableInput(
            str(folder), type(error).__name__, "a folder that can be read", "Ask for the right."
        ) from None


def _in_database(engine: Engine, schema: str = "") -> Tables:
    """The tables of a database; ``schema``: `schema` or `catalog.schema` in place of the one that is in use."""
    at: dict[str, Any] = {"database": _path(engine, schema)} if schema else {}
    try:
        names = engine.con.list_tables(**at)
    except Exception as error:  # every backend has errors of its own
        raise UnreadableInput(
            TABLES + schema, type(error).__name__, "a schema of this database", "Check its name."
        ) from None
    return {name.lower(): lambda name=name: _table(engine, name, at) for name in names}  # type: ignore[misc]


def _path(engine: Engine, schema: str) -> str | tuple[str, ...]:
    """A schema of DuckDB is named with its database, which may have the same name."""
    parts = tuple(schema.split("."))
    return (engine.con.current_catalog, *parts) if len(parts) == 1 and engine.name == "duckdb" else parts


def _table(engine: Engine, name: str, at: Mapping[str, Any]) -> Table:
    try:
        return engine.con.table(name, **at)
    except Exception as error:  # a view on what is gone, a table that may not be read
        raise UnreadableInput(f"table {name}", type(error).__name__, "a table that can be read",
                              "Mend the view, or ask for the right to read it.") from None  # fmt: skip


def _connected(address: str) -> Engine:
    """Another database that Ibis knows; it is taken to speak as DuckDB does."""
    try:
        import ibis

        engine = Engine("duckdb", ibis.connect(address))
        engine.con.list_tables()
        return engine
    except Exception as error:  # every backend has errors of its own; the address may hold a password: it is not told
        raise UnreadableInput(
            address.split("://")[0] + "://", type(error).__name__, "a database that answers",
            "Check address, user and network.",
        ) from None  # fmt: skip


def kind_of(tables: Tables, where: str | Path) -> Kind:
    """What the names of the tables, or of the files, say. Raises `UnreadableInput`."""
    if "person" in tables or "observation_period" in tables:
        return "plain" if "period" in tables or _is_plain(tables) else "omop"
    path = Path(where)
    files = [path] if path.is_file() else _listed(path) if path.is_dir() else []
    if any(f.name.removesuffix(".gz").endswith((".json", ".ndjson")) for f in files):
        return "fhir"
    found = ", ".join(sorted(tables)[:8]) or "nothing that is read"
    raise UnreadableInput(
        str(where), found, "tables of OMOP (person, observation_period, ...), FHIR files, or person and period",
        "Name the folder or database that holds them.",
    )  # fmt: skip


def _is_plain(tables: Tables) -> bool:
    return "observation_period" not in tables and "birth_date" in lowered(tables["person"]()).columns


# --------------------------------------------------------------------------------------------- plain


def read_plain(engine: Engine, tables: Tables, where: str) -> Source:
    """Tables that have the shape already; types are cast, tables that are missing are empty."""
    lacks: list[Lack] = []
    made = {name: _plain_table(engine, tables, name, columns, lacks) for name, columns in SHAPE.items()}
    return Source(engine, "plain", where, made, tuple(lacks))


def _plain_table(engine: Engine, tables: Tables, name: str, columns: Mapping[str, str], lacks: list[Lack]) -> Table:
    if name not in tables:
        return missing(engine, name, where=name, lacks=lacks)
    raw = lowered(tables[name]())
    need(raw, name, columns)
    return of_somebody(raw.select(**{column: CAST[kind](raw[column]) for column, kind in columns.items()}))


def of_somebody(table: Table) -> Table:
    """Without the rows that are nobody's: a ``person_id`` that is missing or no whole number."""
    return table.filter(table.person_id.notnull()) if "person_id" in table.columns else table


CAST: dict[str, Callable[[Expr], Expr]] = {"int": as_int, "float": as_float, "str": as_text, "date": as_date}


def lowered(table: Table) -> Table:
    """The table with the names of its columns in lower case: databases differ in nothing oftener."""
    return table.rename({name.lower(): name for name in table.columns}) if table.columns else table


def need(table: Table, name: str, columns: Mapping[str, str] | tuple[str, ...]) -> None:
    """Raises `UnknownName` for the first column that is missing."""
    for column in columns:
        if column not in table.columns:
            raise UnknownName(f"table {name}", f"only {', '.join(table.columns[:12])}", f"a column {column}",
                              "Export the table again with all its columns.")  # fmt: skip


def missing(engine: Engine, name: str, where: str, lacks: list[Lack]) -> Table:
    """An empty table in place of one that is missing; raises `UnknownName` if nothing can be done without it."""
    if name in NEEDED:
        raise UnknownName("tables", f"no {where}", f"a table {where}", "Nobody can be counted without it: export it.")
    lacks.append(Lack(name, None, WITHOUT[name]))
    return engine.empty(SHAPE[name])
