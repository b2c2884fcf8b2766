"""`soleus library`: the reference pages from the command line."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

app = typer.Typer(help="The reference library: check it, search it, build it as a site.", no_args_is_help=True)

Format = Annotated[Literal["text", "json"], typer.Option(help="What to print: text or json.")]


@app.command()
def check(
    format: Format = "text",
    as_of: Annotated[str | None, typer.Option(help="Count entries that are overdue on this date.")] = None,
) -> None:
    """Is the library whole? Figures from records, every part of every entry, references, links, plain words.

    Examples: `soleus library check`, `soleus library check --format json --as-of 2027-12-01`.
    """
    from soleus.cli.library_checking import run_check

    run_check(format, as_of)
