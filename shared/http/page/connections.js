// Connections: list, history, connect by keys or by a consent, and the return that is pasted.
import { failed, make, newYork, put, read, send, table } from "./dom.js";

const element = (id) => document.getElementById(id);
const STATES = [
  { title: "Since", text: (row) => newYork(row.since) },
  { title: "Until", text: (row) => (row.until ? newYork(row.until) : "now") },
  { title: "State", text: (row) => row.state },
  { title: "Reason", wraps: true, text: (row) => row.reason },
];
const RUNS = [
  { title: "Run", numeric: true, text: (row) => String(row.run) },
  { title: "State", text: (row) => row.state },
  { title: "Rows", numeric: true, text: (row) => String(row.rows) },
  { title: "New", numeric: true, text: (row) => String(row.new) },
  { title: "Why", wraps: true, text: (row) => row.reason || row.fault },
];
const TITLES = { api_key: "keys", oauth: "a consent in the browser" };
let brokers = [];

const post = (path, body = {}) => send("POST", path, body);

function button(text, act) {
  const made = make("button", { type: "button" }, text);
  made.addEventListener("click", () => act().catch((error) => put("connections-sub", error.message)));
  return made;
}

async function showHistory(one) {
  const { health, past, runs } = await read(`/v1/connections/${one.connection_id}/history`);
  const place = element("history");
  place.replaceChildren(make("h2", {}, `History of ${one.label}`),
    table(STATES, [health, ...past.toReversed()]), table(RUNS, runs));
  place.hidden = false;
}

function card(one) {
  const path = `/v1/connections/${one.connection_id}`;
  const acts = [
    button("Sync now", async () => { await post(`${path}/sync`); put("connections-sub", `${one.label} is asked.`); }),
    button("Test", async () => {
      const { fault, accounts } = await post(`${path}/test`);
      put("connections-sub", fault ?? `${one.label} works: ${accounts.join(", ")}`);
    }),
    button("History", () => showHistory(one)),
  ];
  if (one.auth === "oauth" && brokers.find(({ broker }) => broker === one.broker)?.consent.length) {
    acts.push(button("Sign in again", async () => leave(await post(`${path}/consent`))));
  }
  const reason = one.health.reason ? `: ${one.health.reason}` : "";
  return make("div", { class: "connection" }, make("b", {}, one.label),
    make("span", { class: "sub" }, ` ${one.title} ${one.environment}: ${one.health.state}${reason}`),
    make("div", { class: "acts" }, ...acts));
}

async function drawConnections() {
  const { items } = await read("/v1/connections");
  element("connections").replaceChildren(...(items.length
    ? items.map(card) : [make("p", { class: "empty" }, "No broker is connected.")]));
  put("connections-sub", "Every connection is read each 15 minutes.");
}

const chosen = () => brokers.find(({ broker }) => broker === element("broker").value);
const fill = (id, pairs) => element(id).replaceChildren(
  ...pairs.map(([value, text]) => make("option", { value }, text)));

function drawBroker() {
  const { title, environments, keys, consent, notices } = chosen();
  fill("environment", environments.map((name) => [name, name]));
  const ways = [...(keys.length ? ["api_key"] : []), ...(consent.length ? ["oauth"] : [])];
  fill("login", ways.map((way) => [way, TITLES[way]]));
  element("notices").replaceChildren(...notices.map((notice) => make("li", {}, notice)));
  element("submit").disabled = !ways.length;
  element("label").value = title;
  drawLogin();
}

function drawLogin() {
  const byKeys = element("login").value === "api_key";
  element("fields").replaceChildren(...(byKeys ? chosen().keys : []).flatMap((name) => [
    make("label", { for: `field-${name}` }, name.replaceAll("_", " ")),
    make("input", { id: `field-${name}`, name, type: "password", required: "" }),
  ]));
}

// The state is bound to this browser by a cookie; the broker's page comes back to the callback.
const leave = ({ authorize_url }) => location.assign(authorize_url);

async function connect() {
  const asked = Object.fromEntries(["broker", "environment", "label"].map((id) => [id, element(id).value]));
  if (element("login").value === "oauth") {
    leave(await post("/v1/connections", { ...asked, auth: "oauth" }));
    return;
  }
  const inputs = [...element("fields").querySelectorAll("input")];
  const credentials = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
  await post("/v1/connections", { ...asked, auth: "api_key", credentials });
  inputs.forEach((input) => { input.value = ""; });
  put("connect-said", `${asked.label} is connected; it is read at once.`);
  await drawConnections();
}

async function finish() {
  const query = new URL(element("address").value.trim()).searchParams;
  if (!query.get("state")) throw new Error("this is not the address of a return: it has no state");
  const back = new URLSearchParams({ state: query.get("state"), code: query.get("code") ?? "" });
  location.assign(`/v1/oauth/callback?${back}`);
}

function submits(form, act, place) {
  element(form).addEventListener("submit", (event) => {
    event.preventDefault();
    act().catch((error) => put(place, error.message));
  });
}

async function draw() {
  brokers = (await read("/v1/brokers")).items;
  fill("broker", brokers.map(({ broker, title }) => [broker, title]));
  element("broker").addEventListener("change", drawBroker);
  element("login").addEventListener("change", drawLogin);
  submits("connect", connect, "connect-said");
  submits("back", finish, "back-said");
  drawBroker();
  await drawConnections();
}

draw().catch((error) => failed("connections-sub", error));
