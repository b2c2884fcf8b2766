"""`soleus library`: the reference pages from the command line."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

app = typer.Typer(help="The reference library: check it, search it, build it as a site.", no_args_is_help=True)

Format = Annotated[Literal["text", "json"], typer.Option(help="What to print: text or json.")]


@app.command()
def check(format: Format = "text") -> None:
    """Is the library whole? Figures from records, every part of every entry, references, links, plain words.

    Examples: `soleus library check`, `soleus library check --format json`.
    """
    from soleus.cli.library_checking import run_check

    run_check(format)
