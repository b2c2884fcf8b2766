"""One slide: title, text, native tables, shapes and charts, notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from soleus.library.deck.lines import BOTTOM, BROAD, GAP, LEFT, TOP, Line, first_that_fit, fitted, row_tall
from soleus.library.deck.painting import FONT, celled, colour, fill, paint, place, plain_style, without_theme
from soleus.reports.drawing.palette import PAINTS

Shape = Any  # python-pptx writes no types down


class Slide:
    """One slide."""

    def __init__(self, made: Any) -> None:
        self.made = made
        made.shapes.turbo_add_enabled = True  # nobody else adds to it, so that ids need not be sought each time

    def title(self, words: str, most: float) -> None:
        """The title in its placeholder, as large as two lines allow."""
        size = fitted([Line(words, bullet=False, bold=True)], BROAD, 0.95, (most, 18))
        box = self.made.shapes.title
        place(box, LEFT, 0.45, BROAD, 0.95)
        fill(box.text_frame, [Line(words, bullet=False, bold=True)], size, bottom=True)
        self.bar(LEFT + 0.02, 1.44, 0.7, 0.05, "accent")

    def text(
        self, lines: Sequence[Line], x: float, y: float, wide: float, tall: float, size: float,
        right: bool = False, middle: bool = False, gap: float = GAP,
    ) -> Any:  # fmt: skip
        """A box of text."""
        from pptx.util import Inches

        box = self.made.shapes.add_textbox(Inches(x), Inches(y), Inches(wide), Inches(tall))
        fill(box.text_frame, lines, size, right=right, middle=middle, gap=gap)
        return box

    def bullets(
        self, lines: Sequence[Line], x: float = LEFT, y: float = TOP, wide: float = BROAD, tall: float = BOTTOM - TOP,
        sizes: tuple[float, float] = (20, 14), gap: float = GAP,
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
        paint(made, kind)
        return made

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> Any:
        """A straight line."""
        from pptx.enum.shapes import MSO_CONNECTOR
        from pptx.util import Inches, Pt

        made = self.made.shapes.add_connector(MSO_CONNECTOR.STRAIGHT, Inches(x1), Inches(y1), Inches(x2), Inches(y2))
        without_theme(made)
        made.line.color.rgb = colour(PAINTS[kind][0]["stroke"])
        made.line.width = Pt(float(PAINTS[kind][0].get("stroke-width", "1")) * 0.9)
        return made

    def polygon(self, points: Sequence[tuple[float, float]], kind: str, outline: str) -> Any:
        """A closed shape through points in inches, filled as one kind and drawn round as another."""
        from pptx.util import Pt

        scaled = [(round(x * 914_400), round(y * 914_400)) for x, y in points]
        builder = self.made.shapes.build_freeform(*scaled[0], scale=1.0)
        builder.add_line_segments(scaled[1:], close=True)
        made = builder.convert_to_shape()
        paint(made, kind)
        made.line.color.rgb = colour(PAINTS[outline][0]["stroke"])
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
        left = tall - row_tall([Line(c, bullet=False, bold=True) for c in columns], widths, size)
        n = 0
        for row in rows:
            left -= row_tall(row, widths, size)
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
        self._tabled(told, [BROAD * w for w in widths], [row_tall(row, widths, size) for row in told], y, size)

    def _tabled(
        self, rows: Sequence[Sequence[Line]], across: Sequence[float], talls: Sequence[float], y: float, size: float
    ) -> None:
        from pptx.util import Inches

        frame = self.made.shapes.add_table(
            len(rows), len(across), Inches(LEFT), Inches(y), Inches(BROAD), Inches(sum(talls))
        )
        table = frame.table
        plain_style(frame)
        for column, wide in zip(table.columns, across, strict=True):
            column.width = Inches(wide)
        for r, (row, tall) in enumerate(zip(rows, talls, strict=True)):
            table.rows[r].height = Inches(tall)
            for c, line in enumerate(row):
                celled(table.cell(r, c), line, size, striped=bool(r) and r % 2 == 0)

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
        chart.font.size, chart.font.name = Pt(12), FONT
        chart.value_axis.has_major_gridlines, chart.value_axis.visible = False, False
        plot = chart.plots[0]
        plot.gap_width, plot.overlap, plot.has_data_labels = 60, -5, True
        plot.data_labels.font.size, plot.data_labels.number_format = Pt(11), "#,##0.##"
        plot.data_labels.number_format_is_linked = False
        for one, kind in zip(plot.series, ("one", "soft"), strict=False):
            one.format.fill.solid()
            one.format.fill.fore_color.rgb = colour(PAINTS[kind][0]["fill"])

    def notes(self, words: str) -> None:
        """What the speaker reads."""
        self.made.notes_slide.notes_text_frame.text = words
