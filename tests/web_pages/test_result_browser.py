"""The result and what leads from it in a real browser: accessible, by keyboard, without script, on paper."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from soleus.interop.handover import unpacked
from soleus.web.state import Change, State, pack
from tests.conftest import ROOT, lacking
from tests.web_pages.cases import BOTH, CLOT, CRAMP, hostile
from tests.web_pages.stillness import WATCH, assert_still

NARROW, WIDE = 320, 1280
LEAST = 24  # pixels, WCAG 2.5.8
HEAVIEST = 300_000
TRIED = (Change(kind="finding", name="swelling", value="one_leg"), Change(kind="finding", name="tempo", value="days"))

#: name -> (address, state, fields)
PAGES: dict[str, tuple[str, State, dict[str, str]]] = {
    "patient": ("/result", State(case=CRAMP), {}),
    "clinician": ("/result", State(case=CRAMP), {"audience": "clinician"}),
    "red flag": ("/result", State(case=CLOT), {}),
    "two complaints": ("/result", State(case=BOTH), {}),
    "left out": ("/result", State(case=CRAMP, changes=TRIED), {}),
    "nothing": ("/result", State(), {}),
    "hostile": ("/result", hostile(), {"audience": "clinician"}),
    "chain": ("/result/chain", State(case=CRAMP), {}),
    "chain for clinicians": ("/result/chain", State(case=CRAMP), {"audience": "clinician"}),
    "what if": ("/result/what-if", State(case=CRAMP), {}),
    "tried": ("/result/what-if", State(case=CRAMP, changes=TRIED), {"audience": "clinician"}),
    "fault": ("/result/what-if", State(case=CRAMP), {"v:person:age": "old"}),
    "letter": ("/result/letter", State(case=CLOT), {}),
    "code": ("/result/code", State(case=CRAMP), {}),
}
_SEND = """([address, fields]) => {
  const form = document.createElement("form"); form.method = "post"; form.action = address;
  for (const [name, value] of fields) {
    const field = document.createElement("input"); field.type = "hidden"; field.name = name; field.value = value;
    form.append(field);
  }
  document.body.append(form); HTMLFormElement.prototype.submit.call(form);
}"""


@pytest.fixture
def jsqr() -> Path:
    """A reader of QR codes that others wrote."""
    script = ROOT / "tests/web/node_modules/jsqr/dist/jsQR.js"
    return script if script.exists() else lacking("jsqr", "`make web` (needs npm)")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """A page of the result by its name, in a window of its own."""
    opened: list[Any] = []

    def go(name: str, *, scripted: bool = True, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": WIDE, "height": 900}, "bypass_csp": True} | options)
        opened.append(context)
        page = context.new_page()
        page.told = []
        page.on("console", lambda message: page.told.append(message.text))
        page.on("pageerror", lambda error: page.told.append(str(error)))
        page.add_init_script(WATCH)
        if not scripted:
            page.route("**/*.js", lambda route: route.abort())
        page.goto(f"{address}/about")
        to, state, fields = PAGES[name]
        with page.expect_navigation():
            page.evaluate(_SEND, [to, [["state", pack(state)], *fields.items()]])
        page.wait_for_load_state()
        return page

    yield go
    for context in opened:
        context.close()


_SMALL = """(least) => [...document.querySelectorAll("main button, main a, main select, main input:not([type=hidden])")]
  .filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, r]) => r.width && (r.height < least || r.width < least) && getComputedStyle(e).display !== "inline")
  .map(([e, r]) => `${e.outerHTML.slice(0, 80)} ${r.width}x${r.height}`)"""


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "light"), (WIDE, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name: str, width: int, scheme: str, visit: Callable[..., Any], axe: Path) -> None:
    page = visit(name, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found["violations"]] == []
    assert [t for t in page.told if "400" not in t] == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_and_targets_are_large_enough(name: str, visit: Callable[..., Any]) -> None:
    page = visit(name, viewport={"width": 390, "height": 844})
    assert_still(page)
    assert page.evaluate(_SMALL, LEAST) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(name: str, visit: Callable[..., Any]) -> None:
    page = visit(name)
    sizes = page.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .reduce((n, e) => n + e.decodedBodySize, 0)"""
    )
    assert sizes < HEAVIEST


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "no script"])
def test_a_trial_from_the_result_and_back(scripted: bool, visit: Callable[..., Any]) -> None:
    """Change, undo and return: the same with script and without."""
    page = visit("patient", scripted=scripted)
    page.get_by_role("button", name="Try “what if”").click()
    page.wait_for_selector(".bench")
    page.get_by_label("Is a leg swollen?").select_option("one_leg")
    if not scripted:
        page.get_by_role("button", name="See what moves").click()
    page.wait_for_selector(".trials")
    assert "What if" in page.inner_text(".trials")
    assert "told: No" in page.inner_text(".trials")
    page.get_by_role("button", name="Undo the last change").click()
    page.wait_for_selector(".trials", state="detached")
    page.get_by_role("button", name="Back to the result").click()
    page.wait_for_selector(".answer")
    assert page.locator(".left-out").count() == 0


