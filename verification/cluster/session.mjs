import { exchange } from '../chaos/exchange.mjs';

const VERSION = '2025-11-25';

/** A session over plain HTTP that says for every request which server gets it. */
export class Session {

  #nextId = 1;
  headers = {};

  get id() {
    return this.headers['mcp-session-id'];
  }

  async open(url, capabilities = {}) {
    const events = [];
    const answer = await this.post(url, {
      id: 0, method: 'initialize',
      params: { protocolVersion: VERSION, capabilities, clientInfo: { name: 'cluster-bench', version: '1' } },
    }, { onEvent: (event) => events.push(event) });
    const id = answer.headers?.['mcp-session-id'];
    if (answer.status !== 200 || !id) {
      throw new Error(`initialize answered ${answer.status ?? answer.error} ${answer.text}`);
    }
    this.headers = { 'mcp-session-id': id, 'mcp-protocol-version': VERSION };
    const accepted = await this.post(url, { method: 'notifications/initialized' });
    if (accepted.status !== 202) {
      throw new Error(`notifications/initialized answered ${accepted.status ?? accepted.error} ${accepted.text}`);
    }
    return this;
  }

  post(url, message, options = {}) {
    return exchange(url, 'POST', { ...options, headers: this.headers, body: { jsonrpc: '2.0', ...message } });
  }

  get(url, { lastEventId, ...options } = {}) {
    return exchange(url, 'GET', { ...options, headers: { ...this.headers, ...lastEventId && { 'last-event-id': lastEventId } } });
  }

  delete(url) {
    return exchange(url, 'DELETE', { headers: this.headers });
  }

  /** Call a tool and tell of what comes on its stream. */
  call(url, name, args, { onMessage, onId, ...options } = {}) {
    const id = `call-${this.#nextId++}`;
    return this.post(url, { id, method: 'tools/call', params: { name, arguments: args } }, {
      idleLimit: 40_000, ...options, onEvent: readEvents(onId, onMessage),
    });
  }

}

/** Handle events: IDs go to `onId`, messages to `onMessage`; a response is the last one. */
export function readEvents(onId, onMessage) {
  return ({ id, data }) => {
    if (id) {
      onId?.(id);
    }
    if (!data) {
      return false;
    }
    const message = JSON.parse(data);
    onMessage?.(message);
    return message.method === undefined;
  };
}

export function parse(text) {
  try {
    return JSON.parse(text);
  }
  catch {
    return undefined;
  }
}
