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

import msgspec

from soleus.errors import InvalidValue, UnreadableInput
from soleus.population.cohorts.cohort import Cohort, ConceptSet, Timed, cohort_of

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
    primary = _map(tree["PrimaryCriteria"], f"{where}: PrimaryCriteria")
    entry = [_criterion(c, f"{where}: PrimaryCriteria") for c in _list(primary.get("CriteriaList"), where)]
    firsts = {first for _, first in entry}
    if True in firsts and len(entry) > 1:
        _cannot(f"{where}: PrimaryCriteria, First with several criteria")
    window = _map(primary.get("ObservationWindow"), f"{where}: ObservationWindow")
    require, exclude = _rules(tree, where)
    plain = {
        "id": "".join(c if c.isalnum() and c.isascii() else "_" for c in name.lower()).strip("_") or "cohort",
        "name": str(tree.get("Title") or name),
        "entry": list(dict.fromkeys(value_set for value_set, _ in entry)),
        "era_gap_days": None,
        "washout_days": None if firsts == {True} else 0,
        "prior_observation_days": _whole(window.get("PriorDays", 0), f"{where}: PriorDays"),
        "follow_up_days": _whole(window.get("PostDays", 0), f"{where}: PostDays"),
        "limit": _limit(tree, where, bool(require or exclude)),
        **_end(tree.get("EndStrategy"), where),
    }
    built = cohort_of(plain, where)
    return msgspec.structs.replace(built, require=require, exclude=exclude, sets=_sets(tree, where))


def _cannot(where: str) -> NoReturn:
    raise InvalidValue(where, "a part that is not read", "the parts that docs name", "Say it in a cohort of our own.")


def _wrong(where: str, expected: str) -> NoReturn:
    raise InvalidValue(where, "another form", expected, "Export it again.")


def _map(value: Any, where: str) -> Mapping[str, Any]:
    if value is None or isinstance(value, dict):
        return value or {}
    _wrong(where, "a group of named parts")


def _list(value: Any, where: str) -> list[Any]:
    if value is None or isinstance(value, list):
        return value or []
    _wrong(where, "a list")


