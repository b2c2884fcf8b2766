"""`soleus account`, on a store of its own."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path

import pytest

from soleus.cli import main
from soleus.service.app import STORE
from soleus.storage import Account, SqliteRepository
from tests.accounts.people import ANOTHER, PASSWORD, accounts, signed

Capture = pytest.CaptureFixture[str]


class Command:
    def __init__(self, folder: Path, capture: Capture) -> None:
        self.folder, self.capture = folder, capture

    def __call__(self, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["account", *words, "--data", str(self.folder)])
        told = self.capture.readouterr()
        return int(end.value.code or 0), told.out, told.err

    def store(self) -> SqliteRepository:
        return SqliteRepository(self.folder / STORE)

    def account(self, name: str = "Ann Example") -> Account | None:
        store = self.store()
        try:
            return store.account_named(name)
        finally:
            store.close()


@pytest.fixture
def command(tmp_path: Path, capsys: Capture) -> Command:
    return Command(tmp_path, capsys)


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A terminal on which these words are typed where a password is asked for."""
    words: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda _: words.pop(0))
    return words


def test_an_account_is_made_with_a_password_that_is_typed_twice(command: Command, typing: list[str]) -> None:
    typing += [PASSWORD, PASSWORD]
    code, out, err = command("add", "Ann Example", "--email", "ann@x.example", "--role", "administrator")
    assert (code, out) == (0, "")
    assert PASSWORD not in err
    store = command.store()
    assert len(signed(accounts(store), "ann@x.example")) == 43
    store.close()


def test_two_passwords_that_differ_make_no_account(command: Command, typing: list[str]) -> None:
    typing += [PASSWORD, ANOTHER]
    code, _, err = command("add", "Ann Example")
    assert code == 2
    assert "two passwords that differ" in err
    assert command.account() is None


def test_a_password_that_cannot_be_is_told_before_it_is_typed_again(command: Command, typing: list[str]) -> None:
    typing += ["short"]
    code, _, err = command("add", "Ann Example")
    assert code == 3
    assert "fewer than 15" in err


def test_without_a_terminal_a_link_is_printed_when_asked_for(command: Command) -> None:
    assert command("add", "Ann Example")[0] == 2
    code, out, _ = command("add", "Ann Example", "--link")
    assert code == 0
    secret = out.strip().rsplit("/", 1)[1]
    assert out.startswith("http://127.0.0.1:8000/account/invitation/")
    store = command.store()
    found = accounts(store)
    assert found.people.accept(secret, "", PASSWORD).name == "Ann Example"
    store.close()


def test_a_name_that_is_taken_is_an_error_of_the_input(command: Command) -> None:
    command("add", "Ann Example", "--link")
    code, _, err = command("add", " ann  EXAMPLE ", "--link")
    assert code == 3
    assert "taken" in err


def test_roles_locks_and_addresses_are_changed_by_name_or_address(command: Command) -> None:
    command("add", "Ann Example", "--link")
    assert command("email", "Ann Example", "ann@x.example")[0] == 0
    command("role", "ann@x.example", "reviewer")
    command("role", "ann@x.example", "learner", "--take")
    command("lock", "Ann Example")
    found = command.account()
    assert found is not None
    assert found.roles == {"reader", "reviewer"}
    assert (found.locked, found.email) == (True, "ann@x.example")
    command("unlock", "Ann Example")
    assert command.account().locked is False  # type: ignore[union-attr]
    code, _, err = command("role", "Ann Example", "reviewr")
    assert code == 3
    assert "one of reader, learner, reviewer, administrator" in err


def test_an_invitation_is_printed_and_only_its_hash_is_kept(command: Command, tmp_path: Path) -> None:
    command("group", "add", "clinic", "Clinic", "--from", "2026-01-01", "--until", "2099-12-31")
    _, out, _ = command("invite", "--role", "reviewer", "--group", "clinic", "--part", "instructor")
    secret = out.strip().rsplit("/", 1)[1]
    assert not any(secret.encode() in f.read_bytes() for f in tmp_path.iterdir())
    store = command.store()
    account = accounts(store).people.accept(secret, "Eve Example", PASSWORD)
    assert account.roles == {"reviewer"}
    assert [(m.institution, m.part) for m in store.members(account=account.id)] == [("clinic", "instructor")]
    store.close()
    assert command("invite", "--group", "none")[0] == 3


