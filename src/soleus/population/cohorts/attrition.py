"""An attrition table as a chart: a bar a step, as wide as those who are left, with who was lost."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap

from soleus.population.cohorts.cohort import Step
from soleus.population.databases.engine import Row
from soleus.population.results.manifest import SMALLEST_CELL

#: Readable as wide as a phone: letters of 13 in a drawing of 400.
WIDTH, BAR, LINE, GAP, LETTERS = 400, 250, 17, 12, 60
_GROUND = (
    "<style>svg{color:#16211f;background:#fff}"
    "@media screen and (prefers-color-scheme:dark){svg{color:#e6ecea;background:#101716}}</style>"
)


def shown_steps(steps: Sequence[Step], least: int = SMALLEST_CELL) -> list[Row]:
    """The steps as rows; counts that are small, or would tell of a small loss, are None. ``least`` 0 hides nothing.

    Of the two counts on both sides of a small loss the earlier is hidden.
    """
    entries = _shown([step.entries for step in steps], least)
    people = _shown([step.people for step in steps], least)
    return [
        {"step": step.label, "entries": step.entries if entry else None, "people": step.people if person else None}
        for step, entry, person in zip(steps, entries, people, strict=True)
    ]


def _shown(counts: Sequence[int], least: int) -> list[bool]:
    """Whether each count may be shown beside the next one that is: from the end, since who is in matters most."""
    shown: list[bool] = []
    after = 0
    for count in reversed(counts):
        shown.append(not (0 < count < least or 0 < count - after < least))
        after = count if shown[-1] else after
    return shown[::-1]


def attrition_svg(title: str, rows: Sequence[Row], least: int = SMALLEST_CELL) -> str:
    """The chart as SVG that stands alone, light or dark as the reader has it."""
    most = max((row["people"] or 0 for row in rows), default=0) or 1
    told = "; ".join(f"{row['step']}: {count_words(row['people'], least)}" for row in rows)
    parts, y, before = list[str](), 0, None
    for line in wrap(title, LETTERS - 4):
        y += LINE
        parts.append(f'<text x="0" y="{y}" font-weight="bold">{escape(line)}</text>')
    for row in rows:
        y += GAP
        for line in wrap(row["step"], LETTERS):
            y += LINE
            parts.append(f'<text x="0" y="{y}">{escape(line)}</text>')
        width = BAR * (row["people"] or 0) / most
        parts.append(f'<rect x="0" y="{y + 6}" width="{width:.1f}" height="14" rx="2" fill-opacity="0.45"/>')
        y += LINE
        parts.append(
            f'<text x="{width + 8:.1f}" y="{y + 1}">{count_words(row["people"], least)}{_lost(before, row)}</text>'
        )
        before = row["people"]
    y += GAP + LINE
    parts.append(f'<text x="0" y="{y}" font-size="11">No human has reviewed this result.</text>')
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-{GAP} 0 {WIDTH + 2 * GAP} {y + GAP}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="currentColor">{_GROUND}<title>{escape(title)}</title>'
        f"<desc>{escape(told)}</desc>"
    )
    return "".join((head, *parts, "</svg>\n"))


def _lost(before: int | None, row: Row) -> str:
    """How many fewer than at the step before, where both are shown."""
    now = row["people"]
    return "" if before is None or now is None or before == now else f" ({before - now:,} fewer)"


def count_words(count: int | None, least: int = SMALLEST_CELL) -> str:
    """A count of people, or that it is hidden."""
    return f"hidden (small, below {least} or next to it)" if count is None else f"{count:,}"
