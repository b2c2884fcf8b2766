"""The pages of the desk in a real browser: accessible, by keyboard alone, without script, at any width, still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from soleus.notes.judging import assess_note
from tests.web_pages.stillness import WATCH, assert_still

NOTE = """67 year old woman. For three years painful cramps in the left calf most nights, waking her. The muscle goes
hard and it is relieved by stretching. No swelling. Possible peripheral neuropathy. Furosemide 40 mg. K 3.1 mmol/L."""
EMERGENCY = "58 year old man. Right calf swollen and painful since yesterday, short of breath, long flight last week."
NARROW, WIDE = 320, 1280
LEAST, AIM = 24, 44  # pixels: WCAG 2.5.8, and what the main buttons reach
Go = Callable[[Any], None]


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """What the first request of a process would wait for is made before."""
    assess_note(NOTE)


def start(page: Any) -> None:
    page.goto(page.home + "/desk")


def noted(page: Any, text: str = NOTE) -> None:
    start(page)
    page.fill("#text", text)
    page.click("button[value=open]")
    page.wait_for_selector(".workspace")


def emergency(page: Any) -> None:
    noted(page, EMERGENCY)


def corrected(page: Any) -> None:
    noted(page)
    page.click("[aria-label='Strike statement 4']")
    page.wait_for_selector(".notice")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def assumed(page: Any) -> None:
    noted(page)
    page.fill("#pretest-of", "RLS")
    page.fill("#pretest", "30")
    page.click("button[value=pretest]")
    page.wait_for_selector(".moved")


def faulty(page: Any) -> None:
    noted(page)
    page.click("button[value=medicine]")
    page.wait_for_selector(".faults")


def nothing(page: Any) -> None:
    noted(page, "Thank you for seeing this man of 40 with a sore throat.")


def asked(page: Any) -> None:
    start(page)
    page.fill("#text", "Could salbutamol cause leg cramps?")
    page.click("button[value=open]")
    page.wait_for_selector(".lines")


def form(page: Any) -> None:
    start(page)
    page.click("button[value=new]")
    page.wait_for_selector(".case-form")


def faulty_form(page: Any) -> None:
    form(page)
    page.fill("#age", "old")
    page.fill("#measurements", "potassium")
    page.click("main button.primary")
    page.wait_for_selector(".faults")


def compared(page: Any) -> None:
    page.goto(page.home + "/compare?first=restless_legs_syndrome&second=nocturnal_leg_cramp")


def compared_for_patients(page: Any) -> None:
    page.goto(page.home + "/compare?first=restless_legs_syndrome&second=nocturnal_leg_cramp&for=patient")


def comparing(page: Any) -> None:
    page.goto(page.home + "/compare?first=foo")


def reviewed(page: Any) -> None:
    page.goto(page.home + "/medicines")
    page.fill("#list", "furosemide\nsalbutamol\nunheard of")
    page.click("main button.primary")
    page.wait_for_selector(".verdict-list")


def entry(page: Any) -> None:
    page.goto(page.home + "/entry?name=RLS")


KINDS: list[Go] = [
    start, noted, emergency, corrected, assumed, faulty, nothing, asked, form, faulty_form,
    compared, compared_for_patients, comparing, reviewed, entry,
]  # fmt: skip


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """A page of a new visitor; ``complaints`` of it is what the console said."""
    contexts = []

    def visit(width: int = WIDE, **how: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **how)
        contexts.append(context)
        page = context.new_page()
        page.home = address
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.complaints.append(str(e)))
        return page

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "light"), (WIDE, "dark")])
@pytest.mark.parametrize("go", KINDS, ids=lambda go: go.__name__)
def test_axe_finds_nothing(go: Go, width: int, scheme: str, opened: Callable[..., Any], axe: Path) -> None:
    page = opened(width, color_scheme=scheme, bypass_csp=True)
    go(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing to scroll sideways
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


#: Pages that are loaded as such; a change that was asked for may move what it changes.
LOADED = [go for go in KINDS if go not in (corrected, assumed, faulty)]


@pytest.mark.parametrize("go", LOADED, ids=lambda go: go.__name__)
def test_the_policy_of_content_is_kept_and_nothing_shifts(go: Go, opened: Callable[..., Any]) -> None:
    page = opened()
    page.add_init_script(WATCH)
    go(page)
    assert_still(page)
    assert [c for c in page.complaints if "400 (Bad Request)" not in c] == []


_SMALL = """(least) => [...document.querySelectorAll(
    "main button, main summary, main input:not([type=hidden]), main select")]
  .filter(e => e.checkVisibility()).map(e => {
    const box = (e.type === "radio" ? e.closest("label") : e).getBoundingClientRect();
    return [e.outerHTML.slice(0, 80), Math.min(box.width, box.height)];
  }).filter(([_, size]) => size < least)"""


@pytest.mark.parametrize("go", [start, corrected, form, compared, reviewed], ids=lambda go: go.__name__)
def test_targets_are_large(go: Go, opened: Callable[..., Any]) -> None:
    page = opened(NARROW)
    go(page)
    assert page.evaluate(_SMALL, LEAST) == []
    main = page.locator("main .primary, main .secondary").all()
    assert main
    for button in main:
        if button.is_visible():
            assert button.bounding_box()["height"] >= AIM


_COVERED = """() => {
  const e = document.activeElement, a = e.getBoundingClientRect();
  return [...document.querySelectorAll(".case-line, .notice")].some(over => {
    const b = over.getBoundingClientRect();
    return e !== document.body && !over.contains(e) && a.height > 0 && a.top >= b.top && a.bottom <= b.bottom
      && a.left >= b.left && a.right <= b.right;
  });
}"""


def test_the_line_above_never_covers_the_focus(opened: Callable[..., Any]) -> None:
    """WCAG 2.4.11, forwards and backwards through the page of a case."""
    page = opened(NARROW)
    corrected(page)
    for key, steps in (("Tab", 90), ("Shift+Tab", 60)):
        for _ in range(steps):
            page.keyboard.press(key)
            assert not page.evaluate(_COVERED), page.evaluate("document.activeElement.outerHTML.slice(0, 100)")


def test_a_note_is_put_right_by_keyboard_alone(opened: Callable[..., Any]) -> None:
    page = opened()
    start(page)
    reach(page, "#text")
    page.keyboard.insert_text(NOTE)
    reach(page, "button[value=open]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".workspace")
    reach(page, ".jumps [href='#rests']")
    page.keyboard.press("Enter")
    reach(page, "[aria-label='Strike statement 4']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#s4.struck")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Put back statement 4 as it was read"
    page.keyboard.press("Enter")
    page.wait_for_selector("#s4:not(.struck)")


def reach(page: Any, selector: str) -> None:
    for _ in range(200):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard does not reach {selector}")


def chances(page: Any) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-explanation]')]"
        ".map(e => [e.dataset.explanation, e.dataset.probability]))"
    )
    return found


def test_without_script_the_same_is_shown(opened: Callable[..., Any]) -> None:
    shown = []
    for script in (True, False):
        page = opened(java_script_enabled=script)
        noted(page)
        page.click("[aria-label='Strike statement 4']")
        page.wait_for_selector("#s4.struck")
        shown.append(page.locator("main").inner_text())
    assert shown[0] == shown[1]


def test_back_shows_the_case_before(opened: Callable[..., Any]) -> None:
    page = opened()
    noted(page)
    before = chances(page)
    page.click("[aria-label='Strike statement 9']")
    page.wait_for_selector("#s9.struck")
    page.go_back()
    page.wait_for_selector("#s9:not(.struck)")
    assert chances(page) == before


@pytest.mark.parametrize("by_script", [True, False])
def test_back_from_where_a_number_comes_from_leads_to_the_case(by_script: bool, opened: Callable[..., Any]) -> None:
    """After a change without a new page, and after a page that the browser loaded by itself."""
    page = opened()
    noted(page)
    if by_script:
        page.click("[aria-label='Strike statement 9']")
        page.wait_for_selector("#s9.struck")
    page.click(".ranked .origin >> nth=0")
    page.wait_for_selector("text=Where this number comes from")
    page.go_back()
    page.wait_for_selector("#s9.struck" if by_script else "#s9:not(.struck)")


def test_the_reader_stays_where_the_button_was(opened: Callable[..., Any]) -> None:
    page = opened()
    noted(page)
    button = page.locator("[aria-label='Strike statement 8']")
    button.scroll_into_view_if_needed()
    at = page.locator("#s8").bounding_box()["y"]
    button.click()
    page.wait_for_selector("#s8.struck")
    assert abs(page.locator("#s8").bounding_box()["y"] - at) <= 1


def test_answers_that_were_begun_survive_another_button(opened: Callable[..., Any]) -> None:
    page = opened()
    noted(page)
    page.click("#screen summary")
    choice = page.locator("#screen input[value=no]").first
    choice.check()
    name = choice.get_attribute("name")
    page.click("[aria-label='Strike statement 4']")
    page.wait_for_selector("#s4.struck")
    assert page.locator(f"[name='{name}'][value=no]").is_checked()
    assert page.locator("#screen").get_attribute("open") is not None


def test_enter_in_a_field_presses_its_own_button_or_none(opened: Callable[..., Any]) -> None:
    """Enter in the field of a medicine adds it, and leads nowhere else."""
    page = opened()
    noted(page)
    page.fill("#medicine", "quinine")
    page.press("#medicine", "Enter")
    page.wait_for_selector(".fact-list >> text=quinine")
    assert page.url.endswith("/desk")


def test_first_pages_are_light(opened: Callable[..., Any]) -> None:
    for path in ("/desk", "/compare", "/medicines"):
        page = opened()
        sizes: list[int] = []
        page.on("response", lambda r, sizes=sizes: sizes.append(len(r.body())))
        page.goto(page.home + path, wait_until="networkidle")
        assert sum(sizes) < 100_000, (path, sizes)


@pytest.mark.parametrize("go", [noted, compared], ids=lambda go: go.__name__)
def test_forced_colours_reduced_motion_and_zoom(go: Go, opened: Callable[..., Any]) -> None:
    """At 200 % zoom 1280 px are 640; nothing moves; borders and signs carry what colours say."""
    page = opened(640, forced_colors="active", reduced_motion="reduce")
    go(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    assert page.evaluate("document.getAnimations().length") == 0
