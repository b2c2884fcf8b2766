"""The interview in a real browser: by keyboard, by pointer, without script; for axe, narrow screens and slow eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from soleus.web.body_map import MARKS
from tests.web_pages.stillness import WATCH, assert_still

NARROW, PHONE, WIDE = 320, 390, 1280
Open = Callable[..., Any]


_KNOWN = ("400 (Bad Request)", "ERR_INTERNET_DISCONNECTED")  # what the tests bring about themselves


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Open]:
    """A new page of the browser at the beginning of the interview; it complains of nothing."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_(path: str = "/interview", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": PHONE, "height": 844}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda m: None if any(known in m.text for known in _KNOWN) else complaints.append(m.text))
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.goto(address + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def to_map(page: Any) -> None:
    page.click("button[value=self]")
    page.fill("#age", "67")
    page.check("input[value=male]")
    page.click("form.ask .primary")
    page.wait_for_selector("#medicines")
    page.click("form.ask .primary")
    page.wait_for_selector(".body-map")


def to_questions(page: Any) -> None:
    to_map(page)
    page.check("#m-left-calf")
    page.click("form.ask .primary")
    asked(page, "quality")


def asked(page: Any, question: str) -> None:
    page.wait_for_selector(f'input[name=question][value="{question}"]', state="attached")


def replied(page: Any, value: str) -> None:
    """Press a reply and wait for the page after it."""
    before = page.input_value("input[name=state] >> nth=0")
    page.click(f'.reply[value="{value}"]')
    page.wait_for_function("was => document.querySelector('input[name=state]')?.value !== was", arg=before)


def to_detail(page: Any) -> None:
    to_questions(page)
    replied(page, "cramp")
    replied(page, "days")
    asked(page, "swelling")
    page.click(".reply[value=yes]")
    page.wait_for_selector("#details")


def to_warning(page: Any) -> None:
    to_detail(page)
    page.check("#details input[value=one_leg]")
    page.click("#details .primary")
    page.wait_for_selector("#warning-title")


def through(page: Any) -> None:
    """Answer until the end: no to warning signs, the first reply to all else."""
    while not page.query_selector("form[action='/result'].ask"):
        if page.query_selector("#warning-title"):
            page.click("button[value=on].secondary, button[value=on].primary")
            page.wait_for_selector("#warning-title", state="detached")
            continue
        stage = page.get_attribute("input[name=stage]", "value")
        no = page.query_selector(".reply[value=no]") if stage == "red_flag" else None
        value = "no" if no else page.get_attribute(".reply >> nth=0", "value")
        before = page.input_value("input[name=state] >> nth=0")
        page.click(f'.reply[value="{value}"]')
        page.wait_for_function("was => document.querySelector('input[name=state]')?.value !== was", arg=before)


def to_belief(page: Any) -> None:
    to_questions(page)
    while not page.query_selector(".belief-panel"):
        stage = page.get_attribute("input[name=stage]", "value")
        replied(page, "no" if stage == "red_flag" else page.get_attribute(".reply >> nth=0", "value"))


def to_person_fault(page: Any) -> None:
    page.click("button[value=self]")
    page.fill("#age", "999")
    page.click("form.ask .primary")
    page.wait_for_selector("#faults")


def to_recognised(page: Any) -> None:
    page.click("button[value=self]")
    page.click("form.ask .primary")
    page.fill("#medicines", "salbutamol\nmoon dust")
    page.click("form.ask .primary")
    page.wait_for_selector("section.recognised")


def to_worst(page: Any) -> None:
    to_map(page)
    page.check("#m-left-calf")
    page.check("#m-right-sole")
    page.click("form.ask .primary")
    page.wait_for_selector("[name=worst]")


def to_keep(page: Any) -> None:
    to_questions(page)
    page.click("button[formaction='/interview/keep']")
    page.wait_for_selector(".keeps")


def to_link(page: Any) -> None:
    to_keep(page)
    page.click("form[action='/interview/link'] button")
    page.wait_for_selector("#address")


def to_saved(page: Any) -> None:
    to_link(page)
    page.goto(page.input_value("#address"))


def to_gone(page: Any) -> None:
    to_saved(page)
    page.click("form.onward button")
    page.wait_for_selector("a.primary")


def to_end(page: Any) -> None:
    to_questions(page)
    through(page)


def to_pregnant(page: Any) -> None:
    page.click("button[value=self]")
    page.fill("#age", "30")
    page.check("input[value=female]")
    page.click("form.ask .primary")
    page.wait_for_selector(".reply")


def stay(_: Any) -> None:
    """The page one arrives at."""


KINDS: dict[str, Callable[[Any], None]] = {
    "who": stay,
    "person_fault": to_person_fault,
    "pregnant": to_pregnant,
    "recognised": to_recognised,
    "map": to_map,
    "worst": to_worst,
    "question": to_questions,
    "details": to_detail,
    "warning": to_warning,
    "belief": to_belief,
    "end": to_end,
    "keep": to_keep,
    "link": to_link,
    "saved": to_saved,
    "gone": to_gone,
}
_CONTROLS = ", ".join(f"main {tag}" for tag in ("a", "button", "input", "select", "textarea", "summary"))
_SMALL = """() => [...document.querySelectorAll(SELECTED)]
  .filter(e => e.type !== "hidden" && e.checkVisibility())
  .map(e => [e.outerHTML.slice(0, 80), (e.closest("label") ?? e).getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24)).map(([html]) => html)""".replace(
    "SELECTED", f"'{_CONTROLS}'"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_and_nothing_is_cut_off(visit: Open, axe: Path, kind: str, scheme: str) -> None:
    width = NARROW if scheme == "light" else WIDE
    page = visit(color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 844})
    KINDS[kind](page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(_SMALL) == []
    for closed in page.query_selector_all("details:not([open])"):
        closed.evaluate("e => { e.open = true }")
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_home_has_no_violation_either(visit: Open, axe: Path) -> None:
    for scheme, width in (("light", NARROW), ("dark", WIDE)):
        page = visit("/", color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 844})
        page.evaluate(axe.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {rules: {'target-size': {enabled: true}}})")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_main_targets_are_as_large_as_a_finger(visit: Open) -> None:
    page = visit()
    to_questions(page)
    boxes = [b.bounding_box() for b in page.query_selector_all("main button")]
    assert boxes
    assert all(b["height"] >= 44 for b in boxes if b)


# --- with the keyboard ------------------------------------------------------------------------------------------------


def focused(page: Any, selector: str) -> None:
    """Tab until the focus is on an element; it is seen whole, and marked."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            assert page.evaluate(_SEEN), selector
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


_SEEN = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), at = e.closest("label") ?? e;
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  const top = document.elementFromPoint(x, y);
  const marked = [e, at].some(n => getComputedStyle(n).outlineStyle !== "none");
  return marked && box.top >= 0 && box.bottom <= innerHeight && (e.contains(top) || at.contains(top));
}"""


@pytest.mark.parametrize("script", [True, False])
def test_the_whole_interview_by_keyboard(visit: Open, script: bool) -> None:
    page = visit(java_script_enabled=script)
    focused(page, "button[value=self]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#age")
    focused(page, "#age")
    page.keyboard.type("67")
    focused(page, "form.ask .primary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#medicines")
    focused(page, "form.ask .primary")
    page.keyboard.press("Space")
    page.wait_for_selector(".body-map")
    focused(page, "#m-left-calf")
    page.keyboard.press("Space")
    assert page.is_checked("#m-left-calf")
    assert page.evaluate("getComputedStyle(document.querySelector('.at-left-calf .legs-tick')).display") != "none"
    focused(page, "form.map .primary")
    page.keyboard.press("Enter")
    asked(page, "quality")
    while not page.query_selector("form[action='/result'].ask"):
        stage = page.get_attribute("input[name=stage]", "value")
        wanted = ".reply[value=no]" if stage == "red_flag" else ".reply"
        before = page.input_value("input[name=state] >> nth=0")
        focused(page, wanted)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"input[name=state]:not([value='{before}'])", state="attached")
    focused(page, "form[action='/result'] .primary")
    page.keyboard.press("Enter")
    page.wait_for_url("**/result")


