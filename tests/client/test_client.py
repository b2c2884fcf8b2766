"""The client against the application in process, against a real service, and against services that misbehave."""

from __future__ import annotations

import inspect
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
import msgspec
import pytest

import soleus
from soleus import errors
from soleus.client import AsyncClient, Client
from soleus.errors import (
    CannotAssess,
    InvalidValue,
    ServiceError,
    SoleusError,
    UnknownName,
    UsageError,
)
from soleus.reasoning import answers
from soleus.service.app import create_app
from soleus.service.problems import problem, status_of
from soleus.service.settings import load
from soleus.storage import MemoryRepository

T = TypeVar("T")
CRAMP: dict[str, Any] = {
    "as_of": "2026-11-21",
    "person": {"age": 67, "sex": "female"},
    "findings": {"quality": "cramp", "timing": "night_in_bed"},
    "medicines": ["furosemide"],
}
TWO = {
    "as_of": "2026-11-21",
    "complaints": [
        {"id": "one", "findings": {"quality": "cramp"}},
        {"id": "two", "findings": {"quality": "crawling_restless", "urge_to_move": "yes"}},
    ],
}
NOTE = "Calf cramps at night for years. No swelling of the legs."


def in_process(ask: Callable[[AsyncClient], Awaitable[T]]) -> T:
    app = create_app(load(max_seconds=120), store=MemoryRepository())

    async def run() -> T:
        async with AsyncClient("http://127.0.0.1", transport=httpx.ASGITransport(app)) as client:
            return await ask(client)

    return anyio.run(run)


@pytest.mark.parametrize("case", [CRAMP, TWO])
@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_an_assessment_arrives_as_it_was_made(case: dict[str, Any], audience: Any) -> None:
    found = in_process(lambda c: c.assess(case, audience=audience, draws=100))
    assert found == soleus.assess(case, audience=audience, draws=100)


def test_a_case_of_the_package_can_be_sent() -> None:
    from soleus.clinical.reading import case_from

    assert in_process(lambda c: c.assess(case_from(CRAMP))) == soleus.assess(CRAMP)


def test_notes_are_read_and_judged() -> None:
    reading = in_process(lambda c: c.read(NOTE))
    judged = in_process(lambda c: c.assess_note(NOTE, as_of="2026-11-21"))
    direct = soleus.assess_note(NOTE, as_of="2026-11-21")
    assert reading.understood == judged.understood == direct.reading.understood
    assert judged.assessment == direct.assessment
    nothing = in_process(lambda c: c.assess_note("The weather was fine."))
    assert nothing.assessment is None
    assert nothing.reason == "nothing_to_assess"


def test_smaller_answers_arrive_as_they_were_made() -> None:
    async def ask(c: AsyncClient) -> list[Any]:
        return [
            await c.next_question(CRAMP, skip=["swelling"]),
            await c.explain(CRAMP),
            await c.medication_review(CRAMP, medicines=["quinine"]),
            await c.compare("rls", "nocturnal_leg_cramp", most=3),
            await c.entry("G47.62"),
        ]

    assert in_process(ask) == [
        answers.next_question(CRAMP, skip=["swelling"]),
        answers.explain(CRAMP),
        answers.medication_review(CRAMP, medicines=["quinine"]),
        answers.compare("rls", "nocturnal_leg_cramp", most=3),
        answers.entry("G47.62"),
    ]


def test_a_record_is_judged_as_fhir() -> None:
    from soleus.clinical.reading import case_from
    from soleus.interop.fhir.operations import assess as judged
    from soleus.interop.fhir.writing import case_bundle
    from soleus.reasoning.compiled import shipped_compiled

    record = case_bundle(case_from(CRAMP), shipped_compiled())
    found = in_process(lambda c: c.fhir_assess(record))
    assert found == judged(record, shipped_compiled(), as_of=CRAMP["as_of"])
    with pytest.raises(InvalidValue):
        in_process(
            lambda c: c.fhir_assess(
                {
                    "resourceType": "Parameters",
                    "parameter": [{"name": "draws", "valueString": "many"}, {"name": "record", "resource": record}],
                }
            )
        )


@pytest.mark.parametrize(
    ("ask", "kind", "told"),
    [
        (lambda c: c.assess({"findings": {"qualty": "cramp"}}), UnknownName, "quality"),
        (lambda c: c.assess({"findings": {"quality": "crampp"}}), InvalidValue, "cramp"),
        (lambda c: c.assess({}), CannotAssess, ""),
        (lambda c: c.assess(CRAMP, setting="nowhere"), InvalidValue, "setting"),
        (lambda c: c.assess(CRAMP, draws=3), InvalidValue, "draws"),
        (lambda c: c.entry("zzzz"), UnknownName, "something the knowledge base knows"),
        (lambda c: c.compare("restles legs", "rls"), UnknownName, "restless legs"),
    ],
)
def test_errors_come_back_under_their_own_class(ask: Any, kind: type[SoleusError], told: str) -> None:
    with pytest.raises(kind) as fault:
        in_process(ask)
    assert told in str(fault.value)


