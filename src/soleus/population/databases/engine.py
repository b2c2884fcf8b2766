"""Where queries run: DuckDB inside this process, or Spark; everything that differs between the two is here.

A query is written once, as an Ibis expression. It may join, group, window and aggregate; it makes no temporary table
and no view of its own, so that a user who may only read can run it. What comes back is small (`Engine.rows`).
"""

from __future__ import annotations

import csv
import datetime
import functools
import gzip
import importlib.util
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from soleus.errors import UnreadableInput, UsageError

EngineName = Literal["duckdb", "spark"]
Row: TypeAlias = dict[str, Any]
Expr: TypeAlias = Any  # an expression of Ibis; the library is an extra and its types are too wide to help
Table: TypeAlias = Any  # a table expression of Ibis

#: What a column of `Engine.table` may be, and how Ibis calls it.
TYPES = {"int": "int64", "float": "float64", "str": "string", "date": "date", "bool": "boolean"}


@dataclass(frozen=True)
class Engine:
    """An Ibis backend and its dialect. ``con`` is the backend; ask it for nothing that the methods below offer."""

    name: EngineName
    con: Any

    # ------------------------------------------------------------------------------------------ tables

    def read_parquet(self, path: Path) -> Table:
        """A table in one Parquet file, or in a folder of them. Raises `UnreadableInput`."""
        where = str(path / "*.parquet") if path.is_dir() and self.name == "duckdb" else str(path)
        return self._read(path, "Parquet", lambda: self.con.read_parquet(where))

    def read_csv(self, path: Path) -> Table:
        """A table of values with a header, every column as text; commas, semicolons, tabs or bars part them.

        Tables parted by tabs, as vocabularies come, have no quotes. Raises `UnreadableInput`.
        """
        names, mark = header_of(path)
        quote = "" if mark == "\t" else '"'
        common = {"header": True, "quote": quote}
        if self.name == "duckdb":
            columns = dict.fromkeys(names, "VARCHAR")
            options = {"columns": columns, "auto_detect": False, "delim": mark, "escape": quote}
        else:
            schema = ", ".join(f"`{name.replace('`', '``')}` string" for name in names)
            options = {"schema": schema, "sep": mark, "escape": quote or "\0", "multiLine": True, "mode": "FAILFAST"}
        return self._read(path, "CSV", lambda: self.con.read_csv(str(path), **common, **options))

    def _read(self, path: Path, form: str, read: Callable[[], Table]) -> Table:
        try:
            return read()
        except Exception as error:
            raise unreadable(path.name, error, f"a table as {form}") from None

    def table(self, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Table:
        """A small table from memory; ``columns`` name -> one of `TYPES`. It is sent along with each query."""
        return _memory_table({name: TYPES[kind] for name, kind in columns.items()}, rows)

    def empty(self, columns: Mapping[str, str]) -> Table:
        """A table without rows."""
        return self.table(columns, ())

    # ------------------------------------------------------------------------------------------ answers

    def rows(self, expression: Table) -> list[Row]:
        """The answer as plain rows; dates are `datetime.date`, nothing is NaN for missing."""
        answer = self.arrow(expression)
        with asking(self.name):  # a date after the year 9999 is none here
            return [dict(row) for row in answer.to_pylist()]

    def arrow(self, expression: Table) -> Any:
        """The answer as a pyarrow table, for what is too much for plain rows. Raises `UnreadableInput`."""
        with asking(self.name):
            if self.name == "duckdb":
                return self.con.to_pyarrow(expression)
            return _by_arrow(self.con, self.query(expression), expression.schema())

    def query(self, expression: Table) -> str:
        """The expression in the engine's own words, for `arrow_of`; small tables are sent along."""
        self.con._run_pre_execute_hooks(expression)
        return str(self.con.compile(expression))

    def arrow_of(self, query: str, schema: Any) -> Any:
        """`arrow` of a query that differs from that of another expression in a few numbers: Ibis does not read it."""
        if self.con.name not in ("duckdb", "pyspark"):
            return self.arrow(self.con.sql(query, schema=schema))
        with asking(self.name):
            return _by_arrow(self.con, query, schema)

    def write_parquet(self, expression: Table, path: Path) -> None:
        """The answer as Parquet, without passing through this process: one file, on Spark a folder of them."""
        with asking(self.name):
            self.con.to_parquet(expression, path)

    def one(self, expression: Table) -> Row:
        """The answer of a query with exactly one row."""
        (row,) = self.rows(expression)
        return row

    # ------------------------------------------------------------------------------------------ dialect

    def bit_or(self, column: Expr) -> Expr:
        """Aggregate: the bits that any row has. Missing values add none."""
        return column.bit_or() if self.name == "duckdb" else _spark_bit_or()(column)

    def close(self) -> None:
        """Let go of the database, so that somebody else may write to it."""
        self.con.disconnect()


def _by_arrow(con: Any, query: str, schema: Any) -> Any:
    """The answer straight as Arrow. By way of pandas, as Ibis goes on Spark, a whole number beside a missing one
    becomes a float, and concepts of our own lose their last digits."""
    from ibis.formats.pyarrow import PyArrowData

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # PySpark leaves its socket to the garbage collector
        answer = con.raw_sql(query)
        answer = answer.to_arrow_table() if con.name == "duckdb" else answer.toArrow()
    return PyArrowData.convert_table(answer, schema)


@contextmanager
def asking(where: str) -> Iterator[None]:
    """What an engine cannot read is an error of the data, not a defect: a damaged file, a value beyond all bounds."""
    try:
        yield
    except Exception as error:
        if not _of_the_data(error):
            raise
        raise unreadable(where, error, "tables that the engine can read to their end") from None


def _of_the_data(error: Exception) -> bool:
    """Told by name: neither library is loaded for it. A wrong query (binding, analysis) is a defect and is none."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "PySparkException" in names:
        return not names & {"AnalysisException", "ParseException"}
    if type(error).__name__ == "Error" and "duckdb" in type(error).__module__:  # a file whose parts do not fit
        return True
    # DuckDB itself may break on a damaged file, and is then closed to every further query.
    return bool(names & {"DataError", "OperationalError", "InvalidInputException", "SerializationException",
                         "OverflowError", "InternalException", "FatalException"})  # fmt: skip


def unreadable(where: str, error: Exception, expected: str) -> UnreadableInput:
    """The error of an engine without its text, which may hold somebody's data."""
    found = type(error).__name__
    text = str(error).lower()
    if isinstance(error, UnicodeDecodeError) or "invalid unicode" in text or "malformed input" in text:
        return UnreadableInput(where, f"text that is not UTF-8 ({found})", expected, "Export the table as UTF-8.")
    if "csv error" in text or "malformed_csv_record" in text:
        repair = "Export the table again: as many values in every line as in the first, as UTF-8."
        return UnreadableInput(where, f"lines that do not fit each other ({found})", expected, repair)
    if "OutOfMemory" in found:
        return UnreadableInput(where, found, "room for the answer", "Give it more memory, or a part of the people.")
    return UnreadableInput(where, found, expected, "Export the table again.")


def header_of(path: Path) -> tuple[tuple[str, ...], str]:
    """The names of the columns of a table of text, and what parts them: the mark that the first line has most of.

    Raises `UnreadableInput` for a file without a first line, or with one that is no text.
    """
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            first = file.readline(1 << 20).decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError as error:
        raise unreadable(path.name, error, "a table as CSV") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableInput(path.name, type(error).__name__, "a table as CSV", "Check the file.") from None
    if not first.strip() or "\0" in first:
        found = "nothing" if not first.strip() else "no text"
        raise UnreadableInput(path.name, found, "a first line with the names of columns", "Export the table again.")
    mark = max(",;\t|", key=first.count)
    names = first.split(mark) if mark == "\t" else next(csv.reader([first], delimiter=mark))
    return tuple(f"{name}_{n}" if name.lower() in _lower(names[:n]) else name for n, name in enumerate(names)), mark


def _lower(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}


def days_between(later: Expr, earlier: Expr) -> Expr:
    """Whole days from ``earlier`` to ``later``, two dates; missing where one is."""
    return later.delta(earlier, unit="day")


def as_date(column: Expr) -> Expr:
    """A date out of a date, a timestamp or text such as 2008-03-01; missing where it is none."""
    if column.type().is_date():
        return column
    return column.try_cast("timestamp").date() if column.type().is_string() else column.cast("date")


def as_int(column: Expr) -> Expr:
    """A whole number; missing where it is none."""
    return column if column.type().is_int64() else column.try_cast("int64")


def as_float(column: Expr) -> Expr:
    """A number; missing where it is none."""
    return column if column.type().is_float64() else column.try_cast("float64")


def as_text(column: Expr) -> Expr:
    """Text; missing where it is missing or empty."""
    return column.cast("string").nullif("")


def count_of(table: Table, condition: Expr) -> Expr:
    """Aggregate: rows for which it holds; 0 of no rows, where Ibis makes a missing sum of it on Spark."""
    return table.count(where=condition).fill_null(0)


def share(part: Expr, whole: Expr) -> Expr:
    """part/whole; missing where the whole is nothing (Spark would raise)."""
    return part.cast("float64") / whole.cast("float64").nullif(0.0)


def day(date: datetime.date) -> Expr:
    """A date as a literal: no engine is asked for today's, which would make answers change from day to day."""
    import ibis

    return ibis.date(date.year, date.month, date.day)


def open_engine(name: str = "duckdb", **options: Any) -> Engine:
    """An engine by name.

    ``duckdb``: ``database`` (a path, opened to read only; none: in memory), ``threads``, ``memory_limit``.
    ``spark``: ``session`` (a Spark session that is there; else the active one, as on Databricks, else a new one),
    ``master`` (``local[2]``), and configuration as ``{"spark.sql.shuffle.partitions": "8"}`` in ``config``. Raises
    `UsageError` where the extra or Java is not installed.
    """
    if name not in get_args(EngineName):
        raise UsageError("--engine", repr(name), "duckdb or spark", "Name one of them.")
    _installed("population", "ibis", "duckdb", "pyarrow")
    if name == "duckdb":
        return Engine("duckdb", _duckdb(**options))
    _installed("spark", "pyspark")
    return Engine("spark", _spark(**options))


def _installed(extra: str, *names: str) -> None:
    """Raises `UsageError` for the first of these libraries that is missing."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UsageError("soleus population", f"no {name}", f"the extra `{extra}`", f"Install soleus[{extra}].")


def _duckdb(database: Path | None = None, **config: Any) -> Any:
    import ibis

    if database is None:
        return _quiet(ibis.duckdb.connect(**config))
    try:
        return _quiet(ibis.duckdb.connect(str(database), read_only=True, **config))
    except Exception as error:
        raise UnreadableInput(
            database.name, type(error).__name__, "a DuckDB database that this version reads", "Check the file."
        ) from None


def _quiet(con: Any) -> Any:
    """Without DuckDB's own progress bar: it goes to standard output, where results stand."""
    con.raw_sql("SET enable_progress_bar = false")
    return con


def _spark(session: Any = None, master: str = "local[2]", config: Mapping[str, str] | None = None) -> Any:
    import ibis
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        con = ibis.pyspark.connect(session or SparkSession.getActiveSession() or _session(master, config or {}))
        con._register_in_memory_table = functools.partial(_sent_along, con)
        return con
    except PySparkException as error:
        found = error.getCondition() or type(error).__name__
        repair = "Install Java 17 or 21 and set JAVA_HOME, or hand over a session that is there."
        raise UsageError("--engine spark", found, "Spark that starts", repair) from None


def _sent_along(con: Any, table: Any) -> None:
    """A table from memory goes to Spark as Arrow, for the reason of `_by_arrow`."""
    rows = table.data.to_pyarrow(table.schema)
    con._session.createDataFrame(rows).createOrReplaceTempView(table.name)


def _session(master: str, config: Mapping[str, str]) -> Any:
    """A local session that is quiet, speaks UTC, and raises on overflow and bad casts (ANSI)."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        **config,
    }
    builder = SparkSession.builder.master(master).appName("soleus")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _memory_table(types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Table:
    import ibis
    import pyarrow as pa

    arrow = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "date": pa.date32(),
             "boolean": pa.bool_()}  # fmt: skip
    values: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(types)
    columns = [pa.array(column, arrow[kind]) for column, kind in zip(values, types.values(), strict=True)]
    return ibis.memtable(pa.table(dict(zip(types, columns, strict=True))))


@functools.cache
def _spark_bit_or() -> Any:
    """Spark has the aggregate and Ibis does not know it: declared once."""
    import ibis

    @ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
    def bit_or(x: int) -> int:  # type: ignore[empty-body]
        """Bits of any row."""

    return bit_or
