"""A deck of slides in the making: boxes that hold what fits, native tables and shapes; the same bytes each time."""

from __future__ import annotations

import datetime
import importlib.util
import io
import re
import zipfile
from functools import cache
from typing import Any

from soleus.errors import UsageError
from soleus.library.deck.lines import BOTTOM, BROAD, LEFT, RIGHT, TALL, TOP, WIDE, Line
from soleus.library.deck.slide import Shape, Slide

__all__ = ["BOTTOM", "BROAD", "LEFT", "RIGHT", "TOP", "Deck", "Line", "Shape", "Slide", "slides_are_here"]

MEND = "Install it: pip install 'soleus[slides]'."
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_EPOCH = datetime.datetime(1980, 1, 1)


@cache
def slides_are_here() -> bool:
    """Whether slides can be made."""
    return importlib.util.find_spec("pptx") is not None


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
