// One instrument's bias: its chances, why, what the user thinks of it, and the six steps.
import { draw, make, newYork, percent } from "../dom.js";
import { reference } from "./evidence.js";
import { Rating } from "./rating.js";
import { Steps } from "./steps.js";

const CLASSES = [["bear", "Bearish"], ["neutral", "Neutral"], ["bull", "Bullish"]];
const SCALE = 0.6; // the full width of a bar; the largest class of a normal day is near 45 %
const [WIDTH, LEFT, RIGHT, ROW] = [300, 58, 258, 20];
const MOMENTS = { close: "after the close", pre_open: "before the open", event: "after an event", on_request: "on request" };

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
  return draw("svg", { class: "bars", viewBox: `0 0 ${WIDTH} 62`, preserveAspectRatio: "xMinYMid", role: "img", "aria-label": words.join("; ") },
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

function references({ documents, provider }) {
  if (!documents.length) return [];
  const title = provider === "rules" ? "Texts at hand" : "Texts used or at hand";
  return [make("h4", {}, title), make("ul", {}, ...documents.map(reference))];
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

function contradiction({ invalidation, provenance }) {
  if (!invalidation) return [];
  const of = provenance.proxy_label ? ` (in prices of ${provenance.series})` : "";
  return list("Would contradict the label", [`${invalidation.name.replaceAll("_", " ")} at ${invalidation.price}${of}`]);
}

function face(entry) {
  const { forecast } = entry;
  const key = CLASSES.find(([, name]) => name === forecast.label)[0];
  const sign = forecast.lift >= 0 ? "+" : "−";
  return [
    make("div", { class: "row-top" },
      make("h2", { class: "symbol" },
        make("span", { class: "icon", "aria-hidden": "true" }, entry.icon), entry.instrument, make("small", {}, entry.name)),
      make("span", { class: `label ${key}` }, forecast.label)),
    make("p", { class: "wording" },
      make("b", {}, `${sign}${Math.abs(forecast.lift).toFixed(1)} points`), ` ${forecast.wording}`),
    bars(forecast),
    make("p", { class: "as-of" }, `As of ${newYork(entry.as_of)}, ${MOMENTS[entry.moment]}${entry.stale ? "; the next is being written" : ""}`)];
}

function facts(entry) {
  const events = entry.events_today.map((event) => `${newYork(event.at)} ${event.currency} ${event.title} (${event.impact})`);
  return [
    make("p", {}, entry.forecast.edge),
    ...list("For it", entry.drivers_for.map((driver) => driver.text)),
    ...list("Against it", entry.drivers_against.map((driver) => driver.text)),
    ...contradiction(entry),
    ...list("On the calendar", events),
    ...references(entry),
    ...likeIt(entry.analogs)];
}

// What the board's line says of an answer that came whole by the stream.
function lineOf(entry, bias) {
  const documents = new Map(bias.sections.flatMap((section) => section.documents.map((one) => [one.id, one])));
  return { ...entry, ...bias, documents: [...documents.values()], stale: false };
}

const differ = (one, other, ...names) => names.some((name) => one[name] !== other[name]);

export function card(entry) {
  const [front, told, foot] = [make("div"), make("div", { class: "facts" }), make("div")];
  const rating = new Rating(entry);
  const fill = (line) => {
    entry = line;
    front.replaceChildren(...face(line));
    told.replaceChildren(...facts(line));
    foot.replaceChildren(origin(line));
    if (details.open) rating.draw(line);
  };
  const steps = new Steps(entry.instrument, (bias) => fill(lineOf(entry, bias)));
  const details = make("details", { class: "why" },
    make("summary", {}, "Why", make("span", { class: "hidden" }, ` ${entry.instrument}`)), told, rating.node, steps.said, steps.place, foot);
  details.addEventListener("toggle", () => {
    if (!details.open) return steps.rest();
    rating.draw(entry);
    steps.watch();
  });
  fill(entry);
  const renew = (line) => {
    const isOther = differ(line, entry, "as_of", "moment");
    if (isOther || differ(line, entry, "stale", "of_record")) fill(line);
    if (!isOther) return; // its sections are those that are shown
    steps.isWhole = false;
    if (details.open) steps.watch();
  };
  const node = make("article", { class: "row", "data-instrument": entry.instrument }, front, details);
  const drop = () => { steps.rest(); node.remove(); };
  return { renew, drop, node };
}
