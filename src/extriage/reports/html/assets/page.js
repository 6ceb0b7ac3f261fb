"use strict";
/* The page itself: servers by hash, theme, opening and closing, copying, filters of stories.
   Texts go in by textContent only; nothing is stored and nothing is fetched. */
(function () {
  const root = document.documentElement;
  const byId = (id) => (id ? document.getElementById(id) : null);
  const all = (query, within) => Array.from((within || document).querySelectorAll(query));
  const said = byId("said");
  const say = (words) => { if (said) { said.textContent = ""; said.textContent = words; } };
  root.classList.add("js");

  // Theme: follows the system until somebody chooses; kept by this page only.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = byId("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const named = () => { if (theme) { theme.textContent = isDark() ? "Light theme" : "Dark theme"; } };
  if (theme) {
    theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; named(); });
    dark.addEventListener("change", named);
  }
  named();

  // Several servers: one at a time, chosen by the hash.
  const hosts = all("article.host");
  const choice = byId("switch");
  const hostOf = (id) => {
    const found = /^h(?:ost-)?(\d+)(?:-|$)/.exec(id);
    return found ? hosts.find((host) => host.dataset.host === found[1]) : undefined;
  };
  const showHost = (host) => {
    if (hosts.length < 2 || !host) { return; }
    const was = hosts.find((one) => !one.hidden && one !== host);
    for (const one of hosts) { one.hidden = one !== host; }
    for (const part of all(".of-host")) { part.hidden = part.dataset.host !== host.dataset.host; }
    if (choice) { choice.value = host.id; }
    if (was) { say("Now shown: " + host.getAttribute("aria-label")); }
  };
  const hash = () => {
    try { return decodeURIComponent(location.hash.slice(1)); } catch (error) { return location.hash.slice(1); }
  };
  const openAround = (element) => {
    for (let one = element; one; one = one.parentElement) {
      if (one instanceof HTMLDetailsElement) { one.open = true; }
    }
  };
  const arrive = () => {
    const id = hash();
    showHost(hostOf(id) || (id === "" ? hosts[0] : undefined));
    const target = byId(id);
    if (target) {
      openAround(target);
      for (const menu of all("details.contents[open]")) { menu.open = false; }
      target.scrollIntoView();
      if (target.matches("article.host")) { target.focus({ preventScroll: true }); }
    }
    document.dispatchEvent(new CustomEvent("extriage:shown", { detail: id }));
  };
  if (hosts.length > 1) { showHost(hostOf(hash()) || hosts[0]); }
  window.addEventListener("hashchange", arrive);
  if (hash()) { arrive(); }
  // A link to where one is already: what was closed since opens again.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash && !event.defaultPrevented) { arrive(); }
  });
  if (choice) { choice.addEventListener("change", () => { location.hash = choice.value; }); }

  // Open all, close all.
  for (const button of all("button.expand")) {
    button.addEventListener("click", () => {
      const open = button.dataset.state !== "open";
      for (const one of all("details", byId(button.dataset.within))) { one.open = open; }
      button.dataset.state = open ? "open" : "";
      button.textContent = open ? "Close all" : "Open all";
    });
  }

  // Copy: with the clipboard if the browser lets a file use it, else by selecting the text.
  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const copied = (button, done) => {
    button.textContent = done ? "Copied" : "Selected";
    say(done ? "Copied" : "The text is selected: press Ctrl and C to copy it");
    setTimeout(() => { button.textContent = "Copy"; }, 2500);
  };
  for (const button of all("button.copy")) {
    const code = button.parentElement.querySelector("pre");
    if (!code) { continue; }
    button.addEventListener("click", () => {
      const text = code.textContent.trim();
      const fallback = () => {
        select(code);
        let done = false;
        try { done = document.execCommand("copy"); } catch (error) { done = false; }
        copied(button, done);
      };
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(text).then(() => copied(button, true), fallback);
      } else { fallback(); }
    });
  }

  // Filters of a list of steps.
  for (const group of all(".chips")) {
    const list = byId(group.dataset.list);
    const buttons = all("button.filter", group);
    const choose = (chosen) => {
      for (const one of buttons) { one.setAttribute("aria-pressed", String(one === chosen)); }
      const rows = list ? Array.from(list.children) : [];
      const word = chosen.dataset.word;
      for (const row of rows) { row.hidden = Boolean(word) && !row.dataset.words.split(" ").includes(word); }
      say(rows.filter((row) => !row.hidden).length + " of " + rows.length + " steps shown");
    };
    for (const button of buttons) { button.addEventListener("click", () => choose(button)); }
  }

  // Where the reader is, in the contents.
  const links = new Map(all(".contents.wide a").map((link) => [link.getAttribute("href").slice(1), link]));
  if ("IntersectionObserver" in window && links.size) {
    const seen = new Set();
    const order = all("main section[id]").filter((section) => links.has(section.id));
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) { entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target); }
      const first = order.find((section) => seen.has(section));
      for (const link of links.values()) { link.removeAttribute("aria-current"); }
      if (first) { links.get(first.id).setAttribute("aria-current", "true"); }
    }, { rootMargin: "-10% 0px -60% 0px" });
    for (const section of order) { watch.observe(section); }
  }

  // On paper everything that is told stands open; afterwards the page is as it was.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("main details:not([open])").filter((one) => !one.matches(".proofs, .pic-table:not(.pic-timeline *), .group:not(.matters)"));
    for (const one of closed) { one.open = true; }
  });
  window.addEventListener("afterprint", () => {
    for (const one of closed) { one.open = false; }
    closed = [];
  });
})();
