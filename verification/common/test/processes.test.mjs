import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { findKeys, freePort, inspectConnections, inspectRedis, Processes, tail, waitForPort } from '../processes.mjs';

test('counts the accepted connections of a port until they are closed', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  assert.equal(inspectConnections(port, process.pid).accepted, 0);
  const client = net.connect(port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  assert.equal(inspectConnections(port, process.pid).accepted, 1);
  accepted.destroy();
  client.destroy();
  await once(client, 'close');
  assert.equal(inspectConnections(port, process.pid).accepted, 0);
  server.close();
});

test('counts the keys of a Redis and those of them that expire', async () => {
  const processes = new Processes();
  try {
    const port = await freePort();
    await waitForPort(port, processes.start('redis', 'redis-server', ['--port', String(port), '--save', '']));
    assert.deepEqual(await inspectRedis(port), { keys: 0, expiring: 0 });
    const socket = net.connect(port, '127.0.0.1');
    socket.resume().end('SET a 1\r\nSET b 1 EX 60\r\nQUIT\r\n');
    await once(socket, 'close');
    assert.deepEqual(await inspectRedis(port), { keys: 2, expiring: 1 });
    assert.deepEqual((await findKeys(port)).sort(), ['a', 'b']);
  }
  finally {
    processes.killAll();
  }
});

test('tells why a server does not start', async () => {
  const processes = new Processes();
  try {
    const failing = processes.start('failing', process.execPath, ['-e', 'console.error("no such luck"); process.exit(1)']);
    await assert.rejects(waitForPort(await freePort(), failing, 10_000), /failing doesn't listen[\s\S]*no such luck/);
  }
  finally {
    processes.killAll();
  }
});

test('tells a process that ends when it is asked to from one that does not', async () => {
  const processes = new Processes();
  try {
    const [obedient, stubborn] = ['exit(0)', 'stdout.write("")'].map((action, number) => processes.start(`process${number}`,
        process.execPath, ['-e', `process.on('SIGTERM', () => process.${action}); console.log('ready'); setInterval(() => {}, 1000)`]));
    while (!tail(obedient.log).includes('ready') || !tail(stubborn.log).includes('ready')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(await processes.stop(obedient, 60_000), true);
    assert.equal(await processes.stop(stubborn, 300), false);
    assert.equal(await processes.wait(stubborn, 60_000), true);
  }
  finally {
    processes.killAll();
  }
});