def test_focus_goes_to_the_new_question_and_to_a_fault(visit: Open) -> None:
    page = visit()
    to_person_fault(page)
    assert page.evaluate("document.activeElement.id") == "faults"
    page.click("#faults a")
    assert page.evaluate("document.activeElement.id") == "age"
    page.fill("#age", "67")
    page.click("form.ask .primary")
    page.wait_for_selector("#medicines")
    assert page.evaluate("document.activeElement.tagName") == "H1"


# --- by pointer, with and without script ------------------------------------------------------------------------------


def test_the_map_takes_touches(visit: Open) -> None:
    page = visit(has_touch=True)
    to_map(page)
    for mark in MARKS:
        region = page.locator(f".at-{mark} .region").first
        box = region.bounding_box()
        assert box["width"] >= 24
        assert box["height"] >= 24
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert page.is_checked(f"#m-{mark}"), mark
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert not page.is_checked(f"#m-{mark}"), mark
        assert page.evaluate("scrollY") == 0  # the list below the picture does not pull the page down


def test_a_marked_place_is_told_by_colour_pattern_and_tick(visit: Open) -> None:
    page = visit()
    to_map(page)
    look = "s => { const c = getComputedStyle(document.querySelector(s)); return [c.display, c.fill] }"
    before = page.evaluate(look, ".at-left-calf .region")
    assert page.evaluate(look, ".at-left-calf .hatch")[0] == "none"
    page.locator(".at-left-calf .region").first.click()
    assert page.evaluate(look, ".at-left-calf .region") != before
    assert page.evaluate(look, ".at-left-calf .hatch")[0] != "none"
    assert page.evaluate(look, ".at-left-calf .legs-tick")[0] != "none"


