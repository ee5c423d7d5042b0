import { events } from './sse.js';

const VERSION = '2026-07-28';

const META = 'io.modelcontextprotocol/';

const TASKS = `${META}tasks`;

/** More often than it is told to: somebody is watching. */
const POLL_MS = 500;

/** As much of a client of revision 2026-07-28 as the page needs: rounds of requests, and tasks. */
export class ModernClient {

  name = 'modern';
  keepsEvents = false;

  #id = 0;
  #abort;

  /**
   * @param instances the names of those that can be asked at the moment
   * @param takesTasks whether it says that it can deal with tasks
   */
  constructor(instances, takesTasks) {
    this.instances = instances;
    this.takesTasks = takesTasks;
  }

  async run(call) {
    let round = {};
    try {
      for (;;) {
        const openedAt = Date.now();
        this.#abort = new AbortController();
        const params = { name: 'count', arguments: call.arguments, ...round };
        const response = await this.#post('tools/call', params, { signal: this.#abort.signal });
        call.connected(response.headers.get('Demo-Instance'), openedAt);
        const { result, error } = await this.#receive(call, response);
        if (error) {
          return call.end('error', error.message);
        }
        if (result.resultType === 'task') {
          call.note(`is a task: ${result.taskId}`, call.connection.instance);
          call.disconnected(false);
          return await this.#follow(call, result);
        }
        if (result.resultType !== 'input_required') {
          return call.end('result', result.content[0].text);
        }
        call.note('input_required: the request is over, the tool waits', call.connection.instance);
        call.disconnected(false);
        const inputResponses = await this.#ask(call, result.inputRequests);
        if (inputResponses === undefined) {
          return undefined;
        }
        round = { inputResponses, requestState: result.requestState };
      }
    }
    catch (error) {
      return call.cancelled ? call.end('cancelled', 'The client has closed its connection') : call.end('lost', this.#loss(error));
    }
  }

  /** What fetch throws says no more than that there is no connection. */
  #loss(error) {
    if (!(error instanceof TypeError)) {
      return `The call is lost: ${error.message}`;
    }
    return this.takesTasks ? 'The connection broke before the call was a task, and with it the call' : 'The connection broke, and with it the call';
  }

  async cancel(call) {
    if (call.taskId !== undefined) {
      const response = await this.#post('tasks/cancel', { taskId: call.taskId }, { target: call.taskId });
      if (!response.ok) {
        throw new Error(`the server answered ${response.status}`);
      }
      call.cancelled = true;
      call.note('tasks/cancel', response.headers.get('Demo-Instance'));
    }
    else if (call.question !== undefined) {
      // There is no connection to close; the call is given up when nobody comes back
      call.end('cancelled', 'Nobody comes back with an answer, so the call is given up after a while');
    }
    else {
      call.cancelled = true;
      this.#abort.abort();
    }
  }

  /** @returns the response, when it has come */
  async #receive(call, response) {
    if (response.headers.get('Content-Type')?.startsWith('application/json')) {
      return response.json();
    }
    if (!response.ok) {
      throw new Error(`the server answered ${response.status}`);
    }
    for await (const { data } of events(response.body)) {
      const message = JSON.parse(data);
      if (message.method === undefined) {
        return message;
      }
      call.receive(undefined, message);
    }
    throw new Error('the stream ended without a response');
  }

  async #ask(call, inputRequests) {
    const answers = {};
    for (const [key, { params }] of Object.entries(inputRequests)) {
      const action = await call.ask(params.message);
      if (action === undefined) {
        return undefined;
      }
      call.note(`answers: ${action === 'accept' ? 'yes' : 'no'}`);
      answers[key] = { action, content: {} };
    }
    return answers;
  }

  /** Ask each instance by itself how the task is, until one says that it is over. */
  async #follow(call, { taskId }) {
    call.taskId = taskId;
    const asked = new Set();
    while (call.outcome === undefined) {
      await Promise.all(['A', 'B'].map(async (instance) => {
        const task = await this.#look(taskId, instance);
        call.told(instance, task);
        if (task.status === 'input_required') {
          this.#answer(call, task, asked);
        }
        else if (task.status === 'completed') {
          call.end('result', task.result.content[0].text, { instance });
        }
        else if (task.status === 'failed') {
          call.end('error', task.error.message, { instance });
        }
        else if (task.status === 'cancelled') {
          call.end('cancelled', 'The task is cancelled', { instance });
        }
      }));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    // Once more, so that each has told the end
    await Promise.all(['A', 'B'].map(async (instance) => call.told(instance, await this.#look(taskId, instance))));
  }

  async #look(taskId, instance) {
    if (!this.instances().includes(instance)) {
      return { status: 'away' };
    }
    try {
      const response = await this.#post('tasks/get', { taskId }, { target: taskId, instance });
      const { result, error } = await response.json();
      return result ?? { status: 'can’t say', statusMessage: `${response.status} ${error.message.split(':')[0]}` };
    }
    catch {
      return { status: 'away' };
    }
  }

  async #answer(call, { taskId, inputRequests }, asked) {
    const open = Object.entries(inputRequests ?? {}).filter(([key]) => !asked.has(key));
    open.forEach(([key]) => asked.add(key));
    if (open.length === 0) {
      return;
    }
    const inputResponses = await this.#ask(call, Object.fromEntries(open));
    if (inputResponses !== undefined) {
      const response = await this.#post('tasks/update', { taskId, inputResponses }, { target: taskId }).catch(() => undefined);
      if (response?.ok) {
        call.note('tasks/update', response.headers.get('Demo-Instance'));
      }
      else {
        open.forEach(([key]) => asked.delete(key));
      }
    }
  }

  #post(method, params, { signal, instance, target = params.name } = {}) {
    const _meta = {
      [`${META}protocolVersion`]: VERSION,
      [`${META}clientInfo`]: { name: 'page', version: '1' },
      [`${META}clientCapabilities`]: { elicitation: {}, ...(this.takesTasks && { extensions: { [TASKS]: {} } }) },
      ...(method === 'tools/call' && { progressToken: 'call' }),
    };
    return fetch('/mcp', {
      method: 'POST',
      signal,
      body: JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params: { ...params, _meta } }),
      headers: {
        Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json',
        'MCP-Protocol-Version': VERSION, 'Mcp-Method': method, 'Mcp-Name': target,
        'Demo-Client': (instance === undefined) ? this.name : `${this.name}-poll`, ...(instance && { 'Demo-Instance': instance }),
      },
    });
  }

}
