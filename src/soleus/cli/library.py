"""`soleus library`: the reference pages from the command line."""

from __future__ import annotations

from pathlib import Path
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


@app.command()
def build(
    folder: Annotated[Path, typer.Argument(help="An empty folder, a new one, or that of an earlier build.")],
    audience: Annotated[
        Literal["both", "clinician", "patient"], typer.Option(help="Whose words: both, clinician or patient.")
    ] = "both",
    address: Annotated[str, typer.Option(help="Where the site will be, https://…: for feed, sitemap, citations.")] = "",
    service: Annotated[str, typer.Option(help="Where the service is, for interview and comparison.")] = "",
) -> None:
    """Build the library as a site of files that opens from a disk too; each version stays under v/.

    Examples: `soleus library build site`, `soleus library build site --address https://library.example`.
    """
    from soleus.cli.library_finding import run_build

    run_build(folder, ("clinician", "patient") if audience == "both" else (audience,), address, service)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="A name, a former name, a code, a medicine, or what is felt.")],
    audience: Annotated[Literal["clinician", "patient"], typer.Option(help="Whose words.")] = "clinician",
    most: Annotated[int, typer.Option(min=1, max=100, help="How many entries.")] = 10,
) -> None:
    """Find entries: forgiving of typing, with the words of patients, former names, codes and brands.

    Examples: `soleus library search charley horse`, `soleus library search G47.62`.
    """
    from soleus.cli.library_finding import run_search

    run_search(" ".join(words), audience, most)


@app.command()
def changes(
    before: Annotated[Path | None, typer.Option(help="The older base; none: the first version.")] = None,
    after: Annotated[Path | None, typer.Option(help="The newer base instead of the shipped one.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file, such as src/soleus/library/history/0.2.0.json.")] = None,
    date: Annotated[str | None, typer.Option(help="The day of the version; today unless set.")] = None,
    summary: Annotated[str, typer.Option(help="What changed, in a sentence of the editor.")] = "",
    cases: Annotated[Path, typer.Option(help="Cases judged under both, and the course's.")] = Path("examples"),
) -> None:
    """What changed between two versions: records, the entries they touch, and how far judgements moved.

    Example: `soleus library changes --before old.json --summary "More articles." --out history/0.2.0.json`.
    """
    from soleus.cli.library_finding import run_changes

    run_changes(before, after, out, date, summary, cases)


@app.command()
def slides(
    entry: Annotated[str, typer.Argument(help="An explanation: its id, a name, a synonym or a code.")],
    out: Annotated[Path, typer.Option(help="The file to write, such as cramps.pptx.")],
    against: Annotated[str, typer.Option(help="A second explanation, to set beside the first.")] = "",
    audience: Annotated[Literal["clinician", "patient"], typer.Option(help="Whose words.")] = "clinician",
    address: Annotated[str, typer.Option(help="Where the library is, https://…: for links and citations.")] = "",
) -> None:
    """Slides of an entry, or of two side by side, to change and to show (.pptx).

    Examples: `soleus library slides nocturnal_leg_cramp --out cramps.pptx`,
    `soleus library slides "night cramp" --against "restless legs" --out both.pptx`.
    """
    from soleus.cli.library_taking import run_slides

    run_slides(entry, against, audience, address, out)
