/**
 * The page after a server's run, in Markdown. The other servers keep what the former page says of them.
 *
 * @param found what came of each row, by its name
 * @param former the page as it was; empty for none
 */
export function describeRun(rows, server, found, former) {
  const columns = columnsOf(former);
  columns.set(server, new Map([[RUN_ON, new Date().toISOString().slice(0, 10)], ...rows.map(({ name }) => [name, cell(found.get(name))])]));
  const titles = [...columns.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const lines = [RUN_ON, ...rows.map(({ name }) => name)]
    .map((name) => [name, ...titles.map((title) => columns.get(title).get(name) ?? NOT_RUN)]);
  return `# Servers of Redis

Which servers the store was tested on. This page is written by runs, each of which writes
the columns of the servers that it tries anew and leaves the others as they are; don't edit it.

    verification/redis/run --docs docs/redis-servers.md

All on Linux, each with the server's own defaults. A cell has the number of tests that passed; where the driver matters they ran with
Lettuce and with Jedis. Numbers in a row differ where tests came between two runs.

${table([['', ...titles], ['---', ...titles.map(() => '---:')], ...lines])}

Redis 6.2 is the binary in \`com.github.codemonstur:embedded-redis\`, a build without TLS: there a proxy of ours speaks it. All others are those of Debian 12,
its backports, Debian 13 and the release after that. Redis 7.2 and 7.4 are in none of them, so they weren't tried: 7.0
and 8.0 are on either side of them. Whoever has one runs \`verification/redis/run --server FILE\`.

What each row is:

${rows.map(({ name, classes }) => `- **${name}**: ${classes.map((one) => `\`${one}\``).join(', ')}`).join('\n')}
`;
}

const RUN_ON = 'Run on';
const NOT_RUN = 'not run';

/** The columns of a page's table: by the server's title, what each row says. */
function columnsOf(page) {
  const [head = [], , ...lines] = page.split('\n').filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1).map((text) => text.trim()));
  return new Map(head.slice(1).map((title, i) => [title, new Map(lines.map((line) => [line[0], line[i + 1]]))]));
}

function cell({ tests, skipped, failed }) {
  const passed = tests - skipped - failed.length;
  return (passed === 0 && failed.length === 0) ? NOT_RUN : `${passed}${(failed.length > 0) ? `, ${failed.length} failed` : ''}`;
}

function table(lines) {
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
