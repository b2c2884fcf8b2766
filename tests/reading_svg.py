"""What a drawing says and where: its lines of text with the boxes that they take."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from soleus.reports.drawing import lettering

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Words:
    """A line of text with the box that it takes."""

    text: str
    left: float
    right: float
    base: float
    size: float


def root_of(svg: str) -> Element:
    return ElementTree.fromstring(svg)


def words_of(svg: str) -> list[Words]:
    found = []
    for e in root_of(svg).iter(f"{SVG}text"):
        size, x, text = float(e.get("font-size", "0")), float(e.get("x", "0")), e.text or ""
        wide = lettering.width(text, size, e.get("font-weight") is not None)
        left = {None: x, "middle": x - wide / 2, "end": x - wide}[e.get("text-anchor")]
        found.append(Words(text, left, left + wide, float(e.get("y", "0")), size))
    return found


def text_of(svg: str) -> str:
    return " ".join(w.text for w in words_of(svg))


def size_of(svg: str) -> tuple[float, float]:
    _, _, width, height = map(float, root_of(svg).get("viewBox", "").split())
    return width, height


def collisions(svg: str) -> list[tuple[str, str]]:
    """Lines of text that lie on one another, and those that run off the sheet (beside "the edge")."""
    width, height = size_of(svg)
    words = words_of(svg)
    out = [(w.text, "the edge") for w in words if w.left < 0 or w.right > width or w.base > height]
    for n, a in enumerate(words):
        for b in words[n + 1 :]:
            beside = a.right <= b.left + 1 or b.right <= a.left + 1
            if not beside and abs(a.base - b.base) < 0.8 * min(a.size, b.size):
                out.append((a.text, b.text))
    return out