def test_accounts_are_listed_with_roles_groups_and_state(command: Command) -> None:
    assert command("list")[1] == "There is no account yet.\n"
    command("add", "Ann Example", "--role", "reviewer", "--link")
    command("group", "add", "clinic", "Clinic", "--from", "2026-01-01", "--until", "2099-12-31")
    command("group", "join", "clinic", "Ann Example")
    _, out, _ = command("list")
    assert out.splitlines()[1].split("  ")[0] == "Ann Example"
    (told,) = json.loads(command("list", "--format", "json")[1])
    assert (told["roles"], told["groups"], told["locked"]) == (["reviewer"], ["clinic"], False)


def test_groups_are_listed_changed_left_and_removed(command: Command) -> None:
    assert command("group", "list")[1] == "There is no group yet.\n"
    command("add", "Ann Example", "--link")
    command("group", "add", "clinic", "Clinic", "--from", "2020-01-01", "--until", "2020-12-31")
    command("group", "join", "clinic", "Ann Example")
    assert "not today" in command("group", "list")[1]
    assert command("group", "change", "clinic", "--until", "2099-12-31")[0] == 0
    assert "valid" in command("group", "list")[1]
    assert command("group", "change", "clinic", "--until", "2019-12-31")[0] == 3
    command("group", "leave", "clinic", "Ann Example")
    assert " 0 " in command("group", "list")[1]
    assert command("group", "remove", "clinic")[0] == 0
    assert command("group", "remove", "clinic")[0] == 3


def test_a_copy_of_the_data_is_printed_or_written(command: Command, tmp_path: Path) -> None:
    command("add", "Ann Example", "--link")
    told = json.loads(command("export", "Ann Example")[1])
    assert told["account"]["name"] == "Ann Example"
    file = tmp_path / "ann.json"
    command("export", "Ann Example", "--out", str(file))
    assert [e["did"] for e in json.loads(file.read_text())["audit"]][:2] == ["exported", "exported"]
    assert command("export", "Ann Example", "--out", str(tmp_path / "no" / "x.json"))[0] == 2


def test_deletion_asks_or_is_told_not_to(command: Command) -> None:
    command("add", "Ann Example", "--link")
    assert command("delete", "Ann Example")[0] == 2
    assert command.account() is not None
    assert command("delete", "Ann Example", "--yes")[0] == 0
    assert command.account() is None
    assert command("delete", "Ann Example", "--yes")[0] == 3


def test_a_new_password_ends_all_sessions(command: Command, typing: list[str]) -> None:
    typing += [PASSWORD, PASSWORD, ANOTHER, ANOTHER]
    command("add", "Ann Example")
    store = command.store()
    found = accounts(store)
    cookie = signed(found)
    assert command("password", "Ann Example")[0] == 0
    assert found.visitor(cookie) is None
    assert len(signed(found, password=ANOTHER)) == 43
    store.close()


def test_the_audit_log_is_printed_with_the_newest_first(command: Command) -> None:
    assert command("audit")[1] == "Nothing yet.\n"
    command("add", "Ann Example", "--link")
    command("role", "Ann Example", "reviewer")
    command("add", "Bob Example", "--link")
    lines = command("audit")[1].splitlines()
    assert [line.split("  ")[2] for line in lines] == [
        "password_link_made", "account_made", "role_granted", "password_link_made", "account_made",
    ]  # fmt: skip
    told = json.loads(command("audit", "--about", "Ann Example", "--format", "json", "--most", "1")[1])
    assert [(e["did"], e["by"], e["with"]) for e in told] == [("role_granted", "command-line", {"role": "reviewer"})]
