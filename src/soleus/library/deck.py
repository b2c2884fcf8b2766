"""A deck of slides in the making: boxes that hold what fits, native tables and shapes, notes; the same bytes each time.

Positions are in inches from the upper left corner of a slide of 13.333 by 7.5; sizes of type in points. Lines are
broken by the widths of Helvetica (`soleus.library.drawing.lettering`), to which Arial is cut: nothing overflows.
"""

from __future__ import annotations

import datetime
import importlib.util
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from soleus.errors import UsageError
from soleus.library.drawing import lettering
from soleus.library.drawing.chart import Axis, Mark
from soleus.library.drawing.palette import PAINTS

WIDE, TALL = 13.333, 7.5
LEFT, RIGHT, TOP, BOTTOM = 0.7, WIDE - 0.7, 1.6, 6.8
BROAD = RIGHT - LEFT
MEND = "Install it: pip install 'soleus[slides]'."
_FONT = "Arial"
_LEADING = 1.2
_ROOM = 0.97  # of the width: programs break lines a little earlier than we reckon
_PAD = 0.08  # inches within a cell
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_EPOCH = datetime.datetime(1980, 1, 1)


Shape = Any  # python-pptx writes no types down


@cache
def slides_are_here() -> bool:
    """Whether slides can be made."""
    return importlib.util.find_spec("pptx") is not None


@dataclass(frozen=True)
class Line:
    """A line of text with the numbers of its sources, raised; ``bullet`` for an item of a list."""

    text: str
    cites: tuple[int, ...] = ()
    bullet: bool = True
    bold: bool = False
    kind: str = "ink"

    @property
    def numbers(self) -> str:
        return ",".join(str(n) for n in self.cites)

    def tall(self, room: float, size: float) -> float:
        """Its height in inches at a width in inches."""
        told = f"{self.text} {self.numbers}" if self.cites else self.text
        hang = size / 72 if self.bullet else 0
        n = len(lettering.lines(told, (room - hang) * 72 * _ROOM, size, self.bold))
        return n * size * _LEADING / 72


_GAP = 0.45  # between lines, as a share of the size


def first_that_fit(lines: Sequence[Line], room: float, tall: float, size: float, gap: float = _GAP) -> int:
    """How many of the lines fit at a size, one after the other; ``gap`` between them is a share of the size."""
    used = 0.0
    for n, line in enumerate(lines):
        used += line.tall(room, size) + (gap * size / 72 if n else 0)
        if used > tall:
            return n
    return len(lines)


def fitted(lines: Sequence[Line], room: float, tall: float, sizes: tuple[float, float], gap: float = _GAP) -> float:
    """The largest size, by steps of a half point, at which the lines fit; the smallest where none does."""
    size, least = sizes
    while size > least and first_that_fit(lines, room, tall, size, gap) < len(lines):
        size -= 0.5
    return size


class Deck:
    """Slides of one look. ``foot`` stands small under each. Raises `UsageError` where python-pptx is not installed."""

    def __init__(self, title: str, subject: str, foot: str) -> None:
        if not slides_are_here():
            raise UsageError("slides", "no python-pptx", "the extra slides", MEND)
        from pptx import Presentation
        from pptx.util import Inches

        self._made: Any = Presentation()
        self._made.slide_width, self._made.slide_height = Inches(WIDE), Inches(TALL)
        about = self._made.core_properties
        about.title, about.subject, about.author = title, subject, "Soleus maintainers"
        about.created = about.modified = _EPOCH
        about.last_modified_by, about.comments = "Soleus", foot
        self._foot = foot

    def slide(self, title: str, size: float = 28) -> Slide:
        """A new slide under a title."""
        made = self._made.slides.add_slide(self._made.slide_layouts[5])  # title only
        slide = Slide(made)
        slide.title(title, size)
        number = len(self._made.slides)
        if number > 1:
            slide.text([Line(self._foot, bullet=False, kind="soft")], LEFT, 7.0, BROAD - 1, 0.3, 10)
            slide.text([Line(str(number), bullet=False, kind="soft")], RIGHT - 1, 7.0, 1, 0.3, 10, right=True)
        return slide

    def saved(self) -> bytes:
        """The file. Parts bear one date, so that the same content gives the same bytes."""
        out = io.BytesIO()
        self._made.save(out)
        return _steady(out.getvalue())


