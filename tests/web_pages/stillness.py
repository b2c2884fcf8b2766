"""Layout shift as the browser measures it, from the first drawing of a page on."""

from __future__ import annotations

from typing import Any

#: What moved and nobody asked for: a number for each, as the browser weighs it.
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push(e.value);
}).observe({ type: "layout-shift", buffered: true });
"""


def assert_still(page: Any) -> None:
    """Nothing moved on a page to which ``WATCH`` was added as a script, nor would on a slower machine: it is not drawn
    before its end is there."""
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifts") == []
    awaited = page.locator("link[rel=expect][blocking=render]").get_attribute("href")
    assert page.locator(f"body > footer{awaited}").count() == 1
