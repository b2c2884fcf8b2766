"""From what was understood to a case: what enters the judgement, and how conflicts and uncertain statements count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from soleus.clinical.case import Case, Condition, Medicine, Person, Unused
from soleus.notes.reading import Reading, Understood
from soleus.reasoning.compiled import Compiled


def case_of(
    reading: Reading, compiled: Compiled, *, as_of: str | None = None, setting: str | None = None, id: str = "note"
) -> Case:
    """The case that a text tells. Uncertain statements count as not assessed. Where a text says both, what was found
    counts, not its denial, so that a contradiction hides no danger; both stay in the reading.
    """
    told = [u for u in reading.understood if u.used]
    sex = _one(told, "sex")
    findings = _findings(told, compiled)
    if reading.tempo_days is not None and "tempo" not in findings:
        findings["tempo"] = None
    return Case(
        id=id,
        as_of=as_of,
        setting=setting or reading.setting or "primary_care",
        answered_by=reading.answered_by,  # type: ignore[arg-type]
        person=_person(told, sex, compiled),
        findings={k: v for k, v in findings.items() if v is not None},
        conditions=tuple(_conditions(told, compiled, sex)),
        medicines=tuple(_medicines(told, compiled)),
        unused=tuple(_unused(reading)),
    )


def _one(told: Iterable[Understood], name: str) -> Any:
    return next((u.value for u in told if u.finding == name and u.state == "present"), None)


def _person(told: list[Understood], sex: Any, compiled: Compiled) -> Person:
    age, weeks, since = (_one(told, n) for n in ("age", "weeks_pregnant", "weeks_since_birth"))
    said = {u.finding: u.state for u in told if u.kind == "contributor"}
    pregnant = True if weeks is not None else {"present": True, "absent": False}.get(said.get("pregnancy", ""))
    birth = compiled.contributors.get("postpartum")
    if since is not None and birth is not None and weeks is None:
        pregnant = None if pregnant else pregnant
    if sex == "male":
        pregnant = weeks = since = None
    return Person(
        age=age,
        sex=sex,
        pregnant=pregnant,
        weeks_pregnant=int(weeks) if weeks is not None else None,
        weeks_since_birth=int(since) if since is not None and pregnant is not True else None,
    )


def _findings(told: Iterable[Understood], compiled: Compiled) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for u in told:
        if u.kind != "finding" or u.state == "uncertain":
            continue
        record = compiled.findings[u.finding]
        value: Any = {"value": u.value, "unit": u.unit} if u.unit is not None else u.value
        if u.finding in out and (u.state == "absent" or u.value == record.absent):
            continue  # of two that conflict the one that was found
        if u.finding in out and out[u.finding] != record.absent:
            continue
        out[u.finding] = value
    return out


def _conditions(told: Iterable[Understood], compiled: Compiled, sex: Any) -> Iterable[Condition]:
    states: dict[str, str] = {}
    for u in told:
        if u.kind != "contributor" or u.state == "uncertain" or u.finding in ("pregnancy", "postpartum"):
            continue
        only = compiled.contributors[u.finding].sex
        if only and sex and only != sex:
            continue
        found = "absent" if u.state == "absent" else "present"
        if states.get(u.finding) != "present":
            states[u.finding] = found
    for name, state in states.items():
        yield Condition(name=name, status=state)  # type: ignore[arg-type]


def _medicines(told: Iterable[Understood], compiled: Compiled) -> Iterable[Medicine]:
    del compiled
    for u in told:
        if u.kind == "medicine" and u.state == "present":
            yield Medicine(name=u.finding.removeprefix("medicine:"))


def _unused(reading: Reading) -> Iterable[Unused]:
    for u in reading.understood:
        if u.state == "uncertain":
            yield Unused(where=f"characters {u.span[0]} to {u.span[1]}", what=u.finding, why="said to be uncertain")
        elif u.state == "conflict" and u.used:
            yield Unused(
                where=f"characters {u.span[0]} to {u.span[1]}",
                what=u.finding,
                why="the text says both; what was found counts",
            )
        elif u.state == "stopped":
            yield Unused(
                where=f"characters {u.span[0]} to {u.span[1]}", what=u.finding, why="said to be stopped or tried before"
            )
    for name, span, why in reading.unread:
        yield Unused(where=f"characters {span[0]} to {span[1]}", what=name, why=why)
