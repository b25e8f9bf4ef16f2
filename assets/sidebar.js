// SPDX-License-Identifier: GPL-3.0-or-later
// The ticket sidebar: reads the ticket's fields, draws their view, and keeps it true.

import { speaker } from './format.js';
import { languageFor } from './i18n.js';
import { update } from './page.js';
import { ticketPage, troublePage } from './sidebar_page.js';
import { FIELDS, view } from './sla.js';
import { words } from './words.js';
import { answered, connect, fieldIds, followScheme, reader, readTicket } from './zaf.js';

const DEBOUNCE_MS = 200;
const AFTER_SAVE_S = [5, 20, 60]; // the worker's write follows the save by some seconds
const NEAR_S = 3600;
const SLOW_MS = 30_000;

const client = connect();
followScheme(client);
const main = document.querySelector('main');
const spoken = document.getElementById('spoken');

const shown = {
  ids: {}, wrong: [], fields: null, status: null, savedStatus: null, state: null,
  isActive: true, language: null, zone: undefined, hasWhy: false,
};
let ticking;
let rereading;
let speaking;

const present = () => Math.floor(Date.now() / 1000);

function say() {
  const { texts, locale } = shown.language;
  return speaker({ texts, locale, zone: shown.zone, now: present });
}

async function speak(locale) {
  shown.language = await languageFor(locale);
  document.documentElement.lang = shown.language.language;
  document.documentElement.dir = shown.language.direction;
  document.title = say().text('title');
}

// --- reading ------------------------------------------------------------------------------------

async function start() {
  languageFor(navigator.language).catch(() => {}); // most likely the reader's: it is there when it is asked for
  try {
    const [person, found] = await Promise.all([reader(client), fieldIds(client)]);
    shown.zone = person.zone;
    Object.assign(shown, found);
    await Promise.all([speak(person.locale), read({ isSaved: true })]);
  } catch {
    await trouble('silent');
    return;
  }
  keepHandsOff();
  follow();
  draw();
}

async function read({ isSaved = false } = {}) {
  const { fields, status } = await readTicket(client, shown.ids);
  shown.fields = fields;
  shown.status = status;
  if (isSaved || judgedStatus() === status) shown.savedStatus = status;
}

/** The status as the worker saw it: where the form has the same, the form is what was saved. */
function judgedStatus() {
  try {
    return JSON.parse(shown.fields.sla_detail).seen.status;
  } catch {
    return null;
  }
}

function reread(options) {
  clearTimeout(rereading);
  rereading = setTimeout(async () => {
    try {
      await read(options);
    } catch {
      return; // the host is busy: what is drawn stays, and the next event asks again
    }
    draw();
  }, DEBOUNCE_MS);
}

let isFollowing = false;

function follow() {
  if (isFollowing) return;
  isFollowing = true;
  const changed = () => reread();
  for (const id of Object.values(shown.ids)) client.on(`ticket.custom_field_${id}.changed`, changed);
  for (const event of ['ticket.status.changed', 'ticket.priority.changed', 'ticket.updated']) {
    client.on(event, changed);
  }
  client.on('ticket.submit.done', () => {
    reread({ isSaved: true });
    for (const later of AFTER_SAVE_S) setTimeout(changed, later * 1000);
  });
  client.on('app.activated', () => setActive(true));
  client.on('app.deactivated', () => setActive(false));
  client.on('app.willDestroy', () => setActive(false));
  document.addEventListener('visibilitychange', () => setActive(!document.hidden));
}

function setActive(isActive) {
  shown.isActive = isActive;
  clearTimeout(ticking);
  if (isActive) {
    draw();
    reread();
  }
}

/** Agents are not to type into what the worker writes; where the host refuses, so be it. */
function keepHandsOff() {
  for (const key of FIELDS) {
    const id = shown.ids[key];
    const action = key === 'sla_detail' ? 'hide' : 'disable';
    if (id) client.invoke(`ticketFields:custom_field_${id}.${action}`).catch(() => {});
  }
}

// --- drawing ------------------------------------------------------------------------------------

function draw() {
  const found = view(shown.fields, { status: shown.savedStatus, form: shown.status }, present());
  if (shown.wrong.length) {
    found.notices.push({ key: 'notice.setting_wrong', tone: 'warn', args: { fields: shown.wrong } });
  }
  const speech = say();
  const said = words(found, speech);
  put(ticketPage(found, said, speech, { hasWhy: shown.hasWhy, onWhy: toggleWhy }));
  announce(found.state, said.headline);
  schedule(found);
}

function toggleWhy() {
  shown.hasWhy = !shown.hasWhy;
  draw();
}

function put(page) {
  const wanted = document.createElement('div');
  wanted.append(...page);
  update(main, wanted);
  document.documentElement.dataset.ready = '';
}

/** The live region hears of changes of state alone, not of every second, and not of the first drawing. */
function announce(state, headline) {
  const isChange = shown.state !== null && shown.state !== state;
  shown.state = state;
  if (!isChange) return;
  clearTimeout(speaking);
  speaking = setTimeout(() => { spoken.textContent = headline; }, DEBOUNCE_MS);
}

function schedule(found) {
  clearTimeout(ticking);
  if (!shown.isActive) return;
  const isNear = found.targets.some(one => one.wall !== null && Math.abs(one.wall) < NEAR_S);
  ticking = setTimeout(draw, isNear ? 1000 - (Date.now() % 1000) : SLOW_MS);
}

async function trouble(kind) {
  if (!shown.language) await speak(navigator.language);
  put(troublePage(kind, say(), client && (() => { start(); })));
}

function fit() {
  let before = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(main.getBoundingClientRect().height);
    if (height === before) return;
    before = height;
    answered(client.invoke('resize', { width: '100%', height: `${height}px` })).catch(() => {});
  }).observe(main);
}

if (client) {
  fit();
  start();
} else {
  trouble('outside');
}
