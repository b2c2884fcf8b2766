"""Assessments built by hand, as rich as real ones. The judgements are invented; the publications exist, but what
they are cited for here is only an example.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import yaml

from soleus.reasoning.assessment import Assessment

FOLDER = Path(__file__).parent / "samples"
#: idiopathic_cramp: a woman of 67, no red flag, medicines that may contribute; for the clinician.
#: dvt_told_as_cramp: a woman of 54, two red flags. restless_legs: a pregnant woman of 31, the patient's words.
#: two_complaints: cramps and restless legs, the second with a red flag.
NAMES = ("idiopathic_cramp", "dvt_told_as_cramp", "restless_legs", "two_complaints")


@cache
def sample(name: str) -> Assessment:
    """One of `NAMES`."""
    data = yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return msgspec.convert(data, Assessment)
