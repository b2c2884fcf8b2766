"""An overlay keeps the published figure beside the local one, changes what it names and nothing else, and is told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import soleus
from soleus.cli import main
from soleus.cli.assessing import Form, rendered
from soleus.errors import KnowledgeError, UnreadableInput
from soleus.evidence.record import Source
from soleus.knowledge.facets import LOGIT_SD
from soleus.knowledge.integrity import check
from soleus.knowledge.loader import shipped
from soleus.knowledge.overlay import (
    Bounded,
    Entry,
    Key,
    Local,
    Method,
    NotLearnt,
    Overlay,
    Site,
    Stamp,
    from_scale,
    overlay_text,
    read_overlay,
    to_scale,
)  # fmt: skip
from soleus.knowledge.overlaying import check_overlay, figure, figures, with_overlay
from soleus.knowledge.schema.core import Background, Contributor, Effect, Rate
from soleus.reasoning.assessment import Assessment
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reports.html import render as as_page
from soleus.reports.json import from_json, schema, to_json

CRAMP = "nocturnal_leg_cramp"
RATE: Key = ("rate", CRAMP, "per_100k.f_65_79")
STATIN: Key = ("contributor", "statin", "prevalence.female_65_plus")
LABA: Key = ("effect", f"laba_or_high_beta_agonist.{CRAMP}", "rho")
CASE = {
    "person": {"age": 67, "sex": "female"},
    "findings": {"quality": "cramp"},
    "medicines": ["salmeterol", "simvastatin"],
}
Run = Callable[..., tuple[int, str, str]]


def entry(key: Key, value: float, weight: float = 0.5, sd: float = 0.1, n: int = 100) -> Entry:
    """A number learnt as ``value`` with this weight."""
    f = figure(shipped(), key)
    assert f is not None
    moved = f.centre + weight * (to_scale(f.unit, value) - f.centre)
    here, combined = (
        {name: from_scale(f.unit, centre + side * 1.96 * sd) for name, side in (("value", 0), ("low", -1), ("high", 1))}
        for centre in (to_scale(f.unit, value), moved)
    )
    return Entry(
        kind=f.kind, id=f.id, field=f.field, unit=f.unit, published=f.published,
        local=Local(**here, n=n, of=1000.0, sites=("north",)), combined=Bounded(**combined), weight=weight,
    )  # fmt: skip


def overlay(*entries: Entry, **fields: Any) -> Overlay:
    told: dict[str, Any] = {
        "name": "north",
        "knowledge": Stamp(version=shipped().version, digest=shipped().digest),
        "software": "0",
        "sites": (Site(name="north", input="x", kind="omop", engine="duckdb", software="0", people=20_000),),
        "method": Method(smallest_cell=5),
        "entries": entries,
    }
    return Overlay(**(told | fields))


@cache
def whole() -> Overlay:
    """One entry of every kind, and all states of a background."""
    states = {"below_0_8": 0.1, "0_8_to_1_5": 0.8, "1_5_or_more": 0.1}
    backgrounds = [entry(("background", "phosphate", f"p.{s}"), p) for s, p in states.items()]
    return overlay(entry(RATE, 2000), entry(STATIN, 0.2), entry(LABA, 3), *backgrounds)


# --------------------------------------------------------------------------------------------- the file


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_is_written_is_read_again_to_the_last_digit(tmp_path: Path, form: Any) -> None:
    told = msgspec.structs.replace(whole(), not_learnt=(NotLearnt(kind="rate", id=CRAMP, why="é: small"),))
    (tmp_path / f"o.{form}").write_text(overlay_text(told, form), encoding="utf-8")
    assert read_overlay(tmp_path / f"o.{form}") == told


NUMBERS = st.floats(1e-12, 1e12)


@given(NUMBERS, NUMBERS, st.integers(0, 10**12), st.text(max_size=20))
@settings(deadline=None, max_examples=60)
def test_any_number_and_name_survives_the_file(a: float, b: float, n: int, name: str) -> None:
    import yaml

    e = msgspec.structs.replace(
        entry(RATE, 2000),
        local=Local(value=a, low=b, high=a, n=n, sites=(name,)),
        combined=Bounded(value=b, low=a, high=b),
    )
    text = overlay_text(overlay(e, name=name))
    if "\r" not in name and "\x85" not in name:  # line ends of other systems are folded by YAML itself
        assert msgspec.convert(yaml.load(text, yaml.CSafeLoader), Overlay).entries == (e,)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(st.sampled_from(["format", "name", "entries", "sites", "knowledge", "x"]), x, max_size=4)
    ),
    max_leaves=8,
)


@given(
    st.one_of(st.binary(max_size=80), TREES.map(lambda t: json.dumps(t).encode())), st.sampled_from(["yaml", "json"])
)
@settings(deadline=None, max_examples=120)
def test_anything_else_is_no_overlay(tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str) -> None:
    file = tmp_path_factory.mktemp("o") / f"o.{form}"
    file.write_bytes(content)
    with pytest.raises(UnreadableInput):
        read_overlay(file)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(UnreadableInput, match=r"nowhere.yaml: found No such file"):
        read_overlay(Path("nowhere.yaml"))


def test_it_is_cited_by_its_content_and_not_by_its_form() -> None:
    one, other = whole(), msgspec.convert(json.loads(overlay_text(whole(), "json")), Overlay)
    assert one.id == other.id
    assert one.id.startswith("local.")
    assert one.id != msgspec.structs.replace(one, name="south").id


def test_an_entry_stands_on_few_lines_that_a_reader_can_follow() -> None:
    text = overlay_text(overlay(entry(LABA, 3)))
    assert "  published: {value: 2.42, low: 2.02, high: 2.89, basis: measured, source: [garrison2012]}\n" in text
    assert "No human has reviewed this overlay." in text


# --------------------------------------------------------------------------------------------- the rules


def test_an_overlay_that_keeps_every_rule_has_no_fault() -> None:
    assert check_overlay(whole(), shipped()) == ()


def changed(e: Entry, **parts: Any) -> Entry:
    return msgspec.structs.replace(e, **parts)


E = entry(RATE, 2000)
FAULTS: dict[str, list[Overlay]] = {
    "overlay_is_of_this_knowledge": [
        overlay(E, knowledge=Stamp(version="0.0.1", digest=shipped().digest)),
        overlay(E, knowledge=Stamp(version=shipped().version, digest="0" * 64)),
    ],
    "overlay_site_stands_once": [
        overlay(E, sites=(overlay().sites[0], msgspec.structs.replace(overlay().sites[0], input="y"))),
        overlay(E, sites=(overlay().sites[0], msgspec.structs.replace(overlay().sites[0], name="south"))),
    ],
    "overlay_entry_stands_once": [overlay(E, E)],
    "overlay_ids_exist": [
        overlay(changed(E, id="gnome_cramp")),
        overlay(changed(E, field="per_100k.f_12")),
        overlay(changed(E, field="prevalence.female_65_plus")),
        overlay(changed(E, kind="effect", id=f"known_pad.{CRAMP}", field="necessary")),
        overlay(E, not_learnt=(NotLearnt(kind="rate", id="gnome_cramp", why="it is not there"),)),
    ],
    "overlay_units_are_right": [overlay(changed(E, unit="ratio"))],
    "overlay_keeps_the_published": [
        overlay(changed(E, published=msgspec.structs.replace(E.published, value=1000))),
        overlay(changed(E, published=msgspec.structs.replace(E.published, low=1289))),
    ],
    "overlay_intervals_are_ordered": [
        overlay(changed(E, local=msgspec.structs.replace(E.local, low=E.local.high * 2))),
        overlay(changed(E, local=msgspec.structs.replace(E.local, value=math.nan))),
        overlay(changed(E, combined=msgspec.structs.replace(E.combined, low=0.0))),
        overlay(changed(E, combined=msgspec.structs.replace(E.combined, high=math.inf))),
    ],
    "overlay_combines_by_weight": [overlay(changed(E, weight=0.6))],
    "overlay_cells_are_not_small": [overlay(entry(RATE, 2000, n=4))],
    "overlay_sites_are_named": [
        overlay(changed(E, local=msgspec.structs.replace(E.local, sites=("south",)))),
        overlay(changed(E, local=msgspec.structs.replace(E.local, sites=()))),
    ],
    "overlay_has_every_state": [overlay(entry(("background", "phosphate", "p.below_0_8"), 0.1))],
}  # fmt: skip


@pytest.mark.parametrize(("rule", "broken"), [(rule, o) for rule, found in FAULTS.items() for o in found])
def test_a_broken_overlay_breaks_its_rule_and_no_other(rule: str, broken: Overlay) -> None:
    assert {f.rule for f in check_overlay(broken, shipped())} == {rule}
    with pytest.raises(KnowledgeError):
        with_overlay(shipped(), broken)


def test_a_number_that_moves_far_is_warned_of_and_not_refused() -> None:
    far = overlay(entry(RATE, 30_000, weight=0.9))
    assert [(f.rule, f.level) for f in check_overlay(far, shipped())] == [("overlay_moves_far", "warning")]
    assert with_overlay(shipped(), far).overlay is far


def test_every_number_that_may_change_is_found_by_its_name() -> None:
    for kind, id in (("rate", CRAMP), ("contributor", "statin"), ("background", "phosphate"), ("effect", LABA[1])):
        found = list(figures(shipped(), kind, id))  # type: ignore[arg-type]
        assert found
        assert all(figure(shipped(), f.key) == f for f in found)


# --------------------------------------------------------------------------------------------- the base with it


def test_the_named_numbers_are_the_combined_ones_and_every_other_record_stays() -> None:
    after, before = with_overlay(shipped(), whole()), shipped()
    assert after.by_id(Rate)[CRAMP].per_100k["f_65_79"] == whole().by_key[RATE].combined.value
    assert after.by_id(Contributor)["statin"].prevalence["female_65_plus"] == whole().by_key[STATIN].combined.value
    effect = after.by_id(Effect)[LABA[1]]
    combined = whole().by_key[LABA].combined
    assert (effect.rho, effect.low, effect.high) == (combined.value, combined.low, combined.high)
    moved = {("rate", CRAMP), ("contributor", "statin"), ("effect", LABA[1]), ("background", "phosphate")}
    for kind in before.records:
        if kind != "source":
            for old, new in zip(before.records[kind], after.records[kind], strict=True):
                assert (old == new) == ((kind, old.id) not in moved)


def test_within_a_record_only_the_named_cell_moves() -> None:
    old, new = (k.by_id(Rate)[CRAMP].per_100k for k in (shipped(), with_overlay(shipped(), whole())))
    assert {cell for cell in old if old[cell] != new[cell]} == {"f_65_79"}


def test_the_states_of_a_background_add_up_to_one() -> None:
    assert math.fsum(with_overlay(shipped(), whole()).by_id(Background)["phosphate"].p) == pytest.approx(1, abs=1e-12)


def test_a_changed_record_names_the_overlay_and_keeps_the_published_figure_in_its_note() -> None:
    after = with_overlay(shipped(), whole())
    assert whole().id in after.by_id(Source)
    for record in (after.by_id(Rate)[CRAMP], after.by_id(Effect)[LABA[1]], after.by_id(Background)["phosphate"]):
        assert whole().id in record.source
        assert record.basis == "derived"
    statin = after.by_id(Contributor)["statin"]
    assert whole().id in statin.prevalence_source
    assert statin.prevalence_basis == "derived"
    assert "per_100k.f_65_79 published 1.29e+03, local 2e+03" in (after.by_id(Rate)[CRAMP].note or "")


def test_the_base_with_it_breaks_no_rule_that_it_kept_before() -> None:
    after = with_overlay(shipped(), whole())
    rules = ("moved_facets_say_so",)  # needs the folder of the data
    before = {f for f in check(shipped(), None, leave_out=rules) if f.level == "fault"}
    found = {f for f in check(after, None, leave_out=rules) if f.level == "fault"} - before
    assert {f.id for f in found} <= {whole().id}  # that a source has an address: this one is a file


def test_version_and_digest_tell_bases_with_and_without_it_apart() -> None:
    after, other = with_overlay(shipped(), whole()), with_overlay(shipped(), overlay(entry(RATE, 1900)))
    assert after.version == f"{shipped().version}+{whole().id}"
    assert len({shipped().digest, after.digest, other.digest}) == 3


def test_one_well_counted_cell_lends_no_precision_to_the_others() -> None:
    record = shipped().by_id(Rate)[CRAMP]
    one = with_overlay(shipped(), overlay(entry(RATE, 2000, sd=0.01))).by_id(Rate)[CRAMP]
    assert one.spread == record.spread == "medium"
    every = overlay(*(entry(("rate", CRAMP, f"per_100k.{cell}"), 900, sd=0.01) for cell in record.per_100k))
    assert with_overlay(shipped(), every).by_id(Rate)[CRAMP].spread == "narrow"


def test_no_spread_is_narrower_than_what_was_learnt() -> None:
    record = shipped().by_id(Rate)[CRAMP]
    unsure = overlay(*(entry(("rate", CRAMP, f"per_100k.{cell}"), 900, sd=0.5) for cell in record.per_100k))
    assert LOGIT_SD[with_overlay(shipped(), unsure).by_id(Rate)[CRAMP].spread] >= 0.5


@pytest.mark.parametrize(("local", "causal"), [(4.0, 2.2), (2.0, 2.0), (0.5, 1.0)])
def test_a_local_signal_raises_no_causal_ratio(local: float, causal: float) -> None:
    assert shipped().by_id(Effect)[LABA[1]].causal_rho == 2.2
    found = with_overlay(shipped(), overlay(entry(LABA, local, weight=1.0))).by_id(Effect)[LABA[1]]
    assert found.causal_rho == pytest.approx(causal)


def test_an_overlay_on_an_overlay_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="another overlay beneath"):
        with_overlay(with_overlay(shipped(), whole()), whole())


def test_an_overlay_of_nothing_changes_nothing() -> None:
    assert with_overlay(shipped(), overlay()) is shipped()
    assert soleus.assess(CASE, overlay=overlay()) == soleus.assess(CASE)


# --------------------------------------------------------------------------------------------- answers


@cache
def answer(audience: Any = "clinician") -> Assessment:
    return soleus.assess(CASE, overlay=whole(), audience=audience)


def probability(a: Assessment, id: str = CRAMP) -> float:
    return next(e.probability for e in a.complaints[0].explanations if e.id == id)


@pytest.mark.parametrize(("key", "more"), [(RATE, 4000.0), (LABA, 8.0)])
def test_what_is_commoner_here_is_likelier_here(key: Key, more: float) -> None:
    up, down = (soleus.assess(CASE, overlay=overlay(entry(key, v, weight=0.9))) for v in (more, more / 16))
    assert probability(down) < probability(soleus.assess(CASE)) < probability(up)


def test_how_common_a_cause_is_here_is_what_the_answer_reckons_with() -> None:
    here = shipped_compiled().with_overlay(whole())
    assert here.prevalence("statin", 67, "female") == whole().by_key[STATIN].combined.value
    assert here.prevalence("statin", 67, "male") == shipped_compiled().prevalence("statin", 67, "male")


def test_the_answer_says_that_one_was_used_which_and_whose() -> None:
    told = answer().local_overlay
    assert told is not None
    assert (told.id, told.sites, told.people, told.numbers) == (whole().id, ("north",), 20_000, 6)
    assert answer().knowledge_version == f"{shipped().version}+{whole().id}"
    assert soleus.assess(CASE).local_overlay is None


@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_every_report_says_it(audience: Any) -> None:
    found = answer(audience)
    assert found.local_overlay is not None
    sentence = found.local_overlay.sentence
    assert "north" in sentence
    assert sentence in found.review_sentence
    forms: tuple[Form, ...] = ("text", "html", "json")
    for form in forms:
        assert sentence in " ".join(rendered(found, form).split())


def test_sources_of_changed_numbers_name_it() -> None:
    number = next(r.number for r in answer().references if r.id == whole().id)
    causes = {c.id: c for c in answer().complaints[0].causes}
    assert number in causes["laba_or_high_beta_agonist"].cites
    assert number not in causes["statin"].cites  # its ratio was not changed


def test_the_document_keeps_its_schema_and_is_read_again() -> None:
    raw = to_json(answer())
    jsonschema.validate(json.loads(raw), schema())
    assert from_json(raw) == answer()


def test_a_page_with_it_is_whole() -> None:
    assert as_page(answer()).rstrip().endswith("</html>")


def test_a_file_serves_as_well(tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text(overlay_text(whole()), encoding="utf-8")
    assert soleus.assess(CASE, overlay=tmp_path / "o.yaml") == answer()


def test_a_base_that_has_one_says_it_by_itself() -> None:
    compiled = Compiled(with_overlay(shipped(), whole()))
    assert soleus.assess(CASE, knowledge=compiled) == answer()


def test_it_is_made_ready_once() -> None:
    assert shipped_compiled().with_overlay(whole()) is shipped_compiled().with_overlay(whole())


# --------------------------------------------------------------------------------------------- commands


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(words))
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "o.yaml").write_text(overlay_text(whole()), encoding="utf-8")
    return tmp_path / "o.yaml"


EXAMPLE = "examples/idiopathic-cramp.yaml"


def test_assess_with_an_overlay(run: Run, file: Path, root: Path) -> None:
    code, out, _ = run("assess", str(root / EXAMPLE), "--overlay", str(file), "--format", "json")
    assert code == 0
    assert json.loads(out)["local_overlay"]["id"] == whole().id


def test_assess_with_one_of_another_base_says_what_to_do(run: Run, tmp_path: Path, root: Path) -> None:
    (tmp_path / "o.json").write_text(overlay_text(FAULTS["overlay_is_of_this_knowledge"][1], "json"), encoding="utf-8")
    code, _, err = run("assess", str(root / EXAMPLE), "--overlay", str(tmp_path / "o.json"))
    assert code == 4
    assert "soleus population learn" in err


def test_assess_with_one_of_nothing_says_so(run: Run, tmp_path: Path, root: Path) -> None:
    (tmp_path / "o.yaml").write_text(overlay_text(overlay()), encoding="utf-8")
    code, _, err = run("assess", str(root / EXAMPLE), "--overlay", str(tmp_path / "o.yaml"))
    assert code == 0
    assert "no number was learnt" in err


@pytest.mark.parametrize("words", [["explain", EXAMPLE], ["causes"]])
def test_other_answers_say_it_too(run: Run, file: Path, root: Path, words: list[str]) -> None:
    words = [str(root / w) if w == EXAMPLE else w for w in words]
    code, out, _ = run(*words, "--overlay", str(file))
    assert code == 0
    assert whole().id in out


def test_check_counts_what_an_overlay_holds(run: Run, file: Path) -> None:
    code, out, _ = run("knowledge", "check", "--overlay", str(file))
    assert (code, out.strip()) == (0, f"{whole().id}: 6 numbers of 1 site, 0 not learnt: no fault, 0 warnings.")


def test_check_names_rule_and_repair(run: Run, tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text(overlay_text(FAULTS["overlay_combines_by_weight"][0]), encoding="utf-8")
    code, out, _ = run("knowledge", "check", "--overlay", str(tmp_path / "o.yaml"))
    assert code == 4
    assert f"rate {CRAMP}, per_100k.f_65_79 [overlay_combines_by_weight]" in out


def test_diff_shows_what_an_overlay_changes(run: Run, file: Path, tmp_path: Path) -> None:
    code, out, _ = run("knowledge", "diff", "--overlay", str(file), "--vignettes", str(tmp_path / "none"))
    assert code == 0
    assert f"changed rate {CRAMP}\n" in out
    assert f"per_100k.f_65_79: 1290.0 -> {whole().by_key[RATE].combined.value}" in out


def test_diff_of_two_overlays(run: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(overlay_text(overlay(*whole().entries[1:]), "json"), encoding="utf-8")
    code, out, _ = run("knowledge", "diff", str(tmp_path / "p.json"), str(file), "--vignettes", str(tmp_path / "none"))
    assert code == 0
    assert f"changed rate {CRAMP}\n" in out
    assert f"changed effect {LABA[1]}\n" in out  # its source is another overlay


def test_diff_without_a_second_base_says_what_is_wanted(run: Run) -> None:
    code, _, err = run("knowledge", "diff")
    assert code == 2
    assert "two bases, or --overlay FILE" in err
