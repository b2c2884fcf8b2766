"""From the desk into the data: an accepted correction and an approval, exported and loaded again."""

from __future__ import annotations

import difflib
import io
import shutil
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from soleus.editorial import handing_in
from soleus.editorial.corrections import decide, propose
from soleus.editorial.export import Consequences, Export, changed, consequences, export
from soleus.editorial.reviewing import act
from soleus.editorial.standing import standing
from soleus.errors import KnowledgeError, UsageError
from soleus.evidence.content import digest, shown_status
from soleus.knowledge.integrity import RULES, Base
from soleus.knowledge.loader import DATA, Knowledge, load, read_file
from soleus.knowledge.schema.care import Treatment
from soleus.knowledge.schema.core import Effect, Rate
from soleus.reasoning.compiled import Compiled
from soleus.storage import MemoryRepository
from tests.editorial.people import AT, EDITOR, ONE, READER, TWO, acceptance, deed, proposal

EFFECT = ("effect", "laba_or_high_beta_agonist.nocturnal_leg_cramp")
RATE = ("rate", "nocturnal_leg_cramp")
NOTHING = Consequences((), ())
TREATMENT = ("treatment", "acute_stretch")


@cache
def data() -> Compiled:
    return Compiled(load(DATA))


class Desk:
    """A store, and a folder of data of its own."""

    def __init__(self, folder: Path, compiled: Compiled | None = None) -> None:
        self.log, self.folder, self.compiled = MemoryRepository(), folder, compiled or data()
        if not folder.exists():
            shutil.copytree(DATA, folder)

    @property
    def knowledge(self) -> Knowledge:
        return self.compiled.knowledge

    def served(self, made: Export) -> Knowledge:
        read = [read_file(self.folder / name, self.folder) for name in made.files]
        return changed(self.knowledge, {(kind, r.id): r for kind, records in read for r in records})

    def correct(self, ref: tuple[str, str], field: str, value: str, editor: Any = EDITOR) -> None:
        made = propose(self.log, self.knowledge, *ref, proposal(value, field), READER, "", AT)
        seen = max((e.number for e in self.log.events("correction", subject=":".join(ref))), default=0)
        decide(self.log, self.knowledge, *ref, acceptance(made.number, seen, value, field), editor, AT)

    def approve(self, ref: tuple[str, str], who: Any = ONE, **other: str) -> None:
        for what in ("taken", "approved"):
            seen = standing(self.log, self.knowledge, *ref).last
            act(self.log, self.knowledge, *ref, deed(what, seen, **other), who, AT)

    def export(self) -> Export:
        return export(self.log, self.knowledge, self.folder)

    def does(self) -> Consequences:
        return consequences(self.export(), self.compiled, self.folder)

    def released(self, *, loaded: bool = False) -> Desk:
        """The desk once the export has been written into its folder and is served; the log goes on.

        ``loaded``: the whole folder is read again; otherwise only the files that changed.
        """
        made = self.export()
        handing_in.apply(made, self.folder)
        new = Desk(self.folder, Compiled(load(self.folder) if loaded else self.served(made)))
        new.log = self.log
        return new


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "data")


def effect(desk: Desk) -> Effect:
    return desk.knowledge.by_id(Effect)[EFFECT[1]]


def review_faults(knowledge: Knowledge) -> list[str]:
    """What the rules about reviews say."""
    about = [rule for name, (rule, _) in RULES.items() if name.startswith(("approval_", "review_"))]
    assert len(about) == 4
    return [found.message for rule in about for found in rule(Base(knowledge))]


def lines(made: Export) -> list[str]:
    return [x for x in made.diff.splitlines() if x[:1] in "+-" and x[:3] not in ("+++", "---")]


def test_nothing_decided_is_nothing_to_export(desk: Desk) -> None:
    made = desk.export()
    assert (made.files, made.diff, made.applied, desk.does()) == ({}, "", (), Consequences((), ()))
    assert "Nothing is waiting" in handing_in.report(made, desk.does(), "x")


def test_an_accepted_correction_comes_back_as_the_corrected_value(desk: Desk) -> None:
    old = effect(desk).rho
    desk.correct(EFFECT, "rho", "2.5")
    made = desk.export()
    assert list(made.files) == ["effects.yaml"]
    assert [x[0] for x in lines(made)] == ["-", "+"]
    new = desk.released(loaded=True)
    assert (effect(new).rho, old) == (2.5, old)
    assert old != 2.5
    before = {k: r for k, r in desk.knowledge.records.items() if k != "effect"}
    assert {k: r for k, r in new.knowledge.records.items() if k != "effect"} == before
    assert new.export().applied == ()


def test_only_the_field_that_was_corrected_differs(desk: Desk) -> None:
    desk.correct(EFFECT, "rho", "2.5")
    minus, plus = lines(desk.export())
    changed = [t for t in difflib.ndiff(minus[1:].split(", "), plus[1:].split(", ")) if t[:1] in "+-"]
    assert len(changed) == 2
    assert changed[1] == "+ rho: 2.5"


def test_an_approval_goes_into_the_record_with_all_that_it_says(desk: Desk) -> None:
    desk.approve(RATE, ONE, comment="Table 2: yes.", interest="none")
    new = desk.released(loaded=True)
    record = new.knowledge.by_id(Rate)[RATE[1]]
    review: Any = record.review
    assert shown_status(record) == "approved"
    assert (review.reviewer, review.last_reviewed, review.review_by) == ("Dr One", "2026-11-18", "2027-11-18")
    assert (review.of, review.conflict_of_interest, review.comment) == (digest(record), "none", "Table 2: yes.")
    assert review_faults(new.knowledge) == []
    assert new.export().applied == ()


