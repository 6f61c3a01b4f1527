// Whether PIEs are the influential training examples: the PIE rate of twenty bins by EL2N.

import { href } from "./address.js";
import { here } from "./element.js";
import { showFigure } from "./figure.js";
import { count, decimal, percent } from "./numbers.js";
import { goToPies } from "./pies.js";

/** Show the bins; a bar leads to its PIEs, which are of the training set. */
export function showInfluence(section, chosen, rows, calls) {
  const pick = (row) => href({ bin: row.bin, class_id: null, after: null, example: null });
  const last = rows.at(-1);
  showFigure(section, {
    title: "PIE rate by influence",
    note: "Training examples in bins of equal count by EL2N, the most influential on the right. A bar leads to its PIEs.",
    summary: `The PIE rate goes from ${percent(rows[0].pie_rate)} in the least influential bin to ${percent(last.pie_rate)} in the most influential one`,
    columns: [
      { label: "Bin", head: true, cell: (row) => here(pick(row), { "data-to": "pies" }, String(row.bin)) },
      { label: "EL2N from", cell: (row) => decimal(row.el2n_min) },
      { label: "to", cell: (row) => decimal(row.el2n_max) },
      { label: "Examples", cell: (row) => count(row.num_examples) },
      { label: "PIEs", cell: (row) => count(row.num_pies) },
      { label: "PIE rate", cell: (row) => percent(row.pie_rate) },
    ],
    rows,
    describe: (c) => ({
      data: [{
        type: "bar", x: rows.map((row) => row.bin), y: rows.map((row) => row.pie_rate),
        marker: { color: rows.map((row) => (String(row.bin) === chosen.bin ? c.all : c.pies)) },
        customdata: rows.map((row) => [row.el2n_min, row.el2n_max]),
        hovertemplate: "bin %{x}: %{y:.1%}<br>EL2N %{customdata[0]:.3f} to %{customdata[1]:.3f}<extra></extra>",
      }],
      layout: { bargap: 0.15, xaxis: { title: { text: "bin of influence" }, tickvals: [1, 5, 10, 15, 20] }, yaxis: { tickformat: ".0%" } },
    }),
    onPick: (point) => goToPies(pick(rows[point.pointNumber])),
    calls,
  });
}
