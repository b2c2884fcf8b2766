"""Pages of entries and records: what the library says, in the words of who reads, and where each number comes from."""

from __future__ import annotations

import datetime
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from soleus.knowledge.schema.articles import Article
from soleus.library.citing import citation
from soleus.library.entries import entry_of, every
from soleus.library.model import Entry
from soleus.reasoning.compiled import shipped_compiled
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository
from soleus.web.entry_drawing import axis
from soleus.web.entry_pages import entry_html, permalink
from tests.web_pages.conftest import NOW

CRAMP = "/library/explanation/nocturnal_leg_cramp"
SHOWN = [
    CRAMP,
    "/library/explanation/restless_legs_syndrome",
    "/library/explanation/acute_limb_ischaemia",
    "/library/explanation/pyomyositis",
    "/library/contributor/statin",
    "/library/contributor/pregnancy",
    "/library/medicine/quinine",
    "/library/finding/relief_stretch",
    "/library/treatment/quinine_cochrane",
    "/library/work_up/ankle_brachial_index",
    "/library/short_entry/tree_bruxism",
    "/library/common_question/statins_cause_cramps",
]
VERSION = shipped_compiled().knowledge.version


def entry(id: str = "nocturnal_leg_cramp", audience: Any = "clinician") -> Entry:
    return entry_of(shipped_compiled(), "explanation", id, audience, NOW.date().isoformat())


def hrefs(page: str) -> set[str]:
    return {html.unescape(h) for h in re.findall(r'(?:href|src|srcset)="([^"]+)"', page)}


@pytest.mark.parametrize("path", SHOWN)
@pytest.mark.parametrize("plain", ["", "?for=patient"])
def test_every_kind_of_entry_has_a_page_that_says_that_nobody_reviewed_it(
    client: TestClient, path: str, plain: str
) -> None:
    page = client.get(path + plain)
    assert page.status_code == 200
    assert "Submitted, not reviewed" in page.text
    kind, id = path.split("/")[2:]
    told = entry_of(shipped_compiled(), kind, id, "patient" if plain else "clinician", "")  # type: ignore[arg-type]
    assert f"<h1>{told.title}</h1>" in html.unescape(page.text)
    for section in told.sections:
        assert f'id="{section.part}"' in page.text


def test_every_entry_has_a_page_for_both_audiences() -> None:
    compiled = shipped_compiled()
    for ref in every(compiled):
        for audience in ("clinician", "patient"):
            made = entry_of(compiled, ref.kind, ref.id, audience, "")  # type: ignore[arg-type]
            page = entry_html(compiled, made, "http://localhost")
            assert f"<h1>{made.title}</h1>" in html.unescape(page)


