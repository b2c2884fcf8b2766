"""`soleus population screen`, and `ssa` on a database: signals of medicines, told, drawn and written."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from soleus.cli.populating import NOT_REVIEWED, Form, _working, writable, write_texts
from soleus.cli.populating_ssa import days as read_days
from soleus.cli.populating_ssa import told_as
from soleus.errors import UsageError
from soleus.knowledge.loader import shipped
from soleus.population.databases.engine import Row
from soleus.population.databases.source import Kind, Source, open_source, peopled
from soleus.population.reporting.form import SignalsPart
from soleus.population.results.manifest import Manifest, fingerprint, made_of, write_rows
from soleus.population.screening.planning import Plan, ScreenSettings, plan_screen
from soleus.population.screening.screen import Screen, carry_out
from soleus.population.screening.screened import EXCLUSIONS
from soleus.population.screening.signals import Signal
from soleus.population.screening.tables import hidden_pair, second_look_row, tables_of
from soleus.population.sequences.counting import SequenceSettings
from soleus.population.sequences.digest import digested
from soleus.population.sequences.self_controls import look_again
from soleus.population.sequences.study import Rules, study_days
from soleus.population.sequences.uncertain_null import null_bounds

READING = (
    "Adjusted: how much more often the medicine comes first than the calendar alone would have it.",
    "An order in time is no proof of a cause.",
)
TABLES = ("signals", "controls", "calibration", "by_year", "waiting_times")
_MOST_LINES = 25
_WIDEST = 40  # of a name in a line


@dataclass(frozen=True)
class Asked:
    """The options of a screen that are not about what is counted.

    ``draws``: of people for bounds of null ratios. ``store``: a folder for the first exposures, which later screens of
    the same database and study range read in place of all exposures.
    """

    out: Path | None = None
    plot: Path | None = None
    least: int = 5
    draws: int = 0
    second_look: bool = True
    store: Path | None = None


def run_screen(where: str, kind: Kind | None, engine: str, settings: ScreenSettings, asked: Asked, form: Form) -> None:
    """Screen a database; print, write and draw what was found."""
    with _working("Opening") as step:
        source = peopled(open_source(where, kind, engine))
        keep = None if asked.out is None else _Kept(asked.out, source, settings, asked)
        if asked.store is not None:
            step("Storing first exposures")
            source = _stored(source, settings, asked.store)
        step("Looking for medicines")
        plan = plan_screen(source, shipped(), settings)
        tables, notes = _counted(plan, asked, keep, step)
        looks = _second_looks(plan, tables["signals"], asked, keep, step) if asked.second_look else []
        drawn = _drawn(tables, looks, settings, asked.plot)
    told = {
        "markers": list(settings.markers), "settings": _plain(settings), "notes": notes, **tables,
        "self_controlled": looks, "plots": drawn, "reviewed": NOT_REVIEWED,
    }  # fmt: skip
    if form == "json":
        print(json.dumps(told, indent=1, allow_nan=False))
    else:
        print("\n".join((*_lines(tables, looks, notes, settings, asked), NOT_REVIEWED)))


def rules_of(
    age_at_least: int | None, days: tuple[int, str], dose: tuple[float | None, float | None],
    starts: Literal["new", "ever"],
) -> Rules:  # fmt: skip
    """Rules out of options."""
    most = read_days("--max-days", days[1])
    if most < max(days[0], 1):
        raise UsageError("--max-days", days[1], "at least 1, and not below --min-days", "Correct one of them.")
    doses = None if dose == (None, None) else (dose[0] or 0.0, math.inf if dose[1] is None else dose[1])
    if doses and doses[1] < doses[0]:
        raise UsageError("--max-dose", f"{doses[1]:g}", "not below --min-dose", "Correct one of them.")
    return Rules(age_at_least=age_at_least, index_days=(days[0], most), index_dose=doses, starts=starts)


def settings_of(
    markers: Sequence[str], index: Sequence[str], ingredients: bool, sequence: SequenceSettings, rules: Rules,
    exclude: bool, stratify: bool, rate: float, calibrate: bool = True,
) -> ScreenSettings:  # fmt: skip
    """Settings out of options; ``rate`` in per cent."""
    if index and ingredients:
        raise UsageError("--ingredients", "with --index", "one of them", "Leave one away.")
    return ScreenSettings(
        tuple(dict.fromkeys(markers)), tuple(dict.fromkeys(index)), ingredients, sequence, rules,
        (EXCLUSIONS,) if exclude else (), stratify, rate / 100, calibrate,
    )  # fmt: skip


def _stored(source: Source, settings: ScreenSettings, folder: Path) -> Source:
    """The source with its first exposures from the folder, by what the database holds and its engine."""
    span = study_days(source, settings.sequence)
    if span is None:
        return source
    with writable("--store"):
        return digested(source, span, folder / f"{source.engine.name}-{fingerprint(source)[:16]}")


# ------------------------------------------------------------------------------------------- what is kept


class _Kept:
    """The folder of results: what is whole there is not made again."""

    def __init__(self, folder: Path, source: Source, settings: ScreenSettings, asked: Asked) -> None:
        what = {"command": "screen", "least": asked.least, "draws": asked.draws, **_plain(settings)}
        self.folder = folder
        self.manifest = Manifest(folder, made_of(source, what, (shipped().version, shipped().digest)))

    def read(self) -> tuple[dict[str, list[Row]], list[str]] | None:
        if not self.manifest.done("screen"):
            return None
        try:
            tables = {name: self.rows(name) for name in TABLES}
            _part(tables, self.rows("self_controlled"), (), 0)
            return tables, [row["note"] for row in self.rows("notes")]
        except (ValueError, TypeError, KeyError):  # damaged, or of another form: all of it is made again
            self.manifest.parts.clear()
            return None

    def rows(self, name: str) -> list[Row]:
        path = self.folder / f"{name}.json"
        return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []

    def write(self, tables: dict[str, list[Row]], notes: Sequence[str]) -> None:
        for name, rows in {**tables, "self_controlled": [], "notes": [{"note": note} for note in notes]}.items():
            write_rows(self.folder, name, rows)
        self.manifest.finish("screen", {name: len(rows) for name, rows in tables.items()})

    def look(self, looks: list[Row], part: str) -> None:
        write_rows(self.folder, "self_controlled", looks)
        self.manifest.finish(part, {"self_controlled": 1})


def _plain(settings: ScreenSettings) -> dict[str, Any]:
    """The settings as JSON has them; what has no end is a word, concepts are counted and not listed."""
    told = asdict(settings)
    told["rules"]["exclude"] = sorted(told["rules"]["exclude"])
    return dict(json.loads(json.dumps(_ended(told), default=str)))


def _ended(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ended(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_ended(v) for v in value]
    return "inf" if isinstance(value, float) and math.isinf(value) else value


# ---------------------------------------------------------------------------------------------- counting


def _counted(
    plan: Plan, asked: Asked, keep: _Kept | None, step: Callable[[str], None]
) -> tuple[dict[str, list[Row]], list[str]]:
    """The tables and notes: those that are kept, or made now."""
    kept = keep.read() if keep else None
    if kept is not None:
        return kept
    found = carry_out(plan, step)
    tables = tables_of(found, asked.least)
    if asked.draws:
        tables["signals"] = _with_bounds(plan, found, tables["signals"], asked, step)
    if keep:
        keep.write(tables, found.notes)
    return tables, list(found.notes)


def _with_bounds(
    plan: Plan, found: Screen, rows: Sequence[Row], asked: Asked, step: Callable[[str], None]
) -> list[Row]:
    """What was found, with bounds of the null ratio, people drawn again."""
    out = []
    for signal, row in zip(found.signals, rows, strict=True):
        bounds = dict.fromkeys(("null_low", "null_high", "uncertain_low", "uncertain_high"))
        if signal.found and plan.study is not None:
            step(f"Drawing people: {signal.name}"[:40])
            bounds = _bounds(plan, signal, asked.draws)
        if row["hidden"]:
            bounds |= dict.fromkeys(("uncertain_low", "uncertain_high"))
        out.append(row | bounds)
    return out


def _bounds(plan: Plan, signal: Signal, draws: int) -> dict[str, float | None]:
    assert plan.study is not None
    counts = signal.n_index_first, signal.n_marker_first
    b = null_bounds(plan.study, *plan.numbers(signal.index, signal.marker), counts, draws)
    named = {"null_low": b.null_low, "null_high": b.null_high, "uncertain_low": b.low, "uncertain_high": b.high}
    return {name: value if math.isfinite(value) else None for name, value in named.items()}


def _second_looks(
    plan: Plan, signals: Sequence[Row], asked: Asked, keep: _Kept | None, step: Callable[[str], None]
) -> list[Row]:
    """A case series of each pair that was found; those that are kept are not made again."""
    looks = keep.rows("self_controlled") if keep and keep.manifest.done("screen") else []
    if plan.study is None:
        return looks
    for row in signals:
        part = f"self_controlled {row['index']} {row['marker']}"
        if not row["found"] or (keep and keep.manifest.done(part)):
            continue
        step(f"Second design: {row['name']}"[:40])
        i, m = plan.numbers(row["index"], row["marker"])
        look = look_again(plan.study, (i, row["index"]), (m, row["marker"]), plan.settings.sequence.level)
        looks = [r for r in looks if (r["index"], r["marker"]) != (row["index"], row["marker"])]
        looks.append(second_look_row(look, asked.least))
        if keep:
            keep.look(looks, part)
    return looks


# ---------------------------------------------------------------------------------------------- drawing


def _drawn(
    tables: dict[str, list[Row]], looks: Sequence[Row], settings: ScreenSettings, folder: Path | None
) -> list[str]:
    """Names of the files that were drawn: what the report of a database shows."""
    from soleus.reports.population.signals import markers

    if folder is None:
        return []
    views = markers(_part(tables, looks, settings.markers, settings.rate))
    plots = [plot for view in views for some in (view.plots, *(own for _, own in view.details)) for plot in some]
    files = {name: text for plot in plots for name, text in plot.files().items()}
    write_texts(folder, files, "--plot")
    return list(files)


def _part(tables: dict[str, list[Row]], looks: Sequence[Row], markers: Sequence[str], rate: float) -> SignalsPart:
    """The tables as a part of a report. Raises `msgspec.ValidationError`, a `ValueError`, for what is none."""
    told = {**tables, "self_controlled": looks, "markers": markers, "rate": rate}
    return msgspec.convert(told, SignalsPart)


# ---------------------------------------------------------------------------------------------- telling

_HEAD = ("medicine", "it first", "marker first", "null", "adjusted", "calibrated", "q", "published")


def _lines(
    tables: dict[str, list[Row]], looks: Sequence[Row], notes: Sequence[str], settings: ScreenSettings, asked: Asked
) -> Iterator[str]:
    for marker in settings.markers:
        rows = [row for row in tables["signals"] if row["marker"] == marker]
        tested = [row for row in rows if row["q"] is not None]
        found = [row for row in rows if row["found"]]
        yield (
            f"{marker}: {len(rows)} medicines, {len(tested)} tested, {len(found)} found "
            f"(at most {100 * settings.rate:g} % of these expected to be false)"
        )
        yield from _calibration(tables["calibration"], marker, settings.calibrate)
        ranked = [r for r in _ranked(rows) if r["n_index_first"] != 0 or r["n_marker_first"] != 0]
        yield from _table([_HEAD, *(_cells(row) for row in ranked[:_MOST_LINES])])
        if len(ranked) > _MOST_LINES:
            yield f"  and {len(ranked) - _MOST_LINES} more: --format json, or --out FOLDER"
        none = sum(1 for row in rows if row["n_index_first"] == 0 and row["n_marker_first"] == 0)
        yield f"  {none} medicines that nobody began within the window of the marker" if none else ""
    yield from _look_lines(looks, {row["index"]: row["name"] for row in tables["signals"]})
    yield from notes
    hidden = any(row["hidden"] for row in tables["signals"])
    if hidden:
        yield f"Hidden: fewer than {asked.least} people in one of the two orders."
    yield from READING


def _calibration(rows: Sequence[Row], marker: str, calibrated: bool) -> Iterator[str]:
    for row in rows:
        if row["marker"] == marker and row["used"] and calibrated:
            yield (
                f"  {row['controls']} negative controls: mean ratio {math.exp(row['mean']):.2f}, "
                f"scatter beyond chance {row['sd']:.2f} on the log scale; calibrated by these"
            )


def _ranked(rows: Sequence[Row]) -> list[Row]:
    """What was found first, by the false discovery rate; negative controls last."""

    def place(row: Row) -> tuple[bool, bool, float, float]:
        q = 2.0 if row["q"] is None else row["q"]
        p = 2.0 if row["p"] is None else row["p"]
        return not row["found"], row["control"], q, p

    return sorted(rows, key=place)


def _cells(row: Row) -> tuple[str, ...]:
    mark = "* " if row["found"] else "c " if row["control"] else "  "
    published = row["published"]
    return (
        mark + _cut(row["name"]), _count(row["n_index_first"]), _count(row["n_marker_first"]),
        _short(row["null"], 3), _bounded(row, "adjusted", "low", "high"),
        _bounded(row, "calibrated", "calibrated_low", "calibrated_high"), _rate(row["q"]),
        _short(published["value"]) if published else "",
    )  # fmt: skip


def _cut(name: str) -> str:
    return name if len(name) <= _WIDEST else name[: _WIDEST - 1].rstrip() + "…"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Columns in line; one that is empty throughout is left out."""
    keep = [n for n in range(len(rows[0])) if any(row[n].strip(" -") for row in rows[1:])] or [0]
    widths = [max(len(row[n]) for row in rows) for n in keep]
    for row in rows:
        cells = [row[n].ljust(w) if n == 0 else row[n].rjust(w) for n, w in zip(keep, widths, strict=True)]
        yield "  " + "  ".join(cells).rstrip()


