"""The commands and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from soleus.cli import knowledge as knowledge_commands

app = typer.Typer(
    name="soleus",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "A cited, explained judgement for legs that cramp, hurt or will not keep still at night.\n\n"
        "Start with `soleus assess examples/idiopathic-cramp.yaml`, or answer questions with `soleus interview`.\n\n"
        "Not a medical device. No clinician has reviewed the content yet."
    ),
)
app.add_typer(knowledge_commands.app, name="knowledge")

Audience = Literal["clinician", "patient"]
Format = Literal["text", "json", "html"]

AudienceOption = Annotated[Audience, typer.Option(help="Whose words the answer uses.")]
SettingOption = Annotated[str | None, typer.Option(help="Where the person is seen, such as primary_care or sleep_clinic.")]
AsOfOption = Annotated[str | None, typer.Option(help="The date of the assessment, 2026-11-21; overrides the case's.")]


def _version(value: bool) -> None:
    if value:
        from soleus.knowledge.loader import shipped
        from soleus.reasoning.assess import _software

        base = shipped()
        typer.echo(f"soleus {_software()}, knowledge {base.version} ({base.digest[:12]})")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the versions and stop.")
    ] = False,
) -> None:
    """A cited, explained judgement for legs that cramp, hurt or will not keep still at night."""


@app.command()
def assess(
    cases: Annotated[list[Path], typer.Argument(help="Case files (YAML, JSON or a FHIR bundle), or folders of them.")],
    audience: AudienceOption = "clinician",
    setting: SettingOption = None,
    as_of: AsOfOption = None,
    format: Annotated[Format, typer.Option(help="What to print: text, json or html.")] = "text",  # noqa: A002
    out: Annotated[
        Path | None, typer.Option(help="Write here: a file for one case, a folder for several.")
    ] = None,
    draws: Annotated[int, typer.Option(min=50, max=5000, help="Draws behind the intervals.")] = 500,
) -> None:
    """Judge one or more people: what it is, what must not be missed, what caused it, what next.

    Examples: `soleus assess case.yaml`, `soleus assess bundle.json --audience patient`,
    `soleus assess folder --format json --out results`.
    """
    from soleus.cli.assessing import assess_all

    assess_all(cases, audience=audience, setting=setting, as_of=as_of, form=format, out=out, draws=draws)


@app.command()
def interview(
    audience: AudienceOption = "patient",
    setting: SettingOption = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with an interview that was saved.")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the answers here after every question.")] = None,
    as_of: AsOfOption = None,
    plain: Annotated[bool, typer.Option(help="No belief after each answer, only questions.")] = False,
) -> None:
    """Answer questions one at a time: warning signs first, then what separates the likely explanations.

    Type the number or word of an answer, `?` for why it is asked, `b` to go back, `d` for "don't know", `q` to stop.
    """
    from soleus.cli.interviewing import run

    run(audience=audience, setting=setting, resume=resume, save=save, as_of=as_of, plain=plain)


@app.command()
def explain(
    case: Annotated[Path, typer.Argument(help="The case.")],
    target: Annotated[str | None, typer.Option("--for", help="The explanation to account for (default: the first).")] = None,
    against: Annotated[str | None, typer.Option(help="The explanation to set against it (default: the next).")] = None,
    as_of: AsOfOption = None,
) -> None:
    """The whole chain from the answer to the citations: prior, each finding, each number, each source."""
    from soleus.cli.lookup import explain_case

    explain_case(case, target, against, as_of)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="An explanation, such as nocturnal_leg_cramp or a synonym.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    most: Annotated[int, typer.Option(min=3, max=200, help="How many rows.")] = 15,
) -> None:
    """The discriminating table of two explanations: which findings tell them apart, how well, from which source."""
    from soleus.cli.lookup import compare_two

    compare_two(first, second, most)


@app.command()
def causes(
    explanation: Annotated[str, typer.Argument(help="An explanation.")] = "nocturnal_leg_cramp",
) -> None:
    """What brings an explanation about: ratios, intervals, design, sources, and beliefs that they correct."""
    from soleus.cli.lookup import causes_of

    causes_of(explanation)


@app.command()
def sources(
    words: Annotated[list[str] | None, typer.Argument(help="Words of a title, an author, a key, a DOI.")] = None,
) -> None:
    """The sources, and what rests on each."""
    from soleus.cli.lookup import list_sources

    list_sources(" ".join(words or []))


@app.command()
def show(
    name: Annotated[list[str], typer.Argument(help="An id, a name, a former name or a synonym, a code.")],
) -> None:
    """The entry of anything in the knowledge base; former names and synonyms find it."""
    from soleus.cli.lookup import show_entry

    show_entry(" ".join(name))


@app.command()
def validate(
    folder: Annotated[Path, typer.Option(help="Where the vignettes are.")] = Path("validation"),
    docs: Annotated[Path, typer.Option(help="Where validation.md, validation.json and the plots go.")] = Path("docs"),
    quick: Annotated[bool, typer.Option(help="Fewer simulated cases.")] = False,
) -> None:
    """Rebuild the validation report: published tables, vignettes, calibration, interviews, baselines."""
    from soleus.validation.run import run

    run(folder, docs, quick=quick)
