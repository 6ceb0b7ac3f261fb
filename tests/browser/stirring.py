"""Use everything on a page that can be used, as a curious reader would over an hour."""

from collections.abc import Mapping

from playwright.sync_api import Page

_STIR = """
async (text) => {
  const pause = () => new Promise((done) => setTimeout(done, 0));
  const all = (what) => [...document.querySelectorAll(what)];
  const press = (one, key) =>
    one.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  for (const one of all("details")) one.open = true;
  await pause();
  for (const one of all("input[type=search], input[type=text], input:not([type])")) {
    one.focus();
    one.value = text;
    for (const kind of ["input", "change", "search"])
      one.dispatchEvent(new Event(kind, { bubbles: true }));
    press(one, "Enter");
  }
  await new Promise((done) => setTimeout(done, 40));
  for (const one of all("input[type=search]")) {
    one.value = "";
    one.dispatchEvent(new Event("input", { bubbles: true }));
  }
  for (const one of all("select")) {
    one.selectedIndex = one.options.length - 1;
    one.dispatchEvent(new Event("change", { bubbles: true }));
  }
  for (const one of all("input[type=checkbox]").slice(0, 40)) one.click();
  for (const one of all("th button").slice(0, 60)) one.click();
  for (const one of all("button:not(.copy)").slice(0, 80)) if (one.isConnected) one.click();
  for (const one of all("dialog[open] [data-go=close]")) one.click();
  for (const one of all("svg [data-moment], svg [data-finding]").slice(0, 30)) {
    one.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    one.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  }
  for (const one of all("[tabindex], [role=application]").slice(0, 40))
    for (const key of ["+", "-", "ArrowRight", "ArrowDown", "Enter", "Home", "/", "Escape"])
      press(one, key);
  for (const one of all("td a[href^='#'], .tl-info a").slice(0, 12)) {
    one.click();
    await pause();
    const drawer = document.querySelector("dialog[open]");
    for (const button of drawer ? drawer.querySelectorAll("[data-go=next]") : []) button.click();
    drawer?.querySelector("[data-go=close]").click();
    }
  for (const start of ["#", "#h0-finding-", "#host-", "#h0-moment-", "#h0-"]) {
    location.hash = start + text.slice(0, 300);
    await pause();
  }
  location.hash = "#h0-sec-verdict";
  await pause();
}
"""

_VISIT = """
async (texts) => {
  const pause = () => new Promise((done) => setTimeout(done, 0));
  const each = async (at, text) => {
    location.hash = `#host-${at}`;
    await pause();
    const all = (what) => [...document.querySelectorAll(`#host-${at} ${what}`)];
    for (const one of all("details").slice(0, 6)) one.open = true;
    for (const one of all("input[type=search]")) {
      one.value = text;
      one.dispatchEvent(new Event("input", { bubbles: true }));
    }
    for (const one of all("th button").slice(0, 4)) one.click();
    for (const one of all("[data-finding], [data-moment]").slice(0, 2)) {
      one.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
      one.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    }
    all("td a[href^='#']")[0]?.click();
    await pause();
    document.querySelector("dialog[open] [data-go=close]")?.click();
    };
  for (const [at, text] of texts) await each(at, text);
}
"""


def visit(page: Page, texts: Mapping[int, str]) -> None:
    """Go to these servers, by position, and use what each has with the text that belongs to it."""
    page.evaluate(_VISIT, [[at, _sendable(text)] for at, text in texts.items()])


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def stir(page: Page, text: str) -> None:
    """Open, sort, filter, page, click and type; `text` goes into every search and the address."""
    page.evaluate(_STIR, _sendable(text))
