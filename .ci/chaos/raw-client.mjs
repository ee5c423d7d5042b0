import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { SseParser } from './sse.mjs';

const ACCEPT = 'application/json, text/event-stream';

/** How long the server may take to close a stream whose response it has sent. */
const CLOSE_LIMIT = 5000;

/** Without a byte for this long a connection that may be cut is taken for dead, and resumed. */
const IDLE_LIMIT = 700;

/**
 * An MCP session over plain HTTP/1.1, one connection for each request. The setup and the end
 * of the session take the calm port; calls and resumes take the port where they are cut.
 */
export class RawSession {

  #options;
  #headers = {};
  #nextId = 1;

  /** @param options `{cutUrl, calmUrl, version, dice}` */
  constructor(options) {
    this.#options = options;
    this.version = options.version;
  }

  async open() {
    const { calmUrl, version } = this.#options;
    let message;
    const answer = await this.#exchange(calmUrl, 'POST', {}, {
      jsonrpc: '2.0', id: 0, method: 'initialize',
      params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 'chaos-raw', version: '1' } },
    }, (event) => {
      message = event.data ? JSON.parse(event.data) : message;
    });
    message ??= answer.text ? JSON.parse(answer.text) : undefined;
    if (answer.status !== 200 || message?.result === undefined) {
      throw new Error(`initialize answered ${answer.status} ${JSON.stringify(message) ?? answer.error}`);
    }
    this.version = message.result.protocolVersion;
    this.#headers = { 'mcp-session-id': answer.headers['mcp-session-id'], 'mcp-protocol-version': this.version };
    const accepted = await this.#exchange(calmUrl, 'POST', {}, { jsonrpc: '2.0', method: 'notifications/initialized' });
    if (accepted.status !== 202) {
      throw new Error(`notifications/initialized answered ${accepted.status}`);
    }
  }

  async close() {
    await this.#exchange(this.#options.calmUrl, 'DELETE', {});
  }

  /** Make one call and resume it until its result is there; without an event ID give up. */
  async call(record, deadline) {
    const { n, intervalMs } = record.call;
    const id = `call-${this.#nextId++}`;
    const state = { retry: 50 };
    const answer = await this.#stream(record, state, id, 'POST', {}, {
      jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'count', arguments: { n, intervalMs } },
    });
    if (answer.status !== undefined && answer.status !== 200) {
      record.violation('protocol', `call answered ${answer.status} ${answer.text}`);
      return;
    }
    while (record.primed && record.results === 0 && Date.now() < deadline) {
      await delay(state.retry);
      const cursor = record.lastEventId;
      record.resumes++;
      const resumed = await this.#stream(record, state, id, 'GET', { 'last-event-id': cursor });
      if (resumed.status === 204) {
        if (record.results === 0) {
          record.violation('protocol', `resume after ${cursor} answered 204 although there was no result`);
        }
        return;
      }
      if (resumed.status !== undefined && resumed.status !== 200) {
        record.violation('protocol', `resume after ${cursor} answered ${resumed.status} ${resumed.text}`);
        return;
      }
    }
    if (record.results > 0 && this.#options.dice.chance(0.2)) {
      await this.#audit(record);
    }
  }

  /** The stream is complete: read it again from its end and from somewhere in the middle. */
  async #audit(record) {
    const { calmUrl, dice } = this.#options;
    record.audited = true;
    const from = dice.integer(0, record.events.length - 1);
    for (const position of [record.events.length - 1, from]) {
      const again = [];
      const cursor = record.events[position].id;
      const answer = await this.#exchange(calmUrl, 'GET', { 'last-event-id': cursor }, undefined, (event) => {
        if (event.data) {
          again.push({ id: event.id, data: event.data });
        }
      });
      const expected = record.events.slice(position + 1);
      if (expected.length > 0 && answer.status !== 200) {
        record.violation('lost', `second replay after ${cursor} answered ${answer.status} ${answer.text}`);
      }
      else if (answer.status !== 200 && answer.status !== 204) {
        record.violation('protocol', `resume at the end answered ${answer.status} ${answer.text}`);
      }
      else if (answer.status === 200 && !answer.ended) {
        record.violation('protocol', `resume of the complete stream after ${cursor} was not closed`);
      }
      else if (JSON.stringify(again) !== JSON.stringify(expected)) {
        record.violation((again.length > expected.length) ? 'twice' : 'lost',
            `second replay after ${cursor} gave ${again.length} events, ${expected.length} expected`);
      }
    }
  }

  async #stream(record, state, id, method, headers, body) {
    let first = method === 'POST' && this.version >= '2025-11-25';
    const answer = await this.#exchange(this.#options.cutUrl, method, headers, body, (event) => {
      if (first && (event.id === undefined || event.data !== '')) {
        record.violation('protocol', 'the first event of the call is no priming event');
      }
      first = false;
      if (event.id) {
        record.eventId(event.id, event.data);
      }
      if (event.data) {
        const message = JSON.parse(event.data);
        if (message.method === undefined && message.id !== id) {
          record.violation('foreign', `response to ${message.id} on the stream of ${id}`);
        }
        record.message(message);
        return message.method === undefined;
      }
      return false;
    }, (retry) => {
      state.retry = retry;
    });
    if (answer.unclosed) {
      record.violation('protocol', `stream not closed ${CLOSE_LIMIT} ms after the response`);
    }
    return answer;
  }

  /**
   * One HTTP exchange; never rejects. Resolves to the status (none if no headers came), the
   * headers, the text if it was no event stream, `ended` if the server ended it in order and
   * `unclosed` if it didn't end it after the event for which `onEvent` returned true.
   */
  #exchange(url, method, headers, body, onEvent, onRetry) {
    return new Promise((resolve) => {
      const answer = { text: '', ended: false, unclosed: false };
      const payload = (body === undefined) ? undefined : Buffer.from(JSON.stringify(body));
      const idleLimit = (url === this.#options.cutUrl) ? IDLE_LIMIT : CLOSE_LIMIT;
      let done = false;
      const request = http.request(url, {
        method, agent: false,
        headers: {
          accept: (method === 'GET') ? 'text/event-stream' : ACCEPT, ...this.#headers, ...headers,
          ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
        },
      });
      const finish = (reason) => {
        if (!done) {
          done = true;
          clearTimeout(timer);
          answer.error = reason;
          request.destroy();
          resolve(answer);
        }
      };
      let timer = setTimeout(() => finish('no headers'), 10_000);
      const rearm = () => {
        if (!done && !answer.complete) {
          clearTimeout(timer);
          timer = setTimeout(() => finish('idle'), idleLimit);
        }
      };
      request.on('error', (error) => finish(error.message));
      request.on('close', () => finish('closed'));
      request.on('response', (response) => {
        answer.status = response.statusCode;
        answer.headers = response.headers;
        rearm();
        const parser = new SseParser({
          onRetry,
          onEvent: (event) => {
            if (onEvent?.(event) === true) {
              answer.complete = true;
              clearTimeout(timer);
              timer = setTimeout(() => {
                answer.unclosed = true;
                finish('unclosed');
              }, CLOSE_LIMIT);
            }
          },
        });
        const stream = /^text\/event-stream/.test(response.headers['content-type'] ?? '');
        response.on('data', (chunk) => {
          rearm();
          if (stream) {
            parser.push(chunk);
          }
          else {
            answer.text += chunk;
          }
        });
        response.on('error', (error) => finish(error.message));
        response.on('end', () => {
          answer.ended = response.complete;
          finish('end');
        });
      });
      request.end(payload);
    });
  }

}
