// Draws the live scorecard from the public API; every text is set as text, never HTML.
import { failed, make, percent, put, read, table } from "./dom.js";

const NOTHING = "–";
const signed = (value, digits) => `${value > 0 ? "+" : ""}${percent(value, digits)}`;

function ranged(figures, name, { ends = name, digits = 1, sign = false } = {}) {
  const value = figures[name];
  if (value === null || value === undefined) return NOTHING;
  const show = (one) => (sign ? signed(one, digits) : percent(one, digits));
  const [low, high] = [figures[`${ends}_lo`], figures[`${ends}_hi`]];
  if (low === null || low === undefined) return show(value);
  return `${show(value)} [${[low, high].map((end) => show(end).slice(0, -1)).join(", ")}]`; // one % is enough
}

const gain = ({ dm }) => (dm && dm.t !== null ? `${dm.t > 0 ? "+" : ""}${dm.t.toFixed(1)}` : NOTHING);

const FIGURES = [
  { title: "Who", text: (row) => row.who },
  { title: "Forecasts, dates", numeric: true, text: (row) => `${row.n}, ${row.dates}` },
  { title: "Skill", text: (row) => ranged(row, "rps_skill", { digits: Math.abs(row.rps_skill) < 0.1 ? 2 : 0, sign: true }) },
  { title: "Gain on it, t", numeric: true, text: gain },
  { title: "Hit of three", text: (row) => ranged(row, "hit3") },
  { title: "Always bullish", text: (row) => percent(row.hit3_always_bullish, 1) },
  { title: "Direction hit", text: (row) => `${ranged(row, "direction_hit", { ends: "direction" })} (${row.direction_n})` },
  { title: "ECE", text: (row) => ranged(row, "ece") },
];
const MEASURES = [
  { title: "Measure", text: (row) => row.title },
  { title: "Ours", numeric: true, text: (row) => row.ours.toFixed(4) },
  { title: "Base rates", numeric: true, text: (row) => row.base?.toFixed(4) ?? NOTHING },
  { title: "Skill", text: (row) => row.skill },
];
const BINS = [
  { title: "Forecasts", numeric: true, text: (row) => String(row.n) },
  { title: "Said", numeric: true, text: (row) => percent(row.said, 1) },
  { title: "Came", numeric: true, text: (row) => percent(row.came, 1) },
];
const LEANS = [
  { title: "Model", text: (row) => `${row.provider} ${row.model}` },
  { title: "Knows until", text: (row) => row.known_until ?? "not known" },
  { title: "Counted", numeric: true, text: (row) => String(row.counted) },
  { title: "Not counted", numeric: true, text: (row) => String(Object.values(row.not_counted).reduce((a, b) => a + b, 0)) },
  { title: "Its hits of three", text: (row) => ranged(row.lean, "hit3") },
  { title: "The rules' on the same", text: (row) => ranged(row.rules, "hit3") },
];

const STEADINESS = [
  { title: "Model", text: (row) => `${row.provider} ${row.model}` },
  { title: "Prompt", text: (row) => row.prompt },
  { title: "Measured", text: (row) => row.on },
  { title: "Runs", numeric: true, text: (row) => String(row.runs) },
  { title: "Leans that differ", text: (row) => percent(row.flip_rate, 0) },
];

const named = (groups, before = "") => Object.entries(groups).map(([who, figures]) => ({ who: before + who.replaceAll("_", " "), ...figures }));

function measures(overall) {
  const scores = [["rps", "Ranked probability score"], ["brier", "Brier score"], ["log_loss", "Log loss"]];
  return [
    ...scores.map(([name, title]) => ({
      title, ours: overall[name], base: overall[`${name}_climatology`],
      skill: ranged(overall, `${name}_skill`, { digits: 2, sign: true }),
    })),
    { title: "Sharpness", ours: overall.sharpness, skill: NOTHING },
  ];
}

function rows(target) {
  return [
    { who: "Daybias", ...target.overall },
    ...named(target.rivals),
    ...named(target.by_asset_class, "Class: "),
    ...named(target.by_provider, "Provider: "),
    ...named(target.by_prompt, "Prompt: "),
    ...named(target.by_instrument),
  ];
}

function show(id, columns, found, none = "Nothing counts yet.") {
  document.getElementById(id).append(found.length
    ? table(columns, found) : make("p", { class: "empty" }, none));
}

async function draw() {
  const card = await read("/v1/scorecard");
  put("card-sub", card.words);
  for (const name of ["close_to_close", "open_to_close"]) show(name, FIGURES, card.n ? rows(card[name]) : []);
  show("measures", MEASURES, card.n ? measures(card.close_to_close.overall) : []);
  show("reliability", BINS, card.n ? card.close_to_close.overall.reliability : []);
  show("leans", LEANS, card.leans ?? []);
  show("steadiness", STEADINESS, (await read("/v1/scorecard/repeatability")).items, "Not measured yet.");
}

draw().catch((error) => failed("card-sub", error));
