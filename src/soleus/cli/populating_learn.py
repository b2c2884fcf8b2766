"""`soleus population learn`: local figures of one database, or of the aggregates of several, as an overlay."""

from __future__ import annotations

import datetime
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from soleus.cli.populating import Form, _working
from soleus.cli.populating_report import title_of
from soleus.errors import UnknownName, UsageError
from soleus.knowledge.loader import shipped
from soleus.knowledge.overlay import (
    NOT_REVIEWED,
    Bounded,
    Entry,
    NotLearnt,
    Overlay,
    overlay_text,
    site_words,
    to_scale,
)
from soleus.population.databases.source import Kind, Source, open_source, peopled
from soleus.population.learning.aggregates import (
    NO_SCREEN,
    Aggregates,
    Signal,
    aggregates_text,
    count_site,
    read_aggregates,
    read_signals,
)
from soleus.population.learning.counts import LearningSettings
from soleus.population.learning.overlays import overlay_of
from soleus.population.results.manifest import fingerprint, input_of, whole_file

_MOST_SHOWN = 8
_MOST_NAMED = 6
_KINDS = {
    "rate": "new presentations per 100,000 person-years",
    "contributor": "share of people who have it",
    "background": "share of values among people with a leg complaint",
    "effect": "ratio",
}


@dataclass(frozen=True)
class Asked:
    """The options of the command. ``signals``: results of a screen; without them one is run, unless told not to."""

    out: Path | None = None
    aggregates: Path | None = None
    site: str | None = None
    signals: Path | None = None
    screen: bool = True
    index_day: str | None = None
    prior_observation: int = 365
    least: int = 5


def run_learn(
    places: Sequence[str], combine: bool, kind: Kind | None, engine: str, asked: Asked, form: Form
) -> None:  # fmt: skip
    """Learn from a database, or combine sites; write what was asked for, and tell what was learnt and what was not."""
    if combine:
        if asked.aggregates or asked.signals:
            found = "--combine with --aggregates or --signals"
            raise UsageError("soleus population learn", found, "one of them", "Combine files, or count in a database.")
        sites = [read_aggregates(Path(place)) for place in places]
    else:
        if len(places) != 1:
            raise UsageError("soleus population learn", f"{len(places)} databases", "one", "Join sites with --combine.")
        sites = [_counted(places[0], kind, engine, asked)]
    overlay = overlay_of(sites, shipped())
    if asked.aggregates:
        _write(asked.aggregates, aggregates_text(sites[0]), "--aggregates")
    if asked.out:
        _write(asked.out, overlay_text(overlay, "json" if asked.out.suffix == ".json" else "yaml"), "--out")
    if form == "json":
        print(overlay_text(overlay, "json"), end="")
    else:
        print("\n".join(_lines(overlay, asked)))


def _counted(where: str, kind: Kind | None, engine: str, asked: Asked) -> Aggregates:
    knowledge = shipped()
    with _working("Opening") as step:
        source = peopled(open_source(where, kind, engine))
        signals, without = _signals(source, asked, step)
        name = asked.site or title_of(source.about, where)
        return count_site(source, knowledge, name, _settings(asked), signals, without, lambda words: step(words[:40]))


def _signals(source: Source, asked: Asked, step: Callable[[str], None]) -> tuple[Sequence[Signal], str]:
    """The signals of a screen, and why there are none."""
    from soleus.population.screening.planning import ScreenSettings
    from soleus.population.screening.screen import screen

    if asked.signals:
        folder = asked.signals if asked.signals.is_dir() else asked.signals.parent
        if input_of(folder) not in (None, fingerprint(source)):
            found, repair = "a screen of another database", "Screen this one, or leave --signals away."
            raise UsageError("--signals", found, "a screen of the database that is learnt from", repair)
        return read_signals(asked.signals), "The screen has no signal."
    if not asked.screen:
        return (), NO_SCREEN
    step("Screening medicines")
    try:
        return screen(source, shipped(), ScreenSettings()).signals, "The screen has no signal."
    except UnknownName:  # the vocabulary does not know the marker
        return (), "No medicine of this database marks that somebody has cramps."


def _settings(asked: Asked) -> LearningSettings:
    day = None if asked.index_day is None else _day(asked.index_day)
    return LearningSettings(
        prior_observation_days=asked.prior_observation, index_day=day, smallest_cell=max(asked.least, 1)
    )


def _day(words: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(words)
    except ValueError:
        raise UsageError("--index-day", repr(words), "a date such as 2014-07-01", "Write year, month, day.") from None


def _write(path: Path, text: str, option: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            option, error.strerror or "no place to write", "a path that can be written", "Name another."
        ) from None
    print(f"Written: {path}", file=sys.stderr)


# --------------------------------------------------------------------------------------------- telling


def _lines(overlay: Overlay, asked: Asked) -> Iterator[str]:
    yield f"{overlay.id}, on knowledge {overlay.knowledge.version}: {'; '.join(map(site_words, overlay.sites))}"
    yield f"Learnt: {_counts(e.kind for e in overlay.entries)}."
    yield from overlay.warnings
    for kind in dict.fromkeys(e.kind for e in overlay.entries):
        yield from ("", *_of_kind(kind, [e for e in overlay.entries if e.kind == kind]))
    yield from ("", *_lacking(overlay.not_learnt), "")
    if asked.out and overlay.entries:
        yield f"Use it: soleus assess CASE --overlay {asked.out}"
    yield NOT_REVIEWED


def _counts(kinds: Iterable[str]) -> str:
    found = Counter(kinds)
    return ", ".join(f"{n:,} {kind}{'' if n == 1 else 's'}" for kind, n in found.items()) or "nothing"


def _of_kind(kind: str, entries: Sequence[Entry]) -> Iterator[str]:
    """The numbers that move most, on their scale, as a table."""
    moved = sorted(entries, key=lambda e: -abs(_scaled(e, e.combined) - _scaled(e, e.published)))[:_MOST_SHOWN]
    more = f"; the {_MOST_SHOWN} of {len(entries):,} that move most" if len(entries) > _MOST_SHOWN else ""
    yield f"{kind}: {_KINDS[kind]}{more}"
    yield from _table([("", "published", "here", "n", "combined", "weight of here"), *map(_cells, moved)])


def _scaled(entry: Entry, bounds: Bounded) -> float:
    return to_scale(entry.unit, bounds.value)


def _cells(e: Entry) -> tuple[str, ...]:
    name = f"{e.id} {e.field.partition('.')[2]}".rstrip()
    return name, _bounds(e.published), _bounds(e.local), f"{e.local.n:,}", _bounds(e.combined), f"{e.weight:.2f}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _bounds(b: Bounded) -> str:
    return f"{b.value:.3g} ({b.low:.3g} to {b.high:.3g})"


def _lacking(missing: Sequence[NotLearnt]) -> Iterator[str]:
    yield "Not learnt, and why:" if missing else "Everything could be learnt."
    why: dict[tuple[str, str], set[str]] = defaultdict(set)
    for m in missing:
        why[m.kind, m.why + (f" ({m.site})" if m.site else "")].add(m.id or "")
    for (kind, words), ids in sorted(why.items()):
        named = sorted(id for id in ids if id)
        yield f"  {kind}: {words}" + (f" {_some(named)}" if named else "")


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMED
    return f"{len(names):,}: " + ", ".join(names[:_MOST_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
