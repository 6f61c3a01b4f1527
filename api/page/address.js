// The address holds what is shown: a view can be shared, and the back button works.

const KEYS = ["view", "dataset", "architecture", "study", "split", "pruner", "sparsity", "class_id", "bin", "text", "sort", "after", "example", "as_of", "sql"];
const listeners = [];
let told = location.search;

/** What the address says, by key; all values are text. */
export function current() {
  return Object.fromEntries([...new URLSearchParams(location.search)].filter(([key]) => KEYS.includes(key)));
}

/** The address of what is shown now, but for some changes; null takes a key away. */
export function href(changes) {
  const next = { ...current(), ...changes };
  const kept = KEYS.filter((key) => next[key] !== undefined && next[key] !== null && next[key] !== "");
  return `?${new URLSearchParams(kept.map((key) => [key, next[key]]))}`;
}

/** Another variant or split: what belonged to the one before is let go of. */
export const AFRESH = { class_id: null, bin: null, after: null, example: null };

/** Go to an address within the page; `replace` leaves no step to come back to. */
export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  told = location.search;
  if (!replace) tell();
}

/** Call the listener whenever the address has changed. */
export function onChange(listener) {
  listeners.push(listener);
}

function tell() {
  told = location.search;
  for (const listener of listeners) listener();
}

// A link to a place on the page, such as those that skip to the content, changes nothing of what is shown.
addEventListener("popstate", () => location.search !== told && tell());
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-here]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href);
});
