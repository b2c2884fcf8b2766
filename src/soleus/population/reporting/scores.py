"""The part of a report that judges everybody, told of groups of people."""

from __future__ import annotations

import msgspec

from soleus.population.reporting.form import ScoringPart
from soleus.population.reporting.work import Tables, Work
from soleus.reasoning.compiled import Compiled, shipped_compiled

#: Explanations and groups of which the page tells; the tables hold all.
MOST = 10


def scoring_part(work: Work) -> tuple[ScoringPart, Tables]:
    """Everybody judged on the last day on which they were observed, as in primary care; goes on where it stopped."""
    from soleus.population.scoring.everyone import Asked, score_everyone
    from soleus.population.scoring.tables import tables_of

    shipped = shipped_compiled()
    compiled = shipped if shipped.knowledge is work.knowledge else Compiled(work.knowledge)
    asked = Asked()
    parts = work.folder / ".score"
    scoring = score_everyone(
        work.source,
        compiled,
        asked,
        folder=parts,
        progress=lambda done, of: work.tell(f"Judging everybody {done}/{of}"),
    )
    tables = tables_of(scoring.sums, compiled, work.least)
    if all(row["people"] is None for row in tables["complaints"]):
        return ScoringPart(why_not="Too few people to tell of any group of them."), {}
    leading = [row for told in (True, False) for row in _of(tables["explanations"], told)[:MOST]]
    part = msgspec.convert(
        {**tables, "explanations": leading, "by_group": _leading(tables["by_group"]), "setting": asked.setting,
         "unread": len(scoring.unread)},
        ScoringPart,
    )  # fmt: skip
    return part, {f"scores_{name}": rows for name, rows in tables.items()}


def _of(rows: list[dict[str, object]], told: bool) -> list[dict[str, object]]:
    return [row for row in rows if row["complaint"] is told]


def _leading(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Of each group the most probable explanation: the first of its rows."""
    out: dict[tuple[object, ...], dict[str, object]] = {}
    for row in rows:
        out.setdefault((row["complaint"], row["sex"], row["age"]), row)
    return [row for row in out.values() if row["mean_probability"] is not None]
