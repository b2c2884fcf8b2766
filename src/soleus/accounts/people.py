"""Accounts as administrators make and change them, on a page or on the command line.

Every change is one field by itself and one line of the audit log, kept together. ``who``: the administrator, or
`audit.COMMAND_LINE`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from soleus.accounts import limits, passwords
from soleus.accounts.names import email_of, name_of, role_of, taken
from soleus.accounts.register import Register
from soleus.accounts.tokens import id_of, new_secret
from soleus.accounts.visitor import Visitor
from soleus.errors import NotAllowed, UnknownName
from soleus.storage import Account, Invitation
from soleus.storage.accounts import Member, Part

#: What an account may when nobody says otherwise.
PLAIN_ROLES = ("reader", "learner")


@dataclass(frozen=True)
class Invited:
    """What the person who made an account or an invitation hands on: the secret of a link that is good once."""

    secret: str
    until: float


class People(Register):
    def add(
        self, name: str, email: str | None, roles: Iterable[str], password: str | None, *, who: Visitor | str
    ) -> Account:
        """A new account. Raises `InvalidValue` for a name, role or password that cannot be, or is taken."""
        name, email = name_of(name), email_of(email)
        account = Account(
            secrets.token_hex(8), name, email, frozenset(map(role_of, roles or PLAIN_ROLES)), False, self.now()
        )
        if password is not None:
            passwords.check(password, (name, email or ""))
        kept = passwords.hashed(password) if password is not None else None
        with self.store.together():
            if not self.store.add_account(account, kept):
                raise taken()
            self.note(who, "account_made", account.id)
        return account

    def named(self, word: str) -> Account:
        """The account of a name, address or id. Raises `UnknownName`."""
        found = self.store.account_named(word) or self.store.account(word)
        if found is None:
            raise UnknownName("account", "no such account", "a name or address", "`soleus account list` lists them.")
        return found

    # --- links ----------------------------------------------------------------------------------------------

    def invite(
        self,
        *,
        who: Visitor | str,
        email: str | None = None,
        roles: Iterable[str] = (),
        institution: str | None = None,
        part: Part = "member",
    ) -> Invited:
        """A link by which somebody makes an account of their own. Raises `InvalidValue`, `UnknownName`."""
        email, granted = email_of(email), frozenset(map(role_of, roles or PLAIN_ROLES))
        if email and self.store.account_named(email):
            raise taken()
        if institution is not None and self.store.institution(institution) is None:
            raise UnknownName("group", "no such group", "one that there is", "`soleus account group` lists them.")
        return self._link(who, "invited", email=email, roles=granted, institution=institution, part=part)

    def password_link(self, id: str, *, who: Visitor | str) -> Invited:
        """A link by which the owner of an account sets a new password."""
        return self._link(who, "password_link_made", account=self.found(id).id)

    def _link(self, who: Visitor | str, what: str, **more: object) -> Invited:
        secret, now = new_secret(), self.now()
        author = who.id if isinstance(who, Visitor) else who
        link = Invitation(id_of(secret), author, now, now + self.rules.invitation_s, **more)  # type: ignore[arg-type]
        with self.store.together():
            self.store.invite(link)
            self.note(who, what, link.account or link.id[:16])
        return Invited(secret, link.until)

    def invitation(self, secret: str) -> Invitation:
        """What a link is for. Raises `UnknownName` where it was used, is over, or never was."""
        found = self.store.invitation(id_of(secret))
        if found is None or found.until <= self.now():
            raise UnknownName("invitation", "none that is valid", "one that waits", "Ask for a new one.")
        return found

    def recall(self, id: str, *, who: Visitor | str) -> bool:
        """Take an invitation back."""
        with self.store.together():
            gone = self.store.use_invitation(id)
            if gone:
                self.note(who, "invitation_recalled", id[:16])
        return gone

    def accept(self, secret: str, name: str, password: str) -> Account:
        """The account that a link makes, or whose password it sets; the link is used up.

        Raises as `add` and `invitation` do; then the link still waits.
        """
        link = self.invitation(secret)
        with self.store.together():
            if not self.store.use_invitation(link.id):  # somebody was faster
                raise UnknownName("invitation", "one that was used", "one that waits", "Ask for a new one.")
            if link.account is not None:
                return self._reset(link.account, password)
            account = self.add(name, link.email, link.roles, password, who=link.made_by)
            if link.institution is not None:
                self.store.join(Member(link.institution, account.id, link.part))
                self.note(link.made_by, "group_joined", account.id, group=link.institution)
        return account

    def _reset(self, id: str, password: str) -> Account:
        account = self.found(id)
        self.set_password(account, password, who=account.id)
        self.store.forget_attempts(limits.key_of(account))
        return account

    def set_password(self, account: Account, password: str, *, who: Visitor | str) -> None:
        """A new password; all sessions end. Raises `InvalidValue` for one that is not taken."""
        passwords.check(password, (account.name, account.email or ""))
        kept = passwords.hashed(password)
        with self.store.together():
            self.store.set_password(account.id, kept)
            self.store.end_sessions(account.id)
            self.note(who, "password_changed", account.id)

    # --- what they may --------------------------------------------------------------------------------------

    def grant(self, id: str, role: str, *, who: Visitor | str) -> bool:
        """False where the account has the role already."""
        role, account = role_of(role), self.found(id)
        with self.store.together():
            changed = self.store.grant(account.id, role)
            if changed:
                self.note(who, "role_granted", account.id, role=role)
        return changed

    def withdraw(self, id: str, role: str, *, who: Visitor | str) -> bool:
        """False where the account lacks the role. Raises `NotAllowed` for one's own role of an administrator."""
        role, account = role_of(role), self.found(id)
        if role == "administrator":
            _not_oneself(account, who)
        with self.store.together():
            changed = self.store.withdraw(account.id, role)
            if changed:
                self.note(who, "role_withdrawn", account.id, role=role)
        return changed

    def set_email(self, id: str, email: str | None, *, who: Visitor | str) -> None:
        """Raises `InvalidValue` for an address that cannot be, or is taken."""
        account, email = self.found(id), email_of(email)
        with self.store.together():
            if not self.store.set_email(account.id, email):
                raise taken()
            self.note(who, "email_changed", account.id)

    def lock(self, id: str, *, who: Visitor | str) -> bool:
        """Nobody signs in to the account, and its sessions end. Raises `NotAllowed` for one's own."""
        account = self.found(id)
        _not_oneself(account, who)
        with self.store.together():
            changed = self.store.set_locked(account.id, True)
            self.store.end_sessions(account.id)
            if changed:
                self.note(who, "locked", account.id)
        return changed

    def unlock(self, id: str, *, who: Visitor | str) -> None:
        """End a lock, and a lock-out after failures."""
        account = self.found(id)
        with self.store.together():
            self.store.set_locked(account.id, False)
            self.store.forget_attempts(limits.key_of(account))
            self.note(who, "unlocked", account.id)

    def delete(self, id: str, *, who: Visitor | str) -> None:
        """Erase an account with its sessions, memberships and learning; reviews stay under the name as it was signed.

        Raises `NotAllowed` for an administrator's own, which its page deletes after the password.
        """
        account = self.found(id)
        _not_oneself(account, who)
        self.erase(account, who=who)

    def erase(self, account: Account, *, who: Visitor | str) -> None:
        with self.store.together():
            self.store.remove_account(account.id)
            self.store.erase("learning", account.id)
            self.store.forget_attempts(limits.key_of(account))
            self.note(who, "account_deleted", account.id)


def _not_oneself(account: Account, who: Visitor | str) -> None:
    if isinstance(who, Visitor) and who.id == account.id:
        raise NotAllowed("account", "your own", "somebody else's", "Ask another administrator, or use your own page.")
