const SENT_AT = 'io.github.mcppersist.samples/sentAt';

/**
 * One call as its client sees it, on however many connections: what came when, from which
 * instance, and whether anything is missing or came twice.
 */
export class Call extends EventTarget {

  startedAt = Date.now();
  /** What came and what happened, in order: `{at, instance, id, text, number, replayed, note}`. */
  entries = [];
  /** When the client was connected to which instance: `{instance, from, to, cut}`, in seconds. */
  connections = [];
  /** When Redis was away: `{from, to}`, in seconds. */
  outages = [];
  /** When the tool waited for an answer: `{from, to}`, in seconds. */
  waits = [];
  /** The instance that runs the tool. */
  runsOn;
  /** `{text, answer}` while the tool waits for its user. */
  question;
  /** What each instance said last of the task that this call has become, by name. */
  task;
  /** When which instance was asked for it: `{at, instance}`. */
  looks = [];
  /** `result`, `error`, `cancelled` or `lost`, once it is over. */
  outcome;
  outcomeText = '';
  endedAt;
  requests = 0;

  #numbers = [];
  #came = new Map();
  #twice = 0;
  #again = 0;

  constructor({ n, interval, asks, keepsEvents }) {
    super();
    Object.assign(this, { n, interval, keepsEvents });
    this.askAt = asks ? Math.floor(n / 2) : undefined;
  }

  get now() {
    return (Date.now() - this.startedAt) / 1000;
  }

  get connection() {
    const last = this.connections.at(-1);
    return (last !== undefined && last.to === undefined) ? last : undefined;
  }

  get arguments() {
    return { n: this.n, intervalMs: this.interval, ...(this.askAt && { askAt: this.askAt }) };
  }

  get received() {
    return new Set(this.#numbers).size;
  }

  /** Numbers that were passed over. */
  get lost() {
    return Math.max(0, ...this.#numbers) - this.received;
  }

  get twice() {
    return this.#twice;
  }

  /** What came without an ID, and once more since the connection had broken: the client couldn't tell that it had it. */
  get again() {
    return this.#again;
  }

  connected(instance, openedAt) {
    this.requests++;
    this.runsOn ??= instance;
    this.connections.push({ instance, from: (openedAt - this.startedAt) / 1000, openedAt });
    this.#changed('connected');
  }

  disconnected(cut) {
    const { connection } = this;
    if (connection !== undefined) {
      Object.assign(connection, { to: this.now, cut });
      this.#changed('disconnected');
    }
  }

  /** Note an event that isn't the response. */
  receive(id, message) {
    const { connection } = this;
    const { instance, openedAt } = connection;
    const entry = { at: this.now, instance, id, text: this.#describe(message), again: this.#compare(id, message, connection) };
    if (message?.method === 'notifications/progress') {
      const { progress, _meta } = message.params;
      const sentAt = _meta?.[SENT_AT];
      this.#numbers.push(progress);
      Object.assign(entry, { number: progress, sentAt: sentAt && (sentAt - this.startedAt) / 1000, replayed: sentAt < openedAt });
    }
    this.entries.push(entry);
    this.#changed(entry.again ? 'again' : 'received');
  }

  /** @returns whether it had to come again */
  #compare(id, message, connection) {
    const key = message?.params?.progress ?? message?.id;
    if (key === undefined) {
      return false;
    }
    const before = this.#came.get(`${message.method} ${key}`);
    this.#came.set(`${message.method} ${key}`, { id, connection });
    const again = before !== undefined && before.id === undefined && before.connection !== connection;
    this.#again += again ? 1 : 0;
    this.#twice += (before !== undefined && !again) ? 1 : 0;
    return again;
  }

  #describe(message) {
    switch (message?.method) {
      case undefined: return this.entries.some(({ note }) => !note) ? 'an ID to go on from' : 'an ID to start from';
      case 'notifications/progress': return message.params.message;
      case 'elicitation/create': return `asks: ${message.params.message}`;
      default: return message.method;
    }
  }

  /** Note what happened. */
  note(text, instance) {
    this.entries.push({ at: this.now, instance, text, note: true });
    this.#changed('noted');
  }

  /** Wait for the user's answer: `accept`, `decline`, or nothing if the call ends before. */
  ask(text) {
    this.waits.push({ from: this.now });
    return new Promise((resolve) => {
      this.question = {
        text,
        answer: (action) => {
          this.question = undefined;
          this.waits.at(-1).to = this.now;
          this.#changed('answered');
          resolve(action);
        },
      };
      this.#changed('asked');
    });
  }

  told(instance, state) {
    this.task = { ...this.task, [instance]: state };
    this.looks.push({ at: this.now, instance });
    this.#changed('told');
  }

  end(outcome, text, { id, instance } = {}) {
    if (this.outcome !== undefined) {
      return;
    }
    this.entries.push({ at: this.now, instance: instance ?? this.connection?.instance, id, text, outcome });
    Object.assign(this, { outcome, outcomeText: text, endedAt: this.now });
    this.disconnected(false);
    this.question?.answer(undefined);
    [...this.outages, ...this.waits].forEach((span) => {
      span.to ??= this.endedAt;
    });
    this.#changed('ended');
  }

  /** In words: how much came, and whether it is all. */
  get verdict() {
    const got = `${this.received} of ${this.n}`;
    const faults = [this.lost > 0 && `${this.lost} lost`, this.#twice > 0 && `${this.#twice} twice`].filter(Boolean).join(', ');
    const again = this.#again > 0 && `${this.#again} sent again`;
    const twice = [faults, again].filter(Boolean).join(', ') || 'none twice';
    const whole = [!faults && 'none lost', twice].filter(Boolean).join(', ');
    if (!this.keepsEvents) {
      return this.#verdictWithoutEvents(got);
    }
    switch (this.outcome) {
      case 'result': return { good: !faults && (this.received === this.n || this.outcomeText.startsWith('stopped')), text: `${got} and the result, ${twice}` };
      case 'error': return { text: `${got}, then an error, ${twice}` };
      case 'cancelled': return { text: `Cancelled after ${got}, ${whole}` };
      case 'lost': return { good: false, text: `${got}, and the rest can’t be had: ${this.outcomeText}` };
      default: return { text: `${got} so far, ${whole}`, good: faults ? false : undefined };
    }
  }

  #verdictWithoutEvents(got) {
    const rounds = `${this.requests} ${this.requests === 1 ? 'request' : 'requests'}`;
    switch (this.outcome) {
      case 'result': return { good: true, text: `The result: ${this.outcomeText}, ${this.task ? 'as a task' : `in ${rounds}`}` };
      case 'error': return { text: `An error: ${this.outcomeText}` };
      case 'cancelled': return { text: `Cancelled after ${got}` };
      case 'lost': return { text: this.outcomeText };
      default: return { text: this.#howItGoes(got) };
    }
  }

  #howItGoes(got) {
    if (this.task !== undefined) {
      return 'A task now: no connection needed, none to cut';
    }
    return (this.requests > 1) ? `Waits for the result, in request ${this.requests}` : `${got} so far`;
  }

  #changed(what) {
    this.dispatchEvent(new CustomEvent('change', { detail: what }));
  }

}
