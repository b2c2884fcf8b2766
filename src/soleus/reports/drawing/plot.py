"""A plot: a wide and a narrow drawing of the same figures, and the figures as a table of words."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from soleus.reports.drawing import lettering
from soleus.reports.drawing.axes import Axis
from soleus.reports.drawing.palette import PAINTS, rules
from soleus.reports.drawing.svg import Canvas

WIDE, NARROW = 720.0, 360.0
MARGIN = 16.0
NOTE, TEXT = 11.0, 12.5  # sizes of letters
DOT = 4.0  # half of a sign
REMARK = "An order in time is no proof of a cause. No human has reviewed this result."

#: What a page needs to show plots; it goes into the page's own style sheet.
STYLE = (
    ".plot-figure{margin:1rem 0;break-inside:avoid}"
    # Drawings have margins of their own: their words stand in line with those of the page.
    ".plot-figure>svg{display:block;width:calc(100% + 2rem);margin:0 -1rem;height:auto}"
    ".plot-figure>.plot-wide{max-width:45rem}.plot-figure>.plot-narrow{display:none;max-width:26rem}"
    ".plot-figure figcaption{font-size:.875rem}.plot-figure summary{cursor:pointer;line-height:1.75rem}"
    "@media screen and (max-width:40rem){.plot-figure>.plot-wide{display:none}.plot-figure>.plot-narrow{display:block}}"
    "@media print{.plot-figure>.plot-wide{max-width:none}.plot-figure details{display:none}}" + rules(set(PAINTS))
)


Sign = tuple[str, str]  # its kind, and what it means


@dataclass(frozen=True)
class Plot:
    """``svg`` is 720 wide, ``narrow`` 360, for a telephone or one column of print; both stand alone.

    ``head`` and ``rows``: the same as a table. ``name``: id and file stem.
    """

    name: str
    title: str
    description: str
    svg: str
    narrow: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def html(self, caption: str = "") -> Markup:
        """A figure for a page that has `STYLE`: the drawing that suits the screen, and the table to open.

        The drawings lose their own style sheets: a content security policy would refuse them.
        """
        drawings = [_in_page(svg, kind) for svg, kind in ((self.svg, "wide"), (self.narrow, "narrow"))]
        told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        return Markup(f'<figure class="plot-figure">{"".join(drawings)}{told}{self._table()}</figure>')

    def _table(self) -> str:
        heads = "".join(f'<th scope="col">{escape(word)}</th>' for word in self.head)
        return (
            f"<details><summary>The figures as a table</summary><table><caption>{escape(self.title)}</caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{''.join(map(self._line, self.rows))}</tbody></table></details>"
        )

    def _line(self, row: Sequence[str]) -> str:
        cells = zip(self.head[1:], row[1:], strict=True)
        told = "".join(f'<td data-label="{escape(head)}">{escape(cell)}</td>' for head, cell in cells)
        return f'<tr><th scope="row">{escape(row[0])}</th>{told}</tr>'

    def files(self) -> dict[str, str]:
        """Both drawings and the table, by file name."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.head, *self.rows])
        return {
            f"{self.name}.svg": self.svg,
            f"{self.name}-narrow.svg": self.narrow,
            f"{self.name}.csv": text.getvalue(),
        }


def _in_page(svg: str, kind: str) -> str:
    bare = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL).strip()
    return bare.replace("<svg ", f'<svg class="plot-{kind}" focusable="false" ', 1)


@dataclass(frozen=True)
class Told:
    """What is said of a plot: heading, a line under it, and what is read out in place of the drawing."""

    name: str
    title: str
    lead: str
    description: str


def plotted(
    told: Told, body: Callable[[Canvas, float], float], head: Sequence[str], rows: Sequence[Sequence[str]]
) -> Plot:
    """A plot whose ``body`` is drawn onto both widths, from a height down to the height that it returns."""
    wide, narrow = (_drawn(told, body, width) for width in (WIDE, NARROW))
    return Plot(
        told.name, told.title, told.description, wide, narrow, tuple(head), tuple(tuple(row) for row in rows)
    )  # fmt: skip


def _drawn(told: Told, body: Callable[[Canvas, float], float], width: float) -> str:
    id = told.name if width == WIDE else f"{told.name}-narrow"
    canvas = Canvas(id, width, told.title, told.description)
    room = width - 2 * MARGIN
    y = canvas.paragraph(MARGIN, MARGIN + 14, told.title, room, 17, bold=True, leading=1.2)
    if told.lead:
        y = canvas.paragraph(MARGIN, y + 1, told.lead, room, TEXT, "soft", leading=1.32)
    y = canvas.paragraph(MARGIN, body(canvas, y) + 8, REMARK, room, NOTE, "soft")
    return canvas.finished(y - 2)


def is_narrow(canvas: Canvas) -> bool:
    """Is this the drawing for a telephone?"""
    return canvas.width < WIDE


