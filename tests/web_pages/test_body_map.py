"""The map of the legs answers where and which side in one go, and says the same as the questions it stands for."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.interview import DONT_KNOW
from soleus.web.body_map import LEGS, MARKS, REGIONS, label, sites_of
from soleus.web.catalogue import texts
from tests.web_pages.visitor import Page, Visitor

COMPILED = shipped_compiled()


def at_map(client: TestClient) -> Visitor:
    visitor = Visitor(client)
    visitor.begin(age="67", sex="male")
    return visitor


def told(page: Page) -> dict[str, str]:
    known = page.state.interview(COMPILED).known()["findings"]
    return {f: known[f] for f in ("site", "side") if f in known}


def test_every_region_means_a_state_of_the_finding() -> None:
    states = {s.id for s in COMPILED.findings["site"].states}
    assert set(REGIONS.values()) == states - {"whole_leg"}  # which several marks can mean


def test_every_mark_has_a_box_a_place_on_the_picture_and_a_name(client: TestClient) -> None:
    page = at_map(client).page
    assert sorted(page.values("mark")) == sorted(MARKS)
    for mark in MARKS:
        assert len(re.findall(rf'<label for="m-{mark}" class="at-{mark}">', page.response.text)) == 1
        assert label(mark) in page.text
    assert len({label(m) for m in MARKS}) == len(MARKS)


def test_the_style_sheet_shows_each_mark_without_script(client: TestClient) -> None:
    path = re.search(r'href="(/static/soleus\.[^"]+\.css)"', client.get("/interview").text)
    assert path is not None
    css = client.get(path.group(1)).text
    for mark in MARKS:
        for state in ("checked", "focus-visible"):
            assert f".body-map:has(#m-{mark}:{state}) .at-{mark} .region" in css


@pytest.mark.parametrize(("region", "site"), REGIONS.items())
@pytest.mark.parametrize("leg", LEGS)
def test_one_mark_tells_the_site(client: TestClient, leg: str, region: str, site: str) -> None:
    page = at_map(client).continue_("map", mark=f"{leg}-{region}")
    assert told(page) == {"site": site}  # the side was not said, so it stays open


@pytest.mark.parametrize("side", [s.id for s in COMPILED.findings["side"].states])
def test_the_side_is_told_with_it(client: TestClient, side: str) -> None:
    page = at_map(client).continue_("map", mark=["left-calf", "right-calf"], side=side)
    assert told(page) == {"site": "calf", "side": side}
    assert [a["question"] for a in page.state.answers] == ["site", "side"]
    assert page.state.marks == ("right-calf", "left-calf")


def test_marking_one_leg_does_not_guess_that_it_is_always_the_same(client: TestClient) -> None:
    assert "side" not in told(at_map(client).continue_("map", mark="left-calf"))


def test_of_several_places_one_is_asked_for(client: TestClient) -> None:
    visitor = at_map(client)
    page = visitor.continue_("map", mark=["left-calf", "left-sole"], side="one_leg")
    assert page.h1 == texts()["map.worst"]
    assert page.values("worst") == ["calf", "foot_toes", "whole_leg", DONT_KNOW]
    assert page.state.answers == ()
    visitor.press("worst", "foot_toes")
    assert told(visitor.page) == {"site": "foot_toes", "side": "one_leg"}
    assert sites_of(visitor.page.state.marks) == ("calf", "foot_toes")


def test_two_regions_of_one_place_need_no_further_question(client: TestClient) -> None:
    page = at_map(client).continue_("map", mark=["left-thigh_front", "right-thigh_back"])
    assert told(page) == {"site": "thigh"}


def test_nothing_marked_is_not_taken_for_an_answer(client: TestClient) -> None:
    page = at_map(client).continue_("map")
    assert page.status == 400
    assert texts()["map.nothing"] in page.text
    assert page.question == "map"
    assert page.state.answers == ()


def test_not_knowing_where_goes_on_and_is_not_asked_again(client: TestClient) -> None:
    visitor = at_map(client)
    visitor.press("reply", DONT_KNOW)
    assert told(visitor.page) == {"site": DONT_KNOW}
    assert visitor.page.field("question") == "quality"


def test_changing_the_map_keeps_the_rest(client: TestClient) -> None:
    visitor = at_map(client)
    visitor.continue_("map", mark="left-calf", side="one_leg")
    visitor.reply("cramp")
    visitor.press("change", "1")  # the side: it was told on the map
    form = next(f for f in visitor.page.forms if ("do", "map") in f.fields)
    assert {("mark", "left-calf"), ("side", "one_leg")} <= set(form.fields)
    visitor.continue_("map", mark="right-shin", side="both_legs")
    assert [(a["question"], a["reply"]) for a in visitor.page.state.answers] == [
        ("site", "shin"),
        ("side", "both_legs"),
        ("quality", "cramp"),
    ]
    assert visitor.page.field("question") == "tempo"


def test_marks_that_are_none_are_passed_over(client: TestClient) -> None:
    page = at_map(client).continue_("map", mark=["left-moon", "left-calf", "<script>"])
    assert page.state.marks == ("left-calf",)
