import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));

const ROOT = process.getuid?.() === 0;

const APACHE_MODULES = '/usr/lib/apache2/modules';

/**
 * The proxies, each with the configuration that is recommended for it, and others that are
 * edits of it:
 *
 * - `caching`: with a cache by its own default rules, which heed `Cache-Control`;
 * - `ignorant`: with a cache that doesn't heed it, which the checks have to notice;
 * - `plain`: further edits of these two, for a server without Spring Boot's actuator;
 * - `broken`: without a line that matters, with the check that has to notice.
 *
 * `seconds` finds the time limit on silence, if there is one. Edits are `[from, to]`, and must apply.
 */
export const PROXIES = {

  nginx: {
    file: 'nginx.conf',
    version: ['nginx', '-v'],
    ports: ({ port, one, two }) => [['listen 80;', `listen 127.0.0.1:${port};`], ['server1:8080', one], ['server2:8080', two]],
    seconds: /(?<=proxy_read_timeout )60(?=s;)/g,
    caching: [
      [/^/, 'proxy_cache_path cache keys_zone=mcp:1m;\n'],
      ['proxy_pass http://mcp;', 'proxy_pass http://mcp;\nproxy_cache mcp;\nproxy_cache_valid any 1m;'],
    ],
    ignorant: [
      [/^/, 'proxy_cache_path cache keys_zone=mcp:1m;\n'],
      ['proxy_pass http://mcp;', 'proxy_pass http://mcp;\nproxy_cache mcp;\nproxy_cache_valid any 1m;\n'
        + 'proxy_ignore_headers Cache-Control Expires Vary;'],
    ],
    broken: {
      'without proxy_http_version': [[['proxy_http_version 1.1;', '']], 'headers arrive as they should: HTTP/1.1, Host, Last-Event-ID'],
      'without Host': [[['proxy_set_header Host $http_host;', '']], 'the public Host and its Origin are served, others are not'],
      'with Host $host': [[['$http_host', '$host']], 'the public Host and its Origin are served, others are not'],
      // With HTTP/1.1 alone it passes each chunk on, with X-Accel-Buffering alone each read
      'that ignores X-Accel-Buffering, at HTTP/1.0': [
        [['proxy_http_version 1.1;', 'proxy_ignore_headers X-Accel-Buffering;']],
        'an event of a call arrives while the tool waits for its answer',
      ],
      'without client_max_body_size': [[['client_max_body_size 17m;', '']],
        'a body as large as the server takes passes, and the server refuses a larger one'],
    },
    command: (file, directory) => {
      const main = path.join(directory, 'main.conf');
      writeFileSync(main, `${ROOT ? 'user root;' : ''} daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ')}
  include ${file};
}
`);
      return ['nginx', '-p', directory, '-c', main];
    },
  },

  haproxy: {
    file: 'haproxy.cfg',
    version: ['haproxy', '-v'],
    ports: ({ port, one, two }) => [['bind :80', `bind 127.0.0.1:${port}`], ['server1:8080', one], ['server2:8080', two]],
    seconds: /(?<=timeout (client|server) )60(?=s)/g,
    caching: [
      [/^/, 'cache mcp\n  total-max-size 4\n  max-age 60\n\n'],
      ['default_backend servers', 'default_backend servers\n  http-request cache-use mcp\n  http-response cache-store mcp'],
    ],
    plain: [['option httpchk GET /actuator/health/readiness', '']],
    broken: {},
    command: (file) => ['haproxy', '-db', '-f', file],
  },

  apache: {
    file: 'apache.conf',
    version: ['apache2', '-v'],
    ports: ({ port, one, two }) => [
      ['Listen 80', `Listen 127.0.0.1:${port}`], ['VirtualHost *:80', `VirtualHost *:${port}`],
      ['server1:8080', one], ['server2:8080', two],
    ],
    seconds: /(?<= timeout=)60(?= )/g,
    caching: [['ProxyPreserveHost On', 'ProxyPreserveHost On\n    CacheEnable socache /']],
    ignorant: [['ProxyPreserveHost On', `ProxyPreserveHost On
    CacheEnable socache /
    CacheQuickHandler off
    CacheIgnoreCacheControl On
    CacheStoreNoStore On
    CacheStorePrivate On
    Header set Cache-Control "max-age=60"
    Header always set Cache-Control "max-age=60"
`]],
    broken: {
      'without ProxyPreserveHost': [[['ProxyPreserveHost On', '']], 'the public Host and its Origin are served, others are not'],
    },
    command: (file, directory) => {
      const main = path.join(directory, 'main.conf');
      const modules = ['mpm_event', 'authz_core', 'headers', 'proxy', 'proxy_http', 'proxy_balancer', 'lbmethod_byrequests',
        'slotmem_shm', 'cache', 'cache_socache', 'socache_shmcb'];
      writeFileSync(main, `${modules.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join('\n')}
ServerName proxies
DefaultRuntimeDir ${directory}
PidFile ${directory}/apache.pid
ErrorLog /dev/stderr
CacheSocache shmcb:${directory}/cache(1048576)
${ROOT ? 'User www-data\nGroup www-data' : ''}
Include ${file}
`);
      return ['apache2', '-X', '-d', directory, '-f', main];
    },
  },

  caddy: {
    file: 'Caddyfile',
    version: ['caddy', 'version'],
    ports: ({ port, one, two }) => [[/^:80/, `{\n\tadmin off\n}\nhttp://:${port}`], ['server1:8080', one], ['server2:8080', two]],
    broken: {},
    environment: (directory) => ({ HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }),
    command: (file) => ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'],
  },

  varnish: {
    file: 'varnish.vcl',
    version: ['varnishd', '-V'],
    ports: ({ one, two }) => [[/"server1";\s+\.port = "8080"/, address(one)], [/"server2";\s+\.port = "8080"/, address(two)]],
    seconds: /(?<=between_bytes_timeout = )60(?=s)/g,
    caching: [['return (pass);', '']],
    ignorant: [
      ['return (pass);', ''],
      [/$/, '\nsub vcl_backend_response { set beresp.ttl = 60s; return (deliver); }\n'],
    ],
    plain: [['.url = "/actuator/health/readiness";', '.url = "/mcp";\n    .expected_response = 406;']],
    broken: {},
    command: (file, directory, port) => ['varnishd', '-F', '-j', 'none', '-n', directory, '-a', `127.0.0.1:${port}`, '-T', 'none',
      '-f', file, '-s', 'malloc,16m', '-p', 'backend_idle_timeout=30', '-p', 'vcc_allow_inline_c=off',
      '-p', 'thread_pools=1', '-p', 'thread_pool_min=20'],
  },

  squid: {
    file: 'squid.conf',
    version: ['squid', '-v'],
    ports: ({ port, one, two }) => [
      ['http_port 80', `http_port 127.0.0.1:${port}`],
      ['server1 parent 8080', one.replace(':', ' parent ')], ['server2 parent 8080', two.replace(':', ' parent ')],
    ],
    seconds: /(?<=read_timeout )60(?= seconds)/g,
    caching: [['cache deny mcp', 'cache allow mcp\nnegative_ttl 60 seconds']],
    ignorant: [['cache deny mcp', 'cache allow mcp\nnegative_ttl 60 seconds\n'
      + 'refresh_pattern . 1 100% 1 override-expire override-lastmod ignore-reload ignore-no-store ignore-private']],
    broken: {},
    command: (file, directory) => {
      const main = path.join(directory, 'main.conf');
      writeFileSync(main, `${readFileSync(file, 'utf8')}
pid_filename none
cache_log ${directory}/cache.log
access_log stdio:${directory}/access.log
visible_hostname proxies
shutdown_lifetime 0 seconds
pinger_enable off
netdb_filename none
`);
      return ['squid', '-N', '-f', main];
    },
  },

};

