// The official TypeScript SDK, 1.x.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { drive } from './driver.mjs';
import { wrap } from './official.mjs';

await drive((url, listener) => wrap(Client, new StreamableHTTPClientTransport(new URL(url)), listener));
