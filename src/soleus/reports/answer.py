"""The answer in sentences, with the numbers as the rest of the report says them.

The summary of the assessment serves programs. Reports put the answer into words themselves: the red flags stand
above it, and a chance is said in one way on one page.
"""

from __future__ import annotations

from soleus.reasoning.assessment import Assessment, ComplaintAssessment
from soleus.reports import view, words

#: Names in the sentence on what must not be missed; the tier below holds all of them.
MOST_NAMES = 4


def _most_likely(c: ComplaintAssessment, audience: str) -> str:
    e = view.first(c)
    if e is None:
        return "No explanation could be judged."
    return f"Most likely: {e.label} ({words.size(e.probability, e.low, e.high, audience)})."


def _leading_cause(c: ComplaintAssessment, audience: str) -> str:
    """The cause of the first diagnosis; where it is likelier that there is none, that is said with it."""
    leading = next((d for d in c.diagnoses if d.id in c.tiers.most_likely[:1]), None)
    if leading is None or leading.cause is None:
        return ""
    name = leading.label.removeprefix(view.name_of(c, leading.explanation)).strip(" ,")
    name = name.removeprefix("with ").removeprefix("linked to ")
    said = f"Leading cause: {name} ({words.size(leading.probability, leading.low, leading.high, audience)})"
    without = next((d for d in c.diagnoses if d.explanation == leading.explanation and d.cause is None), None)
    if without is None or without.probability <= leading.probability:
        return f"{said}."
    return f"{said}; no cause that is known: {words.size(without.probability, without.low, without.high, audience)}."


def _missed(c: ComplaintAssessment, audience: str) -> str:
    names = [e.label for e in c.explanations if e.tier == "do_not_miss"][:MOST_NAMES]
    start = "Worth ruling out" if audience == "patient" else "Not to be missed"
    return f"{start}: {words.join(names)}." if names else ""


def answer(c: ComplaintAssessment, audience: str, *, whole: bool = True) -> str:
    """The answer to one complaint; not ``whole``: without what a headline above it says."""
    first = _most_likely(c, audience) if whole else ""
    return " ".join(filter(None, (first, _leading_cause(c, audience), _missed(c, audience))))


def answers(a: Assessment) -> str:
    """The answers to all complaints, each with its name where there are several."""
    if len(a.complaints) == 1:
        return answer(a.complaints[0], a.audience)
    return " ".join(f"{words.capital(c.label or c.id)}: {answer(c, a.audience)}" for c in a.complaints)


def tier_size(entry: view.TierEntry, audience: str) -> str:
    """The chance of an entry of a tier; that of its explanation with all causes goes with it where it differs."""
    d, e = entry.diagnosis, entry.explanation
    own = words.size(d.probability, d.low, d.high, audience)
    if entry.further or e is None:
        return own
    together = words.size(e.probability, e.low, e.high, audience)
    if together == own:
        return own
    if d.cause is None:
        return f"{together} together with its causes, {own} with no cause known"
    return f"{own}; {together} together with its other causes"


#: Shares of simulated cases as odd as this one, below which the answers are called odd, and unusual.
ODD, UNUSUAL = 0.01, 0.05


def fit(c: ComplaintAssessment) -> str:
    """For patients: whether the answers fit what they fit best."""
    if c.conflict is None:
        return ""
    name = words.lower_first(view.name_of(c, c.conflict.best))
    if c.conflict.p_value < ODD:
        return "Your answers fit nothing on our list well. It may be something else, or two troubles at once."
    if c.conflict.p_value < UNUSUAL:
        return f"Your answers are unusual even for {name}."
    return f"Your answers are not unusual for {name}."
