"""Take the pictures of the README, and of every page of the service on a phone and on a desk (docs/images/pages).

    python tools/make_pictures.py                              all of them
    python tools/make_pictures.py population-report desk       these pages alone

Needs Chromium. The pictures are not compared in tests: fonts differ between machines. Take them again when the
report looks different, and look at them.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from page_kinds import kinds, served, visit
from PIL import Image
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
        if names := sys.argv[1:]:
            take_pages(browser, names)
            return
        for name, example, audience, width, height, scale in PICTURES:
            target = IMAGES / f"{name}.png"
            target.write_bytes(picture(browser, example, audience, width, height, scale))
            size = target.stat().st_size
            print(f"{target.relative_to(ROOT)}: {size:,} bytes")
            assert size <= MOST_BYTES, f"more than {MOST_BYTES:,} bytes"
        take_pages(browser)
        browser.close()


#: Width and height of the screen, how much of a page below it is shown.
SCREENS = ((390, 844, 1400), (1280, 900, 1100))
MOST_PAGE_BYTES = 6_000_000
_MOST_MS = 120_000  # for one picture
_COLOURS = 48  # of a picture; pages have few


def take_pages(browser: Browser, names: Sequence[str] = ()) -> None:
    """The top of every page of the service, or of these; small files, because they are kept with the code."""
    folder = IMAGES / "pages"
    if not names:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    with served() as address:
        for width, height, most in SCREENS:
            for kind in (k for k in kinds() if not names or k.name in names):
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
                visit(page, address, kind)
                tall = min(page.evaluate("document.documentElement.scrollHeight"), most)
                clip = {"x": 0.0, "y": 0.0, "width": float(width), "height": float(tall)}
                top = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip, timeout=_MOST_MS)))
                page.close()
                small = top.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
                small.save(folder / f"{kind.name}-{width}.png", optimize=True)
    total = sum(p.stat().st_size for p in folder.iterdir())
    print(f"{folder.relative_to(ROOT)}: {total:,} bytes")
    assert total <= MOST_PAGE_BYTES, f"more than {MOST_PAGE_BYTES:,} bytes"


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
