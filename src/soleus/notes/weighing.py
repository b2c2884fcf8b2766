"""Every statement of a text with the probability that it is right, from the wordings and from what was learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soleus.notes.context import Context, Hold
from soleus.notes.learned import Heard, Learned, Told, clauses, evidence, features
from soleus.reasoning.compiled import Compiled

if TYPE_CHECKING:
    from soleus.notes.reading import Understood

LEAST_OF_WORDINGS = 0.45  # below it a wording alone is wrong more often than right (`tools/train_notes.py`)
LEAST_OF_CLAUSES = 0.06  # a clause that tells something less surely is not looked at
_OPPOSITE = {"present": "absent", "absent": "present"}

Key = tuple[str, str]  # finding and polarity: present, absent, uncertain, stopped
Settle = Callable[[Sequence["Understood"], Compiled], Sequence["Understood"]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A statement, how probably it is right, and the words (first and last token) where the clauses alone tell it."""

    probability: float
    polarity: str
    value: str
    words: tuple[int, int] | None = None


def key(u: Understood, compiled: Compiled) -> Key:
    """Finding and polarity of a statement; of two in conflict each has its own."""
    if u.state == "conflict":
        record = compiled.findings.get(u.finding)
        return u.finding, "absent" if record is not None and u.value == record.absent else "present"
    return u.finding, u.state


def is_weighed(u: Understood, compiled: Compiled) -> bool:
    """Numbers, ages and names of conditions are read by rules that know when they are sure; the rest is weighed."""
    if u.kind in ("person", "explanation"):
        return False
    record = compiled.findings.get(u.finding)
    return record is None or record.kind != "numeric"


def source_of(u: Understood) -> tuple[str, str, str]:
    """What, polarity and the rule that read it, under which it is counted how often that rule is right."""
    if u.kind == "medicine":
        return "medicine", u.state, ""
    return u.finding, u.state, u.source.partition(": ")[2] or u.source


def statement(u: Understood) -> str:
    """finding=state, as it is learnt."""
    if u.state == "uncertain":
        return f"{u.finding}=?"
    return f"{u.finding}={u.value if u.kind == 'finding' or u.kind == 'medicine' else u.state}"


def polarity_of(name: str, value: str, compiled: Compiled) -> str:
    """The polarity of a learnt statement."""
    if name.startswith("medicine:"):
        return {"current": "present"}.get(value, value)
    record = compiled.findings.get(name)
    if record is not None:
        return "absent" if value == record.absent else "present"
    return value


def heard(found: Sequence[Understood], compiled: Compiled) -> list[Heard]:
    """What the wordings read, for the features of clauses."""
    return [Heard(statement(u), u.span) for u in found if is_weighed(u, compiled)]


def by_key(told: Mapping[str, Told], compiled: Compiled) -> dict[Key, tuple[str, Told]]:
    """Of each finding and polarity the state that is told most surely."""
    out: dict[Key, tuple[str, Told]] = {}
    for name, t in told.items():
        finding, _, value = name.partition("=")
        k = (finding, polarity_of(finding, value, compiled))
        if k not in out or t.probability > out[k][1].probability:
            out[k] = (value, t)
    return out


def candidates(
    found: Sequence[Understood],
    clear: Mapping[Key, tuple[str, Told]],
    learnt: Mapping[Key, int],
    compiled: Compiled,
    settle: Settle,
) -> dict[Key, list[float]]:
    """Every statement that anything speaks for, with what is weighed (`soleus.notes.learned.evidence`)."""
    right: dict[Key, float] = {}
    times: dict[Key, int] = {}
    for u in found:
        if is_weighed(u, compiled):
            k = key(u, compiled)
            right[k] = max(right.get(k, 0.0), u.confidence)
            times[k] = times.get(k, 0) + 1
    settled = {key(u, compiled) for u in settle([u for u in found if u.confidence >= LEAST_OF_WORDINGS], compiled)}
    out: dict[Key, list[float]] = {}
    for k in dict.fromkeys((*right, *clear)):
        against = (k[0], _OPPOSITE.get(k[1], ""))
        out[k] = evidence(
            clear[k][1].probability if k in clear else (LEAST_OF_CLAUSES / 3 if k in learnt else None),
            right.get(k, 0.0),
            times.get(k, 0),
            k in settled,
            clear[against][1].probability if against in clear else 0.01,
            right.get(against, 0.0),
            k[1] == "absent",
            k[0].startswith("medicine:"),
            learnt.get(k, 0),
        )
    return out


