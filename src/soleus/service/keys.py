"""The key of this installation: made once, kept in the data folder for its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from soleus.errors import StorageError

_NAME, _BYTES = "soleus.key", 32


def installation_key(folder: Path) -> bytes:
    """32 random bytes. Two processes that start at once agree on one key. Raises `StorageError`."""
    path = folder / _NAME
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make(folder, path)
        found = path.read_bytes()
    except OSError as error:
        raise StorageError(
            _NAME, type(error).__name__, "a file that can be read and written", "Check the folder."
        ) from None
    if len(found) != _BYTES:
        raise StorageError(_NAME, f"{len(found)} bytes", f"{_BYTES}", "Remove the file; launches that wait are lost.")
    return found


def _make(folder: Path, path: Path) -> None:
    """Written whole under another name, then linked: whoever links first wins."""
    part = folder / f"{_NAME}.{secrets.token_hex(8)}"
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink()
