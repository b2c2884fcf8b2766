"""Views of the leg out of the shapes of our own hand (``shapes/*.svg``).

A group of a shape file is told by its two edges; its kind says how it is painted, ``fibres`` how many lines run
between them. Whatever stands later in a file lies nearer to the eye.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from soleus.library.drawing.curves import Curve, between, curve, enclosed
from soleus.reports.drawing.palette import ROUND, ROUND_AT
from soleus.reports.drawing.svg import Canvas

_SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Part:
    """A shape: its id ('' for a line of shading), how it is painted, its outline, and the lines within."""

    id: str
    kind: str
    outline: str
    fibres: tuple[Curve, ...] = ()


@cache
def parts(view: str) -> tuple[Part, ...]:
    """The shapes of a view, the farthest first. ``view`` is the name of a shape file."""
    told = files("soleus.library.drawing").joinpath(f"shapes/{view}.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(told)
    return tuple(_part(e) for e in root if e.tag != f"{_SVG}title")


def _part(e: Element) -> Part:
    id, kind = e.get("id", ""), e.get("class", "shade")
    if e.tag == f"{_SVG}path":
        return Part(id, kind, e.get("d", ""))
    left, right = (curve(path.get("d", "")) for path in e)
    n = int(e.get("fibres", "0")) + 1
    return Part(id, kind, enclosed(left, right), tuple(between(left, right, i / n) for i in range(1, n)))


def draw(canvas: Canvas, view: str, x: float, y: float, scale: float) -> Element:
    """A view with its upper left corner at (x, y)."""
    group = canvas.add(None, "g", transform=f"translate({x:g} {y:g}) scale({scale:g})")
    for part in parts(view):
        shape = canvas.shape("path", part.kind, group, d=part.outline, stroke_linejoin="round")
        if part.id and part.kind in ROUND:
            shape.set("fill", f"url(#{_rounding(canvas, part.kind)}) {shape.get('fill')}")
        if part.fibres:
            line = "strand" if part.kind == "tendon" else "fibre"
            canvas.shape("path", line, group, d="".join(fibre.drawn() for fibre in part.fibres))
    return group


def _rounding(canvas: Canvas, kind: str) -> str:
    """The id of the gradient that makes this kind look round, defined once a drawing."""
    id = f"{canvas.id}-{kind}"
    if all(e.get("id") != id for e in canvas.defs):
        gradient = canvas.add(canvas.defs, "linearGradient", id=id)
        for at, colour in zip(ROUND_AT, ROUND[kind], strict=True):
            canvas.add(gradient, "stop", offset=at, stop_color=colour)
    return id
