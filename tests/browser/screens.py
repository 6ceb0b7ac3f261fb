"""Photograph the page of a case at every width, in light, dark and print, for people to look at.

    python tests/browser/screens.py CASE OUT [--width 1280]… [--folded] [--hash #h0-finding-…]

CASE is a case folder or an HTML file; the pictures and the PDF go into the folder OUT.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "reports")]

from desk import WIDTHS, Desk, Scheme, View, chromium, launched  # noqa: E402
from measuring import covered, cut_off, open_all, settled, too_wide  # noqa: E402
from playwright.sync_api import FloatRect  # noqa: E402

from extriage.casefile import load  # noqa: E402
from extriage.reports import REPORTS, RenderOptions  # noqa: E402

SCHEMES: tuple[Scheme, ...] = ("light", "dark")
TALLEST = 16_000
"""Pixels; Chromium draws nothing below about 16,384."""


def read() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("case", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, action="append", help="only these widths")
    parser.add_argument("--scheme", choices=("light", "dark"), action="append")
    parser.add_argument("--slice", type=int, default=0, help="height of a picture in pixels")
    parser.add_argument("--folded", action="store_true", help="leave folded what is folded")
    parser.add_argument("--hash", default="", help="go to this place first")
    return parser.parse_args()


def document(case: Path) -> str:
    if case.suffix == ".html":
        return case.read_text("utf-8")
    return REPORTS["html"].render(load(case), RenderOptions(tlp="amber"))


def photograph(desk: Desk, page_text: str, asked: argparse.Namespace) -> None:
    for scheme in asked.scheme or SCHEMES:
        for width in asked.width or WIDTHS:
            page = desk.lay(page_text, View(width=width, scheme=scheme))
            first = asked.out / f"{scheme}-{width}-first.png"
            page.screenshot(path=first)
            if asked.hash:
                page.evaluate("(hash) => { location.hash = hash }", asked.hash)
            if not asked.folded:
                open_all(page)
            height = page.evaluate("() => document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": min(height, TALLEST)})
            settled(page)
            part = asked.slice or height
            for top in range(0, min(height, TALLEST), part):
                box = FloatRect(x=0, y=top, width=width, height=min(part, TALLEST - top))
                name = f"{scheme}-{width}-{top // part + 1:02}.png"
                page.screenshot(path=asked.out / name, clip=box)
            for flaw in [*too_wide(page), *cut_off(page), *covered(page, "body")]:
                sys.stdout.write(f"{scheme} {width}: {flaw}\n")
            for trouble in desk.forget(page):
                sys.stdout.write(f"{scheme} {width}: {trouble}\n")
    page = desk.lay(page_text)
    page.pdf(path=asked.out / "print.pdf", format="A4", print_background=True)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": TALLEST})
    page.screenshot(path=asked.out / "print.png")
    desk.forget(page)


def main() -> None:
    asked = read()
    asked.out.mkdir(parents=True, exist_ok=True)
    with launched(chromium()) as browser:
        photograph(Desk(browser, asked.out), document(asked.case), asked)


if __name__ == "__main__":
    main()
