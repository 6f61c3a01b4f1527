// One example with its whole history: what each variant predicts, EL2N over the epochs, influence, readability.

import { current, go, href } from "./address.js";
import { complaint, element, put, scrolling, table } from "./element.js";
import { showFigure, showInstead } from "./figure.js";
import { count, decimal, inWords, mean, plural, sparsityName } from "./numbers.js";
import { ask } from "./service.js";

const dialog = document.getElementById("example");
const [known, el2n] = [document.getElementById("known"), document.getElementById("el2n")];
dialog.addEventListener("close", () => {
  const opener = `pies-${dialog.dataset.named}`;
  if (current().example) go(href({ example: null }));
  // The list was shown anew behind the dialog: the link that it was opened from is another element now.
  document.getElementById(opener)?.focus({ preventScroll: true });
});

/** Open the example that the address names in the dialog, or close it when it names none. */
export async function showExample(chosen, signal) {
  const named = chosen.example;
  if (!named) return dialog.open && dialog.close();
  const [split, number] = named.split("/");
  const path = ["/v1/examples", chosen.dataset, split, number].map((part, place) => (place ? encodeURIComponent(part) : part)).join("/");
  dialog.dataset.named = named;
  put(document.getElementById("example-title"), `Example ${number}`, element("small", {}, `${chosen.dataset}, ${split} set`));
  put(known, element("p", { class: "note" }, "Loading …"));
  el2n.hidden = true;
  if (!dialog.open) dialog.showModal();
  try {
    const answer = await ask(path, {}, signal);
    const example = answer.rows;
    const isCompared = (row) => !chosen.recipe || row.recipe_id === chosen.recipe;
    showKnown(example, example.variants.filter(isCompared), example.influence.find(isCompared)?.influence);
    showTrajectory(example.el2n.filter(isCompared), { ...answer, path: "/v1/examples/{dataset}/{split}/{example_id}", params: {}, name: `example-${number}` });
  } catch (problem) {
    if (problem.name !== "AbortError") put(known, complaint(problem));
  }
}

function showKnown(example, variants, influence) {
  const facts = (pairs) => element("dl", { class: "facts" }, pairs.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))));
  put(known,
    facts([["Gold", example.class_ids.map((id) => example.class_names[id]).join(", ") || "no class"], ["Tokens", count(example.num_tokens)], ["Influence", decimal(influence)]]),
    element("blockquote", { tabindex: 0, "aria-label": "Text" }, example.text),
    element("h3", {}, "What the seeds of each variant predict"),
    variants.length ? votes(variants, example.class_names) : element("p", { class: "missing" }, "No run has predicted this example yet."),
    element("h3", {}, "Readability"),
    facts(Object.entries(example.readability).map(([measure, score]) => [inWords(measure), decimal(score, 2)])));
}

/** The majority label of each variant and its votes, beside that of the unpruned one. */
function votes(variants, names) {
  const unpruned = variants.find((variant) => variant.pruner === "none");
  const sparsities = [...new Set(variants.filter((v) => v.sparsity > 0).map((v) => v.sparsity))].sort((a, b) => a - b);
  const said = (variant) => {
    if (!variant) return null;
    const differs = unpruned && String(variant.class_ids) !== String(unpruned.class_ids);
    const labels = variant.class_ids.map((id) => element("span", {}, element("b", {}, names[id]), element("small", {}, ` ${variant.votes[id]}/${variant.num_seeds}`)));
    return element("span", { class: differs ? "votes differs" : "votes" },
      differs && element("span", { role: "img", "aria-label": "differs:" }, "≠"), labels.length ? labels : element("b", {}, "no class"));
  };
  const columns = [
    { label: "Pruner", head: true, cell: (pruner) => pruner },
    ...sparsities.map((s) => ({ label: sparsityName(s), text: true, cell: (pruner) => said(variants.find((v) => v.pruner === pruner && v.sparsity === s)) })),
  ];
  return element("div", {},
    element("div", { class: "row" }, "Unpruned:", said(unpruned) ?? "no runs yet"),
    scrolling("Predictions by pruner and sparsity",
      table("Majority label and its votes, by pruner and sparsity", columns, [...new Set(variants.map((v) => v.pruner))].filter((p) => p !== "none"))));
}

function showTrajectory(runs, call) {
  const unpruned = runs.filter((run) => run.pruner === "none");
  const epochs = unpruned[0]?.epochs ?? [];
  const means = epochs.map((_, i) => mean(unpruned.map((run) => run.el2n[i]).filter((value) => value !== undefined)));
  const line = (x, y, name, color, more) => ({ type: "scatter", mode: "lines+markers", x, y, line: { color, width: 1 }, hovertemplate: `${name}: %{y:.3f}<extra></extra>`, ...more });
  const place = el2n.querySelector(".body");
  el2n.hidden = false;
  if (!epochs.length) showInstead(place);
  showFigure(place, "EL2N over the epochs", {
    note: epochs.length ? `${plural(unpruned.length, "unpruned run")}, and their mean: 0 is certain and right.` : null,
    shown: epochs.length ? null : element("p", { class: "missing" }, "EL2N is recorded of training examples, in unpruned runs."),
    summary: epochs.map((epoch, i) => `epoch ${epoch}: ${decimal(means[i])}`).join("; "),
    columns: [{ label: "Epoch", head: true, cell: ([epoch]) => String(epoch) }, { label: "Mean EL2N", cell: ([, value]) => decimal(value) }],
    rows: epochs.map((epoch, i) => [epoch, means[i]]),
    describe: (c) => ({
      data: [
        ...unpruned.map((run) => line(run.epochs, run.el2n, `seed ${run.seed}`, c.muted, { marker: { size: 3 }, opacity: 0.45 })),
        line(epochs, means, "mean", c.all, { line: { color: c.all, width: 2.5 } }),
      ],
      layout: { showlegend: false, xaxis: { title: { text: "epoch" }, tickvals: epochs.length < 20 ? epochs : null }, yaxis: { title: { text: "EL2N" }, rangemode: "tozero" } },
    }),
  }, [call]);
}
