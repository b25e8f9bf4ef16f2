// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the page alive: the clock, countdowns, filters without a reload, rows as they change.
// Everything works without it, but for the moving numbers.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const SEARCH_AFTER_MS = 200;

const one = selector => document.querySelector(selector);
document.documentElement.classList.add('scripted');

// --- the worker's clock --------------------------------------------------------------------------

const clock = { at: Number(one('.now')?.dataset.now), seen: performance.now(), rate: 1 };

function hear(at) {
  const seen = performance.now();
  const passed = (seen - clock.seen) / 1000;
  if (passed > 0.2) clock.rate = Math.max(0, (at - clock.at) / passed);
  Object.assign(clock, { at, seen });
}

const now = () => clock.at + clock.rate * (performance.now() - clock.seen) / 1000;

// --- words: as worker/view/speech.py has them ------------------------------------------------------

const NO_BREAK = '\u00a0';

function span(total) {
  const pair = (large, largeUnit, small, smallUnit) => [
    large ? [large, largeUnit] : [], small || !large ? [small, smallUnit] : [],
  ].flat().join(NO_BREAK);
  if (total < 10 * MINUTE) return `${Math.floor(total / MINUTE)}:${String(total % MINUTE).padStart(2, '0')}`;
  if (total < DAY) return pair(Math.floor(total / HOUR), 'h', Math.floor((total % HOUR) / MINUTE), 'min');
  if (total >= 100 * DAY) return [Math.floor(total / DAY), 'd'].join(NO_BREAK);
  return pair(Math.floor(total / DAY), 'd', Math.floor((total % DAY) / HOUR), 'h');
}

function countdown(wall) {
  if (wall === 0) return 'due now';
  return `${span(Math.abs(wall))} ${wall > 0 ? 'left' : 'late'}`;
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

const face = one('.now');
const dial = face && new Intl.DateTimeFormat('en-GB', {
  timeZone: face.dataset.zone, weekday: 'short', day: 'numeric', month: 'short',
  hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});

function dialled(second) {
  const found = Object.fromEntries(dial.formatToParts(second * 1000).map(part => [part.type, part.value]));
  const { weekday, day, month, hour, minute, second: rest } = found;
  return `${weekday} ${day} ${month}, ${hour}:${minute}:${rest}`;
}

function tick() {
  const second = Math.floor(now());
  if (face) say(face, dialled(second));
  for (const each of document.querySelectorAll('.countdown')) say(each, countdown(Number(each.dataset.due) - second));
}

if (face) setInterval(tick, 1000);

// --- the board -------------------------------------------------------------------------------------

const filters = one('#filters');
const TELL_AFTER_MS = 20_000;
let stream = null;
let asking = null;
let toldAt = 0;
let choices = null;

function parsed(html) {
  const holder = document.createElement('template');
  holder.innerHTML = html; // from this server, which escapes what it is told
  return holder.content.firstElementChild;
}

/** The question in the address, of so many rows as are shown. */
function question() {
  const query = new URLSearchParams(location.search);
  const rows = one('.more')?.dataset.rows;
  if (rows) query.set('rows', rows);
  return query;
}

function watch() {
  stream?.close();
  stream = new EventSource(`/board/events?${question()}`);
  stream.onopen = () => showLink('is-live');
  stream.onerror = () => showLink('is-lost');
  stream.onmessage = ({ data }) => take(JSON.parse(data));
}

function showLink(state) {
  document.documentElement.classList.remove('is-live', 'is-lost');
  document.documentElement.classList.add(state);
}

function take({ now: at, results, order, rows, counts, hours, more, selects, glance }) {
  hear(at);
  if (results) exchange('#results', parsed(results));
  if (order && one('#rows')) settle(order, rows);
  if (counts) exchange('#counts', parsed(counts)), tell();
  if (glance) figures(parsed(glance));
  if (hours) one('#hours').replaceChildren(parsed(hours));
  if (more && one('.more')) exchange('.more', parsed(more)), observe();
  if (selects) choices = parsed(selects);
  offer();
  tick();
}

/** The figures at a glance, folded as the reader has them. */
function figures(next) {
  const isOpen = one('#glance details')?.open;
  next.querySelector('details')?.toggleAttribute('open', Boolean(isOpen));
  exchange('#glance', next);
}

/** Let the filters have the values that tickets have now; not while somebody is choosing. */
function offer() {
  if (!choices || one('.selects').contains(document.activeElement)) return;
  exchange('.selects', choices);
  choices = null;
}

/** Put another element in the place of one, and the focus where it was. */
function exchange(selector, next) {
  const old = one(selector);
  if (!old || old.outerHTML === next.outerHTML) return;
  const links = [...old.querySelectorAll('a')];
  const focused = links.indexOf(document.activeElement);
  old.replaceWith(next);
  if (focused >= 0) next.querySelectorAll('a')[focused]?.focus();
}

/** Make the rows those of `order`; `rows` holds the ones that are others than before. */
function settle(order, rows) {
  const body = one('#rows');
  let place = body.firstElementChild;
  for (const id of order) {
    const old = document.getElementById(`t${id}`);
    const next = rows[id] && parsed(rows[id]);
    const row = next && next.dataset.mark !== old?.dataset.mark ? next : old;
    if (!row) continue;
    if (old && row !== old) {
      const hadFocus = old.contains(document.activeElement);
      if (place === old) place = row;
      old.replaceWith(row);
      if (hadFocus) row.querySelector('a')?.focus();
    }
    if (row === next) row.classList.add('fresh');
    if (row === place) place = place.nextElementSibling;
    else body.insertBefore(row, place);
  }
  while (place) {
    const after = place.nextElementSibling;
    place.remove();
    place = after;
  }
}

/** Say the counts aloud, now and then. */
function tell() {
  if (performance.now() - toldAt < TELL_AFTER_MS) return;
  toldAt = performance.now();
  const numbers = [...document.querySelectorAll('#counts a')].slice(1, 3);
  say(one('#told'), numbers.map(each => `${each.innerText.trim().replace(/\s+/g, ' ')}`).join(', '));
}

// --- another question, without a reload --------------------------------------------------------------

async function go(address, { keep = false } = {}) {
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(address, { signal: asking.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    history[keep ? 'replaceState' : 'pushState'](null, '', address);
    show(page);
  } catch (fault) {
    if (fault.name !== 'AbortError') location.assign(address);
  }
}

function show(page) {
  for (const selector of ['#counts', '#results', '#hours']) exchange(selector, page.querySelector(selector));
  for (const theirs of page.querySelectorAll('#filters select')) {
    const ours = filters.elements[theirs.name];
    if (!ours) continue; // it comes with the next event
    ours.value = theirs.value;
    ours.toggleAttribute('data-chosen', theirs.hasAttribute('data-chosen'));
  }
  const search = page.querySelector('#filters input[name="q"]');
  if (document.activeElement !== filters.elements.q) filters.elements.q.value = search.value;
  one('.clear').hidden = page.querySelector('.clear').hidden;
  observe();
  watch();
}

/** The address that the form asks for, with the state that is chosen above it. */
function wanted() {
  const query = new URLSearchParams([...new FormData(filters)].filter(([name, value]) => value && name !== 'state'));
  const state = new URLSearchParams(location.search).get('state');
  if (state) query.set('state', state);
  return query.size ? `/?${query}` : '/';
}

async function lengthen(link) {
  const query = new URL(link.href).searchParams;
  const answer = await fetch(`/board/rows?${query}`);
  if (!answer.ok) return;
  const holder = document.createElement('template');
  holder.innerHTML = await answer.text();
  for (const row of holder.content.children) if (document.getElementById(row.id)) row.remove();
  one('#rows').append(holder.content);
  one('.more').dataset.rows = query.get('rows');
  link.remove();
  watch(); // which brings the next link
}

const nearEnd = new IntersectionObserver(entries => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    nearEnd.unobserve(entry.target);
    lengthen(entry.target);
  }
}, { rootMargin: '600px' });

