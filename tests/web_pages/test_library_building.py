"""The library as a site of files: no dead link, whole or not at all, older versions kept; its search in the browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import KnowledgeError, UsageError
from soleus.library.model import RecordRef
from soleus.reasoning.compiled import shipped_compiled
from soleus.service.app import create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository
from soleus.web.building import MARK, Built, Order, build
from soleus.web.built_links import PLACE, Rewriter, Rules
from soleus.web.built_search import search_files
from soleus.web.in_process import Answer, Ask, InProcess
from tests.conftest import ROOT
from tests.web_pages.conftest import NOW

ENTRIES = tuple(
    RecordRef(kind=kind, id=id)
    for kind, id in (
        ("short_entry", "tree_bruxism"),
        ("common_question", "soap_in_the_bed"),
        ("medicine", "furosemide"),
    )
)
ADDRESS = "https://library.example/soleus"
VERSION = shipped_compiled().knowledge.version
_LINK = re.compile(r'\b(?:href|src|srcset|action)="([^"]*)"')
_AIM_FIRST, _AIM_THREE = 0.8, 0.9  # of the search in the browser, which has no engine behind it


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    settings = load(data=tmp_path_factory.mktemp("data"), public_url=PLACE)
    with InProcess(create_app(settings, store=MemoryRepository(), clock=lambda: NOW)) as asked:
        yield asked


@pytest.fixture(scope="module")
def site(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    """An excerpt of three entries, for both audiences, at an address."""
    folder = tmp_path_factory.mktemp("site")
    return folder, build(shipped_compiled(), ask, Order(folder, address=ADDRESS, entries=ENTRIES))


def pages(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.html"))


def links(text: str) -> set[str]:
    return {unescape(link) for link in _LINK.findall(text)}


def test_no_link_is_dead(site: tuple[Path, Built]) -> None:
    dead = []
    for page in pages(site[0]):
        text = page.read_text(encoding="utf-8")
        ids = set(re.findall(r'\bid="([^"]*)"', text))
        for link in links(text):
            to = urlsplit(link)
            if not to.scheme and not to.path:
                dead += [(page.name, link)] if to.fragment and to.fragment not in ids else []
            elif not to.scheme and not (page.parent / unquote(to.path)).resolve().is_file():
                dead.append((page.name, link))
    assert dead == []
    assert len(pages(site[0])) > 40


def test_every_link_is_relative_or_leads_away(site: tuple[Path, Built]) -> None:
    for page in pages(site[0]):
        assert [x for x in links(page.read_text(encoding="utf-8")) if x.startswith("/")] == []


def test_no_file_names_the_place_where_it_was_made(site: tuple[Path, Built]) -> None:
    named = [f for f in site[0].rglob("*") if f.is_file() and b"soleus.invalid" in f.read_bytes()]
    assert named == []


def test_both_audiences_have_each_entry(site: tuple[Path, Built]) -> None:
    for e in ENTRIES:
        for folder in ("", "patient/", f"v/{VERSION}/", f"v/{VERSION}/patient/"):
            assert (site[0] / f"{folder}{e.kind}/{e.id}.html").is_file()


def test_what_needs_the_service_is_not_offered(site: tuple[Path, Built]) -> None:
    for page in pages(site[0]):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"\0|/correct\b|/compare\?|>Account<", text)
        assert all("search.html" in action for action in re.findall(r'<form[^>]*action="([^"]*)"', text))


def test_a_page_that_is_kept_says_so_and_leads_to_the_newest(site: tuple[Path, Built]) -> None:
    kept = site[0] / f"v/{VERSION}/patient/medicine/furosemide.html"
    text = kept.read_text(encoding="utf-8")
    note = re.search(r'class="kept" role="note">([^<]*)<a href="([^"]*)"', text)
    assert note is not None
    assert f"knowledge {VERSION}" in note[1]
    assert (kept.parent / note[2]).resolve() == (site[0] / "patient/medicine/furosemide.html").resolve()
    assert 'class="kept"' not in (site[0] / "patient/medicine/furosemide.html").read_text(encoding="utf-8")


def test_structured_data_and_citation_name_the_permalink(site: tuple[Path, Built]) -> None:
    text = (site[0] / "medicine/furosemide.html").read_text(encoding="utf-8")
    data = json.loads(text.partition('type="application/ld+json">')[2].partition("</script>")[0])
    permalink = f"{ADDRESS}/v/{VERSION}/medicine/furosemide.html"
    assert permalink in json.dumps(data)
    assert f"{ADDRESS}/v/{VERSION}/medicine/furosemide.html" in text


def test_the_permalink_of_patients_is_theirs(site: tuple[Path, Built]) -> None:
    text = (site[0] / "patient/medicine/furosemide.html").read_text(encoding="utf-8")
    assert f"{ADDRESS}/v/{VERSION}/patient/medicine/furosemide.html" in text
    assert "u0026for" not in text


def test_sitemap_robots_and_feed_name_the_address(site: tuple[Path, Built]) -> None:
    folder = site[0]
    places = [e.text or "" for e in ElementTree.parse(folder / "sitemap.xml").iter() if e.tag.endswith("loc")]
    assert f"{ADDRESS}/patient/medicine/furosemide.html" in places
    assert all((folder / p.removeprefix(f"{ADDRESS}/")).is_file() for p in places)
    assert f"Sitemap: {ADDRESS}/sitemap.xml" in (folder / "robots.txt").read_text(encoding="utf-8")
    feed = (folder / "feed.atom").read_text(encoding="utf-8")
    assert "tag:library.example," in feed
    assert f"{ADDRESS}/changes.html" in feed


def test_without_an_address_there_is_no_feed_and_nothing_in_full(ask: Ask, tmp_path: Path) -> None:
    build(shipped_compiled(), ask, Order(tmp_path / "site", ("patient",), entries=ENTRIES[:1]))
    assert list((tmp_path / "site").rglob("*.atom")) == []
    assert not (tmp_path / "site/sitemap.xml").exists()
    assert not (tmp_path / "site/patient").exists()  # one audience needs no folder of its own
    text = (tmp_path / "site/short_entry/tree_bruxism.html").read_text(encoding="utf-8")
    assert "application/atom+xml" not in text
    assert "teeth" in text.lower()


def test_with_a_service_its_pages_are_offered(ask: Ask, tmp_path: Path) -> None:
    order = Order(tmp_path / "site", ("clinician",), service="https://soleus.example", entries=ENTRIES[:1])
    build(shipped_compiled(), ask, order)
    found = links((tmp_path / "site/short_entry/tree_bruxism.html").read_text(encoding="utf-8"))
    assert "https://soleus.example/about" in found


def test_older_versions_stay_and_what_is_gone_goes(ask: Ask, tmp_path: Path) -> None:
    order = Order(tmp_path / "site", ("patient",), entries=ENTRIES[:1])
    build(shipped_compiled(), ask, order)
    older = tmp_path / "site/v/0.0.1/index.html"
    older.parent.mkdir(parents=True)
    older.write_text("as it was", encoding="utf-8")
    stale = tmp_path / "site/medicine/withdrawn.html"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.write_text("no longer there", encoding="utf-8")
    build(shipped_compiled(), ask, order)
    assert older.read_text(encoding="utf-8") == "as it was"
    assert not stale.exists()


def test_two_builds_are_the_same(ask: Ask, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build(shipped_compiled(), ask, Order(tmp_path / name, ("patient",), entries=ENTRIES[:1]))
    told = [{f.relative_to(r).as_posix(): f.read_bytes() for f in r.rglob("*") if f.is_file()} for r in
            (tmp_path / "one", tmp_path / "two")]  # fmt: skip
    assert told[0] == told[1]
    assert not [name for name in told[0] if name.endswith(".part")]


def test_a_folder_with_something_else_is_refused(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="something else"):
        build(shipped_compiled(), ask, Order(tmp_path))
    assert [f.name for f in tmp_path.iterdir()] == ["letter.txt"]
    with pytest.raises(UsageError, match="a file"):
        build(shipped_compiled(), ask, Order(tmp_path / "letter.txt"))


def test_an_earlier_build_is_known_by_its_mark(site: tuple[Path, Built]) -> None:
    mark = json.loads((site[0] / MARK).read_text(encoding="utf-8"))
    assert mark["version"] == VERSION
    assert mark["digest"] == shipped_compiled().knowledge.digest
    assert mark["pages"] == site[1].pages


def test_a_link_that_leads_nowhere_is_told_with_its_page(ask: Ask, tmp_path: Path) -> None:
    def broken(address: str) -> Answer:
        return Answer(404, "text/html", b"") if address == "/library/changes" else ask(address)

    with pytest.raises(KnowledgeError, match=r"1 links that lead nowhere: /library/changes on the beginning"):
        build(shipped_compiled(), broken, Order(tmp_path / "site", ("patient",), entries=ENTRIES[:1]))


def test_progress_is_told_to_the_end(ask: Ask, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    order = Order(tmp_path / "site", ("patient",), entries=ENTRIES[:1])
    build(shipped_compiled(), ask, order, lambda done, known: seen.append((done, known)))
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == seen[-1][1]


# ----------------------------------------------------------------------------------------------------- the links


@pytest.mark.parametrize(
    ("link", "file"),
    [
        ("/library", "index.html"),
        ("/library?for=patient", "patient/index.html"),
        ("/library/explanation/als", "explanation/als.html"),
        ("/library/explanation/als?for=patient#causes", "patient/explanation/als.html#causes"),
        ("/library/explanation/als?version=0.1.0", "v/0.1.0/explanation/als.html"),
        ("/library/record/effect/statin.nocturnal_leg_cramp", "record/effect/statin.nocturnal_leg_cramp.html"),
        ("/library/record/source/imai1995", "source/imai1995.html"),
        ("/library/feed.atom?entry=finding:site", "feed/entry/finding/site.atom"),
        ("/library/figure/leg.patient.svg", "figure/leg.patient.svg"),
        ("/library/search?q=two words", "search.html?q=two+words"),
        ("/static/soleus.abc.css", "static/soleus.abc.css"),
        ("/", "index.html"),
        ("/about", "policy.html"),
    ],
)
def test_an_address_becomes_a_file(link: str, file: str) -> None:
    rewriter = Rewriter(Rules())
    target = rewriter.rules.target(link)
    assert target is not None
    assert rewriter.relative("index.html", target) == file


@pytest.mark.parametrize(
    "link", ["/compare?first=als", "/desk", "/library/record/fact/x/correct", "/libraryx", "/account"]
)
def test_what_the_service_does_is_no_file(link: str) -> None:
    assert Rules().target(link) is None


def test_a_link_is_relative_to_where_it_stands() -> None:
    page, found = Rewriter(Rules()).page(
        '<a href="/library/finding/site?for=patient">x</a>', "patient/explanation/als.html"
    )
    assert page == '<a href="../finding/site.html">x</a>'
    assert found == {"/library/finding/site?for=patient"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<p>See <a href="/compare">a comparison</a> of it.</p>', "<p>See a comparison of it.</p>"),
        ('<ul><li><a href="/desk">Desk</a></li><li>Stays</li></ul>', "<ul><li>Stays</li></ul>"),
        (
            '<p><a href="/library">Library</a> · <a href="/compare">Compare</a></p>',
            '<p><a href="index.html">Library</a></p>',
        ),
        ('<form method="post" action="/desk"><input></form>', ""),
        ('<script src="/static/soleus.1.js" defer></script>', ""),
        ('<a href="https://doi.org/10.1">x</a>', '<a href="https://doi.org/10.1">x</a>'),
    ],
)
def test_links_without_a_file_leave_their_words(before: str, after: str) -> None:
    assert Rewriter(Rules()).page(before, "index.html")[0] == after


@given(st.text(alphabet='<>a="/ href&;?#\0.', max_size=60))
def test_any_text_is_rewritten_without_a_fault(text: str) -> None:
    Rewriter(Rules()).page(text, "a/b.html")


@given(st.text(max_size=40), st.sampled_from(["clinician", "patient"]))
def test_no_address_leads_out_of_the_folder(rest: str, audience: Any) -> None:
    try:
        target = replace(Rules(), audiences=(audience,)).target(f"/library/{rest}")
    except ValueError:  # an address that is none
        return
    if target is not None:
        assert not target.file.startswith("/")


# --------------------------------------------------------------------------------------------------- in a browser


@pytest.fixture
def searching(launched: Callable[[Path], Any], chromium: Path, tmp_path: Path) -> Iterator[Any]:
    """The page that searches, opened from a disk, with the index of the whole library."""
    for name, content in search_files(shipped_compiled(), Rules()).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "search.html").write_text(
        '<!doctype html><meta charset="utf-8"><form class="seek"><input name="q" id="q"></form>'
        '<section id="found" data-audience="patient" data-up=""></section><template id="hit"><li><p><a></a> '
        '<span class="tag"></span> <span class="tag at-once"></span></p><p class="fine"></p></li></template>'
        '<script src="search-index.js"></script><script src="search.js"></script>',
        encoding="utf-8",
    )
    page = launched(chromium).new_page()
    page.told = []
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.goto((tmp_path / "search.html").as_uri())
    yield page
    page.close()


def test_the_search_in_the_browser_finds_what_is_sought(searching: Any) -> None:
    searches = yaml.safe_load((ROOT / "tests/library/searches.yaml").read_text(encoding="utf-8"))
    first = three = total = 0
    for queries in searches.values():
        for words, wanted in queries.items():
            searching.fill("#q", words)
            got = searching.eval_on_selector_all(
                "#found li a", "all => all.slice(0, 3).map(a => a.getAttribute('href'))"
            )
            ids = [x.removeprefix("patient/").removesuffix(".html").replace("/", ":") for x in got]
            total, first, three = (
                total + 1,
                first + (ids[:1] != [] and ids[0] in wanted),
                three + bool({*ids} & {*wanted}),
            )
    print(f"in the browser: hit@1 {first / total:.3f}, hit@3 {three / total:.3f} of {total} searches")
    assert searching.told == []
    assert first / total >= _AIM_FIRST
    assert three / total >= _AIM_THREE


def test_what_is_typed_there_is_shown_as_text(searching: Any) -> None:
    searching.fill("#q", "<img src=x onerror=alert(1)>")
    assert searching.locator("#found img").count() == 0
    assert "<img" in searching.inner_text("#found")


def test_the_built_pages_open_from_a_disk_and_are_accessible(
    site: tuple[Path, Built], launched: Callable[[Path], Any], chromium: Path, axe: Path
) -> None:
    page = launched(chromium).new_page(viewport={"width": 320, "height": 700})
    for name in ("index.html", "patient/search.html", f"v/{VERSION}/medicine/furosemide.html"):
        page.goto((site[0] / name).as_uri())
        assert page.evaluate("document.styleSheets.length") > 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.evaluate(axe.read_text(encoding="utf-8"))
        assert page.evaluate("axe.run().then(r => r.violations.map(v => v.id))") == []
    page.goto((site[0] / "patient/index.html").as_uri())
    page.fill("#q", "lasix")
    page.click(".seek button")
    page.click("#found a")
    assert page.url.endswith("patient/medicine/furosemide.html")
    page.close()