class Slide:
    """One slide."""

    def __init__(self, made: Any) -> None:
        self.made = made
        made.shapes.turbo_add_enabled = True  # nobody else adds to it, so that ids need not be sought each time

    def title(self, words: str, most: float) -> None:
        """The title in its placeholder, as large as two lines allow."""
        size = fitted([Line(words, bullet=False, bold=True)], BROAD, 0.95, (most, 18))
        box = self.made.shapes.title
        _place(box, LEFT, 0.45, BROAD, 0.95)
        _fill(box.text_frame, [Line(words, bullet=False, bold=True)], size, bottom=True)
        self.bar(LEFT + 0.02, 1.44, 0.7, 0.05, "accent")

    def text(
        self, lines: Sequence[Line], x: float, y: float, wide: float, tall: float, size: float,
        right: bool = False, middle: bool = False, gap: float = _GAP,
    ) -> Any:  # fmt: skip
        """A box of text."""
        from pptx.util import Inches

        box = self.made.shapes.add_textbox(Inches(x), Inches(y), Inches(wide), Inches(tall))
        _fill(box.text_frame, lines, size, right=right, middle=middle, gap=gap)
        return box

    def bullets(
        self, lines: Sequence[Line], x: float = LEFT, y: float = TOP, wide: float = BROAD, tall: float = BOTTOM - TOP,
        sizes: tuple[float, float] = (20, 14), gap: float = _GAP,
    ) -> int:  # fmt: skip
        """As many of the lines as fit, as large as they can be; how many that were."""
        n = first_that_fit(lines, wide, tall, sizes[1], gap)
        if n:
            self.text(lines[:n], x, y, wide, tall, fitted(lines[:n], wide, tall, sizes, gap), gap=gap)
        return n

    def bar(self, x: float, y: float, wide: float, tall: float, kind: str) -> Any:
        """A rectangle painted as its kind is painted in a drawing."""
        from pptx.enum.shapes import MSO_SHAPE

        return self._painted(MSO_SHAPE.RECTANGLE, x, y, wide, tall, kind)

    def dot(self, x: float, y: float, across: float, kind: str) -> Any:
        """A circle around (x, y)."""
        from pptx.enum.shapes import MSO_SHAPE

        return self._painted(MSO_SHAPE.OVAL, x - across / 2, y - across / 2, across, across, kind)

    def _painted(self, shape: Any, x: float, y: float, wide: float, tall: float, kind: str) -> Any:
        from pptx.util import Inches

        made = self.made.shapes.add_shape(shape, Inches(x), Inches(y), Inches(wide), Inches(tall))
        _paint(made, kind)
        return made

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> Any:
        """A straight line."""
        from pptx.enum.shapes import MSO_CONNECTOR
        from pptx.util import Inches, Pt

        made = self.made.shapes.add_connector(MSO_CONNECTOR.STRAIGHT, Inches(x1), Inches(y1), Inches(x2), Inches(y2))
        _without_theme(made)
        made.line.color.rgb = _colour(PAINTS[kind][0]["stroke"])
        made.line.width = Pt(float(PAINTS[kind][0].get("stroke-width", "1")) * 0.9)
        return made

    def polygon(self, points: Sequence[tuple[float, float]], kind: str, outline: str) -> Any:
        """A closed shape through points in inches, filled as one kind and drawn round as another."""
        from pptx.util import Pt

        scaled = [(round(x * 914_400), round(y * 914_400)) for x, y in points]
        builder = self.made.shapes.build_freeform(*scaled[0], scale=1.0)
        builder.add_line_segments(scaled[1:], close=True)
        made = builder.convert_to_shape()
        _paint(made, kind)
        made.line.color.rgb = _colour(PAINTS[outline][0]["stroke"])
        made.line.width = Pt(0.75)
        return made

    def group(self, shapes: Sequence[Shape], words: str) -> None:
        """Shapes that belong together, described for those who cannot see them."""
        made = self.made.shapes.add_group_shape(shapes)
        made.name = words[:60]
        made._element.nvGrpSpPr.cNvPr.set("descr", words)

    @staticmethod
    def holds(lines: Sequence[Line], wide: float, tall: float, sizes: tuple[float, float]) -> int:
        """How many of the lines a box holds at the smallest size."""
        return first_that_fit(lines, wide, tall, sizes[1])

    @staticmethod
    def size(lines: Sequence[Line], wide: float, tall: float, sizes: tuple[float, float]) -> float:
        """The size of the lines that a box holds."""
        return fitted(lines[: first_that_fit(lines, wide, tall, sizes[1])], wide, tall, sizes)

    @staticmethod
    def holds_rows(
        columns: Sequence[str], rows: Sequence[Sequence[Line]], widths: Sequence[float], size: float,
        tall: float = BOTTOM - TOP,
    ) -> int:  # fmt: skip
        """How many of the rows a table holds."""
        left = tall - _row_tall([Line(c, bullet=False, bold=True) for c in columns], widths, size)
        n = 0
        for row in rows:
            left -= _row_tall(row, widths, size)
            if left < 0:
                break
            n += 1
        return n

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Line]], widths: Sequence[float], y: float = TOP,
        size: float = 13,
    ) -> None:  # fmt: skip
        """A native table. ``widths`` are shares of the breadth of a slide."""
        head = [Line(c, bullet=False, bold=True, kind="accent") for c in columns]
        told = [head, *rows]
        self._tabled(told, [BROAD * w for w in widths], [_row_tall(row, widths, size) for row in told], y, size)

    def _tabled(
        self, rows: Sequence[Sequence[Line]], across: Sequence[float], talls: Sequence[float], y: float, size: float
    ) -> None:
        from pptx.util import Inches

        frame = self.made.shapes.add_table(
            len(rows), len(across), Inches(LEFT), Inches(y), Inches(BROAD), Inches(sum(talls))
        )
        table = frame.table
        _plain_style(frame)
        for column, wide in zip(table.columns, across, strict=True):
            column.width = Inches(wide)
        for r, (row, tall) in enumerate(zip(rows, talls, strict=True)):
            table.rows[r].height = Inches(tall)
            for c, line in enumerate(row):
                _celled(table.cell(r, c), line, size, striped=bool(r) and r % 2 == 0)

    def forest(
        self, marks: Sequence[Mark], axis: Axis, below: tuple[str, str], y: float = TOP, row: float = 0.31,
        size: float = 12.5, cites: Sequence[tuple[int, ...]] = (),
    ) -> float:  # fmt: skip
        """Rows of a forest plot as native shapes; where it ends. A name takes as many lines as its row holds.

        ``cites`` are the numbers of the sources, row by row.
        """
        names, figures = 4.6, 2.1
        left, right = LEFT + names + 0.25, RIGHT - figures - 0.25
        bottom = y + row * len(marks)
        drawn = [self._upright(axis, tick, left, right, y, bottom) for tick in axis.ticks]
        drawn.append(self.line(left, bottom, right, bottom, "axis"))
        for n, mark in enumerate(marks):
            middle = y + row * (n + 0.5)
            self._named(mark, middle, row, size, names, figures, cites[n] if cites else ())
            drawn += self._mark(mark, axis, left, right, middle)
        self.group(drawn, "; ".join(f"{m.label} {m.figure}" for m in marks))
        self._scale(axis, below, left, right, bottom)
        return bottom + (0.55 if any(below) else 0.35)

    def _upright(self, axis: Axis, tick: float, left: float, right: float, top: float, bottom: float) -> Any:
        x = left + (right - left) * axis.at(tick)
        return self.line(x, top, x, bottom, "axis" if tick == axis.zero else "grid")

    def _named(
        self, mark: Mark, middle: float, row: float, size: float, names: float, figures: float, cites: tuple[int, ...]
    ) -> None:
        """The words of a row, around the middle of its height."""
        most = max(1, int(row * 72 / (size * _LEADING)))
        room = names * 72 * _ROOM - lettering.width(",".join(map(str, cites)), size * 0.7)
        label = lettering.lines(mark.label, room, size, most=most)
        tall = len(label) * size * _LEADING / 72
        self.text([Line(" ".join(label), cites, bullet=False)], LEFT, middle - tall / 2, names, tall, size)
        tall = size * _LEADING / 72
        told = [Line(mark.figure, bullet=False)]
        self.text(told, RIGHT - figures, middle - tall / 2, figures, tall, size, right=True)

    def _mark(self, mark: Mark, axis: Axis, left: float, right: float, y: float) -> list[Any]:
        """The mark of a row with its interval."""
        if mark.value is None:
            return []
        kind = "measured" if mark.measured else "expert"
        x, *ends = (left + (right - left) * axis.at(v) for v in (mark.value, mark.low, mark.high) if v is not None)
        drawn = []
        if len(ends) == 2:
            drawn.append(self.line(ends[0], y, ends[1], y, f"{kind}-span"))
            drawn += [self.line(end, y - 0.05, end, y + 0.05, f"{kind}-span") for end in ends]
        drawn.append(self.bar(x - 0.06, y - 0.06, 0.12, 0.12, kind) if mark.measured else self.dot(x, y, 0.13, kind))
        return drawn

    def _scale(self, axis: Axis, below: tuple[str, str], left: float, right: float, y: float) -> None:
        for tick, label in zip(axis.ticks, axis.labels, strict=True):
            x = left + (right - left) * axis.at(tick)
            self.text([Line(label, bullet=False, kind="soft")], x - 0.4, y + 0.02, 0.8, 0.22, 10, middle=True)
        if any(below) and axis.zero is not None:
            x = left + (right - left) * axis.at(axis.zero)
            less, more = (
                Line(f"← {below[0]}", bullet=False, kind="soft"),
                Line(f"{below[1]} →", bullet=False, kind="soft"),
            )
            if x - left > 1.1:
                self.text([less], x - 1.6, y + 0.24, 1.5, 0.22, 10, right=True)
            if right - x > 1.1:
                self.text([more], x + 0.1, y + 0.24, 1.5, 0.22, 10)

    def columns(
        self, categories: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], x: float, y: float, wide: float,
        tall: float,
    ) -> None:  # fmt: skip
        """A native column chart; its numbers can be changed in the program that shows it."""
        from pptx.chart.data import CategoryChartData
        from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
        from pptx.util import Inches, Pt

        data = CategoryChartData()
        data.categories = categories
        for name, values in series:
            data.add_series(name, values)
        frame = self.made.shapes.add_chart(
            XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(x), Inches(y), Inches(wide), Inches(tall), data
        )
        chart = frame.chart
        chart.has_legend, chart.has_title = True, False
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
        chart.font.size, chart.font.name = Pt(12), _FONT
        chart.value_axis.has_major_gridlines, chart.value_axis.visible = False, False
        plot = chart.plots[0]
        plot.gap_width, plot.overlap, plot.has_data_labels = 60, -5, True
        plot.data_labels.font.size, plot.data_labels.number_format = Pt(11), "#,##0.##"
        plot.data_labels.number_format_is_linked = False
        for one, kind in zip(plot.series, ("one", "soft"), strict=False):
            one.format.fill.solid()
            one.format.fill.fore_color.rgb = _colour(PAINTS[kind][0]["fill"])

    def notes(self, words: str) -> None:
        """What the speaker reads."""
        self.made.notes_slide.notes_text_frame.text = words


