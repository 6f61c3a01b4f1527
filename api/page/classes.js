// Which classes the PIEs are of: their share of all examples beside their share of the PIEs.

import { href } from "./address.js";
import { here } from "./element.js";
import { showFigure } from "./figure.js";
import { count, percent } from "./numbers.js";
import { goToPies } from "./pies.js";

/** Show the class distribution; a bar leads to the PIEs of its class. */
export function showClasses(section, chosen, rows, calls) {
  const pick = (row) => href({ class_id: row.class_id, bin: null, after: null, example: null });
  const bars = (name, color, column, pattern) => ({
    name, type: "bar", x: rows.map((row) => row.class_name), y: rows.map((row) => row[column]),
    marker: { color, pattern: { shape: rows.length > 12 ? "" : pattern, solidity: 0.25 } }, hovertemplate: "%{x}: %{y:.1%}",
  });
  const more = rows.filter((row) => row.share_of_pies > row.share_of_examples).map((row) => row.class_name);
  showFigure(section, {
    title: "Classes of the PIEs",
    note: "Share of each gold class, the most frequent first. A bar leads to its PIEs.",
    summary: more.length ? `More frequent among PIEs than among all examples: ${more.slice(0, 12).join(", ")}` : "No class is more frequent among PIEs",
    columns: [
      { label: "Class", head: true, cell: (row) => here(pick(row), { "data-to": "pies" }, row.class_name) },
      { label: "Examples", cell: (row) => count(row.num_examples) },
      { label: "PIEs", cell: (row) => count(row.num_pies) },
      { label: "Share of examples", cell: (row) => percent(row.share_of_examples) },
      { label: "Share of PIEs", cell: (row) => percent(row.share_of_pies) },
    ],
    rows,
    describe: (c) => ({
      data: [bars("of all examples", c.all, "share_of_examples", ""), bars("of the PIEs", c.pies, "share_of_pies", "/")],
      layout: { barmode: "group", bargap: 0.25, xaxis: { type: "category" }, yaxis: { tickformat: ".0%" } },
    }),
    onPick: (point) => goToPies(pick(rows[point.pointNumber])),
    calls,
  });
}
