// Draws the service levels from the public API; every text is set as text, never HTML.
import { day, failed, make, percent, put, read, table } from "./dom.js";

const NOTHING = "–";
// cut, not rounded: what is not all of it must never read 100 %
const share = ({ part, of }) => (of ? `${percent(Math.floor(1000 * part / of) / 1000, 1)} (${part} of ${of})` : NOTHING);
const added = (shares) => shares.reduce((sum, one) => ({ part: sum.part + one.part, of: sum.of + one.of }), { part: 0, of: 0 });
const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

function age(seconds) {
  if (seconds === null) return NOTHING;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

function fresh(freshness) {
  if (!freshness) return NOTHING;
  const ages = freshness.accounts
    ? [`median ${age(freshness.median_s)}, 95% within ${age(freshness.p95_s)}, worst ${age(freshness.worst_s)} (${freshness.accounts})`]
    : [];
  if (freshness.never) ages.push(`${freshness.never} never read`);
  if (freshness.resting) ages.push(`${freshness.resting} waiting for their user`);
  return ages.join("; ") || NOTHING;
}

function missing({ gap, unknown }) {
  const parts = [gap ? `${gap} gap` : "", unknown ? `${unknown} unknown` : ""].filter(Boolean);
  return parts.length ? `: ${parts.join(", ")}` : "";
}

const faulty = (row) => (row.runs.unbalanced ? "differs" : "");
const FIGURES = [
  { title: "Success", text: (row) => share(row.success) },
  { title: "Complete days", text: (row) => share(row.completeness.days) + missing(row.completeness) },
  { title: "Freshness", text: (row) => fresh(row.freshness) },
  { title: "Runs", numeric: true, text: (row) => String(row.runs.closed + row.runs.given_up) },
  { title: "Faulty", numeric: true, text: (row) => String(row.runs.unbalanced), tone: faulty },
];
const BROKER = { title: "Broker", text: (row) => row.broker };

// Newest first, so the first one with a freshness is how the broker stands now.
function together(broker, levels) {
  return {
    broker,
    success: added(levels.map((one) => one.success)),
    completeness: {
      days: added(levels.map((one) => one.completeness.days)),
      gap: sum(levels.map((one) => one.completeness.gap)),
      unknown: sum(levels.map((one) => one.completeness.unknown)),
    },
    freshness: levels.find((one) => one.freshness)?.freshness,
    runs: Object.fromEntries(["closed", "given_up", "unbalanced"]
      .map((name) => [name, sum(levels.map((one) => one.runs[name]))])),
  };
}

function show(id, columns, rows) {
  document.getElementById(id).append(rows.length
    ? table(columns, rows) : make("p", { class: "empty" }, "Nothing was swept yet."));
}

async function draw() {
  const { items } = await read("/v1/service-levels?days=30");
  const brokers = [...new Set(items.map((one) => one.broker))].sort();
  show("brokers", [BROKER, ...FIGURES],
    brokers.map((broker) => together(broker, items.filter((one) => one.broker === broker))));
  show("days", [{ title: "Day", text: (row) => day(row.day) }, BROKER, ...FIGURES], items);
  put("levels-sub", "How well each broker was synchronized, summed up every hour from the records of the runs.");
}

draw().catch((error) => failed("levels-sub", error));
