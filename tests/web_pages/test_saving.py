"""Answers are kept only for those who ask, unreadable to the server, and really deleted."""

from __future__ import annotations

import datetime
import io
import json
import logging
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from soleus.cli import main
from soleus.interop.handover import packed
from soleus.reasoning.compiled import shipped_compiled
from soleus.reports.json import from_json
from soleus.service.app import STORE, create_app
from soleus.service.settings import load
from soleus.storage import MemoryRepository, SqliteRepository
from soleus.web import saving
from soleus.web.saving import FILE_NAME, MOST_FILE, id_of, new_key, seal, unseal
from tests.web_pages.conftest import NOW
from tests.web_pages.visitor import Page, Visitor

COMPILED = shipped_compiled()
MARK = "Zzyzx tablets"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime.datetime:
        return self.now


def served(store: MemoryRepository | SqliteRepository, folder: Path, clock: Clock | None = None) -> TestClient:
    app = create_app(load(data=folder), store=store, clock=clock or Clock())
    return TestClient(app, base_url="http://localhost")


def told(client: TestClient) -> Visitor:
    """A visitor with a medicine, a place and one answer."""
    visitor = Visitor(client)
    visitor.press("respondent", "self")
    visitor.continue_("person", age="67", sex="male")
    visitor.continue_("health", medicines=MARK)
    visitor.continue_("health")
    visitor.continue_("map", mark="left-calf", side="one_leg")
    visitor.reply("cramp")
    return visitor


def linked(visitor: Visitor) -> str:
    """The address of the private link that the visitor makes, without the host."""
    visitor.press("", "", "/interview/keep")
    visitor.press("", "", "/interview/link")
    address: str = visitor.page.response.text.split('value="http://127.0.0.1:8000')[1].split('"')[0]
    assert address.startswith("/saved/")
    return address


# --- the seal ---------------------------------------------------------------------------------------------------------


def test_keys_hold_256_bits_and_never_repeat() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(k) == 43 for k in keys)  # 32 bytes in base64


