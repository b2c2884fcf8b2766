"""What waits in a browser's cookie between two requests, sealed with a key that stays in the data folder.

So any process can go on with it, and nothing has to be kept here.
"""

from __future__ import annotations

import base64
import secrets
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
_NONCE_BYTES = 12


class Sealer(Generic[T]):
    """Seals values of one kind with AES-GCM. ``purpose`` is bound to the seal: none opens in place of another."""

    def __init__(self, key: bytes, purpose: str, kind: type[T]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._box, self._purpose, self._kind = AESGCM(key), purpose.encode(), kind

    def seal(self, value: T) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._box.encrypt(nonce, msgspec.json.encode(value), self._purpose)
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, cookie: str | None) -> T | None:
        """What was sealed; None for a cookie that is not ours."""
        from cryptography.exceptions import InvalidTag

        try:
            raw = base64.urlsafe_b64decode((cookie or "").encode("ascii"))
            plain = self._box.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._purpose)
            return msgspec.json.decode(plain, type=self._kind)
        except (ValueError, InvalidTag, msgspec.DecodeError):
            return None
