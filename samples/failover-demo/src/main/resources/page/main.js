import { ClientPanel, enable } from './client-panel.js';
import { LegacyClient } from './legacy-client.js';
import { ModernClient } from './modern-client.js';

const story = document.getElementById('story');

/** `?n=12&interval=300` is for who is in a hurry; with `?tasks=no` no call becomes a task. */
const query = new URLSearchParams(location.search);
const takesTasks = query.get('tasks') !== 'no';
const length = { n: Number(query.get('n') ?? 20), interval: Number(query.get('interval') ?? 800) };

/** When each instance was last seen to start. */
const startedAt = {};

let state = { instances: {}, redis: 'up' };

const panels = {
  legacy: new ClientPanel(document.getElementById('legacy'), new LegacyClient(), length),
  modern: new ClientPanel(document.getElementById('modern'), new ModernClient(serving, takesTasks), length),
};

function serving() {
  return Object.keys(state.instances).filter((name) => state.instances[name].condition === 'up');
}

function withoutRedis() {
  return ['stopping', 'down', 'starting'].includes(state.redis);
}

function other(instance) {
  return (instance === 'A') ? 'B' : 'A';
}

function tell(sentences) {
  const text = sentences.trim();
  if (story.textContent !== text) {
    story.textContent = text;
  }
}

/** What has just happened, in a sentence or two, for who sees it for the first time. */
function tellOfCall(what, { call, client }) {
  const { runsOn } = call;
  const via = call.connection?.instance;
  const resumed = call.connections.length > 1;
  const legacy = client.keepsEvents;
  switch (what) {
    case 'connected':
      if (!resumed) {
        return tellOfStart(call, legacy);
      }
      if (!legacy) {
        return tell(`The answer came to ${via}, as a new request with the state of the call. The tool goes on where it waited, on ${runsOn}.`);
      }
      if (call.toolEndedAt !== undefined) {
        return tell(`The client has come back to ${via}. If ${runsOn} gives no sign of life for three seconds, ${via} ends the call with an error.`);
      }
      if (withoutRedis()) {
        return tell(via === runsOn ? `The client has come back to ${via}, which runs the tool and has its latest events in memory.`
          : `The client has come back to ${via}, and waits there until Redis is back.`);
      }
      return tell(via === runsOn ? `The client has come back to ${via}, with the ID of its last event, and gets what it missed.`
        : `The client has come back with the ID of its last event, to ${via}. It gets what it missed, then what is new, while the tool still runs on ${runsOn}.`);
    case 'cut':
      return (call.outcome !== undefined) ? undefined : tell(legacy ? `The connection is cut. The tool on ${runsOn} doesn’t notice: it goes on, and its events wait in ${withoutRedis() ? `the memory of ${runsOn} until Redis is back` : 'Redis'}.`
        : 'The connection is cut. In this revision a call ends with its connection, unless it has become a task.');
    case 'again':
      return tell(tellOfAgain(call));
    case 'asked':
      return tell(legacy ? `The tool on ${runsOn} asks its user, and waits. ${withoutRedis() ? 'Answer below.' : 'Answer below: it may come to any instance, now or after a cut.'} ${tellOfAgain(call)}`
        : `The tool on ${runsOn} asks its user, and waits. ${call.task ? 'Any instance takes the answer.' : 'The request is over, nobody is connected, and any instance takes the answer.'}`);
    case 'told':
      return (call.outcome === undefined && !call.question && Object.keys(call.task).length === 1)
        ? tell(`The call has become a task. ${withoutRedis() ? 'Redis is stopped, so nobody can say how it is; its tool runs on.'
          : 'Its client may go and come back, and each instance tells how it is. Kill the other instance, or stop Redis.'}`) : undefined;
    case 'ended':
      return tellOfEnd(call, legacy);
    default:
      return undefined;
  }
}

function tellOfStart(call, legacy) {
  const runs = `The tool runs on ${call.runsOn}.`;
  if (withoutRedis()) {
    call.outages.push({ from: 0 });
    return tell(`${runs} Redis is stopped, so its events come without IDs.`);
  }
  if (legacy) {
    return tell(`${runs} Each of its events is stored in Redis before it is sent. Now break something.`);
  }
  return tell(`${runs} ${takesTasks ? 'Wait two seconds, until its call is a task: then its client needn’t stay connected.' : 'Nothing of a plain call is stored, until it asks something.'}`);
}

