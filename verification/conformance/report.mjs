// Prints a table of the suite's results and, last, "N passed, N failed". A scenario passes
// if it has checks and each of them succeeded: a warning, a skipped check and a scenario
// that left no results are failures.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Where the suite can't test these it says so with an INFO, which proves nothing
const MUST_SUCCEED = {
  'server-sse-polling': ['server-sse-priming-event', 'server-sse-retry-field', 'server-sse-disconnect-resume']
};

function readChecks(folder) {
  const checks = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('checks.json'));
  return checks.flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

function problemsOf(scenario, checks) {
  const problems = checks
    .filter((check) => check.status !== 'SUCCESS' && check.status !== 'INFO')
    .map((check) => `${check.status} ${check.id}: ${check.errorMessage ?? check.description}`);
  if (!checks.some((check) => check.status === 'SUCCESS')) {
    problems.push('no check succeeded; see output.txt');
  }
  for (const id of MUST_SUCCEED[scenario] ?? []) {
    if (!checks.some((check) => check.id === id && ['SUCCESS', 'FAILURE', 'WARNING'].includes(check.status))) {
      problems.push(`NOT TESTED ${id}`);
    }
  }
  return problems;
}

const results = process.argv[2];
const scenarios = readdirSync(results, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
let failed = 0;
for (const scenario of scenarios) {
  const checks = readChecks(join(results, scenario));
  const problems = problemsOf(scenario, checks);
  const succeeded = checks.filter((check) => check.status === 'SUCCESS').length;
  failed += problems.length > 0 ? 1 : 0;
  console.log(`${problems.length > 0 ? 'FAIL' : 'ok  '}  ${scenario.padEnd(32)} ${String(succeeded).padStart(2)} checks`);
  for (const problem of problems) {
    console.log(`      ${problem}`);
  }
}
console.log(`${scenarios.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || scenarios.length === 0 ? 1 : 0;
