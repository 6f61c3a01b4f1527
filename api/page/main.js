// The page: reads the address, asks the service, shows the answers.

import { accuracyFigure, showHeadline } from "./accuracy.js";
import { current, go, href, onChange } from "./address.js";
import { classFigure, influenceFigure } from "./bars.js";
import { offered, settle, settleVariant, showChoices, showProgress } from "./choices.js";
import { announce, complaint, element, here, put } from "./element.js";
import { showExample } from "./example.js";
import { showFigure, showInstead } from "./figure.js";
import { matrixFigure } from "./matrix.js";
import { metricName, sparsityName } from "./numbers.js";
import { piesParams, piesStandBeside, showPies, visitPies } from "./pies.js";
import { drawSeen } from "./plot.js";
import { readabilityFigure } from "./readability.js";
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
    await (isSql ? showSql(signal) : explore(signal));
  } catch (problem) {
    if (problem.name === "AbortError") return;
    say(complaint(problem));
  }
  if (!signal.aborted) document.body.removeAttribute("aria-busy");
}

/** Say in place of the figures what is missing, or wrong. */
function say(said) {
  put(at("missing"), said);
  at("columns").hidden = Boolean(said);
}

/** A sentence, with what is to be typed as such. */
const advice = (text) => element("p", { class: "missing" }, text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part)));

async function explore(signal) {
  const offer = await offered(signal);
  at("choices").hidden = !offer.datasets.length;
  if (!offer.datasets.length) {
    return say(advice("The warehouse is empty: put a dataset into it with `pie data add`, then train a study with `pie train`, or walk the whole path with `pie quickstart`."));
  }
  const settled = settle(current(), offer);
  const { dataset, architecture, study, split } = settled;
  const base = { dataset, architecture, study, split };
  showProgress(at("progress"), settled);
  const answer = await ask("/v1/pie-rate", base, signal).catch((problem) => {
    // What is there can be chosen in place of what is not.
    if (problem.name !== "AbortError") showChoices(settled, offer, []);
    throw problem;
  });
  const rates = named("pie-rate", base, settled, answer);
  const chosen = settleVariant(settled, rates.rows);
  showChoices(chosen, offer, rates.rows);
  if (!rates.rows.length) return say(advice(nothingYet(chosen)));
  say(null);
  go(href({ ...base, pruner: chosen.pruner, sparsity: chosen.sparsity }), { replace: true });
  document.title = `${chosen.pruner} at ${sparsityName(chosen.sparsity)}, ${dataset}, ${architecture} – PIE store`;
  await showPanels(chosen, rates, base, signal);
}

function nothingYet(chosen) {
  if (chosen.comparable.every((study) => !study.num_published)) {
    return `No run of ${chosen.dataset}${chosen.architecture ? ` with ${chosen.architecture}` : ""} is published yet: train a study of it with \`pie train\`.`;
  }
  return `No pruned and unpruned runs of one seed have predictions of the ${chosen.split} set yet: the rates appear when both sides of a variant are published.`;
}

/** Show every panel, each in its turn from above, so that nothing that is seen is pushed down; what is asked is asked at once. */
async function showPanels(chosen, rates, base, signal) {
  const { pruner, sparsity } = chosen;
  const variant = { ...base, pruner, sparsity };
  const ofVariant = (rows) => rows.find((row) => row.pruner === pruner && row.sparsity === sparsity);
  const answer = (question, params) => {
    const expected = ask(`/v1/${question}`, params, signal).then((given) => named(question, params, chosen, given));
    expected.catch(() => {});
    return expected;
  };
  const all = answer("accuracy", { ...base, pruner: [pruner, "none"] });
  const onPies = answer("accuracy-on-pies", { ...variant, sparsity: null });
  const classes = answer("class-distribution", variant);
  const influence = answer("influence", { ...variant, split: null });
  const readability = answer("readability", { ...base, pruner: [pruner, "mean"], sparsity });
  const pies = answer("pies", piesParams(variant, chosen));
  const rateInterval = answer("pie-rate-interval", variant);
  const readabilityInterval = answer("readability-interval", variant);

  const turns = { figures: Promise.resolve(), pies: Promise.resolve() };
  const isBeside = piesStandBeside();
  const panel = (id, title, answers, fill) => {
    const turn = id === "pies" && isBeside ? "pies" : "figures";
    at(id).setAttribute("aria-busy", "true");
    turns[turn] = turns[turn].then(() => fillPanel(at(id), title, answers, fill));
  };
  const figure = (id, title, answers, describe) => panel(id, title, answers, (place, ...given) => {
    const described = describe(...given.map(({ rows }) => rows));
    if (described) showFigure(place, title, described, given);
    else showInstead(place, advice("Nothing is known of this yet: it appears when both sides of a variant have published what it needs."));
  });

  const name = `${pruner} at ${sparsityName(sparsity)}`;
  const metric = metricName(chosen.described.task === "multi_label" ? "f1_macro" : "accuracy");
  let certainty;
  panel("headline", name, [onPies], (place, { rows }) => {
    certainty = showHeadline(place, ofVariant(rates.rows), ofVariant(rows), rateInterval);
  });
  figure("matrix", `PIE rate on the ${chosen.split} set`, [rates], (rows) => matrixFigure(chosen, rows));
  figure("accuracy", `${metric.charAt(0).toUpperCase()}${metric.slice(1)} of ${pruner} on all examples and on PIEs`, [all, onPies], accuracyFigure);
  figure("classes", "Classes of the PIEs", [classes], (rows) => classFigure(chosen, rows));
  figure("influence", "PIE rate by influence", [influence], (rows) => influenceFigure(chosen, rows));
  figure("readability", `Readability of PIEs at ${sparsityName(sparsity)}`, [readability, readabilityInterval], (...rows) => readabilityFigure(chosen, ...rows));
  const title = `PIEs of ${name}, ${chosen.bin ? "train" : chosen.split} set`;
  panel("pies", title, [pies, classes], (place, page, { rows }) => {
    const names = new Map(rows.map((row) => [row.class_id, row.class_name]));
    announce(showPies(place, title, chosen, page, (id) => names.get(id) ?? `class ${id}`));
  });
  await Promise.all([turns.figures, turns.pies, showExample(chosen, signal)]);
  await certainty;
  await drawSeen();
}

/** Fill a panel when its answers are there, or say what is wrong; what had the focus keeps it. */
async function fillPanel(panel, title, answers, fill) {
  const place = panel.querySelector(".body");
  const given = await Promise.all(answers).catch((problem) => problem);
  if (given.name === "AbortError") return;
  const focused = document.activeElement.id;
  panel.querySelector("h2").textContent = title;
  if (given instanceof Error) showInstead(place, complaint(given));
  else fill(place, ...given);
  if (focused && document.activeElement.id !== focused) at(focused)?.focus({ preventScroll: true });
  panel.removeAttribute("aria-busy");
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
  put(at("snapshot"), `Snapshot ${event.detail} (`, link, ")");
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-to=pies]")) visitPies();
});
onChange(show);
showForget();
show();