def _look_lines(looks: Sequence[Row], names: dict[str, str]) -> Iterator[str]:
    if looks:
        yield "Second design, self-controlled case series (rate after the start against the time before):"
    for row in looks:
        name = f"{names.get(row['index'], row['index'])}, {row['marker']}"
        told = row["why"] or f"{_bounded(row, 'ratio', 'low', 'high')}, {_count(row['cases'])} people with both"
        yield f"  {name}: {told}"


def _bounded(row: Row, value: str, low: str, high: str) -> str:
    if row[low] is None and row[value] is None:
        return "-"
    return f"{_short(row[value])} ({_short(row[low])}–{_short(row[high])})"


def _short(value: float | str | None, digits: int = 2) -> str:
    if value is None or isinstance(value, str):
        return "infinite" if value else "-"
    return f"{value:.{digits}f}" if value < 1000 else f"{value:.3g}"


def _rate(value: float | None) -> str:
    return "-" if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "hidden" if value is None else f"{value:,}"


# --------------------------------------------------------------------------------------- ssa on a database

#: The fields that `ssa` prints for a pair, whatever the events come from.
FIELDS = (
    "index", "marker", "n_index_first", "n_marker_first", "crude", "crude_low", "crude_high", "null", "adjusted",
    "low", "high",
)  # fmt: skip


