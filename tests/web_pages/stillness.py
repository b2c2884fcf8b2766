"""Layout shift as the browser measures it, in two parts: while the document comes in, and once it is there."""

from __future__ import annotations

from typing import Any

#: A document is drawn while its text comes in, so a line may settle by a few pixels where a piece of it ends; how often
#: depends on the machine. The field calls 0.1 good (web.dev, "Cumulative Layout Shift"); a tenth of that is the limit.
WHILE_LOADING = 0.01

#: The document counts as there two frames after all of it was read and its scripts have run.
WATCH = """
window.shifts = [];
window.thereAt = Infinity;
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push([e.startTime, e.value]);
}).observe({ type: "layout-shift", buffered: true });
addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => requestAnimationFrame(() => {
  window.thereAt = performance.now();
})));
"""


def assert_still(page: Any) -> None:
    """Nothing moves on a page that is there, and hardly anything before; ``WATCH`` was added to it as a script."""
    while page.evaluate("window.thereAt === Infinity"):  # the policy of content forbids Playwright's own waiting
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)
    shifts, there = page.evaluate("[window.shifts, window.thereAt]")
    assert [value for at, value in shifts if at > there] == []
    assert sum(value for _, value in shifts) < WHILE_LOADING
