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


SourceArgument = Annotated[
    str, typer.Argument(help="Folder of OMOP tables (Parquet, CSV) or FHIR files, a DuckDB file, or an address.")
]
KindOption = Annotated[
    Literal["omop", "fhir", "plain"] | None, typer.Option(help="What the source is; found out if left away.")
]
EngineOption = Annotated[Literal["duckdb", "spark"], typer.Option(help="Where the queries run.")]
TextOrJson = Annotated[Literal["text", "json"], typer.Option("--format", help="What to print: text or json.")]
ResultsOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for the results as Parquet and JSON, with a manifest.")
]
LeastOption = Annotated[
    int, typer.Option("--least", min=0, help="Counts from 1 to below this are hidden, with what would tell them.")
]


AgeOption = Annotated[
    int | None, typer.Option(min=0, help="Only events of people who are at least so old on the day of the earlier.")
]
MinDaysOption = Annotated[
    int, typer.Option(min=0, help="Least days that the first record of the index lasts, both ends counted.")
]
MaxDaysOption = Annotated[str, typer.Option(help="Most days that it lasts.")]
MinDoseOption = Annotated[
    float | None, typer.Option(min=0, help="Least dose that the index begins with, in milligrams a day (OMOP).")
]
MaxDoseOption = Annotated[float | None, typer.Option(min=0, help="Most of it.")]
ExcludeOption = Annotated[
    bool, typer.Option("--exclude/--no-exclude", help="Leave out people with malaria, motor neurone disease, dialysis.")
]
StartsOption = Annotated[
    Literal["new", "ever"] | None,
    typer.Option(
        help="What the null ratio counts: new starts under observation, or first events ever (with --compat)."
    ),
]


@app.command()
def init(
    source: SourceArgument,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    out: Annotated[Path | None, typer.Option(help="Turn FHIR files into a folder of tables.")] = None,
    format: TextOrJson = "text",
) -> None:
    """Look at a database: what it is, what it lacks, which value sets its vocabulary knows.

    Examples: `soleus population init data/omop`, `soleus population init data/fhir --out tables`.
    """
    from soleus.cli.populating import run_init

    run_init(source, kind, engine, out, format)


@app.command()
def quality(
    source: SourceArgument,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    format: TextOrJson = "text",
    out: ResultsOption = None,
    least: LeastOption = 5,
) -> None:
    """What is wrong or missing in a database, and what that does to each result.

    Example: `soleus population quality data/omop`.
    """
    from soleus.cli.populating import run_quality

    run_quality(source, kind, engine, format, out, least)


@app.command()
def cohort(
    source: SourceArgument,
    file: Annotated[Path | None, typer.Option(help="Cohorts as YAML, or one as Circe JSON (OHDSI Atlas).")] = None,
    value_set: Annotated[str | None, typer.Option(help="The first record of a value set, such as cramp.")] = None,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    format: Annotated[Literal["text", "json", "svg"], typer.Option(help="What to print; svg is the chart.")] = "text",
    out: ResultsOption = None,
    least: LeastOption = 5,
    plot: Annotated[Path | None, typer.Option(help="Folder for the attrition charts as pictures (SVG).")] = None,
    person_level: Annotated[bool, typer.Option(help="Write who is in it as well: rows of single people.")] = False,
) -> None:
    """Who is in a cohort, read as a sentence, and how many were lost at which step.

    Examples: `soleus population cohort data/omop --value-set cramp`,
    `soleus population cohort data/omop --file cohorts.yaml --out results --plot pictures`.
    """
    from soleus.cli.populating import run_cohort

    run_cohort(source, kind, engine, (file, value_set), format, (out, plot), least, person_level)


