// Draws the page from the same API that everybody else uses; every text is set as text, never HTML.
import { drawBoard } from "./board.js";
import { failed } from "./dom.js";
import { drawJournal } from "./journal.js";
import { drawMarket } from "./market.js";

// One part that fails must not take the others with it: each says for itself what is wrong.
const parts = [[drawBoard, "board-sub"], [drawJournal, "journal-sub"], [drawMarket, "market-sub"]];
for (const [draw, place] of parts) draw().catch((error) => failed(place, error));
