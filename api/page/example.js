// One example with its whole history: what each variant predicts, EL2N over the epochs, influence, readability.

import { current, go, href } from "./address.js";
import { element, table } from "./element.js";
import { showFigure, tools } from "./figure.js";
import { count, decimal, inWords, mean, plural, sparsityName } from "./numbers.js";
import { ask } from "./service.js";

/** Open the example that the address names in the dialog, or close it when it names none. */
export async function showExample(dialog, chosen, signal) {
  const named = chosen.example;
  if (!named) return dialog.open && dialog.close();
  dialog.onclose = () => {
    if (current().example) go(href({ example: null }));
    // The list was shown anew behind the dialog: the link that it was opened from is another element now.
    document.getElementById(`pies-${named}`)?.focus({ preventScroll: true });
  };
  const [split, number] = named.split("/");
  const path = `/v1/examples/${encodeURIComponent(chosen.dataset)}/${encodeURIComponent(split)}/${encodeURIComponent(number)}`;
  const title = element("h2", { id: "example-title" }, `Example ${number}`, element("small", {}, `${chosen.dataset}, ${split} set`));
  const close = element("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const body = element("div", { class: "history", "aria-busy": "true" }, element("p", {}, "Loading …"));
  dialog.replaceChildren(element("header", { class: "row" }, title, close), body);
  if (!dialog.open) dialog.showModal();
  try {
    const answer = await ask(path, {}, signal);
    fill(body, answer.rows, chosen, { ...answer, path: "/v1/examples/{dataset}/{split}/{example_id}", params: {}, name: `example-${number}` });
  } catch (problem) {
    if (problem.name !== "AbortError") body.replaceChildren(element("p", { class: "problem", role: "alert" }, problem.message));
  }
  body.removeAttribute("aria-busy");
}

function fill(body, example, chosen, call) {
  const names = (ids) => ids.map((id) => example.class_names[id]).join(", ") || "no class";
  const own = example.variants.filter((v) => !chosen.recipe || v.recipe_id === chosen.recipe);
  const runs = example.el2n.filter((run) => run.pruner === "none" && (!chosen.recipe || run.recipe_id === chosen.recipe));
  const influence = example.influence.find((i) => i.recipe_id === chosen.recipe)?.influence;
  const trajectory = element("section", { id: "el2n", class: "figure", "aria-labelledby": "el2n-title" });
  body.replaceChildren(
    element("dl", { class: "facts" },
      [["Gold", names(example.class_ids)], ["Tokens", count(example.num_tokens)], ["Influence", influence === undefined ? "–" : decimal(influence)]]
        .map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value)))),
    element("blockquote", { tabindex: 0, "aria-label": "Text" }, example.text),
    element("h3", {}, "What the seeds of each variant predict"),
    own.length ? votes(own, example, names) : element("p", { class: "missing" }, "No run has predicted this example yet."),
    trajectory,
    element("h3", {}, "Readability"),
    table("Readability", [{ label: "Measure", head: true, cell: ([measure]) => inWords(measure) }, { label: "Score", cell: ([, score]) => decimal(score, 2) }],
      Object.entries(example.readability)),
    tools("Example", [call]));
  if (runs.length) showTrajectory(trajectory, runs, call);
  else trajectory.replaceChildren(element("h3", { id: "el2n-title" }, "EL2N over the epochs"),
    element("p", { class: "missing" }, "EL2N is recorded of training examples, in unpruned runs."));
}

/** The majority label by the votes (protocol: the lowest class on a tie; multi-label: more than half of the seeds). */
function majority(variant, isMultiLabel) {
  if (isMultiLabel) return variant.votes.flatMap((n, id) => (2 * n > variant.num_seeds ? [id] : []));
  return [variant.votes.indexOf(Math.max(...variant.votes))];
}

function votes(variants, example, names) {
  const isMultiLabel = variants.some((v) => v.votes.reduce((a, b) => a + b, 0) !== v.num_seeds);
  const unpruned = variants.find((v) => v.pruner === "none");
  const before = unpruned && String(majority(unpruned, isMultiLabel));
  const sparsities = [...new Set(variants.filter((v) => v.sparsity > 0).map((v) => v.sparsity))].sort((a, b) => a - b);
  const said = (variant) => {
    if (!variant) return null;
    const label = majority(variant, isMultiLabel);
    const most = Math.max(0, ...label.map((id) => variant.votes[id]));
    const isPie = before !== undefined && String(label) !== before;
    return element("span", { class: isPie ? "differs" : null }, element("b", {}, names(label)),
      element("small", {}, ` ${isMultiLabel ? plural(variant.num_seeds, "seed") : `${most}/${variant.num_seeds}`}`), isPie && element("small", {}, " differs"));
  };
  const columns = [
    { label: "Pruner", head: true, cell: (pruner) => pruner },
    ...sparsities.map((s) => ({ label: sparsityName(s), text: true, cell: (pruner) => said(variants.find((v) => v.pruner === pruner && v.sparsity === s)) })),
  ];
  return element("div", {}, element("p", {}, "Unpruned: ", unpruned ? said(unpruned) : "no runs yet"),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Predictions by pruner and sparsity" },
      table("Majority label and its votes, by pruner and sparsity", columns, [...new Set(variants.map((v) => v.pruner))].filter((p) => p !== "none"))));
}

function showTrajectory(section, runs, call) {
  const epochs = runs[0].epochs;
  const means = epochs.map((_, i) => mean(runs.map((run) => run.el2n[i]).filter((value) => value !== undefined)));
  showFigure(section, {
    title: "EL2N over the epochs",
    note: `${plural(runs.length, "unpruned run")}, and their mean: 0 is certain and right.`,
    summary: epochs.map((epoch, i) => `epoch ${epoch}: ${decimal(means[i])}`).join("; "),
    columns: [{ label: "Epoch", head: true, cell: ([epoch]) => String(epoch) }, { label: "Mean EL2N", cell: ([, value]) => decimal(value) }],
    rows: epochs.map((epoch, i) => [epoch, means[i]]),
    describe: (c) => ({
      data: [
        ...runs.map((run) => ({ type: "scatter", mode: "lines+markers", x: run.epochs, y: run.el2n, line: { color: c.muted, width: 1 }, marker: { size: 3 }, opacity: 0.45, showlegend: false, hovertemplate: `seed ${run.seed}: %{y:.3f}<extra></extra>` })),
        { type: "scatter", mode: "lines+markers", name: "mean", x: epochs, y: means, line: { color: c.all, width: 2.5 }, hovertemplate: "mean %{y:.3f}<extra></extra>", showlegend: false },
      ],
      layout: { xaxis: { title: { text: "epoch" }, dtick: epochs.length < 20 ? 1 : null }, yaxis: { title: { text: "EL2N" }, rangemode: "tozero" } },
    }),
    calls: [call],
  });
}