@dataclass(frozen=True)
class Frame:
    """The field of a plot on its canvas, with both axes."""

    left: float
    right: float
    top: float
    bottom: float
    across: Axis
    up: Axis

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * self.across.at(value)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * self.up.at(value)


def framed(canvas: Canvas, top: float, height: float, across: Axis, up: Axis, up_words: str) -> Frame:
    """Grid, axes and their numbers. ``up_words`` stand over the upright axis; what lies across is for the caller."""
    left = MARGIN + 8 + max(lettering.width(label, NOTE) for label in up.labels)
    right = canvas.width - MARGIN - 6
    frame = Frame(left, right, top + 22, top + 22 + height, _thinned(across, right - left), up)
    canvas.text(MARGIN, top + 10, up_words, NOTE, "soft")
    for tick, label in zip(up.ticks, up.labels, strict=True):
        y = frame.y(tick)
        canvas.line("axis" if tick == up.zero else "grid", frame.left, y, frame.right, y)
        canvas.text(frame.left - 6, y + 4, label, NOTE, "soft", "end")
    for tick, label in zip(frame.across.ticks, frame.across.labels, strict=True):
        x = frame.x(tick)
        canvas.line("axis" if tick == across.zero else "grid", x, frame.top, x, frame.bottom)
        canvas.text(x, frame.bottom + 16, label, NOTE, "soft", "middle")
    canvas.line("axis", frame.left, frame.bottom, frame.right, frame.bottom)
    return frame


def _thinned(axis: Axis, length: float) -> Axis:
    """Every second, third, ... tick, where all their numbers find no room in a line; nothing's own tick stays."""
    start = axis.ticks.index(axis.zero) if axis.zero in axis.ticks else 0
    for step in range(1, len(axis.ticks) + 1):
        kept = range(start % step, len(axis.ticks), step)
        at = [axis.at(axis.ticks[n]) * length for n in kept]
        half = [lettering.width(axis.labels[n], NOTE) / 2 for n in kept]
        if all(at[n] + half[n] + 6 <= at[n + 1] - half[n + 1] for n in range(len(at) - 1)):
            return replace(
                axis, ticks=tuple(axis.ticks[n] for n in kept), labels=tuple(axis.labels[n] for n in kept)
            )  # fmt: skip
    return axis


def sides(canvas: Canvas, frame: Frame, less: str, more: str) -> float:
    """Words for what lies left and right of the axis' zero, in one line or two; the height below them."""
    y, left, right = frame.bottom + 32, f"← {less}", f"{more} →"
    canvas.text(frame.left, y, left, NOTE, "soft")
    if lettering.width(left, NOTE) + lettering.width(right, NOTE) + 12 > frame.right - frame.left:
        y += 15
    canvas.text(frame.right, y, right, NOTE, "soft", "end")
    return y + 8


def legend(canvas: Canvas, y: float, signs: Sequence[Sign]) -> float:
    """What the signs mean, each with its words beside it; the height below."""
    x, y = MARGIN, y + 10
    for kind, words in signs:
        wide = 18 + lettering.width(words, NOTE) + 16
        if x > MARGIN and x + wide - 16 > canvas.width - MARGIN:
            x, y = MARGIN, y + 17
        sign(canvas, kind, x + 5, y - 4)
        canvas.text(x + 16, y, words, NOTE, "soft")
        x += wide
    return y + 8


def sign(canvas: Canvas, kind: str, x: float, y: float) -> None:
    """What marks a point, or stands for an area, around this place.

    No two differ by colour alone: what was found is filled, what may be chance is hollow, a control is a diamond.
    """
    r = DOT + 1
    if kind == "control":
        d = f"M{x - r:.1f} {y:.1f}L{x:.1f} {y - r:.1f}L{x + r:.1f} {y:.1f}L{x:.1f} {y + r:.1f}Z"
        canvas.shape("path", "two", d=d)
    elif kind == "tick":
        canvas.line("tick", x, y - r - 1, x, y + r + 1)
    elif kind == "line":
        canvas.shape("path", "axis", d=f"M{x - r:.1f} {y:.1f}H{x + r:.1f}", stroke_dasharray="4 2")
    elif kind == "hidden":
        canvas.shape("rect", "expert", x=x - DOT, y=y - DOT, width=2 * DOT, height=2 * DOT, stroke_dasharray="2 2")
    elif kind in ("found", "chance"):
        canvas.shape("circle", "measured" if kind == "found" else "expert", cx=x, cy=y, r=DOT)
    else:
        canvas.shape("rect", kind, x=x - r, y=y - r, width=2 * r, height=2 * r)


def remark(canvas: Canvas, y: float, words: str) -> float:
    """A line of small print under a plot, if there is anything to say; the height below."""
    return canvas.paragraph(MARGIN, y + 12, words, canvas.width - 2 * MARGIN, NOTE, "soft") - 8 if words else y
