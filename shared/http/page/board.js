// The board: one card an instrument, and the reasons where there is none.
import { day, draw, make, newYork, percent, put, read } from "./dom.js";
import { watchSteps } from "./steps.js";

const CLASSES = [["bear", "Bearish"], ["neutral", "Neutral"], ["bull", "Bullish"]];
const SCALE = 0.6; // the full width of a bar; the largest class of a normal day is near 45 %
const [WIDTH, LEFT, RIGHT, ROW] = [300, 58, 258, 20];

function bar([key, name], index, forecast) {
  const across = (share) => (Math.min(share, SCALE) / SCALE) * (RIGHT - LEFT);
  const [chance, base] = [forecast.probabilities[key], forecast.base_rates[key]];
  const y = 4 + index * ROW;
  return draw("g", {},
    draw("text", { x: 0, y: y + 10 }, name),
    draw("rect", { class: "track", x: LEFT, y, width: RIGHT - LEFT, height: 12, rx: 3 }),
    draw("rect", { class: key, x: LEFT, y, width: across(chance), height: 12, rx: 3 }),
    draw("rect", { class: "base", x: LEFT + across(base) - 1, y: y - 2, width: 2, height: 16 }),
    draw("text", { class: "value", x: WIDTH, y: y + 10 }, percent(chance, 1)));
}

function bars(forecast) {
  const words = CLASSES.map(([key, name]) =>
    `${name} ${percent(forecast.probabilities[key], 1)}, normal day ${percent(forecast.base_rates[key], 1)}`);
  return draw("svg", { class: "bars", viewBox: `0 0 ${WIDTH} 62`, role: "img", "aria-label": words.join("; ") },
    ...CLASSES.map((one, index) => bar(one, index, forecast)));
}

function list(title, texts) {
  if (!texts.length) return [];
  return [make("h4", {}, title), make("ul", {}, ...texts.map((text) => make("li", {}, text)))];
}

function origin(entry) {
  const source = entry.provenance;
  const words = [`Prices: ${source.proxy_label ?? source.series} (${source.source}), last bar ${newYork(source.last_bar_at)}.`];
  if (source.missing.length) words.push(`Missing: ${source.missing.join(", ")}.`);
  words.push(`Chances by the table ${entry.forecast.vintage}.`);
  words.push(`Written by ${entry.provider}; ${entry.of_record ? "the forecast of record" : "an update"} as of ${newYork(entry.as_of)}.`);
  if (entry.stale) words.push("The next answer is being written; this is the last one.");
  return make("p", { class: "origin" }, words.join(" "));
}

// Titles and addresses come from outside: text nodes only, and nothing but the web is linked.
function reference(found) {
  const title = /^https?:\/\//i.test(found.url)
    ? make("a", { href: found.url, rel: "noopener noreferrer nofollow", target: "_blank" }, found.title)
    : found.title;
  return make("li", {}, title, ` (${found.source}, ${newYork(found.published_at)})`);
}

function references(entry) {
  if (!entry.documents.length) return [];
  const title = entry.provider === "rules" ? "Texts at hand" : "Texts used or at hand";
  return [make("h4", {}, title), make("ul", {}, ...entry.documents.map(reference))];
}

const signed = (move) => `${move >= 0 ? "+" : "−"}${Math.abs(move).toFixed(2)} ATR`;

function likeIt(found) {
  if (!found) return [];
  const near = found.nearest.map((one) => `${one.session}: ${one.outcome}, ${signed(one.move)}`);
  return [
    make("h4", {}, "Past days like it"),
    make("p", {}, `After the ${found.count} most similar of ${found.searched} days since ${found.since}: ` +
      `${found.bear} bearish, ${found.neutral} neutral, ${found.bull} bullish sessions; median ${signed(found.median)}. ` +
      "Evidence without proven skill: it moves no chance."),
    make("ul", {}, ...near.map((text) => make("li", {}, text)))];
}

function why(entry) {
  const events = entry.events_today.map((event) => `${newYork(event.at)} ${event.currency} ${event.title} (${event.impact})`);
  const steps = make("div", { class: "steps", "aria-live": "polite" });
  const details = make("details", { class: "why" },
    make("summary", {}, "Why"),
    make("p", {}, entry.forecast.edge),
    ...list("For it", entry.drivers_for.map((driver) => driver.text)),
    ...list("Against it", entry.drivers_against.map((driver) => driver.text)),
    ...list("On the calendar", events),
    ...references(entry),
    ...likeIt(entry.analogs),
    steps,
    origin(entry));
  details.addEventListener("toggle", () => watchSteps(entry.instrument, steps), { once: true });
  return details;
}

function card(entry) {
  const { forecast } = entry;
  const key = CLASSES.find(([, name]) => name === forecast.label)[0];
  const sign = forecast.lift >= 0 ? "+" : "−";
  return make("article", { class: "row" },
    make("div", { class: "row-top" },
      make("h2", { class: "symbol" },
        make("span", { class: "icon", "aria-hidden": "true" }, entry.icon), entry.instrument, make("small", {}, entry.name)),
      make("span", { class: `label ${key}` }, forecast.label)),
    make("p", { class: "wording" },
      make("b", {}, `${sign}${Math.abs(forecast.lift).toFixed(1)} points`), ` ${forecast.wording}`),
    bars(forecast),
    why(entry));
}

function drawNone(missing) {
  if (!missing.length) return;
  document.getElementById("none").hidden = false;
  put("none-title", `${missing.length} instruments without a bias, and why`);
  document.getElementById("none-list").append(
    ...missing.flatMap((entry) => [make("dt", {}, entry.instrument), make("dd", {}, entry.reason)]));
}

export async function drawBoard() {
  const { entries } = await read("/v1/bias");
  const served = entries.filter((entry) => entry.forecast);
  const board = document.getElementById("board");
  board.append(...served.map(card));
  board.setAttribute("aria-busy", "false");
  if (served.length) put("board-title", `Bias for ${day(served[0].session)}`);
  put("board-sub", served.length
    ? `${served.length} of ${entries.length} instruments. The label is the class whose chance stands out most against a normal day, not the likeliest one.`
    : "No instrument has a bias yet; the reasons are below.");
  drawNone(entries.filter((entry) => !entry.forecast));
}
