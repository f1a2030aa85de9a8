// The board: one card an instrument, and the reasons where there is none.
import { card } from "./card.js";
import { day, make, put, read } from "./dom.js";

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
