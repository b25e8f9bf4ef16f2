// SPDX-License-Identifier: GPL-3.0-or-later
// The sidebar's elements for a view and its words.

import { element, icon } from './page.js';
import { statuses } from './words.js';

const ENDED = new Set(['met', 'missed']);
const ICONS = {
  on_track: 'clock', at_risk: 'warning', overdue: 'alert', breached: 'alert', paused: 'pause', met: 'check',
  missed: 'cross', none: 'minus', unknown: 'question',
};
const PLAIN_STEPS = new Set(['coming', 'waiting']); // their icon says it, and the time or its absence
const STEP_ICONS = { sent: 'check', sending: 'clock', coming: 'dot', waiting: 'pause', not_sent: 'cross' };

/** Everything for a ticket, top to bottom. */
export function ticketPage(view, worded, say, { hasWhy, onWhy }) {
  const next = view.next === null ? null : view.targets[view.next];
  const rows = view.targets.map((target, n) => ({ target, words: worded.targets[n], n }));
  const others = rows.filter(row => row.n !== view.next && !ENDED.has(row.target.state));
  const ended = rows.filter(row => ENDED.has(row.target.state));
  return [
    header(view, worded, say),
    ...view.notices.map((one, n) => callout(one.tone, worded.notices[n])),
    next ? hero(next, worded.targets[view.next], say) : quiet(view, worded, say),
    targetList(say.text('section.more'), others, say),
    endedTargets(ended, say, next === null),
    next && stepsOf(next, worded.targets[view.next], say),
    view.why && why(view, next, worded, say, hasWhy, onWhy),
  ].filter(Boolean);
}

/** A page that says what is wrong, with a way to try again where that may help. */
export function troublePage(kind, say, retry) {
  return [
    element('section.card', { 'data-tone': 'quiet' },
      element('h1.title', null, icon(kind === 'silent' ? 'warning' : 'question'), say.text(`error.${kind}_title`)),
      element('p', null, say.text(`error.${kind}`)),
      retry && element('button', { type: 'button', on: { click: retry } }, say.text('retry'))),
  ];
}

const hasHead = view => view.tier !== null || view.state !== 'unknown';

function header(view, worded, say) {
  if (!hasHead(view)) return null;
  const tier = view.tier === null ? say.text('tier.none') : say.text('tier', { tier: view.tier });
  return element('header', { key: 'head' },
    element('div.who', null,
      element('h1', null, tier),
      view.customer && element('p.customer', null, say.text('contract', { customer: view.customer }))),
    pill(view.state, view.tone, worded.state));
}

function pill(state, tone, word) {
  return element('span.pill', { 'data-tone': tone }, icon(ICONS[state]), element('span', null, word));
}

function callout(tone, text) {
  return element('p.callout', { 'data-tone': tone, key: `notice ${text}` }, icon('info'), element('span', null, text));
}

// --- the next deadline --------------------------------------------------------------------------

function hero(target, words, say) {
  return element('section.card.hero', { 'data-tone': target.tone, key: 'next', 'aria-labelledby': 'next-title' },
    element('h2.measure', { id: 'next-title' }, words.title),
    words.left && element('p.left', null, icon(ICONS[target.state]), element('span', null, words.left)),
    bar(target),
    words.due && element('p.due', null, instant(target.due, words.due, say)),
    elsewhere(target, say),
    words.clock && element('p.note', null, words.clock),
    words.paused && element('p.note', null, words.paused),
    words.on_save && element('p.strong', null, icon('pause'), words.on_save));
}

/** The time where the calendar is, if the reader is elsewhere. */
function elsewhere(target, say) {
  if (!target.due || !target.zone) return null;
  const there = say.inZone(target.due, target.zone);
  return there && element('p.note', null, there);
}

function bar({ share }) {
  return share === null ? null : element('progress', { max: 1000, value: share, 'aria-hidden': 'true' });
}

function instant(iso, text, say) {
  return element('time', { datetime: iso, title: say.atFull(iso) }, text);
}

/** What stands where the next deadline would; the page's first heading where there is no head. */
function quiet(view, worded, say) {
  const problem = view.problem ?? (view.state === 'unknown' ? 'unknown' : null);
  const hint = problem && say.text(`hint.${problem}`, {
    fields: say.list((view.headline.args.fields ?? []).map(key => say.text(`field.${key}`))),
  });
  return element('section.card', { 'data-tone': view.tone, key: 'next' },
    element(hasHead(view) ? 'h2.title' : 'h1.title', null,
      icon(ICONS[view.state]), element('span', null, worded.headline)),
    hint && element('p', null, hint));
}

