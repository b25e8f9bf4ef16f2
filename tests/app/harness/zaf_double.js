// SPDX-License-Identifier: GPL-3.0-or-later
// A small stand-in for Zendesk's app SDK, for tests without it. Speaks the same postMessage protocol and
// offers init, on, off, has, trigger, get, set, invoke, request, metadata, context.
// Not here: sub-instances, the 5 minute timeout, activity pings, click tracking.
window.ZAFClient = (() => {
  'use strict';
  const HOSTS = [/^https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?$/, /^https:\/\/[\w.-]+\.zendesk\.com$/];

  class Client {
    constructor(origin, guid) {
      Object.assign(this, { origin, guid, queue: [], handlers: new Map(), calls: new Map(), busy: new Set() });
      this.counter = { call: 0, request: 0 };
      this.registered = new Promise(resolve => this.on('app.registered', data => {
        this.latestContext = data.context;
        resolve(data);
      }));
      this.on('context.updated', context => { this.latestContext = context; });
      if (!HOSTS.some(host => host.test(origin))) document.body?.replaceChildren(`Invalid domain ${origin}`);
      addEventListener('message', event => {
        if (event.source === parent && event.origin === origin) this.receive(event.data);
      });
      this.post({ key: 'iframe.handshake', message: { version: 'double' } }, { now: true });
    }

    // Everything but the handshake waits until the host has answered it.
    post(message, { now = this.queue === null, asObject = false } = {}) {
      const full = { ...message, appGuid: this.guid };
      if (!asObject) full.instanceGuid = this.guid;
      const wire = asObject ? full : JSON.stringify(full);
      if (now) parent.postMessage(wire, this.origin);
      else this.queue.push(wire);
    }

    receive(data) {
      const message = typeof data === 'string' ? JSON.parse(data) : data;
      if (message.id !== undefined) return this.settle(message);
      if (!message.key?.startsWith('zaf.')) return;
      const event = message.key.slice(4);
      if (event === 'app.registered') {
        for (const wire of this.queue) parent.postMessage(wire, this.origin);
        this.queue = null;
      }
      if (message.needsReply) this.reply(event);
      else for (const handler of [...this.handlers.get(event) || []]) handler(message.message);
    }

    settle({ id, result, error }) {
      const call = this.calls.get(id);
      this.calls.delete(id);
      if (error) call?.reject(asError(error));
      else call?.resolve(result);
    }

    async reply(event) {                     // hooks such as ticket.save; the answer is sent as an object
      if (this.busy.has(event)) return;
      this.busy.add(event);
      const answer = { key: 'iframe.reply:' + event };
      try {
        for (const outcome of await Promise.all((this.handlers.get(event) || []).map(run => run()))) {
          if (outcome === false || typeof outcome === 'string' || outcome instanceof Error) throw outcome;
        }
      } catch (reason) {
        answer.error = { msg: reason instanceof Error ? reason.message : reason };
      }
      this.post(answer, { asObject: true });
      this.busy.delete(event);
    }

    call(request, params) {
      const id = ++this.counter.call;
      return new Promise((resolve, reject) => {
        this.calls.set(id, { resolve, reject });
        this.post({ id, request, params });
      });
    }

    on(event, handler, self) {
      const list = this.handlers.get(event) || [];
      this.handlers.set(event, list);
      list.push(self ? handler.bind(self) : handler);
      if (event !== 'app.registered') this.post({ key: 'iframe.on:' + event, message: { subscriberCount: list.length } });
    }

    off(event, handler) {
      const list = this.handlers.get(event);
      if (!list) return false;
      if (list.includes(handler)) list.splice(list.indexOf(handler), 1);
      this.post({ key: 'iframe.off:' + event, message: { subscriberCount: list.length } });
      return handler;
    }

    has(event, handler) { return (this.handlers.get(event) || []).includes(handler); }
    trigger(event, data) { this.post({ key: 'iframe.trigger:' + event, message: data }); }
    async metadata() { return (await this.registered).metadata; }
    async context() { await this.registered; return this.latestContext; }

    async get(path) {
      const paths = [].concat(path);
      if (!paths.every(p => typeof p === 'string')) throw new Error('get takes a string or an array of strings');
      return single(path, await this.call('get', paths));
    }

    async set(path, value) {
      return single(path, await this.call('set', typeof path === 'string' ? { [path]: value } : path));
    }

    async invoke(action, ...args) {
      return single(action, await this.call('invoke', typeof action === 'string' ? { [action]: args } : action));
    }

    request(options) {
      const key = 'request:' + ++this.counter.request;
      return new Promise((resolve, reject) => {
        const done = ({ responseArgs }) => { finish(); resolve(responseArgs[0]); };
        const fail = ({ responseArgs }) => { finish(); reject(responseArgs[0]); };
        const finish = () => { this.off(key + '.fail', fail); this.off(key + '.done', done); };
        this.on(key + '.done', done);
        this.on(key + '.fail', fail);
        this.post({ key, message: typeof options === 'string' ? { url: options } : options });
      });
    }
  }

  function asError({ name, message, path }) {
    return Object.assign(new Error(path ? `"${path}" ${message}` : message), { name });
  }

  function single(path, result) {            // one path asked: its error is thrown; several: errors stay inside
    const error = typeof path === 'string' && result.errors?.[path];
    if (error) throw asError(error);
    return result;
  }

  return {
    init(callback, where = location) {
      const given = new URLSearchParams(where.search.slice(1) + '&' + where.hash.slice(1));
      if (!given.get('origin') || !given.get('app_guid')) return false;
      const client = new Client(given.get('origin'), given.get('app_guid'));
      if (callback) client.on('app.registered', callback.bind(client));
      return client;
    },
  };
})();
