"""A page under watch: whatever it does beyond showing itself is written down.

Scripts that ran, requests, complaints of the console, reports of the content security policy,
dialogs, frames and windows all become lines of `Watch.troubles`, so that a test needs one look.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

ALARM = """
(() => {
  const seen = [];
  Object.defineProperty(window, "seen", { value: seen });
  Object.defineProperty(window, "pwn", { value: (what) => seen.push(`ran: ${what}`) });
  document.addEventListener("securitypolicyviolation", (event) =>
    seen.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    window[name] = () => { seen.push(`called: ${name}`); return null; };
  }
})();
"""
"""Runs in every page before all else. Attacks call `pwn`; no script of ours does."""

SHAPE = """
() => {
  const pointing = new Set(("href src action formaction srcset data xlink:href poster background " +
    "srcdoc ping manifest cite to from values").split(" "));
  const shape = new Set(), addresses = new Set(), ids = [];
  for (const one of document.querySelectorAll("*")) {
    shape.add(one.localName);
    if (one.id) ids.push(one.id);
    for (const { name, value } of one.attributes) {
      shape.add(`${one.localName} ${name}`);
      if (pointing.has(name) && !value.startsWith("#"))
        addresses.add(`${one.localName} ${name}=${value}`);
    }
  }
  return { shape: [...shape], addresses: [...addresses], ids };
}
"""

POLLUTION = """
() => {
  const found = [];
  for (const one in {}) found.push(`enumerable on every object: ${one}`);
  for (const one in []) found.push(`enumerable on every list: ${one}`);
  if (({}).polluted !== undefined) found.push("Object.prototype.polluted");
  return found;
}
"""


@dataclass
class Watch:
    """What a page did that no page of ours may do."""

    # NOTE: without slots, because Playwright keeps attributes of its own on listeners.

    origin: str
    """Requests to addresses that start so are its own."""
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def follow(self, context: "BrowserContext") -> None:
        """Listen to everything that happens in this context."""
        context.on("request", self._request)
        context.on("page", self.attend)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))
        context.on("dialog", self._dialog)

    def attend(self, page: "Page") -> None:
        """Listen to one window; a second one is trouble already."""
        if len(page.context.pages) > 1:
            self.troubles.append("a window opened")
        page.on("frameattached", lambda _: self.troubles.append("a frame was attached"))
        page.on("worker", lambda _: self.troubles.append("a worker started"))
        page.on("websocket", lambda one: self.troubles.append(f"web socket: {one.url}"))
        page.on("crash", lambda _: self.troubles.append("the page crashed"))

    def _request(self, request: "Request") -> None:
        self.requests.append(request.url)
        if request.url != "data:," and not request.url.startswith(self.origin):
            self.troubles.append(f"request: {request.url[:200]}")

    def _console(self, message: "ConsoleMessage") -> None:
        if message.type in {"error", "warning", "assert"}:
            self.troubles.append(f"console: {message.text[:300]}")

    def _dialog(self, dialog: "Dialog") -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@dataclass(frozen=True, slots=True)
class Shape:
    """Which elements, attributes and addresses a page is made of, whatever its texts are."""

    parts: frozenset[str]
    """`tr` and `tr data-row`: every element, and every attribute with its element."""
    addresses: frozenset[str]
    """Where its attributes point to, other than into the page itself."""
    ids: Sequence[str]


def shape_of(page: "Page") -> Shape:
    """Return what the page is made of now."""
    found = page.evaluate(SHAPE)
    return Shape(frozenset(found["shape"]), frozenset(found["addresses"]), tuple(found["ids"]))


def seen_by(page: "Page") -> list[str]:
    """Return what the alarm in the page saw: scripts that ran, violations of the policy."""
    return [*page.evaluate("window.seen || []"), *page.evaluate(POLLUTION)]


def address_of(file: Path) -> str:
    return file.resolve().as_uri()
