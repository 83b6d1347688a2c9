// --- lanes: a line for each label, with its events and its probability, on a canvas that zooms and moves ---
const canvas = $("canvas");
const LANE = 22; // pixels, as in the style
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
const view = { start: 0, end: duration }; // seconds
const lanes = []; // {mid, events, item, box}
const hidden = new Set(); // mids
let size = {};

function startLanes() {
  const of = new Map();
  for (const event of data.events) {
    if (!of.has(event.mid)) of.set(event.mid, []);
    of.get(event.mid).push(event);
  }
  const weight = (events) => events.reduce((sum, e) => sum + (e.end - e.start) * e.probability, 0);
  for (const [mid, events] of [...of].sort((a, b) => weight(b[1]) - weight(a[1]))) addLane(mid, events);
  $("labels").lang = data.languages.labels;
  $("timeline").hidden = !lanes.length;
  startFilter();
  startPointer();
  $("in").addEventListener("click", () => zoom(0.5, isInView(now) ? now : (view.start + view.end) / 2));
  $("out").addEventListener("click", () => zoom(2, (view.start + view.end) / 2));
  $("fit").addEventListener("click", () => show(0, duration));
  $("pan").addEventListener("input", (e) => show((e.target.value / 1000) * (duration - (view.end - view.start))));
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  show(0, duration);
}

function addLane(mid, events) {
  const item = document.createElement("li"), label = document.createElement("label");
  const box = document.createElement("input");
  const name = element("bdi", "", data.labels[mid].name);
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", () => { set({ mid, box }, box.checked); filter(); });
  label.append(box, name);
  label.title = data.labels[mid].name;
  item.append(label);
  $("labels").append(item);
  lanes.push({ mid, events, item, box });
}

// --- which labels are shown ---
function startFilter() {
  const has = (lane, group) => data.labels[lane.mid].groups.includes(group);
  const groups = Object.entries(data.groups).filter(([key]) => lanes.some((lane) => has(lane, key)));
  for (const [key, name] of [["", "all sounds"], ...groups]) $("group").append(new Option(name, key));
  const choose = (wants) => { for (const lane of lanes) set(lane, wants(lane)); filter(); };
  $("group").addEventListener("change", (e) => choose((lane) => !e.target.value || has(lane, e.target.value)));
  $("all").addEventListener("click", () => choose(() => true));
  $("none").addEventListener("click", () => choose(() => false));
}

function set(lane, on) {
  lane.box.checked = on;
  if (on) hidden.delete(lane.mid); else hidden.add(lane.mid);
}

function filter() {
  for (const lane of lanes) lane.item.classList.toggle("off", hidden.has(lane.mid));
  for (const row of rows) if (row.mid) row.node.hidden = hidden.has(row.mid);
  look();
  draw();
}

// --- the stretch of time that is shown ---
function isInView(t) {
  return t >= view.start && t <= view.end;
}

function bringIntoView(t) {
  if (!isInView(t)) show(t - (view.end - view.start) * 0.1);
}

function show(start, end) {
  const span = Math.min(duration, end === undefined ? view.end - view.start : end - start);
  view.start = Math.min(Math.max(0, start), duration - span);
  view.end = view.start + span;
  $("pan").value = duration > span ? (1000 * view.start) / (duration - span) : 0;
  $("pan").disabled = duration <= span;
  $("pan").setAttribute("aria-valuetext", `${clock(view.start)} – ${clock(view.end)}`);
  draw();
}

function zoom(factor, at) {
  const span = Math.min(duration, Math.max(1, (view.end - view.start) * factor));
  const share = (at - view.start) / (view.end - view.start);
  show(at - share * span, at - share * span + span);
}

// --- drawing ---
function x(t) {
  return ((t - view.start) / (view.end - view.start)) * size.width;
}