// --- the other targets --------------------------------------------------------------------------

function targetList(title, rows, say) {
  if (rows.length === 0) return null;
  return element('section', { key: 'others' },
    element('h2', null, title),
    element('ul.targets', null, rows.map(row => element('li', { key: name(row) }, targetRow(row, say)))));
}

const name = ({ target }) => `${target.measure} ${target.cycle}`;

function targetRow({ target, words }, say) {
  return element('div.target', { 'data-tone': target.tone },
    element('div.line', null,
      icon(ICONS[target.state]),
      element('span.what', null, words.title),
      element('span.rest', null, words.left ?? '')),
    bar(target),
    element('p.note', null, [words.state, words.due ?? words.ended].filter(Boolean).join(' · ')),
    words.clock && !words.ended && element('p.note', null, words.clock),
    words.paused && element('p.note', null, words.paused),
    words.on_save && element('p.strong', null, words.on_save),
    fold(target, words, say));
}

/** What belongs to one target alone: steps, rule, what it counts in. */
function fold(target, words, say) {
  if (!target.rule) return null;
  return element('details', null,
    element('summary', null, icon('chevron'), say.text('section.why'), element('span.unseen', null, words.title)),
    facts(targetFacts(target, words, say)),
    words.steps.length > 0 && stepList(target, words, say));
}

function endedTargets(rows, say, isOpen) {
  if (rows.length === 0) return null;
  return element('details.section', { key: 'ended', open: isOpen },
    element('summary', null, icon('chevron'), say.text('section.ended', { n: rows.length })),
    element('ul.targets', null, rows.map(row => element('li', { key: name(row) }, targetRow(row, say)))));
}

// --- steps --------------------------------------------------------------------------------------

function stepsOf(target, words, say) {
  if (words.steps.length === 0) return null;
  return element('section', { key: 'steps' },
    element('h2', null, say.text('section.steps')),
    target.state === 'paused' && element('p.note', null, say.text('step.waiting')),
    stepList(target, words, say));
}

function stepList(target, words, say) {
  return element('ol.steps', null, target.steps.map((step, n) => element('li', { 'data-state': step.state },
    icon(STEP_ICONS[step.state]),
    element('span.what', null, words.steps[n].what),
    element('span.note', null,
      element(PLAIN_STEPS.has(step.state) ? 'span.unseen' : 'span', null, words.steps[n].state), ' ',
      step.at && instant(step.at, say.at(step.at), say)))));
}

// --- why ----------------------------------------------------------------------------------------

function why(view, next, worded, say, isOpen, toggle) {
  const target = next && targetFacts(next, worded.targets[view.next], say);
  return element('section', { key: 'why' },
    element('button.more', {
      type: 'button', 'aria-expanded': String(isOpen), 'aria-controls': 'why', on: { click: toggle },
    }, icon('chevron'), say.text('section.why')),
    element('div', { id: 'why', hidden: !isOpen }, isOpen && facts([...(target ?? []), ...ticketFacts(view, worded, say)])),
    view.why.judged_at && element('p.note.foot', null,
      say.text('detail.judged'), ' ', instant(view.why.judged_at, say.at(view.why.judged_at), say)));
}

function targetFacts(target, words, say) {
  const named = key => say.text(`detail.${key}`);
  return [
    [named('rule'), target.rule],
    [named('calendar'), [target.calendar, target.zone].filter(Boolean).join(', ')],
    [named('used'), words.used],
    [named('started'), target.from && instant(target.from, say.at(target.from), say)],
    [named('paused_by'), target.pauses.length ? statuses(target.pauses, say) : null],
    [named('counts'), target.counts.length ? say.list(target.counts) : named('counts_none')],
  ];
}

function ticketFacts(view, words, say) {
  const named = key => say.text(`detail.${key}`);
  return [
    [named('chosen'), view.why.chosen],
    [named('commitment'), words.commitment],
    [named('revision'), view.why.revision],
  ];
}

function facts(pairs) {
  return element('dl', null, pairs.filter(([, value]) => value).map(([term, value]) =>
    element('div', null, element('dt', null, term), element('dd', null, value))));
}
