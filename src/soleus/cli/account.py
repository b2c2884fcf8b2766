"""`soleus account`: accounts, invitations, groups and the audit log, on the store of a service."""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from soleus.errors import UsageError

if TYPE_CHECKING:
    from soleus.accounts.people import Invited
    from soleus.accounts.service import Accounts

app = typer.Typer(help="Accounts: who may learn, review and administer.", no_args_is_help=True)
group_app = typer.Typer(help="Groups: institutions with a licence for a period.", no_args_is_help=True)
app.add_typer(group_app, name="group")

_WHO = "command-line"
Data = Annotated[Path | None, typer.Option(help="Folder of the store; SOLEUS_DATA.")]
Name = Annotated[str, typer.Argument(help="The account: its name, e-mail address or id.")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="reader, learner, reviewer, administrator; may be given again.")
]
Email = Annotated[str | None, typer.Option(help="E-mail address; signing in elsewhere finds the account by it.")]
Form = Annotated[Literal["text", "json"], typer.Option("--format", help="How it is printed.")]
Link = Annotated[bool, typer.Option("--link", help="Print a link that is good once, instead of asking.")]
Part = Annotated[Literal["member", "instructor"], typer.Option(help="What the account is in the group.")]
First = Annotated[str, typer.Option("--from", help="First day of the licence, 2026-01-01.")]
Last = Annotated[str, typer.Option("--until", help="Last day of the licence, 2026-12-31.")]


@dataclass(frozen=True)
class Desk:
    """The accounts of a store, and the address under which its service is reached."""

    accounts: Accounts
    address: str

    def tell_link(self, made: Invited) -> None:
        print(f"{self.address}/account/invitation/{made.secret}")
        print(f"Good once, until {_moment(made.until)} UTC. Only its hash is kept.", file=sys.stderr)


@contextmanager
def _opened(data: Path | None) -> Iterator[Desk]:
    try:
        from soleus.service.app import account_rules, store_path
        from soleus.service.keys import installation_key
        from soleus.service.services import utc_now
        from soleus.service.settings import load
    except ModuleNotFoundError as error:
        raise UsageError(
            "soleus account", f"no {error.name}", "the extra `service`", "Install soleus[service]."
        ) from None
    from soleus.accounts.service import Accounts
    from soleus.storage import SqliteRepository

    settings = load(**({} if data is None else {"data": data}))
    store = SqliteRepository(store_path(settings))
    try:
        yield Desk(
            Accounts(store, utc_now, account_rules(settings), lambda: installation_key(settings.data)), settings.address
        )
    finally:
        store.close()


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="The name that is shown, and signed in with.")],
    email: Email = None,
    role: Roles = None,
    link: Link = False,
    data: Data = None,
) -> None:
    """Make an account; the password is asked for twice, or set by whoever opens the link.

    Examples: `soleus account add "Ann Example" --role administrator`,
    `soleus account add "Bob Example" --email bob@clinic.example --role reviewer --link`.
    """
    with _opened(data) as desk:
        people = desk.accounts.people
        account = people.add(name, email, role or (), None if link else _typed_twice(name, email), who=_WHO)
        print(f"{account.name}: {', '.join(sorted(account.roles))}", file=sys.stderr)
        if link:
            desk.tell_link(people.password_link(account.id, who=_WHO))


def _typed_twice(name: str, email: str | None) -> str:
    """A password, checked before it is asked for again. Raises `UsageError` without a terminal."""
    from getpass import getpass

    from soleus.accounts import passwords

    if not sys.stdin.isatty():
        raise UsageError("soleus account", "no terminal to ask for a password", "one, or --link", "Add --link.")
    typed = getpass(f"Password ({passwords.LEAST} characters or more): ")
    passwords.check(typed, (name, email or ""))
    if getpass("The same again: ") != typed:
        raise UsageError("soleus account", "two passwords that differ", "the same twice", "Try again.")
    return typed


@app.command()
def invite(
    email: Email = None,
    role: Roles = None,
    group: Annotated[str | None, typer.Option(help="The group that the person joins.")] = None,
    part: Part = "member",
    data: Data = None,
) -> None:
    """Print a link by which somebody makes an account of their own: good once, for some days.

    Example: `soleus account invite --role reviewer --email eve@clinic.example`.
    """
    with _opened(data) as desk:
        made = desk.accounts.people.invite(who=_WHO, email=email, roles=role or (), institution=group, part=part)
        desk.tell_link(made)