function draw() {
  const width = canvas.clientWidth, height = (lanes.length + 1) * LANE, ratio = window.devicePixelRatio || 1;
  if (!width) return;
  if (size.width !== width || size.height !== height || size.ratio !== ratio) {
    size = { width, height, ratio };
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  drawAxis(pen, colour);
  lanes.forEach((lane, i) => {
    if (hidden.has(lane.mid)) return;
    pen.fillStyle = colour(data.labels[lane.mid].groups.includes("important") ? "--alarm" : "--bar");
    drawCurve(pen, data.curves.of[lane.mid], (i + 1) * LANE);
    drawEvents(pen, lane.events, (i + 1) * LANE);
  });
  pen.fillStyle = colour("--ink");
  pen.fillRect(x(now) - 0.75, 0, 1.5, height);
}

function drawEvents(pen, events, top) {
  for (const event of events) {
    if (event.end < view.start || event.start > view.end) continue;
    pen.globalAlpha = 0.35 + 0.65 * event.probability;
    pen.fillRect(x(event.start), top + 4, Math.max(1.5, x(event.end) - x(event.start)), LANE - 8);
  }
  pen.globalAlpha = 1;
}

function drawCurve(pen, curve, top) {
  if (!curve) return;
  const step = data.curves.resolution;
  const first = Math.max(0, Math.floor(view.start / step)), end = Math.min(curve.length, Math.ceil(view.end / step));
  const every = Math.max(1, Math.floor((end - first) / (2 * size.width))); // cells of half a pixel: the greatest counts
  pen.globalAlpha = 0.25;
  for (let i = first; i < end; i += every) {
    let p = 0;
    for (let k = i; k < Math.min(end, i + every); k++) p = Math.max(p, curve[k]);
    const height = p * (LANE - 4);
    pen.fillRect(x(i * step), top + LANE - 2 - height, Math.max(0.5, x((i + every) * step) - x(i * step)), height);
  }
  pen.globalAlpha = 1;
}

function drawAxis(pen, colour) {
  const span = view.end - view.start;
  const step = STEPS.find((s) => (s / span) * size.width >= 70) || STEPS.at(-1);
  pen.fillStyle = colour("--faint");
  pen.strokeStyle = colour("--line");
  pen.font = "11px system-ui, sans-serif";
  pen.beginPath();
  for (let i = Math.ceil(view.start / step); i * step <= view.end; i++) {
    const t = i * step, at = Math.round(x(t)) + 0.5;
    pen.moveTo(at, 16);
    pen.lineTo(at, size.height);
    const text = step < 1 ? `${clock(t + 1e-6)}.${Math.round(t * 10) % 10}` : clock(t + 1e-6);
    if (at + pen.measureText(text).width + 3 < size.width) pen.fillText(text, at + 3, 14);
  }
  pen.stroke();
}

// --- mouse, finger and wheel ---
function startPointer() {
  const time = (e) => view.start + (e.offsetX / canvas.clientWidth) * (view.end - view.start);
  let dragged = null;
  canvas.addEventListener("pointerdown", (e) => { dragged = { x: e.clientX, start: view.start, far: false }; });
  canvas.addEventListener("pointermove", (e) => {
    if (!dragged || !e.buttons) { tell(e, time(e)); return; }
    const by = ((e.clientX - dragged.x) / canvas.clientWidth) * (view.end - view.start);
    if (Math.abs(e.clientX - dragged.x) > 4) dragged.far = true;
    if (dragged.far) show(dragged.start - by);
  });
  canvas.addEventListener("pointerup", (e) => { if (dragged && !dragged.far) seek(time(e)); dragged = null; });
  canvas.addEventListener("pointercancel", () => { dragged = null; }); // a finger that scrolls
  canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; dragged = null; });
  canvas.addEventListener("wheel", (e) => {
    if (!e.ctrlKey && !e.shiftKey && Math.abs(e.deltaX) <= Math.abs(e.deltaY)) return; // the lanes scroll
    e.preventDefault();
    if (e.ctrlKey) zoom(Math.exp(e.deltaY / 300), time(e));
    else show(view.start + ((e.deltaX || e.deltaY) / canvas.clientWidth) * (view.end - view.start));
  }, { passive: false });
}

function tell(e, t) {
  const lane = lanes[Math.floor(e.offsetY / LANE) - 1], tip = $("tip");
  const event = lane && !hidden.has(lane.mid) && lane.events.find((one) => one.start <= t && one.end >= t);
  tip.hidden = !event;
  if (!event) return;
  tip.textContent = `${data.labels[lane.mid].name} ${event.probability.toFixed(2)}, ${clock(event.start)} – ${clock(event.end)}`;
  tip.style.left = `${Math.max(0, Math.min(e.clientX + 12, innerWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${e.clientY - 30}px`;
}