def test_a_page_is_packed_for_those_who_take_that_and_the_same_for_others(client: TestClient) -> None:
    packed = client.get(CRAMP, headers={"accept-encoding": "gzip"})
    plain = client.get(CRAMP, headers={"accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "accept-encoding")
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < 100_000 < int(plain.headers["content-length"])


def test_key_points_come_before_everything_else(client: TestClient) -> None:
    page = client.get(CRAMP).text
    assert page.index('id="points"') < page.index('id="toc"') < page.index('id="definition"')


def test_what_must_not_wait_stands_on_top(client: TestClient) -> None:
    page = client.get("/library/explanation/acute_limb_ischaemia?for=patient").text
    assert page.index("Call an ambulance now.") < page.index('id="points"')


def test_patients_read_plain_words(client: TestClient) -> None:
    page = client.get(f"{CRAMP}?for=patient").text
    main = re.sub(r"<[^>]*>", " ", page.partition("<main")[2].partition('id="references"')[0])
    for word in ("rate ratio", "likelihood", "G47.62", "% against"):
        assert word.lower() not in main.lower()
    assert "in 10" in main


def test_each_figure_leads_to_its_record_and_each_number_to_its_source(client: TestClient) -> None:
    page = client.get(CRAMP).text
    assert re.search(r'<a class="figure" href="/library/record/fact/g12-statin">1\.16 \(1\.04 to 1\.29\)</a>', page)
    numbers = set(re.findall(r'href="#ref-(\d+)"', page))
    assert numbers
    assert numbers <= set(re.findall(r'id="ref-(\d+)"', page))


def test_forest_rows_are_drawn_where_their_numbers_say() -> None:
    """Ten percent of the width, on a logarithmic axis, stand for one factor everywhere; one is the upright line."""
    table = next(t for s in entry().sections for t in s.tables if t.id == "causes")
    on = axis(table)
    assert on is not None
    one, two, four = (float(on.x(v)) for v in (1.0, 2.0, 4.0))
    assert two - one == pytest.approx(four - two, abs=0.11)
    assert float(on.neutral) == one
    assert 0 <= float(on.x(1e-9)) < float(on.x(1e9)) <= 100


def test_a_table_of_words_has_no_axis() -> None:
    assert axis(next(t for s in entry().sections for t in s.tables if t.scale == "none")) is None


# ----------------------------------------------------------------------------------------------------- machines


def test_json_ld_stands_in_the_page_and_is_json(client: TestClient) -> None:
    page = client.get(CRAMP).text
    (told,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert json.loads(told)["about"]["@type"] == "MedicalCondition"
    assert re.search(r'<meta name="citation_title" content="Nocturnal', page)


@pytest.mark.parametrize(("ending", "style"), [("bib", "bibtex"), ("ris", "ris"), ("json", "csl"), ("txt", "text")])
def test_citations_can_be_downloaded(client: TestClient, ending: str, style: Any) -> None:
    told = client.get(f"{CRAMP}/citation.{ending}")
    assert told.status_code == 200
    assert told.text == citation(entry(), style, permalink("http://127.0.0.1:8000", entry()))
    assert client.get(f"{CRAMP}/citation.pdf").status_code == 404


def test_the_permanent_address_of_this_version_shows_the_page(client: TestClient) -> None:
    assert client.get(f"{CRAMP}?version={VERSION}").text == client.get(CRAMP).text


def test_another_version_says_which_is_here_and_leads_to_what_changed(client: TestClient) -> None:
    page = client.get(f"{CRAMP}?version=0.1.0")
    assert page.status_code == 404
    assert VERSION in page.text
    assert "/library/changes" in hrefs(page.text)
    assert client.get(f"{CRAMP}?version=<b>9").status_code == 404


# --------------------------------------------------------------------------------------------------- standing


def test_an_overdue_entry_says_so_above_its_title(tmp_path: Path) -> None:
    late = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)
    app = create_app(load(data=tmp_path), store=MemoryRepository(), clock=lambda: late)
    page = TestClient(app, base_url="http://localhost").get(CRAMP).text
    assert page.index("should have been looked at again by") < page.index("<h1>")


def test_nothing_says_approved_unless_it_is() -> None:
    made = entry()
    page = entry_html(shipped_compiled(), made, "http://localhost")
    assert "Approved" not in page
    approved = replace(made, standing=replace(made.standing, status="approved", reviewer="A. Clinician"))
    page = entry_html(shipped_compiled(), approved, "http://localhost")
    assert "Approved" in page
    assert "A. Clinician" in page


def test_sentences_put_together_are_marked_beside_prose() -> None:
    written = {a.id: {s.part for s in a.sections} for a in shipped_compiled().knowledge.all(Article)}
    id = next(i for i, parts in written.items() if "causes" not in parts)
    page = entry_html(shipped_compiled(), entry(id), "http://localhost")
    causes = page.partition('id="causes"')[2].partition("<section")[0]
    assert "put together from records by rule" in causes


# ------------------------------------------------------------------------------------------------------ records


def test_a_record_shows_the_chain_to_its_source_and_what_uses_it(client: TestClient) -> None:
    page = client.get("/library/record/fact/g12-statin").text
    for wanted in ("1.16 (1.04 to 1.29)", "Measured: a figure read in a source.", "British Columbia", "Garrison"):
        assert wanted in page
    assert {"/library/source/garrison2012", CRAMP, "/library/contributor/statin"} <= hrefs(page)


def test_the_record_of_a_source_is_its_page(client: TestClient) -> None:
    answer = client.get("/library/record/source/garrison2012", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/library/source/garrison2012")


# ------------------------------------------------------------------------------------------ addresses and links


@pytest.mark.parametrize(
    "path",
    [
        "/library/explanation/nobody",
        "/library/explanation/<script>alert(1)<",
        "/library/contributor/" + "x" * 3000,
        "/library/record/fact/nothing",
        "/library/record/<b>/g12-statin",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert "<script>alert" not in page.text
    assert "<b>/" not in page.text


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("nocturnal_leg_cramp", CRAMP),
        ("G25.81", "/library/explanation/restless_legs_syndrome"),
        ("systremma", CRAMP),
        ("furosemide", "/library/medicine/furosemide"),
        ("magnesium", "/library/search?q=magnesium"),
        ("<b>zzz", "/library/search?q=%3Cb%3Ezzz"),
        ("", "/library"),
    ],
)
def test_looking_up_leads_to_the_entry_or_to_the_search(client: TestClient, name: str, place: str) -> None:
    answer = client.get("/entry", params={"name": name}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, place)


def test_no_link_of_a_page_is_dead(tmp_path: Path) -> None:
    settings = load(data=tmp_path, rate_per_minute=0)
    app = create_app(settings, store=MemoryRepository(), clock=lambda: NOW)
    visitor, followed = TestClient(app, base_url="http://localhost"), set[str]()
    for path in (*SHOWN, f"{CRAMP}?for=patient", "/library/record/fact/g12-statin"):
        page = visitor.get(path).text
        parts = set(re.findall(r'\bid="([^"]+)"', page))
        assert {h[1:] for h in hrefs(page) if h.startswith("#")} <= parts
        found = {h.partition("#")[0] for h in hrefs(page) if h.startswith("/") and not h.startswith("/static/")}
        for href in sorted(found - followed):
            assert visitor.get(href, follow_redirects=False).status_code in (200, 303), f"{path} leads to {href}"
        followed |= found
    assert len(followed) > 500


# ----------------------------------------------------------------------------------------------------- browser


LOOKED_AT = [
    CRAMP,
    f"{CRAMP}?for=patient",
    "/library/explanation/acute_limb_ischaemia?for=patient",
    "/library/contributor/statin",
    "/library/finding/relief_stretch",
    "/library/common_question/statins_cause_cramps",
    "/library/record/likelihood/nocturnal_leg_cramp.quality",
]


@pytest.mark.parametrize("path", LOOKED_AT)
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_axe_finds_nothing(path: str, width: int, scheme: str, opened: Callable[..., Any], axe: Path) -> None:
    page = opened(path, width, color_scheme=scheme, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing to scroll sideways
    page.evaluate(axe.read_text(encoding="utf-8"))
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nor where all is unfolded


@pytest.mark.parametrize("path", LOOKED_AT)
def test_the_policy_of_content_is_kept_by_data_blocks_and_drawings_too(path: str, opened: Callable[..., Any]) -> None:
    page = opened(path)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    assert page.complaints == []
    assert page.evaluate("document.querySelectorAll('script[type=\"application/ld+json\"]').length") == (
        0 if "record" in path else 1
    )


def test_it_prints_whole_without_what_only_screens_need(opened: Callable[..., Any]) -> None:
    page = opened(CRAMP)
    page.emulate_media(media="print")
    assert not page.locator(".toc").is_visible()
    assert page.locator("#definition").is_visible()
    assert page.locator("#references").is_visible()
    assert page.locator("details.deeper table").first.is_visible()
