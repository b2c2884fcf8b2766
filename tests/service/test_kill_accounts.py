"""Accounts, roles and their lines of the audit log survive the death of the process at any moment, each pair whole."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from soleus.storage import SqliteRepository

ROUNDS = 5
#: Makes accounts and gives roles as fast as it can, and tells each when it is kept. Without argon2, which is slow on
#: purpose, there are more moments to die in.
WORK = """
import json, sys
from pathlib import Path
from soleus.accounts import passwords
from soleus.accounts.people import People
from soleus.service.services import utc_now
from soleus.storage import SqliteRepository

passwords.hashed = lambda password: "hash of " + password
people = People(SqliteRepository(Path(sys.argv[1])), utc_now)
for n in range(100_000):
    account = people.add(f"{sys.argv[2]} {n}", None, ["reader"], "grass violin teapot harbour", who="killer")
    print(json.dumps(["made", account.id]), flush=True)
    people.grant(account.id, "reviewer", who="killer")
    print(json.dumps(["granted", account.id]), flush=True)
    if n % 3 == 0:
        people.delete(account.id, who="killer")
        print(json.dumps(["deleted", account.id]), flush=True)
"""


def killed(path: Path, seed: int) -> dict[str, list[str]]:
    """What two processes said that they had kept, before each of them was killed."""
    chance, told = random.Random(seed), dict[str, list[str]](made=[], granted=[], deleted=[])
    for turn in range(ROUNDS):
        words = [sys.executable, "-c", WORK, str(path)]
        running = [subprocess.Popen([*words, f"Turn {turn} of {n}"], stdout=subprocess.PIPE, text=True) for n in (1, 2)]
        for process in running:
            assert process.stdout is not None
            told["made"].append(json.loads(process.stdout.readline())[1])
        time.sleep(chance.uniform(0.05, 0.5))
        for process in running:
            process.send_signal(signal.SIGKILL)
            for line in process.communicate()[0].splitlines(keepends=True):
                if line.endswith("\n"):  # what was told whole
                    what, id = json.loads(line)
                    told[what].append(id)
    return told


def test_accounts_and_roles_that_were_acknowledged_are_kept_with_their_lines_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "soleus.db"
    SqliteRepository(path).close()
    told = killed(path, seed=3)
    store = SqliteRepository(path)
    kept = {a.id: a for a in store.accounts()}
    log = {(e.kind, e.subject) for e in store.events("audit")}
    deleted = {subject for kind, subject in log if kind == "account_deleted"}
    assert len(told["made"]) > 5 * ROUNDS
    assert set(told["deleted"]) <= deleted
    assert not deleted & kept.keys()
    assert {id for id in told["made"] if id not in kept} <= deleted
    for id in set(told["granted"]) - deleted:
        assert "reviewer" in kept[id].roles
    # Whole: no account without its line, no line without what it says.
    assert {id for id in kept if ("account_made", id) not in log} == set()
    assert {s for kind, s in log if kind == "account_made"} == kept.keys() | deleted
    assert {id for id, a in kept.items() if "reviewer" in a.roles} == {
        s for kind, s in log if kind == "role_granted"
    } - deleted
    store.close()
