"""Write the pages that are made from code or data: `make docs`. With --check nothing is written.

docs/errors.md                 from soleus.errors and tools/error_examples.yaml
docs/hazard-log.md             from docs/hazard-log.yaml
docs/threat-model.md           from docs/threat-model.yaml
docs/settings.md               from soleus.service.settings
docs/records.md                from the structures in soleus.knowledge.schema
docs/case.schema.json          from soleus.clinical.case
docs/assessment.schema.json    from soleus.reports.json

and, in the documents of `BLOCKS`, what stands between ``<!-- made: NAME -->`` and ``<!-- end: NAME -->``: figures
from docs/validation.json and benchmarks/results.json, parameters, excerpts of what the command prints, and tables of
`scale_model`.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import yaml

from soleus import errors
from soleus.evidence.record import Record
from soleus.knowledge.loader import kinds, shipped
from soleus.knowledge.schema.core import Parameter
from soleus.reasoning.case_schema import case_schema as case_with_vocabulary
from soleus.reasoning.compiled import shipped_compiled
from soleus.reports.json import schema_text
from soleus.service.settings import PREFIX, Settings
from soleus.validation.report import AIMS

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by tools/make_docs.py; change its source and run `make docs`. -->\n\n"


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def error_classes(of: type[errors.SoleusError] = errors.SoleusError) -> Iterator[type[errors.SoleusError]]:
    """Every class below `SoleusError`, depth first, in the order of the module."""
    for child in of.__subclasses__():
        yield child
        yield from error_classes(child)


def leaves() -> list[type[errors.SoleusError]]:
    """The classes that are raised: those without children."""
    return [c for c in error_classes() if not c.__subclasses__()]


def error_section(kind: type[errors.SoleusError], example: dict[str, Any]) -> str:
    """What the command says on a real occasion, and what was handed over."""
    if "python" in example:
        return python_section(kind, example)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in example.get("files", {}).items():
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            (Path(folder) / name).write_text(text, encoding="utf-8")
        done = called(example["command"], Path(folder))
    assert done.returncode == kind.exit_code, (kind, done)
    given = "\n".join(f"```yaml\n# {name}\n{text.rstrip()}\n```\n" for name, text in example.get("files", {}).items())
    return (
        f"## {kind.__name__}\n\n"
        f"Exit code {kind.exit_code}, code `{kind.code}`. Arises when {example['when']}.\n\n"
        f"{given}\n```text\n$ soleus {example['command']}\n{done.stderr.strip()}\n```\n"
    ).replace("\n\n\n", "\n\n")


def python_section(kind: type[errors.SoleusError], example: dict[str, Any]) -> str:
    """What a program meets where no command raises the error."""
    try:
        exec(example["python"], {})  # our own example
        raise AssertionError(kind)
    except kind as error:
        told = f"{kind.__name__}: {error}"
    return (
        f"## {kind.__name__}\n\nExit code {kind.exit_code}, code `{kind.code}`. Arises when {example['when']}.\n\n"
        f"```python\n{example['python'].rstrip()}\n```\n\n```text\n{told}\n```\n"
    )


def called(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`soleus COMMAND` as on a terminal of 80 columns without colour."""
    surroundings = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"}
    words = [sys.executable, "-c", "from soleus.cli import main; main()", *command.split()]
    return subprocess.run(
        words, cwd=folder, env=surroundings, capture_output=True, text=True, encoding="utf-8", check=False
    )


def errors_page() -> str:
    examples = read("tools/error_examples.yaml")
    tree = (errors.__doc__ or "").split("\n\n")[1]
    sections = "\n".join(error_section(kind, examples[kind.__name__]) for kind in leaves())
    return f"""{MADE}# Errors

Every error says where, what was found, what was expected and how to mend it. With `--format json` it is
one object on standard error: `{{"code", "where", "found", "expected", "repair"}}`. No message holds a detail
of the patient beyond the name of the field and the word that could not be read. Exit 0 means judged, whatever
the judgement: a red flag never changes it. Exit 70 is a defect of ours: please report it.

```text
{tree}
```

{sections}"""


