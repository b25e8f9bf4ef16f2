// SPDX-License-Identifier: GPL-3.0-or-later
// Open tickets from Zendesk's search, with the agent's own rights, and the names that they refer to.

import { answered } from './zaf.js';

const STATES = ['breached', 'at_risk', 'on_track', 'paused']; // the most urgent first: they get the pages
const PAGE_SIZE = 100;
const MOST_PAGES = 5; // of all states together: every agent's searches share the account's allowance
const PATIENCE_MS = 20_000;

/** A search that came to nothing; `status` is Zendesk's, 0 where there was no answer. */
export class SearchFailed extends Error {
  constructor(status) {
    super(`search failed with ${status}`);
    this.status = status;
  }
}

/** The most urgent open tickets and how many there are: {tickets, total}. */
export async function openTickets(client) {
  const tickets = new Map();
  let total = 0;
  let pages = 0;
  for (const state of STATES) {
    const query = encodeURIComponent(`type:ticket status<solved tags:sla_state_${state}`);
    for (let page = 1, isMore = true; isMore && (page === 1 || pages < MOST_PAGES); page += 1, pages += 1) {
      const found = await got(client, `/api/v2/search.json?query=${query}&per_page=${PAGE_SIZE}&page=${page}`);
      for (const ticket of found.results) tickets.set(ticket.id, ticket);
      if (page === 1) total += found.count;
      isMore = Boolean(found.next_page);
    }
  }
  return { tickets: [...tickets.values()], total };
}

/** Names by id of users or organizations, as far as the agent may see them. */
export async function namesOf(client, kind, ids) {
  const names = new Map();
  for (let first = 0; first < ids.length; first += PAGE_SIZE) {
    const some = ids.slice(first, first + PAGE_SIZE).join(',');
    try {
      const found = await got(client, `/api/v2/${kind}/show_many.json?ids=${some}`);
      for (const one of found[kind]) names.set(one.id, one.name);
    } catch {
      break; // names are a comfort: the list is whole without them
    }
  }
  return names;
}

async function got(client, url) {
  try {
    return await answered(client.request({ url, type: 'GET', dataType: 'json' }), PATIENCE_MS);
  } catch (failure) {
    throw new SearchFailed(failure?.status ?? 0);
  }
}