def run_ssa_on(
    where: str, kind: Kind | None, engine: str, names: tuple[Sequence[str], Sequence[str]],
    settings: SequenceSettings, rules: Rules, exclude: bool, draws: int, least: int, form: Form,
) -> None:  # fmt: skip
    """Ratios of named value sets on a database: one object for one pair, an array for several."""
    index, markers = names
    if not index or not markers:
        raise UsageError("soleus population ssa", "no --index or no --marker", "value sets, such as medicine.statin",
                         "Name both; `soleus population screen` looks at every medicine.")  # fmt: skip
    stratify = settings.compat is None  # the R package has one null ratio for everybody
    how = settings_of(markers, index, False, settings, rules, exclude, stratify, 5)
    with _working("Opening") as step:
        plan = plan_screen(peopled(open_source(where, kind, engine)), shipped(), how)
        found = carry_out(plan, step)
        rows = [_pair_row(plan, signal, draws, least) for signal in found.signals]
    if form == "json":
        many = len(index) > 1 or len(markers) > 1
        print(json.dumps(rows if many or not rows else rows[0], indent=1, allow_nan=False))
    else:
        print("\n".join((*_pair_lines(rows, found.notes, least), *READING, NOT_REVIEWED)))


def _pair_row(plan: Plan, signal: Signal, draws: int, least: int) -> Row:
    row: Row = {name: told_as(getattr(signal, name)) for name in FIELDS}
    if draws and plan.study is not None:
        bounds = _bounds(plan, signal, draws)
        row |= {"null_low": bounds["null_low"], "null_high": bounds["null_high"]}
    row = hidden_pair(row, least)
    return {name: value for name, value in row.items() if name not in ("hidden", "why")}


def _pair_lines(rows: Sequence[Row], notes: Sequence[str], least: int) -> Iterator[str]:
    head = ("index", "marker", "index first", "marker first", "crude", "null", "adjusted")
    yield from _table([head, *(_pair_cells(row) for row in rows)])
    yield from notes
    if any(row["n_index_first"] is None or row["n_marker_first"] is None for row in rows):
        yield f"Hidden: fewer than {least} people in one of the two orders."


def _pair_cells(row: Row) -> tuple[str, ...]:
    null = _bounded(row, "null", "null_low", "null_high") if "null_low" in row else _short(row["null"], 3)
    return (
        row["index"], row["marker"], _count(row["n_index_first"]), _count(row["n_marker_first"]),
        _short(row["crude"]), null, _bounded(row, "adjusted", "low", "high"),
    )  # fmt: skip
