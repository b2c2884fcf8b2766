"""How errors and names are told on a page."""

from __future__ import annotations

import re

from soleus.errors import SoleusError
from soleus.web import catalogue


def mended(error: SoleusError) -> str:
    """How to mend it, in words for a page: what names a command of the shell helps nobody here."""
    return catalogue.text("desk.choose") if "`soleus" in error.repair or "--" in error.repair else error.repair


def short(name: str) -> str:
    """A name without what stands in brackets."""
    return re.sub(r"\s*\([^)]*\)", "", name)
