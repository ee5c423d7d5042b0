import { CLIENTS, java } from './clients.mjs';

/** The revision that has no sessions. */
const MODERN = '2026-07-28';

const SIMPLE = 'test_simple_text';
const PROGRESS = 'test_tool_with_progress';

/** Asks for a name, blocks, then asks for a colour. */
const BLOCKING = 'test_input_required_result_multi_round';

const OUTCOME = 'Ada likes green';

/** How long a client may take for all of it, in milliseconds. */
const PATIENCE = 40_000;

/**
 * The clients at a server of both eras, and which era each takes there. Each is `{name, title, command, mode, can}`:
 *
 * - `mode`: what the driver is told, if the client can be told how to choose, and `told` what a user would write;
 * - `era`: `modern` or `legacy`;
 * - `discovers`: whether it asks `server/discover` first;
 * - `progress`, `elicitation`: whether it has them;
 * - `refused`: what our server refuses, rightly, and the client bears;
 * - `quick`: whether it is tried in a quick run as well.
 */
export const ERAS = [
  of('typescript-2', 'legacy', { era: 'legacy', told: "`mode: 'legacy'`, its default" }),
  of('typescript-2', 'auto', { told: "`mode: 'auto'`", quick: true }),
  of('typescript-2', 'pin', { told: "`mode: {pin: '2026-07-28'}`" }),
  {
    ...java('java-sdk-2.2.0-modern', 'sdk-2.2.0-modern', 'Java SDK 2.2.0, `modern.client`'),
    can: { ...defaults(), discovers: false, quick: true },
  },
  of('inspector', 'legacy', { era: 'legacy', told: '`--protocol-era legacy`, its default' }),
  of('inspector', 'auto', { told: '`--protocol-era auto`', quick: true }),
  of('inspector', 'modern', { told: '`--protocol-era modern`' }),
  of('ai-sdk', undefined, { quick: true }),
  of('openai-agents', undefined, { quick: true }),
  ...['java-sdk-2.1.0', 'java-webclient-2.1.0', 'spring-ai-2.0.1', 'typescript-1', 'langchain', 'mcp-remote']
    .map((name) => of(name, undefined, { era: 'legacy' })),
];

function defaults() {
  return { era: 'modern', discovers: true, progress: true, elicitation: true, refused: [], quick: false };
}

function of(name, mode, can) {
  const client = CLIENTS.find((one) => one.name === name);
  return {
    ...client,
    name: (mode === undefined) ? `${name}-eras` : `${name}-${mode}`,
    mode,
    can: {
      ...defaults(), progress: client.can.progress, elicitation: client.can.elicitation,
      discovers: can.era !== 'legacy', refused: (can.era === 'legacy') ? client.can.refused : [], ...can,
    },
  };
}

/** How it is called in the table. */
export function titleOf({ title, can }) {
  return can.told ? `${title}, ${can.told}` : title;
}

/** What each of them does. */
export function erasScenario(slowness) {
  const calls = [SIMPLE, PROGRESS, BLOCKING].map((tool) => ({ tool, arguments: {}, progress: (tool === PROGRESS) ? 3 : 0 }));
  return { name: 'eras', timeoutMs: PATIENCE * slowness, list: true, calls };
}

/**
 * Compare what a client did with what it can do.
 *
 * @param requests what the balancer took down
 * @param check takes whether it is so, and what
 * @returns what was found, for the table
 */
export function judgeEras({ can }, outcome, requests, check) {
  const call = (tool) => outcome?.calls.find((one) => one.tool === tool) ?? {};
  const posted = requests.filter(({ rpc }) => ['tools/list', 'tools/call'].includes(rpc));
  const found = {
    era: eraOf(posted),
    discovers: requests.some(({ rpc, status }) => rpc === 'server/discover' && status === 200),
    list: [SIMPLE, PROGRESS, BLOCKING].every((tool) => outcome?.tools?.includes(tool)),
    progress: call(PROGRESS).progress?.length === 3,
  };
  same(check, found.era, can.era, 'takes the era that it is known for');
  same(check, found.discovers, can.discovers, 'asks `server/discover` first');
  check(found.list && call(SIMPLE).text?.includes('simple text'),
      `lists the tools, and calls one (${outcome?.failure ?? call(SIMPLE).failure ?? call(SIMPLE).text})`);
  same(check, found.progress, can.progress, 'gets progress');

  const { text, questions, failure } = call(BLOCKING);
  found.elicitation = text === OUTCOME && questions === 2;
  same(check, found.elicitation, can.elicitation, 'completes a tool that blocks twice for its answer');
  const rounds = requests.filter(({ tool }) => tool === BLOCKING);
  const answers = (found.era === 'modern') ? rounds.filter(({ goesOn }) => goesOn)
      : requests.filter(({ rpc, status }) => rpc === 'answer' && status === 202);
  if (can.elicitation) {
    check(answers.length === 2 && answers.every(({ node: answered, owner }) => answered !== owner),
        `answers twice, at another instance than that of the tool (${answers.length} times)`);
    const kinds = rounds.map(({ resultType }) => resultType ?? 'none').join(', ');
    check(kinds === ((can.era === 'modern') ? 'input_required, input_required, complete' : 'none'),
        `calls it in ${rounds.length} requests, which get ${kinds}`);
  }
  else {
    check(`${failure} ${text}`.includes('elicitation'), `hears what it lacks for a tool that asks (${failure ?? text})`);
  }
  found.refused = [...new Set(requests.filter(({ path, status, tool }) => path === '/mcp' && status >= 400 && (can.elicitation || tool !== BLOCKING))
    .map(({ method, rpc, status }) => [method, rpc, status].filter((part) => part !== undefined).join(' ')))];
  check(found.refused.every((one) => can.refused.includes(one)), `is refused nothing but ${can.refused.join(', ') || 'nothing'}`
      + ` (${found.refused.join(', ')})`);
  return found;
}

/** As the server saw it: by what each request said, and what it was answered. */
function eraOf(posted) {
  const modern = posted.filter(({ version, meta, session, resultType, status }) => version === MODERN && meta === MODERN
      && session === undefined && (resultType !== undefined || status !== 200));
  const legacy = posted.filter(({ version, meta, session, resultType }) => version !== MODERN && meta === undefined
      && session !== undefined && resultType === undefined);
  return (posted.length === 0) ? 'none' : (modern.length === posted.length) ? 'modern'
      : (legacy.length === posted.length) ? 'legacy' : 'mixed';
}

function same(check, found, expected, text) {
  check(found === expected, `${text}: ${(found === true) ? 'yes' : (found === false) ? 'no' : found}`
      + `${(found === expected) ? '' : `, but the table in eras.mjs says ${expected}`}`);
}
