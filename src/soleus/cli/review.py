"""`soleus review`: what to review first, and what was decided at the desk as a change to the data files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(help="The review desk: its queue, and what was decided there as data.", no_args_is_help=True)

Data = Annotated[Path | None, typer.Option(help="Folder of the store; SOLEUS_DATA.")]
Folder = Annotated[Path | None, typer.Option(help="A folder of YAML files instead of the shipped base.")]


@app.command()
def queue(
    data: Data = None,
    by: Annotated[Literal["importance", "date"], typer.Option(help="Most important first, or longest due.")] = (
        "importance"
    ),
    kind: Annotated[str, typer.Option(help="Only records of a kind, such as red_flag.")] = "",
    about: Annotated[str, typer.Option(help="Only records that name an entry, such as nocturnal_leg_cramp.")] = "",
    status: Annotated[
        Literal["submitted", "under_review", "approved", "overdue", "corrections"] | None,
        typer.Option(help="Only what stands so."),
    ] = None,
    search: Annotated[str, typer.Option(help="Words that the record holds.")] = "",
    most: Annotated[int, typer.Option(min=1, max=20_000, help="How many.")] = 20,
    as_of: Annotated[str | None, typer.Option(help="The day on which something is due; today unless set.")] = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="What to print: text or json.")] = "text",
) -> None:
    """Records in the order in which reviewing them is worth most, and why.

    Examples: `soleus review queue`, `soleus review queue --kind red_flag --by date`,
    `soleus review queue --about restless_legs_syndrome --format json`.
    """
    from soleus.cli.review_desk import Wanted, list_queue

    list_queue(data, Wanted(by, kind, about, status or "", search), most, as_of, format)


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="A new folder for the change, its report and the data.")] = None,
    data: Data = None,
    folder: Folder = None,
    write: Annotated[bool, typer.Option("--write", help="Write the change into the data folder itself.")] = False,
    vignettes: Annotated[Path, typer.Option(help="Cases whose posteriors are compared too.")] = Path(
        "validation/vignettes"
    ),
) -> None:
    """Write accepted corrections and approvals as a change to the data files: edited YAML, the difference, the check
    and what moves. Nothing else is changed, and no file of the data unless `--write` says so.

    Examples: `soleus review export --out change`, `soleus review export --folder src/soleus/knowledge/data --write`.
    """
    from soleus.cli.review_desk import export_decisions

    export_decisions(out, data, folder, write, vignettes)
