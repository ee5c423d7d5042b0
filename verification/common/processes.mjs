import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';

const run = promisify(execFile);

/** Processes that end, and a directory that goes, when the run does. */
export class Processes {

  directory = mkdtempSync(path.join(os.tmpdir(), 'verification-'));
  #children = [];

  /** Start a process whose log goes on where that of an earlier one of this name ended. */
  start(name, command, args, options = {}) {
    const log = path.join(this.directory, `${name}.log`);
    const output = openSync(log, 'a');
    const child = spawn(command, args, { cwd: this.directory, stdio: ['ignore', output, output], ...options });
    closeSync(output);
    const started = { name, log, pid: child.pid, exited: false };
    started.exit = new Promise((resolve) => {
      child.on('error', (error) => {
        started.error = error.message;
        started.exited = true;
        resolve();
      });
      child.on('close', (code) => {
        started.code = code;
        started.exited = true;
        resolve();
      });
    });
    started.child = child;
    this.#children.push(started);
    return started;
  }

  /** @returns whether it ended when it was asked to, and not only when it was made to */
  async stop(started, limit = 10_000) {
    started.child.kill('SIGTERM');
    const ended = await this.wait(started, limit);
    started.child.kill('SIGKILL');
    return ended;
  }

  /** @returns whether the process ended within so many milliseconds */
  async wait(started, limit) {
    await Promise.race([started.exit, delay(limit, undefined, { ref: false })]);
    return started.exited;
  }

  async kill(started) {
    started.child.kill('SIGKILL');
    await started.exit;
  }

  /** For the process's own exit: no waiting. */
  killAll(keepLogs = false) {
    this.#children.filter((started) => !started.exited).forEach((started) => started.child.kill('SIGKILL'));
    if (!keepLogs) {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

}

/** A port that is free, and below those that outgoing connections take before a server listens at it. */
export async function freePort() {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 11_000 + Math.floor(Math.random() * 20_000);
    const server = net.createServer();
    const free = await new Promise((resolve) => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
    if (free) {
      await new Promise((resolve) => server.close(resolve));
      return port;
    }
  }
  throw new Error('no free port between 11000 and 31000');
}

export async function waitForPort(port, started, limit = 180_000) {
  for (const end = Date.now() + limit; Date.now() < end;) {
    if (started?.exited) {
      break;
    }
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) {
      return;
    }
    await delay(100);
  }
  throw new Error(`${started?.name ?? 'the server'} doesn't listen on port ${port}: ${started?.error ?? ''}\n${tail(started?.log)}`);
}

export function tail(log, lines = 20) {
  return (log && existsSync(log)) ? readFileSync(log, 'utf8').split('\n').slice(-lines).join('\n') : '';
}

/** What a JVM holds: live bytes, after a full collection, and threads. */
export async function inspectJvm(pid) {
  const jcmd = await findJcmd(pid);
  const command = async (...args) => (await run(jcmd, [String(pid), ...args], { maxBuffer: 64 << 20, timeout: 60_000 })).stdout;
  await command('GC.run');
  const classes = new Map();
  let bytes = 0;
  for (const line of (await command('GC.class_histogram')).split('\n')) {
    const [, instances, size, name] = /^\s*\d+:\s+(\d+)\s+(\d+)\s+(\S+)/.exec(line) ?? [];
    if (name) {
      classes.set(name, { instances: Number(instances), bytes: Number(size) });
      bytes += Number(size);
    }
  }
  const names = (await command('Thread.print')).split('\n').filter((line) => line.startsWith('"'))
    .map((line) => line.slice(1, line.indexOf('"', 1)));
  return { bytes, classes, threads: names.length, threadNames: names };
}

async function findJcmd(pid) {
  const candidates = [];
  try {
    candidates.push(path.join(path.dirname(readlinkSync(`/proc/${pid}/exe`)), 'jcmd'));
  }
  catch {
    // Not on Linux.
  }
  if (process.env.JAVA_HOME) {
    candidates.push(path.join(process.env.JAVA_HOME, 'bin', 'jcmd'));
  }
  return candidates.find((candidate) => existsSync(candidate)) ?? 'jcmd';
}

/**
 * The connections that a server has open: accepted ones on its port, as far as the server
 * hasn't closed them, and all file descriptors of its process; undefined where the system
 * doesn't tell.
 */
export function inspectConnections(port, pid) {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const open = new Set(['01', '08']); // ESTABLISHED, CLOSE_WAIT
  const count = (file) => readFileSync(file, 'utf8').split('\n').slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(`:${wanted}`) && open.has(state)).length;
  try {
    const accepted = count('/proc/net/tcp') + (existsSync('/proc/net/tcp6') ? count('/proc/net/tcp6') : 0);
    return { accepted, descriptors: pid ? readdirSync(`/proc/${pid}/fd`).length : undefined };
  }
  catch {
    return undefined;
  }
}

/** How many keys a Redis on the loopback address holds, and how many of them expire. */
export async function inspectRedis(port) {
  const text = await new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('INFO keyspace\r\nQUIT\r\n'));
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', reject).on('close', () => resolve(answer));
    socket.setTimeout(10_000, () => socket.destroy(new Error('Redis does not answer')));
  });
  const found = [...text.matchAll(/db\d+:keys=(\d+),expires=(\d+)/g)];
  const sum = (group) => found.reduce((total, match) => total + Number(match[group]), 0);
  return { keys: sum(1), expiring: sum(2) };
}

/** The keys of a Redis on the loopback address; for tests, since it walks through all of them. */
export async function findKeys(port) {
  const { stdout } = await run('redis-cli', ['-p', String(port), '--scan'], { maxBuffer: 64 << 20, timeout: 60_000 });
  return stdout.split('\n').filter((key) => key !== '');
}
