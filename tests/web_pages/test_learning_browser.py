"""Pages of learning in a browser: accessible in light and dark, fit for the narrowest phone, whole without script."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from soleus.learning.course import case_named
from soleus.learning.quizzes import mixed

NAMES = (
    "learn", "learn-own", "course", "case", "case-answer", "quizzes", "quiz", "quiz-missing", "quiz-result",
    "certificate", "certificate-true", "ask-next", "ask-worth", "record-of-learning", "learn-group",
)  # fmt: skip
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
NARROW = {"width": 320, "height": 800}


def visited(kinds: ModuleType, served: str, name: str, page: Any) -> Any:
    kinds.visit(page, served, next(k for k in kinds.kinds() if k.name == name))
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_fault_for_axe_and_fits_the_narrowest_phone(
    name: str, scheme: str, kinds: ModuleType, served: str, browser: Any, axe: Path
) -> None:
    page = browser.new_page(color_scheme=scheme, bypass_csp=True, viewport=NARROW)
    visited(kinds, served, name, page)
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.add_script_tag(content=axe.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {RULES})")["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    page.close()


def test_course_quiz_and_question_work_without_script(served: str, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=NARROW)
    page, case = context.new_page(), case_named("sim_cramp_or_restless")
    page.goto(f"{served}/learn/case/{case.slug}")
    page.check(f"input[value={case.answer}]")
    page.check("input[name=confidence][value='90']")
    page.click("button.primary")
    assert "Right: nocturnal" in page.inner_text("main")
    page.goto(f"{served}/learn/quiz/mixed-7")
    for found in mixed(7).cases[:-1]:
        page.check(f"input[name=choice-{found.slug}][value={found.answer}]")
        page.check(f"input[name=confidence-{found.slug}][value='80']")
    page.click("button.primary")
    assert "Not handed in yet: 2 still to answer" in page.inner_text("main")
    last = mixed(7).cases[-1]
    page.click(f".faults a[href='#choice-{last.slug}-1']")
    page.check(f"input[name=choice-{last.slug}][value={last.answer}]")
    page.check(f"input[name=confidence-{last.slug}][value='80']")
    page.click("button.primary")
    assert "10 of 10 right. 8 pass." in page.inner_text("main")
    page.goto(f"{served}/learn/ask/the-same-tablet")
    page.check("input[value=act]")
    page.click("button.primary")
    assert "There was a question worth asking first." in page.inner_text("main")
    context.close()


def test_the_lists_of_choices_are_worked_by_keyboard(served: str, browser: Any) -> None:
    page = browser.new_page(viewport=NARROW)
    page.goto(f"{served}/learn/case/woken-by-a-calf")
    page.focus("#choice-1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.is_checked("#choice-3")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "confidence"
    page.close()


def test_a_certificate_prints_on_one_sheet(kinds: ModuleType, served: str, browser: Any) -> None:
    page = browser.new_page()
    visited(kinds, served, "certificate", page)
    made = page.pdf(format="A4")
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") == 1
    page.close()
