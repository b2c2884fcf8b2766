"""Reports on databases in the service: who sees them, which are shown, and that no name leads elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from soleus.accounts import Visitor
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository
from soleus.web.population_reports import folder_of
from tests.web_pages.conftest import NOW
from tests.web_pages.visitor import Page

pytest.importorskip("ibis")
KEEPER = Visitor("a-keeper", "K. Keeper", frozenset({"reader", "administrator"}))
READER = Visitor("a-reader", "R. Reader", frozenset({"reader", "reviewer"}))
OUT = ("..", "%2e%2e", "..%2f", "%2e%2e%2fsecret", "..\\", "%5c..", "%00", ".hidden", "a" * 101, "/etc", "C:%5c")


@pytest.fixture(scope="module")
def made(program: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one finished report."""
    folder = tmp_path_factory.mktemp("reports")
    program("page_population").reported(folder, NOW.date(), people=2_000)
    return folder


@pytest.fixture
def reports(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "reports"))


def visited(folder: Path, path: str, who: Visitor | None = KEEPER, **more: Any) -> Page:
    settings = load(data=folder.parent / "data", population_reports=folder, max_seconds=100, **more)
    app = create_app(settings, store=MemoryRepository(), clock=lambda: NOW, visitor_of=lambda _: who)
    return Page(TestClient(app, base_url="http://localhost", follow_redirects=False).get(path))


def changed(report: Path, **fields: Any) -> None:
    tree = json.loads((report / "report.json").read_text(encoding="utf-8"))
    (report / "report.json").write_text(json.dumps(tree | fields), encoding="utf-8")


@pytest.mark.parametrize("path", ["/population", "/population/simulated"])
def test_only_administrators_see_reports(reports: Path, path: str) -> None:
    assert visited(reports, path, None).status == 303
    assert visited(reports, path, READER).status == 403
    assert visited(reports, path, KEEPER).status == 200


def test_the_list_leads_to_each_finished_report(reports: Path) -> None:
    page = visited(reports, "/population")
    assert page.h1 == "Reports on databases"
    assert 'href="/population/simulated"' in page.response.text
    assert "2,000 people" in page.text


def test_the_page_shows_the_figures_within_the_site_and_says_that_nobody_reviewed_them(reports: Path) -> None:
    page = visited(reports, "/population/simulated")
    assert page.h1 == "A simulated database"
    assert "No human has reviewed this" in page.text
    told = json.loads((reports / "simulated/report.json").read_text(encoding="utf-8"))
    sizes = {row["table"]: row for row in told["quality"]["sizes"]}
    assert f"{sizes['exposure']['rows']:,}" in page.text
    assert "2,000 people" in page.text
    assert 'href="/population"' in page.response.text


def test_nothing_on_the_page_needs_more_than_the_policy_allows(reports: Path) -> None:
    page = visited(reports, "/population/simulated")
    assert "script-src 'self'; style-src 'self'" in page.response.headers["content-security-policy"]
    assert "<style" not in page.response.text
    assert " style=" not in page.response.text
    assert page.response.text.count("<script") == 1


def test_a_report_that_is_not_finished_is_not_there(reports: Path) -> None:
    path = reports / "simulated/manifest.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    del tree["parts"]["report"]
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert visited(reports, "/population/simulated").status == 404
    assert "No report is finished yet." in visited(reports, "/population").text


def test_a_folder_without_a_manifest_is_not_there(reports: Path) -> None:
    (reports / "simulated/manifest.json").unlink()
    assert visited(reports, "/population/simulated").status == 404


@pytest.mark.parametrize("broken", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"form": 1}'])
def test_a_report_that_cannot_be_read_is_named_in_the_list_and_told_on_its_page(reports: Path, broken: bytes) -> None:
    (reports / "simulated/report.json").write_bytes(broken)
    page = visited(reports, "/population/simulated")
    assert page.status == 409
    assert "soleus population report" in page.text
    assert "Cannot be shown." in visited(reports, "/population").text


def test_a_report_of_another_form_is_told_to_be_made_anew(reports: Path) -> None:
    changed(reports / "simulated", form=999)
    assert "form 999" in visited(reports, "/population").text


def test_markup_in_a_report_is_shown_as_text(reports: Path) -> None:
    changed(reports / "simulated", title="<script>alert(1)</script>", about={"name": "<img src=x>"})
    for path in ("/population", "/population/simulated"):
        text = visited(reports, path).response.text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize("name", OUT)
def test_no_name_leads_out_of_the_folder(reports: Path, name: str) -> None:
    shutil.copytree(reports / "simulated", reports.parent / "secret")
    shutil.copytree(reports / "simulated", reports / ".hidden")
    assert folder_of(reports, name) is None
    assert folder_of(reports, unquote(name)) is None
    page = visited(reports, f"/population/{name}")
    assert page.h1 != "A simulated database"
    assert page.status in (404, 405) or name.startswith("..")  # a client of the web has gone up by then


def test_a_link_to_a_folder_elsewhere_is_not_followed(reports: Path) -> None:
    outside = Path(shutil.copytree(reports / "simulated", reports.parent / "secret"))
    (reports / "linked").symlink_to(outside, target_is_directory=True)
    assert folder_of(reports, "linked") is None
    assert visited(reports, "/population/linked").status == 404


def test_a_service_without_a_folder_says_so(tmp_path: Path) -> None:
    app = create_app(load(data=tmp_path), store=MemoryRepository(), clock=lambda: NOW, visitor_of=lambda _: KEEPER)
    client = TestClient(app, base_url="http://localhost")
    assert "no folder of reports" in client.get("/population").text
    assert client.get("/population/simulated").status_code == 404


# ------------------------------------------------------------------------------------- in a browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["population-reports", "population-report"])
def test_a_page_has_no_fault_for_axe_and_fits_the_narrowest_phone(
    name: str, scheme: str, kinds: ModuleType, served: str, browser: Any, axe: Path
) -> None:
    page = browser.new_page(color_scheme=scheme, bypass_csp=True, viewport={"width": 320, "height": 800})
    kinds.visit(page, served, next(k for k in kinds.kinds() if k.name == name))
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.add_script_tag(content=axe.read_text(encoding="utf-8"))
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
    found = page.evaluate(f"axe.run(document, {rules})")["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    page.close()
