// Links to retrieved texts.
import { make, newYork } from "../dom.js";

// Titles and addresses come from outside: text nodes only, and nothing but the web is linked.
export function reference(found) {
  const title = /^https?:\/\//i.test(found.url)
    ? make("a", { href: found.url, rel: "noopener noreferrer nofollow", target: "_blank" }, found.title)
    : found.title;
  return make("li", {}, title, ` (${found.source}, ${newYork(found.published_at)})`);
}
