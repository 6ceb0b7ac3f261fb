"""Rulers for a page: what sticks out, what covers what, what is cut off, what is hard to hit."""

from playwright.sync_api import Page

_SHOWN = """
  // Chromium gives boxes to what `display: none` hides inside of a drawing.
  const drawn = (one) => {
    for (let up = one; up && up.ownerSVGElement; up = up.parentElement)
      if (getComputedStyle(up).display === "none") return false;
    return true;
  };
  const shown = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !one.closest(".visually-hidden, [hidden]") && drawn(one);
  const name = (one) => {
    const classes = one.getAttribute("class");
    const id = one.id || one.closest("[id]")?.id || "";
    return `${one.localName}${classes ? "." + classes.trim().replace(/\\s+/g, ".") : ""} in #${id}`;
  };
  const words = (one) => `"${one.textContent.trim().replace(/\\s+/g, " ").slice(0, 50)}"`;
"""

_WIDE = (
    "() => {"
    + _SHOWN
    + """
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const scrolls = (one) => {
    for (let up = one.parentElement; up; up = up.parentElement)
      if (getComputedStyle(up).overflowX !== "visible" && up !== document.body
          && up !== document.documentElement) return true;
    return false;
  };
  const out = [];
  for (const one of document.body.querySelectorAll("*"))
    if (shown(one) && !scrolls(one) && one.getBoundingClientRect().right > room + 1)
      out.push(`${name(one)} reaches ${Math.round(one.getBoundingClientRect().right)} of ${room}`);
  return [`the page is ${document.documentElement.scrollWidth} wide in ${room}`, ...out.slice(-4)];
}"""
)

_COVERED = (
    "(where) => {"
    + _SHOWN
    + """
  const boxes = [];
  for (const root of document.querySelectorAll(where)) {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const text = walk.currentNode, one = text.parentElement;
      if (!text.data.trim() || !shown(one) || one.closest("script,style,title,desc")) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const box of range.getClientRects())
        if (box.width > 1 && box.height > 1) boxes.push({ box, one, text });
    }
  }
  boxes.sort((a, b) => a.box.top - b.box.top);
  const found = new Set();
  for (let i = 0; i < boxes.length; i++)
    for (let k = i + 1; k < boxes.length && boxes[k].box.top < boxes[i].box.bottom - 4; k++) {
      const a = boxes[i], b = boxes[k];
      if (a.text === b.text) continue;
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (across > 2 && down > 4)
        found.add(`${name(a.one)} ${words(a.one)} lies on ${name(b.one)} ${words(b.one)}`);
    }
  return [...found].slice(0, 6);
}"""
)

_CUT = (
    "() => {"
    + _SHOWN
    + """
  const found = new Set();
  for (const one of document.body.querySelectorAll("*")) {
    if (!shown(one) || one.closest("svg, .rows-scroll, .scroll")) continue;
    const style = getComputedStyle(one);
    const hides = (way) => way === "hidden" || way === "clip";
    const across = hides(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
    const down = hides(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
    if ((across || down) && one.clientWidth > 1 && one.textContent.trim()
        && style.textOverflow !== "ellipsis") found.add(`${name(one)} ${words(one)} is cut off`);
  }
  for (const text of document.querySelectorAll("svg text")) {
    if (!shown(text) || !text.textContent.trim()) continue;
    const svg = text.ownerSVGElement;
    const free = getComputedStyle(svg).overflow === "visible";
    const frame = (free && svg.closest("figure") || svg).getBoundingClientRect();
    const box = text.getBoundingClientRect();
    if (!box.width) continue;
    const out = Math.max(frame.left - box.left, box.right - frame.right,
      frame.top - box.top, box.bottom - frame.bottom);
    if (out > 1) found.add(`${name(text)} ${words(text)} reaches ${Math.round(out)} px out of it`);
  }
  return [...found].slice(0, 6);
}"""
)

_SMALL = (
    "() => {"
    + _SHOWN
    + """
  const found = new Set();
  for (const one of document.querySelectorAll(
      "button, summary, select, input, nav a, [role=button]")) {
    if (!shown(one)) continue;
    const label = one.matches("input[type=checkbox], input[type=radio]") && one.closest("label");
    const box = (label || one).getBoundingClientRect();
    if (box.width < 23.5 || box.height < 23.5)
      found.add(`${name(one)} ${words(one)} is `
        + `${Math.round(box.width)} x ${Math.round(box.height)}`);
  }
  return [...found].slice(0, 6);
}"""
)


def too_wide(page: Page) -> list[str]:
    """Return what makes the document wider than the window."""
    found: list[str] = page.evaluate(_WIDE)
    return found


def covered(page: Page, where: str) -> list[str]:
    """Return texts that lie on other texts, inside the elements that the selector names."""
    found: list[str] = page.evaluate(_COVERED, where)
    return found


def cut_off(page: Page) -> list[str]:
    """Return texts that do not fit their box, and labels that leave their drawing."""
    found: list[str] = page.evaluate(_CUT)
    return found


def hard_to_hit(page: Page) -> list[str]:
    """Return controls that are smaller than 24 by 24 CSS pixels (WCAG 2.2, 2.5.8)."""
    found: list[str] = page.evaluate(_SMALL)
    return found


def open_all(page: Page) -> None:
    """Unfold everything that can be unfolded."""
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => one.open = true)")


def settled(page: Page) -> None:
    """Wait until the page has drawn what its scripts asked for, if it may run any."""
    if not page.evaluate("() => 'seen' in window"):
        return
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")
