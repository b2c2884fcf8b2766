"""How often signing in may fail.

After a few failures each further try has to wait, twice as long each time; after more there is a lock-out. Both are
counted for the account and for the address that asks. Names that no account has are counted in the same way, so that
nothing tells which names there are. A try is counted before the password is looked at and taken back when it fits, so
that many at once win nothing. Names and addresses are kept as keyed hashes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from soleus.accounts.rules import Rules
from soleus.errors import TooManyAttempts
from soleus.storage import Account, AccountStore, Attempts
from soleus.storage.accounts import folded

_ADDRESS = "address:"


def key_of(account: Account) -> str:
    return f"account:{account.id}"


@dataclass(frozen=True)
class Limits:
    """``secret``: the key of this installation."""

    store: AccountStore
    rules: Rules
    secret: Callable[[], bytes]

    def keys(self, account: Account | None, login: str, address: str) -> tuple[str, ...]:
        """What a try is counted for. An address that is not known ("") is not counted."""
        whose = key_of(account) if account else f"name:{self._hidden(folded(login))}"
        return (whose, _ADDRESS + self._hidden(address)) if address else (whose,)

    def _hidden(self, word: str) -> str:
        return hmac.new(self.secret(), word.encode(), hashlib.sha256).hexdigest()[:32]

    def enter(self, keys: Iterable[str], now: float) -> bool:
        """Count a try; True where it locks the account out. Raises `TooManyAttempts`, and then counts nothing."""
        with self.store.together():
            found = [self.store.attempts(key) or Attempts(key, 0, now, now) for key in keys]
            found = [a if a.until > now else Attempts(a.key, 0, now, now) for a in found]
            wait = max(a.last_at + self.rules.delay_s(self._counted(a)) - now for a in found)
            if wait > 0:
                raise too_many(wait)
            for a in found:
                self.store.set_attempts(Attempts(a.key, a.failures + 1, now, now + self.rules.lock_s))
        return found[0].failures + 1 == self.rules.lock_after

    def _counted(self, attempts: Attempts) -> int:
        return attempts.failures // (self.rules.address_times if attempts.key.startswith(_ADDRESS) else 1)

    def succeeded(self, keys: Iterable[str]) -> None:
        """Take a try back: the account begins anew, the address has one failure less."""
        with self.store.together():
            for key in keys:
                found = self.store.attempts(key)
                if found is None or not key.startswith(_ADDRESS) or found.failures <= 1:
                    self.store.forget_attempts(key)
                else:
                    self.store.set_attempts(Attempts(key, found.failures - 1, found.last_at, found.until))


def too_many(wait_s: float) -> TooManyAttempts:
    """What is said, in the same words for every name."""
    wait = f"{max(1, round(wait_s))} seconds" if wait_s < 90 else f"{round(wait_s / 60)} minutes"
    return TooManyAttempts(
        "sign-in", "too many tries", f"the next one in {wait}", "Wait, or ask an administrator to unlock the account."
    )