@app.command("list")
def list_(form: Form = "text", data: Data = None) -> None:
    """List all accounts with their roles and groups.

    Example: `soleus account list --format json`.
    """
    with _opened(data) as desk:
        store = desk.accounts.people.store
        found: list[dict[str, Any]] = [
            {
                "id": a.id,
                "name": a.name,
                "email": a.email,
                "roles": sorted(a.roles),
                "groups": [m.institution for m in store.members(account=a.id)],
                "locked": a.locked,
            }
            for a in store.accounts()
        ]
    if form == "json":
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    rows = [
        (a["name"], a["email"] or "-", ",".join(a["roles"]) or "-", ",".join(a["groups"]) or "-", _state(a["locked"]))
        for a in found
    ]
    print(_table(("name", "e-mail", "roles", "groups", "state"), rows) if rows else "There is no account yet.")


def _state(locked: object) -> str:
    return "locked" if locked else "open"


@app.command()
def role(
    name: Name,
    role: Annotated[str, typer.Argument(help="reader, learner, reviewer or administrator.")],
    take: Annotated[bool, typer.Option("--take", help="Take the role away.")] = False,
    data: Data = None,
) -> None:
    """Give a role to an account, or take it away.

    Examples: `soleus account role "Ann Example" reviewer`, `soleus account role "Ann Example" reviewer --take`.
    """
    with _opened(data) as desk:
        people = desk.accounts.people
        (people.withdraw if take else people.grant)(people.named(name).id, role, who=_WHO)


@app.command()
def lock(name: Name, data: Data = None) -> None:
    """Lock an account: its sessions end, and nobody signs in.

    Example: `soleus account lock "Ann Example"`.
    """
    with _opened(data) as desk:
        desk.accounts.people.lock(desk.accounts.people.named(name).id, who=_WHO)


@app.command()
def unlock(name: Name, data: Data = None) -> None:
    """Unlock an account, also after too many failed sign-ins.

    Example: `soleus account unlock "Ann Example"`.
    """
    with _opened(data) as desk:
        desk.accounts.people.unlock(desk.accounts.people.named(name).id, who=_WHO)


@app.command()
def email(name: Name, address: Annotated[str, typer.Argument(help="Empty for none.")], data: Data = None) -> None:
    """Set the e-mail address of an account.

    Example: `soleus account email "Ann Example" ann@clinic.example`.
    """
    with _opened(data) as desk:
        desk.accounts.people.set_email(desk.accounts.people.named(name).id, address, who=_WHO)


@app.command()
def password(name: Name, link: Link = False, data: Data = None) -> None:
    """Set a new password, or print a link by which its owner does; all sessions of the account end.

    Example: `soleus account password "Ann Example" --link`.
    """
    with _opened(data) as desk:
        people = desk.accounts.people
        account = people.named(name)
        if link:
            desk.tell_link(people.password_link(account.id, who=_WHO))
        else:
            people.set_password(account, _typed_twice(account.name, account.email), who=_WHO)


@app.command()
def delete(
    name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, data: Data = None
) -> None:
    """Erase an account with its sessions and learning; reviews stay under the name as it was signed.

    Example: `soleus account delete "Ann Example"`.
    """
    with _opened(data) as desk:
        account = desk.accounts.people.named(name)
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError("soleus account delete", "no terminal to ask", "one, or --yes", "Add --yes.")
            typer.confirm(f"Delete {account.name} for good?", abort=True)
        desk.accounts.people.delete(account.id, who=_WHO)


