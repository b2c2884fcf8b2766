"""A reviewer who works without pause on one record of a store on disk: run as ``python -m tests.editorial.working``.

Prints every event that the store has acknowledged: its number, its kind and the number of the event seen before it.
"""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

from soleus.accounts import Visitor
from soleus.editorial.corrections import Proposal, propose
from soleus.editorial.reviewing import Deed, act
from soleus.editorial.standing import standing
from soleus.errors import ChangedMeanwhile, InvalidValue
from soleus.storage import EventLog, SqliteRepository
from tests.editorial.people import AT, ID, KIND, base, proposal

ACTS = ("taken", "approved", "returned", "given_back", "withdrawn", "comment")


def work(log: EventLog, name: str, deeds: int, seed: int) -> list[tuple[int, str, int]]:
    """Do so many things; (number, kind, seen) of what was kept. What another did meanwhile is met, and tried anew."""
    who, chance, kept = (
        Visitor(f"a-{name}", f"Dr {name}", frozenset({"reviewer"})),
        random.Random(seed),
        list[tuple[int, str, int]](),
    )
    while len(kept) < deeds:
        what, seen = chance.choice(ACTS), standing(log, base(), KIND, ID).last
        with contextlib.suppress(ChangedMeanwhile, InvalidValue):
            made = act(log, base(), KIND, ID, Deed(what, seen, f"{name} {len(kept)}", "none"), who, AT)  # type: ignore[arg-type]
            kept.append((made.number, made.kind, seen))
            print(*kept[-1], flush=True)
        if chance.random() < 0.2:
            told: Proposal = proposal(f"0.{chance.randint(1, 4)}")
            number = propose(log, base(), KIND, ID, told, who, "", AT).number
            kept.append((number, "proposed", 0))
            print(*kept[-1], flush=True)
    return kept


if __name__ == "__main__":
    work(SqliteRepository(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
