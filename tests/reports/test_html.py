"""The page: self-contained, escaped, in order, readable by machines that read aloud."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from msgspec.structs import replace

from soleus.reasoning.assessment import Assessment, Tiers
from soleus.reports.figures import figure
from soleus.reports.html import render


class Page(HTMLParser):
    """Tags with their attributes, in order; `opened` and `closed` must agree."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]


@pytest.fixture
def page(assessment: Assessment) -> Page:
    return Page(render(assessment))


def test_no_script_no_handler_no_inline_style_no_outside_resource(page: Page) -> None:
    names = {tag for tag, _ in page.tags}
    attributes = {name for _, attrs in page.tags for name in attrs}
    assert names & {"script", "link", "img", "iframe", "object", "embed", "form"} == set()
    assert [a for a in attributes if a.startswith("on") or a in {"style", "src", "srcset"}] == []


def test_the_policy_allows_exactly_the_style_sheet(assessment: Assessment) -> None:
    text = render(assessment)
    (css,) = re.findall(r"<style>(.*?)</style>", text, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in text
    assert "url(" not in css
    assert "@import" not in css


def test_what_a_person_typed_is_escaped(sample: Callable[[str], Assessment]) -> None:
    for name in ("idiopathic_cramp", "restless_legs"):
        text = render(sample(name))
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_every_text_field_is_escaped(sample: Callable[[str], Assessment]) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    a = sample("dvt_told_as_cramp")
    c = a.complaints[0]
    flag = replace(c.red_flags[0], label=evil, action=evil, because=(evil,))
    bad = replace(c, label=evil, red_flags=(flag,), stop_reason=evil, seek_care=(evil,))
    text = render(replace(a, person=evil, summary=evil, unused=(evil,), complaints=(bad,), emergency_number=evil))
    assert "<img" not in text


def test_headings_descend_one_step_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


def test_ids_are_unique_and_links_inside_the_page_lead_somewhere(page: Page) -> None:
    ids = page.values("id")
    assert sorted(set(ids)) == sorted(ids)
    targets = [href[1:] for href in page.values("href") if href.startswith("#")]
    named = [i for value in page.values("aria-labelledby") for i in value.split()]
    assert set(targets) | set(named) <= set(ids)


def test_tables_have_captions_and_scopes(page: Page) -> None:
    names = [tag for tag, _ in page.tags]
    assert names.count("table") == names.count("caption")
    assert [attrs for tag, attrs in page.tags if tag == "th" and attrs.get("scope") not in {"row", "col"}] == []


def test_every_picture_has_a_name_or_is_hidden(page: Page) -> None:
    for tag, attrs in page.tags:
        if tag == "svg":
            assert attrs.get("role") == "img" or attrs.get("aria-hidden") == "true"


def test_red_flags_come_first(sample: Callable[[str], Assessment]) -> None:
    text = render(sample("dvt_told_as_cramp"))
    assert text.index("Emergency, act now") < text.index("Same day") < text.index('id="answer"')
    assert 'href="tel:999"' in text


def test_a_red_flag_of_the_second_complaint_is_on_top_too(sample: Callable[[str], Assessment]) -> None:
    text = render(sample("two_complaints"))
    assert text.index("One leg swollen, warm and painful") < text.index('id="answer"')
    assert "No red flag fired" not in text


def test_sections_stand_in_the_agreed_order(sample: Callable[[str], Assessment]) -> None:
    text = render(sample("idiopathic_cramp"))
    order = ["Most likely", "Differential", "Before any finding", "Idiopathic or secondary", ">Medicines<", "Met</b>"]
    order += ["Next questions", ">Work-up<", "Treatment and prevention", "How to stop a calf cramp now", "Seek care if"]
    order += ["Do the findings fit?", "What would change the answer", "What was not known", ">References<"]
    order += ["No clinician has reviewed this knowledge yet", "2026.11.1"]
    places = [text.index(mark, text.index("<main>")) for mark in order]
    assert places == sorted(places)


def test_the_patient_gets_plain_numbers_and_a_part_for_the_doctor(sample: Callable[[str], Assessment]) -> None:
    text = render(sample("restless_legs"))
    before, after = text[text.index("<main>") :].split("Take this to your doctor")
    assert "About 9 in 10 people with answers like yours" in before
    assert "eciban" not in before
    assert "Decibans against" in after


def test_an_assessment_with_next_to_nothing_still_renders(sample: Callable[[str], Assessment]) -> None:
    a = sample("dvt_told_as_cramp")
    c = a.complaints[0]
    names = [n for n in c.__struct_fields__ if isinstance(getattr(c, n), tuple)]
    gone = dict.fromkeys(names, ()) | {"tiers": Tiers(), "idiopathic": None, "evidence_basis": None}
    empty = replace(c, conflict=None, **gone)
    for audience in ("clinician", "patient"):
        bare = replace(a, complaints=(empty,), as_of=None, audience=audience, references=())
        assert "<main>" in render(bare)


def test_figures_lose_what_could_act_or_reach_out() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" onload="x()"><script>x()</script><style>*{}</style>'
        '<g id="a" style="fill:red"><use href="#b"/><use href="http://x/y"/><image href="z.png"/></g></svg>'
    )
    clean = figure(svg, "p-", "A stretch")
    for bad in ("onload", "script", "style", "http://x", "image"):
        assert bad not in clean
    assert 'id="p-a"' in clean
    assert 'href="#p-b"' in clean
    assert 'aria-label="A stretch"' in clean
    assert figure("<svg", "p-", "x") == figure("<p/>", "p-", "x") == ""


def test_flags_that_can_wait_stand_below_the_answer(sample: Callable[[str], Assessment]) -> None:
    a = sample("dvt_told_as_cramp")
    c = a.complaints[0]
    later = replace(c.red_flags[0], urgency="routine", label="Cramps after a new medicine", because=("a", "", "a", "b"))
    text = render(replace(a, complaints=(replace(c, red_flags=(later,)),)))
    assert "Red flags" not in text
    assert text.index('id="answer"') < text.index("Worth acting on") < text.index("Cramps after a new medicine")
    assert "Fired by: a; b." in text


def test_dots_are_full_up_to_the_lower_end_only(sample: Callable[[str], Assessment]) -> None:
    a = sample("restless_legs")
    c = a.complaints[0]
    first = min(c.explanations, key=lambda e: e.rank)
    told = tuple(replace(e, probability=0.97, low=0.5, high=0.99) if e is first else e for e in c.explanations)
    text = render(replace(a, complaints=(replace(c, explanations=told),)))
    assert text.count('class="on"') == text.count('class="half"') == 5  # 5 + 5 of ten


def test_the_patient_reads_no_names_of_open_warning_signs(sample: Callable[[str], Assessment]) -> None:
    a = sample("restless_legs")
    flag = sample("dvt_told_as_cramp").complaints[0].red_flags[0]
    text = render(replace(a, complaints=(replace(a.complaints[0], undecided_red_flags=(flag,)),)))
    assert flag.label not in text
    assert "Some warning signs could not be checked" in text


def test_warnings_on_medicines_stand_below_the_answer(sample: Callable[[str], Assessment]) -> None:
    a = sample("idiopathic_cramp")
    c = a.complaints[0]
    warned = replace(c.medications[0], warnings=("Together they slow the heart",))
    text = render(replace(a, complaints=(replace(c, medications=(warned,)),)))
    places = [text.index(mark) for mark in ('id="answer"', "Together they slow the heart.", "Differential")]
    assert places == sorted(places)
