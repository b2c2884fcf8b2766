"""People for the tests of tools."""

from __future__ import annotations

from typing import Any

CRAMP: dict[str, Any] = {
    "person": {"age": 67, "sex": "female"},
    "findings": {"quality": "cramp", "timing": "night_in_bed", "urge_to_move": "no", "tempo": "years"},
    "medicines": ["furosemide"],
}
DANGER: dict[str, Any] = {
    "person": {"age": 58, "sex": "male"},
    "findings": {
        "quality": "ache",
        "tempo": "hours",
        "foot_pulses": "reduced_absent",
        "colour_temperature": "pale_cold",
    },
}
NOTE = "67-year-old woman with painful calf cramps at night for years. Takes salbutamol. No leg swelling."
#: Calls of every tool that hold.
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("assess", {"case": CRAMP}),
    ("assess", {"case": DANGER, "detail": "full", "audience": "patient"}),
    ("assess", {"note": NOTE}),
    ("next_question", {}),
    ("next_question", {"case": CRAMP, "audience": "clinician"}),
    ("compare", {"first": "rls", "second": "nocturnal_leg_cramp"}),
    ("explain", {"case": CRAMP}),
    ("explain", {"case": CRAMP, "explanation": "rls", "against": "pad claudication"}),
    ("entry", {"name": "quinine"}),
    ("entry", {"name": "findings"}),
    ("entry", {"name": "findings", "matching": "swelling"}),
    ("medication_review", {"medicines": ["quinine", {"name": "salbutamol"}, "nonesuch"], "case": DANGER}),
)
