"""One engine, one answer: the same cases through every way in give the same probabilities, to the last digit."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
import pytest
from mcp import Client as AgentClient

import soleus
from soleus.agents.server import server
from soleus.client import AsyncClient
from soleus.clinical.reading import case_from
from soleus.interop.cds_hooks.answering import EXTENSION
from soleus.interop.fhir.writing import case_bundle
from soleus.interop.fhir.writing.answers import percentage
from soleus.reasoning.assessment import Assessment
from soleus.reasoning.compiled import shipped_compiled
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository
from soleus.validation.vignettes import read_all
from soleus.web.state import State, pack

T = TypeVar("T")
AS_OF = "2026-11-21"
#: Vignettes of validation/vignettes: of each of the thirty commonest explanations the first by name.
CASES = (
    "bon_avn_dodgeball_01",
    "bon_ewing_thigh_01",
    "bon_metastasis_bladder_02",
    "bon_occult_hip_01",
    "bon_paget_bowed_02",
    "chi_growing_pains_daniel_01",
    "chi_leukaemia_teen_01",
    "chi_perthes_01",
    "chi_pyomyositis_gluteus_01",
    "cra_als_01",
    "cra_child_01",
    "cra_heat_football_02",
    "cra_mcardle_01",
    "cra_tetany_normocalcaemic_03",
    "mov_hypokalaemia_01",
    "mov_moving_toes_02",
    "mov_rls_agomelatine_01",
    "mov_stiff_limb_02",
    "mov_tetanus_01",
    "mov_withdrawal_body_02",
    "msk_dermatomyositis_01",
    "ner_gbs_adult_02",
    "oth_adrenal_cachexia_02",
    "slp_plmd_01",
    "spi_b12_01",
    "spi_cauda_equina_01",
    "spi_cord_compression_prostate_02",
    "spi_stenosis_01",
    "vas_claudication_blocks_01",
    "vas_dvt_charley_horse_07",
)
Chances = dict[str, float]  # explanation -> probability


@cache
def trees(root: Path) -> dict[str, dict[str, Any]]:
    """The cases as they are handed over, each with its day."""
    known = {v.id: v for v in read_all(root / "validation/vignettes")}
    return {id: {**known[id].case, "id": id, "as_of": AS_OF} for id in CASES}


@pytest.fixture(scope="module")
def cases(root: Path) -> dict[str, dict[str, Any]]:
    found = trees(root)
    assert len(found) == 30
    return found


@pytest.fixture(scope="module")
def python(cases: dict[str, dict[str, Any]]) -> dict[str, Assessment]:
    return {id: soleus.assess(tree) for id, tree in cases.items()}


def chances(found: Assessment) -> Chances:
    return {e.id: e.probability for e in found.complaints[0].explanations}


def through(ask: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
    """What ``ask`` finds with a client of the whole service."""
    day = datetime.datetime.fromisoformat(f"{AS_OF}T12:00:00+00:00")
    app = create_app(load(max_seconds=120), store=MemoryRepository(), clock=lambda: day)

    async def run() -> T:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=120) as client:
            return await ask(client)

    return anyio.run(run)


async def _good(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code == 200, answer.text[:500]
    return answer


def test_command(cases: dict[str, dict[str, Any]], python: dict[str, Assessment], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for id, tree in cases.items():
        (tmp_path / f"in/{id}.json").write_text(json.dumps(tree), encoding="utf-8")
    call = "from soleus.cli import main; main()"
    arguments = ["assess", str(tmp_path / "in"), "--format", "json", "--out", str(tmp_path / "out")]
    subprocess.run([sys.executable, "-c", call, *arguments], check=True, capture_output=True, env={**os.environ})
    for id, judged in python.items():
        found = json.loads((tmp_path / f"out/{id}.json").read_text(encoding="utf-8"))
        assert {e["id"]: e["probability"] for e in found["explanations"]} == chances(judged)


def test_client_of_the_service(cases: dict[str, dict[str, Any]], python: dict[str, Assessment]) -> None:
    app = create_app(load(max_seconds=120), store=MemoryRepository())

    async def ask() -> dict[str, Assessment]:
        async with AsyncClient("http://127.0.0.1", transport=httpx.ASGITransport(app), timeout=120) as client:
            return {id: await client.assess(tree) for id, tree in cases.items()}

    assert anyio.run(ask) == python


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_page(cases: dict[str, dict[str, Any]], python: dict[str, Assessment], audience: str) -> None:
    async def ask(client: httpx.AsyncClient) -> dict[str, str]:
        states = {id: pack(State(case=tree)) for id, tree in cases.items()}
        sent = {id: {"state": state, "audience": audience} for id, state in states.items()}
        return {id: (await _good(await client.post("/result", data=data))).text for id, data in sent.items()}

    marked = re.compile(r'data-explanation="([^"]+)" data-probability="([^"]+)"')
    for id, page in through(ask).items():
        shown = {e: float(p) for e, p in marked.findall(page)}
        first = python[id].complaints[0].explanations[0]
        assert first.id in shown
        assert shown.items() <= chances(python[id]).items()


def test_agents(cases: dict[str, dict[str, Any]], python: dict[str, Assessment]) -> None:
    async def ask() -> dict[str, Any]:
        async with AgentClient(server(shipped_compiled())) as client:
            sent = {id: {"case": tree, "detail": "full"} for id, tree in cases.items()}
            return {id: (await client.call_tool("assess", a)).structured_content for id, a in sent.items()}

    for id, found in anyio.run(ask).items():
        brief, full = found["complaints"][0]["explanations"], found["document"]["explanations"]
        assert brief[0]["id"] == full[0]["id"] == python[id].complaints[0].explanations[0].id
        for shown in (brief, full):
            assert {e["id"]: e["probability"] for e in shown}.items() <= chances(python[id]).items()


def _bundles(cases: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {id: case_bundle(case_from(tree), shipped_compiled()) for id, tree in cases.items()}


def test_fhir(cases: dict[str, dict[str, Any]], python: dict[str, Assessment]) -> None:
    async def ask(client: httpx.AsyncClient) -> dict[str, Any]:
        headers = {"content-type": "application/fhir+json"}
        sent = _bundles(cases)
        return {
            id: (await _good(await client.post("/fhir/$assess", json=b, headers=headers))).json()
            for id, b in sent.items()
        }

    for id, answer in through(ask).items():
        (risk,) = [e["resource"] for e in answer["entry"] if e["resource"]["resourceType"] == "RiskAssessment"]
        found = {_explanation(p): p["probabilityDecimal"] for p in risk["prediction"]}
        assert found == {e: percentage(p) for e, p in chances(python[id]).items()}


def _explanation(prediction: dict[str, Any]) -> str:
    codings = prediction["outcome"]["coding"]
    (own,) = [c["code"] for c in codings if c["code"] in shipped_compiled().explanations]
    return str(own)


def test_hooks(cases: dict[str, dict[str, Any]], python: dict[str, Assessment]) -> None:
    """A card is for what is worth one: where there is one, its judgement is that of the others."""

    async def ask(client: httpx.AsyncClient) -> dict[str, Any]:
        return {
            id: (await _good(await client.post("/cds-services/soleus-patient-view", json=_call(b)))).json()
            for id, b in _bundles(cases).items()
        }

    judged = {id: a["extension"][EXTENSION]["probability"] for id, a in through(ask).items() if "extension" in a}
    assert len(judged) >= 15
    for id, found in judged.items():
        assert found == chances(python[id])


def _call(record: dict[str, Any]) -> dict[str, Any]:
    """A call of patient-view in which the whole record was handed over, each type under a key of its own."""
    resources = [e["resource"] for e in record["entry"]]
    (patient,) = [r for r in resources if r["resourceType"] == "Patient"]
    kinds = {"conditions": "Condition", "medications": "MedicationRequest", "statements": "MedicationStatement"}
    kinds |= {"observations": "Observation", "answers": "QuestionnaireResponse", "procedures": "Procedure"}
    others = {
        key: {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": r} for r in resources if r["resourceType"] == kind],
        }
        for key, kind in kinds.items()
    }
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": patient["id"]},
        "prefetch": {"patient": patient, **others},
    }