def hazard_rows(hazard: dict[str, Any]) -> str:
    controls = "<br>".join(
        f"{c['control']} (`{c['test']}`{', **pending**' if c.get('pending') else ''})" for c in hazard["controls"]
    )
    cells = [hazard[k] for k in ("id", "hazard", "cause", "harm", "severity", "likelihood")] + [
        controls,
        hazard["residual"],
    ]
    return "| " + " | ".join(cells) + " |"


def hazards_page() -> str:
    hazards = read("docs/hazard-log.yaml")["hazards"]
    controls = [c for h in hazards for c in h["controls"]]
    pending = sum(bool(c.get("pending")) for c in controls)
    proven = len(controls) - pending
    rows = "\n".join(map(hazard_rows, hazards))
    return f"""{MADE}# Hazard log

{len(hazards)} hazards, {len(controls)} controls: {proven} proven by a test, {pending} await theirs.
Severity and remaining likelihood are the maintainers' judgement. No clinician has reviewed this log.

| id | hazard | cause | harm | severity | likelihood | controls (test) | residual risk |
|---|---|---|---|---|---|---|---|
{rows}
"""


def threats_page() -> str:
    threats = read("docs/threat-model.yaml")
    controls = [c for t in threats["threats"] for c in t["controls"]]
    rows = "\n".join(
        f"| {t['id']} | {t['threat']} | "
        + "<br>".join(f"{c['control']} (`{c['test']}`)" for c in t["controls"])
        + f" | {t['residual']} |"
        for t in threats["threats"]
    )
    what = "\n".join(f"- **{a['name']}**: {a['what']}" for a in threats["assets"])
    return f"""{MADE}# Threat model of the service

What `soleus serve` guards, against whom, and by what. {len(threats["threats"])} threats, {len(controls)} controls, each
with the test that proves it. No outside party has tested the service yet.

{threats["scope"].strip()}

{what}

| id | threat | controls (test) | what remains |
|---|---|---|---|
{rows}
"""


def settings_page() -> str:
    rows = "\n".join(_setting_row(name, field) for name, field in Settings.model_fields.items())
    return f"""{MADE}# Settings of the service

From the environment, or from a TOML file named by `SOLEUS_CONFIG` with the names in lower case and without prefix
(`port = 9000`); the environment wins, options of `soleus serve` win over both. A list is JSON in the environment:
`SOLEUS_TRUSTED_PROXIES='["10.0.0.1"]'`. An unknown name in the file is an error. `soleus serve --settings` prints what
holds.

| setting | unless set | meaning |
|---|---|---|
{rows}
"""


def _setting_row(name: str, field: Any) -> str:
    shown = "a folder of the user's data" if name == "data" else field.default
    shown = {None: "", (): ""}.get(shown, shown) if shown is None or isinstance(shown, tuple) else shown
    shown = ", ".join(shown) if isinstance(shown, tuple) else shown
    return f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |"


def shared_fields() -> set[str]:
    """What every record has, so that no table repeats it."""
    return set(Record.__struct_fields__) - {"id"}


def field_rows(structure: type[Any]) -> Iterator[str]:
    written: dict[str, str] = {}
    for base in reversed(structure.__mro__):
        written |= inspect.get_annotations(base)
    for field in msgspec.structs.fields(structure):
        if field.name not in shared_fields() or not issubclass(structure, Record):
            kind = str(written[field.name]).replace("|", "\\|")
            yield f"| `{field.name}` | `{kind}` | {'yes' if field.required else ''} |"


def record_section(name: str, structure: type[Any]) -> str:
    rows = "\n".join(field_rows(structure))
    words = inspect.getdoc(structure) or ""
    return f"## {name}\n\n{words}\n\n| field | type | required |\n|---|---|---|\n{rows}\n"


def records_page() -> str:
    sections = "\n".join(record_section(name, structure) for name, structure in sorted(kinds().items()))
    return f"""{MADE}# Kinds of record

A file of `src/soleus/knowledge/data` names its `kind`, the `review` of its records, and `records`. Every
record has an `id`, a `basis`, its `source` (keys of `source` records), an optional `note`, `conflicts`
(what disagrees, what was chosen and why) and `review`. What only one kind has stands below.

{sections}"""


def case_schema() -> str:
    schema = case_with_vocabulary(shipped_compiled())
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


# Blocks inside documents that are otherwise written by hand


