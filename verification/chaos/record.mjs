/** The kinds of violations, and what each of them says when there was none. */
export const KINDS = {
  lost: 'nothing lost',
  twice: 'nothing twice',
  order: 'nothing out of order',
  result: 'every primed call got its result',
  foreign: 'nothing of another call, no wrong result',
  protocol: 'priming event first, stream closed after the response, no request refused',
};

/** The error for a call whose server has gone. */
const UNKNOWN_OUTCOME = /\boutcome\b.*\bunknown\b/i;

/** What the client of one call saw, and what was wrong with it. */
export class CallRecord {

  primed = false;
  lastEventId = undefined;
  attempts = 1;
  resumes = 0;
  results = 0;
  /** The server to which the call went, as far as a balancer said it. */
  node = undefined;
  /** When an error came that says that the server died with the call, and what it says. */
  died = undefined;
  startedAt = Date.now();
  endedAt = undefined;
  /** Events with an ID and data, in order of arrival. */
  events = [];

  #seen = new Set();
  #ids = new Set();
  #highest = 0;
  #violations = [];

  #mortal;

  /**
   * @param call `{name, n, intervalMs, client}`
   * @param options `{mortal}`: whether servers are killed, so that a call may end with an error which says so
   */
  constructor(call, { mortal = false } = {}) {
    this.call = call;
    this.#mortal = mortal;
  }

  /** An event ID arrived, with or without data. */
  eventId(id, data) {
    this.primed = true;
    this.lastEventId = id;
    if (data) {
      if (this.#ids.has(id)) {
        this.violation('twice', `event ID ${id} arrived twice`);
      }
      this.#ids.add(id);
      this.events.push({ id, data });
    }
  }

  message(message) {
    if (message.method === 'notifications/message') {
      this.notification(message.params?.data);
    }
    else if (message.method === undefined && message.id !== undefined) {
      this.response(message.error ?? message.result, message.error !== undefined);
    }
    else {
      this.violation('foreign', `unexpected message ${JSON.stringify(message).slice(0, 200)}`);
    }
  }

  notification(data) {
    const number = Number(data);
    if (!Number.isInteger(number) || number < 1 || number > this.call.n) {
      this.violation('foreign', `unexpected notification ${JSON.stringify(data)}`);
    }
    else if (this.#seen.has(number)) {
      this.violation('twice', `${number} arrived twice`);
    }
    else if (number < this.#highest) {
      this.violation('order', `${number} arrived after ${this.#highest}`);
    }
    else if (this.results > 0) {
      this.violation('order', `${number} arrived after the result`);
    }
    this.#seen.add(number);
    this.#highest = Math.max(this.#highest, number);
  }

  response(result, failed = false) {
    this.results++;
    const text = result?.content?.[0]?.text;
    if (this.results > 1) {
      this.violation('twice', 'the result arrived twice');
    }
    if (this.#mortal && failed && UNKNOWN_OUTCOME.test(result.message)) {
      this.died = { at: Date.now(), message: result.message };
    }
    else if (failed || result?.isError || text !== `counted ${this.call.n}`) {
      this.violation('foreign', `wrong result ${JSON.stringify(result)?.slice(0, 200)}`);
    }
  }

  violation(kind, text) {
    this.#violations.push({ kind, text });
  }

  /** Everything that was wrong, as `{kind, text}`; to be called once the call is over. */
  violations() {
    const found = [...this.#violations];
    if (!this.primed) {
      found.push({ kind: 'result', text: `never primed in ${this.attempts} attempts` });
      return found;
    }
    if (this.results === 0) {
      found.push({ kind: 'result', text: `no result, last event ID ${this.lastEventId}` });
    }
    const missing = [];
    // Without a result, or with the error of a server that died, the rest of the call is missing anyway: report holes only.
    const end = (this.results > 0 && !this.died) ? this.call.n : this.#highest;
    for (let number = 1; number <= end; number++) {
      if (!this.#seen.has(number)) {
        missing.push(number);
      }
    }
    if (missing.length > 0) {
      found.push({ kind: 'lost', text: `lost ${ranges(missing)}` });
    }
    return found;
  }

}

/** `[1, 2, 3, 7]` as `1-3 7`. */
export function ranges(numbers) {
  const parts = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last && last[1] === number - 1) {
      last[1] = number;
    }
    else {
      parts.push([number, number]);
    }
  }
  return parts.map(([from, to]) => ((from === to) ? `${from}` : `${from}-${to}`)).join(' ');
}
