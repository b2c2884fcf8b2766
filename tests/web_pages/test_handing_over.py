"""What leaves: a code, files, FHIR, a letter, PDFs. Each holds what was told, and nothing of a trial."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from fhir.resources.R4B.bundle import Bundle
from starlette.testclient import TestClient

import soleus
from soleus.interop.handover import unpacked
from soleus.interop.reading import read_any
from soleus.reasoning.compiled import shipped_compiled
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository
from soleus.web import pdf as making
from soleus.web.handing_over import picture
from soleus.web.state import Change, State, pack
from tests.web_pages.cases import BOTH, CLOT, CRAMP, HOSTILE, chances, hostile

TRIED = (Change(kind="medicine", name="quinine", value=True), Change(kind="finding", name="swelling", value="one_leg"))
FILES = {
    "/result/code.txt": ("soleus-case.txt", "text/plain; charset=utf-8"),
    "/result/case.yaml": ("soleus-case.yaml", "application/yaml; charset=utf-8"),
    "/result/case.json": ("soleus-case.json", "application/json"),
    "/result/fhir": ("soleus-case.fhir.json", "application/fhir+json"),
}


@pytest.fixture(scope="module")
def patient_client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A service that may take its time over a PDF, however busy the machine is."""
    settings = load(data=tmp_path_factory.mktemp("data"), max_seconds=120)
    now = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
    return TestClient(create_app(settings, store=MemoryRepository(), clock=lambda: now), base_url="http://localhost")


def posted(client: TestClient, address: str, state: State, **fields: str) -> Any:
    return client.post(address, data={"state": pack(state), **fields})