def test_only_the_key_opens_what_it_sealed() -> None:
    key, state = new_key(), "soleus1.abc"
    sealed = seal(key, state)
    assert unseal(key, sealed) == state
    assert unseal(new_key(), sealed) is None
    assert state.encode() not in sealed
    assert seal(key, state) != sealed  # a fresh nonce each time
    for place in (0, 12, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert unseal(key, bytes(changed)) is None
    assert unseal(key, b"") is None


def test_a_sealed_text_of_somebody_else_does_not_open_under_this_id() -> None:
    """The id is bound to the seal: a store cannot hand out the answers of one link for another."""
    one, two = new_key(), new_key()
    assert id_of(one) != id_of(two)
    assert unseal(two, seal(one, "soleus1.abc")) is None


def test_the_length_of_what_is_kept_tells_little() -> None:
    assert len({len(seal(new_key(), "x" * n)) for n in range(1, 2_000, 100)}) == 1


# --- the private link -------------------------------------------------------------------------------------------------


def test_nothing_is_stored_unless_asked_for(tmp_path: Path) -> None:
    store = MemoryRepository()
    visitor = told(served(store, tmp_path))
    visitor.press("", "", "/interview/keep")
    assert vars(store)["_saved"] == {}


def test_a_link_brings_the_answers_back(tmp_path: Path) -> None:
    visitor = told(served(MemoryRepository(), tmp_path))
    state, question = visitor.page.state, visitor.page.field("question")
    address = linked(visitor)
    other = Visitor(visitor.client)
    shown = other.go(address)
    assert shown.status == 200
    assert MARK not in shown.response.text  # the page that a link opens shows nothing before it is asked to
    for header, value in (("referrer-policy", "no-referrer"), ("cache-control", "no-store")):
        assert shown.response.headers[header] == value
    assert "noindex" in shown.response.headers["x-robots-tag"]
    assert "21 December 2026" in shown.text
    other.press("do" if shown.values("do") else "", "")
    assert other.page.state == state
    assert other.page.field("question") == question


def test_saving_again_updates_the_same_link(tmp_path: Path) -> None:
    clock = Clock()
    store = MemoryRepository()
    visitor = told(served(store, tmp_path, clock))
    address = linked(visitor)
    visitor.continue_("on")
    visitor.reply("months")
    clock.now += datetime.timedelta(days=20)
    assert linked(visitor) == address
    assert len(vars(store)["_saved"]) == 1
    other = Visitor(visitor.client)
    other.go(address)
    assert "10 January 2027" in other.page.text  # the time begins anew
    other.press("", "", "/interview")
    assert other.page.state.answers[-1]["reply"] == "months"


def test_nobody_chooses_a_key(tmp_path: Path) -> None:
    store = MemoryRepository()
    visitor = told(served(store, tmp_path))
    state = visitor.page.field("state")
    page = Page(visitor.client.post("/interview/link", data={"state": state, "link": "easy"}))
    assert page.status == 200
    assert store.saved(id_of("easy")) is None
    assert "/saved/easy" not in page.response.text


def test_what_is_stored_cannot_be_read_and_is_deleted_for_good(tmp_path: Path) -> None:
    store = SqliteRepository(tmp_path / STORE)
    visitor = told(served(store, tmp_path))
    state = visitor.page.field("state") or ""
    address = linked(visitor)
    key = address.removeprefix("/saved/")

    def stored() -> bytes:
        return b"".join(f.read_bytes() for f in tmp_path.iterdir() if f.name.startswith(STORE))

    saved = store.saved(id_of(key))
    assert saved is not None
    for secret in (key.encode(), MARK.encode(), state.encode(), b"cramp"):
        assert secret not in stored()
    assert saved.sealed[:64] in stored()
    visitor.go(address)
    page = visitor.press("", "", f"{address}/delete")
    assert "deleted" in page.h1
    assert saved.sealed[:64] not in stored()
    assert saved.id.encode() not in stored()
    assert Visitor(visitor.client).go(address).status == 404


def test_a_link_whose_time_is_over_is_gone_and_its_answers_are_deleted(tmp_path: Path) -> None:
    clock, store = Clock(), MemoryRepository()
    visitor = told(served(store, tmp_path, clock))
    address = linked(visitor)
    clock.now += datetime.timedelta(days=30, seconds=1)
    assert visitor.go(address).status == 410
    assert vars(store)["_saved"] == {}
    assert visitor.go(address).status == 404


@pytest.mark.parametrize("key", ["x", "a" * 43, "é", "a" * 5_000, "%2e%2e", "..;", "'\"><script>"])
def test_a_wrong_key_finds_nothing(client: TestClient, key: str) -> None:
    page = Page(client.get(f"/saved/{key}"))
    assert page.status == 404
    assert "<script>alert" not in page.response.text
    assert Page(client.post("/interview", data={"do": "resume", "link": key})).status == 404
    assert Page(client.post(f"/saved/{key}/delete")).status == 404


def test_every_wrong_key_costs_the_same_work(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One derivation and one look-up, whatever the key looks like: no answer comes sooner than another."""
    work: list[str] = []
    derived = saving._derived

    def counted(key: str, purpose: bytes) -> bytes:
        work.append(purpose.decode())
        return derived(key, purpose)

    monkeypatch.setattr(saving, "_derived", counted)
    counts = []
    for key in ("x", new_key(), "a" * 5_000):
        work.clear()
        client.get(f"/saved/{key}")
        counts.append(list(work))
    assert counts == [["id"]] * 3


def test_no_log_holds_a_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        visitor = told(served(MemoryRepository(), tmp_path))
        address = linked(visitor)
        visitor.go(address)
        visitor.press("", "", f"{address}/delete")
        visitor.go(address)
    own = [r for r in caplog.records if r.name.startswith("soleus")]
    assert any(getattr(r, "route", "") == "/saved/{key}" for r in own)
    assert not [r for r in own if address.removeprefix("/saved/") in repr(vars(r))]
    assert not [r for r in own if MARK in repr(vars(r))]


# --- the file ---------------------------------------------------------------------------------------------------------


def downloaded(visitor: Visitor) -> bytes:
    visitor.press("", "", "/interview/keep")
    response = visitor.client.post("/interview/file", data={"state": visitor.page.field("state")})
    assert response.headers["content-disposition"] == f'attachment; filename="{FILE_NAME}"'
    return bytes(response.content)


def uploaded(client: TestClient, raw: bytes, name: str = FILE_NAME) -> Page:
    return Page(client.post("/interview/resume", files={"file": (name, io.BytesIO(raw))}))


def test_a_file_brings_the_answers_back(client: TestClient) -> None:
    visitor = told(client)
    state, question = visitor.page.state, visitor.page.field("question")
    page = uploaded(client, downloaded(visitor))
    assert page.field("question") == question
    assert page.state.case == state.case
    assert page.state.answers == state.answers


def test_the_command_line_reads_the_file_too(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor = told(client)
    judged = visitor.page.state.interview(COMPILED).judged()
    question = visitor.page.h1
    file = tmp_path / FILE_NAME
    file.write_bytes(downloaded(visitor))

    def called(*arguments: str) -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        assert not end.value.code
        return capsys.readouterr().out

    found = from_json(called("assess", str(file), "--format", "json")).complaints[0].explanations[0]
    assert found.id == judged.first.id
    assert found.probability == judged.probability[judged.first.id]
    assert question in called("interview", "--resume", str(file))


def test_a_case_and_a_code_are_read_as_well(client: TestClient) -> None:
    case = {"person": {"age": 70}, "findings": {"quality": "cramp"}}
    assert uploaded(client, json.dumps(case).encode(), "case.json").state.case == case
    assert uploaded(client, packed({"case": case}).encode(), "code.txt").state.case == case


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"[]",
        b"{}x",
        b"%PDF-1.7",
        b'{"case": 1, "respondent": "self", "answers": []}',
        b'{"case": {}, "respondent": "nobody", "answers": []}',
        b'{"case": {}, "respondent": "self", "answers": [{"question": "<script>alert(1)</script>"}]}',
        b'{"case": {"findings": {"<script>alert(1)</script>": "x"}}, "respondent": "self", "answers": []}',
        b"[" * 100_000,
        b"soleus1.%%%",
        b"a" * (MOST_FILE + 1),
    ],
)
def test_a_file_that_cannot_be_read_is_told_on_the_page(client: TestClient, raw: bytes) -> None:
    page = uploaded(client, raw)
    assert page.status == 400
    assert "This file could not be read" in page.text
    assert page.h1 == "Who has the trouble?"  # one can go on from here
    assert "<script>alert" not in page.response.text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_no_file_is_a_fault_of_ours(client: TestClient, raw: bytes) -> None:
    assert uploaded(client, raw).status in (200, 400)
