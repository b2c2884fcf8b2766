"""The service attacked, looked at and killed: schemathesis, axe on every page, FHIR referees, kill -9, weights."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from load import load_figures, served

ROOT = Path(__file__).resolve().parent.parent
AXE = ROOT / "tests/web/node_modules/axe-core/axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CASES = 20_000
KILLS = 25


def delivery_figures(*, quick: bool = False) -> dict[str, Any]:
    """All figures of the service. ``quick``: a minute of load and fewer cases, to try it out."""
    figures = load_figures(seconds=60) if quick else load_figures()
    figures |= schemathesis_figures(500 if quick else CASES)
    figures |= page_figures()
    figures |= referee_figures()
    return figures | kill_figures(3 if quick else KILLS)


def schemathesis_figures(cases: int = CASES) -> dict[str, Any]:
    """Cases that schemathesis made of the OpenAPI document, and how many answers of the service were 5xx."""
    per_operation, made, faults, seed = 100, 0, 0, 1
    failures: dict[str, int] = {}
    with served() as (port, _):
        while made < cases:
            told = _attack(port, per_operation, seed)
            made += told["cases"]
            for name, number in told["failures"].items():
                failures[name] = failures.get(name, 0) + number
            seed, per_operation = seed + 1, 1_500
            print(f"  schemathesis: {made:,} cases", flush=True)
        faults = sum(n for status, n in _statuses(port).items() if status >= 500)
    return {"schemathesis_cases": made, "schemathesis_5xx": faults, "schemathesis_failures": failures}


#: Left out: a valid body may still tell of nothing to assess, or name what is not known, and is refused with reason.
_CHECKS_LEFT_OUT = "positive_data_acceptance"


def _attack(port: int, most: int, seed: int) -> dict[str, Any]:
    program = Path(sys.executable).with_name("schemathesis")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                str(program), "run", f"http://127.0.0.1:{port}/openapi.json", "--phases", "examples,coverage,fuzzing",
                "--max-examples", str(most), "--seed", str(seed), "--workers", "2", "--continue-on-failure",
                "--exclude-checks", _CHECKS_LEFT_OUT,
            ],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    made = re.search(r"(\d[\d,]*) generated", done.stdout)
    if made is None:
        raise SystemExit(f"schemathesis did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    failures = {m[1]: int(m[2]) for m in re.finditer(r"❌ (ST\d+ [^:]+): (\d+)", done.stdout)}
    return {"cases": int(made[1].replace(",", "")), "failures": failures}


def _statuses(port: int) -> dict[int, int]:
    """Status -> answers, over all workers, as /metrics tells."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        page = answer.read().decode()
    out: dict[int, int] = {}
    for status, number in re.findall(r'soleus_requests_total\{[^}]*status="(\d+)"\} ([\d.e+]+)', page):
        out[int(status)] = out.get(int(status), 0) + int(float(number))
    return out


def page_figures() -> dict[str, Any]:
    """What axe finds on every page in light and dark, layout shift, bytes of the first page and the heaviest."""
    sys.path.insert(0, str(ROOT / "tools"))
    kinds = importlib.import_module("page_kinds")
    from playwright.sync_api import sync_playwright

    found: dict[str, list[str]] = {}
    weights: dict[str, int] = {}
    shifts: dict[str, float] = {}
    with kinds.served() as address, sync_playwright() as playwright, _browser(playwright) as browser:
        for kind in kinds.kinds():
            for scheme in ("light", "dark"):
                page = browser.new_page(color_scheme=scheme, bypass_csp=True, viewport={"width": 390, "height": 844})
                kinds.visit(page, address, kind)
                shifts[f"{kind.name} {scheme}"] = page.evaluate(_SHIFT)
                weights[kind.name] = len(page.content().encode())
                page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
                told = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
                if told:
                    found[f"{kind.name} {scheme}"] = [v["id"] for v in told]
                page.close()
        first = _first_page(browser, address)
    return {
        "axe_pages": len(kinds.kinds()),
        "axe_violations": sum(map(len, found.values())),
        "axe_found": found,
        "layout_shift": max(shifts.values()),
        "layout_shift_at": max(shifts, key=lambda name: shifts[name]),
        "first_page_kb": first / 1000,
        "heaviest_page_kb": max(weights.values()) / 1000,
        "heaviest_page": max(weights, key=lambda name: weights[name]),
    }


_SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(l => { for (const e of l.getEntries()) if (!e.hadRecentInput) sum += e.value; })
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 200);
})"""


@contextlib.contextmanager
def _browser(playwright: Any) -> Iterator[Any]:
    program = shutil.which("chromium") or sys.exit("Chromium is missing: apt-get install chromium")
    browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
    yield browser
    browser.close()


def _first_page(browser: Any, address: str) -> int:
    """Bytes of everything that the first page loads, into an empty cache."""
    context = browser.new_context()
    page, sizes = context.new_page(), []
    page.on("response", lambda r: sizes.append(len(r.body())))
    page.goto(address + "/", wait_until="networkidle")
    context.close()
    return sum(sizes)


def referee_figures() -> dict[str, Any]:
    """What the referees of FHIR find in all that leaves."""
    data = os.environ.get("SOLEUS_TEST_DATA")
    return dict(importlib.import_module("fhir_referees").referee_figures(Path(data) if data else None))


def kill_figures(rounds: int = KILLS) -> dict[str, Any]:
    """What was acknowledged and lost over so many deaths under load."""
    sys.path.insert(0, str(ROOT))
    killed = importlib.import_module("tests.service.test_kill").killed
    with tempfile.TemporaryDirectory() as folder:
        acknowledged, lost = killed(Path(folder), rounds, seed=7)
    return {"kill9_rounds": rounds, "kill9_acknowledged": acknowledged, "kill9_lost": lost}


if __name__ == "__main__":
    parts = {
        "schemathesis": schemathesis_figures,
        "pages": page_figures,
        "referees": referee_figures,
        "kill": kill_figures,
    }
    wanted = sys.argv[1:] or list(parts)
    print(json.dumps({k: v for name in wanted for k, v in parts[name]().items()}, indent=1))
