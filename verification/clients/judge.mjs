import { COUNT, resumes } from './scenarios.mjs';
import { FORMS, LINES, PLACES } from './stage.mjs';

const TOOLS = ['add', 'count', 'greet', 'sleep'];

/**
 * Compare what a client did with what it can do, as its entry in CLIENTS has it.
 *
 * @param check takes whether it is so, and what
 * @returns what was found, for the table
 */
export function judge({ can }, scenarios, check) {
  const of = (kind) => scenarios.filter((scenario) => scenario.kind === kind);
  const requests = scenarios.flatMap(({ stage }) => stage.requests);
  const [whole] = of('whole');
  const found = { cuts: {}, listening: {}, fails: [] };

  const call = (tool) => whole.outcome?.calls.find((one) => one.tool === tool) ?? {};
  found.revision = whole.stage.requests.findLast(({ protocol }) => protocol !== undefined)?.protocol;
  found.initialize = whole.stage.requests.some(({ rpc, status }) => rpc === 'initialize' && status === 200)
      && call('add').text === '3';
  check(found.initialize, `initializes and is answered (${call('add').failure ?? whole.outcome?.failure ?? 'revision ' + found.revision})`);
  found.list = TOOLS.every((tool) => whole.outcome?.tools?.includes(tool));
  check(found.list, 'lists the tools');
  check(call('count').text === `counted ${COUNT.n}`, `waits for a slow tool (${call('count').failure ?? call('count').text})`);
  found.progress = isWhole(call('count').progress);
  same(check, found.progress, can.progress, 'gets progress');
  found.elicitation = call('greet').questions === 1 && call('greet').text === 'Hello, Ada';
  same(check, found.elicitation, can.elicitation, 'answers an elicitation, at another instance');
  check(found.elicitation || call('greet').text === 'Hello, whoever you are', 'gets an answer from a tool that would ask');

  for (const scenario of of('cut')) {
    judgeCut(can, scenario, check, found);
  }
  for (const { form, stage } of of('listening')) {
    found.listening[form] = listening(stage);
    check(found.listening[form] === can.listening[form], `whose standalone stream is cut (${FORMS[form]}): `
        + `${found.listening[form]}${outdated(found.listening[form], can.listening[form])}`);
  }
  for (const { line, outcome } of of('line')) {
    const bears = outcome?.calls[0]?.text === '3';
    if (!bears) {
      found.fails.push(line);
    }
    same(check, bears, !can.fails.includes(line), `bears '${line}' (${JSON.stringify(LINES[line])})`);
  }

  found.deletes = whole.stage.requests.some(({ method, status }) => method === 'DELETE' && status === 200);
  same(check, found.deletes, can.deletes, 'ends its session with DELETE');
  found.userAgents = [...new Set(requests.filter(({ rpc, session }) => rpc ?? session).map(({ userAgent }) => userAgent))];
  check(found.userAgents.length === 1 && can.userAgent.test(found.userAgents[0]), `calls itself ${found.userAgents.join(', ')}`);
  found.refused = [...new Set(scenarios.flatMap(({ stage }) => untilDelete(stage.requests)).filter(({ path, status }) => path === '/mcp' && status >= 400)
    .map(({ method, rpc, status }) => [method, rpc, status].filter((part) => part !== undefined).join(' ')))];
  check(found.refused.every((one) => can.refused.includes(one)), `is refused nothing but ${can.refused.join(', ') || 'nothing'}`
      + ` (${found.refused.join(', ')})`);
  return found;
}

function judgeCut(can, { form, place, outcome, stage }, check, found) {
  const call = outcome?.calls[0] ?? {};
  const text = `cut by ${FORMS[form]} ${PLACES[place]}`;
  const resume = stage.requests.find((request) => request.of === 'count');
  const cut = stage.requests.find((request) => request.cut !== undefined);
  const survives = call.text === `counted ${COUNT.n}` && (!can.progress || isWhole(call.progress));
  (found.cuts[form] ??= {})[place] = survives;
  check(cut !== undefined, `is ${text}`);
  if (resumes(can, form, place)) {
    check(survives, `${text} has all of its call in the end (${call.failure ?? `${call.text}, ${call.progress}`})`);
    check(resume?.status === 200 && resume.node !== cut?.node, `${text} resumes it on another instance`);
    found.elsewhere = (found.elsewhere ?? true) && resume?.status === 200 && resume.node !== cut?.node;
  }
  else {
    check(!survives && resume === undefined, `${text} never comes back for its call`
        + `${(resume !== undefined) ? ': it does now, the table in clients.mjs is out of date' : ''}`);
    check(stage.witnessed === `counted ${COUNT.n}`, `${text} could have its result from another instance (${stage.witnessed})`);
  }
}

/** Each number, once. Their order is the client's: the Java SDK's tells its consumers on several threads. */
function isWhole(progress) {
  return progress !== undefined && progress.length === COUNT.n
      && new Set(progress).size === COUNT.n && progress.every((number) => number >= 1 && number <= COUNT.n);
}

/** A client that has ended its session may still ask for it, since its standalone stream was closed. */
function untilDelete(requests) {
  const end = requests.findIndex(({ method }) => method === 'DELETE');
  return (end < 0) ? requests : requests.slice(0, end + 1);
}

function listening({ requests, cut }) {
  const streams = requests.filter(({ method, status, of }) => method === 'GET' && status < 400 && (of ?? 'listening') === 'listening');
  if (streams.length === 0) {
    return 'none';
  }
  if (!cut) {
    return 'not cut';
  }
  const later = streams.slice(streams.findIndex((request) => request.cut !== undefined) + 1);
  return later.some(({ of }) => of === 'listening') ? 'cursor' : (later.length > 0) ? 'anew' : 'never';
}

function same(check, found, expected, text) {
  check(found === expected, `${text}: ${found ? 'yes' : 'no'}${outdated(found, expected)}`);
}

function outdated(found, expected) {
  return (found === expected) ? '' : `, but the table in clients.mjs says ${expected}`;
}
