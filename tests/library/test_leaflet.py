"""The leaflet: what a patient can do, warning signs first, medicines that matter, and nothing torn out of a list."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.errors import UnknownName
from soleus.knowledge.schema.core import Explanation
from soleus.knowledge.schema.safety import RedFlag
from soleus.library.entries import entry_of
from soleus.library.leaflet import Leaflet, leaflet_of
from soleus.reasoning.compiled import Compiled

TODAY = "2026-11-29"
CRAMP = "nocturnal_leg_cramp"


def leaflet(compiled: Compiled, id: str = CRAMP, country: str = "", audience: Any = "patient") -> Leaflet:
    return leaflet_of(compiled, entry_of(compiled, "explanation", id, audience, TODAY), country)


def told(made: Leaflet) -> str:
    blocks = (made.definition, made.help, made.prevention, made.treatment, made.not_known)
    return "\n".join(p.text for b in blocks for p in b.paragraphs)


def test_it_says_what_to_do_tonight_with_a_picture(compiled: Compiled) -> None:
    made = leaflet(compiled)
    assert made.now is not None
    assert made.now.title == "Stop a calf cramp now"
    assert made.now.steps[1].seconds == 30
    assert made.now.svg.startswith("<svg")
    assert "<text" not in made.now.svg  # numbers in the picture are not those of the steps
    assert made.prevent is not None
    assert made.prevent.title == "Calf stretch before bed"
    assert leaflet(compiled, "restless_legs_syndrome").now is not None
    assert leaflet(compiled, "erythromelalgia").now is None


def test_warning_signs_of_the_condition_come_before_those_of_every_leg(compiled: Compiled) -> None:
    made = leaflet(compiled, "deep_vein_thrombosis")
    first, *rest = (p.text for p in made.help.paragraphs)
    assert first.startswith("A clot that may have gone to the lungs: Call an ambulance now.")
    assert any(t.startswith("Call an ambulance for chest pain") for t in rest)
    assert made.entry.urgent


def test_signs_that_point_to_the_condition_above_others_come_first(compiled: Compiled) -> None:
    """An infection of the skin is a look-alike of a clot in the leg, and its sign is told on the leaflet of its own."""
    assert "skin infection" not in told(leaflet(compiled, "deep_vein_thrombosis"))
    assert leaflet(compiled, "cellulitis").help.paragraphs[0].text.startswith("A spreading skin infection")


def test_a_leaflet_that_leaves_warning_signs_out_knows_it(compiled: Compiled) -> None:
    made = leaflet(compiled, "deep_vein_thrombosis")
    flags = [f for f in compiled.knowledge.all(RedFlag) if "deep_vein_thrombosis" in f.suggests]
    assert len([f for f in flags if f.urgency in ("emergency", "same_day")]) > 3
    assert made.help.more
    assert not leaflet(compiled).help.more


def test_routine_advice_is_no_warning_sign(compiled: Compiled) -> None:
    assert "Cramps after a new medicine" not in told(leaflet(compiled))


def test_an_emergency_names_the_number_of_the_country_or_none(compiled: Compiled) -> None:
    assert leaflet(compiled, country="GB").emergency.sentence == "In an emergency call 999."
    assert leaflet(compiled, country="us").emergency.emergency == "911"
    for unknown in ("", "ZZ", "x" * 50):
        assert leaflet(compiled, country=unknown).emergency.emergency is None


def test_medicines_are_those_that_bring_it_on_most_and_are_a_cause(compiled: Compiled) -> None:
    made = leaflet(compiled).medicines
    names = {c.id: c.patient_name for c in compiled.contributors.values()}
    words = [m.casefold() for m in made]
    assert words[0] == names["laba_or_high_beta_agonist"].casefold()
    assert names["diuretic_thiazide"].casefold() in words
    for confounded in ("nsaid", "proton_pump_inhibitor", "statin"):
        assert names[confounded].casefold() not in words
    assert len(made) <= 8


def test_a_list_comes_whole_or_not_at_all(compiled: Compiled) -> None:
    for id in compiled.explanations:
        made = leaflet(compiled, id)
        parts = {s.part: s for s in made.entry.sections}
        for name, block in (
            ("definition", made.definition),
            ("prevention", made.prevention),
            ("treatment", made.treatment),
        ):
            whole = parts[name].paragraphs
            assert block.paragraphs == whole[: len(block.paragraphs)]
            assert block.more == (len(block.paragraphs) < len(whole))
            if block.more:
                assert not whole[len(block.paragraphs)].item, (id, name)


def test_what_is_not_advised_is_named(compiled: Compiled) -> None:
    avoid = leaflet(compiled).avoid
    assert "Magnesium tablets" in avoid
    assert "Stretch your legs before bed" not in avoid


def test_every_explanation_has_a_leaflet_in_plain_words_alone(compiled: Compiled) -> None:
    for id in compiled.knowledge.by_id(Explanation):
        made = leaflet(compiled, id)
        assert made.help.paragraphs
        assert len(told(made)) < 4_000
    with pytest.raises(UnknownName):
        leaflet(compiled, audience="clinician")
    statin = entry_of(compiled, "contributor", "statin", "patient", TODAY)
    with pytest.raises(UnknownName):
        leaflet_of(compiled, statin)
