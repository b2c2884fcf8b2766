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
