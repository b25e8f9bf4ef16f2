// SPDX-License-Identifier: GPL-3.0-or-later
// The board's elements for its rows.

import { chosen, GROUPS } from './board_rows.js';
import { element, icon } from './page.js';
import { targetWords } from './words.js';

const ICONS = { on_track: 'clock', at_risk: 'warning', overdue: 'alert', breached: 'alert', paused: 'pause' };
const TONES = { breached: 'bad', hour: 'warn', at_risk: 'warn', on_track: 'ok', paused: 'pause' };
const SHOWN_ALWAYS = 3; // columns that a narrow pane keeps
const COLUMNS = ['left', 'due', 'ticket', 'customer', 'tier', 'measure', 'assignee'];

/** Everything, top to bottom. `board` is what is known, `acts` what the reader can do. */
export function boardPage(board, say, acts) {
  return [
    element('header.top', null,
      element('h1', null, say.text('board.title')),
      element('p.note', null, age(board, say)),
      element('button.refresh', {
        type: 'button', 'aria-disabled': String(board.isLoading), on: { click: acts.renew },
      }, icon('refresh'), say.text('board.refresh'))),
    board.failed !== null && element('p.callout', { 'data-tone': 'warn', key: 'failed' },
      icon('warning'), element('span', null, failure(board, say))),
    ...(board.rows === null ? [waiting(board, say)] : [filters(board, say, acts), table(board, say, acts), foot(board, say)]),
  ].filter(Boolean);
}

function age({ loadedAt }, say) {
  return loadedAt === null ? '' : say.text('board.age', { at: say.at(new Date(loadedAt * 1000).toISOString()) });
}

function failure({ failed, loadedAt, now, renewS }, say) {
  if (failed === 403) return say.text('board.refused');
  if (failed === 429) return say.text('board.limited', { span: say.worked(renewS) });
  if (loadedAt === null) return say.text('board.failed_first');
  return say.text('board.failed', { at: say.span(now - loadedAt) });
}

function waiting({ failed }, say) {
  return failed === null && element('p.empty', { key: 'empty' }, say.text('board.loading'));
}

// --- filters ------------------------------------------------------------------------------------

function filters({ rows, filter, me }, say, { choose }) {
  const others = chosen(rows, { ...filter, group: null });
  return element('div.filters', { key: 'filters', role: 'group', 'aria-label': say.text('board.filters') },
    chip(null, others.length, filter, say, choose),
    GROUPS.map(group => chip(group, others.filter(row => row.group === group).length, filter, say, choose)),
    tiers(rows, filter, say, choose),
    me !== null && element('label.mine', null,
      element('input', {
        type: 'checkbox', on: { change: event => choose({ assignee: event.target.checked ? me : null }) },
      }), say.text('board.mine')));
}

function chip(group, count, filter, say, choose) {
  return element('button.chip', {
    type: 'button', key: `chip ${group}`, 'aria-pressed': String(filter.group === group),
    'data-tone': TONES[group] ?? 'quiet', on: { click: () => choose({ group }) },
  }, say.text(group === null ? 'board.all' : `board.group.${group}`), ' ', element('b', null, say.number(count)));
}

function tiers(rows, filter, say, choose) {
  const names = [...new Set(rows.map(row => row.tier).filter(Boolean))].sort();
  if (names.length < 2) return null;
  return element('select', {
    'aria-label': say.text('board.tier'), on: { change: event => choose({ tier: event.target.value || null }) },
  },
  element('option', { value: '' }, say.text('board.everyone')),
  names.map(name => element('option', { value: name, selected: name === filter.tier }, name)));
}

// --- the table ----------------------------------------------------------------------------------

function table(board, say, acts) {
  const rows = chosen(board.rows, board.filter);
  if (rows.length === 0) {
    return element('p.empty', { key: 'empty' }, say.text(board.rows.length ? 'board.empty_filtered' : 'board.empty'));
  }
  return element('table', { key: 'table' },
    element('caption.unseen', null, say.text('board.title')),
    element('thead', null, element('tr', null, COLUMNS.map(column => element(`th.${column}`, {
      scope: 'col', 'aria-sort': column === 'left' ? 'ascending' : null,
    }, say.text(`board.${column}`))))),
    GROUPS.map(group => section(group, rows.filter(row => row.group === group), board, say, acts)).filter(Boolean));
}

function section(group, rows, board, say, acts) {
  if (rows.length === 0) return null;
  return element('tbody', { key: group, 'data-tone': TONES[group] },
    element('tr.group', { key: `group ${group}` }, element('th', { scope: 'rowgroup', colspan: SHOWN_ALWAYS },
      say.text(`board.group.${group}`), ' ', element('span.count', null, say.number(rows.length)))),
    rows.map(row => line(row, board, say, acts)));
}

function line(row, board, say, acts) {
  const words = row.target ? targetWords(row.target, say) : null;
  const customer = board.organizations.get(row.organization_id) ?? row.customer ?? '';
  return element('tr', { key: String(row.id), 'data-tone': row.tone },
    element('td.left', null, element('span', null, icon(ICONS[row.state]), element('span', null,
      rest(row.target, words, say)))),
    element('td.due', null, row.target?.due && element('time', {
      datetime: row.target.due, title: say.atFull(row.target.due),
    }, say.at(row.target.due))),
    element('td.ticket', null,
      element('button.link', {
        type: 'button', on: { click: () => acts.open(row.id) },
      }, element('span.id', null, `#${row.id}`), ' ', row.subject),
      element('p.note.narrow', null, [customer, row.tier, words?.title].filter(Boolean).join(' · '))),
    element('td.customer', null, customer),
    element('td.tier', null, row.tier ?? ''),
    element('td.measure', null, words?.title ?? ''),
    element('td.assignee', null, board.people.get(row.assignee_id) ?? ''));
}

/** The column is called "time left": what has some needs the figure alone. */
function rest(target, words, say) {
  if (target?.wall > 0) return say.span(target.wall);
  return words?.left ?? say.text('state.paused');
}

function foot({ tickets, total }, say) {
  const more = total > tickets.length
    ? say.text('board.more', { shown: say.number(tickets.length), total: say.number(total) }) : null;
  return element('p.note.foot', { key: 'foot' }, [more, say.text('board.lag')].filter(Boolean).join(' '));
}
