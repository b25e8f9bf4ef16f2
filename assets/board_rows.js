// SPDX-License-Identifier: GPL-3.0-or-later
// The board's rows: tickets in groups of urgency. Pure: no page, no clock, no language.

import { byUrgency, view } from './sla.js';

export const GROUPS = ['breached', 'hour', 'at_risk', 'on_track', 'paused'];

const HOUR = 3600;
const LATE = new Set(['breached', 'overdue']);

/** A row for each ticket with a target that is still open, the most urgent first. */
export function rowsOf(tickets, ids, now) {
  return tickets.map(ticket => rowOf(ticket, ids, now)).filter(Boolean).sort(byPlace);
}

/** The rows that fit what the reader asked for: {group, tier, assignee}, each null for all. */
export function chosen(rows, { group, tier, assignee }) {
  return rows.filter(row => (group === null || row.group === group)
    && (tier === null || row.tier === tier) && (assignee === null || row.assignee_id === assignee));
}

function rowOf(ticket, ids, now) {
  const values = new Map((ticket.custom_fields ?? []).map(field => [String(field.id), field.value]));
  const fields = Object.fromEntries(Object.entries(ids).map(([key, id]) => [key, values.get(id) ?? null]));
  const found = view(fields, { status: ticket.status, form: ticket.status }, now);
  const target = found.next === null ? null : found.targets[found.next];
  if (!target && found.state !== 'paused') return null;
  return {
    id: ticket.id, subject: ticket.subject ?? '', status: ticket.status,
    assignee_id: ticket.assignee_id ?? null, organization_id: ticket.organization_id ?? null,
    tier: found.tier, customer: found.customer, state: target?.state ?? found.state, tone: target?.tone ?? found.tone,
    target, group: groupOf(target),
  };
}

function groupOf(target) {
  if (!target || target.state === 'paused') return 'paused';
  if (LATE.has(target.state)) return 'breached';
  return target.wall < HOUR ? 'hour' : target.state;
}

function byPlace(one, other) {
  const place = GROUPS.indexOf(one.group) - GROUPS.indexOf(other.group);
  if (place || !one.target || !other.target) return place;
  return byUrgency(one.target, other.target) || one.id - other.id;
}
