"""The linkIds of our questionnaires. A question about a finding or contributor bears its id; the others stand here."""

from __future__ import annotations

SCREEN = "screen."  #: a grouped question of the red-flag screen: ``screen.swelling``
AGE = "person.age"
AGE_UNKNOWN = "person.age_unknown"
SEX = "person.sex"
PREGNANT = "person.pregnant"
PERSON = (AGE, AGE_UNKNOWN, SEX, PREGNANT)
ONSET = "onset"
CONDITION = "condition"  #: a group that repeats
CONDITION_NAME, CONDITION_SINCE = "condition.name", "condition.since"
MEDICINE = "medicine"  #: a group that repeats
MEDICINE_NAME, MEDICINE_STARTED, MEDICINE_STOPPED, MEDICINE_DOSE = (
    "medicine.name", "medicine.started", "medicine.stopped", "medicine.dose",
)  # fmt: skip
GROUP = "group."
MORE = "more."  #: whether to go on to the less common questions
#: items that ask nothing about the person
IDLE = ("about", "belief", "closing", "help.", "red_flag.", GROUP, MORE)
