// The timeline under the reader's hand: zoom, move, choose, step from moment to moment.
// The drawing of the server stays for print; this draws the same moments anew for what is in view.
// Texts go into the page as text only.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const ROW = 24, NEAR = 16, LETTER = 7, GAP = 12, LISTED = 12;
  const SECOND = 1000, DAY = 86400 * SECOND, MONDAY = 4 * DAY, MONTH = 30.44 * DAY;
  const EVEN = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
    86400, 172800, 604800].map((one) => one * SECOND);
  const MONTHS = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 3000];
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  const node = (parent, name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  const put = (parent, name, text) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  const two = (number) => String(number).padStart(2, "0");
  const day = (at) => new Date(at).toISOString().slice(0, at < -62135596800000 ? 13 : 10);
  const clock = (at, seconds) => {
    const time = new Date(at);
    const minutes = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
    return seconds ? `${minutes}:${two(time.getUTCSeconds())}` : minutes;
  };
  const full = (at) => `${day(at)} ${clock(at, true)}`;

  // One scale for each stretch; the share of the drawing a moment lies at, and back.
  const scaled = (scale) => ({
    share(at) {
      for (const [start, end, left, right] of scale) {
        if (at <= end) return left + Math.max((at - start) / (end - start), 0) * (right - left);
      }
      return 1;
    },
    time(share) {
      for (const [start, end, left, right] of scale) {
        if (share <= right) {
          return start + Math.max((share - left) / (right - left), 0) * (end - start);
        }
      }
      return scale[scale.length - 1][1];
    },
  });

  const step = (long, room) => {
    for (const one of EVEN) {
      const letters = one < 60 * SECOND ? 8 : one < DAY ? 10 : 7;
      if (one / long * room >= letters * LETTER + GAP) return { even: one };
    }
    for (const one of MONTHS) {
      if (one * MONTH / long * room >= 7 * LETTER + GAP) return { months: one };
    }
    return null;
  };
  const rounds = (start, end, by) => {
    const found = [];
    if (by.even) {
      let at = Math.ceil((start - MONDAY) / by.even) * by.even + MONDAY;
      for (; at <= end; at += by.even) found.push(at);
      return found;
    }
    const first = new Date(start);
    let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / by.months);
    for (month *= by.months; ; month += by.months) {
      const at = new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1);
      if (at > end) return found;
      if (at >= start) found.push(at);
    }
  };
  const words = (at, by) => {
    if (by.months) return [day(at).slice(0, by.months >= 12 ? -6 : -3), ""];
    if (by.even >= DAY) return [day(at).slice(-5), day(at).slice(0, -6)];
    return [clock(at, by.even < 60 * SECOND), day(at)];
  };

  const start = (figure) => {
    const island = document.getElementById(`${figure.id}-data`);
    if (!island) return;
    const data = JSON.parse(island.textContent);
    const scale = data.scale, lanes = data.lanes, { share, time } = scaled(scale);
    const moments = data.moments.map((one) => ({
      at: one[0], until: one[1], lane: one[2], style: one[3], source: one[4], phase: one[5],
      title: one[6], by: one[7], count: one[8], index: one[9], link: one[10], host: one[11],
      left: share(one[0]), right: share(one[1] || one[0]),
      text: `${one[6]} ${one[7]} ${one[11]}`.toLowerCase(),
    }));
    const view = figure.querySelector(".tl-view"), svg = view.querySelector("svg");
    const live = svg.querySelector(".tl-live"), info = figure.querySelector(".tl-info");
    const status = figure.querySelector(".tl-status"), tools = figure.querySelector(".tl-tools");
    const strip = figure.querySelector(".tl-brush");
    const height = Number(svg.getAttribute("height")) - 40;
    let low = 0, high = 1, aim = [0, 1], chosen = null, hidden = {}, query = [], moving = 0, due = 0;

    const taken = (one) => !hidden[`source:${one.source}`] && !hidden[`phase:${one.phase}`]
      && !hidden[`stage:${one.style === "note" ? "" : one.style}`]
      && query.every((word) => one.text.includes(word));
    const within = (one, [from, to]) => one.right >= from && one.left <= to;
    const px = (at, width) => (at - low) / (high - low) * width;

    // --- drawing -----------------------------------------------------------------------------
    const frame = (width) => {
      scale.forEach(([, , left, right, squeezed], at) => {
        if (right <= low || left >= high) return;
        const from = Math.max(px(left, width), 0), to = Math.min(px(right, width), width);
        if (squeezed) node(live, "rect", { class: "squeezed", x: from, y: 0, width: to - from, height });
      });
      const kept = [];
      const parts = scale.map((one, at) => [...one, at]).sort((a, b) => a[4] - b[4]);
      for (const [from, to, left, right] of parts) {
        if (right <= low || left >= high) continue;
        const begin = Math.max(left, low), end = Math.min(right, high);
        const first = Math.max(from, time(begin)), last = end >= right ? to : time(end);
        const by = last > first ? step(last - first, px(end, width) - px(begin, width)) : null;
        if (!by) continue;
        let before = "";
        for (const at of rounds(first, last, by)) {
          const [label, below] = words(at, by), x = px(share(at), width);
          const shown = below === before ? "" : below;
          const half = Math.max(label.length, shown.length) * LETTER / 2;
          const middle = Math.min(Math.max(x, half), width - half);
          if (kept.some(([a, b]) => middle + half + GAP > a && middle - half - GAP < b)) continue;
          kept.push([middle - half, middle + half]);
          tick(x, middle, label, shown);
          before = below;
        }
      }
      node(live, "line", { class: "tl-base", x1: 0, x2: width, y1: height, y2: height });
      for (const [, , left] of scale.slice(1)) {
        if (left > low && left < high) zigzag(px(left, width));
      }
    };
    const tick = (x, middle, label, below) => {
      const at = { x: middle, "text-anchor": "middle" };
      node(live, "line", { class: "grid", x1: x, x2: x, y1: 0, y2: height + 5 });
      node(live, "text", { ...at, y: height + 17 }, label);
      if (below) node(live, "text", { ...at, class: "faint", y: height + 31 }, below);
    };
    const zigzag = (x) => {
      let d = `M${x} 0`;
      for (let y = 0; y < height; y += 12) d += `${y ? " l8 6" : " l4 6"} l-8 6`;
      node(live, "path", { class: "zigzag", d });
    };
    const groups = (width) => {
      const open = new Map(), all = [];
      for (const one of moments) {
        if (!one.shown || one.left < low || one.left > high) continue;
        const x = px(one.left, width), last = open.get(one.lane);
        if (last && x - last.x < NEAR) {
          last.members.push(one);
        } else {
          const made = { x, lane: one.lane, members: [one] };
          open.set(one.lane, made);
          all.push(made);
        }
      }
      return all;
    };
    const RANK = ["note", "probed", "reached", "planted", "executed", "acted", "taken"];
    const best = (members) => members.reduce(
      (top, one) => (RANK.indexOf(one.style) > RANK.indexOf(top.style) ? one : top));
    const draw = () => {
      due = 0;
      const width = view.clientWidth;
      if (!width) return;
      live.replaceChildren();
      for (const one of moments) one.shown = taken(one);
      frame(width);
      for (const one of moments) {
        if (!one.shown || !one.until || !within(one, [low, high])) continue;
        const from = Math.max(px(one.left, width), 0), to = Math.min(px(one.right, width), width);
        const y = lanes[one.lane][0] + 10;
        node(live, "rect", { class: "lasting", x: from, y, width: Math.max(to - from, 1), height: 4 });
      }
      for (const [lane, from, to] of data.visits) {
        const left = px(share(from), width), right = px(share(to), width);
        if (right < 0 || left > width) continue;
        const x = Math.max(left, 0), y = lanes[lane][0] + 9;
        node(live, "rect", { class: "visit", x, y, width: Math.max(Math.min(right, width) - x, 1), height: 6 });
      }
      for (const group of groups(width)) mark(group);
      told();
      brush();
    };
    const mark = ({ x, lane, members }) => {
      const top = best(members), y = lanes[lane][0] + ROW / 2;
      const group = node(live, "g", {
        class: `pic-mark mark-${top.style} tl-mark`, "data-moment": top.index,
        "data-count": members.length,
      });
      const finding = /^h\d+-finding-(.+)$/.exec(top.link);
      if (members.length === 1 && finding) group.setAttribute("data-finding", finding[1]);
      if (members.includes(chosen)) group.classList.add("tl-selected");
      group.members = members;
      node(group, "circle", { class: "tl-hit", cx: x, cy: y, r: 11 });
      node(group, "use", { href: `#${figure.id}-${top.style}`, x, y });
      if (members.length > 1) node(group, "text", { class: "count", x: x + 6, y: y - 4 }, members.length);
    };
    const redraw = () => { if (!due) due = requestAnimationFrame(draw); };

    // --- what is told ------------------------------------------------------------------------
    const told = () => {
      const inside = moments.filter((one) => one.shown && within(one, aim)).length;
      const from = time(aim[0]), to = time(aim[1]);
      figure.dataset.tlFrom = new Date(from).toISOString();
      figure.dataset.tlTo = new Date(to).toISOString();
      figure.dataset.tlShown = inside;
      const text = `Showing ${inside} of ${moments.length} moments, ${full(from)} to ${full(to)} UTC`;
      if (status.textContent !== text) status.textContent = text;
    };
    const line = (parent, one) => {
      const until = one.until ? ` until ${full(one.until)}` : "";
      const times = one.count > 1 ? ` (${one.count} times)` : "";
      put(parent, "span", `${full(one.at)}${until} UTC${one.host ? `, ${one.host}` : ""}: `);
      if (one.link) {
        const link = put(parent, "a", one.title);
        link.href = `#${one.link}`;
      } else {
        put(parent, "span", one.title);
      }
      put(parent, "span", `${times}${one.by ? `, by ${one.by}` : ""}`);
    };
    const tell = (members) => {
      info.replaceChildren();
      if (!members.length) {
        put(info, "p", "Point at a mark, or step through them with the arrow keys, to read what it is.");
        return;
      }
      if (members.length === 1) {
        line(put(info, "p"), members[0]);
        return;
      }
      put(info, "p", `${members.length} moments, ${full(members[0].at)} to `
        + `${full(members[members.length - 1].at)} UTC`);
      const list = put(info, "ul");
      for (const one of members.slice(0, LISTED)) line(put(list, "li"), one);
      if (members.length > LISTED) put(info, "p", `and ${members.length - LISTED} more: zoom in`);
    };
    const choose = (one) => { chosen = one; tell(one ? [one] : []); redraw(); };
    const open = (one) => {
      if (!one || !one.link) return;
      if (window.location.hash === `#${one.link}`) window.dispatchEvent(new HashChangeEvent("hashchange"));
      else window.location.hash = one.link;
    };

    // --- moving ------------------------------------------------------------------------------
    const least = () => Math.max((aim[1] - aim[0]) * SECOND / Math.max(time(aim[1]) - time(aim[0]), 1), 1e-9);
    const show = (from, to) => {
      const span = Math.min(Math.max(to - from, least()), 1);
      const left = Math.min(Math.max((from + to - span) / 2, 0), 1 - span);
      const before = [low, high], begun = performance.now();
      aim = [left, left + span];
      told();
      cancelAnimationFrame(moving);
      const glide = (now) => {
        const part = calm.matches ? 1 : Math.min((now - begun) / 160, 1);
        low = before[0] + (aim[0] - before[0]) * part;
        high = before[1] + (aim[1] - before[1]) * part;
        draw();
        if (part < 1) moving = requestAnimationFrame(glide);
      };
      moving = requestAnimationFrame(glide);
    };
    const jump = (from, span) => {
      cancelAnimationFrame(moving);
      low = Math.min(Math.max(from, 0), 1 - span);
      high = low + span;
      aim = [low, high];
      redraw();
    };
    const zoom = (factor, centre = 0.5) => {
      const span = (aim[1] - aim[0]) * factor, at = aim[0] + (aim[1] - aim[0]) * centre;
      show(at - span * centre, at + span * (1 - centre));
    };
    const shift = (part) => {
      const span = aim[1] - aim[0];
      show(aim[0] + span * part, aim[1] + span * part);
    };
    const next = (by) => {
      const some = moments.filter(taken);
      if (!some.length) return;
      const at = some.indexOf(chosen);
      const first = by > 0
        ? some.findIndex((one) => one.left >= aim[0])
        : some.length - 1 - [...some].reverse().findIndex((one) => one.left <= aim[1]);
      const to = at < 0 ? Math.max(first, 0) : Math.min(Math.max(at + by, 0), some.length - 1);
      choose(some[to]);
      if (some[to].left < aim[0] || some[to].left > aim[1]) {
        const half = (aim[1] - aim[0]) / 2;
        show(some[to].left - half, some[to].left + half);
      }
    };
    const enter = (members) => {
      if (members.length === 1) {
        choose(members[0]);
        open(members[0]);
        return;
      }
      const from = members[0], to = members[members.length - 1];
      tell(members);
      if (to.at - from.at < 2 * SECOND) return;
      const room = Math.max((to.left - from.left) * 0.2, 1e-9);
      show(from.left - room, to.left + room);
    };
    const back = () => {
      if (chosen) choose(null); else { tell([]); show(0, 1); }
    };

    // --- the strip below ---------------------------------------------------------------------
    const BINS = 120, bins = Array.from({ length: BINS }, () => [0, 0]);
    for (const one of moments) {
      bins[Math.min(Math.floor(one.left * BINS), BINS - 1)][one.style === "note" ? 0 : 1] += 1;
    }
    const most = Math.log1p(Math.max(...bins.map(([a, b]) => a + b)));
    const over = node(strip, "svg", { width: "100%", height: 32, "aria-hidden": "true" });
    bins.forEach(([plain, attack], at) => {
      if (!plain && !attack) return;
      const tall = 4 + 24 * Math.log1p(plain + attack) / most;
      node(over, "rect", {
        class: attack ? "tl-density tl-density-attack" : "tl-density",
        x: `${at / BINS * 100}%`, y: 30 - tall, width: `${100 / BINS}%`, height: tall,
      });
    });
    const pane = node(over, "rect", { class: "tl-brush-window", y: 1, height: 30 });
    const brush = () => {
      pane.setAttribute("x", `${low * 100}%`);
      pane.setAttribute("width", `${Math.max(high - low, 0.004) * 100}%`);
    };
    const slide = (event) => {
      const box = strip.getBoundingClientRect(), span = aim[1] - aim[0];
      jump((event.clientX - box.left) / box.width - span / 2, span);
    };
    strip.addEventListener("pointerdown", (event) => {
      strip.setPointerCapture(event.pointerId);
      slide(event);
    });
    strip.addEventListener("pointermove", (event) => { if (event.buttons) slide(event); });

    // --- the reader's hand -------------------------------------------------------------------
    const KEYS = {
      "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), _: () => zoom(2),
      ArrowLeft: () => shift(-0.25), ArrowRight: () => shift(0.25), Home: () => show(0, 1),
      ArrowUp: () => next(-1), ArrowDown: () => next(1), Escape: back,
      Enter: () => { if (chosen) open(chosen); },
    };
    view.addEventListener("keydown", (event) => {
      const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
      if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    });
    view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const box = view.getBoundingClientRect();
      zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, (event.clientX - box.left) / box.width);
    }, { passive: false });
    view.addEventListener("dblclick", (event) => {
      if (event.target.closest(".tl-mark")) return;
      const box = view.getBoundingClientRect();
      zoom(0.5, (event.clientX - box.left) / box.width);
    });
    let drag = null, pointed = null;
    view.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, low, span: high - low, moved: false, on: event.target.closest(".tl-mark") };
      view.setPointerCapture(event.pointerId);
    });
    view.addEventListener("pointermove", (event) => {
      if (!drag) {
        const over = event.target.closest(".tl-mark");
        if (over && over.members !== pointed) tell(pointed = over.members);
        return;
      }
      const by = event.clientX - drag.x;
      drag.moved = drag.moved || Math.abs(by) > 4;
      if (drag.moved) jump(drag.low - by / view.clientWidth * drag.span, drag.span);
    });
    view.addEventListener("pointerup", () => {
      const was = drag;
      drag = null;
      if (was && !was.moved && was.on) enter(was.on.members);
    });
    view.addEventListener("pointercancel", () => { drag = null; });

    const ACTS = {
      in: () => zoom(0.5), out: () => zoom(2), left: () => shift(-0.5), right: () => shift(0.5),
      reset: () => show(0, 1),
    };
    tools.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-tl]");
      if (button) ACTS[button.dataset.tl]();
    });
    tools.addEventListener("input", (event) => {
      const box = event.target;
      if (box.type === "search") {
        query = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      } else {
        for (const kind of ["source", "stage", "phase"]) {
          const key = box.getAttribute(`data-tl-${kind}`);
          if (key !== null) hidden[`${kind}:${key}`] = !box.checked;
        }
      }
      redraw();
    });
    tools.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.target.type !== "search") return;
      event.target.value = "";
      query = [];
      event.stopPropagation();
      redraw();
    });

    tools.hidden = false;
    figure.classList.add("tl-on");
    view.tabIndex = 0;
    view.setAttribute("role", "application");
    view.setAttribute("aria-label", "Timeline: plus and minus zoom, arrows left and right move, "
      + "arrows up and down step from moment to moment, Enter opens the evidence");
    new ResizeObserver(redraw).observe(view);
    tell([]);
    draw();
  };

  for (const figure of document.querySelectorAll(".pic-timeline")) start(figure);
})();
