"""From a file or text in YAML or JSON to a `Case`. Every fault becomes one clear error."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

from soleus.clinical.case import Case, Complaint, Condition, Measurement, Medicine, Person, Quantity
from soleus.errors import Contradiction, InvalidValue, UnknownName, UnreadableInput, near_names

MOST_BYTES = 5_000_000
DEEPEST = 60
#: Far more than one person has; each entry costs time to match with the knowledge base.
MOST_ENTRIES = {"complaints": 12, "conditions": 500, "medicines": 500, "measurements": 500}
MOST_FINDINGS, LONGEST_NAME = 1_000, 200

_DATES = frozenset({"as_of", "birth_date", "onset", "since", "started", "stopped", "date"})
_FIELDS: dict[str, type[msgspec.Struct]] = {
    "": Case,
    "person": Person,
    "complaints": Complaint,
    "conditions": Condition,
    "medicines": Medicine,
    "measurements": Measurement,
}
_DAY = ("a date such as 2026-11-21, 2026-11 or 2026", "Write year, month and day.")
_TRUTH = ("true or false", "Leave it out if it is not known.")
_WEEKS = ("a whole number of weeks", "Leave it out if it is not known.")
_FORM = ("the form given by the schema", "See `soleus knowledge schema case`.")
_EXPECTED: dict[str, tuple[str, str]] = {  # field -> what is expected, how to mend it
    **dict.fromkeys(_DATES, _DAY),
    "age": ("a number of years from 0 to 120", "Write it as in age: 67."),
    "sex": ("female or male", "Leave it out if it is not known."),
    "pregnant": _TRUTH,
    "weeks_pregnant": ("a whole number of weeks from 0 to 45", _WEEKS[1]),
    "weeks_since_birth": _WEEKS,
    "answered_by": ("self, parent, carer or clinician", "Say who gives the answers."),
    "status": ("present, absent or resolved", "Leave it out if it is present."),
    "country": ("two capital letters such as GB", "Use the code of ISO 3166."),
    "value": ("a number", "Write it as in {value: 3.1, unit: mmol/L}."),
    "pretest": ("probabilities from 0 to 1", "Write them as in {restless_legs_syndrome: 0.3}."),
    "lists": ("conditions or medicines", "Name the lists that are complete."),
    "duration": ("words such as 3 years", 'Write it as in duration: "3 years".'),
}
_KINDS = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def read_case(path: Path) -> Case:
    """The case in a YAML or JSON file.

    Raises `UnreadableInput`, `UnknownName`, `InvalidValue` or `Contradiction`.
    """
    return parse_case(read_text(path), str(path.name))


def read_text(path: Path) -> str:
    """The text of a file of at most 5 MB in UTF-8 (with or without a mark) or UTF-16 with a mark."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UnreadableInput(
                path.name, f"{size:,} bytes", f"at most {MOST_BYTES:,}", "Hand over one person's case at a time."
            )
        return decode(path.read_bytes(), path.name)
    except OSError as error:
        raise UnreadableInput(
            path.name, error.strerror or "no file", "a file that can be read", "Check the path."
        ) from None


