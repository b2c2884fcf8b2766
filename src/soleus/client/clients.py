"""The client that waits and the client that is awaited. Both send the calls of `soleus.client.calls`.

A call is sent again where no connection came about, and where the service asks for a little patience; never where an
answer was awaited in vain, because the service may still be at work on it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from soleus.client import calls
from soleus.client.calls import Call, NoteAnswer, ReadingAnswer, Ready, Told
from soleus.client.outcomes import unreachable, value_of, wait_before_retry
from soleus.errors import UsageError
from soleus.reasoning.answers import (
    ComparisonAnswer,
    EntryAnswer,
    ExplanationAnswer,
    MedicationAnswer,
    NextQuestionAnswer,
)
from soleus.reasoning.assessment import Assessment, Audience

T = TypeVar("T")
ADDRESS = "http://127.0.0.1:8000"
_CONNECT_S, _PAUSE_S = 5.0, 0.2


def _checked(base: str) -> str:
    """The address, if what is told of a person may travel to it: encrypted, or to this machine."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("base_url", "another form", "http:// or https:// and a host", f"Write {ADDRESS}.")
    if parts.scheme == "http" and not _on_this_machine(parts.hostname):
        raise UsageError("base_url", "http to another machine", "https", "Nothing of a person travels unencrypted.")
    return base.rstrip("/")


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _sent(call: Call[Any]) -> dict[str, Any]:
    """The arguments of httpx for a call."""
    kind = {"Content-Type": call.media_type} if call.body is not None else {}
    headers = {"Accept": f"{call.media_type}, application/problem+json", **kind}
    return {
        "method": call.method,
        "url": call.path,
        "content": call.body,
        "params": call.query or None,
        "headers": headers,
    }


