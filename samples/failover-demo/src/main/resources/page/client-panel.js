import { Call } from './call.js';
import { draw } from './chart.js';

/** A client's part of the page: its buttons, and what its call looks like to it. */
export class ClientPanel extends EventTarget {

  call;

  #client;
  #root;
  #length;
  #written = 0;
  #following = true;
  #top = 0;

  constructor(root, client, length) {
    super();
    this.#root = root;
    this.#client = client;
    this.#length = length;
    root.append(document.getElementById('client-body').content.cloneNode(true));
    this.#find('.log').setAttribute('aria-label', `What the ${root.querySelector('h2').textContent} received`);
    this.#on('.start', () => this.#start());
    this.#on('.cut', () => this.#cut());
    this.#on('.cancel', () => this.#cancel());
    this.#on('.yes', () => this.call.question?.answer('accept'));
    this.#on('.no', () => this.call.question?.answer('decline'));
    this.#followTheEnd();
    this.#render();
    setInterval(() => this.call !== undefined && this.call.outcome === undefined && draw(this.#find('.chart'), this.call), 200);
  }

  get client() {
    return this.#client;
  }

  get isRunning() {
    return this.call !== undefined && this.call.outcome === undefined;
  }

  /** Whether it can be: there has to be somebody to ask. */
  set available(available) {
    this.#available = available;
    this.#render();
  }

  #available = false;

  #start() {
    const call = new Call({ ...this.#length, asks: this.#find('.asks').checked, keepsEvents: this.#client.keepsEvents });
    this.call = call;
    this.#written = 0;
    this.#following = true;
    this.#find('.log ol').replaceChildren();
    call.addEventListener('change', ({ detail }) => {
      // The one before may still be told of
      if (this.call === call) {
        this.#render();
        this.dispatchEvent(new CustomEvent('call', { detail }));
      }
    });
    this.#client.run(call);
    this.#render();
  }

  async #cut() {
    const { call } = this;
    call.note('the connection is cut', call.connection.instance);
    await fetch(`/control/connections/${this.#client.name}/cut`, { method: 'POST' });
    this.dispatchEvent(new CustomEvent('call', { detail: 'cut' }));
  }

  async #cancel() {
    await this.#client.cancel(this.call).catch((error) => this.call.note(`not cancelled: ${error.message}`));
  }

  #render() {
    const { call } = this;
    enable(this.#find('.start'), !this.isRunning && this.#available);
    enable(this.#find('.cut'), this.isRunning && call.connection !== undefined);
    this.#find('.cut').title = (this.isRunning && call.connection === undefined) ? 'At the moment there is no connection to cut' : '';
    enable(this.#find('.cancel'), this.isRunning && !call.cancelled && call.requests > 0);
    const verdict = call?.verdict ?? { text: 'No call yet' };
    const line = this.#find('.verdict');
    line.textContent = verdict.text;
    line.dataset.good = String(verdict.good);
    draw(this.#find('.chart'), call);
    this.#renderQuestion(call?.question);
    this.#renderTask(call?.task);
    this.#renderEntries(call?.entries ?? []);
  }

  #renderQuestion(question) {
    const box = this.#find('.question');
    // Who answered with the keyboard goes on where another press of the key does nothing
    if (!question && box.contains(document.activeElement)) {
      this.#find('.log').focus({ preventScroll: true });
    }
    box.hidden = !question;
    box.querySelector('p').textContent = question ? `The tool asks: ${question.text}` : '';
  }

  #renderTask(task) {
    this.#find('.task').hidden = !task;
    this.#find('.task tbody').replaceChildren(...Object.entries(task ?? {}).sort().map(([instance, { status, statusMessage }]) => {
      const row = document.createElement('tr');
      row.append(cell(badge(instance)), cell(status), cell(statusMessage ?? ''));
      return row;
    }));
  }

  #renderEntries(entries) {
    this.#find('.log ol').append(...entries.slice(this.#written).map(row));
    this.#written = entries.length;
    this.#showTheEnd();
  }

  /** Unless the user has scrolled up. What comes and goes above the list makes it lower and higher, which is no scrolling. */
  #followTheEnd() {
    const log = this.#find('.log');
    log.addEventListener('scroll', () => {
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
      this.#following = atEnd || (this.#following && log.scrollTop >= this.#top);
      this.#top = log.scrollTop;
    });
    new ResizeObserver(() => this.#showTheEnd()).observe(log);
  }

  #showTheEnd() {
    if (this.#following) {
      const log = this.#find('.log');
      log.scrollTop = log.scrollHeight;
    }
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  #on(selector, action) {
    const button = this.#find(selector);
    button.addEventListener('click', () => button.ariaDisabled !== 'true' && action());
  }

}

/** Not by `disabled`, which would take the focus away from who uses the keyboard. */
export function enable(button, enabled) {
  button.ariaDisabled = String(!enabled);
}

function row(entry) {
  const item = document.createElement('li');
  item.className = entry.outcome ?? (entry.note ? 'note' : 'event');
  item.append(span('at', `${entry.at.toFixed(1)} s`), entry.instance ? badge(entry.instance) : span('badge none', ''));
  if (!entry.note) {
    item.append(id(entry.id));
  }
  item.append(span('text', entry.text));
  if (entry.again || entry.replayed) {
    item.append(span('replayed', entry.again ? 'sent again' : 'replayed'));
  }
  return item;
}

/** The part that counts is the number. The stream's is the same in all of a call, so a few letters of it do. */
function id(eventId) {
  const created = span('id', '');
  const [, stream, number, rest] = /^(.*)_(\d+)(_.*)$/.exec(eventId ?? '') ?? [];
  if (number === undefined) {
    created.textContent = eventId ?? 'no ID';
    return created;
  }
  const strong = document.createElement('b');
  strong.textContent = number;
  created.title = eventId;
  created.append(`${stream.slice(0, 3)}…_`, strong, rest);
  return created;
}

function badge(instance) {
  const created = span('badge', instance);
  created.dataset.instance = instance;
  return created;
}

function cell(content) {
  const created = document.createElement('td');
  created.append(content);
  return created;
}

function span(className, text) {
  const created = document.createElement('span');
  created.className = className;
  created.textContent = text;
  return created;
}
