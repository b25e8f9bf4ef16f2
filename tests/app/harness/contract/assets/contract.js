// SPDX-License-Identifier: GPL-3.0-or-later
// Calls every part of the app SDK that an app may rely on and writes down the answers. Run once with the
// double and once with Zendesk's own SDK file: the two reports must be equal.
const client = ZAFClient.init();
const report = window.report = { events: [] };
const FIELD = 'ticket.customField:custom_field_101';
const outcome = promise => promise.then(value => ({ value }), error => ({
  error: error instanceof Error ? `${error.name}: ${error.message}` : error,
}));

client.on('app.registered', async data => {
  report.registered = Object.keys(data).sort();
  report.context = await client.context();
  report.metadata = await client.metadata();
  report.getObject = await outcome(client.get('ticket'));
  report.getPath = await outcome(client.get('ticket.status'));
  report.getField = await outcome(client.get(FIELD));
  report.getMissing = await outcome(client.get('ticket.customField:custom_field_999'));
  report.getMany = await outcome(client.get(['ticket.id', FIELD, 'ticket.nope']));
  report.requirement = await outcome(client.get('requirement:due_at'));
  report.noRequirement = await outcome(client.get('requirement:nope'));
  report.user = await outcome(client.get('currentUser'));
  report.scheme = await outcome(client.get('colorScheme'));
  report.setOne = await outcome(client.set('ticket.priority', 'high'));
  report.setMany = await outcome(client.set({ 'ticket.priority': 'urgent', [FIELD]: 'x' }));
  report.resize = await outcome(client.invoke('resize', { width: '100%', height: '240px' }));
  report.disable = await outcome(client.invoke('ticketFields:custom_field_101.disable'));
  report.invokeUnknown = await outcome(client.invoke('nosuch'));
  report.requestText = await outcome(client.request('/api/v2/ok.json'));
  report.requestFull = await outcome(client.request({
    url: '/api/v2/post.json', type: 'POST', secure: true,
    headers: { Authorization: 'Bearer {{setting.worker_credential}}' }, data: JSON.stringify({ a: 1 }),
  }));
  report.requestBusy = await outcome(client.request('/api/v2/busy.json'));
  report.requestBusyAgain = await outcome(client.request('/api/v2/busy.json'));

  const watch = name => client.on(name, value => report.events.push([name, value]));
  ['ticket.status.changed', 'ticket.custom_field_101.changed', 'colorScheme.changed', '*.changed'].forEach(watch);
  const silent = value => report.events.push(['silent', value]);
  client.on('ticket.subject.changed', silent);
  report.has = [client.has('ticket.subject.changed', silent), client.has('ticket.subject.changed', watch)];
  report.off = client.off('ticket.subject.changed', silent) === silent;
  client.on('ticket.save', () => report.answer === 'reject' ? Promise.reject('Reason needed') : report.answer);
  report.answer = true;
  client.trigger('contract.done', { at: 'end' });
  document.documentElement.dataset.ready = '1';
});
