// --- the recording: where we are in it, and going elsewhere; all of it works without a sound, too ---
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const sound = $("sound");
const duration = Math.max(data.duration, 0.1);
const SAME = 0.02; // seconds by which a player may miss the place that it was sent to
let now = 0;
let wanted = null; // a place to go to as soon as the sound is there

function clock(t) {
  const s = Math.floor(t % 60), m = Math.floor(t / 60) % 60, h = Math.floor(t / 3600);
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

// A reader who asks for a place is shown it; one who looks elsewhere while it plays is left there.
function go(t, { asked }) {
  const before = now;
  now = Math.min(Math.max(t, 0), duration);
  markTranscript(asked);
  if (asked || isInView(before)) bringIntoView(now);
  draw();
}

function seek(t) {
  go(t, { asked: true });
  if (sound.readyState > 0) sound.currentTime = now; else wanted = now;
}

function play() {
  if (!sound.paused) sound.pause();
  else if (sound.readyState > 0) sound.play();
}

function tick() {
  go(sound.currentTime, { asked: false });
  if (!sound.paused) requestAnimationFrame(tick);
}

function askForFile() {
  const own = /^(data|blob):/.test(sound.src);
  $("why").textContent = own ? "This browser does not play it; take another file:" : "The recording is not here:";
  $("choose").hidden = false;
}

function startSound() {
  sound.addEventListener("loadedmetadata", () => {
    $("choose").hidden = true;
    if (wanted !== null) { sound.currentTime = wanted; wanted = null; }
  });
  sound.addEventListener("error", askForFile);
  sound.addEventListener("play", tick);
  sound.addEventListener("seeked", () => { if (Math.abs(sound.currentTime - now) > SAME) go(sound.currentTime, { asked: true }); });
  $("file").addEventListener("change", (e) => {
    if (e.target.files[0]) sound.src = URL.createObjectURL(e.target.files[0]);
  });
  if (!sound.getAttribute("src")) { sound.removeAttribute("src"); askForFile(); }
  else if (sound.error) askForFile(); // it failed before we listened
}
