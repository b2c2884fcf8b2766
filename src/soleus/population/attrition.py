"""An attrition table as a chart: a bar a step, as wide as those who are left, with who was lost."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from soleus.population.cohort import Step
from soleus.population.engine import Row
from soleus.population.manifest import SMALLEST_CELL

WIDTH, ROW, TOP, BAR = 720, 46, 28, 460


def shown_steps(steps: Sequence[Step], least: int = SMALLEST_CELL) -> list[Row]:
    """The steps as rows; counts that are small, or would tell of a small loss, are None. ``least`` 0 hides nothing."""
    rows: list[Row] = []
    before: dict[str, int] = {}
    for step in steps:
        row: Row = {"step": step.label}
        for name, count in (("entries", step.entries), ("people", step.people)):
            lost = before.get(name, count) - count
            hide = 0 < count < least or 0 < lost < least
            row[name] = None if hide else count
            before[name] = before.get(name, count) if hide else count
        rows.append(row)
    return rows


def attrition_svg(title: str, rows: Sequence[Row]) -> str:
    """The chart as SVG that stands alone; it takes its colour from the page, so that it reads in the dark as well."""
    most = max((row["people"] or 0 for row in rows), default=0) or 1
    height = TOP + ROW * len(rows) + 8
    told = "; ".join(f"{row['step']}: {count_words(row['people'])}" for row in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" '
        f'font-size="13" fill="currentColor"><title>{escape(title)}</title><desc>{escape(told)}</desc>',
        f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>',
    ]
    for n, row in enumerate(rows):
        y = TOP + n * ROW
        width = BAR * (row["people"] or 0) / most
        parts.append(f'<text x="0" y="{y + 14}">{escape(row["step"])}</text>')
        parts.append(f'<rect x="0" y="{y + 20}" width="{width:.1f}" height="14" rx="2" fill-opacity="0.45"/>')
        parts.append(f'<text x="{width + 8:.1f}" y="{y + 32}">{count_words(row["people"])}</text>')
    return "".join((*parts, "</svg>\n"))


def count_words(count: int | None, least: int = SMALLEST_CELL) -> str:
    """A count of people, or that it is hidden."""
    return f"hidden (small, below {least} or next to it)" if count is None else f"{count:,}"
