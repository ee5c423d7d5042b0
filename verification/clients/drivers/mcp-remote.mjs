// mcp-remote, which makes a server on HTTP one on stdio; a client on stdio drives it.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProgressNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { drive } from './driver.mjs';
import { wrap } from './official.mjs';

const proxy = fileURLToPath(new URL('../node_modules/mcp-remote/dist/proxy.js', import.meta.url));
// It keeps what it knows of servers in the user's home directory
const home = mkdtempSync(path.join(os.tmpdir(), 'mcp-remote-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));

await drive((url, listener) => wrap(Client, new StdioClientTransport({
  command: process.execPath,
  args: [proxy, url, '--allow-http', '--transport', 'http-only'],
  env: { ...process.env, HOME: home, MCP_REMOTE_CONFIG_DIR: home },
}), listener, (client) => {
  // On stdio the SDK itself drops progress that comes in one piece with the response
  client.setNotificationHandler(ProgressNotificationSchema, ({ params }) => client.progressed(params));
}), { atOnce: 2, starts: 20_000 });
