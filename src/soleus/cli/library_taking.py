"""What `soleus library` does to take something away: slides."""

from __future__ import annotations

import datetime
from pathlib import Path

from soleus.errors import StorageError
from soleus.library.entries import entry_of
from soleus.library.model import Entry
from soleus.library.slides import comparison_slides
from soleus.library.slides import slides as slides_of
from soleus.reasoning.answers import explanation_named
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled, shipped_compiled


def run_slides(name: str, against: str, audience: Audience, address: str, out: Path) -> None:
    """Write the slides. Raises `UnknownName`, `UsageError` without python-pptx, and `StorageError`."""
    compiled = shipped_compiled()
    place = address.rstrip("/")
    first = _entry(compiled, name, "entry", audience)
    if against:
        made = comparison_slides(compiled, first, _entry(compiled, against, "--against", audience), place)
    else:
        made = slides_of(compiled, first, place)
    try:
        out.write_bytes(made)
    except OSError as error:
        found = error.strerror or "no place to write"
        raise StorageError(str(out), found, "a file that can be written", "Name another.") from None
    print(f"{out}: {len(made):,} bytes")


def _entry(compiled: Compiled, name: str, field: str, audience: Audience) -> Entry:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return entry_of(compiled, "explanation", explanation_named(compiled, name, field).id, audience, today)