@app.command()
def export(
    name: Name,
    out: Annotated[Path | None, typer.Option(help="Write here instead of printing.")] = None,
    data: Data = None,
) -> None:
    """All that is kept of somebody, as JSON.

    Example: `soleus account export "Ann Example" --out ann.json`.
    """
    with _opened(data) as desk:
        told = desk.accounts.own.export(desk.accounts.people.named(name), who=_WHO)
    text = json.dumps(told, indent=1, ensure_ascii=False)
    if out is None:
        print(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError("--out", type(error).__name__, "a file that can be written", "Check the path.") from None


@app.command()
def audit(
    about: Annotated[str | None, typer.Option(help="Only lines by or about this account.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many lines, the newest first.")] = 100,
    form: Form = "text",
    data: Data = None,
) -> None:
    """The audit log: who did what to what, and when. It holds ids, and nothing that was typed.

    Examples: `soleus account audit`, `soleus account audit --about "Ann Example" --format json`.
    """
    from soleus.accounts.audit import entries

    with _opened(data) as desk:
        people = desk.accounts.people
        found = entries(people.store, about=people.named(about).id if about else None)[:most]
        names = {a.id: a.name for a in people.store.accounts()}
    if form == "json":
        told = [{"at": _moment(e.at), "by": e.author, "did": e.kind, "to": e.subject, "with": e.body} for e in found]
        print(json.dumps(told, indent=1))
        return
    rows = [
        (
            _moment(e.at),
            names.get(e.author, e.author),
            e.kind,
            names.get(e.subject, e.subject),
            *map(str, e.body.values()),
        )
        for e in found
    ]
    print("\n".join("  ".join(row) for row in rows) if rows else "Nothing yet.")


# --- groups -----------------------------------------------------------------------------------------------------------


@group_app.command("list")
def group_list(data: Data = None) -> None:
    """List all groups with their licence.

    Example: `soleus account group list`.
    """
    with _opened(data) as desk:
        found = desk.accounts.institutions
        rows = [
            (g.id, g.name, g.from_day, g.last_day, str(len(found.members(g.id))), _valid(found.licensed(g.id)))
            for g in found.store.institutions()
        ]
    print(_table(("id", "name", "from", "until", "members", "licence"), rows) if rows else "There is no group yet.")


def _valid(licensed: bool) -> str:
    return "valid" if licensed else "not today"


@group_app.command("add")
def group_add(
    id: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.")],
    name: Annotated[str, typer.Argument(help="The name of the institution.")],
    first: First,
    last: Last,
    data: Data = None,
) -> None:
    """Add a group.

    Example: `soleus account group add sleep-clinic "Sleep Clinic" --from 2026-01-01 --until 2026-12-31`.
    """
    with _opened(data) as desk:
        desk.accounts.institutions.add(id, name, first, last, who=_WHO)


@group_app.command("change")
def group_change(
    id: Annotated[str, typer.Argument(help="The group.")],
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="Another first day.")] = None,
    last: Annotated[str | None, typer.Option("--until", help="Another last day.")] = None,
    data: Data = None,
) -> None:
    """Change the name or the licence of a group.

    Example: `soleus account group change sleep-clinic --until 2027-12-31`.
    """
    with _opened(data) as desk:
        seen = desk.accounts.institutions.named(id)
        desk.accounts.institutions.change(
            seen, name=name or seen.name, from_day=first or seen.from_day, last_day=last or seen.last_day, who=_WHO
        )


@group_app.command("join")
def group_join(
    id: Annotated[str, typer.Argument(help="The group.")], name: Name, part: Part = "member", data: Data = None
) -> None:
    """Make an account a member or an instructor of a group.

    Example: `soleus account group join sleep-clinic "Ann Example" --part instructor`.
    """
    with _opened(data) as desk:
        desk.accounts.institutions.join(id, desk.accounts.people.named(name).id, part, who=_WHO)


@group_app.command("leave")
def group_leave(id: Annotated[str, typer.Argument(help="The group.")], name: Name, data: Data = None) -> None:
    """Take an account out of a group.

    Example: `soleus account group leave sleep-clinic "Ann Example"`.
    """
    with _opened(data) as desk:
        desk.accounts.institutions.leave(id, desk.accounts.people.named(name).id, who=_WHO)


@group_app.command("remove")
def group_remove(id: Annotated[str, typer.Argument(help="The group.")], data: Data = None) -> None:
    """Delete a group; its members keep their accounts.

    Example: `soleus account group remove sleep-clinic`.
    """
    with _opened(data) as desk:
        desk.accounts.institutions.named(id)
        desk.accounts.institutions.remove(id, who=_WHO)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(r[n]) for r in (head, *rows)) for n in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)).rstrip() for r in (head, *rows)
    )


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M")
