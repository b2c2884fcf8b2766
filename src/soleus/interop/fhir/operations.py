"""What the FHIR service can be asked: `$assess`, and what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

import msgspec

from soleus.errors import InvalidValue, UnreadableInput
from soleus.interop.fhir.reading import read_record
from soleus.interop.fhir.record import Entry
from soleus.interop.fhir.shapes import items, mapping, value_of, word
from soleus.interop.fhir.writing.answers import Origin, answer_bundle
from soleus.interop.fhir.writing.definitions import artefact as artefact
from soleus.interop.fhir.writing.definitions import capability as capability
from soleus.reasoning.assess import assess as judge
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled

LEAST_DRAWS, MOST_DRAWS = 50, 2000
_DEEPEST, _MOST_NODES = 200, 2_000_000
_DATE = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")


@dataclass(frozen=True)
class Options:
    """How to judge. ``as_of`` None: the day that the record gives; ``setting`` None: that of the case."""

    as_of: str | None = None
    draws: int = 500
    audience: str = "clinician"
    setting: str | None = None


def assess(
    tree: Any,
    compiled: Compiled,
    *,
    as_of: str | None = None,
    draws: int = 500,
    audience: str = "clinician",
    setting: str | None = None,
    recorded: str | None = None,
) -> dict[str, Any]:
    """The judgement of the person in a Bundle, a resource or Parameters, as a collection Bundle.

    Parameters hold one or several parts with a ``resource``, and may hold ``as-of``, ``audience``, ``setting`` and
    ``draws``, which go before the arguments. ``recorded`` is the instant that Provenance bears (`answer_bundle`).
    Raises `InputError` for what cannot be read and `CannotAssess` where nothing tells of the legs.
    """
    _check_size(tree)
    resources, options, ignored = _taken(tree, Options(as_of, draws, audience, setting))
    _check(options)
    read = read_record(resources, compiled, as_of=options.as_of)
    case = read.case if options.setting is None else msgspec.structs.replace(read.case, setting=options.setting)
    more = (f"{place}: a parameter (not one of this operation)" for place in ignored)
    answer = judge(case, knowledge=compiled, draws=options.draws, audience=_audience(options))
    answer = msgspec.structs.replace(answer, unused=(*answer.unused, *more))
    origin = Origin(
        subject=read.subject,
        used=tuple(r for e in read.used if (r := _reference(e))),
        recorded=recorded,
        medicines={name: r for name, e in read.medicines.items() if (r := _reference(e))},
    )
    return answer_bundle(answer, compiled, origin)


def _check_size(tree: Any) -> None:
    """Counts without recursion: a tree that is too deep or too large is refused before anything is made of it."""
    level, depth, seen = [tree], 0, 1
    while level:
        if depth > _DEEPEST or seen > _MOST_NODES:
            found = "a tree that is too deep" if depth > _DEEPEST else "a tree that is too large"
            raise UnreadableInput("bundle", found, f"at most {_DEEPEST} levels", "Hand over one person's record.")
        branches = [
            node.values() if isinstance(node, dict) else node for node in level if isinstance(node, (dict, list))
        ]
        level = [child for children in branches for child in children]
        depth, seen = depth + 1, seen + len(level)


def _taken(tree: Any, given: Options) -> tuple[Any, Options, list[str]]:
    """The resources, the options, and the parameters that are neither."""
    if mapping(tree).get("resourceType") != "Parameters":
        return tree, given, []
    resources, ignored, options = [], [], given
    for n, part in enumerate(map(mapping, items(tree.get("parameter")))):
        name, place = word(part.get("name")), f"Parameters.parameter[{n}]"
        if isinstance(part.get("resource"), dict):
            resources.append(part["resource"])
        elif name in _OPTIONS:
            options = replace(options, **_option(name, part, place))
        else:
            ignored.append(place)
    if not resources:
        raise UnreadableInput(
            "Parameters.parameter", "no resource", "a part with a Bundle or resource", "Put the record into `resource`."
        )
    return resources[0] if len(resources) == 1 else resources, options, ignored


def _option(name: str, part: dict[str, Any], place: str) -> dict[str, Any]:
    field, kinds, reader = _OPTIONS[name]
    kind, value = value_of(part)
    read = reader(value) if kind in kinds else None
    if read is None:
        told = " or ".join(f"value{k}" for k in kinds)
        raise InvalidValue(place, f"{name} without a value that can be read", told, "See the OperationDefinition.")
    return {field: read}


def _day(value: Any) -> str | None:
    day = word(value).partition("T")[0]
    return day if _DATE.match(day) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_TEXT = ("Code", "String")
_OPTIONS: Mapping[str, tuple[str, tuple[str, ...], Callable[[Any], Any]]] = {
    "as-of": ("as_of", ("Date", "DateTime"), _day),
    "audience": ("audience", _TEXT, lambda v: word(v) or None),
    "setting": ("setting", _TEXT, lambda v: word(v) or None),
    "draws": ("draws", ("Integer", "PositiveInt", "UnsignedInt"), _whole),
}


def _check(options: Options) -> None:
    if options.audience not in get_args(Audience):
        raise InvalidValue("audience", "another word", " or ".join(get_args(Audience)), "Name one of them.")
    if not LEAST_DRAWS <= options.draws <= MOST_DRAWS:
        raise InvalidValue("draws", "another number", f"{LEAST_DRAWS} to {MOST_DRAWS}", "Leave it out for 500.")
    if options.as_of is not None and not _DATE.match(options.as_of):
        raise InvalidValue("as-of", "no date", "a date such as 2026-11-21", "Write year, month and day.")


def _audience(options: Options) -> Audience:
    return "patient" if options.audience == "patient" else "clinician"


_URN = re.compile(r"^urn:uuid:[0-9a-fA-F-]{36}$")
_ADDRESS = re.compile(r"^https?://[^\s<>\"']{1,400}$")
_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")


def _reference(entry: Entry) -> dict[str, Any] | None:
    """How a resource of the input is referred to: by its address in the bundle, else by type and id."""
    id, kind = word(entry.body.get("id")), re.sub(r"[^A-Za-z]", "", entry.kind)
    if _URN.match(entry.url) or _ADDRESS.match(entry.url):
        return {"reference": entry.url, "type": kind}
    return {"reference": f"{kind}/{id}", "type": kind} if _ID.match(id) else None
