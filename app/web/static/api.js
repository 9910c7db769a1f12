// The public API, called like any client does; the browser adds the credentials that it has.

export async function predict(url, rows, { explain = false, interval = false, signal } = {}) {
  const query = [explain && "explain=true", interval && "interval=true"].filter(Boolean).join("&");
  const response = await fetch(`${url}/predict${query && `?${query}`}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(rows),
    signal,
  });
  return { ok: response.ok, body: await response.json() };
}
