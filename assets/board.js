// SPDX-License-Identifier: GPL-3.0-or-later
// The board in the navigation bar: open tickets by deadline, renewed while somebody looks.

import { boardPage } from './board_page.js';
import { rowsOf } from './board_rows.js';
import { speaker } from './format.js';
import { languageFor } from './i18n.js';
import { update } from './page.js';
import { namesOf, openTickets } from './search.js';
import { troublePage } from './sidebar_page.js';
import { connect, fieldIds, followScheme, reader } from './zaf.js';

const RENEW_MS = 60_000;
const JITTER_MS = 15_000; // so that all agents' boards do not search in the same second
const NEAR_S = 600;
const SLOW_MS = 15_000;

const client = connect();
followScheme(client);
const main = document.querySelector('main');
const spoken = document.getElementById('spoken');

const shown = {
  ids: {}, me: null, zone: undefined, language: null, tickets: null, total: 0, loadedAt: null, failed: null,
  isLoading: false, isActive: true, people: new Map(), organizations: new Map(),
  filter: { group: null, tier: null, assignee: null },
};
let ticking;
let renewing;

const present = () => Math.floor(Date.now() / 1000);
const jitter = () => RENEW_MS + Math.floor(Math.random() * JITTER_MS);

async function speak(locale) {
  shown.language = await languageFor(locale);
  document.documentElement.lang = shown.language.language;
  document.documentElement.dir = shown.language.direction;
  document.title = say().text('board.title');
}

function say() {
  const { texts, locale } = shown.language;
  return speaker({ texts, locale, zone: shown.zone, now: present });
}

async function start() {
  languageFor(navigator.language).catch(() => {}); // most likely the reader's: it is there when it is asked for
  try {
    const [person, found] = await Promise.all([reader(client), fieldIds(client)]);
    Object.assign(shown, { me: person.id, zone: person.zone, ids: found.ids });
    await speak(person.locale);
  } catch {
    await trouble('silent');
    return;
  }
  follow();
  draw();
  await renew();
}

let isFollowing = false;

function follow() {
  if (isFollowing) return;
  isFollowing = true;
  client.on('app.activated', () => setActive(true));
  client.on('app.deactivated', () => setActive(false));
  document.addEventListener('visibilitychange', () => setActive(!document.hidden));
}

function setActive(isActive) {
  if (isActive === shown.isActive) return;
  shown.isActive = isActive;
  clearTimeout(ticking);
  clearTimeout(renewing);
  if (!isActive) return;
  draw();
  if (present() - (shown.loadedAt ?? 0) > RENEW_MS / 1000) renew();
  else renewing = setTimeout(renew, jitter());
}

// --- reading ------------------------------------------------------------------------------------

async function renew() {
  if (shown.isLoading) return;
  clearTimeout(renewing);
  shown.isLoading = true;
  draw();
  try {
    const { tickets, total } = await openTickets(client);
    Object.assign(shown, { tickets, total, loadedAt: present(), failed: null });
    await learnNames(tickets);
    announce(say().text('board.total', { n: tickets.length, count: say().number(tickets.length) }));
  } catch (failure) {
    shown.failed = failure.status ?? 0;
  }
  shown.isLoading = false;
  draw();
  if (shown.isActive) renewing = setTimeout(renew, jitter());
}

/** The live region hears of another number of tickets, not of every search. */
function announce(count) {
  if (spoken.textContent !== count) spoken.textContent = count;
}

/** Ask for the names that are not known yet; those that nobody may see are not asked for again. */
async function learnNames(tickets) {
  const kinds = [['users', shown.people, 'assignee_id'], ['organizations', shown.organizations, 'organization_id']];
  await Promise.all(kinds.map(async ([kind, known, attribute]) => {
    const wanted = new Set(tickets.map(ticket => ticket[attribute]).filter(id => id && !known.has(id)));
    const names = await namesOf(client, kind, [...wanted]);
    for (const id of wanted) known.set(id, names.get(id) ?? null);
  }));
}

// --- drawing ------------------------------------------------------------------------------------

function draw() {
  const now = present();
  const rows = shown.tickets === null ? null : rowsOf(shown.tickets, shown.ids, now);
  put(boardPage({ ...shown, rows, now, renewS: RENEW_MS / 1000 }, say(), {
    renew, choose, open: id => client.invoke('routeTo', 'ticket', id),
  }));
  if (rows !== null || shown.failed !== null) ready();
  clearTimeout(ticking);
  if (!shown.isActive || rows === null) return;
  const isNear = rows.some(row => row.target?.wall != null && Math.abs(row.target.wall) < NEAR_S);
  ticking = setTimeout(draw, isNear ? 1000 - (Date.now() % 1000) : SLOW_MS);
}

function choose(part) {
  Object.assign(shown.filter, part);
  draw();
}

function put(page) {
  const wanted = document.createElement('div');
  wanted.append(...page);
  update(main, wanted);
}

/** Something that stays is drawn: a list, or why there is none. */
function ready() {
  document.documentElement.dataset.ready = '';
}

async function trouble(kind) {
  if (!shown.language) await speak(navigator.language);
  put(troublePage(kind, say(), client && (() => { start(); })));
  ready();
}

if (client) start();
else trouble('outside');
