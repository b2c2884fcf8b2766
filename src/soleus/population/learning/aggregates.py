"""What a site gives away to learn from: counts with small cells hidden, and ratios of its screen. No row of a person.

One JSON file a site (`soleus population learn DATABASE --aggregates FILE`); `soleus.population.learning.overlays` makes
an overlay of one or more of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from soleus.errors import UnreadableInput
from soleus.evidence.record import Id
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.overlay import NOT_REVIEWED, Kind, NotLearnt, Site, Stamp, plain_tree
from soleus.knowledge.schema.core import Effect
from soleus.population.databases.source import Source
from soleus.population.learning.counts import LearningSettings, LocalCount, LocalCounts, count_locally
from soleus.population.results.manifest import fingerprint
from soleus.population.results.suppression import shown_cells
from soleus.reasoning.assess import software_version

FORMAT: Final = "soleus-aggregates/1"
NO_SCREEN: Final = "No screen was run."
TOO_FEW: Final = "Too few people, or no ratio could be computed."
#: Markers whose ratio speaks of an explanation: who begins quinine has cramps.
MARKERS: Final[Mapping[str, str]] = {"quinine": "nocturnal_leg_cramp"}
#: The measure of those published ratios that a sequence ratio can be set beside.
SEQUENCE_RATIO: Final = "aSR"


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class SiteCount(_Part, frozen=True, kw_only=True):
    """``n`` of ``of`` person-years or people; None: hidden, because it or what would tell it is small."""

    kind: Kind
    id: Id
    field: str
    n: Annotated[int, Meta(ge=0)] | None
    of: Annotated[float, Meta(gt=0)] | None


class SiteRatio(_Part, frozen=True, kw_only=True):
    """A ratio of this database on the logarithm; ``n``: people behind it."""

    id: Id  # of the effect
    log_ratio: Annotated[float, Meta(ge=-20, le=20)]
    se: Annotated[float, Meta(gt=0, le=20)]
    n: Annotated[int, Meta(ge=0)]
    index: str
    marker: str
    calibrated: bool


class Aggregates(_Part, frozen=True, kw_only=True):
    """What a site gives away, and all that it gives away."""

    format: Literal["soleus-aggregates/1"] = FORMAT
    reviewed: Literal["No human has reviewed this overlay."] = NOT_REVIEWED
    site: Site
    knowledge: Stamp
    settings: dict[str, Any]
    smallest_cell: int
    counts: tuple[SiteCount, ...]
    ratios: tuple[SiteRatio, ...] = ()
    not_counted: tuple[NotLearnt, ...] = ()


class Signal(Protocol):
    """What is asked of a row of a screen (`soleus.population.screening.screen`)."""

    @property
    def index(self) -> str: ...
    @property
    def marker(self) -> str: ...
    @property
    def control(self) -> bool: ...
    @property
    def n_index_first(self) -> int | None: ...
    @property
    def n_marker_first(self) -> int | None: ...
    @property
    def log_ratio(self) -> float | None: ...
    @property
    def se(self) -> float | None: ...
    @property
    def calibrated_log_ratio(self) -> float | None: ...
    @property
    def calibrated_se(self) -> float | None: ...
    @property
    def contributors(self) -> Sequence[str]: ...


# --------------------------------------------------------------------------------------------- at a site


def count_site(
    source: Source,
    knowledge: Knowledge,
    name: str,
    settings: LearningSettings | None = None,
    signals: Iterable[Signal] = (),
    without: str = NO_SCREEN,
    step: Callable[[str], None] = lambda _: None,
) -> Aggregates:
    """The aggregates of a database. ``signals``: of its screen; ``without``: why there are none."""
    asked = settings or LearningSettings()
    found = count_locally(source, knowledge, asked, step)
    return aggregates_of(found, site_of(source, found, name, asked.smallest_cell), knowledge, asked, signals, without)


def aggregates_of(
    found: LocalCounts,
    site: Site,
    knowledge: Knowledge,
    settings: LearningSettings,
    signals: Iterable[Signal] = (),
    without: str = NO_SCREEN,
) -> Aggregates:
    """The counts of a database with small cells hidden, and the ratios that can be set beside published ones."""
    ratios, lacking = site_ratios(knowledge, tuple(signals), settings.smallest_cell, without)
    told = msgspec.to_builtins(settings) | {"index_day": found.index_day.isoformat()}
    return Aggregates(
        site=site,
        knowledge=Stamp(version=knowledge.version, digest=knowledge.digest),
        settings={name: value for name, value in told.items() if name != "smallest_cell"},
        smallest_cell=settings.smallest_cell,
        counts=tuple(_hidden(found.counts, settings.smallest_cell)),
        ratios=ratios,
        not_counted=(*found.not_counted, *lacking),
    )


def site_of(source: Source, found: LocalCounts, name: str, least: int) -> Site:
    """How a database is named in what it gives away."""
    return Site(
        name=name,
        input=fingerprint(source),
        kind=source.kind,
        engine=source.engine.name,
        software=software_version(),
        people=found.people if found.people >= least else None,
        first_day=found.first_day.isoformat(),
        last_day=found.last_day.isoformat(),
    )


def _hidden(counts: Sequence[LocalCount], least: int) -> Iterator[SiteCount]:
    """Small cells hidden, and what would tell them to somebody who knows a total of the record.

    Of rates the totals by sex and by age may be known too: tables of incidence count the same.
    """
    seen = {n for places in _records(counts) for n, shown in _shown(counts, places, least) if shown}
    for n, count in enumerate(counts):
        of = round(float(count.of), 2)
        shown = n in seen and count.people >= least and of > 0
        known = (count.n, of) if shown else (None, None)
        yield SiteCount(kind=count.kind, id=count.id, field=count.field, n=known[0], of=known[1])


def _records(counts: Sequence[LocalCount]) -> Iterable[list[int]]:
    """The places of the cells of each record."""
    out: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n, count in enumerate(counts):
        out[count.kind, count.id].append(n)
    return out.values()


def _shown(counts: Sequence[LocalCount], places: Sequence[int], least: int) -> Iterator[tuple[int, bool]]:
    """For each cell of a record whether it may be told."""
    margins: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row, n in enumerate(places):
        for axis, name in enumerate(counts[n].cell if counts[n].kind == "rate" else ()):
            margins[axis, name].append(row)
    sums = [cells for cells in (*margins.values(), list(range(len(places)))) if len(cells) > 1]
    found = shown_cells([counts[n].n for n in places], [[row] for row in range(len(places))] + sums, least)
    return zip(places, map(bool, found), strict=False)  # the sums come after the cells


def site_ratios(
    knowledge: Knowledge, signals: Sequence[Signal], least: int, without: str = NO_SCREEN
) -> tuple[tuple[SiteRatio, ...], tuple[NotLearnt, ...]]:
    """The ratios of a screen that speak of effects, the one with most people for each; and what none speaks of.

    Like is set beside like: a sequence ratio is learnt only where the published ratio is one.
    """
    found: dict[str, list[SiteRatio]] = defaultdict(list)
    for signal in signals:
        for effect in _effects(knowledge, signal):
            ratio = _ratio(signal, effect.id, least)
            if ratio is not None:
                found[effect.id].append(ratio)
    best = {id: max(ratios, key=lambda r: r.n) for id, ratios in found.items()}
    return tuple(best[id] for id in sorted(best)), tuple(_no_ratio(knowledge, best, TOO_FEW if signals else without))


def _effects(knowledge: Knowledge, signal: Signal) -> Iterator[Effect]:
    """The effects that a signal can be set beside; a medicine with several contributors speaks of none."""
    explanation = MARKERS.get(signal.marker)
    if explanation is None or signal.control or len(signal.contributors) != 1:
        return
    effect = knowledge.by_id(Effect).get(f"{signal.contributors[0]}.{explanation}")
    if (
        effect is not None
        and effect.measure == SEQUENCE_RATIO
        and signal.index.startswith(("medicine.", "contributor."))
    ):
        yield effect


def _ratio(signal: Signal, id: str, least: int) -> SiteRatio | None:
    """Calibrated by negative controls where there were enough of them; None where it is undefined or hidden."""
    counts = (signal.n_index_first, signal.n_marker_first)
    calibrated = _finite(signal.calibrated_log_ratio, signal.calibrated_se)
    pair = (signal.calibrated_log_ratio, signal.calibrated_se) if calibrated else (signal.log_ratio, signal.se)
    if any(c is None or c < max(least, 1) for c in counts) or not _finite(*pair):
        return None
    (log_ratio, se), n = pair, sum(c for c in counts if c is not None)
    assert log_ratio is not None
    assert se is not None
    return SiteRatio(
        id=id, log_ratio=log_ratio, se=se, n=n, index=signal.index, marker=signal.marker, calibrated=calibrated
    )


def _finite(value: float | None, se: float | None) -> bool:
    return value is not None and se is not None and math.isfinite(value) and math.isfinite(se) and se > 0


def _no_ratio(knowledge: Knowledge, found: Mapping[str, SiteRatio], why: str) -> Iterator[NotLearnt]:
    yield NotLearnt(kind="effect", why="Published as another measure than a sequence ratio, or of another explanation.")
    for e in knowledge.all(Effect):
        if e.measure == SEQUENCE_RATIO and e.explanation in MARKERS.values() and e.id not in found:
            yield NotLearnt(kind="effect", id=e.id, why=why)


# --------------------------------------------------------------------------------------------- files


class SignalRow(Struct, frozen=True, kw_only=True):
    """A row of `signals.json`, as `soleus population screen --out` writes it; a hidden or undefined number is None."""

    index: str
    marker: str
    control: bool
    n_index_first: int | None = None
    n_marker_first: int | None = None
    log_ratio: float | None = None
    se: float | None = None
    calibrated_log_ratio: float | None = None
    calibrated_se: float | None = None
    told: str | tuple[str, ...] = msgspec.field(default=(), name="contributors")

    @property
    def contributors(self) -> tuple[str, ...]:
        """Lists stand in the tables as JSON text."""
        return msgspec.json.decode(self.told, type=tuple[str, ...]) if isinstance(self.told, str) else self.told


def read_signals(path: Path) -> tuple[SignalRow, ...]:
    """The signals of a screen: `signals.json`, or the folder that it is in. Raises `UnreadableInput`."""
    file = path / "signals.json" if path.is_dir() else path
    try:
        return msgspec.convert(plain_tree(file, "signals of a screen"), tuple[SignalRow, ...])
    except msgspec.ValidationError as error:
        repair = "Make them with `soleus population screen DATABASE --out FOLDER`."
        raise UnreadableInput(file.name, str(error), "signals of a screen", repair) from None


def read_aggregates(path: Path) -> Aggregates:
    """The aggregates of a site. Raises `UnreadableInput` with the place."""
    try:
        return msgspec.convert(plain_tree(path, "aggregates of a site"), Aggregates)
    except msgspec.ValidationError as error:
        repair = "Make it with `soleus population learn DATABASE --aggregates FILE`."
        raise UnreadableInput(path.name, str(error), f"aggregates of a site ({FORMAT})", repair) from None


def aggregates_text(found: Aggregates) -> str:
    """The aggregates as a JSON file."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"
