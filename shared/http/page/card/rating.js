// A user's own rating of one bias: useful or not, changed by the other button, taken back by the same.
import { make, read, send } from "../dom.js";

const [USELESS, USEFUL] = [1, 5];
const CHOICES = [[USEFUL, "Useful"], [USELESS, "Not useful"]];
const SAID = { [USEFUL]: "You found it useful.", [USELESS]: "You did not find it useful." };
const known = new Map(); // by first session, each asked for once a page

const named = ({ instrument, session, moment }) => `${instrument}/${session}/${moment}`;

function ratings(since) {
  if (!known.has(since)) {
    const asked = read(`/v1/ratings?since=${since}`)
      .then(({ items }) => new Map(items.map((one) => [named(one), one])));
    known.set(since, asked);
    asked.catch(() => known.delete(since)); // the next card asks again
  }
  return known.get(since);
}

// A session's events share a moment: what was rated before an answer was there is another one's.
function ratingOf(entry, found) {
  const one = found.get(named(entry));
  return one && Date.parse(one.at) >= Date.parse(entry.as_of) ? one.rating : undefined;
}

export class Rating {
  constructor(entry) {
    this.buttons = new Map(CHOICES.map(([rating, text]) => {
      const button = make("button", { type: "button", "aria-pressed": "false" }, text);
      button.addEventListener("click", () => this.rate(rating));
      return [rating, button];
    }));
    this.said = make("span", { role: "status" });
    this.node = make("div", { class: "rate", role: "group", "aria-label": `Was this bias of ${entry.instrument} useful?` },
      make("span", {}, "Was this bias useful?"), ...this.buttons.values(), this.said);
    this.entry = entry;
    this.turn = Promise.resolve();
  }

  draw(entry) {
    this.entry = entry;
    return this.inTurn("Could not be read", async () => this.show(ratingOf(entry, await ratings(entry.session))));
  }

  rate(rating) {
    const entry = this.entry; // what the user had before them, also if the next answer comes meanwhile
    const path = `/v1/ratings/${named(entry)}`;
    return this.inTurn("Not kept", async () => {
      const found = await ratings(entry.session);
      if (ratingOf(entry, found) === rating) {
        await send("DELETE", path);
        found.delete(named(entry));
        this.show(undefined, "Your rating is taken back.");
      } else {
        found.set(named(entry), await send("PUT", path, { rating }));
        this.show(rating);
      }
    });
  }

  // One after another, so that what stands in the end is what was asked for last.
  inTurn(failure, act) {
    this.turn = this.turn.then(() => this.tried(failure, act));
    return this.turn;
  }

  async tried(failure, act) {
    this.node.setAttribute("aria-busy", "true");
    try {
      await act();
    } catch (error) {
      this.said.textContent = `${failure}: ${error.message}`;
      this.said.className = "failed";
    }
    this.node.removeAttribute("aria-busy");
  }

  show(rating, said = SAID[rating] ?? (rating ? `You gave it ${rating} of ${USEFUL}.` : "")) {
    for (const [value, button] of this.buttons) button.setAttribute("aria-pressed", String(value === rating));
    this.said.textContent = said;
    this.said.className = "";
  }
}
