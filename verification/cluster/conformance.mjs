import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spread } from './cluster.mjs';
import { checkSpread } from './calls.mjs';

const CI = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The official suite through the balancer; its own verdict counts, and a warning is a failure there. */
export async function tryConformance({ cluster, report, options, processes }) {
  const results = path.join(CI, 'cluster/target/conformance');
  const suite = processes.start('suite', path.join(CI, 'conformance/run'),
      ['--url', cluster.url, '--results', results, '--revision', options.revision, ...options.scenario.flatMap((name) => ['--scenario', name])],
      { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  suite.child.stdout?.on('data', (data) => {
    output += data;
    process.stdout.write(data);
  });
  const done = await processes.wait(suite, Number(options.timeout) * 1000);
  const [, passed = 0, failed = 0] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
  report.check(done && suite.code === 0 && Number(passed) > 0 && Number(failed) === 0,
      `conformance: ${passed} scenarios passed, ${failed} failed`);
  checkSpread(report, spread(cluster.requests(), cluster.nodes), cluster.nodes);
}