@pytest.mark.parametrize("script", [True, False])
def test_the_whole_interview_by_pointer(visit: Open, script: bool) -> None:
    page = visit(java_script_enabled=script)
    page.click("button[value=self]")
    page.fill("#age", "67")
    page.click("form.ask .primary")
    page.wait_for_selector("#medicines")  # a press while the next page is on its way counts for nothing
    page.click("form.ask .primary")
    page.locator(".at-left-calf .region").first.click()
    page.click("form.ask .primary")
    for _ in range(60):
        page.wait_for_selector(".reply, form[action='/result'].ask")
        if page.locator("form[action='/result'].ask").count():
            break
        flag = page.locator("input[name=stage][value=red_flag]").count()
        value = page.locator("input[name=state]").first.input_value()
        page.locator(".reply[value=no]" if flag else ".reply").first.click()
        page.wait_for_selector(f"input[name=state]:not([value='{value}'])", state="attached")
    page.click("form[action='/result'] .primary")
    page.wait_for_url("**/result")
    assert page.locator("h1").count() >= 1


def test_details_open_at_the_place_where_one_looks(visit: Open) -> None:
    for script in (True, False):
        page = visit(java_script_enabled=script)
        page.click("button[value=self]")
        page.click("form.ask .primary")
        page.wait_for_selector("#medicines")
        page.click("form.ask .primary")
        page.click("button[name=reply][value=not_assessed]")
        page.click(".reply[value=cramp]")
        page.click(".reply[value=days]")
        page.wait_for_selector(".reply[value=yes]")
        page.click(".reply[value=yes]")
        page.wait_for_selector("#details")
        box = page.locator("#details-title").bounding_box()
        assert 0 <= box["y"] < 844