# ------------------------------------------------------------------------------------------------------- painting


def _colour(code: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(code.lstrip("#").upper())


def _without_theme(made: Any) -> None:
    """No shadow or bevel that the program's theme brings along."""
    from pptx.oxml.ns import qn

    style = made._element.find(qn("p:style"))
    if style is not None:
        made._element.remove(style)


def _paint(made: Any, kind: str) -> None:
    from pptx.util import Pt

    paint = PAINTS[kind][0]
    _without_theme(made)
    if paint.get("fill", "none") == "none":
        made.fill.background()
    else:
        made.fill.solid()
        made.fill.fore_color.rgb = _colour(paint["fill"])
    if "stroke" in paint:
        made.line.color.rgb, made.line.width = _colour(paint["stroke"]), Pt(float(paint.get("stroke-width", "1")))
    else:
        made.line.fill.background()


def _place(box: Any, x: float, y: float, wide: float, tall: float) -> None:
    from pptx.util import Inches

    box.left, box.top, box.width, box.height = Inches(x), Inches(y), Inches(wide), Inches(tall)


def _fill(
    frame: Any, lines: Sequence[Line], size: float, right: bool = False, middle: bool = False, bottom: bool = False,
    gap: float = _GAP,
) -> None:  # fmt: skip
    """Lines into a box, without margins and without resizing."""
    from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.vertical_anchor = MSO_ANCHOR.BOTTOM if bottom else MSO_ANCHOR.TOP
    for n, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.CENTER if middle else PP_ALIGN.LEFT
        paragraph.line_spacing = 1.0
        paragraph.space_before, paragraph.space_after = Pt(gap * size if n else 0), Pt(0)
        _runs(paragraph, line, size)


def _runs(paragraph: Any, line: Line, size: float) -> None:
    from pptx.util import Pt

    if line.bullet:
        _bulleted(paragraph, size)
    for words, raised in ((line.text, False), (line.numbers, True)):
        if words:
            run = paragraph.add_run()
            run.text = words
            run.font.size, run.font.name, run.font.bold = Pt(size), _FONT, line.bold
            run.font.color.rgb = _colour(PAINTS["soft" if raised else line.kind][0]["fill"])
            if raised:
                run.font._element.set("baseline", "30000")


def _bulleted(paragraph: Any, size: float) -> None:
    """A bullet that hangs; python-pptx has no name for it."""
    from pptx.oxml.ns import qn

    hang = round(size * 12_700)
    properties = paragraph._p.get_or_add_pPr()
    properties.set("marL", str(hang))
    properties.set("indent", str(-hang))
    for tag, name, value in (("a:buFont", "typeface", _FONT), ("a:buChar", "char", "•")):
        properties.append(properties.makeelement(qn(tag), {name: value}))


def _row_tall(row: Sequence[Line], widths: Sequence[float], size: float) -> float:
    return max(line.tall(BROAD * w - 2 * _PAD, size) for line, w in zip(row, widths, strict=True)) + 2 * 0.05


def _celled(cell: Any, line: Line, size: float, striped: bool) -> None:
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches

    _fill(cell.text_frame, [line], size)
    cell.margin_left = cell.margin_right = Inches(_PAD)
    cell.margin_top = cell.margin_bottom = Inches(0.04)
    cell.vertical_anchor = MSO_ANCHOR.TOP
    cell.fill.solid()
    cell.fill.fore_color.rgb = _colour(PAINTS["band" if striped else "paper"][0]["fill"])


def _plain_style(frame: Any) -> None:
    """No theme of the program's own: a header row, rules as in our tables."""
    from pptx.oxml.ns import qn

    properties = frame._element.graphic.graphicData.tbl.tblPr
    properties.set("bandRow", "0")
    style = properties.find(qn("a:tableStyleId"))
    if style is not None:
        style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # "no style, no grid", as the format names it


# --------------------------------------------------------------------------------------------------------- saving

_DAY = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _steady(file: bytes) -> bytes:
    """A ZIP file whose parts, and the workbooks in it, bear one date."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            content = given.read(name)
            if name.endswith(".xlsx"):
                content = _steady(content)
            elif name == "docProps/core.xml":
                content = _DAY.sub(b"1980-01-01T00:00:00Z", content)
            made.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
