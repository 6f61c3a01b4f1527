// The service's answers: rows of a question, with the call that got them.

import { current } from "./address.js";
import { askToken, token } from "./token.js";

/** What the service would not do: its problem document's sentence, and the status. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The path and query of a call. Null parameters are left out; arrays are repeated. */
export function callOf(path, params = {}) {
  const all = Object.entries({ ...params, as_of: current().as_of });
  const given = all.flatMap(([name, value]) => [value].flat().filter((v) => v !== null && v !== undefined).map((v) => [name, v]));
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** The rows that a call gives, where the next page begins (null on the last), and the call. */
export async function ask(path, params, signal) {
  const call = callOf(path, params);
  const answer = await send(call, { signal });
  return { rows: await answer.json(), call, next: nextOf(answer), snapshot: answer.headers.get("Warehouse-Snapshot") };
}

/** A response that is good. Raises Problem; asks for a token when one is needed. */
export async function send(call, { signal, body, accept = "application/json" } = {}) {
  const headers = { Accept: accept };
  if (body) headers["Content-Type"] = "application/json";
  const used = token();
  if (used) headers.Authorization = `Bearer ${used}`;
  let answer;
  try {
    answer = await fetch(call, { method: body ? "POST" : "GET", headers, signal, body: body && JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer; check that it runs, then reload the page.");
  }
  if (answer.ok) {
    const snapshot = answer.headers.get("Warehouse-Snapshot");
    if (snapshot) document.dispatchEvent(new CustomEvent("snapshot", { detail: snapshot }));
    return answer;
  }
  const problem = new Problem(answer.status, (await answer.json().catch(() => ({}))).detail ?? `The service answered ${answer.status}.`);
  if (answer.status === 401 && (await askToken(used, problem.message))) return send(call, { signal, body, accept });
  throw problem;
}

/** Save what a call gives as a file. */
export async function save(call, name, options) {
  const answer = await send(call, { accept: "text/csv", ...options });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

let asked;
/** The question behind an endpoint, with its SQL; they are asked for once. */
export async function questionAt(path) {
  asked ??= ask("/v1/questions", {}).catch((error) => {
    asked = undefined;
    throw error;
  });
  return (await asked).rows.find((question) => question.path === path);
}

function nextOf(answer) {
  const link = /<([^>]+)>; rel="next"/.exec(answer.headers.get("Link") ?? "");
  return link && new URL(link[1], location.href).searchParams.get("after");
}
