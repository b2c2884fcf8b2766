"""Red flags: rules that run first and that no probability can hide."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from soleus.clinical.rules import Facts, Rule, Truth, answers_needed, evaluate, open_leaves, reasons, subject
from soleus.knowledge.schema.safety import RedFlag, ScreenItem

URGENCY_ORDER = ("emergency", "same_day", "urgent", "routine")


class RedFlagResult(Struct, frozen=True, kw_only=True):
    """A rule that holds, and the leaf conditions that made it hold."""

    flag: RedFlag
    because: tuple[Rule, ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """The findings among the reasons, each once."""
        return _names(self.because, ("finding", "number"))


class OpenRedFlag(Struct, frozen=True, kw_only=True):
    """A rule that further answers could still make true. Not known is not the same as absent.

    ``needs``: findings to ask; ``needs_history``: contributors and medicines to ask; ``answers_needed``: the
    fewest answers that would make it true.
    """

    flag: RedFlag
    needs: tuple[str, ...]
    needs_history: tuple[str, ...]
    answers_needed: float


def fired(flags: Iterable[RedFlag], facts: Facts) -> tuple[RedFlagResult, ...]:
    """The rules that hold, most urgent first, then by id."""
    held = [RedFlagResult(flag=f, because=reasons(f.when, facts)) for f in flags if evaluate(f.when, facts) is True]
    return tuple(sorted(held, key=lambda r: _order(r.flag)))


def undecided(flags: Iterable[RedFlag], facts: Facts, most: float = math.inf) -> tuple[OpenRedFlag, ...]:
    """The rules that are neither true nor false; those that fewest answers would complete come first.

    ``most``: those that need more answers than this are left out.
    """
    needed = [(f, answers_needed(f.when, facts, most)) for f in flags]  # 0 if it holds, infinite if it cannot
    open_flags = [_open(f, facts, n) for f, n in needed if 0 < n <= most and n < math.inf]
    return tuple(sorted(open_flags, key=lambda o: (o.answers_needed, *_order(o.flag))))


def status(flag: RedFlag, facts: Facts) -> Truth:
    """True, false, or None where what is known does not decide the rule."""
    return evaluate(flag.when, facts)


def screen(items: Iterable[ScreenItem], facts: Facts) -> tuple[ScreenItem, ...]:
    """The items that apply to this complaint and are not answered yet, in their order.

    An item is answered if the findings that settle it are known already, whoever told them.
    """
    wanted = [i for i in items if _applies(i, facts) and not _answered(i, facts)]
    return tuple(sorted(wanted, key=lambda i: i.position))


def _applies(item: ScreenItem, facts: Facts) -> bool:
    return item.ask_when is None or evaluate(item.ask_when, facts) is not False


def _answered(item: ScreenItem, facts: Facts) -> bool:
    return all(facts.state(finding) is not None for finding in item.settled_by or item.no_means)


def _open(flag: RedFlag, facts: Facts, needed: float) -> OpenRedFlag:
    leaves = open_leaves(flag.when, facts)
    return OpenRedFlag(
        flag=flag,
        needs=_names(leaves, ("finding", "number")),
        needs_history=_names(leaves, ("has", "medicine")),
        answers_needed=needed,
    )


def _names(leaves: Iterable[Rule], wanted: tuple[str, ...]) -> tuple[str, ...]:
    found = (subject(leaf) for leaf in leaves)
    return tuple(dict.fromkeys(name for kind, name in found if kind in wanted))


def _order(flag: RedFlag) -> tuple[int, str]:
    return URGENCY_ORDER.index(flag.urgency), flag.id
