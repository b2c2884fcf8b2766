"""What was acknowledged survives the death of the process at any moment."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from soleus.service.app import STORE
from soleus.storage import SqliteRepository

ROUNDS = 8


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(data: Path, port: int) -> subprocess.Popen[bytes]:
    env = os.environ | {"SOLEUS_DATA": str(data), "SOLEUS_PORT": str(port), "SOLEUS_WORKERS": "1"}
    code = "from soleus.service.running import serve; serve()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5):
                return process  # warm: what it answers from here on is work, not loading
        except OSError:  # not listening yet, or 503
            time.sleep(0.05)
    raise AssertionError("the service did not start")


def feedback(number: int) -> bytes:
    card = {
        "card": f"00000000-0000-4000-8000-{number:012d}",
        "outcome": "overridden",
        "overrideReason": {"reason": {"code": "known"}},
        "outcomeTimestamp": "2026-11-29T12:00:00Z",
    }
    return json.dumps({"feedback": [card]}).encode()


def send(port: int, first: int, acknowledged: list[int], stop: threading.Event) -> None:
    """Send feedback until the service dies; note what it acknowledged."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    number = first
    while not stop.is_set():
        try:
            connection.request(
                "POST", f"/cds-services/{SERVICE}/feedback", feedback(number), {"content-type": "application/json"}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                acknowledged.append(number)
            number += 1
        except (OSError, http.client.HTTPException):
            return


SERVICE = "soleus-patient-view"


def killed(folder: Path, rounds: int, seed: int) -> tuple[int, int]:
    """(acknowledged, lost) over so many deaths under load."""
    chance, acknowledged = random.Random(seed), list[int]()
    for turn in range(rounds):
        port, stop = free_port(), threading.Event()
        process = started(folder, port)
        senders = [
            threading.Thread(target=send, args=(port, 1_000_000 * (turn + 1) + 100_000 * n, acknowledged, stop))
            for n in range(4)
        ]
        for sender in senders:
            sender.start()
        time.sleep(chance.uniform(0.02, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
        stop.set()
        for sender in senders:
            sender.join()
    store = SqliteRepository(folder / STORE)
    kept = {f.card for f, _ in store.feedback()}
    store.close()
    lost = [n for n in acknowledged if f"00000000-0000-4000-8000-{n:012d}" not in kept]
    return len(acknowledged), len(lost)


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    acknowledged, lost = killed(tmp_path, ROUNDS, seed=1)
    assert acknowledged > 20 * ROUNDS
    assert lost == 0
