// Bars that lead to their PIEs: which classes the PIEs are of, and how many there are by influence.

import { AFRESH, href } from "./address.js";
import { here } from "./element.js";
import { count, decimal, percent } from "./numbers.js";
import { goToPies } from "./pies.js";

/** The class distribution: each class's share of all examples beside its share of the PIEs. */
export function classFigure(chosen, rows) {
  const more = rows.filter((row) => row.share_of_pies > row.share_of_examples).map((row) => row.class_name);
  return rows.length ? bars(chosen, rows, {
    key: "class_id", label: "Class", nameOf: (row) => row.class_name,
    note: "Share of each gold class, the most frequent first. A bar leads to its PIEs.",
    summary: more.length ? `More frequent among PIEs than among all examples: ${more.slice(0, 12).join(", ")}` : "No class is more frequent among PIEs",
    columns: [
      { label: "Examples", cell: (row) => count(row.num_examples) },
      { label: "PIEs", cell: (row) => count(row.num_pies) },
      { label: "Share of examples", cell: (row) => percent(row.share_of_examples) },
      { label: "Share of PIEs", cell: (row) => percent(row.share_of_pies) },
    ],
    series: [
      { name: "of all examples", colour: "all", column: "share_of_examples" },
      // Hatched, where bars are wide enough for it.
      { name: "of the PIEs", colour: "pies", column: "share_of_pies", hatch: rows.length > 12 ? "" : "/" },
    ],
    hover: "%{x}: %{y:.1%}",
  }) : null;
}

/** Bins of the training examples by influence: the PIE rate of each. */
export function influenceFigure(chosen, rows) {
  return rows.length ? bars(chosen, rows, {
    key: "bin", label: "Bin", nameOf: (row) => String(row.bin),
    note: "Training examples in bins of equal count by EL2N, the most influential on the right. A bar leads to its PIEs.",
    summary: `The PIE rate goes from ${percent(rows[0].pie_rate)} in the least influential bin to ${percent(rows.at(-1).pie_rate)} in the most influential one`,
    columns: [
      { label: "EL2N from", cell: (row) => decimal(row.el2n_min) },
      { label: "to", cell: (row) => decimal(row.el2n_max) },
      { label: "Examples", cell: (row) => count(row.num_examples) },
      { label: "PIEs", cell: (row) => count(row.num_pies) },
      { label: "PIE rate", cell: (row) => percent(row.pie_rate) },
    ],
    series: [{ name: "", colour: "pies", column: "pie_rate" }],
    hover: "bin %{x}: %{y:.1%}<br>EL2N %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
    layout: { showlegend: false, xaxis: { title: { text: "bin of influence" }, tickvals: ["1", "5", "10", "15", "20"] } },
  }) : null;
}

/** A bar a row, or one a row of each series; the address asks for the PIEs of a row by its `key`. */
function bars(chosen, rows, { key, label, nameOf, columns, series, hover, layout, ...words }) {
  const pick = (row) => href({ ...AFRESH, [key]: row[key] });
  return {
    ...words, rows,
    columns: [{ label, head: true, cell: (row) => here(pick(row), { "data-to": "pies" }, nameOf(row)) }, ...columns],
    describe: (c) => ({
      data: series.map(({ name, colour, column, hatch }) => ({
        name, type: "bar", x: rows.map(nameOf), y: rows.map((row) => row[column]),
        customdata: rows.map((row) => [row.el2n_min, row.el2n_max]), hovertemplate: hover,
        marker: {
          color: c[colour], pattern: { shape: hatch, solidity: 0.25 },
          line: { color: c.ink, width: rows.map((row) => (String(row[key]) === chosen[key] ? 3 : 0)) },
        },
      })),
      layout: { bargap: 0.2, ...layout, xaxis: { type: "category", showgrid: false, ...layout?.xaxis }, yaxis: { tickformat: ".0%" } },
    }),
    onPick: (point) => goToPies(pick(rows[point.pointNumber])),
  };
}
