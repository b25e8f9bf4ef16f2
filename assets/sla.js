// SPDX-License-Identifier: GPL-3.0-or-later
// What a ticket's SLA fields say at an instant: numbers, ISO instants and keys of texts, nothing else.
// Pure: no page, no clock, no language. The files in tests/app/golden say what it must answer.

export const FIELDS = ['sla_tier', 'sla_state', 'sla_due_at', 'sla_due_date', 'sla_target', 'sla_detail'];

const VERSION = 1;
const CONFIRMED_WITHIN = 300; // seconds after a due in which the worker has written what became of it
const TONES = {
  on_track: 'ok', met: 'ok', at_risk: 'warn', overdue: 'bad', breached: 'bad', missed: 'bad', paused: 'pause',
  none: 'quiet', unknown: 'quiet',
};
const STATES = ['running', 'paused', 'met', 'breached', 'breached_open'];
const ENDED = new Set(['met', 'missed']);
const FINAL = new Set(['solved', 'closed']);

/**
 * The view of one ticket.
 *
 * fields: values by key as the ticket holds them (drop-downs as their tags); a key that is absent is not on the
 *     ticket's form. Null: nobody said which fields they are.
 * saved: {status, form}: the status as it was saved, and as the unsaved form has it.
 * now: epoch seconds.
 */
export function view(fields, saved, now) {
  if (fields === null) return nothing('not_set_up');
  const missing = FIELDS.filter(key => fields[key] === undefined);
  if (missing.length === FIELDS.length) return nothing('not_on_form', { fields: missing });
  const notices = missing.length ? [notice('missing_fields', 'warn', { fields: missing })] : [];
  const read = readDetail(fields.sla_detail);
  if (read.problem) notices.push(notice(read.problem, 'warn', read.args));
  return read.detail ? ofDetail(read.detail, saved, now, notices) : ofFields(fields, now, notices);
}

/** Which of two targets is nearer to trouble: passed and coming deadlines first, then paused, then ended ones. */
export function byUrgency(one, other) {
  return rank(one) - rank(other)
    || (rank(one) === 0 ? seconds(one.due) - seconds(other.due) : seconds(other.end) - seconds(one.end))
    || compare(one.measure, other.measure) || one.cycle - other.cycle;
}

/** Epoch seconds of an ISO instant; 0 where there is none. */
export function seconds(text) {
  return text ? Math.floor(Date.parse(text) / 1000) : 0;
}

function nothing(problem, args = {}) {
  return {
    source: 'nothing', state: 'unknown', tone: 'quiet', headline: { key: `headline.${problem}`, args },
    tier: null, customer: null, commitment: null, next: null, targets: [], cut: 0, notices: [], why: null, problem,
  };
}

function notice(key, tone, args = {}) {
  return { key: `notice.${key}`, tone, args };
}

// --- sla_detail ---------------------------------------------------------------------------------

function readDetail(text) {
  if (!text) return {};
  let detail;
  try {
    detail = JSON.parse(text);
  } catch {
    return { problem: 'detail_broken' };
  }
  if (!isObject(detail) || !Number.isInteger(detail.v)) return { problem: 'detail_broken' };
  if (detail.v > VERSION) return { problem: 'detail_newer', args: { version: detail.v } };
  const whole = isText(detail.none) || (Array.isArray(detail.targets) && detail.targets.every(isTarget));
  return whole ? { detail } : { problem: 'detail_broken' };
}

function isTarget(row) {
  return isObject(row) && isText(row.m) && STATES.includes(row.s)
    && ['of', 'used', 'left', 'more', 'over'].every(key => row[key] === undefined || Number.isFinite(row[key]))
    && ['from', 'due', 'risk', 'since', 'end'].every(key => row[key] === undefined || isInstant(row[key]))
    && (row.open ?? []).every(span => Array.isArray(span) && span.every(isInstant))
    && (row.steps ?? []).every(step => Array.isArray(step) && (step[0] === null || isInstant(step[0])));
}

const isText = value => typeof value === 'string';
const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const isInstant = value => isText(value) && !Number.isNaN(Date.parse(value));
const texts = value => (Array.isArray(value) ? value.filter(isText) : []);

