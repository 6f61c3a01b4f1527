// What may be chosen, what is chosen, and how far the studies are.

import { AFRESH, go, href } from "./address.js";
import { element, put } from "./element.js";
import { count, plural, sparsityName } from "./numbers.js";
import { ask } from "./service.js";

const form = document.getElementById("choices");
const RELEASED = { dataset: { architecture: null, study: null }, architecture: { study: null } };
form.onchange = ({ target: { name, value } }) => go(href({ ...AFRESH, ...RELEASED[name], [name]: value }));

/** Datasets and studies of the warehouse. */
export async function offered(signal) {
  const [datasets, studies] = await Promise.all([ask("/v1/datasets", {}, signal), ask("/v1/studies", {}, signal)]);
  return { datasets: datasets.rows, studies: studies.rows };
}

/** What the address says, and where it says nothing, what has most runs. */
export function settle(at, { datasets, studies }) {
  const most = (rows) => rows.reduce((best, row) => (!best || row.num_published > best.num_published ? row : best), null);
  const first = studies.find((study) => study.num_published) ?? studies[0];
  const dataset = at.dataset ?? first?.dataset ?? datasets[0]?.dataset;
  const ofDataset = studies.filter((study) => study.dataset === dataset);
  const architecture = at.architecture ?? most(ofDataset)?.architecture;
  const comparable = ofDataset.filter((study) => study.architecture === architecture);
  const several = new Set(comparable.map((study) => study.recipe_id)).size > 1;
  const study = at.study ?? (several ? most(comparable).study : undefined);
  const recipe = comparable.find((row) => !study || row.study === study)?.recipe_id;
  const described = datasets.find((row) => row.dataset === dataset);
  return { ...at, dataset, architecture, study, recipe, described, comparable, split: at.split ?? "test" };
}

/** The pruner and sparsity that the address says, or else those of the paper's first example, or the last there are. */
export function settleVariant(chosen, rates) {
  const pruner = chosen.pruner ?? (rates.find((row) => row.pruner === "IMP-FT") ?? rates[0])?.pruner;
  const own = rates.filter((row) => row.pruner === pruner);
  const sparsity = chosen.sparsity ?? (own.find((row) => row.sparsity === 0.9) ?? own.at(-1))?.sparsity;
  return { ...chosen, pruner, sparsity: sparsity === undefined ? undefined : Number(sparsity) };
}

/** Show what may be chosen, and what is. */
export function showChoices(chosen, { datasets, studies }, rates) {
  const splits = ["test", "validation", "train"].filter((split) => !chosen.described || chosen.described[`num_${split}`]);
  offer("dataset", chosen, datasets.map((row) => row.dataset));
  offer("architecture", chosen, studies.filter((row) => row.dataset === chosen.dataset).map((row) => row.architecture));
  offer("study", chosen, chosen.study ? chosen.comparable.map((row) => row.study) : []);
  form.elements.study.parentNode.hidden = !chosen.study;
  offer("split", chosen, splits);
  offer("pruner", chosen, rates.map((row) => row.pruner));
  offer("sparsity", chosen, rates.map((row) => row.sparsity).sort((a, b) => a - b), sparsityName);
}

/** The values of a choice; what the address says is among them, whether there is such a thing or not. */
function offer(name, chosen, values, written = String) {
  const all = [...new Set([...values, chosen[name]])].filter((value) => value !== undefined);
  const field = form.elements[name];
  put(field, all.map((value) => element("option", { value, selected: value === chosen[name] }, written(value))));
  field.disabled = !all.length;
}

/** Say how far the chosen studies are. */
export function showProgress(box, chosen) {
  put(box, chosen.comparable.map((study) => {
    const left = study.num_runs - study.num_published - study.num_failed;
    const rest = [study.num_failed && `, ${count(study.num_failed)} failed`, left > 0 && `, ${count(left)} to come`].filter(Boolean);
    const bar = element("progress", { value: study.num_published, max: study.num_runs || 1, "aria-label": `Progress of ${study.study}` });
    return element("span", { class: rest.length ? "unfinished" : null }, bar,
      `${study.study}: ${count(study.num_published)} of ${plural(study.num_runs, "run")} published`, rest);
  }));
}
