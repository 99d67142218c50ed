// Requests of the places. Account and password stay in their fields in this page, and go with each press alone.
const base = "/api/v1/places";

function credentials() {
  const [account, password] = ["places-account", "places-password"].map((id) => document.getElementById(id).value);
  const bytes = new TextEncoder().encode(`${account.trim()}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

export class Refused extends Error {
  constructor(message, faults = []) {
    super(message);
    this.faults = faults;
  }
}

export async function ask(path = "", { method = "GET", body } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers.Authorization = credentials();
  const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const result = await answer.json().catch(() => ({}));
  if (answer.ok) return result;
  const { detail = answer.statusText, faults = [] } = result;
  throw new Refused(typeof detail === "string" ? detail : detail.map((each) => `${each.loc.slice(1).join(".")}: ${each.msg}`).join("; "), faults);
}
