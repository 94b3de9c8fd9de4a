// Plots, and beside them a trajectory that plays: a click on a point shows that frame, scrubbing moves all cursors.
"use strict";

(function () {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function fetched(address) {
    for (let tries = 0; tries < 300; tries++) {
      const answer = await fetch(address);
      if (answer.status === 200) return answer;
      if (answer.status !== 202) throw new Error((await answer.text()).slice(0, 300));
      await pause(1000);
    }
    throw new Error("it takes too long");
  }

  function nearest(values, wanted) {
    let best = 0;
    values.forEach((one, n) => { if (Math.abs(one - wanted) < Math.abs(values[best] - wanted)) best = n; });
    return best;
  }

  function hasWebGL() {
    try { return Boolean(document.createElement("canvas").getContext("webgl2")); } catch { return false; }
  }

  // The frame that is looked at. Plots and viewer follow it, and each of them can lead.
  function makeStage() {
    const followers = [];
    return {
      frame: null,
      follow(show) { followers.push(show); if (this.frame !== null) show(this.frame); },
      go(frame, from) { this.frame = frame; for (const show of followers) if (show !== from) show(frame); },
    };
  }

  async function drawPlot(place, stage) {
    const told = await (await fetched(place.dataset.line)).json();
    const plot = drawLine(place, told);
    if (!told.frames) return;
    const follow = (frame) => {
      const at = nearest(told.frames, frame);
      plot.setCursor({ left: plot.valToPos(told.x[at], "x"), top: 10 }, false);
      place.dataset.frame = told.frames[at];
    };
    stage.follow(follow);
    plot.over.addEventListener("click", () => {
      if (plot.cursor.idx == null) return;
      place.dataset.frame = told.frames[plot.cursor.idx];
      stage.go(told.frames[plot.cursor.idx], follow);
    });
    plot.over.addEventListener("mouseleave", () => { if (stage.frame !== null) follow(stage.frame); });
  }

  class Player {
    constructor(section, stage) {
      this.section = section; this.stage = stage; this.shown = null; this.timer = 0;
      for (const name of ["slider", "label", "play", "speed", "look", "status", "viewer"]) {
        this[name] = section.querySelector(`.${name}`);
      }
      this.slider.addEventListener("input", () => this.lead(Number(this.slider.value)));
      this.play.addEventListener("click", () => this.toggle());
      this.speed.addEventListener("change", () => { if (this.timer) { this.toggle(); this.toggle(); } });
    }

    lead(n) { this.show(n); this.stage.go(this.shown.frames[n], this.follow); }

    show(n) {
      this.slider.value = n;
      this.label.textContent = `frame ${this.shown.frames[n]}, ${Number(this.shown.times[n].toPrecision(6))} ${this.shown.unit}`;
      this.section.dataset.frame = this.shown.frames[n];
      this.tell({ frame: n });
    }

    toggle() {
      const plays = !this.timer;
      clearInterval(this.timer);
      this.timer = plays && setInterval(() => this.lead((Number(this.slider.value) + 1) % this.shown.frames.length), 1000 / Number(this.speed.value));
      this.play.setAttribute("aria-pressed", plays);
      this.play.textContent = plays ? "Pause" : "Play";
    }

    tell() {}

    async begin() {
      const base = this.section.dataset.base;
      this.status.textContent = "The picture is being made …";
      this.shown = await (await fetched(`${base}/told.json`)).json();
      this.slider.max = this.shown.frames.length - 1;
      this.slider.disabled = false;
      if (hasWebGL()) await this.open(base); else await this.still(base);
      const { detail, stripped, frames } = this.shown;
      this.status.textContent += `${frames.length} frames, ${detail}${stripped ? `; without ${stripped}` : ""}`;
      this.follow = (frame) => this.show(nearest(this.shown.frames, frame));
      this.stage.follow(this.follow);
      if (this.stage.frame === null) this.lead(0);
      this.section.dataset.ready = "true";
    }

    // Where there is no WebGL the server draws the first frame; the cursors of the plots go on.
    async still(base) {
      await this.picture(base, () => true);
      this.play.hidden = this.look.parentElement.hidden = this.speed.parentElement.hidden = true;
      this.status.textContent = "A still picture of the first frame: this browser has no WebGL. ";
    }

    async picture(base, isWanted) {
      await fetched(`${base}/still.png`);
      if (!isWanted()) return;
      const image = new Image();
      image.alt = "The chain in the first frame";
      image.src = `${base}/still.png`;
      this.viewer.append(image);
    }

    async open(base) {
      let loads = true;
      this.picture(base, () => loads).catch((error) => console.info(error.message));
      const frame = document.createElement("iframe");
      frame.title = "The molecule in three dimensions: drag to turn, scroll to come nearer";
      const heard = (what) => new Promise((resolve, reject) => window.addEventListener("message", ({ source, data }) => {
        if (source !== frame.contentWindow) return;
        if (data.failed) reject(new Error(data.failed));
        if (what in data) resolve();
      }));
      window.addEventListener("message", ({ source, data }) => {
        if (source !== frame.contentWindow) return;
        if ("drawn" in data) this.section.dataset.drawn = data.drawn;
        if ("looks" in data) this.section.dataset.looks = data.looks;
      });
      const loaded = heard("loaded"), ready = heard("ready");
      frame.src = "/viewer";
      this.viewer.append(frame);
      const pdb = await (await fetched(`${base}/structure.pdb`)).text();
      const dcd = await (await fetched(`${base}/frames.dcd`)).arrayBuffer();
      await loaded;
      const tell = (what, handed) => frame.contentWindow.postMessage(what, "*", handed);  // its origin has no name
      tell({ pdb, dcd, look: this.look.value, background: colour("--panel") }, [dcd]);
      await ready;
      loads = false;
      this.viewer.querySelector("img")?.remove();
      this.tell = tell;
      this.look.addEventListener("change", () => tell({ look: this.look.value }));
      this.play.disabled = this.look.disabled = this.speed.disabled = false;
      this.status.textContent = "";
    }
  }

  function begin() {
    const stage = makeStage();
    for (const place of document.querySelectorAll("[data-line]:not([data-begun])")) {
      place.dataset.begun = "true";
      drawPlot(place, stage).catch((error) => { place.hidden = true; console.info(error.message); });
    }
    const section = document.querySelector(".moving:not([data-begun])");
    if (!section) return;
    section.dataset.begun = "true";
    const player = new Player(section, stage);
    player.begin().catch((error) => {
      player.viewer.hidden = section.querySelector(".controls").hidden = true;
      player.status.textContent = "There is no moving picture of this trajectory.";
      console.info(error.message);
    });
  }

  document.addEventListener("htmx:after:swap", begin);
  begin();
})();
