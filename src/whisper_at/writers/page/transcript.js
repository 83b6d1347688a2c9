// --- the transcript: what was said and heard in the order of time, and what of it is now ---
const transcript = $("transcript");
const LINGER = 0.3; // seconds that a word stays marked after its end
const rows = []; // {start, end, until, node, words: [{node, start, end, from, to}], text}; until: the latest end up to here
let marked = [];
let last = null; // the row that was marked last

function plain(text) { // as search compares it
  return text.normalize("NFC").toLocaleLowerCase();
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function startTranscript() {
  const told = [
    ...data.segments.map((segment) => ({ said: true, ...segment })),
    ...data.events.filter((event) => event.told),
  ].sort((a, b) => a.start - b.start || a.end - b.end);
  const all = document.createDocumentFragment();
  if (!told.length) all.append("Nothing was said and nothing was heard.");
  let until = 0;
  for (const one of told) {
    const row = { start: one.start, end: one.end, mid: one.mid, words: [], text: "", node: element("div", "row", "") };
    row.until = until = Math.max(until, one.end);
    const time = element("button", "", clock(one.start));
    time.type = "button";
    time.dataset.at = one.start;
    row.node.append(time, one.said ? saidLine(row, one) : heardLine(row, one));
    all.append(row.node);
    rows.push(row);
  }
  transcript.lang = data.languages.text;
  transcript.append(all);
  transcript.addEventListener("click", (e) => {
    const place = e.target.closest("[data-at]");
    if (!place) return;
    seek(Number(place.dataset.at));
    if (e.detail) transcript.focus({ preventScroll: true }); // a mouse: the keys are for playing again
  });
}

function channelOf(one) {
  return one.channel === null || one.channel === undefined ? "" : `${one.channel}: `;
}

function saidLine(row, segment) {
  const line = element("div", "", channelOf(segment));
  line.dir = data.rtl ? "rtl" : "auto";
  const words = segment.words.length ? segment.words : [[segment.text, segment.start, segment.end]];
  for (const [text, start, end] of words) {
    const blank = row.text ? text.match(/^\s*/)[0] : "";
    const node = element("span", "word", text.trimStart());
    node.dataset.at = start;
    line.append(blank, node);
    const from = row.text.length + blank.length;
    row.text += blank + plain(node.textContent);
    row.words.push({ node, start, end, from, to: row.text.length });
  }
  return line;
}

function heardLine(row, event) {
  const label = data.labels[event.mid];
  const text = label.groups.includes("music") ? `♪ ${label.caption} ♪` : `[${label.caption}]`;
  const line = element("div", "", "");
  const node = element("span", label.groups.includes("important") ? "heard important" : "heard", channelOf(event) + text);
  node.title = `${label.name} ${event.probability.toFixed(2)}, ${clock(event.start)} – ${clock(event.end)}`;
  node.dataset.at = event.start;
  line.dir = "auto";
  line.lang = data.languages.labels;
  line.append(node);
  event.node = node;
  return line;
}

function lastBefore(list, t) { // index of the last that begins at or before t; -1 if none does
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].start <= t) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function rowsAt(t) { // the latest first
  const found = [];
  for (let i = lastBefore(rows, t); i >= 0 && rows[i].until > t; i--) {
    if (rows[i].end > t && !rows[i].node.hidden) found.push(rows[i]);
  }
  return found;
}

function isOnScreen(node) {
  const own = node.getBoundingClientRect(), frame = transcript.getBoundingClientRect();
  return own.height > 0 && own.top >= frame.top - 1 && own.bottom <= frame.bottom + 1;
}

function markTranscript(asked) {
  for (const node of marked) {
    node.classList.remove("now");
    node.removeAttribute("aria-current");
  }
  const current = rowsAt(now);
  marked = [];
  for (const row of current) {
    const word = row.words[lastBefore(row.words, now)];
    if (word && word.end > now - LINGER) marked.push(word.node);
    row.node.setAttribute("aria-current", "true");
    marked.push(row.node);
  }
  for (const node of marked) node.classList.add("now");
  if (current.length) follow(current[0], asked);
}

function follow(row, asked) {
  const watched = !last || isOnScreen(last.node);
  if (asked && !isOnScreen(row.node)) row.node.scrollIntoView({ block: "center" });
  else if (!asked && row !== last && watched) row.node.scrollIntoView({ block: "nearest" });
  last = row;
}
