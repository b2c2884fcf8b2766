"""`soleus library check` as a user calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from soleus.cli import library_checking, main
from soleus.library.checking import Fault

FAULT = Fault(
    where="explanation:als (patient) who", rule="figures", found="'12' typed", expected="the figure of a record"
)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["library", "check", *words])
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out, captured.err


def test_the_shipped_library_passes(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--format", "json", "--as-of", "2026-11-29")
    told: dict[str, Any] = json.loads(out)
    assert code == 0
    assert (told["faults"], told["prose_numbers_unsourced"], told["overdue"]) == ([], 0, 0)
    assert told["entries"]["explanation"] >= 107


def test_a_fault_is_printed_with_its_place_and_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_checking, "check", lambda *_: (FAULT,))
    code, out, err = run(capsys)
    assert code == 4
    assert "explanation:als (patient) who [figures]: '12' typed; expected the figure of a record." in out
    assert "1 fault" in err


def test_a_day_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--as-of", "soon")
    assert code == 2
    assert "--as-of" in err
