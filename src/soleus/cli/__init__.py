"""The `soleus` command. This is the edge that turns errors into messages and exit codes.

Exit: 0 judged, 2 usage, 3 input, 4 knowledge, 5 nothing to assess or cannot, 70 defect. A red flag never changes it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from soleus.errors import SoleusError

DEFECT = 70


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with its arguments (default: those of the process) and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "json" in (a.partition("=")[2] or a for a in given if a.startswith("--format") or a == "json")
    try:
        from soleus.cli.app import app

        app(args=given, prog_name="soleus", standalone_mode=True)
    except SoleusError as error:
        tell(error, as_json)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        fault = SoleusError("soleus", f"a defect ({type(error).__name__})", "an answer", "Please report how it came about.")
        fault.code = "defect"
        tell(fault, as_json)
        sys.exit(DEFECT)


def tell(error: SoleusError, as_json: bool) -> None:
    """One error on standard error: a sentence, or one JSON object."""
    text = json.dumps(error.to_dict(), ensure_ascii=False) if as_json else f"soleus: {error}"
    print(text, file=sys.stderr)
