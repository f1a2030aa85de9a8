// Reading and making elements; shared by the parts of the page.
const SVG = "http://www.w3.org/2000/svg";

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server cannot be reached. Is it running? Then load the page again.");
  }
  const body = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const error = new Error(body.detail ?? `${path} answered ${answer.status}`);
    throw Object.assign(error, { status: answer.status });
  }
  return body;
}

export const read = (path) => ask(path, { headers: { accept: "application/json" } });

export function send(method, path, body) {
  const headers = { "content-type": "application/json" };
  return ask(path, body === undefined ? { method } : { method, headers, body: JSON.stringify(body) });
}

// For what is renewed: nobody looks at a hidden tab, and who comes back sees the newest at once.
export async function seenAfter(wait) {
  await new Promise((over) => { setTimeout(over, wait); });
  if (document.hidden) {
    await new Promise((over) => { document.addEventListener("visibilitychange", over, { once: true }); });
  }
}

export function put(id, text) {
  document.getElementById(id).textContent = text;
}

// What is wrong, and what to do next: a refusal of sign-in will not pass by asking again.
export function failed(id, error) {
  const place = document.getElementById(id);
  const again = make("button", { type: "button" }, "Load again");
  again.addEventListener("click", () => location.reload());
  place.replaceChildren(`Could not be read: ${error.message} `, ...(error.status === 401 ? [] : [again]));
  place.classList.add("failed");
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function table(columns, rows) {
  const kind = (column) => (column.numeric ? { class: "num" } : {});
  const head = make("tr", {}, ...columns.map((c) => make("th", { scope: "col", ...kind(c) }, c.title)));
  const cells = (row) => columns.map((column) => {
    const kinds = [column.numeric ? "num" : "", column.wraps ? "wraps" : "", column.tone ? column.tone(row) : ""];
    return make("td", { class: kinds.filter(Boolean).join(" ") }, column.text(row));
  });
  const body = rows.map((row) => make("tr", {}, ...cells(row)));
  return make("div", { class: "scroll" },
    make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
}

export function day(text) {
  return new Intl.DateTimeFormat("en", { dateStyle: "medium", timeZone: "UTC" })
    .format(new Date(`${text.slice(0, 10)}T00:00:00Z`));
}

export function newYork(text) {
  return new Intl.DateTimeFormat("en", {
    month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    timeZone: "America/New_York",
  }).format(new Date(text));
}

export const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;

export function money(text, currency = "USD") {
  return new Intl.NumberFormat("en", {
    style: "currency", currency, signDisplay: "negative", maximumFractionDigits: 2,
  }).format(Number(text));
}

export const tone = (text) => (Number(text) > 0 ? "gain" : Number(text) < 0 ? "loss" : "");
