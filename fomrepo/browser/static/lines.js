// Draws lines with uPlot, in the colours of the page.
"use strict";

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function drawLine(place, told) {
  const height = 190;
  const axis = {
    stroke: colour("--soft"), font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif",
    grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") }, labelGap: 4,
  };
  const strokes = ["--accent", "--warm", "--bad", "--good", "--soft", "--ink"].map(colour);
  const plot = new uPlot({
    width: place.clientWidth, height, scales: { x: { time: false } },
    cursor: { drag: { x: true, y: false }, y: false }, legend: { show: true, live: true },
    axes: [{ ...axis, label: told.x_label, size: 34, labelSize: 22 }, { ...axis, label: told.y_label, size: 58, labelSize: 22 }],
    series: [
      { label: told.x_label },
      ...told.lines.map((line, n) => ({
        label: line.unit ? `${line.name} (${line.unit})` : line.name,
        stroke: strokes[n], width: 1.5, points: { show: told.x.length < 40, size: 5 },
        value: (_, value) => (value == null ? "–" : String(Number(value.toPrecision(6)))),
      })),
    ],
  }, [told.x, ...told.lines.map((line) => line.y)], place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height })).observe(place);
  return plot;
}
