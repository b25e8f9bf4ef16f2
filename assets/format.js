// SPDX-License-Identifier: GPL-3.0-or-later
// Durations, instants and texts in one language: the `say` of words.js.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const WEEK = 7 * DAY;
const FAR = 100 * DAY; // from here on nobody asks for the hours

/**
 * How things are said.
 *
 * texts: the texts of one language. locale: for dates and numbers. zone: the reader's time zone.
 * now: () => epoch seconds, by which an instant is today or on another day.
 */
export function speaker({ texts, locale, zone, now }) {
  const plural = new Intl.PluralRules(locale);
  const text = (key, args = {}) => {
    const found = texts[args.n === undefined ? key : `${key}.${plural.select(args.n)}`]
      ?? texts[`${key}.other`] ?? texts[key] ?? key;
    return found.replace(/\{(\w+)\}/g, (_, name) => args[name] ?? '');
  };
  return {
    text,
    has: key => key in texts,
    list: words => listed(words, 'list.last', text),
    oneOf: words => listed(words, 'list.or', text),
    span: total => unbroken(span(total, text)),
    worked: total => unbroken(worked(total, text)),
    at: iso => unbroken(instant(iso, now(), locale, zone)),
    atFull: iso => fullInstant(iso, locale, zone),
    inZone: (iso, other) => elsewhere(iso, locale, zone, other),
    number: value => new Intl.NumberFormat(locale).format(value),
  };
}

/** "1 d 4 h", "2 h 10 min", "45 min", and to the second under ten minutes: "9:58". Rounded down. */
export function span(total, text) {
  if (total < 10 * MINUTE) return `${Math.floor(total / MINUTE)}:${String(total % MINUTE).padStart(2, '0')}`;
  if (total < DAY) return worked(total, text);
  if (total >= FAR) return text('unit.day', { amount: Math.floor(total / DAY) });
  return pair(Math.floor(total / DAY), 'unit.day', Math.floor((total % DAY) / HOUR), 'unit.hour', text);
}

/** Hours and minutes on a clock: a day of work has not 24 hours, and its seconds do not matter. */
export function worked(total, text) {
  return pair(Math.floor(total / HOUR), 'unit.hour', Math.floor((total % HOUR) / MINUTE), 'unit.minute', text);
}

function pair(large, largeUnit, small, smallUnit, text) {
  const parts = [];
  if (large) parts.push(text(largeUnit, { amount: large }));
  if (small || !large) parts.push(text(smallUnit, { amount: small }));
  return parts.join(' ');
}

/** No line ends between a number and its unit. */
const unbroken = words => words.replaceAll(' ', '\u00a0');

function listed(words, last, text) {
  if (words.length < 2) return words.join('');
  return text(last, { head: words.slice(0, -1).join(text('list.comma')), tail: words.at(-1) });
}

const made = new Map();

function formatter(locale, options) {
  const name = JSON.stringify([locale, options]);
  if (!made.has(name)) made.set(name, new Intl.DateTimeFormat(locale, options));
  return made.get(name);
}

/** "14:30" today, "Mon 14:30" within a week, else with the date, and with the year if it is another. */
export function instant(iso, now, locale, zone) {
  const at = new Date(iso);
  const day = formatter('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const present = new Date(now * 1000);
  const options = { timeZone: zone, hour: 'numeric', minute: '2-digit' };
  if (day.format(at) === day.format(present)) return formatter(locale, options).format(at);
  const far = Math.abs(at.getTime() / 1000 - now) >= WEEK - DAY;
  const date = far ? { day: 'numeric', month: 'short' } : { weekday: 'short' };
  const otherYear = day.format(at).slice(0, 4) !== day.format(present).slice(0, 4);
  return formatter(locale, { ...options, ...date, ...(far && otherYear ? { year: 'numeric' } : {}) }).format(at);
}

/** The whole date with weekday, time and the name of the zone. */
export function fullInstant(iso, locale, zone) {
  return formatter(locale, {
    timeZone: zone, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit',
    timeZoneName: 'short',
  }).format(new Date(iso));
}

/** The same instant where a calendar is: "09:30 EST, America/New_York"; null where the clocks agree. */
function elsewhere(iso, locale, zone, other) {
  const at = new Date(iso);
  const clock = timeZone => formatter('en-CA', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at);
  if (clock(zone) === clock(other)) return null;
  const options = { timeZone: other, weekday: 'short', hour: 'numeric', minute: '2-digit', timeZoneName: 'short' };
  return `${formatter(locale, options).format(at)}, ${other}`;
}
