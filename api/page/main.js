// The page: reads the address, asks the service, shows the answers.

import { showAccuracy, showHeadline } from "./accuracy.js";
import { current, go, href, onChange } from "./address.js";
import { offered, settle, settleVariant, showChoices, showProgress } from "./choices.js";
import { showClasses } from "./classes.js";
import { announce, here } from "./element.js";
import { showExample } from "./example.js";
import { showAbsence, showProblem } from "./figure.js";
import { showInfluence } from "./influence.js";
import { showMatrix, titleOf } from "./matrix.js";
import { sparsityName } from "./numbers.js";
import { piesParams, piesStandBeside, showPies, visitPies } from "./pies.js";
import { drawSeen } from "./plot.js";
import { showReadability } from "./readability.js";
import { ask } from "./service.js";
import { showSql } from "./sql.js";
import { showForget } from "./token.js";

const at = (id) => document.getElementById(id);
const hasSql = document.documentElement.dataset.sql === "on";
let controller = new AbortController();

async function show() {
  controller.abort();
  controller = new AbortController();
  const { signal } = controller;
  const isSql = current().view === "sql" && hasSql;
  at("explore").hidden = isSql;
  at("sql").hidden = !isSql;
  for (const link of document.querySelectorAll("nav a[data-view]")) {
    link.hidden = link.dataset.view === "sql" && !hasSql;
    link.toggleAttribute("aria-current", (link.dataset.view === "sql") === isSql);
  }
  document.body.setAttribute("aria-busy", "true");
  try {
    await (isSql ? showSql(at("sql"), signal) : explore(signal));
  } catch (problem) {
    if (problem.name === "AbortError") return;
    say(problem.message, "problem");
  }
  if (!signal.aborted) document.body.removeAttribute("aria-busy");
}

/** Say in place of the figures what is missing, or wrong. */
function say(text, kind = "missing") {
  at("missing").hidden = !text;
  at("missing").className = kind;
  at("missing").textContent = text ?? "";
  at("columns").hidden = Boolean(text);
}

async function explore(signal) {
  const offer = await offered(signal);
  const settled = settle(current(), offer);
  if (!offer.datasets.length) {
    showChoices(at("choices"), settled, offer, []);
    return say("The warehouse is empty: put a dataset into it with `pie data add`, then train a study with `pie train`, or walk the whole path with `pie quickstart`.");
  }
  const { dataset, architecture, study, split } = settled;
  const base = { dataset, architecture, study, split };
  const answer = await ask("/v1/pie-rate", base, signal);
  const rates = answer.rows.filter((row) => !settled.recipe || row.recipe_id === settled.recipe);
  const chosen = settleVariant(settled, rates);
  showChoices(at("choices"), chosen, offer, rates);
  showProgress(at("progress"), settled);
  if (!rates.length) return say(nothingYet(chosen));
  say(null);
  go(href({ dataset, architecture, study, split, pruner: chosen.pruner, sparsity: chosen.sparsity }), { replace: true });
  document.title = `${chosen.pruner} at ${sparsityName(chosen.sparsity)}, ${dataset}, ${architecture} – PIE store`;
  await showPanels(chosen, rates, base, answer, signal);
}

function nothingYet(chosen) {
  const published = chosen.comparable.reduce((sum, study) => sum + study.num_published, 0);
  if (!published) return `No run of ${chosen.dataset}${chosen.architecture ? ` with ${chosen.architecture}` : ""} is published yet: train a study of it with \`pie train\`.`;
  return `No pruned and unpruned runs of one seed have predictions of the ${chosen.split} set yet: the rates appear when both sides of a variant are published.`;
}

