// The board: one card an instrument, and the reasons where there is none; kept up while it is looked at.
import { card } from "./card/card.js";
import { day, failed, make, put, read, seenAfter } from "./dom.js";

const [WRITING_MS, AT_REST_MS] = [5_000, 60_000]; // unchanged, the board costs a 304
const cards = new Map();
let looks = 0; // in a row, that found an answer still being written

function drawNone(missing) {
  document.getElementById("none").hidden = !missing.length;
  put("none-title", `${missing.length} instruments without a bias, and why`);
  document.getElementById("none-list").replaceChildren(
    ...missing.flatMap((entry) => [make("dt", {}, entry.instrument), make("dd", {}, entry.reason)]));
}

// In the order of the answer; only what stands elsewhere is moved, which would take the focus from it.
function drawCard(entry, index) {
  const known = cards.get(entry.instrument);
  if (known) known.renew(entry);
  else cards.set(entry.instrument, card(entry));
  const [board, { node }] = [document.getElementById("board"), cards.get(entry.instrument)];
  if (board.children[index] !== node) board.insertBefore(node, board.children[index] ?? null);
}

// An answer of an earlier session would pass for one of this.
function drop({ instrument }) {
  cards.get(instrument)?.drop();
  cards.delete(instrument);
}

async function drawNewest() {
  const { entries } = await read("/v1/bias");
  const served = entries.filter((entry) => entry.forecast);
  entries.filter((entry) => !entry.forecast).forEach(drop);
  served.forEach(drawCard);
  put("board-title", served.length ? `Bias for ${day(served[0].session)}` : "Bias for the session");
  document.getElementById("board-sub").classList.remove("failed");
  put("board-sub", served.length
    ? `${served.length} of ${entries.length} instruments. The label is the class whose chance stands out most against a normal day, not the likeliest one.`
    : "No instrument has a bias yet; the reasons are below.");
  drawNone(entries.filter((entry) => !entry.forecast));
  looks = served.some((entry) => entry.stale) ? looks + 1 : 0;
  // ever more rarely: an answer that cannot be written is tried anew by each look
  return looks ? Math.min(WRITING_MS * 2 ** (looks - 1), AT_REST_MS) : AT_REST_MS;
}

async function keepUp(wait) {
  await seenAfter(wait);
  let next = AT_REST_MS;
  try {
    next = await drawNewest();
  } catch (error) {
    failed("board-sub", error); // what is drawn stays, each card with its own as-of
  }
  keepUp(next);
}

export async function drawBoard() {
  try {
    keepUp(await drawNewest());
  } finally {
    document.getElementById("board").setAttribute("aria-busy", "false");
  }
}
