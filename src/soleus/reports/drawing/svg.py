"""A small builder of SVG: shapes by their kind, text, groups; the same bytes each time, nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from soleus.reports.drawing import lettering
from soleus.reports.drawing.palette import PAINTS, rules


class Canvas:
    """A drawing in the making. ``title`` and ``description`` are read out in place of it.

    ``id`` keeps the ids of several drawings on one page apart.
    """

    def __init__(self, id: str, width: float, title: str, description: str) -> None:
        self.id, self.width, self.height, self.title = id, width, 0.0, title
        self.kinds: set[str] = set()
        self.root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg"})
        self.root.attrib |= {"role": "img", "aria-labelledby": f"{id}-t {id}-d", "font-family": lettering.FONT}
        self._say("title", f"{id}-t", title)
        self._say("desc", f"{id}-d", description)
        self.defs = self.add(self.root, "defs")
        self._paper = self.shape("rect", "paper", x=0, y=0)

    def _say(self, tag: str, id: str, words: str) -> None:
        ElementTree.SubElement(self.root, tag, {"id": id}).text = words

    def add(self, parent: Element | None, tag: str, **attributes: object) -> Element:
        """An element; ``stroke_width`` becomes ``stroke-width``, numbers are rounded, None is left out."""
        said = {k.rstrip("_").replace("_", "-"): number(v) for k, v in attributes.items() if v is not None}
        return ElementTree.SubElement(self.root if parent is None else parent, tag, said)

    def shape(self, tag: str, kind: str, parent: Element | None = None, **attributes: object) -> Element:
        """An element painted as its kind is painted."""
        self.kinds.add(kind)
        made = self.add(parent, tag, class_=f"f-{kind}")
        made.attrib |= PAINTS[kind][0]
        made.attrib |= {k.rstrip("_").replace("_", "-"): number(v) for k, v in attributes.items() if v is not None}
        return made

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float, parent: Element | None = None) -> Element:
        return self.shape("path", kind, parent, d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}")

    def text(
        self, x: float, y: float, words: str, size: float = 13, kind: str = "ink", anchor: str | None = None,
        bold: bool = False, parent: Element | None = None,
    ) -> Element:  # fmt: skip
        """One line of text with its baseline at ``y``; ``anchor`` is middle or end."""
        made = self.shape("text", kind, parent, x=x, y=y, font_size=size, text_anchor=anchor)
        if bold:
            made.set("font-weight", "600")
        made.text = words
        return made

    def paragraph(
        self, x: float, y: float, words: str, room: float, size: float = 13, kind: str = "ink",
        bold: bool = False, leading: float = 1.35, anchor: str | None = None, most: int = 99,
    ) -> float:  # fmt: skip
        """Lines of text, the first with its baseline at ``y``. Returns the baseline after the last."""
        for line in lettering.lines(words, room, size, bold, most):
            self.text(x, y, line, size, kind, anchor, bold)
            y += size * leading
        return y

    def finished(self, height: float, metadata: Iterable[Element] = ()) -> str:
        """The drawing as text, ``height`` tall."""
        self.height = height
        self.root.set("viewBox", f"0 0 {number(self.width)} {number(height)}")
        self._paper.attrib |= {"width": number(self.width), "height": number(height)}
        if len(self.defs) == 0:
            self.root.remove(self.defs)
        for at, element in enumerate(metadata):
            self.root.insert(2 + at, element)
        if told := rules(self.kinds):
            style = Element("style")
            style.text = told
            self.root.insert(2, style)
        return ElementTree.tostring(self.root, encoding="unicode") + "\n"


def number(value: object) -> str:
    """A coordinate with at most two decimals and no needless zero; words as they are."""
    if not isinstance(value, float):
        return str(value)
    told = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if told == "-0" else told
