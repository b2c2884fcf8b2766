"""Entries are found by id, name, former name, synonym and code."""

from __future__ import annotations

import pytest

from soleus.evidence.record import Source
from soleus.knowledge.prose_fields import cited, texts
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.entry import find, uses_of


def ids(name: str) -> list[tuple[str, str]]:
    return [(e.kind, e.id) for e in find(shipped_compiled(), name)]


@pytest.mark.parametrize(
    "name",
    ["nocturnal_leg_cramp", "Nocturnal leg cramp",
     "G47.62", "g47.62", "7A82", "systremma", "Systremma", "charley horse",
     "night leg cramps", "sleep-related leg cramps"],
)  # fmt: skip
def test_the_cramp_is_found_by_every_name_it_had(name: str) -> None:
    assert ("Explanation", "nocturnal_leg_cramp") in ids(name)


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("G25.81", "Explanation", "restless_legs_syndrome"),
        ("Willis-Ekbom disease", "Explanation", "restless_legs_syndrome"),
        ("furosemide", "Medicine", "furosemide"),
        ("Lasix", "Medicine", "furosemide"),
        ("cirrhosis", "Contributor", "cirrhosis"),
        ("urge_to_move", "Finding", "urge_to_move"),
        ("ferritin", "Finding", "ferritin"),
        ("acute_limb_ischaemia", "RedFlag", "acute_limb_ischaemia"),
    ],
)
def test_everything_has_an_entry(name: str, kind: str, target: str) -> None:
    assert (kind, target) in ids(name)


def test_every_explanation_contributor_and_finding_is_found_by_its_id_and_name() -> None:
    compiled = shipped_compiled()
    for table in (compiled.explanations, compiled.contributors, compiled.findings):
        for record in table.values():
            assert record.id in {i for _, i in ids(record.id)}, record.id
            assert ids(record.name), record.name


def test_every_code_of_an_explanation_finds_one_that_has_it() -> None:
    compiled = shipped_compiled()
    for e in compiled.explanations.values():
        for code in e.codes:
            found = [i for kind, i in ids(code.code) if kind == "Explanation"]
            assert found, code
            assert any(c.code == code.code for c in compiled.explanations[found[0]].codes)


def test_every_former_name_of_a_finding_finds_it() -> None:
    compiled = shipped_compiled()
    for f in compiled.findings.values():
        for former in f.former_ids:
            assert ids(former.removeprefix("!")), former


def test_what_nobody_knows_has_no_entry() -> None:
    assert ids("zyxwvut") == []


def test_an_entry_says_its_review_and_its_sources_exist() -> None:
    known = shipped_compiled().knowledge.by_id(Source)
    for name in ("nocturnal_leg_cramp", "cirrhosis", "urge_to_move", "furosemide"):
        (entry, *_) = find(shipped_compiled(), name)
        assert dict(entry.fields).get("review", "submitted").startswith("submitted")
        assert set(entry.sources) <= set(known)


def test_uses_name_the_records_that_rest_on_a_source() -> None:
    compiled = shipped_compiled()
    used = uses_of(compiled.knowledge)
    likelihood = next(r for r in compiled.likelihoods.values() if r.source)
    assert f"likelihood:{likelihood.id}" in used[likelihood.source[0]]
    assert set(used) <= set(compiled.knowledge.by_id(Source))


def test_a_source_is_used_where_prose_cites_it() -> None:
    knowledge = shipped_compiled().knowledge
    text = next(t for t in texts(knowledge) if list(cited(t.text)))
    assert f"{text.kind}:{text.id}" in uses_of(knowledge)[next(cited(text.text))]
