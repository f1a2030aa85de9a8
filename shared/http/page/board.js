// The board: one card an instrument, and the reasons where there is none; kept up while it is looked at.
import { card } from "./card/card.js";
import { day, failed, make, put, read } from "./dom.js";

const [WRITING_MS, AT_REST_MS] = [5_000, 60_000]; // unchanged, the board costs a 304
const cards = new Map();

function drawNone(missing) {
  document.getElementById("none").hidden = !missing.length;
  put("none-title", `${missing.length} instruments without a bias, and why`);
  document.getElementById("none-list").replaceChildren(
    ...missing.flatMap((entry) => [make("dt", {}, entry.instrument), make("dd", {}, entry.reason)]));
}

function drawCard(entry) {
  const known = cards.get(entry.instrument);
  if (known) return known.renew(entry);
  cards.set(entry.instrument, card(entry));
  document.getElementById("board").append(cards.get(entry.instrument).node);
}

async function drawNewest() {
  const { entries } = await read("/v1/bias");
  const served = entries.filter((entry) => entry.forecast);
  served.forEach(drawCard);
  document.getElementById("board").setAttribute("aria-busy", "false");
  if (served.length) put("board-title", `Bias for ${day(served[0].session)}`);
  document.getElementById("board-sub").classList.remove("failed");
  put("board-sub", served.length
    ? `${served.length} of ${entries.length} instruments. The label is the class whose chance stands out most against a normal day, not the likeliest one.`
    : "No instrument has a bias yet; the reasons are below.");
  drawNone(entries.filter((entry) => !entry.forecast));
  return served.some((entry) => entry.stale) ? WRITING_MS : AT_REST_MS;
}

async function keepUp(wait) {
  await new Promise((over) => { setTimeout(over, wait); });
  let next = AT_REST_MS;
  if (!document.hidden) {
    try {
      next = await drawNewest();
    } catch (error) {
      failed("board-sub", error); // what is drawn stays, each card with its own as-of
    }
  }
  keepUp(next);
}

export async function drawBoard() {
  keepUp(await drawNewest());
}
