"""A client that others wrote: HealthChain's SandboxClient, in an environment of its own, against a running service.

Compared: whether it can call every workflow that it knows and we serve (patient-view, order-select, order-sign), and
whether its models take our answers. Its models demand isRecommended and autoLaunchable, which the specification does
not, and its requests leave out draftOrders: both are mended on its side (`healthchain_client`).
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from soleus.service.app import create_app
from soleus.service.settings import Settings
from soleus.storage import MemoryRepository
from tests.interop.bundles import bundle, patient
from tests.interop.cds_hooks.calls import CRAMPS, NOTHING, draft, with_
from tests.interop.cds_hooks.conforming import faults

CLIENT = Path(__file__).with_name("healthchain_client.py")
_STARTS_WITHIN_S = 60


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given: dict[str, Any] = {"data": tmp_path_factory.mktemp("store"), "port": port}
    settings = Settings(**given)
    config = uvicorn.Config(create_app(settings, store=MemoryRepository()), port=port, log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + _STARTS_WITHIN_S
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/cds-services"
    server.should_exit = True
    thread.join()


@pytest.fixture
def sent(healthchain: Path, address: str, tmp_path: Path) -> Any:
    """Calls a service through HealthChain; the answers as it gives them."""

    def send(hook: str, prefetch: Any, context: dict[str, Any]) -> list[dict[str, Any]]:
        files = {"prefetch.json": prefetch, "context.json": context}
        for name, body in files.items():
            (tmp_path / name).write_text(json.dumps(body), encoding="utf-8")
        command = [healthchain, CLIENT, f"{address}/soleus-{hook}", hook, *(tmp_path / n for n in files)]
        run = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr[-2000:]
        found: list[dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
        return found

    return send


def test_patient_view(sent: Any) -> None:
    (answer,) = sent("patient-view", CRAMPS, {"userId": "Practitioner/1", "patientId": "p"})
    assert faults("response", answer) == []
    assert "leg cramp is most likely" in answer["cards"][0]["summary"]


def test_nothing_to_say(sent: Any) -> None:
    (answer,) = sent("patient-view", NOTHING, {"userId": "Practitioner/1", "patientId": "p"})
    assert answer == {"cards": []}


def test_a_patient_whom_it_makes_up_is_not_the_one_of_the_record(sent: Any) -> None:
    (answer,) = sent("patient-view", with_(patient=patient(id="not-a-number")), {})
    assert answer["cards"][0]["summary"].startswith("Nothing was judged")


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_orders(sent: Any, hook: str) -> None:
    context = {"userId": "Practitioner/1", "patientId": "p", "draftOrders": bundle(draft("quinine"))}
    more = {"selections": ["MedicationRequest/draft-1"]} if hook == "order-select" else {}
    (answer,) = sent(hook, CRAMPS, context | more)
    (card,) = answer["cards"]
    assert card["suggestions"][0]["actions"][0]["type"] == "delete"
