"""Signing in with a name and a password."""

from __future__ import annotations

from dataclasses import dataclass

from soleus.accounts import audit, passwords
from soleus.accounts.limits import Limits
from soleus.accounts.register import Register
from soleus.accounts.sessions import Sessions
from soleus.errors import NotSignedIn
from soleus.storage import Account


@dataclass(frozen=True)
class SigningIn:
    """Wrong names and wrong passwords take the same time and get the same words."""

    register: Register
    sessions: Sessions
    limits: Limits

    def sign_in(self, login: str, password: str, *, address: str, device: str, old: str | None = None) -> str:
        """The secret of a new session. ``login`` is a name or an e-mail address, ``address`` where the request is from.

        Raises `NotSignedIn`, `NotAllowed` (locked), `TooManyAttempts`.
        """
        account = self.register.store.account_named(login)
        keys = self.limits.keys(account, login, address)
        locks = self.limits.enter(keys, self.register.now())
        kept = self.register.store.password(account.id) if account else None
        if not passwords.fits(password, kept) or account is None:
            self._failed(account, locks)
            raise _wrong()
        self.limits.succeeded(keys)
        if kept and passwords.is_old(kept):
            self.register.store.set_password(account.id, passwords.hashed(password))
        return self.sessions.begin(account, device, old=old)

    def _failed(self, account: Account | None, locks: bool) -> None:
        subject = account.id if account else audit.NOBODY
        self.register.note(audit.NOBODY, "sign_in_failed", subject)
        if locks:
            self.register.note(audit.NOBODY, "locked_out", subject)


def _wrong() -> NotSignedIn:
    return NotSignedIn("sign-in", "a name or a password that does not fit", "both of one account", "Try again.")
