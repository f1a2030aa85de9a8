// Market data as the newest refresh left them: who serves what, how old it is, and what failed.
import { make, newYork, put, read, table } from "./dom.js";

const NOTHING = "–";
const FAULTS = [
  ["failures", "Failed"],
  ["fallbacks", "Stands in"],
  ["missing", "Without daily bars"],
  ["rejected", "Left out"],
  ["postponed", "Left to later"],
];

function age(hours) {
  if (hours === null) return NOTHING;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;
}

const SERIES = [
  { title: "Series", text: (row) => row.symbol },
  { title: "Bars", text: (row) => row.timeframe },
  { title: "From", text: (row) => row.provider },
  { title: "Newest closed", text: (row) => (row.newest_at ? newYork(row.newest_at) : NOTHING) },
  { title: "Age then", numeric: true, text: (row) => age(row.age_h) },
];

const several = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

function fault(found, [name, title]) {
  if (!found[name].length) return [];
  // symbols fit on one line, sentences do not
  const told = name === "missing"
    ? [make("dd", {}, found[name].join(", "))]
    : found[name].map((text) => make("dd", {}, text));
  return [make("dt", {}, title), ...told];
}

async function newest() {
  try {
    return await read("/v1/bias/market");
  } catch (error) {
    if (error.status !== 404) throw error;
    put("market-sub", error.message);
    return null;
  }
}

export async function drawMarket() {
  const found = await newest();
  if (!found) return;
  const providers = [...new Set(found.served.map((one) => one.provider))];
  put("market-sub", `Refreshed ${newYork(found.at)} New York: ${found.served.length} series from ` +
    `${providers.join(", ") || "nobody"}; ${several(found.failures.length, "failure")}.`);
  document.getElementById("market-card").hidden = false;
  document.getElementById("market-faults").append(...FAULTS.flatMap((one) => fault(found, one)));
  put("market-all", `All ${found.served.length} series, with their source and age`);
  document.getElementById("market-series").append(table(SERIES, found.served));
}
