// The six steps of one answer, each shown as soon as it is finished, also over a broken connection.
import { reference } from "./evidence.js";
import { make } from "../dom.js";

const ORDER = ["security", "macro", "flux", "leaders", "technical", "synthesis"];
const TRIES = 5; // without a step in between; then a person must want it

const list = (title, texts) => (texts.length
  ? [make("h5", {}, title), make("ul", {}, ...texts.map((text) => make("li", {}, text)))] : []);

const ABBREVIATED = /\b(poc|vah|val)\b/g;

function levels({ levels: found, data_quality }) {
  if (!found.length) return [];
  const proxy = data_quality.map((text) => /^prices: (\S+) for/.exec(text)).find(Boolean)?.[1];
  const digits = Math.max(...found.map(({ price }) => String(price).split(".")[1]?.length ?? 0));
  const named = ({ name }) => name.replaceAll("_", " ").replace(ABBREVIATED, (short) => short.toUpperCase());
  return [
    make("h5", {}, proxy ? `Levels, in prices of ${proxy}` : "Levels, in its own prices"),
    make("p", { class: "levels" },
      ...found.map((one) => make("span", { class: "level" }, `${named(one)} ${one.price.toFixed(digits)}`)))];
}

function evidence({ documents, provider }) {
  if (!documents.length) return [];
  return [make("h5", {}, provider === "rules" ? "Texts at hand" : "Texts used"), make("ul", {}, ...documents.map(reference))];
}

function origin(section) {
  const words = [`Written by ${[section.provider, section.model].filter(Boolean).join(" ")}.`];
  if (section.degraded) words.push(`In place of another: ${section.degraded}.`);
  if (section.lean) words.push(`The author's own view: ${section.lean}; it is shown, and scored apart.`);
  if (section.data_quality.length) words.push(`Data: ${section.data_quality.join("; ")}.`);
  return make("p", { class: "origin" }, words.join(" "));
}

function drawn(section, isOld) {
  return make("section", { class: isOld ? "step old" : "step", "data-step": section.step },
    make("h4", {}, section.step, ...(isOld ? [make("small", {}, " from the last answer")] : [])),
    make("p", { class: "headline" }, section.headline),
    make("ul", {}, ...section.findings.map((text) => make("li", {}, text))),
    ...list("Risks", section.risks),
    ...levels(section),
    ...evidence(section),
    origin(section));
}

// A step has one place: what comes again, from another flight or after a break, replaces it.
function show(place, section, isOld = false) {
  place.querySelector(`[data-step="${section.step}"]`)?.remove();
  const after = [...place.children].find(
    (other) => ORDER.indexOf(other.dataset.step) > ORDER.indexOf(section.step));
  place.insertBefore(drawn(section, isOld), after ?? null);
}

export class Steps {
  constructor(instrument, onWhole) {
    this.instrument = instrument;
    this.onWhole = onWhole;
    this.said = make("p", { class: "said", role: "status" });
    this.place = make("div", { class: "steps" });
    this.isWhole = false;
  }

  say(text, again = false) {
    const button = again ? [make("button", { type: "button" }, "Try again")] : [];
    button.forEach((one) => one.addEventListener("click", () => this.watch()));
    this.said.replaceChildren(text, ...button);
    this.said.classList.toggle("failed", again);
  }

  // Who shuts the card needs no connection, of which a browser has only six to one host.
  rest() {
    this.stream?.close();
  }

  watch() {
    this.rest();
    if (this.isWhole) return;
    this.say("Reading the six steps…");
    this.tries = 0;
    const stream = this.stream = new EventSource(`/v1/bias/${this.instrument}/stream`);
    const on = (name, act) => stream.addEventListener(name, (event) => act(JSON.parse(event.data)));
    const end = (...said) => { stream.close(); this.say(...said); };
    on("stale", (bias) => bias.sections.forEach((section) => show(this.place, section, true)));
    on("section", (section) => { this.tries = 0; show(this.place, section); this.count(); });
    on("bias", (bias) => {
      this.isWhole = true;
      bias.sections.forEach((section) => show(this.place, section));
      end("");
      this.onWhole(bias);
    });
    on("unavailable", ({ reason }) => { this.place.replaceChildren(); end(`There is no answer: ${reason}.`, true); });
    on("problem", ({ detail }) => end(`The answer could not be written: ${detail} `, true));
    stream.addEventListener("open", () => { this.count(); });
    stream.addEventListener("error", () => this.broke(stream, end));
  }

  count() {
    const finished = this.place.querySelectorAll(".step:not(.old)").length;
    this.say(`Being written: ${finished} of ${ORDER.length} steps are finished.`);
  }

  // The browser takes a broken stream up again by itself, and says what it had last.
  broke(stream, end) {
    this.tries += 1;
    if (stream.readyState === EventSource.CLOSED || this.tries >= TRIES) {
      end("The server does not answer. ", true);
    } else {
      this.say("The connection broke; it is taken up again…");
    }
  }
}