function ofDetail(detail, saved, now, notices) {
  const targets = (detail.targets ?? []).map(row => target(row, saved, now)).sort(byUrgency);
  const state = overall(targets);
  const next = targets.findIndex(one => rank(one) < 2);
  notices.push(...told(detail, targets, saved, now));
  return {
    source: 'detail', state, tone: TONES[state], headline: headline(state, targets[next], detail.none),
    tier: detail.tier ?? null, customer: detail.customer ?? null, commitment: detail.commit ?? null,
    next: next < 0 ? null : next, targets, cut: detail.cut ?? 0, notices,
    why: {
      reason: detail.none ?? null, chosen: detail.why ?? null, revision: detail.rev ?? null,
      judged_at: detail.at ?? null,
    },
    problem: null,
  };
}

function headline(state, next, reason) {
  if (state === 'none') return { key: 'headline.none', args: { reason: reason ?? 'unknown' } };
  return { key: `headline.${state}`, args: next ? { measure: next.measure } : {} };
}

/** The first word that holds; the same order in which the worker chooses the field's value. */
function overall(targets) {
  const order = ['breached', 'overdue', 'at_risk', 'on_track', 'paused', 'missed', 'met'];
  return order.find(word => targets.some(one => one.state === word)) ?? 'none';
}

function rank(one) {
  if (ENDED.has(one.state)) return 2;
  return one.due === null ? 1 : 0;
}

const compare = (one, other) => (one < other ? -1 : Number(one > other));

// --- one target ---------------------------------------------------------------------------------

function target(row, saved, now) {
  const state = stateOf(row, now);
  const clock = clockOf(row, now);
  const of = row.of ?? null;
  const left = row.s === 'paused' ? row.left ?? null : clock.left;
  const used = usedOf(row, of, left, state);
  const pauses = texts(row.pauses);
  return {
    measure: row.m, cycle: row.c ?? 1, state, tone: TONES[state],
    from: row.from ?? null, due: row.due ?? null, risk: row.risk ?? null, since: row.since ?? null,
    end: row.end ?? null, ended_by: row.ended_by ?? null,
    wall: row.due && !ENDED.has(state) ? seconds(row.due) - now : null,
    of, used, left, left_is_exact: clock.isExact, over: row.over ?? null, share: share(used, of, state),
    calendar: row.cal ?? null, zone: row.tz ?? null, is_open: clock.isOpen, opens_at: clock.opensAt,
    pauses, on_save: onSave(row.s, pauses, saved), steps: (row.steps ?? []).map(step => stepOf(step, now)),
    counts: texts(row.counts), rule: row.rule ?? null,
  };
}

function stateOf(row, now) {
  if (row.s === 'running') {
    if (row.due && now > seconds(row.due)) return 'overdue'; // the due's own second is still in time
    return row.risk && now >= seconds(row.risk) ? 'at_risk' : 'on_track';
  }
  return { breached_open: 'breached', breached: 'missed' }[row.s] ?? row.s;
}

/** What the clock of a running target has left: the parts of its counted segments after now. */
function clockOf(row, now) {
  const unknown = { left: null, isExact: true, isOpen: null, opensAt: null };
  if (row.s !== 'running' || !Array.isArray(row.open)) return unknown;
  const more = row.more ?? 0;
  const spans = row.open.map(span => span.map(seconds)).filter(([, end]) => end > now);
  const left = spans.reduce((sum, [start, end]) => sum + end - Math.max(start, now), more);
  if (spans.length === 0) return { ...unknown, left, isExact: more === 0 };
  const isOpen = spans[0][0] <= now;
  return { left, isExact: true, isOpen, opensAt: isOpen ? null : iso(spans[0][0]) };
}

/** Seconds used on the target's clock; null once it is late, because then only the wall's clock is known. */
function usedOf(row, of, left, state) {
  if (state === 'breached' || state === 'overdue') return null;
  return of === null || left === null ? row.used ?? null : Math.max(0, of - left);
}

/** Thousandths of the target that are used. */
function share(used, of, state) {
  if (state === 'overdue' || state === 'breached') return 1000;
  return used === null || !of ? null : Math.min(1000, Math.floor((used * 1000) / of));
}

