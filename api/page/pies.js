// The PIEs of what is chosen, page by page: text, gold classes, votes, and what both sides say.

import { go, href } from "./address.js";
import { element, here } from "./element.js";
import { tools } from "./figure.js";
import { plural, sparsityName } from "./numbers.js";

export const PAGE = 20;

/** The parameters of GET /v1/pies for what is chosen: those of a bin of influence are of the training set. */
export function piesParams(base, chosen) {
  const split = chosen.bin ? "train" : chosen.split;
  return { ...base, split, class_id: chosen.class_id, bin: chosen.bin, text: chosen.text, sort: chosen.sort, limit: PAGE, after: chosen.after };
}

/** Show a page of PIEs; what it is, in words. `nameOf(class_id)` names a class. */
export function showPies(section, chosen, answer, nameOf) {
  const { params } = answer;
  const { rows } = answer;
  const filters = [
    chosen.class_id && chip(`class ${nameOf(Number(chosen.class_id))}`, { class_id: null }),
    chosen.text && chip(`“${chosen.text}”`, { text: null }),
    chosen.bin && chip(`bin ${chosen.bin} of influence`, { bin: null }),
  ].filter(Boolean);
  const what = `${chosen.pruner} at ${sparsityName(chosen.sparsity)}, ${params.split} set`;
  const focused = document.activeElement?.id;
  section.replaceChildren(...[
    element("h2", { id: "pies-title" }, `PIEs of ${what}`),
    sifting(chosen),
    filters.length && element("p", { class: "chips" }, "Only ", filters),
    rows.length ? element("ol", { class: "list" }, rows.map((row) => item(row, nameOf))) : element("p", { class: "missing" }, chosen.after ? "No more PIEs." : "No PIEs here."),
    paging(chosen, answer),
    tools("PIEs", [answer]),
  ].filter(Boolean));
  if (focused?.startsWith("pies-")) document.getElementById(focused)?.focus({ preventScroll: true });
  return `${plural(rows.length, "PIE")}${answer.next ? " of more" : ""}: ${what}`;
}

export const piesStandBeside = () => matchMedia("(min-width: 68rem)").matches;

/** Where the PIEs do not stand beside what led to them, go there. */
export function visitPies() {
  if (piesStandBeside()) return;
  const section = document.getElementById("pies");
  section.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  section.focus({ preventScroll: true });
}

/** Go to the PIEs of a bar or point. */
export function goToPies(address) {
  go(address);
  visitPies();
}

const SORTS = { "": "number", "-margin": "most decided", margin: "least decided", "-num_tokens": "longest", "-flesch_kincaid_grade": "hardest to read" };

function sifting(chosen) {
  const sort = element("select", { id: "pies-sort", onchange: () => go(href({ sort: sort.value, after: null })) },
    Object.entries(SORTS).map(([value, label]) => element("option", { value, selected: value === (chosen.sort ?? "") }, label)));
  const text = element("input", { id: "pies-text", type: "search", value: chosen.text });
  const onsubmit = (event) => (event.preventDefault(), go(href({ text: text.value.trim(), after: null })));
  return element("form", { class: "row sifting", role: "search", "aria-label": "PIEs by their text", onsubmit },
    element("div", {}, element("label", { for: "pies-text" }, "Text holds"), text),
    element("div", {}, element("label", { for: "pies-sort" }, "Order"), sort));
}

const chip = (text, without) => here(href({ ...without, after: null }), { class: "chip", "aria-label": `${text}: take this filter away` }, text, " ✕");

function paging(chosen, answer) {
  if (!chosen.after && !answer.next) return null;
  return element("nav", { class: "row paging", "aria-label": "Pages of PIEs" },
    chosen.after && here(href({ after: null, example: null }), { "data-to": "pies" }, "First page"),
    answer.next && here(href({ after: answer.next, example: null }), { "data-to": "pies", rel: "next" }, "Next page"));
}

function item(row, nameOf) {
  const names = (ids) => ids.map(nameOf).join(", ") || "no class";
  return element("li", {},
    element("div", { class: "row" },
      here(href({ example: `${row.split}/${row.example_id}` }), { id: `pies-${row.split}/${row.example_id}` }, `Example ${row.example_id}`),
      element("span", { class: "gold" }, "gold: ", element("b", {}, names(row.class_ids)))),
    element("p", { class: "text" }, row.text),
    side("Unpruned", "unpruned", row.unpruned_class_ids, row.unpruned_votes, row, names),
    side("Pruned", "pruned", row.pruned_class_ids, row.pruned_votes, row, names));
}

function side(label, kind, majority, votes, row, names) {
  const isRight = String(majority) === String(row.class_ids);
  const shown = votes.map((n, class_id) => [n, class_id]).filter(([n]) => n).sort((a, b) => b[0] - a[0]).slice(0, 4);
  const said = shown.map(([n, class_id]) => `${names([class_id])} × ${n}`).join(", ") || "none";
  const most = Math.max(0, ...majority.map((class_id) => votes[class_id]));
  const bar = element("meter", { class: kind, min: 0, max: row.num_seeds, value: most, "aria-label": `${label}: ${most} of ${plural(row.num_seeds, "vote")}` });
  return element("div", { class: "side" },
    element("span", {}, label), bar,
    element("span", {}, element("b", {}, names(majority)), isRight ? " ✓" : " ✗", element("span", { class: "unseen" }, isRight ? "right" : "wrong"), element("small", {}, ` ${said}`)));
}
