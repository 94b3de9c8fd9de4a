// Plays a trajectory beside its plots: a click on a point shows that frame, and scrubbing moves the plots' cursors.
"use strict";

(function () {
  const section = document.getElementById("moving");
  if (!section) return;
  const base = section.dataset.base;
  const canvas = document.getElementById("viewer");
  const slider = document.getElementById("frame");
  const label = document.getElementById("frame-label");
  const play = document.getElementById("play");
  const style = document.getElementById("style");
  const status = document.getElementById("moving-status");
  const plots = [];
  let shown = null;     // what the picture shows: frames, times
  let show = () => {};  // shows the n-th of these frames
  let timer = 0;

  async function fetched(address) {
    for (let tries = 0; tries < 300; tries++) {
      const answer = await fetch(address);
      if (answer.status === 200) return answer;
      if (answer.status !== 202) throw new Error((await answer.text()).slice(0, 300));
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    throw new Error("it takes too long");
  }

  function nearest(values, wanted) {
    let best = 0;
    values.forEach((one, n) => { if (Math.abs(one - wanted) < Math.abs(values[best] - wanted)) best = n; });
    return best;
  }

  function go(n, from) {
    slider.value = n;
    label.textContent = `frame ${shown.frames[n]}, ${shown.times[n].toPrecision(5)} ${shown.unit}`;
    section.dataset.frame = shown.frames[n];
    show(n);
    for (const one of plots) {
      if (one === from) continue;
      const at = nearest(one.frames, shown.frames[n]);
      one.plot.setCursor({ left: one.plot.valToPos(one.plot.data[0][at], "x"), top: 10 }, false);
    }
  }

  async function draw(place) {
    const told = await (await fetched(place.dataset.line)).json();
    const one = { plot: drawLine(place, told), frames: told.frames };
    plots.push(one);
    one.plot.over.addEventListener("click", () => {
      if (shown && one.plot.cursor.idx != null) go(nearest(shown.frames, told.frames[one.plot.cursor.idx]), one);
    });
  }

  function hasWebGL() {
    try { return Boolean(document.createElement("canvas").getContext("webgl2")); } catch { return false; }
  }

  // Where there is no WebGL: the chain of the first frame, seen along its thinnest direction.
  async function drawStill() {
    const atoms = (await (await fetched(`${base}/structure.pdb`)).text()).split("\n")
      .filter((row) => /^(ATOM|HETATM)/.test(row) && /^(CA|P|BB)$/.test(row.slice(12, 16).trim()))
      .map((row) => [row.slice(30, 38), row.slice(38, 46), row.slice(46, 54)].map(Number));
    const picture = document.createElement("canvas");
    picture.width = canvas.clientWidth; picture.height = canvas.clientHeight;
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", "The chain in the first frame");
    canvas.append(picture);
    const reach = Math.max(1, ...atoms.flat().map(Math.abs));
    const scale = 0.45 * Math.min(picture.width, picture.height) / reach;
    const pen = picture.getContext("2d");
    pen.lineWidth = 2; pen.lineCap = "round";
    atoms.slice(1).forEach((atom, n) => {
      const before = atoms[n];
      if (Math.hypot(...atom.map((one, axis) => one - before[axis])) > 12) return;
      pen.strokeStyle = `hsl(${200 - 170 * n / atoms.length} 60% 45%)`;
      pen.beginPath();
      pen.moveTo(picture.width / 2 + scale * before[0], picture.height / 2 - scale * before[1]);
      pen.lineTo(picture.width / 2 + scale * atom[0], picture.height / 2 - scale * atom[1]);
      pen.stroke();
    });
    status.textContent = "A still picture: this browser has no WebGL.";
    play.hidden = style.hidden = true;
  }

  async function load() {
    status.textContent = "The picture is being made …";
    shown = await (await fetched(`${base}/told.json`)).json();
    slider.max = shown.frames.length - 1;
    slider.disabled = false;
    if (!hasWebGL()) { await drawStill(); go(0); return; }
    const frame = document.createElement("iframe");
    frame.title = "Viewer";
    const heard = (what) => new Promise((resolve, reject) => window.addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow) return;
      if (data.failed) reject(new Error(data.failed));
      if (what in data) resolve();
      if ("drawn" in data) section.dataset.drawn = data.drawn;
    }));
    const loaded = heard("loaded"), ready = heard("ready");
    frame.src = "/viewer";
    canvas.append(frame);
    const pdb = await (await fetched(`${base}/structure.pdb`)).text();
    const dcd = await (await fetched(`${base}/frames.dcd`)).arrayBuffer();
    await loaded;
    const tell = (what, handed) => frame.contentWindow.postMessage(what, "*", handed);  // its origin has no name
    tell({ pdb, dcd, background: colour("--panel") }, [dcd]);
    await ready;
    show = (n) => tell({ frame: n });
    style.addEventListener("change", () => tell({ style: style.value }));
    play.disabled = style.disabled = false;
    status.textContent = `${shown.frames.length} frames, ${shown.detail}${shown.stripped ? `; without ${shown.stripped}` : ""}`;
    section.dataset.ready = "true";
    go(0);
  }

  slider.addEventListener("input", () => go(Number(slider.value)));
  play.addEventListener("click", () => {
    const plays = play.getAttribute("aria-pressed") !== "true";
    play.setAttribute("aria-pressed", plays);
    play.textContent = plays ? "Pause" : "Play";
    clearInterval(timer);
    if (plays) timer = setInterval(() => go((Number(slider.value) + 1) % shown.frames.length), 80);
  });
  for (const place of document.querySelectorAll("[data-line]")) {
    draw(place).catch((error) => { place.hidden = true; console.info(error.message); });
  }
  load().catch((error) => { status.textContent = "There is no moving picture of this trajectory."; console.info(error.message); });
})();
