// The journal: figures, accounts against the broker, positions, round trips.
import { day, make, money, newYork, percent, put, read, table, tone } from "./dom.js";

const NOTHING = "–";
const ratio = (text) => (text === null ? NOTHING : Number(text).toFixed(2));

function figures(summary) {
  const rows = [["Executions", summary.executions], ["Round trips", summary.round_trips],
    ["Win rate", summary.win_rate === null ? NOTHING : percent(Number(summary.win_rate), 1)],
    ["Open positions", summary.open_positions]];
  for (const total of summary.totals) {
    rows.push([`Net P&L, ${total.currency}`, money(total.net, total.currency), tone(total.net)]);
    rows.push([`Before fees, ${total.currency}`, money(total.gross, total.currency)]);
    rows.push(["Profit factor", ratio(total.profit_factor)]);
  }
  return rows.map(([title, value, kind = ""]) =>
    make("dl", { class: "figure" }, make("dt", {}, title), make("dd", { class: kind }, String(value))));
}

const VERDICTS = {
  agreed: "agrees with the broker",
  differs: "differs from the broker",
  unknown: "not known",
};

function fillWith(id, rows, columns, empty) {
  document.getElementById(id).append(
    rows.length ? table(columns, rows) : make("p", { class: "empty" }, empty));
}

const ACCOUNT_COLUMNS = [
  { title: "Account", text: (row) => row.label },
  { title: "Positions", wraps: true, text: (row) => VERDICTS[row.state] + (row.reason ? `: ${row.reason}` : ""), tone: (row) => row.state },
  { title: "As of", text: (row) => (row.as_of ? newYork(row.as_of) : NOTHING) },
];
const POSITION_COLUMNS = [
  { title: "Symbol", text: (row) => row.symbol },
  { title: "Quantity", numeric: true, text: (row) => row.quantity },
  { title: "Average price", numeric: true, text: (row) => money(row.average_price, row.currency) },
  { title: "Since", text: (row) => newYork(row.opened_at) },
];
const TRIP_COLUMNS = [
  { title: "Symbol", text: (row) => row.symbol },
  { title: "Direction", text: (row) => row.direction },
  { title: "Quantity", numeric: true, text: (row) => row.quantity },
  { title: "Net", numeric: true, text: (row) => money(row.net, row.currency), tone: (row) => tone(row.net) },
  { title: "Entry", numeric: true, text: (row) => money(row.entry_price, row.currency) },
  { title: "Exit", numeric: true, text: (row) => (row.exit_price === null ? NOTHING : money(row.exit_price, row.currency)) },
  { title: "Closed", text: (row) => (row.closed_at ? newYork(row.closed_at) : "open") },
];

export async function drawJournal() {
  const [summary, accounts, positions, trips] = await Promise.all([
    read("/v1/summary"), read("/v1/reconciliation"), read("/v1/positions"), read("/v1/round-trips?limit=20"),
  ]);
  document.getElementById("figures").append(...figures(summary));
  fillWith("accounts", accounts.items, ACCOUNT_COLUMNS, "No account is connected.");
  fillWith("positions", positions.items, POSITION_COLUMNS, "Nothing is open.");
  fillWith("trips", trips.items, TRIP_COLUMNS, "No round trip is closed yet.");
  put("journal-sub", summary.first_day
    ? `${day(summary.first_day)} to ${day(summary.last_day)}. Every figure is computed from the execution log.`
    : "No fills yet: connect an account with `daybias connections add`.");
}
