import { readFileSync } from 'node:fs';

/** Counts what was checked, and ends the process with the verdict. */
export class Report {

  passed = 0;
  failed = 0;

  check(passed, text) {
    this[passed ? 'passed' : 'failed']++;
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${text}`);
  }

  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exit((this.failed === 0) ? 0 : 1);
  }

}

export function printTable(rows) {
  const width = Math.max(...rows.map(([name]) => name.length));
  rows.forEach(([name, value]) => console.log(`  ${name.padEnd(width)}  ${value}`));
}

/** Not judged, but worth a look: a cut connection is nothing to warn about. */
export function printLog(log, name = 'the server') {
  const noted = log ? readFileSync(log, 'utf8').split('\n').filter((line) => /\b(WARN|ERROR)\b/.test(line)) : [];
  if (noted.length > 0) {
    console.log(`     ${name} logged ${noted.length} warnings and errors, the first of them:`);
    noted.slice(0, 3).forEach((line) => console.log(`     ${line.slice(0, 300)}`));
  }
}
