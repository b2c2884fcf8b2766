"""Whatever is handed over, the readers of cases give a case or one clear error; never another exception."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from, decode, parse_case, read_case
from soleus.errors import (
    CannotAssess,
    Contradiction,
    InputError,
    InvalidValue,
    SoleusError,
    UnknownName,
    UnreadableInput,
)
from soleus.interop.reading import read_any
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.medicines import MedicineIndex

FIELDS = ["id", "as_of", "setting", "answered_by", "country", "person", "findings", "onset", "duration", "complaints",
          "conditions", "medicines", "measurements", "pretest", "lists", "unused"]  # fmt: skip
WORDS = ["quality", "cramp", "present", "absent", "potassium", "mmol/L", "2026-02-30", "0000-00-00", "9999-12-31",
         "2026-11-21", "2026", "furosemide", "diabetes", "value", "unit", "date", "name", "code", "system", "since",
         "status", "started", "stopped", "age", "sex", "male", "pregnant", "birth_date", "tempo", "3 weeks", "nan",
         "restless_legs_syndrome", "primary_care", "\x00", "\ud800", "’", "𝔘", ""]  # fmt: skip
atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=8), st.sampled_from(WORDS)
)
trees = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
cases = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), trees, max_size=5)


def judged_in(case: Case) -> tuple[Presentation, ...]:
    compiled = shipped_compiled()
    return take_in(case, compiled, MedicineIndex(compiled.knowledge))


def check(error: SoleusError) -> None:
    """Where, what, what was expected and how to mend it are all said, and shortly."""
    assert error.exit_code in (3, 5)
    assert all(0 < len(part) < 700 for part in (error.found, error.expected, error.repair)), error.to_dict()


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text(text: str) -> None:
    try:
        assert isinstance(parse_case(text), Case)
    except SoleusError as error:
        check(error)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["x.yaml", "x.json", "x.json.gz", "x"])
def test_any_bytes(tmp_path: Path, name: str, raw: bytes) -> None:
    path = tmp_path / name
    for content in (raw, gzip.compress(raw)):
        path.write_bytes(content)
        for reader in (read_case, lambda p: read_any(p, shipped_compiled())):
            try:
                assert isinstance(reader(path), Case)
            except SoleusError as error:
                check(error)


@given(cases)
@settings(max_examples=600, deadline=None)
def test_any_tree(tree: dict[str, Any]) -> None:
    try:
        assert judged_in(case_from(tree))
    except SoleusError as error:
        check(error)


@given(cases)
@settings(max_examples=200, deadline=None)
def test_any_tree_as_text(tree: dict[str, Any]) -> None:
    try:
        assert judged_in(parse_case(json.dumps(tree)))
    except SoleusError as error:
        check(error)


COMPLAINT: dict[str, Any] = {"as_of": "2026-11-21", "findings": {"quality": "cramp"}, "person": {"age": 50}}


@given(st.sampled_from(FIELDS), trees)
@settings(max_examples=600, deadline=None)
def test_one_field_of_a_good_case_replaced(name: str, junk: Any) -> None:
    try:
        assert judged_in(case_from({**COMPLAINT, name: junk}))
    except SoleusError as error:
        check(error)


@given(st.sampled_from(["conditions", "medicines", "measurements", "complaints"]), st.lists(
    st.dictionaries(st.sampled_from(["name", "code", "system", "since", "status", "started", "stopped", "dose", "value",
                                     "unit", "date", "id", "onset", "duration", "findings"]), atoms, max_size=4),
    max_size=3))  # fmt: skip
@settings(max_examples=600, deadline=None)
def test_any_list_of_a_good_case(name: str, rows: list[dict[str, Any]]) -> None:
    try:
        assert judged_in(case_from({**COMPLAINT, name: rows}))
    except SoleusError as error:
        check(error)


BAD: list[tuple[str, dict[str, Any], type[SoleusError]]] = [
    ("unknown finding", {"findings": {"quallity": "cramp"}}, UnknownName),
    ("unknown state", {"findings": {"quality": "purple"}}, InvalidValue),
    ("unknown setting", {"setting": "spaceship"}, UnknownName),
    ("unknown explanation", {"pretest": {"plague": 0.2}}, UnknownName),
    ("unknown field", {"finding": {}}, UnknownName),
    ("pretest over one", {"pretest": {"restless_legs_syndrome": 0.7, "nocturnal_leg_cramp": 0.7}}, InvalidValue),
    ("age", {"person": {"age": 130}}, InvalidValue),
    ("age by birth", {"person": {"birth_date": "1890-01-01"}}, InvalidValue),
    ("born in the future", {"person": {"birth_date": "2027-01-01"}}, InvalidValue),
    ("a day that is not", {"onset": "2026-02-30"}, InvalidValue),
    ("year nought", {"onset": "0000-00-00"}, InvalidValue),
    ("as_of that is not", {"as_of": "2026-13-01"}, InvalidValue),
    ("onset in the future", {"onset": "2026-12-01"}, InvalidValue),
    ("onset in the future beside a duration", {"onset": "2026-12-01", "duration": "3 weeks"}, InvalidValue),
    ("medicine in the future", {"medicines": [{"name": "furosemide", "started": "2027-01-01"}]}, InvalidValue),
    ("medicine before its start", {"medicines": [{"name": "furosemide", "started": "2026-05-01",
                                                  "stopped": "2026-01-01"}]}, InvalidValue),
    ("condition in the future", {"conditions": [{"name": "diabetes", "since": "2027-01-01"}]}, InvalidValue),
    ("measured in the future", {"measurements": [{"name": "potassium", "value": 4, "unit": "mmol/L",
                                                  "date": "2027-01-01"}]}, InvalidValue),
    ("finding in the future", {"findings": {"potassium": {"value": 4, "unit": "mmol/L", "date": "2027-01-01"}}},
     InvalidValue),
    ("a date that is no date", {"findings": {"potassium": {"value": 4, "unit": "mmol/L", "date": "soon"}}},
     InvalidValue),
    ("wrong unit", {"measurements": [{"name": "potassium", "value": 4, "unit": "mg/dL"}]}, InvalidValue),
    ("no unit", {"measurements": [{"name": "potassium", "value": 4}]}, InvalidValue),
    ("unit that is no text", {"findings": {"potassium": {"value": 4, "unit": 7}}}, InvalidValue),
    ("impossible value", {"measurements": [{"name": "potassium", "value": 400, "unit": "mmol/L"}]}, InvalidValue),
    ("not a number", {"measurements": [{"name": "potassium", "value": float("nan"), "unit": "mmol/L"}]}, InvalidValue),
    ("endless", {"findings": {"potassium": {"value": float("inf"), "unit": "mmol/L"}}}, InvalidValue),
    ("a huge whole number", {"findings": {"potassium": {"value": 10**400, "unit": "mmol/L"}}}, InvalidValue),
    ("a huge whole number alone", {"findings": {"potassium": 10**400}}, InvalidValue),
    ("two answers", {"findings": {"quality": "cramp", "Dominant quality": "ache"}}, Contradiction),
    ("present and absent", {"conditions": ["diabetes", {"name": "diabetes", "status": "absent"}]}, Contradiction),
    ("pregnant man", {"person": {"sex": "male", "pregnant": True}}, Contradiction),
    ("a man's pregnancy among conditions", {"person": {"sex": "male"}, "conditions": ["pregnancy"]}, Contradiction),
    ("no complaint", {"findings": {}}, CannotAssess),
    ("a disease is no complaint", {"findings": {"diabetes": "present"}}, CannotAssess),
    ("a blood test is no complaint", {"findings": {"potassium": {"value": 4, "unit": "mmol/L"}}}, CannotAssess),
    ("a duration without words", {"duration": "long"}, InvalidValue),
    ("an endless duration", {"duration": f"{'9' * 400} years"}, InvalidValue),
    ("two complaints of one name", {"complaints": [{"id": "a"}, {"id": "a"}]}, Contradiction),
]  # fmt: skip


@pytest.mark.parametrize(("change", "kind"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_cannot_be(change: dict[str, Any], kind: type[SoleusError]) -> None:
    with pytest.raises(kind) as caught:
        judged_in(case_from({**COMPLAINT, **change}))
    check(caught.value)


TEXTS: list[tuple[str, bytes]] = [
    ("brackets", b"[" * 100_000),
    ("json brackets", b'{"findings":' * 100_000),
    ("billion laughs", b"a: &a [x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n"),
    ("an anchor that holds itself", b"&a [*a]"),
    ("a python object", b"!!python/object/apply:os.system ['true']"),
    ("nul", b"id: a\x00b"),
    ("latin-1", "id: café".encode("latin-1")),
    ("half a utf-16", "id: x".encode("utf-16")[:-1]),
    ("a lone surrogate", b'{"id": "\\ud800"}'),
    ("a key twice", b"id: a\nid: b"),
    ("two documents", b"id: a\n---\nid: b"),
    ("tabs", b"findings:\n\tquality: cramp"),
    ("a list", b"- 1"),
    ("a number", b"7"),
    ("nothing", b""),
    ("a date that is not", b"onset: 2026-02-30"),
    ("a key that is a list", b"? [a]\n: b"),
    ("base 60", b"person: {age: 190:20:30}"),
    ("endless", b'{"person": {"age": 1e999}}'),
    ("not a number", b'{"person": {"age": NaN}}'),
    ("binary", b"id: !!binary ////"),
    ("a set", b"findings: !!set {quality}"),
    ("a merge key", b"findings: {<<: 3}"),
]


@pytest.mark.parametrize("raw", [t[1] for t in TEXTS], ids=[t[0] for t in TEXTS])
@pytest.mark.parametrize("name", ["case.yaml", "case.json", "case.txt"])
def test_texts_that_are_no_case(tmp_path: Path, raw: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    for reader in (read_case, lambda p: read_any(p, shipped_compiled())):
        with pytest.raises((InputError, CannotAssess)) as caught:
            judged_in(reader(path))
        check(caught.value)


@pytest.mark.parametrize("name", ["big.yaml", "big.json", "big"])
def test_fifty_megabytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"a: b\n" * 10_500_000)
    for reader in (read_case, lambda p: read_any(p, shipped_compiled())):
        with pytest.raises(UnreadableInput, match="bytes"):
            reader(path)
    path.write_bytes(b"a: b\n" * 8_000_000)
    with pytest.raises(UnreadableInput):
        read_any(path, shipped_compiled())


def test_a_small_file_that_unpacks_to_a_large_one(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b" " * 200_000_000))
    with pytest.raises(UnreadableInput, match="too many bytes"):
        read_any(path, shipped_compiled())


def test_utf_16_and_marks_are_read() -> None:
    assert parse_case(decode("id: ünï".encode("utf-16"), "x")).id == "ünï"
    assert parse_case(decode("id: ünï".encode("utf-8-sig"), "x")).id == "ünï"


@pytest.mark.parametrize("path", ["nowhere.yaml", "."])
def test_no_file(path: str) -> None:
    for reader in (read_case, lambda p: read_any(p, shipped_compiled())):
        with pytest.raises(UnreadableInput):
            reader(Path(path))


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"complaints": [{"id": str(n)} for n in range(13)]}, "13 entries"),
        ({"measurements": [{"name": "potassium", "value": 4}] * 501}, "501 entries"),
        ({"medicines": ["furosemide"] * 501}, "501 entries"),
        ({"findings": {f"finding {n}": "yes" for n in range(1_001)}}, "1,001 entries"),
        ({"complaints": [{"findings": {"x" * 201: "yes"}}]}, "a name of 201 characters"),
        ({"pretest": {"x" * 201: 0.5}}, "a name of 201 characters"),
    ],
)
def test_what_no_person_has_is_refused_before_it_is_matched(tree: dict[str, Any], told: str) -> None:
    with pytest.raises(UnreadableInput) as fault:
        case_from(tree)
    assert fault.value.found == told


def test_of_very_many_faults_one_message_tells_the_first() -> None:
    compiled = shipped_compiled()
    case = case_from({"findings": {f"no such thing {n}": "yes" for n in range(900)}})
    with pytest.raises(InputError) as fault:
        take_in(case, compiled, MedicineIndex(compiled.knowledge))
    assert fault.value.where == "at least 12 places"
    assert len(str(fault.value)) < 5_000
