// Whether PIEs are harder to read: their scores over those of all examples, with how certain that is.

import { decimal, inWords, percent, span } from "./numbers.js";

/** The ratios of the chosen pruner with their intervals, and the mean over all pruners at the sparsity. */
export function readabilityFigure(chosen, ratios, intervals) {
  const rows = ratios.filter((row) => row.pruner === chosen.pruner).map((row) => ({
    ...row, ...intervals.find((interval) => interval.measure === row.measure),
    mean: ratios.find((other) => other.pruner === "mean" && other.measure === row.measure)?.ratio,
  }));
  if (!rows.length) return null;
  const names = rows.map((row) => inWords(row.measure));
  const ends = (row) => span(row.ratio_low, row.ratio_high);
  const level = percent(intervals[0]?.level, 0);
  const points = (name, x, color, symbol) => ({ name, x, y: names, type: "scatter", mode: "markers", marker: { color, size: 9, symbol }, hovertemplate: "%{x:.3f}" });
  return {
    note: `Mean score of the PIEs over that of all examples; above 1 they are harder or longer. Bars are ${level} bootstrap intervals over the seeds.`,
    summary: rows.map((row) => `${inWords(row.measure)} ${decimal(row.ratio, 2)} (${ends(row)}), over the pruners ${decimal(row.mean, 2)}`).join("; "),
    columns: [
      { label: "Measure", head: true, cell: (row) => inWords(row.measure) },
      { label: "All examples", cell: (row) => decimal(row.mean_of_examples, 2) },
      { label: `PIEs of ${chosen.pruner}`, cell: (row) => decimal(row.mean_of_pies, 2) },
      { label: "Ratio", cell: (row) => decimal(row.ratio) },
      { label: `${level} interval`, cell: ends },
      { label: "Mean of the pruners", cell: (row) => decimal(row.mean) },
    ],
    rows,
    describe: (c) => ({
      data: [
        points("mean of the pruners", rows.map((row) => row.mean), c.muted, "circle"),
        // Percentiles of resamples need not hold the ratio itself: the bars are no errors of the points.
        {
          name: `${level} interval`, type: "scatter", mode: "lines+markers", x: rows.flatMap((row) => [row.ratio_low, row.ratio_high, null]),
          y: names.flatMap((name) => [name, name, null]), line: { color: c.pies, width: 2 }, marker: { symbol: "line-ns", size: 9, line: { color: c.pies, width: 2 } },
          opacity: 0.6, hoverinfo: "skip",
        },
        points(chosen.pruner, rows.map((row) => row.ratio), c.pies, "diamond"),
      ],
      layout: {
        xaxis: { title: { text: "PIEs / all examples" }, nticks: 5 }, yaxis: { autorange: "reversed" },
        shapes: [{ type: "line", x0: 1, x1: 1, yref: "paper", y0: 0, y1: 1, line: { color: c.muted, width: 1, dash: "dot" } }],
      },
    }),
  };
}
