// Numbers and names, as they are written everywhere on the page.

/** Thousands are set apart by commas; Intl would do it too, but takes 50 ms to begin. */
export const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
export const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(digits)} %`);
export const decimal = (x, digits = 3) => (x === null || x === undefined ? "–" : x.toFixed(digits));
/** A sparsity: 0.9 is written 90 %. */
export const sparsityName = (sparsity) => `${+(100 * sparsity).toFixed(2)} %`;
export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
const NAMES = {
  automated_readability_index: "Automated readability", coleman_liau_index: "Coleman-Liau", flesch_kincaid_grade: "Flesch-Kincaid",
  linsear_write_formula: "Linsear Write", gunning_fog: "Gunning Fog", dale_chall_readability_score: "Dale-Chall", num_tokens: "Number of tokens",
  accuracy_on_pies: "Accuracy on PIEs",
};
/** A measure or question as it is written: `difficult_words` is Difficult words. */
export const inWords = (name) => NAMES[name.replaceAll("-", "_")] ?? (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll(/[_-]/g, " ");
export const metricName = (metric) => (metric === "f1_macro" ? "macro F1" : "accuracy");
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** An interval, with its ends written as numbers are. */
export const span = (low, high, write = decimal) => (low === null || low === undefined ? "–" : `${write(low)} to ${write(high)}`);
