// SPDX-License-Identifier: GPL-3.0-or-later
// The words for a view: sentences in the language of `say`, no page. Pure as sla.js is.
//
// say.text(key, args)  a text of the language       say.list(words)    "a, b and c"; say.oneOf(words) "a, b or c"
// say.has(key)         whether there is such a text  say.at(iso)        an instant
// say.span(seconds)    "1 d 4 h", "9:58"            say.worked(seconds) "28 h 10 min", "9 min"

const ALWAYS = 'always';
const SAME = 60; // seconds: the clock that counts and the one on the wall have the same left

/** What a person reads of a view, apart from how it is laid out. */
export function words(view, say) {
  return {
    state: say.text(`state.${view.state}`),
    headline: say.text(view.headline.key, spoken(view.headline.args, say)),
    notices: view.notices.map(one => say.text(one.key, spoken(one.args, say))),
    targets: view.targets.map(one => targetWords(one, say)),
    commitment: view.commitment === null ? null : said(say, 'commitment', view.commitment),
  };
}

/** The words for one target. A line that has nothing to say is null. */
export function targetWords(target, say) {
  return {
    title: title(target, say),
    state: say.text(`state.${target.state}`),
    left: leftWords(target, say),
    due: dueWords(target, say),
    clock: clockWords(target, say),
    used: usedWords(target, say),
    paused: pausedWords(target, say),
    ended: endedWords(target, say),
    on_save: target.on_save === null ? null : say.text(`on_save.${target.on_save}`),
    steps: target.steps.map(step => ({ what: stepWords(step, say), state: say.text(`step.${step.state}`) })),
  };
}

/** A measure in words, with the number of its cycle from the second on. */
export function title(target, say) {
  const measure = said(say, 'measure', target.measure);
  return target.cycle > 1 ? say.text('measure.numbered', { measure, n: target.cycle }) : measure;
}

function leftWords({ state, wall, left, over }, say) {
  if (state === 'paused') return left === null ? null : say.text('left.paused', { span: say.worked(left) });
  if (state === 'missed') return over === null ? null : say.text('left.over', { span: say.worked(over) });
  if (wall === null) return null;
  if (wall === 0) return say.text('left.now');
  return say.text(wall > 0 ? 'left.running' : 'left.late', { span: say.span(Math.abs(wall)) });
}

function dueWords({ due, wall, state }, say) {
  if (due === null || state === 'missed' || state === 'met') return null;
  return say.text(wall < 0 ? 'due.was' : 'due.is', { at: say.at(due) });
}

/** The clock that counts: which one, what it has left, until when it stands still. */
function clockWords({ state, wall, calendar, left, left_is_exact: isExact, opens_at: opensAt }, say) {
  if (calendar === null) return null;
  const named = calendar === ALWAYS ? say.text('clock.always') : calendar;
  const alone = say.text('clock.name', { calendar: named });
  if (state !== 'on_track' && state !== 'at_risk') return alone;
  if (left === null || Math.abs(wall - left) < SAME) return alone;
  const args = { calendar: named, span: say.worked(left), at: opensAt && say.at(opensAt) };
  if (opensAt) return say.text('clock.closed', args);
  return say.text(isExact ? 'clock.left' : 'clock.at_most', args);
}

function usedWords({ used, of }, say) {
  return used === null || of === null ? null : say.text('used', { used: say.worked(used), of: say.worked(of) });
}

function pausedWords({ state, since, pauses }, say) {
  if (state !== 'paused') return null;
  const parts = [since && say.text('paused.since', { at: say.at(since) })];
  if (pauses.length) parts.push(say.text('paused.while', { statuses: statuses(pauses, say) }));
  return parts.filter(Boolean).join(' ') || null;
}

function endedWords({ end, ended_by: by }, say) {
  if (end === null) return null;
  return say.text('ended', { at: say.at(end), how: said(say, 'ended_by', by ?? 'unknown') });
}

function stepWords(step, say) {
  return say.list(step.moments.map(one => momentWords(one, say)));
}

function momentWords(moment, say) {
  const args = { span: moment.seconds === undefined ? '' : say.worked(moment.seconds), percent: moment.percent };
  const what = moment.kind === 'other' ? moment.label : say.text(`moment.${moment.kind}`, args);
  return moment.time ? say.text('moment.again', { what, n: moment.time }) : what;
}

/** Statuses by name; custom ones are called as the account calls them. */
export function statuses(names, say) {
  return say.oneOf(names.map(name => said(say, 'status', name)));
}

/** The text of a word that Stipt defines; a word from elsewhere stands as it is. */
export function said(say, group, word) {
  return say.has(`${group}.${word}`) ? say.text(`${group}.${word}`) : String(word);
}

const SPOKEN = {
  measure: (word, say) => said(say, 'measure', word),
  measures: (list, say) => say.list(list.map(word => said(say, 'measure', word))),
  status: (word, say) => said(say, 'status', word),
  was: (word, say) => said(say, 'status', word),
  fields: (list, say) => say.list(list.map(word => said(say, 'field', word))),
  reason: (word, say) => said(say, 'reason', word),
};

function spoken(args, say) {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, SPOKEN[name]?.(value, say) ?? value]),
  );
}
