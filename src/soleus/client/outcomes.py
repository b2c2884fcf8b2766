"""What an answer means: a value, an error of the tree, or "ask again in a moment"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import httpx
import msgspec

from soleus.client.calls import Call
from soleus.errors import ServiceError, SoleusError

T = TypeVar("T")
LONGEST_WAIT_S = 5.0
_TOO_SOON = (429, 503)


def wait_before_retry(response: httpx.Response) -> float | None:
    """Seconds after which the service wants to be asked again; None where asking again would not help."""
    told = response.headers.get("retry-after", "")
    if response.status_code not in _TOO_SOON or not told.isdigit():
        return None
    return float(told) if float(told) <= LONGEST_WAIT_S else None


def value_of(call: Call[T], response: httpx.Response) -> T:
    """The value in a good answer. Raises the error of the service under its own class, or `ServiceError`."""
    if not response.is_success:
        raise error_of(response)
    try:
        return call.read(response.content)
    except (msgspec.MsgspecError, KeyError, TypeError):
        repair = "Client and service may be of different versions."
        raise ServiceError(call.path, "an answer of another form", "an answer of this version", repair) from None


def error_of(response: httpx.Response) -> SoleusError:
    """The error in a problem document or an OperationOutcome."""
    try:
        tree: Any = msgspec.json.decode(response.content)
        fields = _problem(tree) if "code" in tree else _outcome(tree)
    except (msgspec.MsgspecError, KeyError, TypeError, IndexError):
        found = f"HTTP status {response.status_code}"
        return ServiceError(str(response.url.path), found, "an answer of Soleus", "Check the address of the service.")
    return _of_code(fields)


def unreachable(base: str, fault: httpx.TransportError) -> ServiceError:
    """The service did not answer. Neither what was sent nor the address of the call is told."""
    late = isinstance(fault, httpx.TimeoutException)
    found = "no answer in time" if late else f"no connection ({type(fault).__name__})"
    return ServiceError(base, found, "an answer", "Is `soleus serve` running there?")


def _problem(tree: dict[str, Any]) -> dict[str, str]:
    return {name: str(tree[name]) for name in ("code", "where", "found", "expected", "repair")}


def _outcome(tree: dict[str, Any]) -> dict[str, str]:
    issue = tree["issue"][0]
    told = str(issue["diagnostics"])
    return {
        "code": str(issue["details"]["coding"][0]["code"]),
        "where": str((issue.get("expression") or ["record"])[0]),
        "found": told.partition(";")[0].removeprefix("Found "),
        "expected": str(issue["details"]["text"]).removeprefix("Expected ").rstrip("."),
        "repair": told.partition("; ")[2].partition(". ")[2] or told,
    }


def _of_code(fields: dict[str, str]) -> SoleusError:
    """An instance of the class with this code; a code that no class has is kept on a `ServiceError`."""
    code = fields.pop("code")
    kind = next((k for k in _classes(SoleusError) if k.code == code), None)
    error = (kind or ServiceError)(**fields)
    error.code = code
    return error


def _classes(root: type[SoleusError]) -> Iterator[type[SoleusError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _classes(kind)
