"""Take the pictures of the README: the first screen of a real report, on a desk and on a phone.

    python tools/make_pictures.py

Needs Chromium. The pictures are not compared in tests: fonts differ between machines. Take them again when the
report looks different, and look at them.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

import soleus
from soleus.reasoning.assessment import Audience
from soleus.reports.html import render

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"
MOST_BYTES = 300_000
#: name, example, audience, width and height of the screen, pixels of the picture for each of the screen
PICTURES: tuple[tuple[str, str, Audience, int, int, float], ...] = (
    ("report", "dvt-told-as-cramp", "clinician", 1280, 1090, 1.0),
    ("report-phone", "idiopathic-cramp", "patient", 390, 844, 2.0),
)


def main() -> None:
    program = next((p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None)
    if program is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, example, audience, width, height, scale in PICTURES:
            target = IMAGES / f"{name}.png"
            target.write_bytes(picture(browser, example, audience, width, height, scale))
            size = target.stat().st_size
            print(f"{target.relative_to(ROOT)}: {size:,} bytes")
            assert size <= MOST_BYTES, f"more than {MOST_BYTES:,} bytes"
        browser.close()


def picture(browser: Browser, example: str, audience: Audience, width: int, height: int, scale: float) -> bytes:
    """The first screen of the report of an example."""
    case = soleus.read_case(ROOT / f"examples/{example}.yaml")
    page = browser.new_page(
        viewport={"width": width, "height": height}, device_scale_factor=scale, color_scheme="light"
    )
    page.set_content(render(soleus.assess(case, audience=audience)))
    return page.screenshot()


if __name__ == "__main__":
    main()
