// The only requests of the page: its own host, no cookie, the key in the body and nowhere else.

/** What the service refused, with what it says of it; `status` 0 where it could not be reached. */
export class Failure extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.code ?? "unreachable");
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** POST a body; the members of the answer. Throws Failure. */
export function post(path, body, language) {
  return asked("POST", path, "application/json", JSON.stringify(body), language);
}

/** PUT a file; the same. */
export function put(path, file, language) {
  return asked("PUT", path, "application/octet-stream", file, language);
}

/** POST a body; the file of the answer. The same. */
export function fetched(path, body, language) {
  return asked("POST", path, "application/json", JSON.stringify(body), language, (response) => response.blob());
}

async function asked(method, path, type, body, language, read = null) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "Content-Type": type, "Accept-Language": language },
      body,
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      redirect: "error",
    });
  } catch {
    throw new Failure(0);
  }
  if (response.ok && read) return read(response).catch(() => { throw new Failure(0); });
  const members = await response.json().catch(() => ({}));
  if (response.ok) return members;
  throw new Failure(response.status, members, Number(response.headers.get("Retry-After")) || null);
}

/** A failure in one sentence. */
export function failureText({ status, problem, retryAfter }, words) {
  const { failures } = words;
  if (status === 0) return failures.network;
  if (status === 429) return failures.budget.replace("{minutes}", String(Math.max(1, Math.ceil((retryAfter ?? 60) / 60))));
  const trace = problem.trace_id ? ` (${failures.trace.replace("{trace}", problem.trace_id)})` : "";
  if (status >= 500) return failures.server + trace;
  return (problem.errors?.[0]?.detail ?? problem.detail ?? failures.server) + trace;
}
