"""Soleus: legs that cramp, hurt or will not keep still at night.

>>> import soleus
>>> answer = soleus.assess({"person": {"age": 67, "sex": "female"}, "findings": {"quality": "cramp"}})
>>> answer.complaints[0].explanations[0].id
'nocturnal_leg_cramp'
>>> soleus.read_note("Calf cramps at night, no swelling.").understood[-1].text
'no swelling'
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soleus.clinical.case import Case as Case
    from soleus.clinical.reading import read_case as read_case
    from soleus.errors import SoleusError as SoleusError
    from soleus.knowledge.loader import load as load_knowledge
    from soleus.notes.judging import assess_note as assess_note
    from soleus.notes.judging import read_note as read_note
    from soleus.reasoning.assess import assess as assess
    from soleus.reasoning.assessment import Assessment as Assessment
    from soleus.reasoning.compiled import Compiled as Compiled

# Loaded on first use: `import soleus` stays quick.
_HOMES = {
    "Assessment": "soleus.reasoning.assessment",
    "Case": "soleus.clinical.case",
    "Compiled": "soleus.reasoning.compiled",
    "SoleusError": "soleus.errors",
    "assess": "soleus.reasoning.assess",
    "assess_note": "soleus.notes.judging",
    "load_knowledge": "soleus.knowledge.loader",
    "read_case": "soleus.clinical.reading",
    "read_note": "soleus.notes.judging",
}
_NAMES = {"load_knowledge": "load"}
_VIEW = "soleus.reports.notebook"

__all__ = [
    "Assessment",
    "Case",
    "Compiled",
    "SoleusError",
    "assess",
    "assess_note",
    "load_knowledge",
    "read_case",
    "read_note",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'soleus' has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), _NAMES.get(name, name))
    _shown_in_notebooks()
    return found


def _shown_in_notebooks() -> None:
    """Notebooks ask a value how to show it. The view belongs to the reports, which no lower room may import, and is
    loaded when something is shown.
    """
    home = sys.modules.get(_HOMES["Assessment"])
    if home is not None:
        home.Assessment._repr_html_ = _repr_html
        home.Assessment._repr_pretty_ = _repr_pretty


def _repr_html(assessment: Assessment) -> str:
    return str(import_module(_VIEW).render(assessment))


def _repr_pretty(assessment: Assessment, printer: Any, cycle: bool) -> None:
    printer.text("Assessment(...)" if cycle else import_module(_VIEW).in_words(assessment))


def __dir__() -> list[str]:
    return sorted(__all__)
