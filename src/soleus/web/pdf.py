"""A page of ours as PDF, by WeasyPrint (extra ``pdf``): tagged, and made without a look at the network."""

from __future__ import annotations

import importlib.util
from functools import cache

from soleus.errors import UsageError

MOST_LETTERS = 2_000_000  # of a page; a longer one would take too long
MEND = "Install it: pip install 'soleus[pdf]'. Or print the page and choose “save as PDF”."


@cache
def pdf_is_here() -> bool:
    """Whether PDFs can be made."""
    return importlib.util.find_spec("weasyprint") is not None


def pdf(page: str) -> bytes:
    """A page as PDF/UA. Nothing is fetched: pages hold all that they need.

    Raises `UsageError` where WeasyPrint is not installed or the page is too long.
    """
    if not pdf_is_here():
        raise UsageError("PDF", "no WeasyPrint", "the extra pdf", MEND)
    if len(page) > MOST_LETTERS:
        raise UsageError("PDF", "a page that is too long", f"at most {MOST_LETTERS:,} characters", "Print it instead.")
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    class Refusing(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> object:  # noqa: ARG002
            raise ValueError("nothing is fetched")

    made: bytes = HTML(string=page, base_url=None, url_fetcher=Refusing()).write_pdf(
        pdf_tags=True, pdf_variant="pdf/ua-1"
    )
    return made
