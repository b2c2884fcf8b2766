"""Slides: what an entry says in ten to sixteen slides, native shapes, numbered sources, nothing off the slide."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import UnknownName, UsageError
from soleus.library import deck
from soleus.library.deck.lines import Line, first_that_fit, fitted
from soleus.library.entries import entry_of
from soleus.library.model import Entry, Paragraph, Run
from soleus.library.slide_lines import Numbers, gist, lines_of, sentences
from soleus.library.slides import comparison_slides, slides
from soleus.reasoning.compiled import Compiled
from soleus.reports.drawing import lettering

TODAY = "2026-11-29"
ADDRESS = "https://soleus.example"
SHOWN = ("nocturnal_leg_cramp", "restless_legs_syndrome", "erythromelalgia", "acute_limb_ischaemia")
_INCH = 914_400


def entry(compiled: Compiled, id: str, audience: Any = "clinician") -> Entry:
    return entry_of(compiled, "explanation", id, audience, TODAY)


@pytest.fixture(scope="module")
def decks(compiled: Compiled) -> dict[str, bytes]:
    """The decks that the tests look at, made once."""
    pytest.importorskip("pptx", reason="python-pptx is not installed")
    made = {id: slides(compiled, entry(compiled, id), ADDRESS) for id in SHOWN}
    made["plain"] = slides(compiled, entry(compiled, SHOWN[0], "patient"), ADDRESS)
    made["both"] = comparison_slides(compiled, entry(compiled, SHOWN[0]), entry(compiled, SHOWN[1]), ADDRESS)
    return made


def shown(made: bytes) -> list[Any]:
    from pptx import Presentation

    return list(Presentation(io.BytesIO(made)).slides)


def words_of(slide: Any) -> str:
    told = [s.text_frame.text for s in slide.shapes if s.has_text_frame]
    told += [c.text for s in slide.shapes if s.has_table for r in s.table.rows for c in r.cells]
    return "\n".join(told)


def titles(made: bytes) -> list[str]:
    return [s.shapes.title.text for s in shown(made)]


def notes(slide: Any) -> str:
    return str(slide.notes_slide.notes_text_frame.text)


def frames(slide: Any) -> Iterator[tuple[Any, float, float]]:
    """Every text with the width and height that it has, in points."""
    for s in slide.shapes:
        if s.has_text_frame and s.text_frame.text:
            yield s.text_frame, s.width / 12_700, s.height / 12_700
        if s.has_table:
            for row in s.table.rows:
                for cell, column in zip(row.cells, s.table.columns, strict=True):
                    room = (column.width - cell.margin_left - cell.margin_right) / 12_700
                    yield cell.text_frame, room, (row.height - cell.margin_top - cell.margin_bottom) / 12_700


def tall(frame: Any, room: float) -> float:
    """The height of a text in points, as its lines break."""
    total = 0.0
    for n, p in enumerate(frame.paragraphs):
        sizes = [r.font.size.pt for r in p.runs]
        if not sizes:
            continue
        text = " ".join(r.text for r in p.runs)
        hang = int(p._p.get_or_add_pPr().get("marL", "0")) / 12_700
        bold = any(r.font.bold for r in p.runs)
        total += len(lettering.lines(text, room - hang, max(sizes), bold)) * max(sizes) * 1.15
        total += p.space_before.pt if n and p.space_before else 0
    return total


# ------------------------------------------------------------------------------------------------------ one deck


def test_an_entry_makes_ten_to_sixteen_slides(decks: dict[str, bytes]) -> None:
    assert {name: 10 <= len(shown(made)) <= 16 for name, made in decks.items()} == dict.fromkeys(decks, True)


def test_the_slides_follow_the_entry_from_its_name_to_who_stands_behind_it(decks: dict[str, bytes]) -> None:
    assert titles(decks[SHOWN[0]]) == [
        "Nocturnal (sleep-related) leg cramp",
        "Key points",
        "Who gets it",
        "What speaks for it",
        "What else it may be",
        "Causes",
        "Work-up",
        "Treatment: what to do",
        "Treatment: what not to rely on",
        "What trials found",
        "What trials found, continued",
        "Prevention · Prognosis",
        "What is not known",
        "References",
        "References, continued",
        "About these slides",
    ]


def test_a_comparison_sets_both_side_by_side(decks: dict[str, bytes], compiled: Compiled) -> None:
    found = titles(decks["both"])
    assert found[0] == "Nocturnal (sleep-related) leg cramp or restless legs syndrome (Willis-Ekbom disease)?"
    assert found[1:3] == ["What each is", "What tells them apart"]
    pages = shown(decks["both"])
    for title in ("What each is", "Who gets it", "Work-up", "Treatment", "What is not known"):
        told = words_of(pages[found.index(title)])
        assert all(entry(compiled, id).title in told for id in SHOWN[:2])
    apart = words_of(pages[2])
    assert "Muscle visibly knotted or hard: present" in apart
    assert "85%" in apart


def test_nothing_overflows_its_box_or_the_slide(decks: dict[str, bytes]) -> None:
    for name, made in decks.items():
        for n, slide in enumerate(shown(made), start=1):
            for frame, room, high in frames(slide):
                assert tall(frame, room) <= high + 2, (name, n, frame.text[:60])
            for s in slide.shapes:
                assert s.left >= 0, (name, n, s.name)
                assert s.left + s.width <= 13.34 * _INCH, (name, n, s.name)
                assert s.top + s.height <= 7.5 * _INCH, (name, n, s.name)


def test_tables_and_forest_plots_are_native(decks: dict[str, bytes]) -> None:
    pages = dict(zip(titles(decks[SHOWN[0]]), shown(decks[SHOWN[0]]), strict=True))
    assert [s.has_table for s in pages["What speaks for it"].shapes].count(True) == 1
    assert [s.has_chart for s in pages["Who gets it"].shapes].count(True) == 1
    group = next(s for s in pages["Causes"].shapes if s.shape_type == 6)
    assert len(list(group.shapes)) > 60  # uprights, spans with their ends, marks
    assert "Statin 1.16 (1.04 to 1.29)" in group._element.nvGrpSpPr.cNvPr.get("descr")
    assert not [n for n in zipfile.ZipFile(io.BytesIO(decks[SHOWN[0]])).namelist() if n.startswith("ppt/media/")]


def test_the_first_slide_shades_the_leg_where_it_hurts(decks: dict[str, bytes]) -> None:
    first = shown(decks[SHOWN[0]])[0]
    group = next(s for s in first.shapes if s.shape_type == 6)
    assert "calf 76%" in group._element.nvGrpSpPr.cNvPr.get("descr")
    assert len(list(group.shapes)) == 10  # five places from behind, five from the front


def test_every_number_on_a_slide_is_a_reference_and_in_the_notes_in_full(decks: dict[str, bytes]) -> None:
    for made in decks.values():
        pages = shown(made)
        listed = {
            int(m[1])
            for slide, title in zip(pages, titles(made), strict=True)
            if title.startswith("References")
            for m in re.finditer(r"(?m)^(\d+)\. ", words_of(slide))
        }
        assert listed == set(range(1, len(listed) + 1))
        used: set[int] = set()
        for slide in pages:
            raised = {
                int(n)
                for frame, _, _ in frames(slide)
                for p in frame.paragraphs
                for r in p.runs
                if r.font._element.get("baseline")
                for n in r.text.split(",")
            }
            assert all(f"[{n}] " in notes(slide) for n in raised), slide.shapes.title.text
            used |= raised
        assert used <= listed


def test_what_does_not_fit_stands_in_the_notes(decks: dict[str, bytes], compiled: Compiled) -> None:
    pages = dict(zip(titles(decks[SHOWN[0]]), shown(decks[SHOWN[0]]), strict=True))
    causes = notes(pages["Causes"])
    assert "Not on the slide:" in causes
    assert "Low sodium (below 130 mmol/L): 3 (1.2 to 7) (estimated)" in causes
    treatments = next(t for s in entry(compiled, SHOWN[0]).sections for t in s.tables if t.id == "treatments")
    told = [p for t, p in pages.items() if t.startswith("Treatment")]
    everything = "\n".join(words_of(p) + notes(p) for p in told)
    assert [r.label for r in treatments.rows if r.label not in everything] == []


def test_the_last_slide_says_version_standing_and_how_to_cite(decks: dict[str, bytes], compiled: Compiled) -> None:
    version = compiled.knowledge.version
    for name in SHOWN:
        last = words_of(shown(decks[name])[-1])
        assert f"knowledge {version}" in last
        assert "Not reviewed." in last
        assert f"{ADDRESS}/library/explanation/{name}?version={version}" in last.replace("\n", "")
        assert "CC BY 4.0" in last
        assert "Reviewer: none yet" in last
    for slide in shown(decks[SHOWN[0]])[1:]:
        assert f"Soleus knowledge {version}, not reviewed by a clinician" in words_of(slide)


def test_patients_get_plain_words(decks: dict[str, bytes]) -> None:
    told = "\n".join(words_of(s) for s in shown(decks["plain"])[:6])
    assert "Night leg cramp" in told
    assert "in 10" in told
    assert "idiopathic" not in told


def test_the_same_entry_gives_the_same_bytes(decks: dict[str, bytes], compiled: Compiled) -> None:
    assert slides(compiled, entry(compiled, "erythromelalgia"), ADDRESS) == decks["erythromelalgia"]
    inside = zipfile.ZipFile(io.BytesIO(decks[SHOWN[0]]))
    assert {i.date_time for i in inside.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert b"1980-01-01T00:00:00Z" in inside.read("docProps/core.xml")


def test_only_explanations_have_slides(compiled: Compiled) -> None:
    statin = entry_of(compiled, "contributor", "statin", "clinician", TODAY)
    cramp = entry(compiled, SHOWN[0])
    with pytest.raises(UnknownName):
        slides(compiled, statin)
    with pytest.raises(UnknownName):
        comparison_slides(compiled, cramp, cramp)


def test_without_python_pptx_it_says_what_to_install(compiled: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pptx", None)
    monkeypatch.setattr(deck, "slides_are_here", lambda: False)
    with pytest.raises(UsageError, match=r"soleus\[slides\]"):
        slides(compiled, entry(compiled, SHOWN[0]))


# --------------------------------------------------------------------------------------------------------- lines


def paragraph(*runs: tuple[str, tuple[int, ...]]) -> Paragraph:
    return Paragraph(runs=tuple(Run(text=text, cites=cites) for text, cites in runs))


def test_a_sentence_keeps_the_sources_that_stand_in_it_or_after_it() -> None:
    told = sentences(
        paragraph(("First ", ()), ("31%", (1,)), (" of them. Then more.", ()), ("", (2, 3)), (" Last.", ()))
    )
    assert [(s.text, s.cites) for s in told] == [
        ("First 31% of them.", (1,)),
        ("Then more.", (2, 3)),
        ("Last.", ()),
    ]


def test_the_gist_is_the_first_sentence_with_the_next_where_it_only_names_the_topic() -> None:
    long = paragraph(("Polysomnography does not diagnose a cramp of this kind. It excludes other things.", ()))
    topic = paragraph(("Site and side. The calf is the main site.", (4,)))
    assert (found := gist(long)) is not None
    assert found.text == "Polysomnography does not diagnose a cramp of this kind."
    assert (found := gist(topic)) is not None
    assert found.text == "Site and side: The calf is the main site."
    assert found.cites == (4,)


def test_items_keep_what_leads_to_them(compiled: Compiled) -> None:
    plain = entry(compiled, "restless_legs_syndrome", "patient")
    who = next(s for s in plain.sections if s.part == "who")
    lines = lines_of(plain, who, Numbers())
    at = next(n for n, line in enumerate(lines) if line.text.startswith("are pregnant"))
    assert lines[at - 1].text == "They are more likely if you:"
    assert not lines[at - 1].bullet


def test_a_short_section_is_told_sentence_by_sentence(compiled: Compiled) -> None:
    plain = entry(compiled, "restless_legs_syndrome", "patient")
    section = next(s for s in plain.sections if s.part == "not_known")
    assert len(section.paragraphs) == 1
    lines = lines_of(plain, section, Numbers())
    assert " ".join(line.text for line in lines) == section.paragraphs[0].text
    assert len(lines) > 1


def test_numbers_that_were_tried_are_not_kept(compiled: Compiled) -> None:
    numbers = Numbers()
    references = entry(compiled, SHOWN[0]).references
    assert numbers.tried().cite(references[:3]) == (1, 2, 3)
    assert numbers.cite([references[7]]) == (1,)
    assert [r.id for r in numbers.all()] == [references[7].id]


LINES = st.lists(st.text("abc def ghi,", min_size=1, max_size=300).map(Line), min_size=1, max_size=12)


@given(LINES, st.floats(1, 12), st.floats(0.2, 6))
def test_lines_that_are_said_to_fit_do(lines: list[Line], room: float, high: float) -> None:
    n = first_that_fit(lines, room, high, 12)
    size = fitted(lines[:n], room, high, (20, 12)) if n else 12
    used = sum(line.tall(room, size) for line in lines[:n]) + 0.45 * size / 72 * max(n - 1, 0)
    assert used <= high + 1e-9
    assert n == len(lines) or first_that_fit(lines, room, high, 12.5) <= n


def test_larger_type_is_chosen_where_there_is_room() -> None:
    assert fitted([Line("short")], 10, 5, (20, 12)) == 20
    assert fitted([Line("word " * 400)], 10, 5, (20, 12)) < 20