function tellOfAgain({ again }) {
  return (again === 0) ? '' : `${again} ${again === 1 ? 'message' : 'messages'} came again: sent without an ID while Redis was stopped, `
    + `so the client couldn’t say that it had ${again === 1 ? 'it' : 'them'}. Only then a message comes twice.`;
}

function tellOfEnd(call, legacy) {
  const cuts = call.connections.filter(({ cut }) => cut).length;
  const breaks = [cuts > 0 && `${cuts === 1 ? 'a lost connection' : `${cuts} lost connections`}`,
    call.outages.length > 0 && 'an outage of Redis'].filter(Boolean).join(' and ');
  switch (call.outcome) {
    case 'result':
      return tell(legacy ? `${call.verdict.text}${breaks ? `, in spite of ${breaks}` : ''}.${breaks ? '' : ' Start another one, and break something meanwhile.'} ${tellOfAgain(call)}`
        : `${call.verdict.text}. The tool ran once, on ${call.runsOn}${call.requests > 1 && !call.task ? ', and waited there between the requests of its client' : ''}.`);
    case 'error':
      return tell(call.toolEndedAt !== undefined
        ? `${call.runsOn} took the tool with it, and nobody runs it twice. The client was told so by ${other(call.runsOn)}; ${legacy ? 'its session goes on there' : 'it can call again'}.`
        : `The call ended with an error: ${call.outcomeText}`);
    case 'cancelled':
      return tell('Cancelled: the tool’s thread was interrupted, wherever it runs.');
    default:
      return tell(legacy ? call.outcomeText
        : `The connection broke, and with it the call: revision 2026-07-28 has nothing to come back with, but for calls that have become tasks.${takesTasks ? ' Start another one, and wait two seconds, until it is a task.' : ''}`);
  }
}

function tellOfInstance(name, condition, before) {
  if (condition === 'down' && before === 'up') {
    const running = Object.values(panels).filter(({ isRunning }) => isRunning).map(({ call }) => call);
    running.forEach((call) => call.note(`instance ${name} is killed`));
    const there = running.filter(({ runsOn }) => runsOn === name);
    there.forEach((call) => {
      call.toolEndedAt ??= call.now;
    });
    const { call } = panels.modern;
    const lost = call?.outcome === 'lost' && call.runsOn === name;
    tell([`Instance ${name} is gone, and all that ran there.`,
      there.some(({ keepsEvents }) => keepsEvents) && `The client of 2025-11-25 comes back to ${other(name)}, in the same session.`,
      there.some(({ keepsEvents }) => !keepsEvents) && `The client of 2026-07-28 is told the end by ${other(name)}.`,
      lost && `A plain call of 2026-07-28 is over: it can be made again.`,
      there.length === 0 && !lost && running.length > 0 && `The tool runs on ${other(name)} and doesn’t notice.`].filter(Boolean).join(' '));
  }
  else if (condition === 'starting') {
    tell(`Instance ${name} starts, a JVM of its own: that takes some seconds.`);
  }
  else if (condition === 'up' && before === 'starting') {
    tell(`Instance ${name} serves. Sessions and calls are found in Redis, so it needs to be told nothing.`);
  }
}

function tellOfRedis(condition, before) {
  const running = Object.values(panels).filter(({ isRunning }) => isRunning);
  if (condition === 'down' && before !== 'starting') {
    running.forEach(({ call }) => {
      call.outages.push({ from: call.now });
      call.note('Redis is stopped');
    });
    const task = running.some(({ call }) => call.task !== undefined);
    tell(['Redis is stopped.',
      (!task || running.length > 1) && 'Events go on to who is connected to the instance that runs the tool, without IDs; they are stored when Redis is back.',
      task && 'Nobody can say how the task is, but its tool runs on.'].filter(Boolean).join(' '));
  }
  else if (condition === 'up' && before === 'starting') {
    running.forEach(({ call }) => {
      call.outages.filter((outage) => outage.to === undefined).forEach((outage) => {
        outage.to = call.now;
      });
      call.note('Redis is back');
    });
    const again = running.map(({ call }) => tellOfAgain(call)).join('');
    tell(`Redis is back, with what it held. ${again || 'What was sent meanwhile is stored now, in order.'}`);
  }
}

