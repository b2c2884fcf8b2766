"""Cohort definitions of OHDSI (Circe JSON, as Atlas exports them): the parts that a `Cohort` can say.

Used: concept sets; primary criteria on drugs, conditions, procedures, observations and measurements, by concept set,
with `First` where there is one of them; the observation window; additional criteria and inclusion rules that are all of
"at least 1" or "exactly 0" of such a criterion between two days around the start; one entry a person (limit First);
end by observation or by a fixed number of days. Anything else is an error that names the part: a definition that is
half understood would count other people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from soleus.errors import InvalidValue, UnreadableInput
from soleus.population.cohort import Cohort, ConceptSet, Timed, cohort_of

_CRITERIA = (
    "DrugExposure", "ConditionOccurrence", "ProcedureOccurrence", "Observation", "Measurement",
)  # fmt: skip
_NOTHING: tuple[Any, ...] = (None, [], {}, "")


def read_circe(path: Path) -> Cohort:
    """The cohort in a file. Raises `UnreadableInput`, and `InvalidValue` for a part that is not used."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableInput(path.name, type(error).__name__, "a cohort as Circe JSON", "Export it again.") from None
    return cohort_from_circe(tree, path.stem, path.name)


def cohort_from_circe(tree: Any, name: str, where: str = "circe") -> Cohort:
    """The cohort of a definition. Raises as `read_circe` does."""
    if not isinstance(tree, dict) or "PrimaryCriteria" not in tree:
        raise UnreadableInput(where, "no PrimaryCriteria", "a cohort as Circe JSON", "Export it again.")
    _only(tree, where, ("ConceptSets", "PrimaryCriteria", "AdditionalCriteria", "QualifiedLimit", "ExpressionLimit",
                        "InclusionRules", "EndStrategy", "CensoringCriteria", "CollapseSettings", "CensorWindow",
                        "cdmVersionRange", "Title"))  # fmt: skip
    for part in ("CensoringCriteria", "CensorWindow"):
        if tree.get(part) not in _NOTHING:
            _cannot(f"{where}: {part}")
    primary = tree["PrimaryCriteria"]
    entry = [_criterion(c, f"{where}: PrimaryCriteria") for c in primary.get("CriteriaList", [])]
    firsts = {first for _, first in entry}
    if True in firsts and len(entry) > 1:
        _cannot(f"{where}: PrimaryCriteria, First with several criteria")
    window = primary.get("ObservationWindow") or {}
    require, exclude = _rules(tree, where)
    plain = {
        "id": "".join(c if c.isalnum() and c.isascii() else "_" for c in name.lower()).strip("_") or "cohort",
        "name": str(tree.get("Title") or name),
        "entry": list(dict.fromkeys(value_set for value_set, _ in entry)),
        "era_gap_days": None,
        "washout_days": None if firsts == {True} else 0,
        "prior_observation_days": int(window.get("PriorDays", 0)),
        "follow_up_days": int(window.get("PostDays", 0)),
        "limit": _limit(tree, where, bool(require or exclude)),
        **_end(tree.get("EndStrategy"), where),
    }
    built = cohort_of(plain, where)
    import msgspec

    return msgspec.structs.replace(built, require=require, exclude=exclude, sets=_sets(tree, where))


def _cannot(where: str) -> NoReturn:
    raise InvalidValue(where, "a part that is not read", "the parts that docs name", "Say it in a cohort of our own.")


