"""The server as agents meet it: the SDK's own client over standard streams, over HTTP and in process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, TextContent

import soleus
from soleus.agents.server import server
from soleus.agents.tools import BY_NAME
from soleus.reasoning.compiled import shipped_compiled
from tests.agents.cases import CALLS, CRAMP

T = TypeVar("T")
MARK = "Zebedee-Quartz-4711"
_COMMAND = [sys.executable, "-c", "from soleus.cli import main; main()", "mcp"]
_ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def drive(target: Any, ask: Callable[[Client], Awaitable[T]]) -> T:
    """What ``ask`` finds with a client that is connected to ``target``."""

    async def run() -> T:
        async with Client(target) as client:
            return await ask(client)

    return anyio.run(run)


def over_streams(ask: Callable[[Client], Awaitable[T]]) -> tuple[T, str]:
    """What ``ask`` finds over the standard streams of a process, and what that process wrote to standard error."""
    with tempfile.TemporaryFile("w+") as log:
        parameters = StdioServerParameters(command=_COMMAND[0], args=_COMMAND[1:], env=_ENVIRONMENT)
        found = drive(stdio_client(parameters, errlog=log), ask)
        log.seek(0)
        return found, log.read()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server over HTTP in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*_COMMAND, "--http", "--port", str(port), "--origin", "http://localhost:6274"]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stderr=log, env=_ENVIRONMENT)
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()
            process.wait(20)
        log.seek(0)
        written = log.read()
    assert "for this machine only" in written
    assert MARK not in written
    assert "Traceback" not in written


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


def _text(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


async def _everything(client: Client) -> list[CallToolResult]:
    await client.list_tools()
    return [await client.call_tool(name, arguments) for name, arguments in CALLS]


def _holds(results: list[CallToolResult]) -> None:
    """The SDK's client has checked each answer against its schema; the numbers are those of Python."""
    assert not any(r.is_error for r in results)
    judged = soleus.assess(CRAMP).complaints[0].explanations[0]
    shown = results[0].structured_content["complaints"][0]["explanations"][0]
    assert (shown["id"], shown["probability"], shown["low"]) == (judged.id, judged.probability, judged.low)


def test_every_tool_answers_over_standard_streams() -> None:
    results, written = over_streams(_everything)
    _holds(results)
    assert written == ""


def test_every_tool_answers_over_http(address: str) -> None:
    _holds(drive(address, _everything))


def test_every_tool_answers_a_client_of_the_older_protocol() -> None:
    async def run() -> list[CallToolResult]:
        async with Client(server(shipped_compiled()), mode="legacy") as client:
            return await _everything(client)

    _holds(anyio.run(run))


@pytest.mark.parametrize("broken", [float("nan"), "\ud800"])
def test_values_that_no_json_can_hold_are_no_defect(broken: Any) -> None:
    async def ask(client: Client) -> list[CallToolResult]:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("medication_review", {"medicines": [broken]}),
            ("assess", {"case": {"findings": {"quality": broken}}}),
        ]
        return [await client.call_tool(name, arguments) for name, arguments in calls]

    for found in drive(server(shipped_compiled()), ask):
        assert found.is_error
        assert found.structured_content["error"]["code"] != "defect"


def test_it_ends_with_its_input_and_in_good_order() -> None:
    found = subprocess.run(_COMMAND, input="", capture_output=True, text=True, env=_ENVIRONMENT, timeout=60)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("arguments", [[], ["--http", "--port", "58765"]])
