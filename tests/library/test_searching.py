"""Search: forgiving of typing, and at home in the words of patients. The measured set is searches.yaml."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.knowledge.loader import shipped
from soleus.library.naming import code_key, key_of, names, records
from soleus.library.searching import LONGEST, search
from soleus.library.told import NOTHING, told_by
from soleus.reasoning.compiled import Compiled, shipped_compiled

AIM_FIRST, AIM_THREE = 0.85, 0.95
SEARCHES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("searches.yaml").read_text(encoding="utf-8")
)


def found(compiled: Compiled, words: str, most: int = 20) -> list[str]:
    return [f"{hit.entry.kind}:{hit.entry.id}" for hit in search(compiled, words, "patient", most)]


def test_the_set_is_large_and_names_entries_that_are_there(compiled: Compiled) -> None:
    known = {f"{ref.kind}:{ref.id}" for ref, _ in records(compiled)}
    wanted = {w for queries in SEARCHES.values() for want in queries.values() for w in want}
    assert sum(map(len, SEARCHES.values())) >= 100
    assert wanted - known == set()


def test_what_is_sought_comes_first_or_among_the_first_three(compiled: Compiled) -> None:
    told = [(found(compiled, words, 3), wanted) for qs in SEARCHES.values() for words, wanted in qs.items()]
    first = sum(got[0] in wanted for got, wanted in told if got) / len(told)
    three = sum(bool({*got} & {*wanted}) for got, wanted in told) / len(told)
    print(f"hit@1 {first:.3f}, hit@3 {three:.3f} of {len(told)} searches")
    assert first >= AIM_FIRST
    assert three >= AIM_THREE


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ("systremma", "also"),
        ("G47.62", "code"),
        ("Lasix", "brand"),
        ("jactatio capitis nocturna", "also"),
        ("Schaufensterkrankheit", "former"),
        ("leg pain when walking goes away when I stop", "felt"),
    ],
)
def test_a_hit_says_why_it_fits(compiled: Compiled, words: str, how: str) -> None:
    hit = search(compiled, words, "patient")[0]
    assert hit.how == how
    assert hit.matched


def test_every_own_name_finds_its_entry_among_the_first_three(compiled: Compiled) -> None:
    """Names that several entries share may all be found; three of a name come at most in this knowledge base."""
    shared: dict[str, int] = {}
    for every in names(compiled).values():
        for key in {key_of(n.text) for n in every}:
            shared[key] = shared.get(key, 0) + 1
    lost = [
        (ref.id, every[0].text)
        for ref, every in names(compiled).items()
        if ref.kind in ("explanation", "short_entry", "common_question", "contributor")
        and shared[key_of(every[0].text)] <= 3
        and f"{ref.kind}:{ref.id}" not in found(compiled, every[0].text, 3)
    ]
    assert lost == []


def test_every_code_finds_who_bears_it(compiled: Compiled) -> None:
    lost = [
        (ref.id, name.text)
        for ref, every in names(compiled).items()
        for name in every
        if name.how == "code" and ref.kind == "explanation" and f"{ref.kind}:{ref.id}" not in found(compiled, name.text)
    ]
    assert lost == []


@pytest.mark.parametrize(("one", "other"), [("anaemia", "Anemia"), ("Sjögren's", "sjogrens"), ("G47.62", "g4762")])
def test_spelling_of_one_thing_is_one(one: str, other: str) -> None:
    assert key_of(one) == key_of(other) or code_key(one) == code_key(other)


def test_titles_are_in_the_words_of_who_reads(compiled: Compiled) -> None:
    for audience, title in (("clinician", "Nocturnal (sleep-related) leg cramp"), ("patient", "Night leg cramp")):
        assert search(compiled, "systremma", audience)[0].title == title  # type: ignore[arg-type]


def test_danger_in_the_words_is_told(compiled: Compiled) -> None:
    told = told_by(compiled, "can't pee and numb between the legs")
    assert any("cauda" in danger.id for danger in told.dangers)


@pytest.mark.parametrize(
    ("words", "sign"),
    [("leg suddenly cold and pale", "acute_limb_ischaemia"), ("both legs weak", "guillain_barre")],
)
def test_words_that_fit_an_emergency_best_bring_its_sign_though_it_is_not_complete(
    compiled: Compiled, words: str, sign: str
) -> None:
    assert [danger.id for danger in told_by(compiled, words).dangers] == [sign]


@pytest.mark.parametrize("words", ["leg cramps at night", "cold feet", "one leg swollen"])
def test_words_that_fit_something_that_can_wait_bring_no_sign(compiled: Compiled, words: str) -> None:
    assert not told_by(compiled, words).dangers


def test_words_that_tell_of_no_leg_tell_nothing(compiled: Compiled) -> None:
    assert told_by(compiled, "salbutamol") is NOTHING
    assert told_by(compiled, "calf") is NOTHING


@pytest.mark.parametrize("words", ["", "   ", "zzzz qqqq xxxx", "!!!", "\x00", "<script>"])
def test_what_fits_nothing_finds_nothing(compiled: Compiled, words: str) -> None:
    assert search(compiled, words, "patient") == ()


def test_words_beyond_the_longest_are_not_looked_at(compiled: Compiled) -> None:
    assert found(compiled, "systremma" + " " * LONGEST + "fibromyalgia") == found(compiled, "systremma")


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_answered_in_order_and_the_same_each_time(words: str) -> None:
    compiled = shipped_compiled()
    hits = search(compiled, words, "patient")
    assert hits == search(compiled, words, "patient")
    assert len({h.entry for h in hits}) == len(hits) <= 20
    assert all(h.title and h.score > 0 for h in hits)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_one_wrong_letter_in_a_long_name_loses_nothing(data: st.DataObject) -> None:
    compiled = shipped_compiled()
    every = [e for e in compiled.explanations.values() if len(e.patient_name) >= 12]
    e = data.draw(st.sampled_from(every))
    at = data.draw(st.integers(2, len(e.patient_name) - 2))
    wrong = e.patient_name[:at] + data.draw(st.sampled_from("aeiourstn")) + e.patient_name[at + 1 :]
    assert f"explanation:{e.id}" in found(compiled, wrong, 5)


def test_nothing_of_a_search_is_logged(compiled: Compiled, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        search(compiled, "my very private complaint of the calf", "patient")
    assert caplog.records == []


def test_the_index_knows_the_shipped_base_too() -> None:
    assert shipped().version == shipped_compiled().knowledge.version
    assert found(shipped_compiled(), "systremma")[0] == "explanation:nocturnal_leg_cramp"