def learnt_keys(models: Learned, compiled: Compiled) -> dict[Key, int]:
    """Finding and polarity of everything that the clauses can tell, and in how many texts it was told."""
    out: dict[Key, int] = {}
    for name, seen in zip(models.statements, models.seen, strict=True):
        finding, _, value = name.partition("=")
        k = (finding, polarity_of(finding, value, compiled))
        out[k] = out.get(k, 0) + seen
    return out


#: words that say that something is as it should be, where no word of negation stands
_AS_IT_SHOULD = frozenset({
    "normal", "fine", "ok", "okay", "intact", "unremarkable", "clear", "equal", "equally", "symmetrical", "symmetric", "preserved", "full", "good",
    "soft", "healthy", "stable", "steady", "well", "perfect", "unaffected", "regular", "nad", "unchanged", "only", "alone", "free", "easily", "still", "able",
    "brisk", "warm", "pink", "supple", "painless", "flexor", "downgoing", "afebrile", "negative", "neg", "alert", "same", "both", "all", "right", "usual", "5", "2", "4", "palpable", "present", "within", "nil", "benign", "passes", "closed", "obtained",
    "retained", "bilaterally", "throughout", "always", "myself", "independently", "settled", "ruled", "excluded", "other", "moves", "feels", "works", "held",
})  # fmt: skip


def _denies(context: Context, part: range) -> bool:
    """Whether a clause holds anything that denies, or says that all is well."""
    return any(
        context.hold[n] & Hold.NEGATED
        or n in context.negations
        or n in context.after
        or context.tokens[n].word in _AS_IT_SHOULD
        or context.tokens[n].word.startswith(("un", "non", "never", "nothing", "dont", "doesnt", "didnt", "isnt"))
        for n in part
    )


def _sentence(context: Context, parts: Sequence[range], number: int) -> range:
    """The tokens of the sentence that a clause stands in."""
    tokens, here = context.tokens, context.tokens[parts[number].start].sentence
    first = last = parts[number].start
    while first > 0 and tokens[first - 1].sentence == here:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].sentence == here:
        last += 1
    return range(first, last + 1)


def weigh(
    found: Sequence[Understood],
    context: Context,
    models: Learned,
    learnt: Mapping[Key, int],
    compiled: Compiled,
    settle: Settle,
) -> dict[Key, Weighed]:
    """The probability of every statement that the wordings or the clauses of a text tell."""
    parts = clauses(context.tokens)
    bags = features(context, parts, heard(found, compiled))
    clear = by_key(models.told(bags, LEAST_OF_CLAUSES), compiled)
    known = {key(u, compiled) for u in found}
    # most symptoms are mentioned to be denied; words that tell one in a sentence that denies nothing are no denial
    clear = {
        k: v
        for k, v in clear.items()
        if k[1] != "absent"
        or (k[0], "present") not in known
        or _denies(context, _sentence(context, parts, v[1].clause))
    }
    out: dict[Key, Weighed] = {}
    for k, numbers in candidates(found, clear, learnt, compiled, settle).items():
        p = models.confidence(numbers)
        value, words = "", None
        if k in clear and k not in known:
            value, told = clear[k]
            words = models.words(bags[told.clause], f"{k[0]}={value}")
        out[k] = Weighed(p, k[1], value, words)
    return out


def of(weighed: Mapping[Key, Weighed], u: Understood, compiled: Compiled, alarming: frozenset[str]) -> float:
    """The probability of one statement that the wordings read; of what is not weighed, its own.

    Symptoms of danger are mostly mentioned to be denied, so what was learnt of them leans to denial: where a wording says
    that one is there, how often the wording is right counts at least.
    """
    if u.state == "uncertain" or not is_weighed(u, compiled):
        return u.confidence
    p = weighed[key(u, compiled)].probability
    return max(p, u.confidence) if u.state == "present" and u.finding in alarming else p
