// A user's own rating of one bias: useful or not, changed by the other button, taken back by the same.
import { make, read, send } from "../dom.js";

const [USELESS, USEFUL] = [1, 5];
const CHOICES = [[USEFUL, "Useful"], [USELESS, "Not useful"]];
const SAID = { [USEFUL]: "You found it useful.", [USELESS]: "You did not find it useful." };
let known = null; // asked for once a page, by the first card that is opened

const named = ({ instrument, session, moment }) => `${instrument}/${session}/${moment}`;

async function ratings(since) {
  known ??= read(`/v1/ratings?since=${since}`)
    .then(({ items }) => new Map(items.map((one) => [named(one), one.rating])));
  try {
    return await known;
  } catch (error) {
    known = null; // the next card asks again
    throw error;
  }
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
  }

  async draw(entry = this.entry) {
    this.entry = entry;
    await this.tried("Could not be read", async () => this.show((await ratings(entry.session)).get(named(entry))));
  }

  async rate(rating) {
    const path = `/v1/ratings/${named(this.entry)}`;
    await this.tried("Not kept", async () => {
      const found = await ratings(this.entry.session);
      if (found.get(named(this.entry)) === rating) {
        await send("DELETE", path);
        found.delete(named(this.entry));
        this.show(undefined, "Your rating is taken back.");
      } else {
        await send("PUT", path, { rating });
        found.set(named(this.entry), rating);
        this.show(rating);
      }
    });
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
