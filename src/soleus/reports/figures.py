"""Figures of guides as they may stand in a page: drawing elements only, unique ids, nothing from outside."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset(
    {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc"}
    | {"defs", "marker", "use", "linearGradient", "stop", "clipPath"}
)
_REFERENCES = ("aria-labelledby", "aria-describedby")


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def _allowed(name: str, value: str) -> bool:
    """Event handlers and inline styles are dropped; a link may only lead to a part of the same figure."""
    if name.startswith("on") or name == "style":
        return False
    if name == "href":
        return value.startswith("#")
    return "url(" not in value or "url(#" in value


def _renamed(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return prefix + value
    if name in _REFERENCES:
        return " ".join(prefix + part for part in value.split())
    if name == "href":
        return f"#{prefix}{value[1:]}"
    return re.sub(r"url\(#", f"url(#{prefix}", value)


def clean(node: ElementTree.Element, prefix: str) -> ElementTree.Element:
    """A drawing with its allowed elements and attributes alone; ids bear the prefix."""
    kept = {_local(k): v for k, v in node.attrib.items() if _allowed(_local(k), v)}
    attributes = {k: _renamed(k, v, prefix) for k, v in kept.items()}
    copy = ElementTree.Element(_local(node.tag), attributes)
    copy.text, copy.tail = node.text, node.tail
    copy.extend(clean(child, prefix) for child in node if _local(str(child.tag)) in _ELEMENTS)
    return copy


def figure(svg: str, prefix: str, label: str) -> str:
    """``svg`` for use inside a page, named ``label`` if it has no title of its own; '' if it cannot be read.

    ``prefix`` keeps the ids of several figures on one page apart.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return ""
    if _local(root.tag) != "svg":
        return ""
    cleaned = clean(root, prefix)
    cleaned.attrib |= {"xmlns": _SVG, "role": "img", "focusable": "false"}
    if "aria-labelledby" not in cleaned.attrib:
        cleaned.set("aria-label", label)
    return ElementTree.tostring(cleaned, encoding="unicode")
