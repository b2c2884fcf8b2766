"""Most likely, other likely, not to be missed, rare: each entry with the reason why it stands there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from soleus.knowledge.schema.core import Explanation
from soleus.knowledge.schema.safety import Harm, RedFlag
from soleus.reasoning.assessment import Audience, TierName
from soleus.reasoning.judging import Judged

_DANGEROUS = ("emergency", "same_day", "urgent")


@dataclass(frozen=True)
class Placed:
    """An explanation in its tier."""

    explanation: str
    tier: TierName
    why: str


def place(judged: Judged, flags: Iterable[RedFlag], audience: Audience = "clinician") -> tuple[Placed, ...]:
    """Explanations by tier. Explanations are ranked, causes named after: splitting a cause never moves the first."""
    first = Placed(judged.first.id, "most_likely", "It has the highest probability of all.")
    likely = _likely(judged)
    flagged = _flagged(judged, flags, audience)
    missed = [p for p in (*flagged, *_by_threshold(judged, flagged, audience)) if p.explanation != first.explanation]
    seen = {first.explanation, *(p.explanation for p in missed)}
    shown = [p for p in likely if p.explanation not in seen]
    seen |= {p.explanation for p in shown}
    rare = [p for p in _rare(judged) if p.explanation not in seen]
    return (first, *shown, *missed, *rare[: int(judged.parameter("tier_rare_most"))])


def _likely(judged: Judged) -> list[Placed]:
    least, most = judged.parameter("tier_other_likely_least"), int(judged.parameter("tier_other_likely_most"))
    found = [s for s, p in judged.probability.items() if p >= least and s != judged.first.id][:most]
    return [Placed(s, "other_likely", f"Its probability is at least {least:.0%}.") for s in found]


def _flagged(judged: Judged, flags: Iterable[RedFlag], audience: Audience) -> list[Placed]:
    out: dict[str, Placed] = {}
    for flag in flags:
        for s in flag.suggests:
            if s in judged.probability and flag.urgency in _DANGEROUS:
                out.setdefault(s, Placed(s, "do_not_miss", _points(flag, audience)))
    return list(out.values())


def _points(flag: RedFlag, audience: Audience) -> str:
    if audience == "patient":
        return f"A warning sign points to it: {flag.patient_name[0].lower()}{flag.patient_name[1:]}."
    return f"A red flag points to it: {flag.name}."


def _by_threshold(judged: Judged, flagged: list[Placed], audience: Audience) -> list[Placed]:
    """Dangerous explanations above their own action threshold, the largest expected harm first."""
    named = {p.explanation for p in flagged}
    share = judged.parameter("tier_do_not_miss_share")
    harms = judged.compiled.knowledge.by_id(Harm)
    above = [
        s for s, p in judged.probability.items()
        if s not in named and _dangerous(judged.compiled.explanations[s]) and s in harms
        and p >= share * harms[s].action_threshold.value
    ]  # fmt: skip
    above.sort(key=lambda s: -judged.probability[s] * harms[s].loss)
    most = int(judged.parameter("tier_do_not_miss_most"))
    return [Placed(s, "do_not_miss", _above(judged.probability[s], harms[s], audience)) for s in above[:most]]


def _dangerous(explanation: Explanation) -> bool:
    return explanation.must_not_miss or explanation.acuity in ("emergency", "same_day")


def _above(p: float, harm: Harm, audience: Audience) -> str:
    if audience == "patient":
        return "It would be serious, so it is worth ruling out."
    if p >= harm.action_threshold.value:
        return f"It is dangerous and above its own action threshold of {_percent(harm)}."
    return f"It is dangerous and near its own action threshold of {_percent(harm)}."


def _percent(harm: Harm) -> str:
    value = harm.action_threshold.value
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def _rare(judged: Judged) -> list[Placed]:
    least = judged.parameter("tier_rare_least")
    found = [s for s, p in judged.probability.items() if p >= least]
    found.sort(key=lambda s: not _dangerous(judged.compiled.explanations[s]))  # what is dangerous is never cut off
    return [Placed(s, "rare", "It is possible but unlikely.") for s in found]
