"""`soleus knowledge`: check, count, compare, describe, export and compile a knowledge base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The knowledge base: check it, compare two, export it.", no_args_is_help=True)

FolderOption = Annotated[Path | None, typer.Option(help="A folder of YAML files instead of the shipped base.")]


@app.command()
def check(
    folder: FolderOption = None,
    as_of: Annotated[str | None, typer.Option(help="List reviews that are overdue on this date.")] = None,
    overlay: Annotated[Path | None, typer.Option(help="Check this overlay against the base instead.")] = None,
) -> None:
    """Test every rule of integrity; each fault names record, field, rule and repair.

    Examples: `soleus knowledge check`, `soleus knowledge check --folder my_base --as-of 2027-12-01`,
    `soleus knowledge check --overlay overlay.yaml`.
    """
    from soleus.cli.knowing import run_check, run_check_overlay

    if overlay is not None:
        run_check_overlay(overlay, folder)
    else:
        run_check(folder, as_of)


@app.command()
def stats(folder: FolderOption = None) -> None:
    """Records by kind and basis, and how much is expert.

    Example: `soleus knowledge stats`.
    """
    from soleus.cli.knowing import run_stats

    run_stats(folder)


@app.command()
def diff(
    before: Annotated[
        Path | None, typer.Argument(help="A folder of YAML files, a compiled file or an overlay; or the shipped base.")
    ] = None,
    after: Annotated[Path | None, typer.Argument(help="Another one.")] = None,
    vignettes: Annotated[Path, typer.Option(help="Cases whose posteriors are compared.")] = Path(
        "validation/vignettes"
    ),
    overlay: Annotated[Path | None, typer.Option(help="The first base against itself with this overlay.")] = None,
) -> None:
    """What changed between two bases, down to the posteriors of the vignettes.

    An overlay in place of a base is the shipped base with it.

    Examples: `soleus knowledge diff before/data src/soleus/knowledge/data`,
    `soleus knowledge diff --overlay overlay.yaml`, `soleus knowledge diff last_year.yaml this_year.yaml`.
    """
    from soleus.cli.knowing import run_diff

    run_diff(before, after, vignettes, overlay)


@app.command()
def schema(
    kind: Annotated[str | None, typer.Argument(help="A kind of record, or `case`, or `assessment`.")] = None,
) -> None:
    """JSON Schema of a case, an assessment or a kind of record; without a kind, the list of kinds.

    Examples: `soleus knowledge schema`, `soleus knowledge schema case`.
    """
    from soleus.cli.knowing import run_schema

    run_schema(kind)


@app.command()
def export(
    case: Annotated[Path, typer.Option(help="The person and setting whose network is written.")],
    format: Annotated[str, typer.Option(help="bif.")] = "bif",
    out: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
) -> None:
    """Write the network for one person as a tree rooted at the explanation, for other programs.

    Example: `soleus knowledge export --case case.yaml --out person.bif`.
    """
    from soleus.cli.knowing import run_export

    run_export(case, format, out)


@app.command()
def compile(folder: FolderOption = None) -> None:
    """Compile the data files into the one file that loads in milliseconds.

    Examples: `soleus knowledge compile`, `soleus knowledge compile --folder my_base`.
    """
    from soleus.cli.knowing import run_compile

    run_compile(folder)
