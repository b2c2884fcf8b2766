"""How shapes, text and cells are painted: with the colours of our drawings, without those of the program's theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from soleus.library.deck.lines import GAP, PAD, Line
from soleus.reports.drawing.palette import PAINTS

FONT = "Arial"


def colour(code: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(code.lstrip("#").upper())


def without_theme(made: Any) -> None:
    """No shadow or bevel that the program's theme brings along."""
    from pptx.oxml.ns import qn

    style = made._element.find(qn("p:style"))
    if style is not None:
        made._element.remove(style)


def paint(made: Any, kind: str) -> None:
    from pptx.util import Pt

    paint = PAINTS[kind][0]
    without_theme(made)
    if paint.get("fill", "none") == "none":
        made.fill.background()
    else:
        made.fill.solid()
        made.fill.fore_color.rgb = colour(paint["fill"])
    if "stroke" in paint:
        made.line.color.rgb, made.line.width = colour(paint["stroke"]), Pt(float(paint.get("stroke-width", "1")))
    else:
        made.line.fill.background()


def place(box: Any, x: float, y: float, wide: float, tall: float) -> None:
    from pptx.util import Inches

    box.left, box.top, box.width, box.height = Inches(x), Inches(y), Inches(wide), Inches(tall)


def fill(
    frame: Any, lines: Sequence[Line], size: float, right: bool = False, middle: bool = False, bottom: bool = False,
    gap: float = GAP,
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
            run.font.size, run.font.name, run.font.bold = Pt(size), FONT, line.bold
            run.font.color.rgb = colour(PAINTS["soft" if raised else line.kind][0]["fill"])
            if raised:
                run.font._element.set("baseline", "30000")


def _bulleted(paragraph: Any, size: float) -> None:
    """A bullet that hangs; python-pptx has no name for it."""
    from pptx.oxml.ns import qn

    hang = round(size * 12_700)
    properties = paragraph._p.get_or_add_pPr()
    properties.set("marL", str(hang))
    properties.set("indent", str(-hang))
    for tag, name, value in (("a:buFont", "typeface", FONT), ("a:buChar", "char", "•")):
        properties.append(properties.makeelement(qn(tag), {name: value}))


def celled(cell: Any, line: Line, size: float, striped: bool) -> None:
    from pptx.enum.text import MSO_ANCHOR
    from pptx.util import Inches

    fill(cell.text_frame, [line], size)
    cell.margin_left = cell.margin_right = Inches(PAD)
    cell.margin_top = cell.margin_bottom = Inches(0.04)
    cell.vertical_anchor = MSO_ANCHOR.TOP
    cell.fill.solid()
    cell.fill.fore_color.rgb = colour(PAINTS["band" if striped else "paper"][0]["fill"])


def plain_style(frame: Any) -> None:
    """No theme of the program's own: a header row, rules as in our tables."""
    from pptx.oxml.ns import qn

    properties = frame._element.graphic.graphicData.tbl.tblPr
    properties.set("bandRow", "0")
    style = properties.find(qn("a:tableStyleId"))
    if style is not None:
        style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # "no style, no grid", as the format names it