@app.command()
def prevalence(
    source: SourceArgument,
    value_set: Annotated[str, typer.Option(help="What is counted, such as cramp or medicine.statin.")] = "cramp",
    by: Annotated[str, typer.Option(help="Some of year,sex,age; empty for one row.")] = "age,sex",
    era_gap: Annotated[int, typer.Option(min=0, help="Records at most so many days apart are one.")] = 30,
    prior_observation: Annotated[int, typer.Option(min=0, help="Days before anybody is at risk.")] = 365,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    format: TextOrJson = "text",
    out: ResultsOption = None,
    least: LeastOption = 5,
) -> None:
    """How common something is and how often it begins, with denominators by age, sex and calendar year.

    Example: `soleus population prevalence data/omop --value-set cramp --by year,age,sex --format json`.
    """
    from soleus.cli.populating import run_prevalence

    named = [part.strip() for part in by.split(",") if part.strip()]
    run_prevalence(source, kind, engine, value_set, named, (era_gap, prior_observation), format, out, least)


@app.command()
def ssa(
    source: Annotated[str | None, typer.Argument(help="A database, as for the other commands; or --cohorts.")] = None,
    cohorts: Annotated[
        Path | None,
        typer.Option(help="Folder with index_cohort.csv, marker_cohort.csv and observation_period.csv (OMOP columns)."),
    ] = None,
    index: Annotated[
        list[str] | None,
        typer.Option(help="Number of a cohort, or value set of a database (medicine.statin); may be given again."),
    ] = None,
    marker: Annotated[list[str] | None, typer.Option(help="The same for the marker.")] = None,
    window: Annotated[str, typer.Option(help="LO,HI: more than LO and at most HI days between the two starts.")] = (
        "0,365"
    ),
    null_window: Annotated[
        str | None, typer.Option(help="Days the null ratio looks ahead and back; default HI, 548 with --compat.")
    ] = None,
    max_gap: Annotated[str, typer.Option(help="Most days from the end of the earlier to the later.")] = "inf",
    prior_observation: Annotated[
        str | None, typer.Option(help="Least days of observation before; default 365 on a database, else 0.")
    ] = None,
    washout: Annotated[
        str | None, typer.Option(help="Least days since an event of the same cohort; default likewise.")
    ] = None,
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
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    age_at_least: AgeOption = None,
    min_days: MinDaysOption = 0,
    max_days: MaxDaysOption = "inf",
    min_dose: MinDoseOption = None,
    max_dose: MaxDoseOption = None,
    exclude: ExcludeOption = True,
    starts: StartsOption = None,
    least: LeastOption = 5,
    format: Annotated[Literal["text", "json"], typer.Option(help="What to print: text or json.")] = "text",
) -> None:
    """Sequence symmetry: is the index started before the marker more often than after it, beyond what time explains?

    Days may be `inf`. One pair is one JSON object; several are an array. What is undefined is null. On cohorts, all
    pairs are told where none is named, and what follows `--kind` does not apply; on a database small counts are hidden.

    Examples: `soleus population ssa --cohorts folder --index 1 --marker 3`,
    `soleus population ssa --cohorts folder --index 1 --marker 3 --window 0,inf --date-range 2010-01-01: --format json`,
    `soleus population ssa data/omop --index medicine.statin --marker quinine`.
    """
    from soleus.cli import populating_ssa as asked
    from soleus.population.sequences.counting import SequenceSettings

    first, last = asked.date_range(date_range)
    usual = 0 if compat or cohorts is not None else 365
    settings = SequenceSettings(
        window=asked.window(window),
        null_days=None if null_window is None else asked.days("--null-window", null_window),
        max_gap=asked.days("--max-gap", max_gap),
        prior_observation=usual
        if prior_observation is None
        else asked.least_days("--prior-observation", prior_observation),
        washout=usual if washout is None else asked.least_days("--washout", washout),
        first_day=first,
        last_day=last,
        level=level / 100,
        interval="jeffreys" if interval == "jeffreys" else "clopper_pearson",
        compat=compat,
    )
    if cohorts is None:
        from soleus.cli.populating_signals import rules_of, run_ssa_on

        rules = rules_of(
            age_at_least, (min_days, max_days), (min_dose, max_dose), starts or ("ever" if compat else "new")
        )
        place = asked.place(source)
        names = index or [], marker or []
        run_ssa_on(place, kind, engine, names, settings, rules, exclude, bootstrap, least, format)
    else:
        asked.one_place(source)
        ids = (asked.numbers("--index", index), asked.numbers("--marker", marker))
        asked.run_ssa(cohorts, asked.Asked(*ids, bootstrap), settings, format)


