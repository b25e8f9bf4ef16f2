// SPDX-License-Identifier: GPL-3.0-or-later
// The host side of the Zendesk app framework, as far as an app can see it: holds the ticket, mounts the
// app in an iframe and answers its postMessage protocol. One scenario object configures everything.
'use strict';

const CUSTOM_FIELD = /^ticket\.customField:(custom_field_\d+)$/;
const FIELD_ACTION = /^ticketFields:([\w.]+)\.(show|hide|enable|disable)$/;
const KNOWN_ACTIONS = ['resize', 'track', 'notify', 'popover', 'routeTo', 'destroy', 'enableSave', 'disableSave'];
const PANES = ['nav_bar', 'modal', 'top_bar', 'background'];

class ApiError extends Error {
  constructor(message) { super(message); this.name = 'APIError'; }
}

class FakeZendesk {
  constructor(scenario) {
    const s = this.scenario = scenario;
    this.guid = 'app-' + s.name;
    this.ticket = s.ticket;
    this.fields = {};
    for (const [id, value] of Object.entries(s.fields)) this.fields[fieldName(id)] = value;
    this.roots = {
      ticket: s.ticket, organization: s.organization, colorScheme: s.colorScheme,
      currentUser: { id: 1, name: 'Ada Agent', email: 'ada@example.com', role: 'agent', locale: s.locale,
                     timeZone: { ianaName: s.timeZone }, ...s.user },
      currentAccount: { subdomain: 'example', timeZone: { ianaName: s.timeZone }, ...s.account },
      ticketFields: Object.keys(this.fields).map(name => ({ name, label: name })),
    };
    this.routes = s.routes.map(route => ({ method: 'GET', times: Infinity, status: 200, body: {}, delay: 0, ...route }));
    this.subscriptions = {};
    this.waiting = {};                       // hook name -> resolve of save()
    this.seen = { gets: [], sets: [], invokes: [], requests: [], triggers: [], resizes: [] };
    this.fieldStates = {};
    this.problems = [];
    this.sdkVersion = null;
    addEventListener('message', event => this.receive(event));
  }

  mount(url) {
    const src = new URL(url);
    this.appOrigin = src.origin;
    if (!this.scenario.outside) {            // opened outside Zendesk: no parameters, so the SDK's init() gives false
      src.searchParams.set('origin', location.origin);
      src.searchParams.set('app_guid', this.guid);
      src.searchParams.set('colorScheme', this.scenario.colorScheme);
    }
    const tray = document.getElementById('tray');
    document.body.classList.toggle('pane', PANES.includes(this.scenario.location));
    if (!document.body.classList.contains('pane')) tray.style.width = this.scenario.width + 'px';
    this.paintPage(this.scenario.colorScheme);
    this.frame = document.createElement('iframe');
    this.frame.title = 'app';
    this.frame.src = src;
    tray.append(this.frame);
  }

  // --- what a test does to the page -------------------------------------------------------------

  change(path, value) {
    this.put(path, value);
    const field = CUSTOM_FIELD.exec(path);
    const property = field ? 'ticket.' + field[1] : path;
    if (path === 'colorScheme') this.paintPage(value);
    this.fire(property + '.changed', value);
    this.fire('*.changed', { propertyName: property, newValue: value });
  }

  fire(event, message) {
    if (this.subscriptions[event]) this.send({ key: 'zaf.' + event, message });
  }

  save() {                                   // resolves with null (accepted) or {msg} (refused by the app)
    if (!this.subscriptions['ticket.save']) return Promise.resolve(null);
    return new Promise(resolve => {
      this.waiting['ticket.save'] = resolve;
      this.send({ key: 'zaf.ticket.save', needsReply: true });
    });
  }

  report() {
    const { seen, subscriptions, ticket, fields, fieldStates, problems, sdkVersion } = this;
    return { ...seen, subscriptions, ticket, fields, fieldStates, problems, sdkVersion };
  }

  // --- protocol -----------------------------------------------------------------------------------

  send(message) { this.frame.contentWindow.postMessage(JSON.stringify(message), this.appOrigin); }

  receive(event) {
    if (!this.frame || event.source !== this.frame.contentWindow || event.origin !== this.appOrigin) return;
    const isText = typeof event.data === 'string';
    const message = isText ? JSON.parse(event.data) : event.data;
    const isReply = /^iframe\.reply:/.test(message.key);
    if (isText === isReply) this.problems.push(`wrong wire form (text: ${isText}): ${message.key || message.request}`);
    if (message.appGuid !== this.guid) this.problems.push(`wrong appGuid in ${message.key || message.request}`);
    document.getElementById('log').textContent += JSON.stringify(message).slice(0, 160) + '\n';
    if (message.request) return this.answer(message);
    const [verb, name] = splitKey(message.key);
    if (verb === 'iframe.handshake') return this.register(message.message.version);
    if (verb === 'iframe.on') this.subscriptions[name] = message.message.subscriberCount;
    else if (verb === 'iframe.off') { if (!message.message.subscriberCount) delete this.subscriptions[name]; }
    else if (verb === 'iframe.trigger') this.seen.triggers.push({ name, data: message.message });
    else if (verb === 'iframe.reply') { this.waiting[name]?.(message.error || null); delete this.waiting[name]; }
    else if (verb === 'request') this.http(message.key, message.message);
  }

