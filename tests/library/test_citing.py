"""Citing an entry, and what machines read of it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from soleus.library.citing import STYLES, citation
from soleus.library.entries import entry_of
from soleus.library.metadata import json_ld, names
from soleus.library.model import Entry
from soleus.reasoning.compiled import shipped_compiled

ADDRESS = "https://soleus.example/library/explanation/nocturnal_leg_cramp?version=1"


def entry() -> Entry:
    return entry_of(shipped_compiled(), "explanation", "nocturnal_leg_cramp", "clinician", "2026-11-29")


@pytest.mark.parametrize("style", STYLES)
def test_a_citation_says_title_version_address_and_that_nobody_reviewed_it(style: str) -> None:
    told = citation(entry(), style, ADDRESS)  # type: ignore[arg-type]
    for wanted in (entry().title, entry().knowledge_version, entry().knowledge_hash[:12], ADDRESS, "Not reviewed"):
        assert wanted in told


TITLES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)


@settings(max_examples=60)
@given(TITLES)
def test_bibtex_stays_balanced_whatever_the_title(title: str) -> None:
    told = citation(replace(entry(), title=title), "bibtex", ADDRESS)
    plain = re.sub(r"\\[{}&%$#_]", "", told)
    depth = 0
    for letter in plain:
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0
    assert re.findall(r"(?<!\\)[%#$&]", plain.replace(ADDRESS, "")) == []


@settings(max_examples=60)
@given(TITLES)
def test_ris_has_one_field_a_line_whatever_the_title(title: str) -> None:
    lines = citation(replace(entry(), title=title), "ris", ADDRESS).split("\r\n")
    assert lines[0] == "TY  - ENCYC"
    assert lines[-2:] == ["ER  - ", ""]
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines[:-1])


@settings(max_examples=60)
@given(TITLES)
def test_csl_is_json_with_the_title_as_it_is(title: str) -> None:
    (item,) = json.loads(citation(replace(entry(), title=title), "csl", ADDRESS))
    assert item["title"] == title
    assert item["issued"]["date-parts"] == [[2026, 11, 21]]
    assert item["type"] == "entry-encyclopedia"


@settings(max_examples=60)
@given(TITLES | st.sampled_from(["</script><script>alert(1)</script>", "<!--", "a & b"]))
def test_nothing_in_json_ld_can_end_its_element(title: str) -> None:
    told = json_ld(replace(entry(), title=title), ADDRESS)
    assert not re.search(r"[<>&]", told)
    assert json.loads(told)["name"] == title


def test_json_ld_is_about_the_condition_with_its_codes_signs_and_causes() -> None:
    page = json.loads(json_ld(entry(), ADDRESS))
    about = page["about"]
    assert (page["@type"], about["@type"]) == ("MedicalWebPage", "MedicalCondition")
    assert {"@type": "MedicalCode", "codeValue": "G47.62", "codingSystem": "ICD-10-CM"} in about["code"]
    assert "systremma" in about["alternateName"]
    assert about["signOrSymptom"][0]["@type"] == "MedicalSignOrSymptom"
    assert about["riskFactor"][0]["@type"] == "MedicalRiskFactor"
    assert about["differentialDiagnosis"]["diagnosis"]


def test_machines_are_not_told_of_a_review_that_was_not() -> None:
    assert "lastReviewed" not in json_ld(entry(), ADDRESS)
    standing = replace(entry().standing, status="approved", reviewer="A. Clinician")
    page = json.loads(json_ld(replace(entry(), standing=standing), ADDRESS))
    assert page["reviewedBy"] == {"@type": "Person", "name": "A. Clinician"}


@pytest.mark.parametrize(
    "wanted", ["citation_title", "citation_author", "citation_public_url", "DC.title", "DC.rights"]
)
def test_reference_managers_find_their_names(wanted: str) -> None:
    assert dict(names(entry(), ADDRESS))[wanted]
