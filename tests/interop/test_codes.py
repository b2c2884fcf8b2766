"""The code of a case is read like any other file, so that it passes from page to command line and back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from soleus.clinical.reading import case_from
from soleus.errors import InputError
from soleus.interop.handover import packed
from soleus.interop.reading import case_in, read_any
from soleus.reasoning.compiled import shipped_compiled

CASE = {
    "id": "handed_over",
    "person": {"age": 67.0, "sex": "female"},
    "findings": {"quality": "cramp", "potassium": {"value": 3.1, "unit": "mmol/L"}},
    "medicines": [{"name": "furosemide", "started": "2026-08"}],
}


def test_a_file_with_a_code_holds_the_same_case(tmp_path: Path) -> None:
    file = tmp_path / "case.txt"
    file.write_text(packed(CASE) + "\n", encoding="utf-8")
    assert read_any(file, shipped_compiled()) == case_from(CASE)


def test_the_code_of_a_saved_interview_holds_its_answers() -> None:
    answer = {"question": "swelling", "stage": "bedside", "reply": "none", "set_findings": [["swelling", "none"]]}
    code = packed({"case": CASE, "respondent": "self", "answers": [answer]})
    told = case_in(code, shipped_compiled(), "code")
    assert told.findings == {**msgspec.to_builtins(case_from(CASE))["findings"], "swelling": "none"}


@pytest.mark.parametrize("code", [packed([1, 2]), packed("word"), packed(CASE)[:-4], "soleus1.!!", packed({"x": 1})])
def test_a_code_of_anything_else_is_refused(code: str) -> None:
    with pytest.raises(InputError, match="code"):
        case_in(code, shipped_compiled(), "code")