  register(version) {
    const { metadata, location: place, mute } = this.scenario;
    this.sdkVersion = version;
    if (mute.includes('handshake')) return;
    const context = { instanceGuid: this.guid, product: 'support', location: place,
                      account: { subdomain: this.roots.currentAccount.subdomain }, host: 'https://example.zendesk.com' };
    if (this.ticket && place === 'ticket_sidebar') context.ticketId = this.ticket.id;
    this.send({ key: 'zaf.app.registered', message: { metadata, context } });
  }

  answer({ id, request, params }) {
    if (this.scenario.mute.includes(request)) return;
    const result = { errors: {} };
    const entries = request === 'get' ? params.map(path => [path]) : Object.entries(params);
    for (const [path, argument] of entries) {
      try {
        result[path] = this[request](path, argument);
      } catch (error) {
        result.errors[path] = { name: error.name, message: error.message, path };
      }
    }
    this.send({ id, result });
  }

  get(path) {
    this.seen.gets.push(path);
    if (path in this.scenario.paths) return this.scenario.paths[path];
    const requirement = /^requirement:(.+)$/.exec(path);
    if (requirement) {
      const id = this.scenario.requirements[requirement[1]];
      if (id === undefined) throw new ApiError('no such requirement');
      return { requirement_id: id, requirement_type: 'ticket_fields', identifier: requirement[1] };
    }
    const field = CUSTOM_FIELD.exec(path);
    if (field) {
      if (!(field[1] in this.fields)) throw new ApiError(`${field[1]} is not on this ticket form`);
      return this.fields[field[1]];
    }
    const value = path.split('.').reduce((object, key) => object?.[key], this.roots);
    if (value === undefined) throw new ApiError('no such property');
    return value;
  }

  set(path, value) {
    this.seen.sets.push({ path, value });
    this.change(path, value);
    return value;
  }

  put(path, value) {
    const field = CUSTOM_FIELD.exec(path);
    if (field) { this.fields[field[1]] = value; return; }
    const keys = path.split('.');
    const last = keys.pop();
    keys.reduce((object, key) => object[key] ??= {}, this.roots)[last] = value;
  }

  invoke(action, args) {
    if (action === 'track') return null;
    this.seen.invokes.push({ action, args });
    const field = FIELD_ACTION.exec(action);
    if (field) (this.fieldStates[field[1]] ??= []).push(field[2]);
    else if (!KNOWN_ACTIONS.includes(action)) throw new ApiError('no such action');
    if (action === 'resize') this.resize(args[0]);
    return null;
  }

  resize({ height }) {
    this.seen.resizes.push(height);
    const wanted = typeof height === 'number' ? height + 'px' : height;
    if (wanted && !document.body.classList.contains('pane')) this.frame.style.height = wanted;
  }

  http(key, options) {
    const method = options.type || options.method || 'GET';
    const route = this.routes.find(r => r.times > 0 && r.method === method && matches(r.url, options.url));
    if (route) route.times -= 1;
    const { status, body, delay } = route || { status: 404, body: { error: 'no route in the scenario' }, delay: 0 };
    this.seen.requests.push({ method, url: options.url, status, options });
    if (this.scenario.mute.includes('request')) return;
    const failed = status >= 400;
    const args = failed ? [{ status, statusText: String(status), responseText: JSON.stringify(body) }]
                        : [body, 'success', { status }];
    setTimeout(() => this.send({ key: `zaf.${key}.${failed ? 'fail' : 'done'}`, message: { responseArgs: args } }), delay);
  }

  paintPage(scheme) { document.documentElement.dataset.scheme = scheme; }
}

function fieldName(id) { return /^\d+$/.test(id) ? 'custom_field_' + id : id; }

function matches(pattern, url) {             // "…*" = prefix, else exact
  return pattern.endsWith('*') ? url.startsWith(pattern.slice(0, -1)) : url === pattern;
}

function splitKey(key) {                     // "iframe.on:ticket.save" -> ["iframe.on", "ticket.save"]
  const at = key.indexOf(':');
  return at < 0 ? [key, ''] : [key.slice(0, at), key.slice(at + 1)];
}

window.FakeZendesk = FakeZendesk;