@cache
def printed(command: str) -> tuple[str, ...]:
    """The lines that `soleus COMMAND` prints."""
    done = called(command, ROOT)
    return tuple(line.rstrip() for line in (done.stdout or done.stderr).splitlines())


def excerpt(command: str, first: str = "", until: str = "", most: int = 60) -> str:
    """What a command prints, from the line that begins with ``first`` to before the one that begins with ``until``."""
    lines = list(printed(command))
    at = next((i for i, line in enumerate(lines) if line.startswith(first)), 0) if first else 0
    rest = lines[at:]
    end = next((i for i, line in enumerate(rest) if i and until and line.startswith(until)), len(rest))
    shown = "\n".join(rest[: min(end, most)]).rstrip()
    more = "\n..." if len(rest) > min(end, most) else ""
    return f"```text\n$ soleus {command}\n{'' if at == 0 else '...' + chr(10)}{shown}{more}\n```"


def figure(value: Any) -> str:
    """A figure in at most three digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if value and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def share(name: str, value: Any) -> str:
    """A figure of docs/validation.json, in per cent if it is a share."""
    whole = name.startswith(("top", "over_", "under_", "must_"))
    return f"{value:.0%}" if whole and isinstance(value, float) else figure(value)


#: The figures that the README shows; the model card shows all.
MAIN = (
    "top1",
    "top3",
    "must_not_miss_recall",
    "over_triage",
    "calibration_slope",
    "questions_median",
    "tables_reproduced",
)


def right(names: tuple[str, ...] = ()) -> str:
    """The aims and figures of docs/validation.json; of ``names`` alone if given."""
    found = read("docs/validation.json") if (ROOT / "docs/validation.json").exists() else {}
    if not found:
        return "Not measured yet: `make validate`."
    rows = [
        f"| {what} | {share(name, found[name])} | {aim} | {'met' if holds(found[name]) else '**missed**'} |"
        for name, what, aim, holds in AIMS
        if name in found and (not names or name in names)
    ]
    beside = [
        f"| {what} | {share(name, found[name])} | | |"
        for name, what in (
            ("top1_strict", "the source's own explanation first, none accepted beside it"),
            ("top1_diagnosis", "with the cause that the source names"),
            ("top1_baseline", "right first, by rates alone"),
            ("top1_without_expert", "right first, without expert records"),
            ("under_triage", "care needed the same day and not said"),
            ("calibration_slope_cases", "calibration slope on the vignettes"),
        )
        if found.get(name) is not None and (not names or name == "top1_baseline")
    ]
    aside, everyone = found.get("vignettes_set_aside", "half"), found["vignettes"]
    head = f"On the {aside} of {everyone} vignettes that were set aside before any tuning:"
    return "\n".join([head, "", "| | measured | aim | |", "|---|---:|---|---|", *rows, *beside])


SPEED = (
    ("single_vs_pyagrum", "one posterior, times as quick as pyAgrum", "at least 20", 20, False),
    ("batch_vs_pyagrum", "a batch, times as quick as pyAgrum", "at least 3,000", 3_000, False),
    ("batch_cases_per_s", "cases a second in a batch", "at least 2,000,000", 2_000_000, False),
    ("assess_500_draws_ms", "judgement with 500 draws and the next question, ms", "at most 30", 30, True),
    ("import_s", "`import soleus`, s", "at most 0.25", 0.25, True),
    ("assess_cold_s", "the whole command, s", "at most 0.8", 0.8, True),
    ("service_rps", "requests a second that the service holds throughout a run", "at least 200", 200, False),
    ("service_p99_ms", "99 of 100 of them within, ms", "at most 100", 100, True),
    ("service_errors", "of them wrong", "0", 0, True),
    ("schemathesis_5xx", "faults in what schemathesis tries", "0", 0, True),
    ("axe_violations", "violations that axe finds on any page", "0", 0, True),
    ("fhir_referee_errors", "errors that referees find in FHIR that leaves", "0", 0, True),
    ("kill9_lost", "acknowledged records lost by kill -9", "0", 0, True),
)


def fast() -> str:
    """The aims and figures of benchmarks/results.json."""
    place = ROOT / "benchmarks/results.json"
    if not place.exists():
        return "Not measured yet: `make bench`."
    found = json.loads(place.read_text(encoding="utf-8"))
    rows = []
    for name, what, aim, limit, below in SPEED:
        if name in found:
            met = found[name] <= limit if below else found[name] >= limit
            rows.append(f"| {what} | {figure(found[name])} | {aim} | {'met' if met else '**missed**'} |")
    where = f"{found.get('processor', 'a processor')}, {found.get('cores', 'some')} cores:"
    return "\n".join([where, "", "| | measured | aim | |", "|---|---:|---|---|", *rows])


def parameters() -> str:
    rows = [f"| `{p.id}` | {p.value:g} | {p.unit} | {p.meaning} |" for p in shipped().all(Parameter)]
    return "\n".join(["| parameter | value | unit | meaning |", "|---|---:|---|---|", *rows])


def stock() -> str:
    """How many records of the main kinds, and how many of the likelihoods are expert."""
    records = shipped().records
    wanted = (
        "explanation",
        "finding",
        "likelihood",
        "contributor",
        "effect",
        "medicine",
        "red_flag",
        "treatment",
        "source",
    )
    likelihoods = records["likelihood"]
    expert = sum(r.basis == "expert" for r in likelihoods) / len(likelihoods)
    rows = [f"| {k.replace('_', ' ')} | {len(records[k]):,} |" for k in wanted]
    return "\n".join(
        [
            "| kind of record | number |",
            "|---|---:|",
            *rows,
            "",
            f"Of the likelihoods {expert:.0%} are expert estimates.",
        ]
    )


DRUG = "assess examples/drug-induced-cramp.yaml"
RESTLESS = "assess examples/restless-legs.yaml --audience patient"
BLOCKS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {
        "terminal": partial(excerpt, DRUG, until="DIFFERENTIAL"),
        "right": partial(right, MAIN),
        "fast": fast,
    },
    "docs/model.md": {"parameters": parameters},
    "docs/model-card.md": {"stock": stock, "right": right},
    "docs/user-guide/patient.md": {
        "answer": partial(excerpt, RESTLESS, until="No red flag"),
        "tonight": partial(
            excerpt, "assess examples/idiopathic-cramp.yaml --audience patient", "STOP A CALF", "CALF STRETCH"
        ),
    },
    "docs/user-guide/clinician.md": {
        "why": partial(excerpt, DRUG, "WHY ", "IDIOPATHIC"),
        "causes": partial(excerpt, DRUG, "IDIOPATHIC", most=12),
        "medicines": partial(excerpt, DRUG, "MEDICINES", "", most=15),
    },
    "docs/user-guide/developer.md": {
        "error": partial(excerpt, "assess examples/none.yaml --format json"),
    },
}


def scale_blocks() -> dict[str, Callable[[], str]]:
    """The tables of docs/scale.md, made by the module beside this one, which may be no package to whoever loads it."""
    spec = importlib.util.spec_from_file_location("scale_model", Path(__file__).parent / "scale_model.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["scale_model"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: dict[str, Callable[[], str]] = module.blocks()
    return made


BLOCKS["docs/scale.md"] = scale_blocks()


def filled(path: str) -> str:
    """A document with its blocks made anew. Raises `ValueError` where a block has no place in it."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for name, make in BLOCKS[path].items():
        place = re.compile(rf"(<!-- made: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"{path} has no place for the block {name}")
        block = make()
        text = place.sub(lambda m, block=block: f"{m[1]}{block}\n{m[2]}", text)
    return text


PAGES: dict[str, Callable[[], str]] = {
    "docs/errors.md": errors_page,
    "docs/hazard-log.md": hazards_page,
    "docs/records.md": records_page,
    "docs/settings.md": settings_page,
    "docs/threat-model.md": threats_page,
    "docs/case.schema.json": case_schema,
    "docs/assessment.schema.json": schema_text,
    **{path: partial(filled, path) for path in BLOCKS},
}


def main(arguments: list[str]) -> int:
    stale = [path for path, page in PAGES.items() if not _same(path, page())]
    if "--check" in arguments:
        print(*(f"{path} is out of date: run `make docs`" for path in stale), sep="\n")
        return int(bool(stale))
    for path in stale:
        (ROOT / path).write_text(PAGES[path](), encoding="utf-8")
        print("wrote", path)
    return 0


def _same(path: str, text: str) -> bool:
    page = ROOT / path
    return page.exists() and page.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