/** With how long that takes by now. */
function starts(name) {
  const seconds = Math.floor((Date.now() - (startedAt[name] ?? Date.now())) / 1000);
  return `starts … ${seconds > 0 ? `${seconds} s` : ''}`;
}

function render() {
  for (const box of document.querySelectorAll('.instance')) {
    const { name } = box.dataset;
    const { condition = 'down', pid } = state.instances[name] ?? {};
    box.dataset.condition = condition;
    box.querySelector('.condition').textContent = { up: `pid ${pid}`, starting: starts(name), down: 'gone' }[condition];
    const button = box.querySelector('.power');
    button.textContent = (condition === 'down') ? `Restart ${name}` : `Kill ${name} (-9)`;
    enable(button, condition !== 'starting');
    renderWork(box, name);
  }
  const redis = document.querySelector('.redis');
  redis.dataset.condition = state.redis ?? 'up';
  redis.querySelector('.condition').textContent = { up: 'serves', stopping: 'stops …', starting: 'starts …', down: 'stopped' }[state.redis] ?? 'not the demo’s to stop';
  const button = redis.querySelector('.power');
  button.textContent = ['down', 'starting'].includes(state.redis) ? 'Start Redis' : 'Stop Redis';
  enable(button, state.redis === 'up' || state.redis === 'down');
  Object.values(panels).forEach((panel) => {
    panel.available = serving().length > 0;
  });
}

function renderWork(box, name) {
  const work = [];
  for (const [client, { call, isRunning }] of Object.entries(panels)) {
    const revision = (client === 'legacy') ? '2025-11-25' : '2026-07-28';
    const connected = isRunning && call.connection?.instance === name;
    box.querySelector(client === 'legacy' ? '.left' : '.right').dataset.connected = String(connected);
    if (isRunning && call.runsOn === name && call.toolEndedAt === undefined) {
      work.push(`tool of ${revision} ${call.question ? 'waits' : 'runs'}`);
    }
    if (connected && call.runsOn !== name) {
      work.push(`sends to ${revision}`);
    }
  }
  box.querySelector('.work').replaceChildren(...work.map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
}

function control(selector, path) {
  const button = document.querySelector(`${selector} .power`);
  button.addEventListener('click', async () => {
    if (button.ariaDisabled === 'true') {
      return;
    }
    const response = await fetch(`/control/${path()}`, { method: 'POST' }).catch((error) => ({ ok: false, text: () => error.message }));
    if (!response.ok) {
      tell(await response.text());
    }
  });
}

for (const name of ['A', 'B']) {
  control(`.instance[data-name=${name}]`, () => `instances/${name}/${state.instances[name].condition === 'down' ? 'start' : 'kill'}`);
}
control('.redis', () => `redis/${state.redis === 'down' ? 'start' : 'stop'}`);

for (const panel of Object.values(panels)) {
  panel.addEventListener('call', ({ detail }) => {
    tellOfCall(detail, panel);
    render();
  });
}

const updates = new EventSource('/events');
let introduced = false;
updates.addEventListener('message', ({ data }) => {
  const before = state;
  state = JSON.parse(data);
  for (const [name, { condition }] of Object.entries(state.instances)) {
    if (condition === 'starting' && before.instances[name]?.condition !== 'starting') {
      startedAt[name] = Date.now();
    }
    if (introduced && condition !== before.instances[name]?.condition) {
      tellOfInstance(name, condition, before.instances[name]?.condition);
    }
  }
  if (introduced && state.redis !== before.redis) {
    tellOfRedis(state.redis, before.redis);
  }
  if (!introduced && serving().length === 2) {
    introduced = true;
    tell('Start a call of the first client. While its tool counts, cut the connection: the client comes back to the other instance, and nothing is missing. With the second client, wait until its call is a task.');
  }
  render();
});
updates.addEventListener('error', () => tell('The demo has ended, or is out of reach.'));
setInterval(() => Object.values(state.instances).some(({ condition }) => condition === 'starting') && render(), 1000);
render();
