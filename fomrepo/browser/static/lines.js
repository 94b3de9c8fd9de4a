// Draws lines with uPlot, in the colours of the page, whatever they are at the moment.
"use strict";

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

// Six digits; what is left of a difference of equal numbers is none.
function spelt(value, most) { return String(Math.abs(value) < 1e-9 * most ? 0 : Number(value.toPrecision(6))); }

function drawLine(place, told) {
  const height = 210;
  const axis = {
    stroke: () => colour("--soft"), font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif",
    grid: { stroke: () => colour("--line"), width: 1 }, ticks: { stroke: () => colour("--line") }, labelGap: 4,
  };
  const strokes = ["--accent", "--warm", "--bad", "--good", "--soft", "--ink"];
  const most = told.lines.map((line) => line.y.reduce((far, one) => Math.max(far, Math.abs(one ?? 0)), 0));
  const label = document.createElement("p");  // above, where there is room for it on any screen
  label.className = "hint";
  label.textContent = told.y_label;
  place.append(label);
  const plot = new uPlot({
    width: place.clientWidth, height, scales: { x: { time: false } },
    cursor: { drag: { x: true, y: false }, y: false }, legend: { show: true, live: true },
    axes: [{ ...axis, label: told.x_label, size: 34, labelSize: 22 }, { ...axis, size: 58, space: 24 }],
    series: [
      { label: told.x_label },
      ...told.lines.map((line, n) => ({
        label: line.unit ? `${line.name} (${line.unit})` : line.name,
        stroke: () => colour(strokes[n]), width: 1.5, points: { show: told.x.length < 40, size: 5 },
        value: (_, value) => (value == null ? "–" : spelt(value, most[n])),
      })),
    ],
  }, [told.x, ...told.lines.map((line) => line.y)], place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot.redraw();
    const marks = place.querySelectorAll(".u-series:not(:first-child) .u-marker");
    marks.forEach((one, n) => { one.style.borderColor = colour(strokes[n]); });
  });
  return plot;
}
