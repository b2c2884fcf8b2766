"""Every answer to every call has the shape that CDS Hooks prescribes: schemas of our own, and generated calls."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus.errors import CannotAssess, InputError, UnknownName
from soleus.interop.cds_hooks import HOOKS, Answered, answer, respond, services
from soleus.interop.cds_hooks.cards import head, pruned
from soleus.interop.cds_hooks.services import CONTENT, TEMPLATES
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.bundles import AS_OF, ICD10CM, bundle, coded, condition, observation, patient, potassium, text
from tests.interop.bundles import request as prescribed
from tests.interop.cds_hooks.calls import CRAMP, CRAMPS, NIGHT_CRAMPS, Body, called, cards, draft, request, with_
from tests.interop.cds_hooks.conforming import faults

NAMED = "Patient/p"
COMPILED = shipped_compiled()
AT: dict[str, Any] = {"today": AS_OF, "base_url": "https://soleus.example"}


def test_discovery_has_its_shape() -> None:
    assert faults("services", services()) == []
    assert [s["hook"] for s in services()["services"]] == list(HOOKS)
    assert len({s["id"] for s in services()["services"]}) == len(HOOKS)
    assert set(TEMPLATES) == set(CONTENT)


def test_the_calls_of_the_tests_have_their_shape() -> None:
    for hook in HOOKS:
        assert faults("request", pruned(request(hook, {"patient": patient()}, draft("quinine")))) == []


def full_answers() -> list[Body]:
    """Answers with every kind of card."""
    record = with_(
        conditions=[NIGHT_CRAMPS],
        medications=[prescribed("quinine"), prescribed("salmeterol")],
        observations=[potassium(2.2)],
    )
    return [
        called("patient-view", record).body,
        called("order-sign", record, draft("quinine"), draft("spironolactone", id="draft-2")).body,
        called("patient-view", with_(patient=patient(id="q"))).body,
    ]


def test_every_kind_of_card_has_its_shape() -> None:
    answers = full_answers()
    assert {c["source"]["topic"]["code"] for a in answers for c in a["cards"]} == {
        "red_flag", "judgement", "medicine", "order", "other_person",
    }  # fmt: skip
    assert [faults("response", a) for a in answers] == [[], [], []]


def spoilt(change: Any) -> list[str]:
    """The faults of an answer after a change to its last card."""
    body = copy.deepcopy(full_answers()[0])
    card = next(c for c in body["cards"] if "suggestions" in c)
    change(card)
    return faults("response", body)


def _recommend_two(card: Body) -> None:
    card["selectionBehavior"] = "at-most-one"
    card["suggestions"] = [{**card["suggestions"][0], "isRecommended": True} for _ in range(2)]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(summary="x" * 140),
        lambda c: c.update(indicator="hard-stop"),
        _recommend_two,  # cds-resp-1
        lambda c: c["suggestions"][0]["actions"][0].update(type="delete"),  # cds-resp-2
        lambda c: c["links"][0].update(appContext="x"),  # cds-resp-3
        lambda c: c["overrideReasons"][0].pop("display"),  # cds-resp-4
        lambda c: c["suggestions"][0]["actions"][0].pop("description"),  # cds-resp-5
        lambda c: c.pop("selectionBehavior"),  # cds-resp-6
        lambda c: c["suggestions"][0].update(actionSelectionBehavior="some"),  # cds-resp-7
        lambda c: c.update(detail=None),
        lambda c: c.update(suggestions=[]),
    ],
)
def test_the_schema_sees_what_breaks_an_invariant(change: Any) -> None:
    assert spoilt(dict) == []
    assert spoilt(change) != []


# --- generated calls ---------------------------------------------------------------------------------------------

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
IDS = st.sampled_from(
    ["p", NAMED, "https://ehr.example/r4/Patient/p", "urn:uuid:p", "http://x/fhir/Patient/p/", "q", 4711, "ä ö"]
)
RESOURCES = st.sampled_from([
    patient(), CRAMP, NIGHT_CRAMPS,
    condition(coded(ICD10CM, "G25.81", "Restless legs syndrome")),
    condition(text("Long QT syndrome"), subject={"reference": NAMED}),
    condition(text("Deep vein thrombosis"), clinical=None, subject={"reference": "urn:uuid:p"}),
    potassium(2.2), potassium(99), potassium("many"), observation(text("Calf swelling"), valueBoolean=True),
    prescribed("quinine"), prescribed("salmeterol"), prescribed("an unknown thing", status="stopped"),
    {"resourceType": "Encounter", "status": "planned", "reasonCode": [text("cramps in the calf at night")]},
    {"resourceType": "AllergyIntolerance", "code": text("Quinine")},
    {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [{"linkId": "quality"}]},
    {"resourceType": "DocumentReference", "status": "current"},
    {"resourceType": 7}, {}, OUTCOME,
])  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.just(OUTCOME),
    RESOURCES,
    st.lists(RESOURCES, max_size=4).map(lambda r: bundle(*r)),
    st.sampled_from(["", 3, [], {"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": {}}]),
)
PREFETCH = st.one_of(st.none(), st.dictionaries(st.sampled_from([*CONTENT, "more"]), VALUES, max_size=6))
DRAFTS = st.lists(
    st.builds(
        draft,
        st.sampled_from(["quinine", "salmeterol", "hydrochlorothiazide", "pramipexole", "amoxicillin", ""]),
        id=st.sampled_from(["draft-1", "d2", "", 5, None]),
        reasonCode=st.sampled_from([[], [text("Malaria")], [text("leg cramps")], "cramps", [None]]),
        status=st.sampled_from(["draft", "active", "cancelled", "", None]),
    ),
    max_size=3,
)


def answered(body: Body) -> Answered | None:
    """The answer to a call; None where it is refused, which has to come with a repair."""
    try:
        return respond(f"soleus-{body['hook']}" if isinstance(body["hook"], str) else "", body, COMPILED, **AT)
    except (InputError, CannotAssess) as error:
        return None if error.repair else pytest.fail("a refusal without a repair")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    hook=st.sampled_from(HOOKS),
    prefetch=PREFETCH,
    drafts=DRAFTS,
    patient_id=IDS,
    user=st.sampled_from([NAMED, "Practitioner/1"]),
)
def test_every_answer_to_a_generated_call_has_its_shape(
    hook: str, prefetch: Any, drafts: list[Body], patient_id: Any, user: str
) -> None:
    answer = answered(request(hook, prefetch, *drafts, patientId=patient_id, userId=user))
    if answer is None:
        return
    assert faults("response", json.loads(json.dumps(answer.body))) == []
    assert [u for u, _ in answer.cards] == [c["uuid"] for c in answer.body["cards"]]
    uuids = [s["uuid"] for c in answer.body["cards"] for s in (c, *c.get("suggestions", ()))]
    assert len(uuids) == len(set(uuids))


FIELDS = st.sampled_from(["hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization"])
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    hook=st.sampled_from(HOOKS),
    name=FIELDS,
    junk=JUNK,
)
def test_a_call_with_anything_anywhere_is_answered_or_refused_in_words(hook: str, name: str, junk: Any) -> None:
    answer = answered({**request(hook, CRAMPS, draft("quinine")), name: junk})
    assert answer is None or faults("response", answer.body) == []


@pytest.mark.parametrize("body", [None, [], "x", {}, {"hook": "patient-view"}, {"hook": "order-dispatch"}])
def test_what_is_no_call_is_refused(body: Any) -> None:
    with pytest.raises(InputError):
        answer("soleus-patient-view", body, COMPILED, **AT)


def test_a_service_that_is_none_is_named_unknown() -> None:
    with pytest.raises(UnknownName):
        answer("nothing", request("patient-view"), COMPILED, **AT)


@given(st.text())
def test_a_summary_is_one_short_line(words: str) -> None:
    line = head(words)
    assert len(line) < 140
    assert "\n" not in line


def test_links_are_absolute_and_smart_only_where_configured() -> None:
    (card,) = cards("patient-view", CRAMPS)
    assert [link["type"] for link in card["links"]] == ["absolute"]
    smart = "https://soleus.example/smart/launch"
    body = answer("soleus-patient-view", request("patient-view", CRAMPS), COMPILED, smart_url=smart, **AT)
    assert [link["type"] for link in body["cards"][0]["links"]] == ["absolute", "smart"]
    assert faults("response", body) == []
