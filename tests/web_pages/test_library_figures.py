"""Figures, leaflets and slides as a visitor meets them: pages, files to keep, and what is refused."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from soleus.errors import UnknownName
from soleus.library.drawing import draw, figures
from soleus.library.slides import PPTX
from soleus.reasoning.compiled import shipped_compiled
from soleus.web.library_figures import figure_file
from soleus.web.pdf import pdf_is_here

FIGURES = "/library/figures"
CRAMP = "/library/explanation/nocturnal_leg_cramp"


def sources(page: str) -> list[str]:
    return re.findall(r'(?:src|srcset)="(/library/figure/[^"]+)"', page)


# ------------------------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize("plain", ["", "?for=patient"])
def test_the_page_shows_the_leg_the_map_and_every_guide_each_with_its_citation(client: TestClient, plain: str) -> None:
    page = client.get(FIGURES + plain)
    assert page.status_code == 200
    general = ["leg", "pain-map", *(n for n in figures(shipped_compiled()) if n.startswith("guide-"))]
    for name in general:
        assert f'id="{name}"' in page.text
        assert page.text.count(f"/library/figure/{name}{'.patient' if plain else ''}.svg") >= 2
    assert page.text.count("CC BY 4.0.</p>") == len(general)
    assert {client.get(path).status_code for path in sources(page.text)} == {200}


def test_the_figures_of_one_condition_are_one_link_away(client: TestClient) -> None:
    page = client.get(f"{FIGURES}?about=explanation:restless_legs_syndrome")
    assert "<h1>Figures: Restless legs syndrome" in page.text
    for kind in ("pain", "features", "rates", "causes"):
        assert f'id="{kind}-restless_legs_syndrome"' in page.text
    assert {client.get(path).status_code for path in sources(page.text)} == {200}
    assert f"{FIGURES}?about=explanation:restless_legs_syndrome" in client.get(FIGURES).text


def test_a_drawing_is_an_svg_that_may_bring_its_style_and_nothing_else(client: TestClient) -> None:
    answer = client.get("/library/figure/leg.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert answer.text.startswith("<svg ")
    assert "CC BY 4.0" in answer.text
    again = client.get("/library/figure/leg.svg", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_variants_of_a_drawing_have_names_of_their_own(client: TestClient) -> None:
    found = [client.get(f"/library/figure/leg{v}.svg").text for v in ("", ".patient", ".narrow", ".patient.narrow")]
    assert len(set(found)) == 4
    base = shipped_compiled()
    assert figure_file(base, "leg.patient.narrow") == draw(base, "leg", "patient", narrow=True)


@pytest.mark.parametrize(
    "path",
    [
        "/library/figure/legs.svg",
        "/library/figure/leg.narrow.patient.svg",
        "/library/figure/leg.patient.patient.svg",
        "/library/figure/pain-nobody.svg",
        "/library/figure/compare-als-als.svg",
        "/library/figure/%2e%2e%2fleg.svg",
        f"/library/figure/{'x' * 5000}.svg",
        f"{FIGURES}?about=explanation:nobody",
        f"{FIGURES}?about=nothing",
        "/library/explanation/nobody/leaflet",
        "/library/explanation/nobody/leaflet.pdf",
        "/library/explanation/nobody/slides.pptx",
    ],
)
def test_what_is_not_known_is_a_page_that_says_so(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "Traceback" not in answer.text


def test_a_name_that_is_near_is_offered() -> None:
    with pytest.raises(UnknownName, match="pain-map"):
        figure_file(shipped_compiled(), "pain-mapp")


# ------------------------------------------------------------------------------------------------------- leaflet


def test_the_leaflet_says_tonight_help_notes_and_where_it_comes_from(client: TestClient) -> None:
    page = client.get(f"{CRAMP}/leaflet?country=GB").text
    assert '<h1 id="leaflet-title">Night leg cramp</h1>' in page
    for words in ("Stop a calf cramp now", "When to get help", "In an emergency call 999.", "Medicines to ask about"):
        assert words in page
    for words in ("What is not known", "My notes and questions", "printed 21 November 2026", "not reviewed"):
        assert words in page
    version = shipped_compiled().knowledge.version
    assert f"{CRAMP}?version={version}&amp;for=patient" in page
    assert 'class="qr"' in page
    assert '<option value="GB" selected>' in page


def test_without_a_country_no_number_is_named(client: TestClient) -> None:
    page = client.get(f"{CRAMP}/leaflet?country=ZZ").text
    assert "In an emergency call your local emergency number." in page


def test_the_leaflet_is_a_tagged_pdf_of_two_pages(client: TestClient, pdfinfo: Path, tmp_path: Path) -> None:
    if not pdf_is_here():
        pytest.skip("WeasyPrint is not installed")
    answer = client.get(f"{CRAMP}/leaflet.pdf?country=DE")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="soleus-nocturnal-leg-cramp.pdf"' in answer.headers["content-disposition"]
    file = tmp_path / "leaflet.pdf"
    file.write_bytes(answer.content)
    told = subprocess.run([pdfinfo, file], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged:\s+yes", told)
    assert re.search(r"Pages:\s+2", told)
    assert "Leaflet: Night leg cramp" in told


# -------------------------------------------------------------------------------------------------------- slides


def test_slides_of_one_and_of_two_are_files_to_keep(client: TestClient) -> None:
    pptx = pytest.importorskip("pptx", reason="python-pptx is not installed")
    one = client.get(f"{CRAMP}/slides.pptx")
    assert one.headers["content-type"] == PPTX
    assert 'filename="soleus-nocturnal-leg-cramp.pptx"' in one.headers["content-disposition"]
    assert pptx.Presentation(io.BytesIO(one.content)).slides[0].shapes.title.text.startswith("Nocturnal")
    plain = client.get(f"{CRAMP}/slides.pptx?for=patient")
    assert pptx.Presentation(io.BytesIO(plain.content)).slides[0].shapes.title.text == "Night leg cramp"
    two = client.get("/compare/slides.pptx", params={"first": "night cramp", "second": "restless legs"})
    assert 'filename="soleus-nocturnal-leg-cramp-or-restless-legs-syndrome.pptx"' in two.headers["content-disposition"]


@pytest.mark.parametrize(
    "asked", [{}, {"first": "als"}, {"first": "als", "second": "als"}, {"first": "zzz", "second": "als"}]
)
def test_a_comparison_needs_two_conditions(client: TestClient, asked: dict[str, str]) -> None:
    assert client.get("/compare/slides.pptx", params=asked).status_code == 400


# ------------------------------------------------------------------------------------------------------- browser


LOOKED_AT = [FIGURES, f"{FIGURES}?about=explanation:als&for=patient", f"{CRAMP}/leaflet?country=GB"]


@pytest.mark.parametrize("path", LOOKED_AT)
@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_axe_finds_nothing(path: str, width: int, scheme: str, opened: Callable[..., Any], axe: Path) -> None:
    page = opened(path, width, color_scheme=scheme, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing to scroll sideways
    page.evaluate(axe.read_text(encoding="utf-8"))
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nor where all is unfolded


@pytest.mark.parametrize("path", [*LOOKED_AT, "/library/figure/leg.svg"])
def test_no_policy_of_content_is_broken(path: str, opened: Callable[..., Any]) -> None:
    page = opened(path)
    page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
    page.wait_for_timeout(300)
    assert page.complaints == []


def test_a_dark_screen_gets_dark_drawings_and_paper_gets_light_ones(opened: Callable[..., Any]) -> None:
    page = opened("/library/figure/causes-tetany.svg", color_scheme="dark")
    paint = "getComputedStyle(document.querySelector('.f-paper')).fill"
    assert page.evaluate(paint) == "rgb(15, 21, 20)"
    page.emulate_media(media="print")
    assert page.evaluate(paint) == "rgb(255, 255, 255)"


def test_a_telephone_gets_the_narrow_drawing(opened: Callable[..., Any]) -> None:
    shown = "document.querySelector('#pain-map img').currentSrc"
    for width, name in ((390, "pain-map.narrow.svg"), (1280, "pain-map.svg")):
        page = opened(FIGURES, width)
        page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
        page.wait_for_timeout(300)
        assert page.evaluate(shown).endswith(name)


def test_the_leaflet_prints_alone_on_two_sides(opened: Callable[..., Any]) -> None:
    for id in ("nocturnal_leg_cramp", "restless_legs_syndrome", "deep_vein_thrombosis"):
        page = opened(f"/library/explanation/{id}/leaflet")
        margin = dict.fromkeys(("top", "bottom", "left", "right"), "14mm")
        printed = page.pdf(format="A4", margin=margin)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 2
        page.emulate_media(media="print")
        assert not page.locator(".bar nav").is_visible()
        assert not page.locator(".leaflet-choice").is_visible()
        assert page.locator(".leaflet-notes").is_visible()
