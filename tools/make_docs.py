"""Write the pages that are made from code or data: `make docs`. With --check nothing is written.

docs/errors.md                 from soleus.errors and tools/error_examples.yaml
docs/hazard-log.md             from docs/hazard-log.yaml
docs/records.md                from the structures in soleus.knowledge.schema
docs/case.schema.json          from soleus.clinical.case
docs/assessment.schema.json    from soleus.reports.json
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from soleus import errors
from soleus.clinical.case import Case
from soleus.evidence.record import Record
from soleus.knowledge.loader import kinds
from soleus.reports.json import schema_text

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


def error_section(kind: type[errors.SoleusError], example: dict[str, str]) -> str:
    shown = kind(*(example[field] for field in ("where", "found", "expected", "repair")))
    return (
        f"## {kind.__name__}\n\n"
        f"Exit code {kind.exit_code}, code `{kind.code}`. Arises when {example['when']}.\n\n"
        f"```text\n{shown}\n```\n"
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
    return json.dumps(msgspec.json.schema(Case), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "docs/errors.md": errors_page,
    "docs/hazard-log.md": hazards_page,
    "docs/records.md": records_page,
    "docs/case.schema.json": case_schema,
    "docs/assessment.schema.json": schema_text,
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
