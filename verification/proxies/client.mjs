import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { exchange } from '../chaos/exchange.mjs';

export const VERSION = '2025-11-25';

/** The name by which clients know the proxy; no local one, so that the servers must allow it. */
export const PUBLIC_NAME = 'mcp.example';

/** Fails a check. */
export function must(condition, text) {
  if (!condition) {
    throw new Error(text);
  }
}

/** A session through a proxy: plain HTTP, a connection for each request. */
export class Session {

  headers = {};

  #nextId = 1;
  #url;

  /** @param port the proxy's */
  constructor(port) {
    this.#url = `http://127.0.0.1:${port}/mcp`;
    this.host = `${PUBLIC_NAME}:${port}`;
  }

  async open() {
    const answer = await this.initialize();
    must(answer.status === 200, `initialize answered ${describe(answer)}`);
    this.headers = { 'mcp-session-id': answer.headers['mcp-session-id'], 'mcp-protocol-version': VERSION };
    const accepted = await this.post({ method: 'notifications/initialized' });
    must(accepted.status === 202, `notifications/initialized answered ${describe(accepted)}`);
    return this;
  }

  initialize(headers = {}) {
    return this.post({
      id: 0, method: 'initialize',
      params: { protocolVersion: VERSION, capabilities: { elicitation: {} }, clientInfo: { name: 'proxies', version: '1' } },
    }, { headers });
  }

  post(message, options) {
    return this.#exchange('POST', { ...options, body: { jsonrpc: '2.0', ...message } });
  }

  get(options) {
    return this.#exchange('GET', options);
  }

  delete() {
    return this.#exchange('DELETE');
  }

  /** Starts a call; see `Call`. */
  call(name, args, options) {
    const id = `call-${this.#nextId++}`;
    return new Call(this, id, (onEvent, call) => this.post({
      id, method: 'tools/call', params: { name, arguments: args, _meta: { progressToken: id } },
    }, { ...options, ...call, onEvent }));
  }

  /** A request whose body comes in chunks, whose length nobody says beforehand. @returns its status */
  postChunks(message) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    return new Promise((resolve, reject) => {
      const request = http.request(this.#url, {
        method: 'POST', agent: false, timeout: 10_000,
        headers: {
          host: this.host, ...this.headers, 'content-type': 'application/json', 'accept': 'application/json, text/event-stream',
        },
      }, (response) => {
        response.resume();
        resolve(response.statusCode);
        response.on('end', () => request.destroy());
      });
      request.on('timeout', () => request.destroy(new Error('no answer within 10 s')));
      request.on('error', reject);
      request.write(text.slice(0, 20));
      setTimeout(() => request.end(text.slice(20)), 50);
    });
  }

  #exchange(method, { headers, ...options } = {}) {
    return exchange(this.#url, method, {
      idleLimit: 60_000, ...options, headers: { host: this.host, ...this.headers, ...headers },
    });
  }

}

/** A call and what has arrived of it, on however many connections. */
export class Call {

  /** A header of its requests, by which the doors' notes find them. */
  mark = randomUUID();

  /** The IDs of its events, with the number or the result that each brought and when it did. */
  events = [];

  result = undefined;

  /** The ID of the question that its tool has asked. */
  question = undefined;

  #session;
  #id;
  #abort = new AbortController();
  #waiting = [];

  constructor(session, id, send) {
    this.#session = session;
    this.#id = id;
    this.answer = send((event) => this.#event(event), { signal: this.#abort.signal, headers: { 'x-mark': this.mark } });
  }

  get cursor() {
    return this.events.at(-1)?.id;
  }

  get numbers() {
    return this.events.map(({ number }) => number).filter((number) => number !== undefined);
  }

  /** Cut the connection from the client's side. */
  async cut() {
    this.#abort.abort();
    await this.answer;
  }

  /** Wait until something holds of this call, or its connection has ended. */
  async until(condition) {
    const ended = this.answer.then(() => true);
    while (!condition(this)) {
      if (await Promise.race([ended, new Promise((resolve) => this.#waiting.push(resolve))])) {
        return;
      }
    }
  }

  /** Come back after the last event that has arrived, or after another. */
  resume(cursor = this.cursor) {
    this.#abort = new AbortController();
    this.answer = this.#session.get({
      onEvent: (event) => this.#event(event), signal: this.#abort.signal,
      headers: { 'last-event-id': cursor, 'x-mark': this.mark },
    });
    return this.answer;
  }

  /** Come back until there is a result, as clients do. @returns how often it took */
  async resumeUntilResult(limit) {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.resume();
      if (this.result !== undefined) {
        return attempt;
      }
      must(Date.now() < limit, `no result after ${attempt} resumes, the last answered ${describe(answer)}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  #event({ id, data }) {
    const message = data ? JSON.parse(data) : {};
    const response = message.result !== undefined || message.error !== undefined;
    if (response) {
      this.foreign ??= (message.id === this.#id) ? undefined : message.id;
      this.result = message;
    }
    else if (message.method === 'elicitation/create') {
      this.question = message.id;
    }
    else if (message.method === 'notifications/progress' && message.params.progressToken !== this.#id) {
      this.foreign ??= message.params.progressToken;
    }
    if (id) {
      // The Spring AI sample counts in progress notifications, the plain one in log messages
      const number = message.params?.progress ?? (message.params?.data && Number(message.params.data));
      this.events.push({ id, number, at: Date.now() });
    }
    this.#waiting.splice(0).forEach((resolve) => resolve(false));
    return response;
  }

}

export function describe({ status, text, error }) {
  return `${status ?? 'nothing'} ${text?.slice(0, 120).replace(/\s+/g, ' ') || `(${error})`}`;
}

/** The numbers from 1 to n. */
export function upTo(n) {
  return Array.from({ length: n }, (_, index) => index + 1).join();
}
