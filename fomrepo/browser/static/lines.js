// Draws lines over time with uPlot, in the colours of the page.
"use strict";

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function drawLine(place, told) {
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const words = (line) => line.name.replaceAll("_", " ");
  const lines = told.lines.filter((line) => line.unit === told.lines[0].unit).slice(0, 6);
  const strokes = ["--accent", "--warm", "--bad", "--good", "--soft", "--ink"].map(colour);
  const plot = new uPlot({
    width: place.clientWidth, height: 180, scales: { x: { time: false } }, cursor: { drag: { x: true, y: false } },
    axes: [
      { ...axis, label: `time (${told.x_unit})` },
      { ...axis, label: lines[0].unit ? `${words(lines[0])} (${lines[0].unit})` : words(lines[0]), size: 62 },
    ],
    series: [
      { label: "time" },
      ...lines.map((line, n) => ({ label: words(line), stroke: strokes[n], width: 1.5, points: { show: false } })),
    ],
  }, [told.x, ...lines.map((line) => line.y)], place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 180 })).observe(place);
  return plot;
}

if (!document.getElementById("moving")) {
  for (const place of document.querySelectorAll("[data-line]")) {
    fetch(place.dataset.line).then((answer) => answer.json()).then((told) => drawLine(place, told));
  }
}
