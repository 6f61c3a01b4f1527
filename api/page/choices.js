// What may be chosen, what is chosen, and how far the studies are.

import { AFRESH, go, href } from "./address.js";
import { element } from "./element.js";
import { count, inWords, plural, sparsityName } from "./numbers.js";
import { ask } from "./service.js";

/** Datasets and studies of the warehouse. */
export async function offered(signal) {
  const [datasets, studies] = await Promise.all([
    ask("/v1/datasets", {}, signal),
    ask("/v1/studies", {}, signal),
  ]);
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

/** Show the choices in their form. */
export function showChoices(form, chosen, { datasets, studies }, rates) {
  const unique = (values) => [...new Set(values.filter((value) => value !== undefined))];
  const splits = ["test", "validation", "train"].filter((split) => !chosen.described || chosen.described[`num_${split}`]);
  const ofDataset = studies.filter((study) => study.dataset === chosen.dataset);
  const boxes = [
    choice("dataset", chosen.dataset, unique([...datasets.map((d) => d.dataset), chosen.dataset]), { architecture: null, study: null }),
    choice("architecture", chosen.architecture, unique([...ofDataset.map((s) => s.architecture), chosen.architecture]), { study: null }),
    chosen.study && choice("study", chosen.study, unique([...chosen.comparable.map((s) => s.study), chosen.study])),
    choice("split", chosen.split, unique([...splits, chosen.split])),
    choice("pruner", chosen.pruner, unique([...rates.map((r) => r.pruner), chosen.pruner])),
    choice("sparsity", chosen.sparsity, unique([...rates.map((r) => r.sparsity), chosen.sparsity]).sort(), {}, sparsityName),
  ];
  const focused = document.activeElement?.id;
  form.replaceChildren(...boxes.filter(Boolean));
  if (focused?.startsWith("choice-")) document.getElementById(focused)?.focus();
}

function choice(name, value, values, cleared = {}, written = String) {
  const id = `choice-${name}`;
  const options = values.map((v) => element("option", { value: v, selected: v === value }, written(v)));
  const onchange = (event) => go(href({ ...AFRESH, ...cleared, [name]: event.target.value }));
  return element("div", {}, element("label", { for: id }, inWords(name)), element("select", { id, onchange, disabled: !values.length }, options));
}

/** Say how far the chosen studies are. */
export function showProgress(box, chosen) {
  const parts = chosen.comparable.map((study) => {
    const left = study.num_runs - study.num_published - study.num_failed;
    const rest = [study.num_failed && `${count(study.num_failed)} failed`, left > 0 && `${count(left)} to come`].filter(Boolean);
    const text = `${study.study}: ${count(study.num_published)} of ${plural(study.num_runs, "run")} published${rest.map((r) => `, ${r}`).join("")}`;
    const bar = element("progress", { value: study.num_published, max: study.num_runs || 1, "aria-label": `Progress of ${study.study}` });
    return element("span", { class: left > 0 || study.num_failed ? "unfinished" : null }, bar, text);
  });
  box.replaceChildren(...parts);
}
