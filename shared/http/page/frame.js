// What every page says at its head: the time of the house, and that it is a replay where it is one.
import { put, read, seenAfter } from "./dom.js";

async function drawStatus() {
  const status = await read("/status");
  const when = new Intl.DateTimeFormat("en", {
    weekday: "short", month: "short", day: "numeric", year: "numeric",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "America/New_York",
  }).format(new Date(status.now));
  put("clock", `${when}, New York`);
  if (status.notice) {
    put("notice-text", status.notice);
    document.getElementById("notice").hidden = false;
  }
}

async function keepUp() {
  await drawStatus().catch((error) => put("clock", error.message));
  await seenAfter(60_000);
  keepUp();
}

keepUp();
