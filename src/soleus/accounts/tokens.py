"""Secrets that travel in cookies and links, and what is kept of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_BYTES = 32  # 256 bits


def new_secret() -> str:
    return secrets.token_urlsafe(_BYTES)


def id_of(secret: str) -> str:
    """The SHA-256 (hex) under which a session or an invitation is kept; it does not lead back to the secret."""
    return hashlib.sha256(secret[:200].encode("utf-8", "replace")).hexdigest()


def form_token(secret: str) -> str:
    """What a form carries to prove that a page of this session wrote it: no other site can know it."""
    made = hmac.new(secret[:200].encode("utf-8", "replace"), b"soleus form", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