/** Show every panel, each in its turn from above, so that nothing that is seen is pushed down; what is asked is asked at once. */
async function showPanels(chosen, rates, base, answered, signal) {
  const variant = { ...base, pruner: chosen.pruner, sparsity: chosen.sparsity };
  const { split, ...training } = variant;
  const own = rates.find((row) => row.pruner === chosen.pruner && row.sparsity === chosen.sparsity);
  const answer = async (question, params) => named(question, params, chosen, await ask(`/v1/${question}`, params, signal));
  const all = answer("accuracy", { ...base, pruner: [chosen.pruner, "none"] });
  const onPies = answer("accuracy-on-pies", { ...variant, sparsity: null });
  const classes = answer("class-distribution", variant);
  const influence = answer("influence", training);
  const readability = answer("readability", { ...base, pruner: [chosen.pruner, "mean"], sparsity: chosen.sparsity });
  const pies = answer("pies", piesParams(variant, chosen));
  const rateInterval = answer("pie-rate-interval", variant);
  rateInterval.catch(() => {});
  const readabilityInterval = answer("readability-interval", variant);
  const turns = { figures: Promise.resolve(), pies: Promise.resolve() };
  const isBeside = piesStandBeside();
  const panel = (id, title, answers, fill) => {
    const turn = id === "pies" && isBeside ? "pies" : "figures";
    for (const expected of answers) expected.catch(() => {});
    at(id).setAttribute("aria-busy", "true");
    turns[turn] = turns[turn].then(() => fillPanel(at(id), title, answers, fill));
  };
  let certainty;
  panel("headline", "In short", [onPies], (section, { rows }) => {
    certainty = showHeadline(section, chosen, own, rows.find((row) => row.sparsity === chosen.sparsity), rateInterval);
  });
  panel("matrix", titleOf(chosen), [], (section) => showMatrix(section, chosen, rates, named("pie-rate", base, chosen, answered)));
  panel("accuracy", "Accuracy on all examples and on PIEs", [all, onPies], (section, a, b) => b.rows.length && showAccuracy(section, chosen, a.rows, b.rows, [a, b]));
  panel("classes", "Classes of the PIEs", [classes], (section, a) => a.rows.length && showClasses(section, chosen, a.rows, [a]));
  panel("influence", "PIE rate by influence", [influence], (section, a) => a.rows.length && showInfluence(section, chosen, a.rows, [a]));
  panel("readability", "Readability of PIEs", [readability, readabilityInterval], (section, a, b) => a.rows.length && showReadability(section, chosen, a.rows, b.rows, [a, b]));
  panel("pies", "PIEs", [pies, classes], (section, a, b) => {
    const names = new Map(b.rows.map((row) => [row.class_id, row.class_name]));
    announce(showPies(section, chosen, a, (id) => names.get(id) ?? `class ${id}`));
    return true;
  });
  await Promise.all([turns.figures, turns.pies, showExample(at("example"), chosen, signal)]);
  await certainty;
  await drawSeen();
}

/** Fill a section when its answers are there; say why where there is nothing to show. */
async function fillPanel(section, title, answers, fill) {
  try {
    const shown = fill(section, ...(await Promise.all(answers)));
    if (shown === 0) showAbsence(section, title, "Nothing is known of this yet: it appears when both sides of a variant have published what it needs.");
  } catch (problem) {
    if (problem.name === "AbortError") return;
    showProblem(section, title, problem);
  }
  section.removeAttribute("aria-busy");
}

/** An answer's rows of the chosen recipe, with the parameters that its SQL takes and a name for its file. */
function named(question, params, chosen, answer) {
  const rows = answer.rows.filter((row) => !chosen.recipe || row.recipe_id === chosen.recipe);
  const name = [question, ...["dataset", "architecture", "pruner", "sparsity"].map((key) => params[key])].filter((part) => part && !Array.isArray(part)).join("-");
  return { ...answer, rows, path: `/v1/${question}`, params: asLists(params), name };
}

/** Filters as the SQL takes them: lists, or null for none. */
const asLists = (params) => Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => [name, name === "limit" ? value : [value].flat()]));

document.addEventListener("snapshot", (event) => {
  const isOld = Boolean(current().as_of);
  const link = isOld ? here(href({ as_of: null }), {}, "show the newest") : here(href({ as_of: event.detail }), {}, "stay with it");
  at("snapshot").replaceChildren(`Snapshot ${event.detail} (`, link, ")");
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-to=pies]")) visitPies();
});
onChange(show);
showForget();
show();