def test_without_a_script_engine_every_page_opens(browser: Any, address: str) -> None:
    """A browser in which scripts are off sends the forms of the pages themselves."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    fields = f"<input name=state value='{pack(State(case=CRAMP))}'>"
    page.route("**/start", lambda route: route.fulfill(
        content_type="text/html", body=f"<form method=post action=/result>{fields}<button>Go</button></form>"
    ))  # fmt: skip
    for button in ("Answer more questions", "Try “what if”", "Letter to the doctor", "Keep it or hand it over"):
        page.goto(f"{address}/start")
        page.click("button")
        page.get_by_role("button", name=button).click()
        assert page.locator("h1").count() == 1
        assert page.title().endswith("Soleus")
    page.get_by_role("button", name="Back to the result").click()
    page.get_by_role("button", name=re.compile("where this number comes from")).first.click()
    assert "Where this number comes from" in page.inner_text("h1")
    context.close()


def test_the_keyboard_alone_reaches_the_chain_and_the_other_wording(visit: Callable[..., Any]) -> None:
    page = visit("patient")
    for _ in range(60):
        page.keyboard.press("Tab")
        if "origin" in (page.evaluate("document.activeElement.className") or ""):
            break
    covered = page.evaluate("""() => { const r = document.activeElement.getBoundingClientRect();
        const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
        return !(document.activeElement === top || document.activeElement.contains(top)); }""")
    assert not covered  # WCAG 2.4.11
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_selector(".chain-steps")
    page.get_by_role("button", name="Back to the result").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".wording")
    page.get_by_role("button", name="For clinicians").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("body.clinician")
    assert page.get_by_role("button", name="For clinicians").get_attribute("aria-pressed") == "true"


def test_a_change_keeps_the_focus_and_is_told(visit: Callable[..., Any]) -> None:
    page = visit("what if")
    field = page.get_by_label("Is a leg swollen?")
    field.focus()
    field.select_option("one_leg")
    page.wait_for_selector(".trials")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    assert "Is a leg swollen?" in page.evaluate("document.querySelector('.announce').textContent")


def test_back_leads_through_the_pages_of_a_result_and_reload_keeps_them(visit: Callable[..., Any]) -> None:
    page = visit("patient")
    page.get_by_role("button", name=re.compile("where this number comes from")).first.click()
    page.wait_for_selector(".chain-steps")
    page.get_by_role("button", name="Back to the result").click()
    page.wait_for_selector(".answer")
    page.get_by_role("button", name="Try “what if”").click()
    page.wait_for_selector(".bench")
    assert "A trial" in page.inner_text(".bar .pill")
    page.get_by_label("Is a leg swollen?").select_option("one_leg")
    page.wait_for_selector(".trials")
    page.reload()
    page.wait_for_selector(".trials")  # the trial is still there
    page.go_back()
    page.wait_for_selector(".answer")
    assert "A trial" not in page.inner_text(".bar .pill")
    page.go_back()
    page.wait_for_selector(".chain-steps")
    page.go_back()
    page.wait_for_selector(".answer")
    page.go_forward()
    page.wait_for_selector(".chain-steps")
    assert "state" not in page.url


def test_back_from_more_questions_is_the_result(visit: Callable[..., Any]) -> None:
    page = visit("patient")
    page.get_by_role("button", name="Answer more questions").click()
    page.wait_for_function("!document.querySelector('.answer')")
    page.go_back()
    page.wait_for_selector(".answer")


def test_a_fault_takes_the_focus(visit: Callable[..., Any]) -> None:
    page = visit("fault")
    assert page.evaluate("document.activeElement.id") == "faults"
    assert "a number from 0 to 120 years" in page.inner_text("#faults")


def test_a_telephone_reads_the_code(visit: Callable[..., Any], jsqr: Path) -> None:
    """jsQR, which others wrote, reads the picture as it is drawn on the page."""
    page = visit("code")
    page.evaluate(jsqr.read_text(encoding="utf-8"))
    read = page.evaluate(
        """async () => {
        const svg = document.querySelector(".qr"), image = new Image();
        image.src = "data:image/svg+xml," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
        await image.decode();
        const canvas = document.createElement("canvas"); canvas.width = canvas.height = 600;
        const pen = canvas.getContext("2d"); pen.drawImage(image, 0, 0, 600, 600);
        return jsQR(pen.getImageData(0, 0, 600, 600).data, 600, 600)?.data;
    }"""
    )
    assert read == page.input_value("#code")
    assert unpacked(read)["findings"] == CRAMP["findings"]


@pytest.mark.parametrize(
    ("name", "most"), [("patient", 2), ("clinician", 2), ("red flag", 2), ("letter", 1), ("code", 1), ("tried", 2)]
)
def test_it_prints_on_few_sheets(
    name: str, most: int, visit: Callable[..., Any], tmp_path: Path, pdfinfo: Path
) -> None:
    file = tmp_path / "printed.pdf"
    visit(name).pdf(path=str(file), format="A4", prefer_css_page_size=False)
    told = subprocess.run([pdfinfo, file], check=True, capture_output=True, text=True).stdout
    pages = re.search(r"^Pages:\s+(\d+)$", told, flags=re.M)
    assert pages is not None
    assert int(pages[1]) <= most


def test_a_trial_on_paper_says_that_it_is_one(visit: Callable[..., Any]) -> None:
    page = visit("tried")
    page.emulate_media(media="print")
    assert page.locator(".trial").is_visible()
    assert page.locator(".trials").is_visible()
    assert not page.locator(".bench").is_visible()


@pytest.mark.parametrize("name", ["patient", "what if", "chain", "code", "letter"])
def test_at_200_percent_nothing_is_lost(name: str, visit: Callable[..., Any]) -> None:
    """A window of 1280 pixels at 200 % shows 640 of them."""
    page = visit(name, viewport={"width": 640, "height": 450}, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


def test_forced_colours_keep_the_bars(visit: Callable[..., Any]) -> None:
    page = visit("tried", forced_colors="active")
    drawn = page.evaluate("getComputedStyle(document.querySelector('.move .fill')).fill")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert drawn != ground
