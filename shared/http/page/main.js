// Draws the page from the same API that everybody else uses; every text is set as text, never HTML.
import { drawBoard } from "./board.js";
import { drawJournal } from "./journal.js";
import { drawMarket } from "./market.js";
import { read, put } from "./dom.js";

async function drawStatus() {
  const status = await read("/status");
  const when = new Intl.DateTimeFormat("en", {
    dateStyle: "full", timeStyle: "short", timeZone: "America/New_York",
  }).format(new Date(status.now));
  put("clock", `${when}, New York`);
  if (status.notice) {
    put("notice-text", status.notice);
    document.getElementById("notice").hidden = false;
  }
}

// One part that fails must not take the others with it: each says for itself what is wrong.
const parts = [
  [drawStatus, "clock"],
  [drawBoard, "board-sub"],
  [drawJournal, "journal-sub"],
  [drawMarket, "market-sub"],
];
for (const [draw, place] of parts) {
  draw().catch((error) => {
    put(place, `Could not be read: ${error.message}`);
    document.getElementById(place).classList.add("failed");
  });
}
