"""A page of ours as PDF, by WeasyPrint (extra ``pdf``): tagged, and made without a look at the network."""

from __future__ import annotations

import importlib.util
import logging
import re
from functools import cache
from importlib.resources import files

from soleus.errors import UsageError

MOST_LETTERS = 2_000_000  # of a page; a longer one would take too long
MEND = "Install it: pip install 'soleus[pdf]'. Or print the page and choose “save as PDF”."

#: WeasyPrint applies no style sheet to drawings: (class of the drawing, class of the shape) -> how it is painted.
_PAINT = {
    ("", "track"): 'fill="{track}"',
    ("", "tick"): 'stroke="{tick}"',
    ("", "fill"): 'fill="{bar}"',
    ("against", "fill"): 'fill="{against}"',
    ("prior", "fill"): 'fill="none" stroke="{bar}"',
    ("", "whisker"): 'stroke="{ink}" stroke-width="0.8"',
    ("", "zero"): 'stroke="{ink}"',
    ("", "on"): 'fill="{bar}"',
    ("", "half"): 'fill="{bar}" fill-opacity="0.3" stroke="{bar}" stroke-width="2"',
    ("", "off"): 'fill="none" stroke="{against}" stroke-width="2"',
}
_SIGN = 'fill="none" stroke="{red}" stroke-width="2"'
_BRAND = 'fill="none" stroke="{accent}" stroke-width="2.4"'


@cache
def pdf_is_here() -> bool:
    """Whether PDFs can be made."""
    return importlib.util.find_spec("weasyprint") is not None


def pdf(page: str) -> bytes:
    """A page that holds all that it needs as PDF/UA. Nothing is fetched, whatever the page names.

    Raises `UsageError` where WeasyPrint is not installed or the page is too long.
    """
    if not pdf_is_here():
        raise UsageError("PDF", "no WeasyPrint", "the extra pdf", MEND)
    if len(page) > MOST_LETTERS:
        raise UsageError("PDF", "a page that is too long", f"at most {MOST_LETTERS:,} characters", "Print it instead.")
    from weasyprint import HTML  # type: ignore[import-untyped]
    from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]

    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # it tells of rules that are for browsers

    class Refusing(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> object:  # noqa: ARG002
            raise ValueError("nothing is fetched")

    made: bytes = HTML(string=painted(page), url_fetcher=Refusing()).write_pdf(pdf_tags=True, pdf_variant="pdf/ua-1")
    return made


def painted(page: str) -> str:
    """The page as WeasyPrint can draw it: with our rules for it, and colours in the drawings."""
    rules = files("soleus.web").joinpath("static/pdf.css").read_text(encoding="utf-8")
    page = page.replace("</style>", f"{rules}</style>", 1)
    return re.sub(r"<svg ([^>]*)>(.*?)</svg>", _drawing, page, flags=re.DOTALL)


def _drawing(found: re.Match[str]) -> str:
    attributes, inside = found[1], found[2]
    named = re.search(r'class="([^"]*)"', attributes)
    kinds = named[1].split() if named else []
    if "sign" in kinds or (not kinds and 'viewBox="0 0 24 24"' in attributes):
        attributes += " " + (_SIGN if kinds else _BRAND).format(**_colours())
    inside = re.sub(r'(<(?:rect|line|circle)) class="(\w+)"', lambda m: f"{m[1]} {_paint(kinds, m[2])}", inside)
    return f"<svg {attributes}>{inside}</svg>"


def _paint(kinds: list[str], shape: str) -> str:
    special = [_PAINT[kind, shape] for kind in kinds if (kind, shape) in _PAINT]
    return (special[-1] if special else _PAINT.get(("", shape), "")).format(**_colours())


@cache
def _colours() -> dict[str, str]:
    """The light colours of the report's style sheet by name."""
    css = files("soleus.reports").joinpath("templates/report.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+):(#[0-9a-f]+)", css.partition("@media")[0]))