@app.command()
def screen(
    source: SourceArgument,
    marker: Annotated[
        list[str] | None,
        typer.Option(help="quinine, magnesium, muscle_relaxant, cramp or another value set; may be given again."),
    ] = None,
    index: Annotated[
        list[str] | None, typer.Option(help="Value sets to look at in place of every class of medicines.")
    ] = None,
    ingredients: Annotated[bool, typer.Option(help="Every ingredient of the database as well.")] = False,
    window: Annotated[str, typer.Option(help="LO,HI: more than LO and at most HI days between the two starts.")] = (
        "0,365"
    ),
    null_window: Annotated[
        str | None, typer.Option(help="Days the null ratio looks ahead and back; default HI.")
    ] = None,
    max_gap: Annotated[str, typer.Option(help="Most days from the end of the earlier to the later.")] = "inf",
    prior_observation: Annotated[int, typer.Option(min=0, help="Least days of observation before.")] = 365,
    washout: Annotated[int, typer.Option(min=0, help="Least days since the same medicine before.")] = 365,
    date_range: Annotated[
        str | None, typer.Option(help="A:B, both included; an empty end is where observation begins or ends.")
    ] = None,
    age_at_least: AgeOption = None,
    min_days: MinDaysOption = 0,
    max_days: MaxDaysOption = "inf",
    min_dose: MinDoseOption = None,
    max_dose: MaxDoseOption = None,
    exclude: ExcludeOption = True,
    strata: Annotated[bool, typer.Option(help="Null ratios by age band and sex.")] = True,
    rate: Annotated[float, typer.Option(min=0.1, max=50, help="Rate of false discoveries, per cent.")] = 5,
    calibrate: Annotated[bool, typer.Option(help="Calibrate by negative controls, where there are enough.")] = True,
    second_look: Annotated[bool, typer.Option(help="A self-controlled case series of what is found.")] = True,
    bootstrap: Annotated[
        int, typer.Option(min=0, max=100_000, help="Draws of people for the null ratios of what is found; 0 for none.")
    ] = 0,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    format: TextOrJson = "text",
    out: ResultsOption = None,
    plot: Annotated[Path | None, typer.Option(help="Folder for the drawings (SVG) and their tables (CSV).")] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Keep first exposures here (rows of people), for faster screens of the same database."),
    ] = None,
    least: LeastOption = 5,
) -> None:
    """Screen every class of medicines for starts before the marker: signals, calibrated by negative controls.

    Examples: `soleus population screen data/omop`,
    `soleus population screen data/omop --marker cramp --ingredients --out results --plot plots`.
    """
    from soleus.cli import populating_ssa as asked
    from soleus.cli.populating_signals import Asked, rules_of, run_screen, settings_of
    from soleus.population.sequences.counting import SequenceSettings

    first, last = asked.date_range(date_range)
    sequence = SequenceSettings(
        window=asked.window(window),
        null_days=None if null_window is None else asked.days("--null-window", null_window),
        max_gap=asked.days("--max-gap", max_gap),
        prior_observation=prior_observation,
        washout=washout,
        first_day=first,
        last_day=last,
    )
    rules = rules_of(age_at_least, (min_days, max_days), (min_dose, max_dose), "new")
    settings = settings_of(
        marker or ["quinine"], index or (), ingredients, sequence, rules, exclude, strata, rate, calibrate
    )
    run_screen(source, kind, engine, settings, Asked(out, plot, least, bootstrap, second_look, store), format)


