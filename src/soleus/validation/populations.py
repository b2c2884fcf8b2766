"""Is what comes out of whole populations right? Sequence ratios that were planted, and shares of a public survey.

Several hundred populations are made up (`soleus.population.made_up.sequence_worlds`), with the published ratios and
without any effect. In each the ratio of every medicine is estimated as a database's would be, and its interval is
looked at: does it hold the ratio that was planted?
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.medicines import Fact
from soleus.population.made_up.sequence_worlds import CONTROL, SequenceWorld, recover, sequence_world
from soleus.population.nhanes.analysis import nhanes_figures

POPULATIONS = 300
_SEED = 1000
SURVEY = ("nhanes_mild_2005", "nhanes_mild_2007", "nhanes_modsev_2005", "nhanes_modsev_2007")
Floats = NDArray[np.float64]
Track = Callable[[Iterable[Any], str], Iterable[Any]]


@dataclass(frozen=True)
class Recovered:
    """What was found in one kind of world. Arrays are (populations, medicines); ``planted`` (medicines,)."""

    names: tuple[str, ...]
    planted: Floats
    adjusted: Floats
    low: Floats
    high: Floats
    pairs: Floats

    @property
    def held(self) -> NDArray[np.bool_]:
        """Does the interval hold the planted ratio? One without a bound does not."""
        return (self.low <= self.planted) & (self.planted <= self.high)

    @property
    def bias(self) -> Floats:
        """(medicines,) how far the geometric mean of the estimates lies from the planted ratio, as a share of it."""
        return np.asarray(np.exp(np.nanmean(np.log(self.adjusted / self.planted), axis=0)) - 1)


@dataclass(frozen=True)
class PopulationResults:
    """``hasty``: the ratios are planted, and no observation before a start is asked for.

    ``survey`` is empty where it was never measured; ``measured``: in this run.
    """

    people: int
    effect: Recovered
    nothing: Recovered
    hasty: Recovered
    survey: Mapping[str, float]
    measured: bool


def measure(
    knowledge: Knowledge,
    before: Mapping[str, Any],
    populations: int = POPULATIONS,
    track: Track = lambda items, _: items,
) -> PopulationResults:
    """``before``: the figures of the last run, of which those of the survey are kept where its tables are not here."""
    world = sequence_world(knowledge)
    effect = recovered(world, populations, track)
    nothing = recovered(world.without_effect(), populations, track)
    hasty = recovered(sequence_world(knowledge, prior_observation=0), max(populations // 5, 1), track)
    folder = survey_folder()
    survey = nhanes_figures(folder) if folder else {name: before[name] for name in SURVEY if name in before}
    return PopulationResults(world.told.people, effect, nothing, hasty, survey, folder is not None)


def survey_folder() -> Path | None:
    """The tables of the survey beside the project, where SOLEUS_TEST_DATA names their place."""
    named = os.environ.get("SOLEUS_TEST_DATA")
    folder = Path(named) / "data/nhanes" if named else None
    return folder if folder and folder.is_dir() else None


def recovered(world: SequenceWorld, populations: int, track: Track) -> Recovered:
    """Every medicine of so many populations."""
    found = [recover(world, _SEED + n) for n in track(range(populations), "Populations")]
    adjusted, low, high = (np.stack([getattr(f, name)[:, 0] for f in found]) for name in ("adjusted", "low", "high"))
    pairs = np.stack([(f.n_index_first + f.n_marker_first)[:, 0] for f in found]).astype(np.float64)
    return Recovered(world.names, np.array(world.ratios), adjusted, low, high, pairs)


def figures(found: PopulationResults) -> dict[str, float]:
    """``ssa_bias`` is that of the medicine with the largest, without its sign."""
    return {
        "ssa_coverage_95": float(found.effect.held.mean()),
        "ssa_bias": float(np.abs(found.effect.bias).max()),
        "ssa_false_positives": float(1 - found.nothing.held.mean()),
        "ssa_bias_without_prior_observation": float(np.abs(found.hasty.bias).max()),
        **found.survey,
    }


def section(found: PopulationResults, knowledge: Knowledge) -> str:
    """The part of docs/validation.md."""
    effect, nothing = found.effect, found.nothing
    rows = [_row(n, effect, nothing, knowledge) for n in range(len(effect.names))]
    populations = len(effect.adjusted)
    lines = [
        "## Populations",
        "",
        f"{populations} made-up populations of {found.people:,} people with the published sequence ratios planted, and",
        f"{populations} in which no medicine does anything. Each medicine has a trend of its own, starts grow with",
        "age, quinine has its season; people come and go, die, switch within a class, and take what they began before",
        "they were observed. Ratios are estimated as those of a database: new starts after a year of observation,",
        "window of 365 days, null ratio by age band and sex. Pairs: people with both, on average. Held: 95 % intervals",
        "that hold the planted ratio. False: those that exclude 1 where nothing has an effect.",
        "",
        "| planted | pairs | ratio | found, geometric mean | bias | held | false |",
        "|---|---|---|---|---|---|---|",
        *rows,
        f"| all | | | | largest {np.abs(effect.bias).max():.1%} | {effect.held.mean():.1%} | "
        f"{1 - nothing.held.mean():.1%} |",
        "",
        "Where no observation before a start is asked for, treatments that run on look like starts: in",
        f"{len(found.hasty.adjusted)} of these populations the largest bias is {np.abs(found.hasty.bias).max():.0%},",
        f"and {found.hasty.held.mean():.0%} of the intervals hold. `soleus population screen` asks for a year.",
        "",
        *_REMARKS,
        *_survey(found),
    ]
    return "\n".join(lines)


_REMARKS = (
    "The sequence ratio counts first markers only: who got one soon after the medicine cannot get a first one later,",
    "so that a strong ratio of a marker that is not rare comes out slightly low. The null ratio sees trends of the",
    "population; ageing of the persons in it, which newcomers hide, stays in the estimate. The interval takes the null",
    "ratio as known. Deaths are drawn without regard to medicines: where the index or what it treats kills soon, the",
    "marker that would have followed is missing, and the ratio is too low; that is not tested here.",
    "",
)


def _row(n: int, effect: Recovered, nothing: Recovered, knowledge: Knowledge) -> str:
    name, planted = effect.names[n], effect.planted[n]
    fact = knowledge.by_id(Fact).get(name)
    what = "nothing" if name == CONTROL else f"`{name}` {fact.topic.replace('_', ' ')}" if fact else name
    return (
        f"| {what} | {effect.pairs[:, n].mean():.0f} | {planted:.2f} | {planted * (1 + effect.bias[n]):.2f} | "
        f"{effect.bias[n]:+.1%} | {effect.held[:, n].mean():.1%} | {1 - nothing.held[:, n].mean():.1%} |"
    )


def _survey(found: PopulationResults) -> Iterable[str]:
    if not found.survey:
        return ["The survey (docs/nhanes.md) was not measured: its tables are not here.", ""]
    when = "" if found.measured else " Its tables were not here in this run: these are the last figures."
    shares = ", ".join(f"`{name}` {share:.1%}" for name, share in sorted(found.survey.items()))
    return [f"Shares of adults in NHANES with mild and with moderate to severe cramps: {shares}.{when}", ""]
