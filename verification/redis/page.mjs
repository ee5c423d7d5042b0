/** The page of a run, in Markdown. */
export function describeRun(rows, results) {
  const head = ['', ...results.map(({ server }) => server.title)];
  const lines = rows.map(({ name }) => [name, ...results.map(({ found }) => cell(found.get(name)))]);
  return `# Servers of Redis

Which servers the store was tested on. This page is written by a run; don't edit it.

    verification/redis/run --docs docs/redis-servers.md

Run on ${new Date().toISOString().slice(0, 10)}, on Linux, each with the server's own defaults. A cell has the number of tests that passed;
where the driver matters they ran with Lettuce and with Jedis.

${table([head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines])}

Redis 6.2 is the binary in \`com.github.codemonstur:embedded-redis\`, a build without TLS. Redis 7.0, 8.0, and all of Valkey are those of Debian 12,
its backports, Debian 13 and the release after that. Redis 7.2 and 7.4 are in none of them, so they weren't tried: 7.0
and 8.0 are on either side of them. Whoever has one runs \`verification/redis/run --server FILE\`.

What each row is:

${rows.map(({ name, classes }) => `- **${name}**: ${classes.map((one) => `\`${one}\``).join(', ')}`).join('\n')}
`;
}

function cell({ tests, skipped, failed }) {
  const passed = tests - skipped - failed.length;
  return (passed === 0 && failed.length === 0) ? 'not run' : `${passed}${(failed.length > 0) ? `, ${failed.length} failed` : ''}`;
}

function table(lines) {
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
