"""`soleus population`: what whole populations say about cramps and their causes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="Whole populations: surveys, cohorts, databases.", no_args_is_help=True)


@app.command()
def nhanes(
    folder: Annotated[
        Path, typer.Argument(help="Tables of NHANES 2005-2008: DEMO_D, SLQ_D, ... (csv.xz, csv or XPT).")
    ],
    format: Annotated[
        Literal["text", "json", "html"], typer.Option(help="What to print: text, json or html.")
    ] = "text",
    out: Annotated[Path | None, typer.Option(help="Write here instead of printing.")] = None,
) -> None:
    """How common leg cramps in bed are, and what goes with them: prevalence and odds ratios of a public survey.

    Examples: `soleus population nhanes data/nhanes`,
    `soleus population nhanes data/nhanes --format html --out nhanes.html`.
    """
    from soleus.cli.populating_nhanes import run_nhanes

    run_nhanes(folder, format, out)


@app.command()
def ssa(
    cohorts: Annotated[
        Path,
        typer.Option(help="Folder with index_cohort.csv, marker_cohort.csv and observation_period.csv (OMOP columns)."),
    ],
    index: Annotated[list[int] | None, typer.Option(help="Index cohort; may be given again. Default: all.")] = None,
    marker: Annotated[list[int] | None, typer.Option(help="Marker cohort; may be given again. Default: all.")] = None,
    window: Annotated[str, typer.Option(help="LO,HI: more than LO and at most HI days between the two starts.")] = (
        "0,365"
    ),
    null_window: Annotated[
        str | None, typer.Option(help="Days the null ratio looks ahead and back; default HI, 548 with --compat.")
    ] = None,
    max_gap: Annotated[str, typer.Option(help="Most days from the end of the earlier to the later.")] = "inf",
    prior_observation: Annotated[int, typer.Option(min=0, help="Least days of observation before.")] = 0,
    washout: Annotated[int, typer.Option(min=0, help="Least days since an event of the same cohort.")] = 0,
    date_range: Annotated[
        str | None, typer.Option(help="A:B, both included; an empty end is where observation begins or ends.")
    ] = None,
    interval: Annotated[
        Literal["jeffreys", "clopper-pearson"], typer.Option(help="Kind of the confidence interval.")
    ] = "jeffreys",
    level: Annotated[float, typer.Option(min=1, max=99.9, help="Level of the interval, per cent.")] = 95,
    bootstrap: Annotated[
        int, typer.Option(min=0, max=100_000, help="Draws of people for bounds of the null ratio; 0 for none.")
    ] = 0,
    compat: Annotated[
        Literal["cohortsymmetry"] | None, typer.Option(help="Answer as this R package does, its infinities included.")
    ] = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="What to print: text or json.")] = "text",
) -> None:
    """Sequence symmetry: is the index started before the marker more often than after it, beyond what time explains?

    Days may be `inf`. One pair is one JSON object; several are an array. What is undefined is null.

    Examples: `soleus population ssa --cohorts folder --index 1 --marker 3`,
    `soleus population ssa --cohorts folder --index 1 --marker 3 --window 0,inf --date-range 2010-01-01: --format json`.
    """
    from soleus.cli import populating_ssa as asked
    from soleus.population.sequences import SequenceSettings

    first, last = asked.date_range(date_range)
    settings = SequenceSettings(
        window=asked.window(window),
        null_days=None if null_window is None else asked.days("--null-window", null_window),
        max_gap=asked.days("--max-gap", max_gap),
        prior_observation=prior_observation,
        washout=washout,
        first_day=first,
        last_day=last,
        level=level / 100,
        interval="jeffreys" if interval == "jeffreys" else "clopper_pearson",
        compat=compat,
    )
    asked.run_ssa(cohorts, asked.Asked(index or None, marker or None, bootstrap), settings, format)
