// SPDX-License-Identifier: GPL-3.0-or-later
// The host page as the app needs it: a client that answers in time, the fields' ids, the colour scheme.

import { FIELDS } from './sla.js';

const PATIENCE_MS = 5000; // the SDK itself waits for five minutes

/** The SDK's client; null outside Zendesk, or where the SDK did not load. */
export function connect() {
  return globalThis.ZAFClient?.init() || null;
}

/** What the host answers; rejects when it is silent for too long. */
export function answered(promise, patience = PATIENCE_MS) {
  let waiting;
  const silence = new Promise((_, reject) => {
    waiting = setTimeout(() => reject(new Error('the host is silent')), patience);
  });
  return Promise.race([promise, silence]).finally(() => clearTimeout(waiting));
}

/**
 * The scheme of Zendesk itself, which is not that of the operating system.
 * The page's own background and `color-scheme` follow from it.
 */
export function paint(scheme) {
  document.documentElement.dataset.scheme = scheme === 'dark' ? 'dark' : 'light';
}

/** Paint before anything is drawn, and again when the agent switches. */
export function followScheme(client) {
  paint(new URLSearchParams(location.search).get('colorScheme'));
  client?.on('colorScheme.changed', paint);
}

/** Ids by key from the setting `field_ids`: "sla_state=360001 sla_due_at=360002"; what is no number apart. */
export function parseFieldIds(text) {
  const ids = {};
  const wrong = [];
  for (const pair of (text ?? '').split(/[\s,]+/)) {
    const [key, value] = pair.split('=');
    if (!FIELDS.includes(key)) continue;
    if (/^\d+$/.test(value ?? '')) ids[key] = value;
    else wrong.push(key);
  }
  return { ids, wrong };
}

/** Ids by key: from the setting, the others from fields that the app's installation made. */
export async function fieldIds(client) {
  const { settings } = await answered(client.metadata());
  const { ids, wrong } = parseFieldIds(settings?.field_ids);
  const paths = FIELDS.filter(key => !ids[key]).map(key => `requirement:${key}`);
  if (paths.length === 0) return { ids, wrong };
  const found = await answered(client.get(paths));
  for (const path of paths) {
    const id = found[path]?.requirement_id;
    if (/^\d+$/.test(String(id ?? ''))) ids[path.slice('requirement:'.length)] = String(id);
  }
  return { ids, wrong };
}

/** The ticket's values by key, without those that are not on its form, and its status in the form. */
export async function readTicket(client, ids) {
  const keys = Object.keys(ids);
  const path = key => `ticket.customField:custom_field_${ids[key]}`;
  const found = await answered(client.get(['ticket.status', ...keys.map(path)]));
  const fields = {};
  for (const key of keys) {
    if (!found.errors?.[path(key)] && found[path(key)] !== undefined) fields[key] = found[path(key)] ?? null;
  }
  return { fields: keys.length ? fields : null, status: found['ticket.status'] ?? null };
}

/** The reader: locale and time zone, of Zendesk if it says so, else of the browser. */
export async function reader(client) {
  const { currentUser = {} } = await answered(client.get(['currentUser', 'colorScheme'])).then(found => {
    if (found.colorScheme) paint(found.colorScheme);
    return found;
  });
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    id: currentUser.id ?? null,
    locale: currentUser.locale ?? navigator.language,
    zone: knownZone(currentUser.timeZone?.ianaName) ?? timeZone,
  };
}

function knownZone(name) {
  try {
    return name && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