def _all(root: type[SoleusError]) -> Iterator[type[SoleusError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _all(kind)


def answering(*responses: httpx.Response | Exception) -> tuple[Client, list[httpx.Request]]:
    """A client of a service that answers thus, one after the other; and what it was sent."""
    waiting, sent = list(responses), list[httpx.Request]()

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        answer = waiting.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Client(transport=httpx.MockTransport(handle)), sent


@pytest.mark.parametrize("kind", [k for k in _all(SoleusError) if k.__module__ == errors.__name__])
def test_every_error_of_the_tree_survives_the_way(kind: type[SoleusError]) -> None:
    original = kind("here", "this", "that", "Mend it.")
    answer = problem(status_of(original), original)
    client, _ = answering(httpx.Response(answer.status_code, content=bytes(answer.body)))
    with client, pytest.raises(SoleusError) as fault:
        client.ready()
    assert type(fault.value) is kind
    assert fault.value.to_dict() == original.to_dict()


def test_an_error_in_fhir_survives_the_way() -> None:
    from soleus.interop.fhir.outcomes import outcome

    original = InvalidValue("Parameters.parameter[1]", "a date", "a day", "Write it.")
    answer = httpx.Response(400, content=msgspec.json.encode(outcome(original, status=400)))
    client, sent = answering(answer)
    with client, pytest.raises(InvalidValue) as fault:
        client.fhir_assess({"resourceType": "Bundle"})
    assert fault.value.to_dict() == original.to_dict()
    assert sent[0].headers["content-type"] == "application/fhir+json"


_READY = {"status": "ok", "knowledge_version": "1", "knowledge_hash": "x"}
_BUSY = {"code": "service", "where": "soleus", "found": "too many", "expected": "fewer", "repair": "Wait."}


def test_patience_is_had_where_the_service_asks_for_it() -> None:
    busy = httpx.Response(503, json=_BUSY, headers={"retry-after": "0"})
    client, sent = answering(busy, httpx.ConnectError("refused"), httpx.Response(200, json=_READY))
    with client:
        assert client.ready().knowledge_version == "1"
    assert len(sent) == 3


@pytest.mark.parametrize(
    "answers_",
    [
        [httpx.Response(503, json=_BUSY)],  # the work took too long: it would again
        [httpx.Response(503, json=_BUSY, headers={"retry-after": "600"})],
        [httpx.ReadTimeout("late")],
        [httpx.RemoteProtocolError("cut off")],
        [httpx.Response(502, text="<html>a proxy</html>")],
        [httpx.Response(200, text="not JSON")],
        [httpx.Response(200, json={"status": "ok"})],
        [httpx.Response(302, headers={"location": "http://elsewhere.example/"})],
        [httpx.ConnectError("refused")] * 3,
    ],
)
def test_what_would_not_help_is_not_tried_again(answers_: list[httpx.Response | Exception]) -> None:
    client, sent = answering(*answers_)
    with client, pytest.raises(ServiceError):
        client.ready()
    assert len(sent) == len(answers_)


def test_nothing_that_was_sent_is_in_an_error() -> None:
    client, _ = answering(httpx.Response(500, text="a page"))
    with client, pytest.raises(ServiceError) as fault:
        client.entry("Zebedee-Quartz-4711")
    assert "Zebedee" not in str(fault.value)


@pytest.mark.parametrize("address", ["http://example.org", "ftp://127.0.0.1", "127.0.0.1:8000", "http://10.0.0.1"])
def test_nothing_of_a_person_travels_unencrypted(address: str) -> None:
    with pytest.raises(UsageError):
        Client(address)
    with pytest.raises(UsageError):
        AsyncClient(address)


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, inspect.Signature]:
        return {n: inspect.signature(m) for n, m in vars(kind).items() if callable(m) and not n.startswith("_")}

    assert methods(Client) == methods(AsyncClient)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A service in processes of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "SOLEUS_DATA": str(tmp_path),
        "SOLEUS_WORKERS": "1",
        "SOLEUS_MAX_SECONDS": "100",
    }
    command = [sys.executable, "-c", "from soleus.cli import main; main()", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_a_real_service_gives_the_numbers_of_the_package(address: str) -> None:
    with Client(address, retries=150) as client:  # it takes a moment to start
        ready = client.ready()
        found = client.assess(CRAMP, draws=100)
        asked = client.next_question(CRAMP)
    direct = soleus.assess(CRAMP, draws=100)
    assert found == direct
    assert ready.knowledge_hash == direct.knowledge_hash
    assert asked == answers.next_question(CRAMP)