/** What saving the form will do to the clock: pause it, let it run again, or nothing. */
function onSave(state, pauses, { status, form }) {
  if (!form || form === status || FINAL.has(form)) return null;
  const pausing = pauses.includes(form);
  if (state === 'running' && pausing) return 'pause';
  return state === 'paused' && !pausing && pauses.includes(status) ? 'resume' : null;
}

function stepOf([at, label, sent], now) {
  return { at, moments: String(label).split(', ').map(moment), state: stepState(at, sent, now) };
}

function stepState(at, sent, now) {
  if (sent) return 'sent';
  if (at === null) return 'waiting';
  const late = now - seconds(at);
  if (late < 0) return 'coming';
  return late < CONFIRMED_WITHIN ? 'sending' : 'not_sent';
}

/** "75%", "1h before", "due", "2h after #2", as the rule file has it; other words stay as they are. */
function moment(label) {
  const [, words, number] = /^(.*?)(?: \(\d+\))?(?: #(\d+))?$/.exec(label);
  const time = number ? { time: Number(number) } : {};
  if (words === 'due') return { kind: 'due', ...time };
  const percent = /^([\d.]+)%$/.exec(words);
  if (percent) return { kind: 'share', percent: Number(percent[1]), ...time };
  const offset = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)? (before|after)$/.exec(words);
  if (!offset) return { kind: 'other', label: words, ...time };
  const [hours, minutes, rest] = offset.slice(1, 4).map(text => Number(text ?? 0));
  return { kind: offset[4], seconds: hours * 3600 + minutes * 60 + rest, ...time };
}

function iso(at) {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

// --- what is to be told besides -----------------------------------------------------------------

function told(detail, targets, saved, now) {
  const found = [];
  const measures = kind => targets.filter(one => one.on_save === kind).map(one => one.measure);
  for (const kind of ['pause', 'resume']) {
    const concerned = measures(kind);
    if (concerned.length) found.push(notice(`will_${kind}`, 'pause', { status: saved.form, measures: concerned }));
  }
  const late = targets.find(one => one.state === 'overdue' && now - seconds(one.due) > CONFIRMED_WITHIN);
  if (late) found.push(notice('not_confirmed', 'warn', { measure: late.measure }));
  const seen = detail.seen?.status;
  if (seen && saved.status && seen !== saved.status) {
    found.push(notice('status_changed', 'warn', { was: seen, status: saved.status }));
  }
  if (detail.cut) found.push(notice('cut', 'quiet', { n: detail.cut }));
  return found;
}

// --- without a detail ---------------------------------------------------------------------------

/** The plain fields alone: one target without a clock, or none. */
function ofFields(fields, now, notices) {
  const word = plain(fields.sla_state, 'sla_state');
  const due = isInstant(fields.sla_due_at ?? null) ? fields.sla_due_at : null;
  let state = word in TONES ? word : 'unknown';
  if (due && now > seconds(due) && TONES[state] !== 'bad') state = 'overdue';
  const measure = plain(fields.sla_target, 'sla_target');
  const targets = due && measure ? [bare(measure, due, state, now)] : [];
  return {
    source: word || due ? 'fields' : 'nothing', state, tone: TONES[state],
    headline: headline(state, targets[0]), tier: plain(fields.sla_tier, 'sla_tier'), customer: null, commitment: null,
    next: targets.length ? 0 : null, targets, cut: 0, notices, why: null, problem: null,
  };
}

function bare(measure, due, state, now) {
  return {
    measure, cycle: 1, state, tone: TONES[state], from: null, due, risk: null, since: null, end: null, ended_by: null,
    wall: seconds(due) - now, of: null, used: null, left: null, left_is_exact: true, over: null, share: null,
    calendar: null, zone: null, is_open: null, opens_at: null, pauses: [], on_save: null, steps: [], counts: [],
    rule: null,
  };
}

/** A drop-down's value without the prefix that makes its tag unique. */
function plain(value, key) {
  if (!isText(value) || !value) return null;
  return value.startsWith(`${key}_`) ? value.slice(key.length + 1) : value;
}