class Client:
    """``timeout`` in seconds for each call; ``retries`` at most that many times; ``headers`` such as a token."""

    def __init__(
        self,
        base_url: str = ADDRESS,
        *,
        timeout: float = 30.0,
        retries: int = 2,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base, self._retries = _checked(base_url), retries
        self._http = httpx.Client(
            base_url=self._base,
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_S)),
            headers=headers,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def assess(
        self,
        case: Told,
        *,
        audience: Audience = "clinician",
        as_of: str | None = None,
        setting: str | None = None,
        draws: int = 500,
    ) -> Assessment:
        """The judgement of one person. Raises `InputError`, `CannotAssess`, `ServiceError`."""
        return self._send(calls.assess(case, audience=audience, as_of=as_of, setting=setting, draws=draws))

    def assess_note(
        self,
        note: str,
        *,
        audience: Audience = "clinician",
        as_of: str | None = None,
        setting: str | None = None,
        draws: int = 500,
    ) -> NoteAnswer:
        """The judgement of a text, with what was understood of it."""
        return self._send(calls.assess_note(note, audience=audience, as_of=as_of, setting=setting, draws=draws))

    def read(self, note: str) -> ReadingAnswer:
        """What a text says, without a judgement."""
        return self._send(calls.read(note))

    def next_question(
        self, case: Told, *, audience: Audience = "patient", skip: Iterable[str] = ()
    ) -> NextQuestionAnswer:
        """What to ask next, with what each reply adds to the case."""
        return self._send(calls.next_question(case, audience=audience, skip=skip))

    def explain(
        self, case: Told, *, explanation: str | None = None, against: str | None = None, as_of: str | None = None
    ) -> ExplanationAnswer:
        """The chain behind an explanation, by default of the first against the next."""
        return self._send(calls.explain(case, explanation=explanation, against=against, as_of=as_of))

    def medication_review(
        self, case: Told, *, medicines: Iterable[str] = (), audience: Audience = "clinician", as_of: str | None = None
    ) -> MedicationAnswer:
        """Whether each medicine may bear on the complaint."""
        return self._send(calls.medication_review(case, medicines=medicines, audience=audience, as_of=as_of))

    def compare(self, first: str, second: str, *, most: int = 15) -> ComparisonAnswer:
        """What tells two explanations apart."""
        return self._send(calls.compare(first, second, most=most))

    def entry(self, name: str) -> EntryAnswer:
        """What the knowledge base says of a name or code. Raises `UnknownName`."""
        return self._send(calls.entry(name))

    def fhir_assess(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The judgement of a FHIR Bundle or Parameters, as a FHIR Bundle."""
        return self._send(calls.fhir_assess(record))

    def ready(self) -> Ready:
        """Whether the service can judge and store. Raises `StorageError` where it cannot store."""
        return self._send(calls.ready())

    def _send(self, call: Call[T]) -> T:
        for left in range(max(self._retries, 0), -1, -1):
            try:
                response = self._http.request(**_sent(call))
            except httpx.ConnectError as fault:
                if not left:
                    raise unreachable(self._base, fault) from None
                time.sleep(_PAUSE_S)
                continue
            except httpx.TransportError as fault:
                raise unreachable(self._base, fault) from None
            pause = wait_before_retry(response) if left else None
            if pause is None:
                break
            time.sleep(pause)
        return value_of(call, response)


class AsyncClient:
    """`Client`, with methods to be awaited."""

    def __init__(
        self,
        base_url: str = ADDRESS,
        *,
        timeout: float = 30.0,
        retries: int = 2,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base, self._retries = _checked(base_url), retries
        self._http = httpx.AsyncClient(
            base_url=self._base,
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_S)),
            headers=headers,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def assess(
        self,
        case: Told,
        *,
        audience: Audience = "clinician",
        as_of: str | None = None,
        setting: str | None = None,
        draws: int = 500,
    ) -> Assessment:
        """The judgement of one person. Raises `InputError`, `CannotAssess`, `ServiceError`."""
        return await self._send(calls.assess(case, audience=audience, as_of=as_of, setting=setting, draws=draws))

    async def assess_note(
        self,
        note: str,
        *,
        audience: Audience = "clinician",
        as_of: str | None = None,
        setting: str | None = None,
        draws: int = 500,
    ) -> NoteAnswer:
        """The judgement of a text, with what was understood of it."""
        return await self._send(calls.assess_note(note, audience=audience, as_of=as_of, setting=setting, draws=draws))

    async def read(self, note: str) -> ReadingAnswer:
        """What a text says, without a judgement."""
        return await self._send(calls.read(note))

    async def next_question(
        self, case: Told, *, audience: Audience = "patient", skip: Iterable[str] = ()
    ) -> NextQuestionAnswer:
        """What to ask next, with what each reply adds to the case."""
        return await self._send(calls.next_question(case, audience=audience, skip=skip))

    async def explain(
        self, case: Told, *, explanation: str | None = None, against: str | None = None, as_of: str | None = None
    ) -> ExplanationAnswer:
        """The chain behind an explanation, by default of the first against the next."""
        return await self._send(calls.explain(case, explanation=explanation, against=against, as_of=as_of))

    async def medication_review(
        self, case: Told, *, medicines: Iterable[str] = (), audience: Audience = "clinician", as_of: str | None = None
    ) -> MedicationAnswer:
        """Whether each medicine may bear on the complaint."""
        return await self._send(calls.medication_review(case, medicines=medicines, audience=audience, as_of=as_of))

    async def compare(self, first: str, second: str, *, most: int = 15) -> ComparisonAnswer:
        """What tells two explanations apart."""
        return await self._send(calls.compare(first, second, most=most))

    async def entry(self, name: str) -> EntryAnswer:
        """What the knowledge base says of a name or code. Raises `UnknownName`."""
        return await self._send(calls.entry(name))

    async def fhir_assess(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The judgement of a FHIR Bundle or Parameters, as a FHIR Bundle."""
        return await self._send(calls.fhir_assess(record))

    async def ready(self) -> Ready:
        """Whether the service can judge and store. Raises `StorageError` where it cannot store."""
        return await self._send(calls.ready())

    async def _send(self, call: Call[T]) -> T:
        for left in range(max(self._retries, 0), -1, -1):
            try:
                response = await self._http.request(**_sent(call))
            except httpx.ConnectError as fault:
                if not left:
                    raise unreachable(self._base, fault) from None
                await asyncio.sleep(_PAUSE_S)
                continue
            except httpx.TransportError as fault:
                raise unreachable(self._base, fault) from None
            pause = wait_before_retry(response) if left else None
            if pause is None:
                break
            await asyncio.sleep(pause)
        return value_of(call, response)
