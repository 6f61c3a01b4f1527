// The PIEs of what is chosen, page by page: text, gold classes, votes, and what both sides say.

import { go, href } from "./address.js";
import { element, here, put } from "./element.js";
import { tools } from "./figure.js";
import { plural } from "./numbers.js";

const PAGE = 20;
const MOST_VOTED = 4;

const form = document.getElementById("sifting");
const sift = () => go(href({ text: form.elements.text.value.trim(), sort: form.elements.sort.value, after: null }));
form.onsubmit = (event) => (event.preventDefault(), sift());
form.elements.sort.onchange = sift;

/** The parameters of GET /v1/pies for what is chosen: those of a bin of influence are of the training set. */
export function piesParams(base, chosen) {
  const split = chosen.bin ? "train" : chosen.split;
  return { ...base, split, class_id: chosen.class_id, bin: chosen.bin, text: chosen.text, sort: chosen.sort, limit: PAGE, after: chosen.after };
}

/** Show a page of PIEs, and say in words what it has. `nameOf(class_id)` names a class. */
export function showPies(place, title, chosen, answer, nameOf) {
  const { rows } = answer;
  form.elements.text.value = chosen.text ?? "";
  form.elements.sort.value = chosen.sort ?? "";
  const filters = [
    chosen.class_id && chip(`class ${nameOf(Number(chosen.class_id))}`, { class_id: null }),
    chosen.text && chip(`“${chosen.text}”`, { text: null }),
    chosen.bin && chip(`bin ${chosen.bin} of influence`, { bin: null }),
  ].filter(Boolean);
  put(place,
    filters.length > 0 && element("p", { class: "chips" }, "Only ", filters),
    rows.length ? element("ol", { class: "list" }, rows.map((row) => item(row, nameOf))) : element("p", { class: "missing" }, chosen.after ? "No more PIEs." : "No PIEs here."),
    (chosen.after || answer.next) && element("nav", { class: "row paging", "aria-label": "Pages of PIEs" },
      chosen.after && here(href({ after: null, example: null }), { "data-to": "pies" }, "First page"),
      answer.next && here(href({ after: answer.next, example: null }), { "data-to": "pies", rel: "next" }, "Next page")),
    tools(title, [answer]));
  return `${plural(rows.length, "PIE")}${answer.next ? " of more" : ""}: ${title}`;
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

const chip = (text, without) => here(href({ ...without, after: null }), { class: "chip", "aria-label": `${text}: take this filter away` }, text, " ✕");

function item(row, nameOf) {
  return element("li", {},
    element("div", { class: "row" },
      here(href({ example: `${row.split}/${row.example_id}` }), { id: `pies-${row.split}/${row.example_id}` }, `Example ${row.example_id}`),
      element("span", {}, "gold: ", element("b", {}, row.class_ids.map(nameOf).join(", ") || "no class"))),
    element("p", { class: "text" }, row.text),
    side("Unpruned", row.unpruned_class_ids, row.unpruned_votes, row, nameOf),
    side("Pruned", row.pruned_class_ids, row.pruned_votes, row, nameOf));
}

/** What one side says: its votes, those for its majority label in bold. */
function side(label, majority, votes, row, nameOf) {
  const isRight = String(majority) === String(row.class_ids);
  const voted = votes.map((n, id) => ({ n, id })).filter(({ n }) => n).sort((a, b) => b.n - a.n).slice(0, Math.max(MOST_VOTED, majority.length));
  const most = Math.max(0, ...majority.map((id) => votes[id]));
  const bar = element("meter", { class: label.toLowerCase(), min: 0, max: row.num_seeds, value: most, "aria-label": `${label}: ${most} of ${plural(row.num_seeds, "vote")}` });
  return element("div", { class: "side" }, element("span", {}, label), bar,
    element("span", { class: "votes" }, element("span", { role: "img", "aria-label": isRight ? "right" : "wrong" }, isRight ? "✓" : "✗"),
      !majority.length && element("b", {}, "no class"),
      voted.map(({ n, id }) => element(majority.includes(id) ? "b" : "small", {}, `${nameOf(id)} × ${n}`))));
}