function address(hostAndPort) {
  const [host, port] = hostAndPort.split(':');
  return `"${host}";\n    .port = "${port}"`;
}

/**
 * Write a proxy's configuration for this run.
 * @param edits beside those for the ports
 * @param seconds the time limit on silence, instead of the recommended one
 * @returns what to start, and what it reads
 */
export function prepare(proxy, { directory, name, port, doors, edits = [], seconds }) {
  const own = path.join(directory, name);
  mkdirSync(own);
  // Some give up the rights of root for those of a user of their own
  chmodSync(directory, 0o755);
  chmodSync(own, 0o777);
  let text = readFileSync(path.join(HERE, proxy.file), 'utf8');
  const [one, two] = doors.map((door) => `127.0.0.1:${door.port}`);
  for (const [from, to] of [...edits, ...proxy.ports({ port, one, two })]) {
    const edited = text.replace(from, () => to);
    if (edited === text) {
      throw new Error(`${proxy.file} has no ${from} to replace`);
    }
    text = edited;
  }
  if (proxy.seconds !== undefined) {
    text = text.replace(proxy.seconds, String(seconds));
  }
  const file = path.join(own, proxy.file);
  writeFileSync(file, text);
  const [command, ...args] = proxy.command(file, own, port);
  return { command, args, options: { cwd: own, env: { ...process.env, ...proxy.environment?.(own) } } };
}
