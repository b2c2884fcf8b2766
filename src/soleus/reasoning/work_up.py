"""What is worth testing in this person now, and what is not, each with its reason.

The rules are data (`WorkUp`); a line is used only if it is known to be true. What has been done already is
left out, unless the sign is urgent enough to repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from soleus.clinical.rules import Facts, evaluate
from soleus.knowledge.schema.care import Trigger, WorkUp
from soleus.reasoning.assessment import Audience, WorkUpItem
from soleus.reasoning.citing import Citer, coded

_URGENCY = ("emergency", "same_day", "urgent", "routine")


def work_up(
    items: Sequence[WorkUp],
    facts: Facts,
    audience: Audience,
    citer: Citer | None = None,
    value: Mapping[str, float] | None = None,
) -> tuple[WorkUpItem, ...]:
    """The items with something to say about this person: most urgent first, what is not worth doing last.

    ``value`` may give the expected loss avoided by an item (by id), computed elsewhere; it orders items of
    the same urgency and is passed on.
    """
    values = value or {}
    found = [(item, line) for item in items if (line := deciding_line(item, facts)) is not None]
    found.sort(key=lambda pair: _order(pair[0], pair[1], values.get(pair[0].id, 0.0)))
    return tuple(_entry(item, line, audience, values.get(item.id), citer) for item, line in found)


def deciding_line(item: WorkUp, facts: Facts) -> Trigger | None:
    """The first line of ``when``, then of ``not_worth_when``, that is known to be true."""
    for line in (*item.when, *item.not_worth_when):
        if evaluate(line.when, facts) is True:
            return None if _done(item, line, facts) else line
    return None


def _done(item: WorkUp, line: Trigger, facts: Facts) -> bool:
    known = (facts.state(f) is not None or facts.number(f) is not None for f in item.findings)
    return line.urgency == "routine" and line.advice == "do" and bool(item.findings) and all(known)


def _order(item: WorkUp, line: Trigger, value: float) -> tuple[bool, int, bool, float, float, str]:
    return (
        line.advice == "not_worth_doing",
        _URGENCY.index(line.urgency),
        line.advice == "consider",
        -value,
        -item.burden if line.advice == "not_worth_doing" else item.burden,
        item.id,
    )


def _entry(item: WorkUp, line: Trigger, audience: Audience, value: float | None, citer: Citer | None) -> WorkUpItem:
    plain = audience == "patient"
    return WorkUpItem(
        id=item.id,
        label=item.patient_name if plain else item.name,
        advice=line.advice,
        urgency=line.urgency,
        reason=_reason(item, line, plain),
        would_change=item.patient_would_change if plain else item.would_change,
        codes=coded(item.codes),
        value=value,
        cites=citer.cite(item.source) if citer else (),
    )


def _reason(item: WorkUp, line: Trigger, plain: bool) -> str:
    reason = line.patient_reason if plain else line.reason
    excludes = item.patient_excludes if plain else item.excludes
    return f"{reason} {excludes}" if excludes and line.advice == "not_worth_doing" else reason
