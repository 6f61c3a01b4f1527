// What pruning does to accuracy, on all examples and on PIEs: the numbers in short, and over the sparsities.

import { AFRESH, href } from "./address.js";
import { element, put } from "./element.js";
import { count, decimal, metricName, percent, plural, span, sparsityName } from "./numbers.js";
import { goToPies } from "./pies.js";

/** The chosen variant's numbers. `rate` and `onPies` are its rows; either may be missing. `interval` promises its rate's: the rest does not wait. */
export function showHeadline(place, rate, onPies, interval) {
  if (!rate) return put(place);
  const certainty = element("small", { id: "rate-interval" }, "95 %: …");
  const fall = (before, after) => [decimal(before), element("span", { class: "arrow" }, " → ", element("span", { class: "unseen" }, "to ")), decimal(after)];
  const tile = (label, value, note) => element("div", {}, element("dt", {}, label), element("dd", {}, element("b", {}, value), element("small", {}, note)));
  const name = onPies && metricName(onPies.metric);
  put(place, element("dl", { class: "tiles" },
    tile("PIEs", percent(rate.pie_rate), [`${count(rate.num_pies)} of ${count(rate.num_examples)}`, certainty]),
    onPies && tile(`${name} on all`, fall(onPies.unpruned_on_all, onPies.pruned_on_all), "unpruned → pruned"),
    onPies && tile(`${name} on PIEs`, fall(onPies.unpruned_on_pies, onPies.pruned_on_pies), onPies.metric === "accuracy" ? "of the majority label" : "mean over seeds"),
    tile("Seeds", count(rate.num_seeds), "on either side")));
  return interval.then(({ rows: [row] }) => {
    certainty.textContent = row ? `${percent(row.level, 0)}: ${span(row.pie_rate_low, row.pie_rate_high, (share) => (100 * share).toFixed(1))} %` : "";
    certainty.title = "Bootstrap interval over the seeds";
  }, (problem) => (certainty.textContent = problem.name === "AbortError" ? "" : problem.message));
}

/** Accuracy over the sparsities of the chosen pruner. `all` has the unpruned variant's row too. */
export function accuracyFigure(all, onPies) {
  if (!onPies.length) return null;
  const rows = onPies.map((row) => ({ ...row, all: all.find((a) => a.sparsity === row.sparsity) }));
  const unpruned = all.find((row) => row.pruner === "none");
  const x = rows.map((row) => sparsityName(row.sparsity));
  const line = (name, color, y, deviations, dash, symbol) => ({
    name, x, y, type: "scatter", mode: "lines+markers", line: { color, width: 2, dash }, marker: { symbol, size: 8 },
    error_y: deviations && { type: "data", array: deviations, thickness: 1.2, width: 4 }, hovertemplate: "%{y:.3f}",
  });
  return {
    note: `Mean over the seeds, bars of one standard deviation${unpruned ? `; unpruned ${decimal(unpruned.mean)} ± ${decimal(unpruned.std)} over ${plural(unpruned.num_seeds, "seed")}` : ""}.`,
    summary: rows.map((r) => `at ${sparsityName(r.sparsity)}: all examples ${decimal(r.unpruned_on_all)} to ${decimal(r.pruned_on_all)}, PIEs ${decimal(r.unpruned_on_pies_mean)} to ${decimal(r.pruned_on_pies_mean)}`).join("; "),
    columns: [
      { label: "Sparsity", head: true, cell: (r) => sparsityName(r.sparsity) },
      { label: "All, unpruned", cell: (r) => decimal(r.unpruned_on_all) },
      { label: "All, pruned", cell: (r) => `${decimal(r.pruned_on_all)} ± ${decimal(r.all?.std)}` },
      { label: "PIEs, unpruned", cell: (r) => `${decimal(r.unpruned_on_pies_mean)} ± ${decimal(r.unpruned_on_pies_std)}` },
      { label: "PIEs, pruned", cell: (r) => `${decimal(r.pruned_on_pies_mean)} ± ${decimal(r.pruned_on_pies_std)}` },
      { label: "PIEs", cell: (r) => count(r.num_pies) },
    ],
    rows,
    describe: (c) => ({
      data: [
        line("all, unpruned", c.all, rows.map((r) => r.unpruned_on_all), rows.map(() => unpruned?.std), "dot", "circle-open"),
        line("all, pruned", c.all, rows.map((r) => r.pruned_on_all), rows.map((r) => r.all?.std), "solid", "square"),
        line("PIEs, unpruned", c.pies, rows.map((r) => r.unpruned_on_pies_mean), rows.map((r) => r.unpruned_on_pies_std), "dot", "circle-open"),
        line("PIEs, pruned", c.pies, rows.map((r) => r.pruned_on_pies_mean), rows.map((r) => r.pruned_on_pies_std), "solid", "square"),
      ],
      layout: { xaxis: { title: { text: "sparsity" }, type: "category" }, yaxis: { title: { text: metricName(rows[0].metric) }, rangemode: "tozero" }, hovermode: "x unified" },
    }),
    onPick: (point) => goToPies(href({ ...AFRESH, sparsity: rows[point.pointNumber].sparsity })),
  };
}