@app.command()
def score(
    source: SourceArgument,
    as_of: Annotated[
        str | None, typer.Option(help="Judge on this day those observed then. Default: each on the last day observed.")
    ] = None,
    setting: Annotated[
        str, typer.Option(help="Where the complaint would be brought: primary_care, sleep_clinic, ...")
    ] = "primary_care",
    people: Annotated[
        Path | None, typer.Option(help="A file (.parquet) with a row for each person: their whole differential.")
    ] = None,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    format: TextOrJson = "text",
    out: ResultsOption = None,
    least: LeastOption = 5,
) -> None:
    """Judge everybody: red flags and the differential of each person from codes, medicines and laboratory values.

    What is printed and written are sums over groups of people; rows of people only with `--people`. A run that was
    broken off goes on where it stopped if `--out` or `--people` was given.

    Examples: `soleus population score data/omop`,
    `soleus population score data/omop --out results --people people.parquet`.
    """
    from soleus.cli.populating_score import Output, run_score

    run_score(source, kind, engine, as_of, setting, Output(out, people, format, least))


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="Folder for the made-up population.")],
    people: Annotated[int, typer.Option(min=1, help="How many.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same people.")] = 1,
    form: Annotated[Literal["omop", "fhir"], typer.Option(help="OMOP as Parquet, or FHIR as NDJSON.")] = "omop",
    plant: Annotated[
        list[str] | None, typer.Option(help="GROUP=RATIO; may be given again. Default: the published ratios.")
    ] = None,
) -> None:
    """People and their records drawn from the knowledge base, with planted ratios: to try, to test, to measure.

    A run that was broken off goes on where it stopped.

    Example: `soleus population simulate world --people 100000 --seed 7`.
    """
    from soleus.cli.populating import run_simulate

    run_simulate(out, people, seed, form, plant or ())


@app.command()
def report(
    source: SourceArgument,
    out: Annotated[Path, typer.Option(help="Folder for the report and its tables, with a manifest.")],
    html: Annotated[Path | None, typer.Option(help="Write the page here; default: report.html in the folder.")] = None,
    cohorts: Annotated[Path | None, typer.Option(help="Cohorts as YAML in place of the usual ones.")] = None,
    title: Annotated[
        str | None, typer.Option(help="Heading of the page; default: what the database calls itself.")
    ] = None,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    least: LeastOption = 5,
) -> None:
    """One page about a database: quality, cohorts, how common things are, and what the knowledge says beside it.

    What an earlier run into the same folder has finished is read, not made again.

    Example: `soleus population report data/omop --out report`.
    """
    from soleus.cli.populating_report import run_report

    run_report(source, kind, engine, out, html, cohorts, title, least)


@app.command()
def learn(
    places: Annotated[list[str], typer.Argument(help="A database; with --combine the aggregates of sites.")],
    combine: Annotated[
        bool, typer.Option("--combine", help="Join sites from files of --aggregates: no row of a person is needed.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the overlay here (YAML, or JSON by its ending).")] = None,
    aggregates: Annotated[
        Path | None, typer.Option(help="Write what this site gives away here (JSON), to be joined elsewhere.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="Name of the site; default: what the database calls itself.")] = None,
    signals: Annotated[
        Path | None, typer.Option(help="Results of `soleus population screen --out`; default: a screen is run.")
    ] = None,
    screen: Annotated[bool, typer.Option(help="Learn ratios of medicines from a screen.")] = True,
    index_day: Annotated[
        str | None,
        typer.Option(help="The day on which causes are counted; default: the last 1 July on which many are observed."),
    ] = None,
    prior_observation: Annotated[int, typer.Option(min=0, help="Days before anybody counts.")] = 365,
    kind: KindOption = None,
    engine: EngineOption = "duckdb",
    format: TextOrJson = "text",
    least: LeastOption = 5,
) -> None:
    """What this database says of numbers of the knowledge base, drawn towards the published ones: an overlay.

    Rates, how common causes are, laboratory values and ratios; each keeps its published value beside it.

    Examples: `soleus population learn data/omop --out overlay.yaml`,
    `soleus population learn data/omop --site north --aggregates north.json`,
    `soleus population learn --combine north.json south.json --out overlay.yaml`.
    """
    from soleus.cli.populating_learn import Asked, run_learn

    asked = Asked(out, aggregates, site, signals, screen, index_day, prior_observation, least)
    run_learn(places, combine, kind, engine, asked, format)
