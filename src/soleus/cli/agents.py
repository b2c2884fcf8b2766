"""`soleus mcp`: the tools for agents."""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec

from soleus.errors import UsageError


def serve_agents(*, http: bool, port: int, origins: list[str]) -> None:
    """Serve over the standard streams, or over HTTP on this machine."""
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", origin):
            raise UsageError("--origin", "another form", "scheme, host and port", "Write http://localhost:6274.")
    if find_spec("mcp") is None:
        raise UsageError("soleus mcp", "no MCP SDK", "the extra mcp", "Install soleus[mcp].")
    from soleus.agents.server import LOOPBACK, run_http, run_streams
    from soleus.reasoning.compiled import shipped_compiled

    compiled = shipped_compiled()
    if not http:
        run_streams(compiled)
        return
    print(
        f"MCP at http://{LOOPBACK}:{port}/mcp, for this machine only. No clinician has reviewed the content yet.",
        file=sys.stderr,
        flush=True,
    )
    run_http(compiled, port, origins)
