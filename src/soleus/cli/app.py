"""The commands and their help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer
from typer.core import TyperGroup
from typer.main import get_group

#: Groups of commands: modules of this room, each read when one of its commands is asked for, as most calls need none.
GROUPS = ("knowledge", "library", "hooks", "account", "review", "population")


class _Commands(TyperGroup):
    """The commands of this module, then the groups."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._read([cmd_name] if cmd_name in GROUPS else GROUPS)  # all, so that a mistyped one is recognised
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        self._read(GROUPS)
        return super().list_commands(ctx)

    def _read(self, names: Sequence[str]) -> None:
        read = typer.Typer(rich_markup_mode=app.rich_markup_mode)
        for name in names:
            if name not in self.commands:
                read.add_typer(import_module(f"soleus.cli.{name}").app, name=name)
        self.commands.update(get_group(read).commands)


app = typer.Typer(
    name="soleus",
    cls=_Commands,
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

Audience = Literal["clinician", "patient"]
Format = Literal["text", "json", "html"]


def _date(value: str | None) -> str | None:
    """A date on the command line, or a wrong call."""
    if value is None:
        return None
    from soleus.clinical.timeline import day
    from soleus.errors import InvalidValue, UsageError

    try:
        if re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value) and day(value, "--as-of"):
            return value
    except InvalidValue:
        pass
    raise UsageError("--as-of", repr(value), "a date such as 2026-11-21", "Write year, month and day.")


def _setting(value: str | None) -> str | None:
    """A setting on the command line, or a wrong call."""
    if value is None:
        return None
    from soleus.errors import UsageError, near_names
    from soleus.knowledge.schema.core import Setting

    known = get_args(Setting)
    if value in known:
        return value
    raise UsageError("--setting", repr(value), f"one of {', '.join(known)}", near_names(value, known))


AudienceOption = Annotated[Audience, typer.Option(help="Whose words the answer uses.")]
SettingOption = Annotated[
    str | None,
    typer.Option(callback=_setting, help="Where the person is seen, such as primary_care or sleep_clinic."),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(callback=_date, help="The date of the assessment, 2026-11-21; overrides the case's."),
]


OverlayOption = Annotated[
    Path | None,
    typer.Option(help="Local figures from `soleus population learn`, put on the published ones; the answer says so."),
]
StrikeOption = Annotated[
    list[int] | None, typer.Option(help="Strike a statement that was read wrongly, by its number in `soleus read`.")
]
ChangeOption = Annotated[
    list[str] | None,
    typer.Option(help="Change a statement: 3=absent, 5=uncertain, or 7=calf for another state of the finding."),
]


def _version(value: bool) -> None:
    if value:
        from soleus.knowledge.loader import shipped
        from soleus.reasoning.assess import software_version

        base = shipped()
        typer.echo(f"soleus {software_version()}, knowledge {base.version} ({base.digest[:12]})")
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
    cases: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Case files (YAML, JSON, a FHIR bundle, a saved interview), folders of them, or - for standard input."
        ),
    ] = None,
    note: Annotated[
        list[Path] | None,
        typer.Option(help="A text to read and judge: a file, a folder, a CSV (id, text), or - for standard input."),
    ] = None,
    strike: StrikeOption = None,
    change: ChangeOption = None,
    audience: AudienceOption = "clinician",
    setting: SettingOption = None,
    as_of: AsOfOption = None,
    format: Annotated[Format, typer.Option(help="What to print: text, json or html.")] = "text",
    out: Annotated[Path | None, typer.Option(help="Write here: a file for one case, a folder for several.")] = None,
    draws: Annotated[int, typer.Option(min=50, max=5000, help="Draws behind the intervals.")] = 500,
    resume: Annotated[
        bool, typer.Option("--resume", help="With several notes: leave out those already written.")
    ] = False,
    overlay: OverlayOption = None,
) -> None:
    """Judge one or more people: what it is, what must not be missed, what caused it, what next.

    Examples: `soleus assess case.yaml`, `soleus assess bundle.json --audience patient`,
    `soleus assess folder --format json --out results`, `soleus assess - < case.yaml`,
    `soleus assess --note letter.txt`, `soleus assess case.yaml --overlay overlay.yaml`.
    """
    if note:
        from soleus.cli.noting import assess_notes

        how = (audience, setting, as_of, draws)
        assess_notes(
            note, cases or [], how, form=format, out=out, strike=strike, change=change, resume=resume, overlay=overlay
        )
        return
    from soleus.cli.assessing import assess_all
    from soleus.errors import UsageError

    if not cases:
        raise UsageError("soleus assess", "no case", "a case, or a text with --note", "See `soleus assess --help`.")
    assess_all(
        cases, audience=audience, setting=setting, as_of=as_of, form=format, out=out, draws=draws, overlay=overlay
    )