def _only(tree: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
    for key, value in tree.items():
        if key not in known and value not in _NOTHING:
            _cannot(f"{where}: {key}")


def _sets(tree: Mapping[str, Any], where: str) -> dict[str, ConceptSet]:
    return {
        f"set_{s['id']}": _set(s["expression"], f"{where}: concept set {s['id']}") for s in tree.get("ConceptSets", [])
    }


def _set(expression: Mapping[str, Any], where: str) -> ConceptSet:
    parts: dict[str, list[int]] = {"include": [], "include_narrower": [], "exclude": [], "exclude_narrower": []}
    for item in expression.get("items", []):
        if item.get("includeMapped"):
            _cannot(f"{where}, includeMapped")
        name = "exclude" if item.get("isExcluded") else "include"
        name += "_narrower" if item.get("includeDescendants") else ""
        parts[name].append(int(item["concept"]["CONCEPT_ID"]))
    return ConceptSet(**{name: tuple(found) for name, found in parts.items()})


def _criterion(criterion: Mapping[str, Any], where: str) -> tuple[str, bool]:
    """The value set of a criterion, and whether only the first counts."""
    (kind, body), *more = criterion.items()
    if more or kind not in _CRITERIA:
        _cannot(f"{where}, {kind if not more else more[0][0]}")
    _only(
        body,
        f"{where}, {kind}",
        ("CodesetId", "First", f"{kind}TypeExclude", "DrugTypeExclude", "ConditionTypeExclude"),
    )
    if body.get("CodesetId") is None:
        _cannot(f"{where}, {kind} without CodesetId")
    return f"set_{body['CodesetId']}", bool(body.get("First"))


def _rules(tree: Mapping[str, Any], where: str) -> tuple[tuple[Timed, ...], tuple[Timed, ...]]:
    groups = [tree["AdditionalCriteria"]] if tree.get("AdditionalCriteria") not in _NOTHING else []
    groups += [rule["expression"] for rule in tree.get("InclusionRules") or []]
    require, exclude = list[Timed](), list[Timed]()
    for group in groups:
        place = f"{where}: group of criteria"
        _only(group, place, ("Type", "CriteriaList"))
        if group.get("Type") != "ALL":
            _cannot(f"{place}, Type {group.get('Type')}")
        for counted in group.get("CriteriaList", []):
            timed, wanted = _counted(counted, place)
            (require if wanted else exclude).append(timed)
    return tuple(require), tuple(exclude)


def _counted(counted: Mapping[str, Any], where: str) -> tuple[Timed, bool]:
    """Something around the start, and whether it has to be there."""
    _only(counted, where, ("Criteria", "StartWindow", "Occurrence", "IgnoreObservationPeriod"))
    occurrence = counted.get("Occurrence") or {}
    kinds: dict[Any, bool] = {(2, 1): True, (0, 0): False, (1, 0): False}
    wanted = kinds.get((occurrence.get("Type"), occurrence.get("Count")))
    if wanted is None or occurrence.get("IsDistinct"):
        _cannot(f"{where}, Occurrence")
    value_set, first = _criterion(counted["Criteria"], where)
    window = counted.get("StartWindow") or {}
    if first or window.get("UseEventEnd") or window.get("UseIndexEnd"):
        _cannot(f"{where}, First or ends of events")
    timed = Timed(
        value_set=value_set,
        from_days=_edge(window.get("Start")),
        to_days=_edge(window.get("End")),
        same_observation=not counted.get("IgnoreObservationPeriod"),
    )
    return timed, wanted


def _edge(edge: Mapping[str, Any] | None) -> int | None:
    """Days from the start; None: without limit."""
    if not edge or edge.get("Days") is None:
        return None
    return int(edge["Days"]) * int(edge.get("Coeff", 1))


def _limit(tree: Mapping[str, Any], where: str, criteria: bool) -> str:
    """One entry a person. The first event of all, before any criterion, is another thing than the first that fits."""
    limits = [(tree.get(name) or {}).get("Type", "All") for name in ("QualifiedLimit", "ExpressionLimit")]
    limits.append(((tree["PrimaryCriteria"].get("PrimaryCriteriaLimit")) or {}).get("Type", "All"))
    if "Last" in limits or "First" not in limits:
        _cannot(f"{where}: limit {'Last' if 'Last' in limits else 'All'}")
    if limits[2] == "First" and criteria:
        _cannot(f"{where}: PrimaryCriteriaLimit First with further criteria")
    return "first"


def _end(strategy: Any, where: str) -> dict[str, Any]:
    if strategy in _NOTHING:
        return {"end": "observation"}
    offset = strategy.get("DateOffset")
    if not offset or offset.get("DateField") != "StartDate":
        _cannot(f"{where}: EndStrategy")
    return {"end": "observation", "end_days": int(offset.get("Offset", 0))}
