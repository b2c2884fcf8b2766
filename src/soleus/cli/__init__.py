"""The `soleus` command. This is the edge that turns errors into messages and exit codes.

Exit: 0 judged, 2 usage, 3 input, 4 knowledge, 5 nothing to assess or cannot, 70 defect. A red flag never changes it.
An interview or a run that is broken off by the keyboard ends with 130.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from soleus.errors import SoleusError, UsageError

DEFECT = 70
_BROKEN_OFF = 130
_PIPE_CLOSED = 1  # what typer and rich exit with when nobody reads on; it is no fault


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with its arguments (default: those of the process) and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
    except SoleusError as error:
        tell(error, wants_json(given))
        code = error.exit_code
    except BrokenPipeError:
        code = _silenced()
    except SystemExit as end:
        code = _silenced() if end.code == _PIPE_CLOSED else end.code  # type: ignore[assignment]
    except Exception as error:
        tell(_defect(error), wants_json(given))
        code = DEFECT
    sys.exit(code)


def _run(given: list[str]) -> int:
    """The exit code; typer's own exceptions become ours, whichever copy of click it carries."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: small matrices, threads only cost their start
    gc.set_threshold(100_000)  # the knowledge stays as long as the process; looking through it again finds nothing
    from soleus.cli.app import app

    try:
        code = app(args=given, prog_name="soleus", standalone_mode=False)
    except Exception as error:
        if type(error).__name__ == "Abort":
            return _BROKEN_OFF
        if type(error).__name__ == "NoArgsIsHelpError":
            return _helped(error)
        if hasattr(error, "format_message"):
            raise _usage(error) from None
        raise
    sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _helped(error: Any) -> int:
    text = error.format_message().strip()
    if text:  # some versions hand the help over instead of printing it
        print(text, file=sys.stderr)
    return UsageError.exit_code


def _usage(error: Any) -> UsageError:
    """A wrong call as one of our errors, with the command whose help mends it."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "soleus")
    parameter = getattr(error, "param", None)
    name = getattr(error, "option_name", None) or (parameter.opts[0] if parameter and parameter.opts else None)
    where = f"{command}: {name}" if name else command
    told = " ".join(error.format_message().split()).rstrip(".").rpartition("': ")[2]
    found = told[:1].lower() + told[1:]
    return UsageError(where, found, f"what `{command} --help` lists", f"See `{command} --help`.")


def _silenced() -> int:
    """Nobody reads the output any more (`soleus sources | head`): say nothing else, and no fault."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _defect(error: Exception) -> SoleusError:
    fault = SoleusError("soleus", f"a defect ({type(error).__name__})", "an answer", "Please report how it came about.")
    fault.code = "defect"
    return fault


def wants_json(given: Sequence[str]) -> bool:
    """Whether the arguments ask for JSON, even where they are wrong otherwise."""
    pairs = zip(given, [*given[1:], ""], strict=True)
    return any(a == "--format=json" or (a, b) == ("--format", "json") for a, b in pairs)


def tell(error: SoleusError, as_json: bool) -> None:
    """One error on standard error: a sentence, or one JSON object."""
    text = json.dumps(error.to_dict(), ensure_ascii=False) if as_json else f"soleus: {error}"
    print(text, file=sys.stderr)
