"""Runs: prose with its figures, links and sources; sentences that are put together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.errors import KnowledgeError
from soleus.library.model import Paragraph, RecordRef, Run
from soleus.library.writing import Writer
from soleus.reasoning.compiled import Compiled, shipped_compiled


@pytest.fixture
def writer() -> Writer:
    return Writer(shipped_compiled(), "clinician")


def only(paragraphs: tuple[Paragraph, ...]) -> Paragraph:
    assert len(paragraphs) == 1
    return paragraphs[0]


def test_numbers_of_sources_stand_before_the_mark(writer: Writer) -> None:
    told = only(writer.prose("Cramps are common [@garrison2012]. So is age [@garrison2012; @ctt2022]."))
    assert [(r.text, r.cites) for r in told.runs] == [
        ("Cramps are common", (1,)),
        (". So is age", (1, 2)),
        (".", ()),
    ]


def test_sources_of_a_figure_follow_it(writer: Writer) -> None:
    told = only(writer.prose("In {fact:g12-statin|interval} [@garrison2012] of them."))
    assert [(r.text, r.cites) for r in told.runs] == [("In ", ()), ("1.16 (1.04 to 1.29)", (1,)), (" of them.", ())]
    assert told.runs[1].record == RecordRef(kind="fact", id="g12-statin")


def test_a_link_is_named_as_its_place_in_the_sentence_wants(writer: Writer) -> None:
    told = only(writer.prose("[[restless_legs_syndrome]] is not [[cramp|nocturnal_leg_cramp]]. [[als]] neither."))
    names = [r.text for r in told.runs if r.entry]
    assert names[0].startswith("Restless legs syndrome")
    assert names[1] == "cramp"
    assert names[2].startswith("Amyotrophic")
    assert told.runs[0].entry == RecordRef(kind="explanation", id="restless_legs_syndrome")


@pytest.mark.parametrize(("id", "told"), [("growing_pains", "benign"), ("als", "amyotrophic")])
def test_a_name_inside_a_sentence_is_small(writer: Writer, id: str, told: str) -> None:
    assert only(writer.prose(f"It is [[{id}]].")).runs[1].text.startswith(told)


def test_names_of_people_keep_their_capital(writer: Writer) -> None:
    assert only(writer.prose("It is [[paget_disease_of_bone]].")).runs[1].text.startswith("Paget")


def test_a_figure_that_is_not_there_is_an_error(writer: Writer) -> None:
    with pytest.raises(KnowledgeError, match="no such record"):
        writer.prose("In {fact:nothing} of them.")


def test_lists_stay_lists(writer: Writer) -> None:
    told = writer.prose("These:\n- one thing\n- another\n\nThe rest.")
    assert [(p.text, p.item) for p in told] == [
        ("These:", False), ("one thing", True), ("another", True), ("The rest.", False),
    ]  # fmt: skip


WORDS = st.text(st.characters(categories=("Ll", "Lu", "Zs"), exclude_characters="[]{}"), min_size=1, max_size=40)


@settings(max_examples=60)
@given(st.lists(WORDS.filter(str.strip), min_size=1, max_size=5))
def test_words_come_through_as_they_are(words: list[str]) -> None:
    """With markup between them, nothing of the words is lost or changed but blanks."""
    text = " [@garrison2012] ".join(words)
    told = Writer(shipped_compiled(), "clinician").prose(text)
    assert "".join("".join(p.text.split()) for p in told) == "".join("".join(w.split()) for w in words)


def test_a_sentence_of_ours_joins_what_it_names(writer: Writer) -> None:
    runs = [Run(text=t) for t in ("one", "two", "three")]
    assert writer.say("these are {}.", runs).text == "These are one, two and three."
    assert writer.say("{} or {}.", runs[0], runs[1]).text == "One or two."


def test_a_sentence_of_ours_cites_before_its_full_stop(writer: Writer) -> None:
    effect = writer.compiled.effects["statin", "nocturnal_leg_cramp"]
    told = writer.say("It is {} times.", writer.figure(effect), cite=(effect,))
    assert [r.text for r in told.runs] == ["It is ", "1.16", " times", "."]
    assert told.runs[2].cites == (1, 2)


def test_records_that_were_used_are_noted_once_in_their_order(compiled: Compiled) -> None:
    writer = Writer(compiled, "clinician")
    writer.prose("{fact:g12-statin} {fact:g12-laba} {fact:g12-statin}")
    assert list(writer.used) == [RecordRef(kind="fact", id="g12-statin"), RecordRef(kind="fact", id="g12-laba")]


def test_patients_read_lists_one_by_one(compiled: Compiled) -> None:
    runs = [Run(text="one"), Run(text="two")]
    told = list(Writer(compiled, "patient").list("Signs", runs))
    assert [(p.text, p.item) for p in told] == [("Signs:", False), ("One", True), ("Two", True)]
    assert [p.text for p in Writer(compiled, "clinician").list("Signs", runs)] == ["Signs: one and two."]
