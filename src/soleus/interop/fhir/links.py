"""The linkIds of our questionnaires. A question about a finding or contributor bears its id; the others stand here."""

from __future__ import annotations

SCREEN = "screen."  #: a grouped question of the red-flag screen: ``screen.swelling``
AGE = "person.age"
AGE_UNKNOWN = "person.age_unknown"
SEX = "person.sex"
PREGNANT = "person.pregnant"
PERSON = (AGE, AGE_UNKNOWN, SEX, PREGNANT)
