"""Cases that the pages of the result are shown with."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from soleus.web.state import State

CRAMP: dict[str, Any] = {
    "as_of": "2026-11-20",
    "person": {"age": 67, "sex": "female"},
    "findings": {"quality": "cramp", "site": "calf", "timing": "night_in_bed", "swelling": "none"},
    "conditions": ["diabetes"],
    "medicines": ["furosemide", {"name": "salbutamol", "started": "2026-01"}],
}
CLOT: dict[str, Any] = {
    "person": {"age": 54, "sex": "male"},
    "findings": {"swelling": "one_leg", "tempo": "days", "site": "calf", "colour_temperature": "red_warm"},
}
BOTH: dict[str, Any] = {
    "person": {"age": 50, "sex": "female"},
    "complaints": [
        {"id": "cramps", "label": "Cramps", "findings": {"quality": "cramp", "site": "calf"}},
        {"id": "restless", "label": "Restless", "findings": {"urge_to_move": "yes", "at_rest": "yes"}},
    ],
}
NOTE = "67 year old woman with painful cramps in the left calf at night for three years. No swelling. Furosemide 40 mg."
HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}{% raw %}"


def hostile() -> State:
    """A case with markup wherever text of a user can stand."""
    case = {
        "id": HOSTILE,
        "person": {"age": 40},
        "complaints": [
            {"id": HOSTILE, "label": HOSTILE, "findings": {"quality": "cramp"}},
            {"id": "second", "label": HOSTILE, "findings": {"urge_to_move": "yes"}},
        ],
        "conditions": [HOSTILE],
        "medicines": [HOSTILE, {"name": "quinine", "dose": HOSTILE}],
        "unused": [{"where": HOSTILE, "what": HOSTILE, "why": HOSTILE}],
    }
    return State(case=case)


class Chances(HTMLParser):
    """The exact chances that a page names: explanation -> value of ``attribute``, the first that stands there."""

    def __init__(self, attribute: str) -> None:
        super().__init__()
        self.attribute = attribute
        self.found: dict[str, float] = {}

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if "data-explanation" in a and self.attribute in a:
            self.found.setdefault(str(a["data-explanation"]), float(str(a[self.attribute])))


def chances(page: str, attribute: str = "data-probability") -> dict[str, float]:
    reader = Chances(attribute)
    reader.feed(page)
    return reader.found
