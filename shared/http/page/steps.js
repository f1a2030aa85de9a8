// The six steps of one answer, each shown as soon as it is finished.
import { make } from "./dom.js";

const ORDER = ["security", "macro", "flux", "leaders", "technical", "synthesis"];
const ENDS = ["bias", "unavailable", "problem", "error"];

function drawn(section) {
  const by = section.degraded ? `${section.provider}, in place of another: ${section.degraded}` : section.provider;
  return make("section", { class: "step", "data-step": section.step },
    make("h4", {}, section.step),
    make("p", {}, section.headline),
    make("ul", {}, ...section.findings.map((text) => make("li", {}, text))),
    make("p", { class: "origin" }, `Written by ${by}.`));
}

function show(place, section) {
  place.querySelector(`[data-step="${section.step}"]`)?.remove();
  const after = [...place.children].find(
    (other) => ORDER.indexOf(other.dataset.step) > ORDER.indexOf(section.step));
  place.insertBefore(drawn(section), after ?? null);
}

export function watchSteps(instrument, place) {
  const stream = new EventSource(`/v1/bias/${instrument}/stream`);
  const read = (event) => JSON.parse(event.data);
  stream.addEventListener("section", (event) => show(place, read(event)));
  for (const whole of ["stale", "bias"]) {
    stream.addEventListener(whole, (event) => read(event).sections.forEach((s) => show(place, s)));
  }
  // the end of the stream is no reason to ask anew, which the browser would do by itself
  for (const end of ENDS) stream.addEventListener(end, () => stream.close());
}