def test_it_can_be_broken_off_without_a_traceback(arguments: list[str]) -> None:
    process = subprocess.Popen(
        [*_COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_ENVIRONMENT
    )
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    _, written = process.communicate(timeout=30)
    assert b"Traceback" not in written
    assert process.returncode in (0, 130)


def test_tools_are_listed_with_schemas_and_as_read_only() -> None:
    async def ask(client: Client) -> None:
        listed = (await client.list_tools()).tools
        assert [t.name for t in listed] == list(BY_NAME)
        assert all(t.output_schema and t.description and t.title for t in listed)
        assert all(t.annotations and t.annotations.read_only_hint for t in listed)
        assert "not_assessed" in (client.instructions or "")

    drive(server(shipped_compiled()), ask)


def test_resources_and_the_prompt_can_be_read() -> None:
    async def ask(client: Client) -> None:
        for resource in (await client.list_resources()).resources:
            (content,) = (await client.read_resource(resource.uri)).contents
            assert json.loads(content.text)  # type: ignore[union-attr]
        (prompt,) = (await client.list_prompts()).prompts
        (message,) = (await client.get_prompt(prompt.name)).messages
        assert "Never answer for them" in message.content.text  # type: ignore[union-attr]
        for wrong in (client.read_resource("soleus://nothing"), client.get_prompt("nothing"), client.call_tool("no")):
            with pytest.raises(MCPError):
                await wrong

    drive(server(shipped_compiled()), ask)


def test_an_interview_is_led_to_its_end_by_an_agent_that_knows_nothing() -> None:
    async def ask(client: Client) -> dict[str, Any]:
        case: dict[str, Any] = {"person": {"age": 67, "sex": "female"}, "findings": {"quality": "cramp"}}
        skip: list[str] = []
        for _ in range(80):
            found = (await client.call_tool("next_question", {"case": case, "skip": skip})).structured_content
            if found["id"] is None:
                return dict(found)
            reply = found["choices"][-1]
            case["findings"] |= reply["findings"]
            skip += reply["skip"]
        raise AssertionError("no end")

    last = drive(server(shipped_compiled()), ask)
    assert last["screen_left"] == 0


def test_errors_are_errors_of_the_tool_and_tell_how_to_mend_them() -> None:
    async def ask(client: Client) -> CallToolResult:
        return await client.call_tool("assess", {"case": {"findings": {"qualty": "cramp"}}})

    found = drive(server(shipped_compiled()), ask)
    assert found.is_error
    assert found.structured_content["error"]["code"] == "unknown_name"
    assert "quality" in found.structured_content["error"]["repair"]
    assert "No clinician has reviewed" in _text(found).replace("no clinician", "No clinician")


def test_a_defect_tells_its_kind_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError(MARK)

    monkeypatch.setattr("soleus.agents.tools.assess", broken)

    async def ask(client: Client) -> CallToolResult:
        return await client.call_tool("assess", {"case": CRAMP})

    found = drive(server(shipped_compiled()), ask)
    assert found.is_error
    assert found.structured_content["error"]["code"] == "defect"
    assert MARK not in found.model_dump_json()


def test_nothing_of_a_case_is_written_to_the_log() -> None:
    marked = [
        ("assess", {"note": f"{MARK} has calf cramps at night"}),
        ("assess", {"case": {"id": MARK, "findings": {MARK: MARK}}}),
        ("assess", {"case": MARK}),
        ("medication_review", {"medicines": [MARK]}),
        ("entry", {"name": MARK}),
        ("compare", {"first": MARK, MARK: MARK}),
    ]

    async def ask(client: Client) -> list[str]:
        return [(await client.call_tool(n, a)).model_dump_json() for n, a in marked]  # type: ignore[arg-type]

    told, written = over_streams(ask)
    assert MARK not in written
    assert "Traceback" not in "".join(told) + written


_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:6274"}, 200),  # named by --origin
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:6274.evil.example"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Content-Type": "text/plain"}, 400),  # what a page may send without asking first
    ],
)
def test_only_this_machine_and_named_pages_may_call(address: str, headers: dict[str, str], status: int) -> None:
    found = httpx.post(address, json=_HELLO, headers=_HEADERS | headers)
    assert found.status_code == status


def test_http_listens_on_the_loopback_address_alone(address: str) -> None:
    port = int(address.rsplit(":", 1)[1].partition("/")[0])
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    local = [line.split()[1] for line in listening if line.split()[3] == "0A"]
    assert [where for where in local if where.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_a_body_that_is_too_large_is_refused(address: str) -> None:
    huge = json.dumps(_HELLO | {"padding": "x" * 5_000_000})
    assert httpx.post(address, content=huge, headers=_HEADERS).status_code == 413


@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_body_brings_a_traceback(address: str, body: bytes) -> None:
    found = httpx.post(address, content=body, headers=_HEADERS)
    assert found.status_code < 500
    assert "Traceback" not in found.text


@pytest.mark.parametrize("arguments", [["--origin", "evil"], ["--port", "0"], ["--origin", "http://a b"]])
def test_a_wrong_call_is_told(arguments: list[str]) -> None:
    found = subprocess.run([*_COMMAND, "--http", *arguments], capture_output=True, text=True, env=_ENVIRONMENT)
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
