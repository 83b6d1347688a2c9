// --- search: in what was said, and in the names of all sounds that are shown ---
let hits = []; // {start, nodes}
let chosen = -1;

function startSearch() {
  $("query").addEventListener("input", look);
  $("query").addEventListener("keydown", (e) => {
    if (e.key === "Enter" && e.shiftKey) { e.preventDefault(); jump(-1); }
  });
  $("search").addEventListener("submit", (e) => { e.preventDefault(); jump(1); });
  $("previous").addEventListener("click", () => jump(-1));
}

function look() {
  const query = plain($("query").value.trim());
  for (const hit of hits) for (const node of hit.nodes) node.classList.remove("hit", "chosen");
  hits = query ? [...said(query), ...heard(query)].sort((a, b) => a.start - b.start) : [];
  for (const hit of hits) for (const node of hit.nodes) node.classList.add("hit");
  chosen = -1;
  $("hits").textContent = query ? `${hits.length} found` : "";
}

function said(query) {
  const found = [];
  for (const row of rows) {
    for (let at = row.text.indexOf(query); at >= 0; at = row.text.indexOf(query, at + query.length)) {
      const words = row.words.filter((word) => word.to > at && word.from < at + query.length);
      found.push({ start: words[0].start, nodes: words.map((word) => word.node) });
    }
  }
  return found;
}

function heard(query) {
  const mids = new Set();
  for (const [mid, label] of Object.entries(data.labels)) {
    if (!hidden.has(mid) && plain(`${label.name}\n${label.caption}`).includes(query)) mids.add(mid);
  }
  const events = data.events.filter((event) => mids.has(event.mid));
  return events.map((event) => ({ start: event.start, nodes: event.node ? [event.node] : [] }));
}

function jump(by) {
  if (!hits.length) return;
  if (chosen >= 0) for (const node of hits[chosen].nodes) node.classList.remove("chosen");
  chosen = chosen < 0 && by < 0 ? hits.length - 1 : (chosen + by + hits.length) % hits.length;
  const hit = hits[chosen];
  for (const node of hit.nodes) node.classList.add("chosen");
  seek(hit.start);
  if (hit.nodes.length) hit.nodes[0].scrollIntoView({ block: "center" });
  $("hits").textContent = `${chosen + 1} of ${hits.length}`;
}
