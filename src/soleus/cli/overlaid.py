"""The knowledge base of a command, with the overlay that was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

from soleus.reasoning.compiled import Compiled, shipped_compiled


def compiled_with(overlay: Path | None) -> Compiled:
    """The shipped base, with the overlay of a file on it; one without entries changes nothing, and that is said.

    Raises `UnreadableInput` for what is no overlay, `KnowledgeError` for one of another knowledge base.
    """
    base = shipped_compiled()
    if overlay is None:
        return base
    from soleus.knowledge.overlay import read_overlay

    made = base.with_overlay(read_overlay(overlay))
    if made is base:
        print(f"{overlay}: no number was learnt; published figures alone are used.", file=sys.stderr)
    return made