@pytest.mark.parametrize("address", FILES)
def test_a_file_is_one_to_keep_and_its_name_tells_nothing(client: TestClient, address: str) -> None:
    answer = posted(client, address, State(case=CRAMP))
    name, media_type = FILES[address]
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", [a for a in FILES if a != "/result/fhir"])
@pytest.mark.parametrize("case", [CRAMP, CLOT, BOTH], ids=["cramp", "clot", "both"])
def test_the_command_reads_every_file_and_judges_it_alike(
    client: TestClient, address: str, case: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / FILES[address][0]
    file.write_bytes(posted(client, address, State(case=case)).content)
    read = soleus.assess(read_any(file, shipped_compiled()))
    told = soleus.assess({"as_of": "2026-11-21", **case})
    assert [c.explanations for c in read.complaints] == [c.explanations for c in told.complaints]
    assert read.as_of == told.as_of


def test_fhir_holds_the_case_and_the_judgement(client: TestClient) -> None:
    tree = json.loads(posted(client, "/result/fhir", State(case=CRAMP)).content)
    Bundle(**tree)
    kinds = {entry["resource"]["resourceType"] for entry in tree["entry"]}
    assert {"Patient", "Condition", "MedicationStatement", "RiskAssessment"} <= kinds
    urls = [entry["fullUrl"] for entry in tree["entry"]]
    assert len(urls) == len(set(urls))


def test_fhir_of_nothing_is_a_clean_page(client: TestClient) -> None:
    answer = posted(client, "/result/fhir", State())
    assert answer.status_code == 422
    assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize("address", [*FILES, "/result/letter"])
def test_a_trial_leaves_no_trace_in_what_leaves(client: TestClient, address: str) -> None:
    plain = posted(client, address, State(case=CRAMP)).content.decode()
    tried = posted(client, address, State(case=CRAMP, changes=TRIED)).content.decode()
    if address == "/result/letter":
        assert "is left out" in tried
        plain, tried = (text[text.index("<article") : text.index("</article")] for text in (plain, tried))
    if address == "/result/fhir":
        plain, tried = (re.sub(r'"recorded":"[^"]*"', "", text) for text in (plain, tried))
    assert tried == plain


def test_the_code_on_the_page_is_the_case(client: TestClient) -> None:
    page = posted(client, "/result/code", State(case=CRAMP)).text
    code = re.search(r"<textarea[^>]*>(soleus1\.[^<]+)</textarea>", page)
    assert code is not None
    assert unpacked(code[1])["findings"] == CRAMP["findings"]
    assert "Anyone who sees the code can read what is in it" in page
    assert "<b>Medicines:</b> furosemide; salbutamol" in page


def test_the_picture_needs_no_style_and_no_script(client: TestClient) -> None:
    page = posted(client, "/result/code", State(case=CRAMP)).text
    drawing = page[page.index('class="qr"') - 200 : page.index("</figure>")]
    assert "style=" not in drawing
    assert "<script" not in drawing


def test_too_large_a_case_is_said_to_be_and_goes_as_a_file(client: TestClient) -> None:
    many = {**CRAMP, "medicines": [f"unknown remedy {sha256(str(n).encode()).hexdigest()[:20]}" for n in range(120)]}
    page = posted(client, "/result/code", State(case=many))
    assert page.status_code == 200
    assert "too much in this case" in page.text
    assert 'class="qr"' not in page.text
    assert posted(client, "/result/code.txt", State(case=many)).status_code == 200
    assert picture("x" * 10_000) is None


def test_hostile_names_make_clean_files(client: TestClient) -> None:
    tree = yaml.safe_load(posted(client, "/result/case.yaml", hostile()).content)
    assert tree["conditions"] == [HOSTILE]
    for address in FILES:
        answer = posted(client, address, hostile())
        assert answer.status_code == 200
        assert HOSTILE not in answer.headers["content-disposition"]


@pytest.mark.parametrize("case", [CRAMP, CLOT, BOTH], ids=["cramp", "clot", "both"])
def test_the_letter_says_what_the_core_says(client: TestClient, case: dict[str, Any]) -> None:
    page = posted(client, "/result/letter", State(case=case)).text
    a = soleus.assess({"as_of": "2026-11-21", **case})
    known = {(e.id, e.probability) for c in a.complaints for e in c.explanations}
    assert set(chances(page).items()) <= known
    assert chances(page)
    letter = page[page.index("<article") : page.index("</article")]
    assert all(f.label.lower() in letter.lower() for c in a.complaints for f in c.red_flags if f.urgency != "routine")
    for heading in ("What was told", "What it could be", "Questions to talk over", "What was not known"):
        assert heading in letter
    assert "Name:" in letter
    assert "No clinician has checked this yet" in letter


def long_case() -> dict[str, Any]:
    """A person of whom nearly everything is known, with many medicines and long names."""
    compiled = shipped_compiled()
    findings = {f.id: f.states[0].id for f in compiled.findings.values() if f.core and f.kind != "numeric"}
    conditions = [c.id for c in compiled.contributors.values() if c.kind == "disease" and not c.sex][:30]
    drugs = ["furosemide", "salbutamol", "quinine", "atorvastatin", "amlodipine", "metoclopramide", "sertraline"]
    names = [f"{'very ' * 30}long name of a remedy {n}" for n in range(20)]
    return {"person": {"age": 71}, "findings": findings, "conditions": conditions, "medicines": [*drugs, *names]}


def half_known() -> dict[str, Any]:
    """The same with half of the findings, so that there is as much to tell as is not known."""
    case = long_case()
    return {**case, "findings": dict(list(case["findings"].items())[::2])}


def sheets(content: bytes, tmp_path: Path, pdfinfo: Path) -> dict[str, str]:
    file = tmp_path / "made.pdf"
    file.write_bytes(content)
    told = subprocess.run([pdfinfo, file], check=True, capture_output=True, text=True).stdout
    return {key: value.strip() for key, _, value in (line.partition(":") for line in told.splitlines())}


@pytest.mark.parametrize(
    "case", [CRAMP, CLOT, BOTH, long_case(), half_known()], ids=["cramp", "clot", "both", "long", "half"]
)
def test_the_letter_is_one_tagged_sheet(
    patient_client: TestClient, case: dict[str, Any], tmp_path: Path, pdfinfo: Path
) -> None:
    pytest.importorskip("weasyprint", reason="weasyprint is not installed")
    answer = posted(patient_client, "/result/letter.pdf", State(case=case))
    assert answer.headers["content-disposition"] == 'attachment; filename="soleus-letter.pdf"'
    told = sheets(answer.content, tmp_path, pdfinfo)
    assert (told["Pages"], told["Tagged"]) == ("1", "yes")
    text = subprocess.run(["pdftotext", tmp_path / "made.pdf", "-"], check=True, capture_output=True, text=True).stdout
    assert "What was told" in text
    assert "No clinician has checked this yet" in text


@pytest.mark.parametrize("audience", ["patient", "clinician"])
@pytest.mark.parametrize("case", [CRAMP, CLOT], ids=["cramp", "clot"])
def test_the_result_is_two_tagged_sheets(
    patient_client: TestClient, case: dict[str, Any], audience: str, tmp_path: Path, pdfinfo: Path
) -> None:
    pytest.importorskip("weasyprint", reason="weasyprint is not installed")
    answer = posted(patient_client, "/result/pdf", State(case=case), audience=audience)
    told = sheets(answer.content, tmp_path, pdfinfo)
    assert int(told["Pages"]) <= 2
    assert told["Tagged"] == "yes"
    assert told["Title"].endswith("Soleus")


def test_a_pdf_looks_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an address of the network nor a file of the machine reaches a PDF."""
    pytest.importorskip("weasyprint", reason="weasyprint is not installed")
    asked: list[str] = []
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda *a, **_: asked.append(str(a[1])))
    page = "<style></style><img src='http://127.0.0.1:9/x.png'><img src='file:///etc/hostname'><p>text</p>"
    assert making.pdf(page).startswith(b"%PDF")
    assert asked == []


def test_without_weasyprint_the_button_is_gone_and_the_address_says_how_to_get_it(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("handing_over", "letter", "pdf"):
        monkeypatch.setattr(f"soleus.web.{module}.pdf_is_here", lambda: False)
    assert "/result/pdf" not in posted(client, "/result/code", State(case=CRAMP)).text
    assert "/result/letter.pdf" not in posted(client, "/result/letter", State(case=CRAMP)).text
    answer = posted(client, "/result/letter.pdf", State(case=CRAMP))
    assert answer.status_code == 400
    assert "pip install" in answer.text


def test_a_page_that_is_too_long_is_refused() -> None:
    with pytest.raises(soleus.SoleusError, match="too long"):
        making.pdf("x" * (making.MOST_LETTERS + 1))
