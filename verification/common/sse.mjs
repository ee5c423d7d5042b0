import { StringDecoder } from 'node:string_decoder';

/**
 * An incremental parser of Server-Sent Events. Unlike a browser it also reports blocks that
 * have an ID but no data, since that is what a priming event is. What an unfinished block
 * held when the connection broke is dropped, as the HTML standard demands.
 */
export class SseParser {

  #decoder = new StringDecoder('utf8');
  #buffer = '';
  #first = true;
  #afterReturn = false;
  #block = {};
  #handlers;

  /** @param handlers `onEvent({id, event, data})`, `onRetry(ms)`, `onComment(text)`, all optional */
  constructor(handlers = {}) {
    this.#handlers = handlers;
  }

  push(chunk) {
    let text = this.#decoder.write(chunk);
    if (text === '') {
      return;
    }
    if (this.#first) {
      this.#first = false;
      if (text.startsWith('\ufeff')) {
        text = text.slice(1);
      }
    }
    if (this.#afterReturn && text !== '') {
      this.#afterReturn = false;
      if (text.startsWith('\n')) {
        text = text.slice(1);
      }
    }
    this.#afterReturn = text.endsWith('\r');
    const lines = (this.#buffer + text).split(/\r\n|\r|\n/);
    this.#buffer = lines.pop();
    lines.forEach((line) => this.#line(line));
  }

  #line(line) {
    if (line === '') {
      const { id, event, data } = this.#block;
      this.#block = {};
      if (id !== undefined || data !== undefined) {
        this.#handlers.onEvent?.({ id, event, data: data?.join('\n') ?? '' });
      }
      return;
    }
    if (line.startsWith(':')) {
      this.#handlers.onComment?.(line.slice(1).replace(/^ /, ''));
      return;
    }
    const colon = line.indexOf(':');
    const field = (colon < 0) ? line : line.slice(0, colon);
    const value = (colon < 0) ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      (this.#block.data ??= []).push(value);
    }
    else if (field === 'id' && !value.includes('\0')) {
      this.#block.id = value;
    }
    else if (field === 'event') {
      this.#block.event = value;
    }
    else if (field === 'retry' && /^\d+$/.test(value)) {
      this.#handlers.onRetry?.(Number(value));
    }
  }

}
