"""Is it there, can it judge, what does it count."""

from __future__ import annotations

import time
from pathlib import Path

from starlette.testclient import TestClient

from soleus.errors import StorageError
from soleus.reasoning.compiled import shipped_compiled
from soleus.service.app import create_app
from soleus.service.settings import Settings
from soleus.storage import MemoryRepository


def test_ready_means_that_it_can_judge_and_store(client: TestClient) -> None:
    until = time.monotonic() + 60
    while client.get("/ready").status_code == 503 and time.monotonic() < until:
        time.sleep(0.05)
    base = shipped_compiled().knowledge
    told = client.get("/ready")
    assert (told.status_code, told.json()["knowledge_hash"]) == (200, base.digest)
    assert client.get("/health").json() == {"status": "ok"}


class Full(MemoryRepository):
    def check(self) -> None:
        raise StorageError("soleus.db", "SQLITE_FULL", "a file that can be read and written", "Check its space.")


def test_a_store_that_cannot_be_written_is_not_ready(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path), store=Full())
    with TestClient(app, base_url="http://localhost") as client:
        until = time.monotonic() + 60
        while client.get("/ready").json()["code"] == "service" and time.monotonic() < until:
            time.sleep(0.05)
        assert (client.get("/ready").status_code, client.get("/ready").json()["code"]) == (503, "storage")
        assert client.get("/health").status_code == 200


def test_requests_and_judgements_are_counted_by_route(client: TestClient) -> None:
    case = {"findings": {"quality": "cramp"}}
    client.post("/api/v1/assess", json={"case": case})
    client.post("/api/v1/assess", json={"case": case})
    client.get("/nothing")
    page = client.get("/metrics").text
    assert 'soleus_requests_total{method="POST",route="/api/v1/assess",status="200"} 2.0' in page
    assert 'soleus_requests_total{method="GET",route="none",status="404"} 1.0' in page
    assert 'soleus_judgements_total{way="api"} 2.0' in page
    assert 'soleus_seconds_count{route="/api/v1/assess"} 2.0' in page
