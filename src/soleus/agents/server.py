"""The MCP server: tools, resources and a prompt for `soleus.agents.tools`, over standard streams or local HTTP.

Errors that a caller can mend come back as tool errors in the words of `soleus.errors`; a defect is named by its type
alone. Nothing of a case is logged or kept.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import mcp_types as types
import msgspec
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette

from soleus.agents import vocabulary
from soleus.agents.tools import BY_NAME, TOOLS, Tool
from soleus.errors import SoleusError
from soleus.knowledge.schema.core import Finding
from soleus.reasoning import words
from soleus.reasoning.assess import software_version
from soleus.reasoning.case_schema import case_schema
from soleus.reasoning.compiled import Compiled
from soleus.reports.json import schema as assessment_schema

LOOPBACK = "127.0.0.1"
_NAMES = (LOOPBACK, "localhost", "[::1]")
_PROMPT = "take_a_history"
_AT_ONCE = 2  # judgements; each keeps a core busy

INSTRUCTIONS = (
    "Soleus judges legs that cramp, hurt or will not keep still, with citations. Give it only what was said: leave out "
    "what was not told, never fill in, and write not_assessed for what was asked and is not known. Red flags come "
    "first and outrank every probability. No clinician has reviewed the content; it is not a medical device and not a "
    "diagnosis: say so when you pass an answer on, with its intervals and sources."
)

_HISTORY = (
    "Take a history of a leg complaint with the tool next_question. Begin with an empty case, or with what the person "
    "has already said in their own words. Ask one question at a time, as it is worded, with its replies, and say why "
    "it is asked if you are asked. Take the reply that the person gives; where none fits or they do not know, take "
    "not_assessed. Never answer for them. Merge what the reply adds into the case, keep the skip, and go on until id "
    "is null. If a red flag fires on the way (the tool assess tells), stop and pass its action on at once. Then call "
    "assess with the case and tell: red flags, the explanations with their intervals, what was not asked, the sources, "
    "and that no clinician has reviewed the content."
)


def server(compiled: Compiled) -> Server[Any]:
    """A server for one knowledge base."""
    limit = anyio.CapacityLimiter(_AT_ONCE)
    resources = _resources(compiled)
    listed = types.ListToolsResult(tools=[_listed(t, compiled) for t in TOOLS])

    async def list_tools(_c: ServerRequestContext[Any], _p: Any) -> types.ListToolsResult:
        return listed

    async def call_tool(_c: ServerRequestContext[Any], p: types.CallToolRequestParams) -> types.CallToolResult:
        tool = BY_NAME.get(p.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"No such tool; there are {', '.join(BY_NAME)}.")
        return await anyio.to_thread.run_sync(partial(_called, tool, p.arguments or {}, compiled), limiter=limit)

    async def list_resources(_c: ServerRequestContext[Any], _p: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[r for r, _ in resources.values()])

    async def read_resource(
        _c: ServerRequestContext[Any], p: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        if str(p.uri) not in resources:
            raise MCPError(types.INVALID_PARAMS, f"No such resource; there are {', '.join(resources)}.")
        resource, text = resources[str(p.uri)]
        content = types.TextResourceContents(uri=resource.uri, mime_type=resource.mime_type, text=text())
        return types.ReadResourceResult(contents=[content])

    async def list_prompts(_c: ServerRequestContext[Any], _p: Any) -> types.ListPromptsResult:
        told = "Ask a person about their legs, one question at a time, and judge the answers."
        return types.ListPromptsResult(prompts=[types.Prompt(name=_PROMPT, title="Take a history", description=told)])

    async def get_prompt(_c: ServerRequestContext[Any], p: types.GetPromptRequestParams) -> types.GetPromptResult:
        if p.name != _PROMPT:
            raise MCPError(types.INVALID_PARAMS, f"No such prompt; there is {_PROMPT}.")
        return types.GetPromptResult(
            messages=[types.PromptMessage(role="user", content=types.TextContent(text=_HISTORY))]
        )

    return Server(
        "soleus",
        version=software_version(),
        title="Soleus",
        instructions=INSTRUCTIONS,
        get_tool_input_schema={t.name: t.input_schema for t in listed.tools}.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


def _listed(tool: Tool, compiled: Compiled) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema(compiled),
        output_schema=tool.output_schema(),
        annotations=types.ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


def _called(tool: Tool, arguments: dict[str, Any], compiled: Compiled) -> types.CallToolResult:
    """One call. Whatever goes wrong comes back as an error of the tool, never as a traceback."""
    try:
        answer, text = tool.call(arguments, compiled)
        structured = msgspec.json.decode(msgspec.json.encode(answer))
    except SoleusError as error:
        return _failed(error.to_dict(), str(error))
    except Exception as defect:
        told = f"a defect ({type(defect).__name__})"
        fault = {"code": "defect", "where": tool.name, "found": told, "expected": "an answer", "repair": "Report it."}
        return _failed(fault, f"{tool.name}: {told}; please report how it came about.")
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=structured)


def _failed(fault: dict[str, str], text: str) -> types.CallToolResult:
    told = f"{text} {words.REVIEW['clinician']}"
    return types.CallToolResult(
        content=[types.TextContent(text=told)], structured_content={"error": fault}, is_error=True
    )


def _resources(compiled: Compiled) -> dict[str, tuple[types.Resource, Callable[[], str]]]:
    """What an agent may read at length, by address; each is written when it is asked for."""
    known: dict[str, tuple[str, str, Callable[[], Any]]] = {
        "soleus://findings": (
            "findings",
            "Every finding with its answers.",
            lambda: {f.id: [s.id for s in f.states] for f in compiled.knowledge.all(Finding)},
        ),
        "soleus://schema/case": ("case schema", "A case with every finding.", partial(case_schema, compiled)),
        "soleus://schema/assessment": ("assessment schema", "The document that detail full adds.", assessment_schema),
        "soleus://schema/case-in-brief": (
            "case schema in brief",
            "A case with the commonest findings, as the tool assess takes it.",
            partial(vocabulary.case_schema, compiled),
        ),
    }
    return {
        uri: (
            types.Resource(uri=uri, name=name, description=told, mime_type="application/json"),
            lambda make=make: json.dumps(make(), ensure_ascii=False),  # type: ignore[misc]
        )
        for uri, (name, told, make) in known.items()
    }


def _silent() -> None:
    """The SDK's log lines repeat headers and messages of callers; none is written."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
    logging.getLogger("mcp").propagate = False


