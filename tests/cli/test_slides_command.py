"""`soleus library slides`."""

from __future__ import annotations

from pathlib import Path

import pytest

from soleus.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["library", "slides", *words])
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


def first_title(file: Path) -> str:
    from pptx import Presentation

    return str(Presentation(str(file)).slides[0].shapes.title.text)


def test_slides_are_written_for_a_name_and_for_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pptx", reason="python-pptx is not installed")
    one, two = tmp_path / "one.pptx", tmp_path / "two.pptx"
    code, out, _ = run(capsys, "night cramp", "--audience", "patient", "--out", str(one))
    assert (code, first_title(one)) == (0, "Night leg cramp")
    assert out == f"{one}: {one.stat().st_size:,} bytes\n"
    code, _, _ = run(capsys, "als", "--against", "cramp_fasciculation_syndrome", "--out", str(two))
    assert (code, first_title(two).endswith("or cramp-fasciculation syndrome?")) == (0, True)


def test_what_is_not_known_or_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pptx", reason="python-pptx is not installed")
    code, _, err = run(capsys, "nothing of the kind", "--out", str(tmp_path / "x.pptx"))
    assert code == 3
    assert "entry: found 'nothing of the kind'" in err
    code, _, err = run(capsys, "als", "--out", str(tmp_path / "no/x.pptx"))
    assert code == 6
    assert "a file that can be written" in err
    assert not list(tmp_path.iterdir())