def decode(raw: bytes, where: str) -> str:
    """Bytes as text."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableInput(
            where, f"bytes that are not {encoding} at {error.start}", "text", "Save the file as UTF-8."
        ) from None
    bad = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
    if bad:
        raise UnreadableInput(
            where, f"a control character at {bad.start()}", "text", "Remove it, or hand over a text file."
        )
    return text


def parse_case(text: str, where: str = "case") -> Case:
    """The case in a YAML or JSON text."""
    tree = parse_tree(text, where)
    if not isinstance(tree, dict):
        found = "nothing" if tree is None else f"a {type(tree).__name__}"
        raise UnreadableInput(where, found, "a mapping with person and findings", "See `soleus knowledge schema case`.")
    return case_from(tree, where)


def case_from(tree: dict[str, Any], where: str = "case") -> Case:
    """The case in a mapping, as a JSON decoder gives it."""
    try:
        case = msgspec.convert(_plain(tree, where), Case)
    except msgspec.ValidationError as error:
        raise _translated(str(error), where) from None
    _check_counts(case, where)
    return case


def _check_counts(case: Case, where: str) -> None:
    """Refuse what no person has: it would keep a service busy for minutes."""
    counts = {name: (len(getattr(case, name)), most) for name, most in MOST_ENTRIES.items()}
    findings = [case.findings, *(c.findings for c in case.complaints)]
    counts["findings"] = (max(map(len, findings)), MOST_FINDINGS)
    for name, (found, most) in counts.items():
        if found > most:
            raise UnreadableInput(
                f"{where}: {name}", f"{found:,} entries", f"at most {most:,}", "Hand over one person's case at a time."
            )
    longest = max((len(key) for part in (*findings, case.pretest) for key in part), default=0)
    if longest > LONGEST_NAME:
        raise UnreadableInput(
            f"{where}: findings", f"a name of {longest:,} characters", f"at most {LONGEST_NAME}", "Shorten the name."
        )


def parse_tree(text: str, where: str) -> Any:
    """YAML or JSON as plain values; size and depth are limited, aliases and repeated keys are refused."""
    if len(text) > MOST_BYTES:
        raise UnreadableInput(
            where, f"{len(text):,} bytes", f"at most {MOST_BYTES:,}", "Hand over one person's case at a time."
        )
    try:
        _check_shape(text, where)
        node = yaml.compose(text, yaml.CSafeLoader)
        _check_keys(node, where)
        return yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{where} line {mark.line + 1}" if mark else where
        problem = getattr(error, "problem", None) or "text that is neither"
        raise UnreadableInput(at, str(problem), "YAML or JSON", "Check indentation, quotes and brackets.") from None
    except ValueError:
        raise UnreadableInput(
            where, "a date or number that cannot be", "values that exist", "Write dates as 2026-11-21."
        ) from None


def _check_shape(text: str, where: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise UnreadableInput(where, "an alias (*name)", "plain values", "Write the value out.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise UnreadableInput(where, f"more than {DEEPEST} levels", "a flat case", "Remove the nesting.")


def _check_keys(node: yaml.Node | None, where: str) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise Contradiction(
                    f"{where} line {key.start_mark.line + 1}", f"{name!r} twice", "each field once", "Keep one of them."
                )
            seen.add(name)
            _check_keys(value, where)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, where)


def _field(name: str, value: Any, where: str, depth: int) -> Any:
    """A year on its own, which YAML and JSON take for a number, is text where a date is wanted."""
    year = name in _DATES and isinstance(value, int) and not isinstance(value, bool) and 1000 <= value <= 9999
    return str(value) if year else _plain(value, where, depth)


def _plain(value: Any, where: str, depth: int = 0) -> Any:
    """Dates as text, keys as text; text must be of characters, and the tree not deep."""
    if depth > DEEPEST:
        raise UnreadableInput(where, f"more than {DEEPEST} levels", "a flat case", "Remove the nesting.")
    if isinstance(value, dict):
        return {_plain(str(k), where): _field(str(k), v, where, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, where, depth + 1) for v in value]
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise UnreadableInput(where, "half a character (a lone surrogate)", "text", "Save the text as UTF-8.")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime.date) else value


def _translated(message: str, where: str) -> UnknownName | InvalidValue:
    """msgspec's message as one of ours; values of the patient are not repeated."""
    text, _, path = message.partition(" - at ")
    place = f"{where}: {path.strip('`').removeprefix('$.') or 'top level'}"
    unknown = re.search(r"unknown field `(.+)`", text)
    if unknown:
        room = re.sub(r"[\[\.].*", "", path.strip("`").removeprefix("$").removeprefix("."))
        known = _FIELDS.get(room, Case).__struct_fields__
        return UnknownName(place, f"field {unknown[1]!r}", f"one of {', '.join(known)}", near_names(unknown[1], known))
    field = re.sub(r"\[.*?\]", "", path.strip("`")).rpartition(".")[2]
    return InvalidValue(place, _found(text), *_EXPECTED.get(field, _FORM))


def _found(text: str) -> str:
    """What msgspec met, in plain words."""
    if missing := re.search(r"missing required field `(.+)`", text):
        return f"no {missing[1]}"
    if got := re.search(r"got `(\w+)`", text):
        return _KINDS.get(got[1], got[1])
    if word := re.search(r"Invalid enum value (.+)", text):
        return word[1]
    return "text of another form" if "regex" in text else "a number that cannot be"


__all__ = ["Quantity", "case_from", "decode", "parse_case", "parse_tree", "read_case", "read_text"]
