/* The data tables: search, sort, filter, pages, and the drawer with the evidence of a finding.
   Rows come from the page's data island, or by the page from the server (`extriage serve`).
   Texts of the evidence only ever become text nodes. */
(() => {
  "use strict";
  const ROWS = 50, FEW = 10, MOST_WORDS = 60;
  const island = document.getElementById("data");
  const data = ((island && JSON.parse(island.textContent)) || {}).tables;
  if (!data) return;
  const live = new Map();
  let drawer = null;

  /* ---- small parts ---- */
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null) element.setAttribute(name, String(value));
    }
    element.append(...children.filter((child) => child !== null && child !== ""));
    return element;
  };
  const button = (text, attributes, act) => {
    const made = make("button", { type: "button", ...attributes }, text);
    made.addEventListener("click", act);
    return made;
  };
  const counted = (number) => number.toLocaleString("en-US");
  const stamp = (ms, fine) => {
    const iso = new Date(ms).toISOString();
    return iso.slice(0, 10) + " " + (fine && ms % 1000 ? iso.slice(11) : iso.slice(11, 19) + "Z");
  };
  const written = (column, value) => {
    if (value === null || value === "") return "";
    if (column.type === "time") return stamp(value);
    if (typeof value !== "number") return value;
    return column.plain ? String(value) : counted(value);
  };
  /* NOTE: capitals A to Z only, so that the page and the server find the same. */
  const folded = (text) => text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
  const sought = (column, value) => (
    typeof value === "number" && column.type !== "time" ? String(value) : written(column, value));
  const placeOf = (id, name) => id.slice(0, id.length - name.length);

  /* ---- where rows come from: `ask` gives a page of them, `lines` those of one finding ---- */
  const decoded = (columns, row) => columns.map((column, at) => {
    const value = row[at];
    if (value === undefined || value === null) return null;
    if (typeof value !== "number" || column.type === "time") return value;
    if (column.words) return column.words[value];
    return column.shared ? data.texts[value] : value;
  });
  const weight = (column, value) => (column.words ? column.words.indexOf(value) : value);
  const compared = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  const held = (table) => {
    const { columns } = table;
    const at = Object.fromEntries(columns.map((column, index) => [column.name, index]));
    const rows = (table.rows || []).map((row) => decoded(columns, row));
    table.rows = null;
    const hay = new Array(rows.length);
    const text = (index) => {
      if (hay[index] === undefined) {
        hay[index] = folded(rows[index].map((value, n) => sought(columns[n], value)).join("\n"));
      }
      return hay[index];
    };
    const matching = (view) => {
      const words = folded(view.search).split(/\s+/).filter(Boolean);
      const picks = Object.entries(view.picks);
      const found = [];
      for (let index = 0; index < rows.length; index += 1) {
        if (picks.every(([name, value]) => (rows[index][at[name]] ?? "") === value)
            && words.every((word) => text(index).includes(word))) found.push(index);
      }
      if (!view.sort) return found;
      const column = columns[at[view.sort]], sign = view.down ? -1 : 1;
      const empty = (value) => value === null || value === "";
      return found.sort((a, b) => {
        const one = rows[a][at[view.sort]], other = rows[b][at[view.sort]];
        if (empty(one) || empty(other)) return empty(one) - empty(other) || a - b;
        return sign * compared(weight(column, one), weight(column, other)) || a - b;
      });
    };
    return {
      words: async (name) => new Set(rows.map((row) => row[at[name]] ?? "")),
      one: async (key) => rows.find((row) => String(row[at[table.key]]) === key) || null,
      lines: async (key) => rows.filter((row) => row[at.id] === key),
      ask: async (view) => {
        const found = matching(view);
        let page = view.page;
        if (view.reveal !== null) {
          const row = found.findIndex((index) => String(rows[index][at[table.key]]) === view.reveal);
          if (row < 0) return null;
          page = Math.floor(row / ROWS);
        }
        page = Math.max(0, Math.min(page, Math.ceil(found.length / ROWS) - 1));
        const shown = found.slice(page * ROWS, (page + 1) * ROWS);
        return { rows: shown.map((index) => rows[index]), matched: found.length, page };
      },
    };
  };

  const remote = (table) => {
    const fetched = async (question) => {
      const answer = await fetch(`${table.remote}?${new URLSearchParams(question)}`,
        { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    };
    const asked = (view) => ({
      ...(view.search.trim() ? { q: view.search } : {}),
      ...Object.fromEntries(Object.entries(view.picks).map(([name, value]) => [`is.${name}`, value])),
      ...(view.sort ? { sort: (view.down ? "-" : "") + view.sort } : {}),
    });
    return {
      words: async (name) => new Set((await fetched({ words: name })).words),
      one: async (key) => (await fetched({ [`is.${table.key}`]: key })).rows[0] || null,
      lines: async (key) => (await fetched({ "is.id": key, size: "600" })).rows,
      ask: async (view) => {
        const where = view.reveal === null ? { page: String(view.page) } : { reveal: view.reveal };
        const answer = await fetched({ ...asked(view), ...where });
        return answer.page < 0 ? null : answer;
      },
    };
  };

  /* ---- one table on the page ---- */
  const cellOf = (table, column, row, at) => {
    const value = row[at], text = written(column, value);
    const cell = make("td", {
      role: "cell", class: `is-${column.type}${column.wide ? " is-wide" : ""}`, "data-title": column.title,
    });
    const other = (name) => name && row[table.columns.findIndex((one) => one.name === name)];
    const id = other(column.opens), record = other(column.leads);
    if (id) {
      const href = `#${table.place}finding-${encodeURIComponent(id)}`;
      cell.append(make("a", { href }, text || "(no title)"));
    } else if (typeof record === "number") {
      cell.append(make("a", { href: `record?row=${record}` }, text || "(empty)"));
    } else if (column.type === "time" && text) {
      cell.append(make("time", { datetime: text.replace(" ", "T") }, text));
    } else if (column.words && column.words.includes(text)) {
      cell.append(make("span", { class: "word", "data-word": text }, text));
    } else {
      cell.append(text);
    }
    return cell;
  };

  const started = (element) => {
    const id = element.dataset.table, known = data.tables[id];
    if (!known || live.has(id)) return live.get(id);
    const table = {
      ...known, id, columns: data.columns[known.name], place: placeOf(id, known.name),
    };
    const box = element.closest(".rows"), shown = table.columns.filter((column) => !column.hidden);
    const source = table.remote ? remote(table) : held(table);
    const size = table.remote ? table.total : known.rows.length;
    const view = { search: "", picks: {}, sort: "", down: false, page: 0, reveal: null };
    const first = element.tBodies[0], body = make("tbody", { role: "rowgroup", class: "rows-live" });
    const count = make("p", { class: "rows-count", role: "status" });
    const pager = make("div", { class: "rows-pager", role: "group", "aria-label": `Pages: ${table.title}` });
    const page = make("span", { class: "rows-page" });
    let asked = 0, pages = 1, current = null, keys = [];

    const draw = (answer) => {
      pages = Math.max(1, Math.ceil(answer.matched / ROWS));
      view.page = answer.page;
      const key = table.columns.findIndex((column) => column.name === table.key);
      keys = answer.rows.map((row) => String(row[key]));
      body.replaceChildren(...answer.rows.map((row, index) => {
        const line = make("tr", { role: "row", "aria-current": keys[index] === current ? "true" : null });
        line.append(...table.columns.flatMap((column, at) => (
          column.hidden ? [] : [cellOf(table, column, row, at)])));
        return line;
      }));
      if (!answer.rows.length) {
        const none = make("td", { role: "cell", class: "rows-none", colspan: shown.length });
        none.append(size ? "No row matches. Take a word or a filter away." : "None.");
        body.append(make("tr", { role: "row" }, none));
      }
      told(answer);
    };
    const told = (answer) => {
      const from = answer.page * ROWS + 1, to = from + answer.rows.length - 1;
      const range = answer.rows.length ? `Rows ${counted(from)} to ${counted(to)} of ` : "";
      const all = answer.matched === size ? "" : ` that match, ${counted(size)} in all`;
      count.textContent = `${range}${counted(answer.matched)}${all}.`;
      page.textContent = `page ${counted(answer.page + 1)} of ${counted(pages)}`;
      pager.hidden = pages < 2;
      for (const one of pager.querySelectorAll("button")) {
        const back = one.dataset.go === "first" || one.dataset.go === "previous";
        one.disabled = back ? answer.page < 1 : answer.page >= pages - 1;
      }
    };
    const show = async () => {
      const mine = asked += 1;
      try {
        const answer = await source.ask({ ...view, picks: { ...view.picks } });
        if (mine !== asked) return false;
        view.reveal = null;
        if (answer) draw(answer);
        return Boolean(answer);
      } catch (error) {
        view.reveal = null;
        if (mine === asked) count.textContent = "The server does not answer. Is extriage serve still running?";
        return false;
      }
    };
    const go = (where) => {
      const to = { first: 0, previous: view.page - 1, next: view.page + 1, last: pages - 1 }[where];
      if (to === view.page || to < 0 || to >= pages) return Promise.resolve(false);
      view.page = to;
      return show();
    };

    for (const [where, text] of [["first", "First"], ["previous", "Previous"], ["next", "Next"], ["last", "Last"]]) {
      if (where === "next") pager.append(page);
      pager.append(button(text, { "data-go": where }, async () => {
        await go(where);
        element.scrollIntoView({ block: "nearest" });
      }));
    }
    const reset = () => {
      view.search = "";
      view.picks = {};
      view.page = 0;
      for (const field of box.querySelectorAll(".rows-tools input, .rows-tools select")) field.value = "";
    };
    const tools = size > FEW ? toolsOf(table, shown, source, view, show, reset) : null;
    if (tools) box.prepend(tools);
    box.querySelector(".rows-scroll").before(count);
    box.querySelector(".rows-scroll").after(pager);
    sortable(element, shown, view, show);
    first.className = "rows-first";
    first.after(body);
    box.classList.add("is-live");
    box.addEventListener("keydown", (event) => keyed(event, box, go));

    const component = {
      box, table, source, show,
      search: () => box.querySelector("input[type=search]"),
      neighbour: (key, by) => keys[keys.indexOf(key) + by],
      async reveal(key) {
        current = key;
        view.reveal = key;
        if (!(await show())) {
          reset();
          view.reveal = key;
          if (!(await show())) return null;
        }
        const row = body.querySelector("tr[aria-current]");
        if (row) row.scrollIntoView({ block: "center" });
        return row;
      },
    };
    live.set(id, component);
    component.ready = show();
    return component;
  };

  const toolsOf = (table, shown, source, view, show, reset) => {
    const tools = make("div", { class: "rows-tools", role: "group", "aria-label": `Search: ${table.title}` });
    const search = make("input", { type: "search", id: `${table.id}-search`, autocomplete: "off", spellcheck: "false" });
    let timer = 0;
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        view.search = search.value;
        view.page = 0;
        show();
      }, table.remote ? 300 : 120);
    });
    tools.append(make("label", { class: "rows-search" }, "Search ", search));
    for (const column of shown.filter((one) => one.type === "word")) {
      const select = make("select", { "data-column": column.name });
      const label = make("label", { hidden: true }, `${column.title} `, select);
      tools.append(label);
      source.words(column.name).then((found) => {
        const words = column.words ? column.words.filter((word) => found.has(word)) : [...found].sort(compared);
        const named = words.filter(Boolean);
        if (named.length < 2 || named.length > MOST_WORDS) return label.remove();
        select.append(make("option", { value: "" }, "all"));
        select.append(...named.map((word) => make("option", { value: word }, word)));
        label.hidden = false;
        return label;
      }).catch(() => label.remove());
      select.addEventListener("change", () => {
        if (select.value) view.picks[column.name] = select.value;
        else delete view.picks[column.name];
        view.page = 0;
        show();
      });
    }
    tools.append(button("Reset", { class: "rows-reset" }, () => {
      reset();
      show();
      search.focus();
    }));
    return tools;
  };

  const sortable = (element, shown, view, show) => {
    const heads = [...element.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const name = shown[at].name;
      if (shown[at].unsorted) return;
      head.setAttribute("aria-sort", "none");
      head.replaceChildren(button(shown[at].title, {}, () => {
        const state = view.sort !== name ? "ascending" : view.down ? "none" : "descending";
        view.sort = state === "none" ? "" : name;
        view.down = state === "descending";
        view.page = 0;
        for (const other of heads.filter((one) => one.hasAttribute("aria-sort"))) other.setAttribute("aria-sort", other === head ? state : "none");
        show();
      }));
    });
  };

  const STEPS = {
    PageDown: "next", ArrowRight: "next", PageUp: "previous", ArrowLeft: "previous",
  };
  const keyed = async (event, box, go) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const from = event.target, links = [...box.querySelectorAll(".rows-live a")];
    const steps = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (steps && (from.matches("a") || (from.type === "search" && steps > 0))) {
      const to = links[from.matches("a") ? links.indexOf(from) + steps : 0];
      if (to) {
        event.preventDefault();
        to.focus();
      } else if (steps < 0 && box.querySelector("input[type=search]")) {
        event.preventDefault();
        box.querySelector("input[type=search]").focus();
      }
    } else if (STEPS[event.key] && from.matches("a, button")) {
      event.preventDefault();
      const had = from.matches("a");
      if (await go(STEPS[event.key]) && had) {
        const link = box.querySelector(".rows-live a");
        if (link) link.focus();
      }
    }
  };

  /* ---- the drawer: one finding with its lines ---- */
  const BADGES = ["level", "stage", "certainty"];
  const TOLD = ["proves", "first", "last", "count", "look_alikes"];
  const KNOWN = ["campaign", "cves", "attack", "rule", "author", "id"];

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      const area = make("textarea", { readonly: true, "aria-hidden": "true", class: "copied" });
      area.value = text;
      drawer.element.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) throw error;
    }
  };
  const copier = (text) => {
    const made = button("Copy", { class: "copy", "aria-live": "polite" }, async () => {
      try {
        await copied(text);
        made.textContent = "Copied";
      } catch (error) {
        made.textContent = "Cannot copy here";
      }
      setTimeout(() => { made.textContent = "Copy"; }, 2000);
    });
    return made;
  };

  const context = (server, line) => {
    const question = new URLSearchParams({ host: server.slice(1, -1), finding: line.id, at: line.at });
    return make("a", { href: `line?${question}` }, "whole line, with what stands around it");
  };
  const lineOf = ({ columns, remote: served, place: server }, row) => {
    const line = Object.fromEntries(columns.map((column, at) => [column.name, row[at] ?? ""]));
    const place = `${line.path}:${line.line}`;
    const item = make("li", { class: "line" });
    const head = make("p", { class: "line-head" }, make("span", { class: "place" }, place));
    if (line.time !== "") {
      const time = stamp(line.time, true);
      head.append(" ", make("time", { datetime: time.replace(" ", "T") }, time));
    }
    item.append(head);
    if (line.reasons) item.append(make("p", { class: "line-reasons" }, `Read in it: ${line.reasons}`));
    const text = line.text || line.reads;
    if (line.reads && !text.startsWith(line.reads.slice(0, 40))) {
      item.append(make("p", { class: "line-reads" }, line.reads));
    }
    item.append(make("pre", { tabindex: "0", "aria-label": `Line ${place}` }, text));
    item.append(make("p", { class: "line-foot" }, "SHA-256 ", make("code", { class: "sha256" }, line.sha256 || "not known"),
      " ", copier(`${place}\n${line.sha256}\n${text}\n`), served ? " " : "", served ? context(server, line) : ""));
    return item;
  };

  const drawerMade = () => {
    const title = make("h2", { id: "drawer-title", tabindex: "-1" });
    const badges = make("p", { class: "badges" }), told = make("dl", {}), known = make("dl", {});
    const lines = make("ol", { class: "lines" }), note = make("p", { class: "rows-note" });
    const heading = make("h3", {}), about = make("h3", {}, "What it belongs to");
    const step = (where, text) => button(text, { "data-go": where }, () => drawer.go(where));
    const bar = make("div", { class: "drawer-bar" }, step("previous", "Previous finding"), step("next", "Next finding"),
      step("close", "Close"));
    const inner = make("div", { class: "drawer-inner" }, bar, title, badges, told, heading, lines, note, about, known);
    const element = make("dialog", { id: "drawer", class: "drawer", "aria-labelledby": "drawer-title" }, inner);
    document.body.append(element);
    element.addEventListener("cancel", (event) => {
      event.preventDefault();
      drawer.leave();
    });
    element.addEventListener("close", () => drawer.leave());
    element.addEventListener("click", (event) => {
      if (event.target === element) drawer.leave();
    });
    return { element, title, badges, told, known, about, lines, heading, note, bar, of: null };
  };

  const filled = async (component, key) => {
    const { table } = component, row = await component.source.one(key);
    const values = row ? Object.fromEntries(table.columns.map((column, at) => [column.name, [column, row[at]]])) : null;
    drawer.title.textContent = values ? written(...values.title) || "(no title)" : "This finding is not in this page";
    const texts = (names) => names.filter((name) => values && written(...values[name]))
      .map((name) => [values[name][0], written(...values[name])]);
    const listed = (names) => texts(names).flatMap(([column, text]) => (
      [make("dt", {}, column.title), make("dd", {}, text)]));
    drawer.badges.replaceChildren(...texts(BADGES).map(([column, text]) => (
      make("span", { class: "word", "data-word": column.words.includes(text) ? text : null }, text))));
    drawer.told.replaceChildren(...listed(TOLD));
    drawer.known.replaceChildren(...listed(KNOWN));
    drawer.about.hidden = !values;
    await evidence(component, key, values);
  };
  const evidence = async (component, key, values) => {
    const element = document.querySelector(`table[data-table="${component.table.place}evidence"]`);
    const other = element && started(element);
    const found = other && values ? await other.source.lines(key) : [];
    drawer.lines.replaceChildren(...found.map((row) => lineOf(other.table, row)));
    const all = values ? values.count[1] || 0 : 0;
    drawer.heading.textContent = values ? `Lines: ${counted(found.length)} of ${counted(all)}` : "";
    const cut = other && !other.table.remote && other.table.note;
    const told = !values ? "It is in case.json, and extriage serve shows it."
      : found.length >= all ? ""
        : cut ? "This page does not carry every line. case.json has all that the case keeps; extriage serve shows them."
          : "A case keeps the earliest and the latest lines of a finding; extriage grep finds the others in the evidence.";
    drawer.note.textContent = told;
    drawer.note.hidden = !drawer.note.textContent;
  };

  const opened = async (place, key) => {
    const element = document.querySelector(`table[data-table="${CSS.escape(place)}findings"]`);
    if (!element) return;
    unfold(element);
    const component = started(element);
    drawer = drawer || Object.assign(drawerMade(), { go: stepped, leave: left });
    drawer.of = { component, key };
    await component.reveal(key);
    await filled(component, key);
    if (!drawer.of || drawer.of.key !== key) return;
    for (const [where, by] of [["previous", -1], ["next", 1]]) {
      drawer.bar.querySelector(`[data-go=${where}]`).disabled = !component.neighbour(key, by);
    }
    if (!drawer.element.open) drawer.element.showModal();
    drawer.element.scrollTop = 0;
    drawer.title.focus();
  };
  const shut = () => {
    if (!drawer || !drawer.of) return;
    const { component, key } = drawer.of;
    drawer.of = null;
    if (drawer.element.open) drawer.element.close();
    const href = `#${component.table.place}finding-${encodeURIComponent(key)}`;
    const link = [...component.box.querySelectorAll(".rows-live a")].find((one) => one.getAttribute("href") === href);
    if (link && link.getClientRects().length) link.focus({ preventScroll: true });
  };
  const stepped = (where) => {
    if (where === "close") return left();
    const { component, key } = drawer.of;
    const next = component.neighbour(key, where === "next" ? 1 : -1);
    if (next === undefined) return undefined;
    history.replaceState(null, "", `#${component.table.place}finding-${encodeURIComponent(next)}`);
    return route();
  };
  const left = () => {
    if (!drawer || !drawer.of) return;
    /* Never history.back(): it comes later, and a second one in the meantime leaves the report. */
    history.replaceState(null, "", `#${drawer.of.component.table.id}-table`);
    shut();
  };

  /* ---- addresses: `#h0-finding-<id>`, `#h0-moment-<n>` ---- */
  const unfold = (element) => {
    for (let one = element.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
  };
  const parsed = () => {
    const found = /^#(h\d+-)(finding|moment)-(.+)$/s.exec(location.hash);
    if (!found) return null;
    try {
      return { place: found[1], what: found[2], key: decodeURIComponent(found[3]) };
    } catch (error) {
      return { place: found[1], what: found[2], key: found[3] };
    }
  };
  const route = async () => {
    const to = parsed();
    startVisible();
    if (!to || to.what !== "finding") shut();
    if (!to) return;
    if (to.what === "finding") {
      await opened(to.place, to.key);
      return;
    }
    const element = document.querySelector(`table[data-table="${to.place}timeline"]`);
    if (!element) return;
    unfold(element);
    const row = await started(element).reveal(to.key);
    const link = row && row.querySelector("a");
    if (link) link.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a");
    const href = link && (link.getAttribute("href") || (link.href && link.href.baseVal));
    if (!href || !/^#h\d+-finding-/.test(href)) return;
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (location.hash !== href) history.pushState(null, "", href);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    const tables = [...live.values()].filter((one) => one.search() && one.box.getClientRects().length);
    const inView = (one) => {
      const { top, bottom } = one.box.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    };
    const chosen = tables.find((one) => one.box.contains(document.activeElement)) || tables.find(inView) || tables[0];
    if (!chosen) return;
    event.preventDefault();
    chosen.search().focus();
  });

  /* ---- tables start when they can be seen: a page may hold many servers ---- */
  const elements = [...document.querySelectorAll("table[data-table]")];
  const startVisible = () => {
    for (const element of elements) if (element.getClientRects().length) started(element);
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) started(entry.target);
  });
  for (const element of elements) seen.observe(element);
  addEventListener("hashchange", route);
  route();
})();
