"""The library's home, search, lists, questions, sources, changes and feed: what they show, and where they lead."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from soleus.library.browsing import first_rank, questions
from soleus.library.changes import history
from soleus.library.cited_by import records_on
from soleus.library.regions import felt_in, regions
from soleus.library.searching import search
from soleus.reasoning.compiled import shipped_compiled
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository
from tests.web_pages.conftest import NOW

ATOM = "{http://www.w3.org/2005/Atom}"
PAGES = (
    "/library",
    "/library/search",
    "/library/search?q=charley+horse",
    "/library/browse/code",
    "/library/browse/code/icd11",
    "/library/browse/code/icd10",
    "/library/browse/family",
    "/library/browse/symptom",
    "/library/browse/region",
    "/library/browse/region/calf",
    "/library/browse/medicine",
    "/library/browse/all",
    "/library/browse/sources",
    "/library/questions",
    "/library/source/hallegraeff2012",
    "/library/changes",
)


def links(text: str) -> set[str]:
    return {unescape(link) for link in re.findall(r'href="(/[^"#]*)"', text)}


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_nobody_reviewed_it_and_leads_to_the_feed(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert "No clinician has reviewed" in page.text
    assert '<link rel="alternate" type="application/atom+xml"' in page.text


@pytest.mark.parametrize("path", PAGES[:-1])
def test_the_words_of_patients_lead_on_in_the_words_of_patients(client: TestClient, path: str) -> None:
    page = client.get(
        path, params={**dict(p.split("=") for p in path.partition("?")[2].split("&") if p), "for": "patient"}
    )
    entries = [x for x in links(page.text.partition("<main")[2]) if x.startswith("/library/explanation/")]
    assert all("for=patient" in link for link in entries if link.partition("?")[0] != path)


@pytest.mark.parametrize("path", [p for p in PAGES if "search" not in p and "sources" not in p])
def test_no_link_of_a_list_is_dead(client: TestClient, path: str) -> None:
    found = sorted(x for x in links(client.get(path).text) if x.startswith("/library") and not x.endswith("/policy"))
    dead = [link for link in found[:: max(len(found) // 25, 1)] if client.get(link).status_code != 200]
    assert dead == []


def test_the_home_shows_what_is_written_in_full_and_what_many_ask(client: TestClient) -> None:
    page = client.get("/library")
    for leaf in first_rank(shipped_compiled(), "clinician"):
        assert f"/library/explanation/{leaf.entry.id}" in page.text
    assert questions(shipped_compiled())[0].question in page.text
    assert f"Knowledge {history()[0].version}" in page.text
    assert 'action="/library/search"' in page.text


def test_a_search_shows_what_the_core_finds_and_why(client: TestClient) -> None:
    page = client.get("/library/search", params={"q": "Lasix", "for": "patient"}).text
    shown = re.findall(r'data-kind="(\w+)" data-id="([\w.\-]+)"', page)
    assert shown == [(h.entry.kind, h.entry.id) for h in search(shipped_compiled(), "Lasix", "patient")]
    assert "also Lasix" in page


def test_danger_in_the_words_comes_before_anything_else(client: TestClient) -> None:
    page = client.get("/library/search", params={"q": "can't pee and numb between the legs", "for": "patient"}).text
    assert page.index("What you typed can be a warning sign") < page.index('name="q"')
    assert "emergency" in page.partition("</section>")[0]


@pytest.mark.parametrize(
    "words", ['"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "{{ 7*7 }}", "x" * 5000]
)
def test_what_is_typed_is_shown_as_text(client: TestClient, words: str) -> None:
    page = client.get("/library/search", params={"q": words})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    assert "49" not in page.text.partition("<main")[2].partition("</form>")[0]


def test_a_search_that_is_too_long_says_how_much_was_read(client: TestClient) -> None:
    assert "Only the first 200 characters" in client.get("/library/search", params={"q": "cramp " * 100}).text


def test_nothing_of_a_search_is_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        client.get("/library/search", params={"q": "unmistakable private words"})
    assert "unmistakable" not in " ".join(
        str(record.__dict__) for record in caplog.records if not record.name.startswith("httpx")
    )


def test_the_tree_of_codes_nests_its_categories(client: TestClient) -> None:
    page = client.get("/library/browse/code").text
    below = page.partition('id="G47">')[2].partition('id="G47.6">')[2].partition("</ul>")[0]
    assert 'id="G47.62"' in below
    assert "/library/explanation/nocturnal_leg_cramp" in below
    assert "Sleep related movement disorders" in page


@pytest.mark.parametrize("region", [r.id for r in regions(shipped_compiled())])
def test_a_region_lists_what_is_felt_there_in_order(client: TestClient, region: str) -> None:
    page = client.get(f"/library/browse/region/{region}").text
    listed = re.findall(r'<li><a href="/library/explanation/(\w+)">', page.partition('class="felt"')[2])
    assert listed == [h.explanation for h in felt_in(shipped_compiled(), region)]


def test_the_picture_of_the_legs_leads_to_every_region_that_it_shows(client: TestClient) -> None:
    picture = client.get("/library/browse/region").text.partition('class="leg-links"')[2].partition("</svg>")[0]
    shown = {link.rpartition("/")[2] for link in links(picture)}
    assert shown == {r.id for r in regions(shipped_compiled())} - {"whole_leg"}


def test_a_class_of_medicines_says_what_is_known_of_both(client: TestClient) -> None:
    page = client.get("/library/browse/medicine").text
    row = page.partition('<tr id="statin">')[2].partition("</tr>")[0]
    assert re.search(r'verdict-(weak|moderate|strong|refuted)">', row)
    assert "/library/medicine/atorvastatin" in row


def test_common_questions_are_answered_with_figures_that_lead_to_their_records(client: TestClient) -> None:
    page = client.get("/library/questions").text
    for q in questions(shipped_compiled()):
        assert f"/library/common_question/{q.id}" in page
    assert re.search(r'<a class="figure" href="/library/record/', page)
    assert "{fact:" not in page


def test_a_source_shows_every_record_that_rests_on_it(client: TestClient) -> None:
    page = client.get("/library/source/hallegraeff2012").text
    for ref in records_on(shipped_compiled(), "hallegraeff2012"):
        assert f'href="/library/record/{ref.kind}/{ref.id}"' in page
    assert "10.1016" in page


@pytest.mark.parametrize(
    "path",
    ["/library/source/no_such", "/library/browse/code/icd99", "/library/browse/region/elbow", "/library/v/9.9/x"],
)
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    page = client.get(f"/library/{path}")
    assert page.status_code == 404
    assert "Traceback" not in page.text


def test_changes_show_every_version(client: TestClient) -> None:
    page = client.get("/library/changes").text
    for change in history():
        assert f'id="v{change.version}"' in page
        assert change.summary[:60] in page


@pytest.mark.parametrize("query", ["", "?entry=explanation:nocturnal_leg_cramp", "?q=restless+legs", "?q=%00%3Cb%3E"])
def test_the_feed_is_atom_and_leads_back_to_this_service(client: TestClient, query: str) -> None:
    answer = client.get(f"/library/feed.atom{query}")
    assert answer.headers["content-type"] == "application/atom+xml"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{ATOM}feed"
    hrefs = [link.get("href", "") for link in root.iter(f"{ATOM}link")]
    assert all(h.startswith("http://") and "/library" in h for h in hrefs)


@pytest.mark.parametrize("entry", ["explanation:no_such", "likelihood:x", "nonsense", ":"])
def test_a_feed_of_no_entry_is_not_found(client: TestClient, entry: str) -> None:
    assert client.get("/library/feed.atom", params={"entry": entry}).status_code == 404


# ---------------------------------------------------------------------------------------------------- older versions


@pytest.fixture
def archived(tmp_path: Path) -> TestClient:
    """A service with a copy of version 0.1.0 of one entry."""
    kept = tmp_path / "site/v/0.1.0"
    (kept / "explanation").mkdir(parents=True)
    (kept / "index.html").write_text("the home as it was", encoding="utf-8")
    (kept / "explanation/als.html").write_text("what 0.1.0 said", encoding="utf-8")
    (tmp_path / "site/secret.txt").write_text("beside the versions", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("outside", encoding="utf-8")
    settings = load(data=tmp_path / "data", library_archive=tmp_path / "site")
    return TestClient(create_app(settings, store=MemoryRepository(), clock=lambda: NOW), base_url="http://localhost")


def test_an_older_version_is_served_as_it_was(archived: TestClient) -> None:
    page = archived.get("/library/v/0.1.0/explanation/als.html")
    assert (page.status_code, page.text) == (200, "what 0.1.0 said")
    assert page.headers["content-type"].startswith("text/html")
    assert archived.get("/library/v/0.1.0/").text == "the home as it was"


def test_a_permalink_of_an_older_version_leads_to_its_copy(archived: TestClient) -> None:
    page = archived.get("/library/explanation/als", params={"version": "0.1.0"})
    assert page.text == "what 0.1.0 said"


def test_changes_lead_to_the_copies_that_are_kept(archived: TestClient, client: TestClient) -> None:
    assert "/library/v/0.1.0/index.html" in archived.get("/library/changes").text
    assert "/library/v/0.1.0/index.html" not in client.get("/library/changes").text


def test_without_a_copy_the_page_says_which_version_is_here(client: TestClient) -> None:
    page = client.get("/library/v/0.1.0/patient/explanation/als.html")
    here = shipped_compiled().knowledge.version
    assert page.status_code == 404
    assert f"Here is {here}" in page.text
    assert "/library/explanation/als?for=patient" in page.text
    assert "/library/changes" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "../../secret.txt",
        "%2e%2e/%2e%2e/secret.txt",
        "..%2f..%2fsecret.txt",
        "explanation/../../../secret.txt",
        "/etc/passwd",
        ".hidden",
        "explanation",
        "explanation/als.html/",
        "explanation\\als.html",
        "%00",
    ],
)
def test_a_path_leads_nowhere_but_to_files_of_its_version(archived: TestClient, path: str) -> None:
    page = archived.get(f"/library/v/0.1.0/{path}")
    assert page.status_code == 404
    assert "outside" not in page.text
    assert "beside the versions" not in page.text