def _whole(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 62:
        return value
    _wrong(where, "a whole number")


def _yes(value: Any, where: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    _wrong(where, "true or false")


def _only(tree: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
    for key, value in tree.items():
        if key not in known and value not in _NOTHING:
            _cannot(f"{where}: {key}")


def _sets(tree: Mapping[str, Any], where: str) -> dict[str, ConceptSet]:
    out = {}
    for found in _list(tree.get("ConceptSets"), f"{where}: ConceptSets"):
        number = _whole(_map(found, f"{where}: concept set").get("id"), f"{where}: concept set, id")
        out[f"set_{number}"] = _set(found.get("expression"), f"{where}: concept set {number}")
    return out


def _set(expression: Any, where: str) -> ConceptSet:
    parts: dict[str, list[int]] = {"include": [], "include_narrower": [], "exclude": [], "exclude_narrower": []}
    for item in (_map(i, where) for i in _list(_map(expression, where).get("items"), where)):
        if _yes(item.get("includeMapped"), where):
            _cannot(f"{where}, includeMapped")
        name = "exclude" if _yes(item.get("isExcluded"), where) else "include"
        name += "_narrower" if _yes(item.get("includeDescendants"), where) else ""
        parts[name].append(_whole(_map(item.get("concept"), where).get("CONCEPT_ID"), f"{where}, CONCEPT_ID"))
    return ConceptSet(**{name: tuple(found) for name, found in parts.items()})


def _criterion(criterion: Any, where: str) -> tuple[str, bool]:
    """The value set of a criterion, and whether only the first counts."""
    kinds = list(_map(criterion, where))
    if len(kinds) != 1 or kinds[0] not in _CRITERIA:
        _cannot(f"{where}, {', '.join(kinds) or 'nothing'}")
    kind, place = kinds[0], f"{where}, {kinds[0]}"
    body = _map(criterion[kind], place)
    _only(body, place, ("CodesetId", "First", f"{kind}TypeExclude", "DrugTypeExclude", "ConditionTypeExclude"))
    if body.get("CodesetId") is None:
        _cannot(f"{place} without CodesetId")
    return f"set_{_whole(body['CodesetId'], f'{place}, CodesetId')}", _yes(body.get("First"), f"{place}, First")


def _rules(tree: Mapping[str, Any], where: str) -> tuple[tuple[Timed, ...], tuple[Timed, ...]]:
    place = f"{where}: group of criteria"
    groups = [tree["AdditionalCriteria"]] if tree.get("AdditionalCriteria") not in _NOTHING else []
    groups += [_map(rule, place).get("expression") for rule in _list(tree.get("InclusionRules"), place)]
    require, exclude = list[Timed](), list[Timed]()
    for group in (_map(g, place) for g in groups):
        _only(group, place, ("Type", "CriteriaList"))
        if group.get("Type") != "ALL":
            _cannot(f"{place}, Type {group.get('Type')}")
        for counted in _list(group.get("CriteriaList"), place):
            timed, wanted = _counted(_map(counted, place), place)
            (require if wanted else exclude).append(timed)
    return tuple(require), tuple(exclude)


def _counted(counted: Mapping[str, Any], where: str) -> tuple[Timed, bool]:
    """Something around the start, and whether it has to be there."""
    _only(counted, where, ("Criteria", "StartWindow", "Occurrence", "IgnoreObservationPeriod"))
    occurrence = _map(counted.get("Occurrence"), f"{where}, Occurrence")
    how = [occurrence.get(name) for name in ("Type", "Count")]
    if how not in ([2, 1], [0, 0], [1, 0]) or occurrence.get("IsDistinct"):
        _cannot(f"{where}, Occurrence")
    value_set, first = _criterion(counted.get("Criteria"), where)
    window = _map(counted.get("StartWindow"), f"{where}, StartWindow")
    if first or window.get("UseEventEnd") or window.get("UseIndexEnd"):
        _cannot(f"{where}, First or ends of events")
    low, high = (_edge(window.get(name), f"{where}, StartWindow") for name in ("Start", "End"))
    if low is not None and high is not None and high < low:
        _wrong(f"{where}, StartWindow", "a window that ends after it starts")
    everywhere = _yes(counted.get("IgnoreObservationPeriod"), where)
    return Timed(value_set=value_set, from_days=low, to_days=high, same_observation=not everywhere), how == [2, 1]


def _edge(edge: Any, where: str) -> int | None:
    """Days from the start; None: without limit."""
    found = _map(edge, where)
    if found.get("Days") is None:
        return None
    days, sign = _whole(found["Days"], f"{where}, Days"), found.get("Coeff", 1)
    if sign not in (1, -1):
        _wrong(f"{where}, Coeff", "1 or -1")
    return days * int(sign)


def _limit(tree: Mapping[str, Any], where: str, criteria: bool) -> str:
    """One entry a person. The first event of all, before any criterion, is another thing than the first that fits."""
    places = (
        tree.get("QualifiedLimit"),
        tree.get("ExpressionLimit"),
        _map(tree["PrimaryCriteria"], where).get("PrimaryCriteriaLimit"),
    )
    limits = [_map(place, f"{where}: limit").get("Type", "All") for place in places]
    if any(limit not in ("All", "First") for limit in limits) or "First" not in limits:
        _cannot(f"{where}: limit {'Last' if 'Last' in limits else 'All'}")
    if limits[2] == "First" and criteria:
        _cannot(f"{where}: PrimaryCriteriaLimit First with further criteria")
    return "first"


def _end(strategy: Any, where: str) -> dict[str, Any]:
    if strategy in _NOTHING:
        return {"end": "observation"}
    offset = _map(_map(strategy, f"{where}: EndStrategy").get("DateOffset"), f"{where}: EndStrategy")
    if offset.get("DateField") != "StartDate":
        _cannot(f"{where}: EndStrategy")
    return {"end": "observation", "end_days": _whole(offset.get("Offset", 0), f"{where}: EndStrategy, Offset")}
