// The PIE rates of every pruner at every sparsity: a table whose cells are coloured, each a link to its PIEs.

import { AFRESH, href } from "./address.js";
import { element, here } from "./element.js";
import { count, sparsityName } from "./numbers.js";

/** The matrix; the chosen variant's cell is marked. */
export function matrixFigure(chosen, rates) {
  const pruners = [...new Set(rates.map((row) => row.pruner))];
  const sparsities = [...new Set(rates.map((row) => row.sparsity))].sort((a, b) => a - b);
  const most = Math.max(...rates.map((row) => row.pie_rate), 1e-9);
  const seeds = Math.max(...rates.map((row) => row.num_seeds));
  const cellOf = (pruner, sparsity) => {
    const row = rates.find((r) => r.pruner === pruner && r.sparsity === sparsity);
    if (!row) return element("td", { class: "absent" }, element("span", { title: "No seeds in common with the unpruned runs yet" }, "–"));
    const isChosen = pruner === chosen.pruner && sparsity === chosen.sparsity;
    const link = here(href({ ...AFRESH, pruner, sparsity }), {
      id: `rate-${pruner}-${sparsity}`, "aria-current": isChosen ? "true" : null, tabindex: isChosen ? 0 : -1, "data-to": "pies",
      title: `${pruner} at ${sparsityName(sparsity)}: ${count(row.num_pies)} of ${count(row.num_examples)} are PIEs, over ${row.num_seeds} seeds`,
    }, (100 * row.pie_rate).toFixed(1), element("span", { class: "unit" }, " %"), row.num_seeds < seeds && element("small", {}, `${row.num_seeds} of ${seeds} seeds`));
    const td = element("td", { class: "heat" }, link);
    td.style.setProperty("--heat", String(Math.round((100 * row.pie_rate) / most)));
    return td;
  };
  const table = element("table", { onkeydown: move },
    element("caption", { class: "unseen" }, "Share of examples that are PIEs, by pruner and sparsity; the arrow keys move between cells"),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "Pruner"), sparsities.map((s) => element("th", { scope: "col", class: "number" }, sparsityName(s))))),
    element("tbody", {}, pruners.map((pruner) => element("tr", {}, element("th", { scope: "row" }, pruner), sparsities.map((s) => cellOf(pruner, s))))));
  if (!table.querySelector("a[tabindex='0']")) table.querySelector("a").tabIndex = 0;
  return {
    note: `Percentage of examples whose majority label pruning changes. ${seeds === 1 ? "One seed" : `Up to ${seeds} seeds`} on either side.`,
    shown: element("div", { class: "matrix scroll" }, table),
  };
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function move(event) {
  const step = STEPS[event.key];
  const cell = event.target.closest("td");
  if (!step || !cell) return;
  event.preventDefault();
  const rows = cell.closest("tbody").rows;
  let [row, column] = [cell.parentNode.sectionRowIndex + step[0], cell.cellIndex + step[1]];
  while (rows[row]?.cells[column] && !rows[row].cells[column].querySelector("a")) [row, column] = [row + step[0], column + step[1]];
  const next = rows[row]?.cells[column]?.querySelector("a");
  if (!next) return;
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