def test_an_approval_of_what_a_correction_changes_is_left_behind(desk: Desk) -> None:
    desk.approve(EFFECT)
    desk.correct(EFFECT, "rho", "2.5")
    made = desk.export()
    assert [a.field for a in made.applied] == ["rho"]
    new = desk.released()
    assert shown_status(effect(new)) == "submitted"
    assert standing(new.log, new.knowledge, *EFFECT).status == "submitted"


def test_an_approval_of_the_corrected_content_goes_in_with_the_next_export(desk: Desk) -> None:
    desk.approve(EFFECT)
    desk.correct(EFFECT, "rho", "2.5")
    second = desk.released()
    second.approve(EFFECT, TWO)
    third = second.released()
    assert shown_status(effect(third)) == "approved"
    assert effect(third).rho == 2.5


def test_a_correction_sets_back_an_approval_that_stands_in_the_data(desk: Desk) -> None:
    desk.approve(EFFECT)
    second = desk.released()
    assert shown_status(effect(second)) == "approved"
    second.correct(EFFECT, "rho", "2.5")
    made = second.export()
    assert [(a.field, a.after) for a in made.applied] == [("rho", "2.5"), ("review", "submitted")]
    third = second.released()
    assert effect(third).review is not None
    assert effect(third).review.status == "submitted"  # type: ignore[union-attr]
    assert review_faults(third.knowledge) == []


def test_an_approval_that_was_withdrawn_is_set_back_in_the_data(desk: Desk) -> None:
    desk.approve(EFFECT)
    second = desk.released()
    seen = standing(second.log, second.knowledge, *EFFECT).last
    act(second.log, second.knowledge, *EFFECT, deed("withdrawn", seen), ONE, AT)
    assert [(a.field, a.after) for a in second.export().applied] == [("review", "submitted")]
    assert shown_status(effect(second.released())) == "submitted"


def test_of_two_accepted_values_for_one_field_the_last_goes_in(desk: Desk) -> None:
    desk.correct(EFFECT, "rho", "2.5")
    desk.correct(EFFECT, "rho", "2.6")
    assert effect(desk.released()).rho == 2.6


def test_several_fields_of_one_record_go_in_together(desk: Desk) -> None:
    desk.correct(EFFECT, "rho", "2.5")
    desk.correct(EFFECT, "high", "2.9")
    desk.correct(TREATMENT, "name", "Stretch the muscle: at once")
    new = desk.released()
    assert (effect(new).rho, effect(new).high) == (2.5, 2.9)
    assert new.knowledge.by_id(Treatment)[TREATMENT[1]].name == "Stretch the muscle: at once"


def test_a_correction_of_a_value_that_changed_meanwhile_is_left_out_with_the_reason(desk: Desk) -> None:
    desk.correct(EFFECT, "rho", "2.5")
    other = Desk(desk.folder)
    other.correct(EFFECT, "rho", "2.4")
    second = other.released()
    second.log = desk.log
    made = second.export()
    assert made.applied == ()
    assert [(o.kind, o.id) for o in made.left_out] == [EFFECT]
    assert "another value" in made.left_out[0].why


def test_the_faults_that_a_change_brings_in_are_told(desk: Desk) -> None:
    desk.correct(EFFECT, "rho", "25")
    does = desk.does()
    assert [f.rule for f in does.faults if f.level == "fault"] == ["ratios_lie_in_their_interval"]
    assert "ratios_lie_in_their_interval" in handing_in.report(desk.export(), does, "x")


def test_what_moves_is_told_for_the_panel(desk: Desk) -> None:
    desk.correct(RATE, "per_100k/f_40_64", "85")
    does = desk.does()
    assert does.moves[0].distance > 0.01
    told = handing_in.report(desk.export(), does, "x")
    assert f"{len(does.moves)} of the panel move" in told
    assert does.moves[0].case in told


def test_the_shipped_files_are_not_touched(desk: Desk, tmp_path: Path) -> None:
    before = {p: p.read_bytes() for p in DATA.rglob("*.yaml")}
    own = {p: p.read_bytes() for p in desk.folder.rglob("*.yaml")}
    desk.correct(EFFECT, "rho", "2.5")
    made = desk.export()
    handing_in.write(handing_in.files_of(made, NOTHING, "x"), tmp_path / "out")
    assert {p: p.read_bytes() for p in DATA.rglob("*.yaml")} == before
    assert {p: p.read_bytes() for p in desk.folder.rglob("*.yaml")} == own
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["changes.diff", "data", "report.md"]


def test_a_folder_that_holds_something_is_not_written_into(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="--out"):
        handing_in.write(handing_in.files_of(desk.export(), NOTHING, "x"), tmp_path / "out")


def test_a_folder_of_another_knowledge_is_refused(desk: Desk) -> None:
    file = desk.folder / "effects.yaml"
    desk.correct(EFFECT, "rho", "2.5")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f"id: {EFFECT[1]},", "id: another_one,"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="no file that holds it"):
        desk.export()


def test_the_archive_holds_the_same_files_and_the_same_bytes_each_time(desk: Desk) -> None:
    desk.correct(EFFECT, "rho", "2.5")
    files = handing_in.files_of(desk.export(), NOTHING, "x")
    packed = handing_in.archive(files)
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        assert {n: found.read(n).decode() for n in found.namelist()} == files
    assert handing_in.archive(files) == packed
