"use strict";
// In: the annotation as JSON in #data. Out: a transcript that moves with the sound, and lanes of sounds on a canvas.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const sound = $("sound"), canvas = $("canvas"), transcript = $("transcript");
  const LANE = 22;
  const duration = Math.max(data.duration, 0.1);
  const view = { start: 0, end: duration };

  // --- times and seeking ---
  const clock = (t) => {
    const s = Math.floor(t % 60), m = Math.floor(t / 60) % 60, h = Math.floor(t / 3600);
    const two = (n) => String(n).padStart(2, "0");
    return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
  };
  let wanted = null; // a place to go to as soon as the sound is there
  let now = 0; // where we are, with and without a sound
  const seek = (t) => {
    now = Math.min(Math.max(t, 0), duration);
    if (sound.readyState > 0) sound.currentTime = now; else wanted = now;
    moved();
  };
  sound.addEventListener("loadedmetadata", () => {
    $("choose").hidden = true;
    if (wanted !== null) { sound.currentTime = wanted; wanted = null; }
  });
  sound.addEventListener("error", () => { $("choose").hidden = false; });
  if (!sound.getAttribute("src")) { sound.removeAttribute("src"); $("choose").hidden = false; }
  $("file").addEventListener("change", (e) => {
    if (e.target.files[0]) sound.src = URL.createObjectURL(e.target.files[0]);
  });

  // --- transcript: what was said and heard, in the order of time ---
  const rows = [];
  const words = []; // {node, start, end}
  const build = () => {
    const all = [
      ...data.segments.map((s) => ({ kind: "said", ...s })),
      ...data.events.filter((e) => e.told).map((e) => ({ kind: "heard", ...e })),
    ].sort((a, b) => a.start - b.start || a.end - b.end);
    const page = document.createDocumentFragment();
    if (!all.length) page.append("Nothing was said and nothing was heard.");
    for (const one of all) {
      const row = document.createElement("div");
      row.className = "row";
      const time = document.createElement("button");
      time.type = "button";
      time.textContent = clock(one.start);
      time.dataset.at = one.start;
      const text = document.createElement("div");
      text.dir = data.rtl ? "rtl" : "auto";
      const channel = one.channel === null || one.channel === undefined ? "" : `${one.channel}: `;
      if (one.kind === "heard") {
        const label = data.labels[one.mid];
        const node = document.createElement("span");
        node.className = label.groups.includes("important") ? "heard important" : "heard";
        node.textContent = label.groups.includes("music") ? `${channel}♪ ${label.caption} ♪` : `${channel}[${label.caption}]`;
        node.title = `${label.name} ${one.probability.toFixed(2)}, ${clock(one.start)} – ${clock(one.end)}`;
        node.dataset.at = one.start;
        row.dataset.mid = one.mid;
        text.append(node);
      } else if (one.words.length) {
        text.append(channel);
        for (const [word, start, end] of one.words) {
          const blank = word.match(/^\s*/)[0];
          const node = document.createElement("span");
          node.className = "word";
          node.textContent = word.slice(blank.length);
          node.dataset.at = start;
          text.append(blank, node);
          words.push({ node, start, end });
        }
      } else {
        const node = document.createElement("span");
        node.className = "word";
        node.textContent = channel + one.text;
        node.dataset.at = one.start;
        text.append(node);
      }
      row.append(time, text);
      page.append(row);
      rows.push({ ...one, node: row, line: text });
    }
    transcript.append(page);
  };
  transcript.addEventListener("click", (e) => {
    const at = e.target.closest("[data-at]");
    if (at) seek(Number(at.dataset.at));
  });

  // --- the moment that is played ---
  const lastBefore = (list, t) => { // the last that begins at or before t
    let low = 0, high = list.length;
    while (low < high) { const mid = (low + high) >> 1; if (list[mid].start <= t) low = mid + 1; else high = mid; }
    return low - 1;
  };
  let marked = [];
  const mark = (t) => {
    marked.forEach((node) => node.classList.remove("now"));
    marked = [];
    const from = lastBefore(rows, t);
    for (let i = from; i >= 0 && i > from - 40; i--) if (rows[i].end > t) marked.push(rows[i].node);
    const word = words[lastBefore(words, t)];
    if (word && word.end > t - 0.3) marked.push(word.node);
    marked.forEach((node) => node.classList.add("now"));
    return marked[0];
  };
  let shown = null;
  const moved = () => {
    const row = mark(now);
    if (row && row !== shown) { shown = row; row.scrollIntoView({ block: "nearest" }); }
    if (now < view.start || now > view.end) show(now - (view.end - view.start) * 0.1);
    draw();
  };
  const tick = () => { now = sound.currentTime; moved(); if (!sound.paused) requestAnimationFrame(tick); };
  sound.addEventListener("play", tick);
  sound.addEventListener("seeked", () => { now = sound.currentTime; moved(); });

  // --- lanes ---
  const lanes = [];
  const hidden = new Set();
  const makeLanes = () => {
    const of = new Map();
    for (const event of data.events) {
      if (!of.has(event.mid)) of.set(event.mid, []);
      of.get(event.mid).push(event);
    }
    const weight = (events) => events.reduce((sum, e) => sum + (e.end - e.start) * e.probability, 0);
    const ordered = [...of].sort((a, b) => weight(b[1]) - weight(a[1]));
    for (const [mid, events] of ordered) {
      const item = document.createElement("li"), label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => { box.checked ? hidden.delete(mid) : hidden.add(mid); filter(); });
      label.append(box, data.labels[mid].name);
      label.title = data.labels[mid].name;
      item.append(label);
      $("labels").append(item);
      lanes.push({ mid, events, item, box });
    }
    const groups = Object.entries(data.groups).filter(([key]) => lanes.some((l) => data.labels[l.mid].groups.includes(key)));
    for (const [key, name] of [["", "all sounds"], ...groups]) $("group").append(new Option(name, key));
    $("group").addEventListener("change", (e) => {
      for (const lane of lanes) set(lane, !e.target.value || data.labels[lane.mid].groups.includes(e.target.value));
      filter();
    });
    $("all").addEventListener("click", () => { lanes.forEach((l) => set(l, true)); filter(); });
    $("none").addEventListener("click", () => { lanes.forEach((l) => set(l, false)); filter(); });
    $("timeline").hidden = !lanes.length;
  };
  const set = (lane, on) => { lane.box.checked = on; on ? hidden.delete(lane.mid) : hidden.add(lane.mid); };
  const filter = () => {
    for (const lane of lanes) lane.item.classList.toggle("off", hidden.has(lane.mid));
    for (const row of rows) if (row.mid) row.node.hidden = hidden.has(row.mid);
    draw();
  };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const x = (t, width) => ((t - view.start) / (view.end - view.start)) * width;
  let size = { width: 0, height: 0 };
  const draw = () => {
    const width = canvas.clientWidth, height = (lanes.length + 1) * LANE, ratio = window.devicePixelRatio || 1;
    if (!width) return;
    if (size.width !== width || size.height !== height || size.ratio !== ratio) {
      size = { width, height, ratio };
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    axis(pen, width, height);
    const bar = colour("--bar"), alarm = colour("--alarm");
    lanes.forEach((lane, i) => {
      if (hidden.has(lane.mid)) return;
      const top = (i + 1) * LANE;
      pen.fillStyle = data.labels[lane.mid].groups.includes("important") ? alarm : bar;
      curve(pen, lane.mid, top, width);
      for (const e of lane.events) {
        if (e.end < view.start || e.start > view.end) continue;
        pen.globalAlpha = 0.35 + 0.65 * e.probability;
        const left = x(e.start, width);
        pen.fillRect(left, top + 4, Math.max(1.5, x(e.end, width) - left), LANE - 8);
      }
      pen.globalAlpha = 1;
    });
    pen.fillStyle = colour("--ink");
    pen.fillRect(x(now, width) - 0.75, 0, 1.5, height);
  };
  const curve = (pen, mid, top, width) => {
    const of = data.curves.of[mid];
    if (!of) return;
    const step = data.curves.resolution;
    const first = Math.max(0, Math.floor(view.start / step)), last = Math.min(of.length, Math.ceil(view.end / step));
    const every = Math.max(1, Math.floor((last - first) / (2 * width)));
    pen.globalAlpha = 0.25;
    for (let i = first; i < last; i += every) {
      let p = 0;
      for (let k = i; k < Math.min(last, i + every); k++) p = Math.max(p, of[k]);
      const h = p * (LANE - 4);
      pen.fillRect(x(i * step, width), top + LANE - 2 - h, Math.max(0.5, x((i + every) * step, width) - x(i * step, width)), h);
    }
    pen.globalAlpha = 1;
  };
  const axis = (pen, width, height) => {
    const span = view.end - view.start;
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
    const step = steps.find((s) => (s / span) * width >= 70) || 14400;
    pen.fillStyle = colour("--faint");
    pen.strokeStyle = colour("--line");
    pen.font = "11px system-ui, sans-serif";
    pen.beginPath();
    for (let t = Math.ceil(view.start / step) * step; t <= view.end; t += step) {
      const at = Math.round(x(t, width)) + 0.5;
      pen.moveTo(at, 16);
      pen.lineTo(at, height);
      const text = step < 1 ? t.toFixed(1) : clock(t + 1e-6);
      if (at + pen.measureText(text).width < width) pen.fillText(text, at + 3, 14);
    }
    pen.stroke();
  };
  const show = (start, end) => {
    const span = Math.min(duration, end === undefined ? view.end - view.start : end - start);
    view.start = Math.min(Math.max(0, start), duration - span);
    view.end = view.start + span;
    $("pan").value = duration > span ? (1000 * view.start) / (duration - span) : 0;
    $("pan").disabled = duration <= span;
    draw();
  };
  const zoom = (factor, at) => {
    const span = Math.min(duration, Math.max(1, (view.end - view.start) * factor));
    const share = (at - view.start) / (view.end - view.start);
    show(at - share * span, at - share * span + span);
  };
  const time = (e) => view.start + (e.offsetX / canvas.clientWidth) * (view.end - view.start);
  let dragged = null;
  canvas.addEventListener("pointerdown", (e) => { dragged = { x: e.clientX, start: view.start, far: false }; });
  canvas.addEventListener("pointermove", (e) => {
    if (dragged && e.buttons) {
      const by = ((e.clientX - dragged.x) / canvas.clientWidth) * (view.end - view.start);
      if (Math.abs(e.clientX - dragged.x) > 4) dragged.far = true;
      if (dragged.far) show(dragged.start - by);
    } else tell(e);
  });
  canvas.addEventListener("pointerup", (e) => { if (dragged && !dragged.far) seek(time(e)); dragged = null; });
  canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; dragged = null; });
  canvas.addEventListener("wheel", (e) => {
    if (!e.ctrlKey && Math.abs(e.deltaX) <= Math.abs(e.deltaY) && !e.shiftKey) return; // the lanes scroll
    e.preventDefault();
    if (e.ctrlKey) zoom(Math.exp(e.deltaY / 300), time(e));
    else show(view.start + ((e.deltaX || e.deltaY) / canvas.clientWidth) * (view.end - view.start));
  }, { passive: false });
  const tell = (e) => {
    const lane = lanes[Math.floor(e.offsetY / LANE) - 1], t = time(e), tip = $("tip");
    const event = lane && !hidden.has(lane.mid) && lane.events.find((one) => one.start <= t && one.end >= t);
    tip.hidden = !event;
    if (!event) return;
    tip.textContent = `${data.labels[lane.mid].name} ${event.probability.toFixed(2)}, ${clock(event.start)} – ${clock(event.end)}`;
    tip.style.left = `${Math.min(e.clientX + 12, innerWidth - 240)}px`;
    tip.style.top = `${e.clientY - 30}px`;
  };
  $("in").addEventListener("click", () => zoom(0.5, now >= view.start && now <= view.end ? now : (view.start + view.end) / 2));
  $("out").addEventListener("click", () => zoom(2, (view.start + view.end) / 2));
  $("fit").addEventListener("click", () => show(0, duration));
  $("pan").addEventListener("input", (e) => show((e.target.value / 1000) * (duration - (view.end - view.start))));
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // --- search ---
  let hits = [], at = -1;
  const look = () => {
    const query = $("query").value.trim().toLocaleLowerCase();
    document.querySelectorAll(".hit").forEach((node) => node.classList.remove("hit"));
    hits = query ? rows.filter((row) => haystack(row).includes(query) && !row.node.hidden) : [];
    at = -1;
    $("hits").textContent = query ? `${hits.length} found` : "";
  };
  const haystack = (row) => {
    if (row.kind === "said") return row.line.textContent.toLocaleLowerCase();
    const label = data.labels[row.mid];
    return `${label.name} ${label.caption}`.toLocaleLowerCase();
  };
  const go = (by) => {
    if (!hits.length) return;
    if (at >= 0) hits[at].node.classList.remove("hit");
    at = (at + by + hits.length) % hits.length;
    hits[at].node.classList.add("hit");
    seek(hits[at].start);
    hits[at].node.scrollIntoView({ block: "center" });
    $("hits").textContent = `${at + 1} of ${hits.length}`;
  };
  $("query").addEventListener("input", look);
  $("query").addEventListener("keydown", (e) => { if (e.key === "Enter" && e.shiftKey) { e.preventDefault(); go(-1); } });
  $("search").addEventListener("submit", (e) => { e.preventDefault(); go(1); });
  $("previous").addEventListener("click", () => go(-1));

  // --- keys, light and dark ---
  document.addEventListener("keydown", (e) => {
    if (e.target.matches("input, select, audio, button") && !(e.target.type === "checkbox")) return;
    const keys = {
      " ": () => (sound.paused ? sound.play() : sound.pause()),
      ArrowLeft: () => seek(now - 5),
      ArrowRight: () => seek(now + 5),
      "+": () => $("in").click(),
      "-": () => $("out").click(),
      "0": () => $("fit").click(),
      "/": () => $("query").focus(),
    };
    if (e.key === " " && e.target.type === "checkbox") return;
    if (keys[e.key] && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); keys[e.key](); }
  });
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    draw();
  });

  build();
  makeLanes();
  show(0, duration);
})();
