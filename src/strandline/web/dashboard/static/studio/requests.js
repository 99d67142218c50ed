// Requests of "Draw and see"; the token stays in its field in this page.
const base = `/api/v1/runs/${document.body.dataset.run}`;

export async function ask(path, { method = "GET", body } = {}) {
  const headers = {};
  if (body) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers.Authorization = `Bearer ${document.getElementById("studio-token").value.trim() || "-"}`;
  const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const result = await answer.json().catch(() => ({}));
  if (answer.ok) return result;
  const { detail = answer.statusText } = result;
  throw new Error(typeof detail === "string" ? detail : detail.map((each) => `${each.loc.slice(1).join(".")}: ${each.msg}`).join("; "));
}