def run_streams(compiled: Compiled) -> None:
    """Serve one agent over standard input and output until its input ends."""
    _silent()
    served = server(compiled)

    async def run() -> None:
        async with stdio_server() as (read, write):
            await served.run(read, write, served.create_initialization_options())

    anyio.run(run)


def http_app(compiled: Compiled, port: int, origins: Sequence[str] = ()) -> Starlette:
    """Streamable HTTP at /mcp for callers on this machine.

    A request must name this machine and port as its host, so that a page whose name was bound anew to 127.0.0.1 gets
    nothing (DNS rebinding); one from a page must come from this port or from one of ``origins``.
    """
    hosts = [f"{name}:{port}" for name in _NAMES]
    return server(compiled).streamable_http_app(
        host=LOOPBACK,
        stateless_http=True,
        json_response=True,
        transport_security=TransportSecuritySettings(
            allowed_hosts=hosts, allowed_origins=[*(f"http://{h}" for h in hosts), *origins]
        ),
    )


def run_http(compiled: Compiled, port: int, origins: Sequence[str] = ()) -> None:
    """Serve agents of this machine until interrupted."""
    import uvicorn

    _silent()
    app = http_app(compiled, port, origins)
    uvicorn.run(app, host=LOOPBACK, port=port, log_level="warning", access_log=False, server_header=False)
