// The MCP Inspector's command line, which makes a session for each thing that it is asked to do.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { drive } from './driver.mjs';

const run = promisify(execFile);
const launcher = fileURLToPath(new URL('../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
    import.meta.url));
/** How long it may take to start, in milliseconds. */
const STARTS = 20_000;

const home = mkdtempSync(path.join(os.tmpdir(), 'inspector-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

await drive(async (url, { timeout, mode }) => {
  const inspect = async (...args) => {
    const { stdout } = await run(process.execPath, [launcher, '--cli', '--server-url', url, '--transport', 'http',
      '--format', 'json', '--quiet', ...(mode ? ['--protocol-era', mode] : []), ...args],
    { timeout: timeout + STARTS, killSignal: 'SIGKILL', env: { ...process.env, HOME: home } });
    return JSON.parse(stdout).result;
  };
  return {
    listTools: async () => (await inspect('--method', 'tools/list')).tools.map(({ name }) => name),
    callTool: async (name, args) => (await inspect('--method', 'tools/call', '--tool-name', name,
        '--tool-args-json', JSON.stringify(args))).content[0].text,
    close: async () => undefined,
  };
}, { atOnce: 2, starts: STARTS });
