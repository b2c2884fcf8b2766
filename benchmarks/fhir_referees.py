"""How many faults other people's software finds in the FHIR resources that leave Soleus: `fhir_referee_errors`.

Referees: @medplum/core with its definitions (structure and invariants) and npm ``fhir`` (required code bindings), both
by tests/web/referee.mjs, and the R4B classes of fhir.resources (structure, a second reading). Needs node, `make web`
and the development requirements.

Resources: everything that `$assess` and `case_bundle` give for the vignettes and examples, for both audiences, with
and without a subject and a date; the errors; the definitions; and, with SOLEUS_TEST_DATA, the synthetic records there
with a complaint added.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from soleus.clinical.case import Case
from soleus.errors import CannotAssess, SoleusError
from soleus.interop.fhir.operations import assess, capability
from soleus.interop.fhir.outcomes import outcome
from soleus.interop.fhir.writing import case_bundle
from soleus.interop.fhir.writing.definitions import code_systems, operation_definitions, structure_definitions
from soleus.interop.reading import read_any
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.validation.vignettes import read_all

ROOT = Path(__file__).resolve().parents[1]
Resource = dict[str, Any]
Fault = dict[str, Any]
LEGS: Resource = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "item": [
        {"linkId": "quality", "answer": [{"valueString": "cramp"}]},
        {"linkId": "site", "answer": [{"valueString": "calf"}]},
    ],
}


def cases(compiled: Compiled, root: Path = ROOT) -> Iterator[Case]:
    """Every vignette and example."""
    yield from (v.read() for v in read_all(root / "validation/vignettes"))
    for path in sorted((root / "examples").iterdir()):
        if path.suffix in (".yaml", ".json"):
            yield read_any(path, compiled)


def records(folder: Path) -> Iterator[Resource]:
    """The synthetic records, each with a complaint of the legs."""
    for path in sorted((folder / "data/fhir_synthea_r4").glob("*.json.gz")):
        tree = json.loads(gzip.decompress(path.read_bytes()))
        yield {**tree, "entry": [*tree["entry"], {"resource": LEGS}]}


def answers(compiled: Compiled, folder: Path | None, root: Path = ROOT, every: int = 1) -> Iterator[Resource]:
    """The bundles that leave; ``every``: only each so-manieth case."""
    for n, case in enumerate(list(cases(compiled, root))[::every]):
        bundle = case_bundle(case, compiled)
        yield bundle
        if n % 3 == 2:  # nobody is named
            bundle = {**bundle, "entry": [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Patient"]}
            bundle["entry"] = [{"resource": _without_subject(e["resource"])} for e in bundle["entry"]]
        yield _answered(bundle, compiled, "patient" if n % 2 else "clinician")
    for record in records(folder) if folder else ():
        yield _answered(record, compiled, "clinician")


def _without_subject(resource: Resource) -> Resource:
    return {k: v for k, v in resource.items() if k != "subject"}


def _answered(tree: Resource, compiled: Compiled, audience: str) -> Resource:
    try:
        return assess(tree, compiled, audience=audience, draws=50)
    except SoleusError as error:
        return outcome(error, status=422)


def definitions(compiled: Compiled) -> Iterator[Resource]:
    """What the service says of itself, and an error."""
    yield capability("https://example.org/fhir", "1.0.0", "2026-11-21")
    yield from (*operation_definitions(), *structure_definitions(), *code_systems(compiled))
    yield outcome(CannotAssess("entry[0].code", "nothing", "a complaint", "Add one."), status=422)


def each(bundles: Iterable[Resource]) -> Iterator[Resource]:
    """A bundle, and each resource in it."""
    for bundle in bundles:
        yield bundle
        yield from (e["resource"] for e in bundle.get("entry", ()))


def faults(resources: list[Resource], node: str = "node", root: Path = ROOT) -> list[Fault]:
    """What the referees find wrong: index, type, referee and problem of each fault."""
    told = subprocess.run(
        [node, str(root / "tests/web/referee.mjs")],
        input="\n".join(json.dumps(r) for r in resources), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [*json.loads(told.stdout), *_by_classes(resources)]


def _by_classes(resources: list[Resource]) -> Iterator[Fault]:
    """Bundles are left out: each of their resources is here by itself."""
    from fhir.resources.R4B import get_fhir_model_class

    for n, r in enumerate(resources):
        kind = r["resourceType"]
        try:
            if kind != "Bundle":
                get_fhir_model_class(kind).model_validate(r)
        except ValueError as error:
            yield {"index": n, "type": kind, "referee": "fhir.resources", "problem": str(error)}


def referee_figures(folder: Path | None = None) -> dict[str, int]:
    """How many resources were judged, and how many faults were found; the first faults go to standard error."""
    compiled = shipped_compiled()
    resources = [*each(answers(compiled, folder)), *definitions(compiled)]
    found = faults(resources)
    for fault in found[:20]:
        print(f"{fault['type']}, {fault['referee']}: {fault['problem']}", file=sys.stderr)
    return {"fhir_referee_resources": len(resources), "fhir_referee_errors": len(found)}


if __name__ == "__main__":
    named = os.environ.get("SOLEUS_TEST_DATA")
    print(json.dumps(referee_figures(Path(named) if named else None)))