@app.command()
def read(
    notes: Annotated[list[Path], typer.Argument(help="Texts: files, or - for standard input.")],
    format: Annotated[Format, typer.Option(help="What to print: text, json or html.")] = "text",
    strike: StrikeOption = None,
    change: ChangeOption = None,
    out: Annotated[Path | None, typer.Option(help="Write here instead of printing.")] = None,
) -> None:
    """Show what is understood of a text, without judging it: each statement with its place, state and source.

    Examples: `soleus read letter.txt`, `soleus read - < message.txt`,
    `soleus read note.txt --format html --out note.html`.
    """
    from soleus.cli.noting import read_notes

    read_notes(notes, form=format, strike=strike, change=change, out=out)


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(help="A question in your own words, or - for standard input.")],
    note: Annotated[Path | None, typer.Option(help="A text that tells of the person who asks.")] = None,
    case: Annotated[Path | None, typer.Option(help="A case of the person who asks.")] = None,
    audience: AudienceOption = "patient",
    format: Annotated[Literal["text", "json"], typer.Option(help="What to print: text or json.")] = "text",
) -> None:
    """Answer a question from the knowledge base, with citations; what cannot be answered is said.

    Examples: `soleus ask "could my salbutamol inhaler cause leg cramps?"`, `soleus ask "cramps or restless legs?"`,
    `soleus ask "is quinine safe with warfarin?"`.
    """
    from soleus.cli.asking import answer_question

    answer_question(" ".join(question), note=note, case=case, audience=audience, form=format)


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

    Examples: `soleus interview`, `soleus interview --audience clinician --setting sleep_clinic`,
    `soleus interview --save mine.json`, later `soleus interview --resume mine.json`.
    """
    from soleus.cli.interviewing import run

    run(audience=audience, setting=setting, resume=resume, save=save, as_of=as_of, plain=plain)


@app.command()
def explain(
    case: Annotated[Path, typer.Argument(help="The case.")],
    target: Annotated[
        str | None, typer.Option("--for", help="The explanation to account for (default: the first).")
    ] = None,
    against: Annotated[str | None, typer.Option(help="The explanation to set against it (default: the next).")] = None,
    as_of: AsOfOption = None,
    overlay: OverlayOption = None,
) -> None:
    """The whole chain from the answer to the citations: prior, each finding, each number, each source.

    Examples: `soleus explain case.yaml`, `soleus explain case.yaml --for "restless legs" --against "night leg cramp"`.
    """
    from soleus.cli.lookup import explain_case

    explain_case(case, target, against, as_of, overlay)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="An explanation, such as nocturnal_leg_cramp or a synonym.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    most: Annotated[int, typer.Option(min=3, max=200, help="How many rows.")] = 15,
) -> None:
    """The discriminating table of two explanations: which findings tell them apart, how well, from which source.

    Example: `soleus compare nocturnal_leg_cramp "restless legs syndrome" --most 10`.
    """
    from soleus.cli.lookup import compare_two

    compare_two(first, second, most)


@app.command()
def causes(
    explanation: Annotated[str, typer.Argument(help="An explanation.")] = "nocturnal_leg_cramp",
    overlay: OverlayOption = None,
) -> None:
    """What brings an explanation about: ratios, intervals, design, sources, and beliefs that they correct.

    Examples: `soleus causes`, `soleus causes restless_legs_syndrome`.
    """
    from soleus.cli.lookup import causes_of

    causes_of(explanation, overlay)


@app.command()
def sources(
    words: Annotated[list[str] | None, typer.Argument(help="Words of a title, an author, a key, a DOI.")] = None,
) -> None:
    """The sources, and what rests on each.

    Examples: `soleus sources`, `soleus sources quinine 2015`, `soleus sources 10.1002/14651858`.
    """
    from soleus.cli.lookup import list_sources

    list_sources(" ".join(words or []))


@app.command()
def show(
    name: Annotated[list[str], typer.Argument(help="An id, a name, a former name or a synonym, a code.")],
) -> None:
    """The entry of anything in the knowledge base; former names and synonyms find it.

    `soleus show findings` lists every finding with its answers; so do explanations, contributors and medicines.

    Examples: `soleus show systremma`, `soleus show G47.62`, `soleus show furosemide`, `soleus show urge_to_move`.
    """
    from soleus.cli.lookup import show_entry

    show_entry(" ".join(name))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; SOLEUS_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on; SOLEUS_PORT.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the store; SOLEUS_DATA.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes; SOLEUS_WORKERS.")] = None,
    settings: Annotated[bool, typer.Option("--settings", help="Print every setting and stop.")] = False,
) -> None:
    """Serve pages, FHIR, CDS Hooks and JSON on this machine: http://127.0.0.1:8000 unless set otherwise.

    Examples: `soleus serve`, `soleus serve --port 9000 --data store`, `soleus serve --settings`.
    """
    from soleus.cli.serving import serve as run

    run(host, port, data, workers, settings)


@app.command()
def validate(
    folder: Annotated[Path, typer.Option(help="Where the vignettes are.")] = Path("validation"),
    docs: Annotated[Path, typer.Option(help="Where validation.md, validation.json and the plots go.")] = Path("docs"),
    quick: Annotated[bool, typer.Option(help="Fewer simulated cases.")] = False,
) -> None:
    """Rebuild the validation report: published tables, vignettes, calibration, interviews, baselines.

    Examples: `soleus validate`, `soleus validate --quick --docs out`.
    """
    from soleus.validation.run import run

    run(folder, docs, quick=quick)


@app.command()
def mcp(
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP on this machine, not the streams.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port, with --http.")] = 8765,
    origin: Annotated[
        list[str] | None, typer.Option(help="With --http: a page, such as http://localhost:6274, that may call.")
    ] = None,
) -> None:
    """Serve the tools for agents (Model Context Protocol): assess, next question, compare, explain, entry, medicines.

    Examples: `soleus mcp` as the command of an agent, `soleus mcp --http --port 8765`.
    """
    from soleus.cli.agents import serve_agents

    serve_agents(http=http, port=port, origins=origin or [])
