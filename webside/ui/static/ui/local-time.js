// Keeps "in 12 minutes" right while the page is open, and says the reader's own time where it differs.
// <time datetime data-style="full|distance" data-zone="America/New_York" data-now="1764000000"> comes from {% when %};
// with data-start where a sentence begins with it.
// What time it is now the server says (data-now, when it drew the page): the device's own clock may be years off.

import { clock, language, t } from "ui/words.js";

const MINUTE = 60, HOUR = 3600, DAY = 86400, NEAR = 12 * HOUR;
const elements = new Set();
let timer = 0, ahead = 0;
const present = () => new Date(Date.now() - ahead);

function unit(number, name) {
  return new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "long" }).format(number);
}

/** "in 12 minutes", "2 hours and 5 minutes ago", "now"; the same rules as webside.ui.when. */
export function distance(moment, now = present()) {
  const seconds = Math.round((moment - now) / 1000);
  const size = Math.abs(seconds);
  let words;
  if (size < MINUTE / 2) return t("now");
  if (size < HOUR - MINUTE / 2) words = unit(Math.max(1, Math.round(size / MINUTE)), "minute");
  else if (size < 36 * HOUR) {
    const minutes = Math.round(size / MINUTE), hours = Math.floor(minutes / 60), rest = minutes % 60;
    words = unit(hours, "hour");
    if (rest && hours < 6) words = t("{hours} and {minutes}", { hours: words, minutes: unit(rest, "minute") });
  } else words = unit(Math.round(size / DAY), "day");
  return seconds > 0 ? t("in {time}", { time: words }) : t("{time} ago", { time: words });
}

function calendarDay(date, zone) {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(date);
}

function say(element) {
  const moment = new Date(element.dateTime), now = present();
  if (element.dataset.style === "distance") {
    const text = distance(moment, now);
    element.textContent = "start" in element.dataset ? text.charAt(0).toUpperCase() + text.slice(1) : text;
    return;
  }
  // The server wrote the day and the time; when the day turns, its words ("today") would be wrong.
  const state = (element.localTime ??= { day: calendarDay(now, element.dataset.zone), text: element.textContent });
  const parts = state.text.split(", ");
  const near = Math.abs(moment - now) < NEAR * 1000;
  state.base ??= Math.abs(moment - now) < NEAR * 1000 && parts.length > 2 ? parts.slice(0, -1).join(", ") : state.text;
  let base = state.base;
  if (calendarDay(now, element.dataset.zone) !== state.day) {
    const day = new Intl.DateTimeFormat(language, { timeZone: element.dataset.zone, weekday: "long", month: "long", day: "numeric" }).format(moment);
    base = `${day}, ${clock(moment, { zone: element.dataset.zone })}`;
  }
  element.textContent = near ? `${base}, ${distance(moment, now)}` : base;
}

function tick() {
  elements.forEach(say);
  timer = setTimeout(tick, 20000);
}

/** Behaviour of <time>. */
export default function attach(element) {
  elements.add(element);
  if (element.dataset.now) ahead = Date.now() - element.dataset.now * 1000;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const moment = new Date(element.dateTime);
  if (element.dataset.zone && clock(moment) !== clock(moment, { zone: element.dataset.zone })) {
    element.title = t("{time} where you are ({zone})", { time: clock(moment), zone: own.replaceAll("_", " ") });
  }
  if (!timer) timer = setTimeout(tick, 20000);
  return () => elements.delete(element);
}