def test_back_of_the_browser_returns_to_the_question_with_its_answer(visit: Open) -> None:
    page = visit()
    to_questions(page)
    replied(page, "burning")
    asked(page, "tempo")
    page.go_back()
    asked(page, "quality")
    page.wait_for_selector(".reply.given[value=burning]")
    page.go_back()
    page.wait_for_selector(".body-map")
    page.wait_for_function("document.querySelector('#m-left-calf').checked")
    page.go_forward()
    asked(page, "quality")
    replied(page, "cramp")
    asked(page, "tempo")


def test_without_a_connection_nothing_is_lost(visit: Open) -> None:
    page = visit()
    to_questions(page)
    page.context.set_offline(True)
    page.click(".reply[value=cramp]")
    page.wait_for_selector("[data-offline]")
    assert page.evaluate("document.activeElement.hasAttribute('data-offline')")
    assert page.locator(".reply[value=cramp]").count() == 1
    page.context.set_offline(False)
    replied(page, "cramp")
    asked(page, "tempo")


def test_a_reload_stays_at_the_question(visit: Open) -> None:
    page = visit()
    to_questions(page)
    page.reload()
    asked(page, "quality")


def test_names_are_offered_while_one_types_and_nothing_typed_is_sent(visit: Open) -> None:
    page = visit()
    page.click("button[value=self]")
    page.click("form.ask .primary")
    page.wait_for_selector("#medicines")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.method + r.url + (r.post_data or "")))
    page.click("#medicines")
    page.keyboard.type("bendroflum")
    page.wait_for_selector(".suggestions button")
    assert [s for s in sent if "bendroflu" in s] == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "bendroflumethiazide" in page.input_value("#medicines").lower()


# --- light and steady -------------------------------------------------------------------------------------------------


def test_the_first_page_weighs_less_than_100_kb(visit: Open, address: str) -> None:
    page = visit("/about")
    weights: list[int] = []
    page.on("response", lambda r: weights.append(len(r.body())))
    for path in ("/", "/interview"):
        weights.clear()
        page.context.clear_cookies()
        page.goto(address + path, wait_until="networkidle")
        assert weights
        assert sum(weights) < 100_000


@pytest.mark.parametrize("kind", ["who", "map", "belief", "warning"])
def test_nothing_moves_while_a_page_is_drawn(visit: Open, kind: str) -> None:
    page = visit(java_script_enabled=True)
    page.add_init_script(WATCH)
    page.reload()
    KINDS[kind](page)
    page.wait_for_load_state("networkidle")
    assert_still(page)


def test_nothing_moves_by_itself_for_those_who_want_less_motion(visit: Open) -> None:
    page = visit(reduced_motion="reduce")
    to_belief(page)
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(e => { const c = getComputedStyle(e); "
        "return c.animationName !== 'none' || c.transitionDuration.split(',').some(d => parseFloat(d) > 0) }).length"
    )
    assert moving == 0


def test_a_choice_is_seen_where_colours_are_the_reader_s(visit: Open) -> None:
    page = visit(forced_colors="active")
    to_map(page)
    page.check("input[name=side][value=one_leg]")
    widths = page.evaluate("[...document.querySelectorAll('.pick')].map(e => getComputedStyle(e).borderTopWidth)")
    assert widths.count("3px") == 1
    page.locator(".at-left-calf .region").first.click()
    assert page.evaluate("getComputedStyle(document.querySelector('.at-left-calf .legs-tick')).display") != "none"


def test_paper_shows_the_answers_without_buttons(visit: Open) -> None:
    page = visit()
    to_end(page)
    page.emulate_media(media="print")
    assert page.locator(".earlier dd:not(.do)").first.is_visible()
    assert page.locator(".earlier dd.do").first.is_hidden()
    assert page.locator(".onward").is_hidden()


def test_the_private_link_works_and_is_not_told_to_other_pages(visit: Open, address: str) -> None:
    page = visit()
    to_link(page)
    link = page.input_value("#address")
    assert link.startswith(f"{address}/saved/")
    page.goto(link)
    page.click("form.row .primary")
    asked(page, "quality")
    assert "/saved/" not in page.url
