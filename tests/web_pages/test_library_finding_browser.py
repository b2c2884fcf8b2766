"""The library's home, search and lists in a real browser: accessible, light and dark, narrow, without script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web_pages.test_library_finding import PAGES

NARROW, WIDE = 320, 1280
HEAVIEST = 300_000
SCHEMES = ("light", "dark")


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """A page of the library in a window of its own; ``told`` is what the console said."""
    opened: list[Any] = []

    def go(path: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": WIDE, "height": 900}} | options)
        opened.append(context)
        page = context.new_page()
        page.told = []
        page.on("console", lambda message: page.told.append(message.text))
        page.on("pageerror", lambda error: page.told.append(str(error)))
        page.goto(f"{address}{path}")
        return page

    yield go
    for context in opened:
        context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit: Callable[..., Any], axe: Path, path: str, scheme: str) -> None:
    page = visit(path, color_scheme=scheme, bypass_csp=True)
    page.evaluate(axe.read_text(encoding="utf-8"))
    assert page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes[0].target]))") == []


@pytest.mark.parametrize("path", PAGES)
def test_it_is_readable_on_a_small_phone(visit: Callable[..., Any], path: str) -> None:
    page = visit(path, viewport={"width": NARROW, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_blocked_or_complains_and_it_is_light(visit: Callable[..., Any], path: str) -> None:
    page = visit(path)
    assert page.told == []
    assert len(page.content().encode()) < HEAVIEST


def test_without_script_a_search_leads_to_an_entry(visit: Callable[..., Any]) -> None:
    page = visit("/library", java_script_enabled=False)
    page.fill("#q", "charlie horse")
    page.click(".seek button")
    page.click(".hits a")
    assert page.url.endswith("/library/explanation/nocturnal_leg_cramp")


def test_a_touch_on_the_picture_leads_to_what_is_felt_there(visit: Callable[..., Any]) -> None:
    page = visit("/library/browse/region", java_script_enabled=False)
    page.locator('.leg-links a[href$="/calf"] path').first.click()
    assert page.url.endswith("/library/browse/region/calf")
    assert page.locator(".leg-links a.here").count() == 1


def test_the_list_beside_the_picture_is_reached_by_keyboard(visit: Callable[..., Any]) -> None:
    page = visit("/library/browse/region")
    page.locator(".switch a").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/library/browse/region/calf")


def test_on_paper_the_search_field_is_left_out(visit: Callable[..., Any]) -> None:
    page = visit("/library/questions")
    page.emulate_media(media="print")
    assert not page.locator(".browse-ways").is_visible()
    assert page.locator(".question").first.is_visible()
