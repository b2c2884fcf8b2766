"""Pages of learning: course, quiz, commitment, certificate, next question, group; with an account and without."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest

from soleus.accounts import audit
from soleus.learning.codes import new_code
from soleus.learning.course import case_named, course
from soleus.learning.quizzes import mixed, of_level
from soleus.learning.records import TOPIC, record_of
from soleus.reasoning.compiled import shipped_compiled
from soleus.web.pdf import pdf_is_here
from tests.accounts.people import made
from tests.web_pages.test_account_pages import Browser, Service

CASE = case_named("sim_cramp_or_restless")
HOSTILE = "<script>alert(1)</script>"
OPEN = (
    "/learn", "/learn/course", f"/learn/case/{CASE.slug}", f"/learn/case/{CASE.slug}/answer", "/learn/quiz",
    "/learn/quiz/mixed-7", "/learn/quiz/level-3", "/learn/ask", "/learn/ask/home-from-singapore", "/learn/certificate",
)  # fmt: skip
CLOSED = (
    "/learn/record",
    "/learn/record.json",
    "/learn/record.pdf",
    "/learn/group",
    "/learn/attempt/5589-K0XG-YAPC-T3AQ",
)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


@pytest.fixture
def ann(service: Service) -> Browser:
    return service.as_("Ann Example", "reader", "learner")


def text(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def field(page: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None
    return found[1]


def account_id(service: Service, name: str = "Ann Example") -> str:
    found = service.store.account_named(name)
    assert found is not None
    return found.id


def answer(browser: Browser, choice: str = CASE.answer, confidence: str = "80", **more: str) -> Any:
    """Answer the case as its page does."""
    page = browser.get(f"/learn/case/{CASE.slug}")
    fields = {"form_token": field(page, "form_token"), "attempt": field(page, "attempt")}
    data = fields | {"choice": choice, "confidence": confidence} | more
    return browser.client.post(f"/learn/case/{CASE.slug}", data=data)


def replies(right: int = 10, seed: int = 7, confidence: str = "80") -> dict[str, str]:
    """The fields of a mixed quiz, so many of them right."""
    out = {}
    for n, case in enumerate(mixed(seed).cases):
        out[f"choice-{case.slug}"] = case.answer if n < right else case.tempting
        out[f"confidence-{case.slug}"] = confidence
    return out


def hand_in(browser: Browser, right: int = 10, seed: int = 7, **more: Any) -> Any:
    page = browser.get(f"/learn/quiz/mixed-{seed}")
    fields = {"form_token": field(page, "form_token"), "attempt": field(page, "attempt")}
    return browser.client.post(f"/learn/quiz/mixed-{seed}", data=fields | replies(right, seed) | more)


# --- without an account -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", OPEN)
def test_the_course_is_open_to_everybody_and_works_without_script(service: Service, path: str) -> None:
    page = service.browser().get(path)
    assert page.status_code == 200
    assert "onclick" not in page.text
    assert page.text.count("<script") == 1  # the one of the site, which no form needs


@pytest.mark.parametrize("path", CLOSED)
def test_a_record_is_shown_to_somebody_who_is_signed_in(service: Service, path: str) -> None:
    answer = service.browser().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/account/sign-in?next=/learn")


def test_teaching_says_that_it_is_no_advice_and_that_nobody_reviewed_it(service: Service) -> None:
    told = text(service.browser().get("/learn"))
    assert "This is teaching, not advice" in told
    assert "No clinician has reviewed" in told
    assert "no clinician has reviewed" in text(service.browser().get(f"/learn/case/{CASE.slug}/answer"))


def test_without_an_account_an_answer_is_explained_and_not_kept_and_the_page_says_so(service: Service) -> None:
    page = answer(service.browser())
    told = text(page)
    assert page.status_code == 200
    assert "Right: nocturnal" in told
    assert "Nothing of this was kept" in told
    assert service.store.events(TOPIC) == ()


def test_without_an_account_a_quiz_is_graded_and_not_kept_and_has_no_certificate(service: Service) -> None:
    page = hand_in(service.browser(), right=9)
    told = text(page)
    assert page.status_code == 200
    assert "9 of 10 right. 8 pass." in told
    assert "Nothing of this was kept" in told
    assert "/certificate" not in page.text
    assert service.store.events(TOPIC) == ()


def test_neither_addresses_nor_fields_of_a_question_name_the_answer(service: Service) -> None:
    browser = service.browser()
    for path in ("/learn/course", "/learn/quiz/mixed-7", f"/learn/case/{CASE.slug}", "/learn/ask"):
        page = browser.get(path).text
        assert not [c.id for c in course() if c.id in page]


def test_what_is_no_case_and_no_quiz_is_not_found(service: Service) -> None:
    for path in ("/learn/case/nothing", "/learn/quiz/mixed-99999", "/learn/quiz/level-9", "/learn/ask/nothing"):
        assert service.browser().get(path).status_code == 404


# --- a case -----------------------------------------------------------------------------------------------------------


def test_a_case_tells_person_findings_and_medicines_and_offers_its_choices(service: Service) -> None:
    case = case_named("sim_cramp_laba")
    page = service.browser().get(f"/learn/case/{case.slug}")
    told = text(page)
    assert "Man of 69" in told
    assert "Muscle visibly knotted or hard: present" in told
    assert "Salmeterol" in told
    assert re.findall(r'name="choice" id="choice-\d" value="([^"]+)"', page.text) == list(case.choices)
    assert re.findall(r'name="confidence" id="confidence-\d" value="(\d+)"', page.text) == [
        "50", "60", "70", "80", "90", "100",
    ]  # fmt: skip
    assert " checked>" not in page.text


def test_an_answer_is_explained_with_lesson_bars_intervals_and_sources(service: Service) -> None:
    page = answer(service.browser(), choice=CASE.tempting, confidence="90")
    told = text(page)
    assert "The preferred answer is nocturnal" in told
    assert "You said restless legs syndrome (Willis-Ekbom disease), 90% sure." in told
    assert "A cramp is an event" in told
    shown = re.findall(r'data-explanation="(\w+)" data-probability="([\d.e-]+)"', page.text)
    assert shown[0][0] == CASE.answer
    assert {e for e, _ in shown} >= set(CASE.choices)
    assert page.text.count('class="chance"') == len(shown)
    assert page.text.count('class="weight') >= 3
    assert f"/compare?first={CASE.answer}&amp;second={CASE.tempting}" in page.text
    assert f"/library/explanation/{CASE.answer}" in page.text
    cited = {int(n) for n in re.findall(r'href="#ref-(\d+)"', page.text)}
    assert cited <= {int(n) for n in re.findall(r'id="ref-(\d+)"', page.text)}
    assert f"seed {CASE.seed}" in told


def test_a_retold_case_names_its_publication_and_a_red_flag_stands_where_one_fires(service: Service) -> None:
    case = case_named("msk_rhabdo_one_leg_02")
    page = service.browser().get(f"/learn/case/{case.slug}/answer")
    assert "Rhabdomyolysis after spin class?" in text(page)
    assert 'class="flag emergency"' in page.text


@pytest.mark.parametrize(("sent", "named"), [({"choice": ""}, "choice"), ({"confidence": ""}, "confidence")])
def test_an_incomplete_answer_is_asked_for_again_with_what_is_missing_and_keeps_the_rest(
    service: Service, ann: Browser, sent: dict[str, str], named: str
) -> None:
    page = answer(ann, **sent)
    assert page.status_code == 400
    assert f'href="#{named}-1"' in page.text
    assert f'id="{named}-1"' in page.text
    kept = CASE.answer if named == "confidence" else "80"
    assert f'value="{kept}" checked' in page.text
    assert service.store.events(TOPIC) == ()


def test_a_choice_of_another_case_counts_as_missing(ann: Browser) -> None:
    assert answer(ann, choice="acute_limb_ischaemia").status_code == 400
    assert answer(ann, confidence="85").status_code == 400


def test_with_an_account_the_answer_is_kept_and_the_course_shows_it(service: Service, ann: Browser) -> None:
    assert answer(ann).status_code == 200
    record = record_of(service.store, account_id(service))
    assert [(g.case, g.right, g.confidence) for _, g in record.given] == [(CASE.id, True, 80)]
    assert record.answers[0].what.knowledge.version
    assert "1 answered." in text(ann.get("/learn/course"))
    assert "You have answered this case before, and were right." in text(ann.get(f"/learn/case/{CASE.slug}"))


def test_a_form_that_is_sent_twice_counts_once_and_shows_the_first_answer(service: Service, ann: Browser) -> None:
    code = new_code()
    answer(ann, choice=CASE.tempting, attempt=code)
    again = answer(ann, choice=CASE.answer, attempt=code)
    assert "The preferred answer is nocturnal" in text(again)
    assert len(record_of(service.store, account_id(service)).answers) == 1


def test_a_page_from_before_signing_in_is_answered_and_not_kept_and_says_so(service: Service, ann: Browser) -> None:
    page = answer(ann, form_token="")
    assert page.status_code == 200
    assert "opened before you signed in" in text(page)
    assert answer(ann, form_token="forged").status_code == 200
    assert service.store.events(TOPIC) == ()


# --- a quiz -----------------------------------------------------------------------------------------------------------


def test_an_incomplete_quiz_comes_back_with_every_missing_answer_named_and_linked_and_the_others_kept(
    service: Service, ann: Browser
) -> None:
    cases = mixed(7).cases
    gone: dict[str, Any] = {
        f"choice-{cases[2].slug}": "",
        f"confidence-{cases[2].slug}": "",
        f"confidence-{cases[5].slug}": "",
    }
    page = hand_in(ann, **gone)
    told = text(page)
    assert page.status_code == 400
    assert "Not handed in yet: 3 still to answer" in told
    assert f"Case 3, {cases[2].title}: what to act on first" in told
    assert f"Case 3, {cases[2].title}: how sure you are" in told
    assert f"Case 6, {cases[5].title}: how sure you are" in told
    links = re.findall(r'href="#((?:choice|confidence)-[^"]+)"', page.text)
    assert len(links) == 3
    assert all(f'id="{link}"' in page.text for link in links)
    assert page.text.count(" checked>") == 20 - 3
    assert f'value="{cases[5].answer}" checked' in page.text
    assert service.store.events(TOPIC) == ()


def test_a_quiz_that_is_sent_again_complete_is_kept_under_the_same_attempt(ann: Browser) -> None:
    slug = mixed(7).cases[0].slug
    left_out: dict[str, Any] = {f"choice-{slug}": ""}
    first = hand_in(ann, **left_out)
    code = field(first, "attempt")
    answer = ann.client.post(
        "/learn/quiz/mixed-7", data={"form_token": field(first, "form_token"), "attempt": code} | replies()
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/learn/attempt/{code}")


def test_a_passed_quiz_shows_score_preferred_answers_lessons_and_a_certificate(ann: Browser) -> None:
    answer = hand_in(ann, right=8)
    assert answer.status_code == 303
    page = ann.get(answer.headers["location"])
    told = text(page)
    assert "<h1>Passed</h1>" in page.text
    assert "8 of 10 right. 8 pass." in told
    for case in mixed(7).cases:
        assert case.title in told
        assert f"/learn/case/{case.slug}/answer" in page.text
    assert told.count("The preferred answer is") == 2
    assert f"{answer.headers['location']}/certificate" in page.text


def test_seven_of_ten_do_not_pass_and_have_no_certificate(ann: Browser) -> None:
    place = hand_in(ann, right=7).headers["location"]
    page = ann.get(place)
    assert "<h1>Not passed this time</h1>" in page.text
    assert "/certificate" not in page.text
    assert ann.get(f"{place}/certificate").status_code == 404


def test_a_quiz_that_is_sent_twice_counts_once_and_the_first_counts(service: Service, ann: Browser) -> None:
    code = new_code()
    one, two = hand_in(ann, right=5, attempt=code), hand_in(ann, right=10, attempt=code)
    assert one.headers["location"] == two.headers["location"] == f"/learn/attempt/{code}"
    assert "5 of 10 right" in text(ann.get(f"/learn/attempt/{code}"))
    assert len(record_of(service.store, account_id(service)).quizzes) == 1


def test_a_whole_level_is_a_quiz_within_the_limit_of_fields(service: Service, ann: Browser) -> None:
    for level in (1, 2, 3):
        page = ann.get(f"/learn/quiz/level-{level}")
        data = {"form_token": field(page, "form_token"), "attempt": field(page, "attempt")}
        for case in of_level(level).cases:
            data |= {f"choice-{case.slug}": case.answer, f"confidence-{case.slug}": "100"}
        assert ann.client.post(f"/learn/quiz/level-{level}", data=data).status_code == 303
    assert [q.what.score.share for q in record_of(service.store, account_id(service)).quizzes] == [1, 1, 1]


def test_a_number_leads_to_its_quiz_and_something_else_is_told(service: Service) -> None:
    browser = service.browser()
    answer = browser.get("/learn/quiz?number=0042")
    assert (answer.status_code, answer.headers["location"]) == (303, "/learn/quiz/mixed-42")
    for number in ("-1", "ten", "10000", "1" * 50, "000000" + "1" * 5000):
        page = browser.get(f"/learn/quiz?number={number}")
        assert page.status_code == 400
        assert "A number from 0 to 9999, please." in text(page)


def test_nobody_sees_the_quiz_of_somebody_else(service: Service, ann: Browser) -> None:
    place = hand_in(ann).headers["location"]
    bob = service.as_("Bob Example", "reader", "learner")
    for path in (place, f"{place}/certificate", f"{place}/certificate.json", f"{place}/certificate.pdf"):
        assert bob.get(path).status_code == 404
    assert bob.send(f"{place}/commitment", statement="iron", weeks="4").status_code == 404


# --- commitment -------------------------------------------------------------------------------------------------------


def test_a_commitment_is_kept_asked_for_again_and_its_outcome_told(service: Service, ann: Browser) -> None:
    place = hand_in(ann, seed=7).headers["location"]
    assert "What will you do differently?" in text(ann.get(place))
    answer = ann.send(f"{place}/commitment", statement=["score", "urge"], words="Phone the lab.", weeks="4", seen="0")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{place}#commitment")
    told = text(ann.get(place))
    assert "You are asked again on 27 December 2026." in told
    assert "Phone the lab." in told
    assert "What became of it?" not in text(ann.get("/learn"))
    service.clock.pass_(days=29)
    ann.sign_in("Ann Example")
    assert "What became of it?" in text(ann.get("/learn"))
    seen = field(ann.get(place), "seen")
    assert ann.send(f"{place}/outcome", reply="partly", words="The lab was shut.", seen=seen).status_code == 303
    assert "you said: in part." in text(ann.get(place))
    assert "What became of it?" not in text(ann.get("/learn"))


def test_an_empty_commitment_is_asked_for_again_and_keeps_what_was_chosen(ann: Browser) -> None:
    place = hand_in(ann).headers["location"]
    page = ann.send(f"{place}/commitment", words=" ", weeks="26", seen="0")
    assert page.status_code == 400
    assert "Choose one, or write one." in text(page)
    assert 'value="26" checked' in page.text
    page = ann.send(f"{place}/commitment", words=HOSTILE, weeks="", seen="0")
    assert page.status_code == 400
    assert HOSTILE not in page.text
    assert html.escape(HOSTILE) in page.text
    page = ann.send(f"{place}/outcome", reply="", words="nothing yet", seen="0")
    assert page.status_code == 400


def test_two_tabs_with_different_commitments_do_not_overwrite_each_other(service: Service, ann: Browser) -> None:
    place = hand_in(ann).headers["location"]
    assert ann.send(f"{place}/commitment", statement="urge", weeks="4", seen="0").status_code == 303
    assert ann.send(f"{place}/commitment", statement="urge", weeks="4", seen="0").status_code == 303  # sent twice
    assert ann.send(f"{place}/commitment", statement="iron", weeks="4", seen="0").status_code == 409
    kept = [e for e in service.store.events(TOPIC) if e.kind == "committed"]
    assert [e.body["statements"] for e in kept] == [["urge"]]


def test_only_a_form_of_the_session_commits(service: Service, ann: Browser) -> None:
    place = hand_in(ann).headers["location"]
    assert ann.client.post(f"{place}/commitment", data={"statement": "iron", "weeks": "4"}).status_code == 400
    assert ann.client.post("/learn/named", data={"named": "yes"}).status_code == 400
    assert {e.kind for e in service.store.events(TOPIC)} == {"sat"}


# --- certificate and record -------------------------------------------------------------------------------------------


def test_a_certificate_says_name_score_date_version_and_that_nothing_is_accredited(ann: Browser) -> None:
    place = hand_in(ann, right=9).headers["location"]
    told = text(ann.get(f"{place}/certificate"))
    code = place.rpartition("/")[2]
    for words in ("Ann Example", "9 of 10 right (90%; 8 were needed)", "29 November 2026", code):
        assert words in told
    assert f"version {shipped_compiled().knowledge.version}" in told
    assert "No accreditation is claimed." in told
    assert "No clinician has reviewed the content of the course yet." in told
    assert f"/learn/certificate/{code}" in told
    data = ann.get(f"{place}/certificate.json").json()
    assert (data["name"], data["right"], data["of"], data["accreditation"], data["reviewed_by"]) == (
        "Ann Example", 9, 10, None, None,
    )  # fmt: skip
    assert data["claims"].startswith("No accreditation is claimed.")
    assert data["verify"].endswith(f"/learn/certificate/{code}")
    assert data["knowledge"]["version"]


@pytest.mark.skipif(not pdf_is_here(), reason="WeasyPrint is not installed")
def test_certificate_and_record_are_files_to_keep(ann: Browser) -> None:
    place = hand_in(ann).headers["location"]
    for path in (f"{place}/certificate.pdf", "/learn/record.pdf"):
        answer = ann.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")


def test_everybody_can_confirm_a_certificate_and_sees_no_more_than_stands_on_it(
    service: Service,
) -> None:
    ann = service.as_("Ann Example", "reader", "learner", email="ann@clinic.example")
    code = hand_in(ann, right=8).headers["location"].rpartition("/")[2]
    anybody = service.browser()
    for typed in (f"/learn/certificate/{code}", f"/learn/certificate?code={code.lower().replace('-', '')}"):
        page = anybody.get(typed)
        told = text(page)
        assert page.status_code == 200
        assert "Valid: a certificate of this service" in told
        assert "Ann Example" in told
        assert "No accreditation is claimed." in told
        assert "ann@clinic.example" not in page.text
        assert account_id(service) not in page.text
        assert not [c.title for c in mixed(7).cases if c.title in told]


def test_a_code_of_nothing_is_unknown_and_comes_back_escaped(service: Service, ann: Browser) -> None:
    failed = hand_in(ann, right=3).headers["location"].rpartition("/")[2]
    for code in ("7KQ2-M4XT-9PWB-3RHD", failed, "x"):
        page = service.browser().get(f"/learn/certificate/{code}")
        assert page.status_code == 404
        assert "Unknown: no certificate of this service has this code" in text(page)
    page = service.browser().get("/learn/certificate", params={"code": HOSTILE})
    assert page.status_code == 404
    assert HOSTILE not in page.text


def test_a_deleted_account_leaves_no_learning_and_no_certificate(service: Service, ann: Browser) -> None:
    code = hand_in(ann).headers["location"].rpartition("/")[2]
    service.accounts.people.delete(account_id(service), who=audit.COMMAND_LINE)
    assert service.store.events(TOPIC) == ()
    assert service.browser().get(f"/learn/certificate/{code}").status_code == 404


def test_the_record_holds_every_answer_quiz_question_and_commitment(ann: Browser) -> None:
    answer(ann, choice=CASE.tempting, confidence="90")
    place = hand_in(ann, right=9).headers["location"]
    ann.send(f"{place}/commitment", statement="iron", weeks="4", seen="0")
    ask(ann, "act")
    found = ann.get("/learn/record.json").json()
    assert len(found["answers"]) == 1 + 10
    assert found["answers"][0] | {"at": ""} == {
        "at": "", "case": CASE.id, "choice": CASE.tempting, "confidence": 90, "right": False, "first": True,
    }  # fmt: skip
    assert [(q["right"], q["of"], q["passed"]) for q in found["quizzes"]] == [(9, 10, True)]
    assert found["questions"][0]["question"] is None
    assert found["commitments"][0]["asked_again_on"] == "2026-12-27"
    assert found["calibration"]["first_answers"] == len({a["case"] for a in found["answers"]})
    assert found["claims"].startswith("No accreditation")
    told = text(ann.get("/learn/record"))
    assert "Record of Ann Example, 29 November 2026" in told
    assert place.rpartition("/")[2] in told


def test_the_home_draws_results_and_says_nothing_of_confidence_before_ten_answers(ann: Browser) -> None:
    for _ in range(3):
        answer(ann)
    told = text(ann.get("/learn"))
    assert "1 first answers so far. From 10 on" in told
    assert "Brier" not in told
    hand_in(ann, right=10, confidence="90")
    hand_in(ann, right=4, seed=8)
    page = ann.get("/learn")
    told = text(page)
    assert "2 handed in, 1 passed. Best: 10 / 10. Last: 4 / 10." in told
    assert page.text.count('class="plot"') == 2
    assert "Brier score" in told
    assert re.search(r"You said \d+% on average and were right in \d+%", told)


# --- what would you ask next? -----------------------------------------------------------------------------------------


def ask(browser: Browser, question: str, slug: str = "the-same-tablet", **more: str) -> Any:
    page = browser.get(f"/learn/ask/{slug}")
    data = {"form_token": field(page, "form_token"), "attempt": field(page, "attempt"), "question": question} | more
    return browser.client.post(f"/learn/ask/{slug}", data=data)


def test_the_worth_of_each_question_is_shown_after_the_choice_and_not_before(service: Service) -> None:
    browser = service.browser()
    assert "units" not in text(browser.get("/learn/ask/the-same-tablet"))
    page = ask(browser, "visible_movement")
    told = text(page)
    assert "You chose the best." in told
    assert page.text.count('class="chance"') == 5
    assert "it could change what to do." in told
    assert "Your choice is worth" in text(ask(browser, "side"))
    assert "There was a question worth asking first." in text(ask(browser, "act"))
    assert "You chose the best." in text(ask(browser, "act", slug="a-foot-gone-cold"))
    assert service.store.events(TOPIC) == ()


def test_without_a_choice_it_is_asked_again(service: Service) -> None:
    page = ask(service.browser(), "")
    assert page.status_code == 400
    assert "Choose one of them." in text(page)
    assert ask(service.browser(), "nonsense").status_code == 400


def test_with_an_account_the_question_is_kept_once(service: Service, ann: Browser) -> None:
    code = new_code()
    ask(ann, "side", attempt=code)
    again = ask(ann, "visible_movement", attempt=code)
    assert "You chose the best." not in text(again)
    kept = record_of(service.store, account_id(service)).questions
    assert [q.what.question for q in kept] == ["side"]
    assert kept[0].what.regret == pytest.approx(kept[0].what.best - kept[0].what.value)
    assert "below the best" in text(ann.get("/learn/ask"))


# --- group ------------------------------------------------------------------------------------------------------------


def joined(service: Service, name: str, part: str = "member") -> Browser:
    browser = service.as_(name, "reader", "learner")
    if service.store.institution("clinic") is None:
        who = audit.COMMAND_LINE
        service.accounts.institutions.add("clinic", "Sleep clinic", "2026-01-01", "2027-12-31", who=who)
    service.accounts.institutions.join("clinic", account_id(service, name), part, who=audit.COMMAND_LINE)
    return browser


def test_only_the_instructor_of_a_licensed_group_sees_it(service: Service, ann: Browser) -> None:
    assert ann.get("/learn/group").status_code == 403
    assert joined(service, "Member One").get("/learn/group").status_code == 403
    lead = joined(service, "Lead", "instructor")
    assert lead.get("/learn/group").status_code == 200
    service.clock.pass_(days=800)
    lead.sign_in("Lead")
    assert lead.get("/learn/group").status_code == 403


def test_a_group_of_fewer_than_five_shows_nothing_and_no_name(service: Service) -> None:
    lead = joined(service, "Lead", "instructor")
    for n in range(4):
        answer(joined(service, f"Member {n}"))
    told = text(lead.get("/learn/group"))
    assert "Fewer than 5 people stand behind the answers so far" in told
    assert "%" not in told.partition("Those who agreed")[0].partition("Names are shown")[2]
    assert "Member " not in told


def test_a_group_of_five_shows_sums_and_only_names_that_agreed(service: Service) -> None:
    lead = joined(service, "Lead", "instructor")
    members = [joined(service, f"Member {n}") for n in range(6)]
    for n, member in enumerate(members):
        answer(member, choice=CASE.answer if n < 3 else CASE.tempting)
    told = text(lead.get("/learn/group"))
    assert "3 of 6 right (50%), by 6 people" in told
    assert "Member " not in told
    assert members[0].send("/learn/named", named="yes").status_code == 303
    told = text(lead.get("/learn/group"))
    assert "Member 0 1 of 1 cases right at first" in told
    assert "3 of 6 right" in told
    assert "Your instructor may see your name" in text(members[0].get("/learn"))
    members[0].send("/learn/named", named="no")
    assert "Member " not in text(lead.get("/learn/group"))


def test_an_account_that_was_deleted_is_in_no_group(service: Service) -> None:
    lead = joined(service, "Lead", "instructor")
    for n in range(5):
        answer(joined(service, f"Member {n}"))
    service.accounts.people.delete(account_id(service, "Member 0"), who=audit.COMMAND_LINE)
    assert "Members: 4, of whom 4 answered something" in text(lead.get("/learn/group"))


def test_names_and_titles_are_escaped_wherever_they_stand(service: Service) -> None:
    lead = joined(service, "Lead", "instructor")
    made(service.accounts, "Eve <b>bold</b>", ("learner",))
    eve = service.browser()
    eve.sign_in("Eve <b>bold</b>")
    service.accounts.institutions.join(
        "clinic", account_id(service, "Eve <b>bold</b>"), "member", who=audit.COMMAND_LINE
    )
    eve.send("/learn/named", named="yes")
    place = hand_in(eve).headers["location"]
    for browser, path in ((eve, f"{place}/certificate"), (eve, "/learn/record"), (lead, "/learn/group")):
        assert "<b>bold" not in browser.get(path).text