function observe() {
  const link = one('#more');
  if (link) nearEnd.observe(link);
}

function startBoard() {
  let pending = 0;
  filters.addEventListener('change', event => event.target.name !== 'q' && go(wanted()));
  filters.addEventListener('input', event => {
    if (event.target.name !== 'q') return;
    clearTimeout(pending);
    pending = setTimeout(() => go(wanted(), { keep: true }), SEARCH_AFTER_MS);
  });
  filters.addEventListener('submit', event => {
    event.preventDefault();
    clearTimeout(pending);
    go(wanted());
  });
  document.addEventListener('click', event => {
    const link = event.target.closest('#counts a, .clear, .empty a');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (!link.closest('#counts')) filters.elements.q.value = '';
    go(link.href);
  });
  addEventListener('popstate', () => go(location.href, { keep: true }));
  addEventListener('pagehide', () => stream?.close());
  observe();
  watch();
}

if (filters) startBoard();

// --- pages that are read again from time to time -----------------------------------------------------

const again = Number(one('main').dataset.again);

async function renew() {
  const answer = await fetch(location.href).catch(() => null);
  showLink(answer?.ok ? 'is-live' : 'is-lost');
  if (!answer?.ok || document.querySelector('main :focus:is(input, select, button)')) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  hear(Number(page.querySelector('.now').dataset.now));
  const open = [...document.querySelectorAll('main details')].map(each => each.open);
  const links = [...document.querySelectorAll('main a, main summary')];
  const focused = links.indexOf(document.activeElement);
  one('main').replaceChildren(...page.querySelector('main').childNodes);
  for (const [place, each] of document.querySelectorAll('main details').entries()) each.open = open[place] ?? false;
  if (focused >= 0) document.querySelectorAll('main a, main summary')[focused]?.focus();
  tick();
}

if (again) setInterval(() => document.hidden || renew(), again * 1000);
