"""Is a knowledge base whole? One rule, one function, one test, one message.

`check` runs every rule: identity, references, figures, conditions, care, sources, codes, orphans,
prose, reviews. A fault says which
record, which field, which rule, and how to mend it. Warnings are listed and fail nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from soleus.knowledge.integrity import (  # noqa: F401  (importing a family registers its rules)
    care,
    codes,
    conditions,
    figures,
    identity,
    orphans,
    prose,
    references,
    reviews,
    sources,
)
from soleus.knowledge.integrity.base import RULES, Base, Fault
from soleus.knowledge.integrity.reviews import Overdue, overdue
from soleus.knowledge.loader import Knowledge

__all__ = ["RULES", "Base", "Fault", "Overdue", "check", "overdue", "stale"]


def check(knowledge: Knowledge, folder: Path | None = None, leave_out: Collection[str] = ()) -> tuple[Fault, ...]:
    """Every breach of every rule that is not left out, faults first, in the order of kind and id."""
    found = _breaches(Base(knowledge, folder), leave_out)
    return tuple(sorted(found, key=lambda f: (f.level, f.kind, f.id, f.rule, f.field)))


def _breaches(base: Base, leave_out: Collection[str]) -> Iterator[Fault]:
    for name, (rule, level) in RULES.items():
        for f in rule(base) if name not in leave_out else ():
            yield Fault(f.kind, f.id, f.field, name, f.message, f.repair, level)


def stale(compiled: Knowledge, knowledge: Knowledge) -> Fault | None:
    """The fault of a compiled file that is not that of the data it was made from."""
    if (compiled.version, compiled.digest) == (knowledge.version, knowledge.digest):
        return None
    old, new = (f"{k.version} ({k.digest[:12]})" for k in (compiled, knowledge))
    return Fault(
        kind="compiled",
        id="compiled.json",
        field="digest",
        rule="compiled_file_is_current",
        message=f"It holds {old}, the data {new}.",
        repair="Run `soleus knowledge compile`.",
        level="fault",
    )
