"""`soleus hooks report`, on a store that a service wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from soleus.cli import main
from soleus.service.app import STORE
from soleus.storage import Card, Feedback, SqliteRepository

SERVICE = "soleus-order-sign"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["hooks", "report", *words])
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = SqliteRepository(tmp_path / STORE)
    store.keep_cards(tuple(Card(f"card-{n}", SERVICE, "order", 0.0) for n in range(3)))
    at = "2026-11-29T08:30:00.000Z"
    store.keep_feedback((
        Feedback("", SERVICE, "card-0", "accepted", at, ("s",)),
        Feedback("", SERVICE, "card-1", "overridden", at, reason="benefit"),
    ))  # fmt: skip
    store.close()
    return tmp_path


def test_cards_are_counted_by_kind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--data", str(folder))
    assert code == 0
    head, row = out.splitlines()
    assert head.split() == ["service", "kind", "shown", "accepted", "overridden", "no", "answer", "reasons"]
    assert row.split() == [SERVICE, "order", "3", "1", "1", "1", "benefit", "1"]


def test_the_same_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--data", str(folder), "--format", "json")
    (count,) = json.loads(out)
    assert count == {
        "service": SERVICE, "kind": "order", "shown": 3, "accepted": 1, "overridden": 1, "reasons": {"benefit": 1},
    }  # fmt: skip


def test_a_store_without_cards_and_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--data", str(tmp_path))
    assert code == 2
    assert "no store" in err
    SqliteRepository(tmp_path / STORE).close()
    assert run(capsys, "--data", str(tmp_path))[1] == "No card has been shown yet.\n"
