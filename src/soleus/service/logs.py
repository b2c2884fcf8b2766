"""Logs: one JSON object a line, of fields that are listed here. No word of a request ever becomes part of one.

What libraries log is kept to its level, logger and place in the code: their messages may quote what was sent.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys
from types import TracebackType
from typing import Any

log = logging.getLogger("soleus.service")

#: The only fields that a record may carry; each is a number, a route's template or a word of ours.
FIELDS = ("event", "route", "method", "status", "ms", "request", "code", "address", "worker", "count", "hooks")
#: Libraries whose messages are ours to show: fixed words about start and stop.
_PLAIN = ("soleus", "uvicorn.error")


class JsonLines(logging.Formatter):
    """A record as one line of JSON, without arguments and messages of errors."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name.startswith(_PLAIN) and not record.args:
            line["message"] = record.msg.partition("\n")[0] if isinstance(record.msg, str) else "record"
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["at"] = places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def places(trace: TracebackType | None) -> list[str]:
    """File, line and function of each step of a traceback, innermost last: enough to mend, nothing of the data."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename.rsplit('soleus/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-12:]


def configure(level: str) -> None:
    """Send everything through `JsonLines` to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    log.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore", "mcp"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = name != "uvicorn.access"  # it would log addresses with what people typed in them
        library.setLevel(logging.INFO if name == "uvicorn.error" else logging.WARNING)
