// What the page asks of the device. Every change carries the CSRF token of this session.

export const session = { mode: "login", user: "", role: "viewer", csrf: "" };
let expired = () => {};
export function whenSessionEnds(then) { expired = then; }

export class Refusal extends Error {
  constructor(status, body) {
    super(body.error || `The device answered ${status}`);
    this.status = status;
    this.hint = body.hint;
    this.code = body.code;
  }
}

async function ask(path, options, read = (response) => response.json().catch(() => ({}))) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refusal(0, { error: "The device cannot be reached", hint: "Check that it is on and in the same network." });
  }
  if (response.ok) return read(response);
  const body = await response.json().catch(() => ({}));
  if (response.status === 401 && session.mode === "session") expired();
  throw new Refusal(response.status, body);
}

export const get = (path, fields) => ask(fields ? `${path}?${new URLSearchParams(fields)}` : path, {});
export const post = (path, fields = {}) =>
  ask(path, { method: "POST", body: new URLSearchParams(fields), headers: { "X-CSRF-Token": session.csrf } });
/** A file as it is. */
export const postFile = (path, file) =>
  ask(path, { method: "POST", body: file, headers: { "X-CSRF-Token": session.csrf, "Content-Type": "application/octet-stream" } });
/** A form in one line, and a file behind it. */
export const postFormAndFile = (path, fields, file) => postFile(path, new Blob([`${new URLSearchParams(fields)}\n`, file]));
/** @return what the device answers, as a Blob */
export const download = (path, fields) =>
  ask(path, { method: "POST", body: new URLSearchParams(fields), headers: { "X-CSRF-Token": session.csrf } }, (response) => response.blob());
export const isAdmin = () => session.role === "admin";
