import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { freePort, Processes, tail } from '../common/processes.mjs';
import { Report } from '../common/report.mjs';

const REPOSITORY = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const USAGE = `usage: run demo [options]
  --timeout SECONDS  for the whole run (600)
  --jar FILE         the demo (samples/failover-demo/target/failover-demo.jar)
  --java FILE        the java command (that of JAVA_HOME, else of the PATH)
  --chromium FILE    the browser (/usr/bin/chromium)
  --picture FILE     where to write a picture of the page, for docs/failover-demo.png`;

const { values: options } = parseArgs({
  options: {
    timeout: { type: 'string', default: '600' },
    jar: { type: 'string', default: path.join(REPOSITORY, 'samples/failover-demo/target/failover-demo.jar') },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    picture: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

/** Short calls. What has to happen in the middle of one does while its tool waits for an answer. */
const N = 12;
const INTERVAL = 250;

const CLIENTS = ['legacy', 'modern'];

const processes = new Processes();
const report = new Report();

process.on('exit', () => processes.killAll());
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => process.exit(130)));
// Every wait below is bounded; this is for what nobody thought of.
setTimeout(() => {
  report.check(false, `ends within ${options.timeout} s`);
  report.finish();
}, Number(options.timeout) * 1000);

/** The page as its user sees it. */
class Demo {

  errors = [];

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(120_000);
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && !/Failed to load resource/.test(message.text()) && this.errors.push(message.text()));
  }

  async ready() {
    await this.page.waitForFunction(() => document.querySelectorAll('.instance[data-condition=up]').length === 2);
  }

  async start(client, { asks = true } = {}) {
    await this.page.setChecked(`#${client} .asks`, asks);
    await this.press(`#${client} .start`);
  }

  press(selector) {
    return this.page.click(`${selector}:not([aria-disabled=true])`);
  }

  /** Until so many of the tool's numbers have come. */
  numbers(client, count) {
    return this.page.waitForFunction(([name, wanted]) => [...document.querySelectorAll(`#${name} .log .event .text`)]
      .filter(({ textContent }) => /^\d+ of \d+$/.test(textContent)).length >= wanted, [client, count]);
  }

  question(client) {
    return this.page.waitForSelector(`#${client} .question:not([hidden])`);
  }

  async answer(client, answer = 'yes') {
    await this.question(client);
    await this.press(`#${client} .${answer}`);
  }

  /** @returns what the page says of a call that is over */
  async verdict(client) {
    await this.page.waitForSelector(['result', 'error', 'cancelled', 'lost'].map((kind) => `#${client} .log .${kind}`).join(', '));
    return this.page.textContent(`#${client} .verdict`);
  }

  texts(selector) {
    return this.page.locator(selector).allTextContents();
  }

  /** @returns the instance that runs a client's tool */
  runsOn(revision) {
    return this.page.evaluate((name) => [...document.querySelectorAll('.instance')]
      .find((box) => box.querySelector('.work').textContent.includes(`tool of ${name}`))?.dataset.name, revision);
  }

  async power(selector, condition) {
    await this.press(`${selector} .power`);
    await this.page.waitForSelector(`${selector}[data-condition=${condition}]`);
  }

  instance(name) {
    return `.instance[data-name=${name}]`;
  }

  story() {
    return this.page.textContent('#story');
  }

  good(client) {
    return this.page.getAttribute(`#${client} .verdict`, 'data-good');
  }

  /** @returns whether there is more in a client's list than fits, and whether one sees its end */
  list(client) {
    return this.page.evaluate((name) => {
      // Two frames later, when all that has been laid out has been told of
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      return frame().then(frame).then(() => {
        const { scrollHeight, scrollTop, clientHeight } = document.querySelector(`#${name} .log`);
        return { full: scrollHeight > clientHeight, atEnd: scrollHeight - scrollTop - clientHeight < 2 };
      });
    }, client);
  }

  async fitsOn(width, height) {
    await this.page.setViewportSize({ width, height });
    return this.page.evaluate(() => ({ wide: document.documentElement.scrollWidth - innerWidth, high: document.documentElement.scrollHeight - innerHeight }));
  }

  /** @returns the least contrast of a text that is there to be read */
  contrast() {
    return this.page.evaluate(() => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const rgb = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      const light = (color) => rgb(color).slice(0, 3).map((value) => value / 255)
        .map((value) => (value <= 0.03928) ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
      const ground = (element) => {
        const { backgroundColor } = getComputedStyle(element);
        return (rgb(backgroundColor)[3] > 0 || !element.parentElement) ? backgroundColor : ground(element.parentElement);
      };
      return ['header p', '#story', '.about', '.start', '.verdict', '.condition', '.badge', '.work li', '.legend li', '.log .text', '.log .id', '.log .at', '.replayed']
        .flatMap((selector) => [...document.querySelectorAll(selector)].map((element) => {
          const [one, other] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
          return { selector, ratio: (one + 0.05) / (other + 0.05) };
        })).reduce((least, one) => (one.ratio < least.ratio) ? one : least);
    });
  }

}

async function startDemo() {
  if (!existsSync(options.jar)) {
    throw new Error(`${options.jar} doesn't exist: build it with mvn package, or name it with --jar`);
  }
  const port = await freePort();
  // In a shell, since it has to end with what a closed terminal takes away
  const shell = processes.start('demo', 'sh', ['-c', '"$@"; :', 'sh', options.java, '-XX:TieredStopAtLevel=1', '-jar', path.resolve(options.jar), '--serve', `--port=${port}`]);
  for (const end = Date.now() + 180_000; !tail(shell.log, 100).includes('Open http'); await delay(200)) {
    if (shell.exited || Date.now() > end) {
      throw new Error(`the demo doesn't serve:\n${tail(shell.log)}`);
    }
  }
  return { shell, url: `http://localhost:${port}/?n=${N}&interval=${INTERVAL}&tasks=no` };
}

async function cutAndResume(demo) {
  for (const client of CLIENTS) {
    await demo.start(client);
  }
  await demo.numbers('legacy', 2);
  await demo.press('#legacy .cut');
  await demo.question('legacy');
  await demo.answer('modern');
  const modern = await demo.verdict('modern');
  report.check(modern === `The result: counted ${N}, in 2 requests`, `a question is answered by another request: ${modern}`);
  const session = await demo.texts('#legacy .log .note .text');
  await demo.answer('legacy');
  const legacy = await demo.verdict('legacy');
  report.check(legacy === `${N} of ${N} and the result, none twice`, `a call whose connection is cut is whole: ${legacy}`);
  const senders = new Set(await demo.texts('#legacy .log .event .badge'));
  const replayed = (await demo.texts('#legacy .log .replayed')).length;
  report.check(senders.size === 2 && replayed > 0, `its events came from ${[...senders].join(' and ')}, ${replayed} of them replayed`);
  const ids = await demo.page.locator('#legacy .log .event .id').evaluateAll((all) => all.map(({ title }) => title));
  report.check(ids.every((id) => id !== ''), 'each event has an ID');
  return session[0];
}

async function stopRedis(demo) {
  await demo.start('legacy');
  await demo.numbers('legacy', 2);
  await demo.power('.redis', 'down');
  await demo.question('legacy');
  const without = (await demo.texts('#legacy .log .event .id')).filter((text) => text === 'no ID').length;
  report.check(without > 0, `while Redis is stopped events come without an ID (${without})`);
  await demo.power('.redis', 'up');
  await demo.answer('legacy');
  const verdict = await demo.verdict('legacy');
  report.check(verdict === `${N} of ${N} and the result, none twice`, `a call is whole although Redis was stopped: ${verdict}`);
  report.check(await demo.page.locator('#legacy .chart .outage').count() === 1, 'the chart shows the outage');
  const texts = await demo.texts('#legacy .log .event .text');
  report.check(texts.lastIndexOf('an ID to start from') === 0 && texts.includes('an ID to go on from'), 'an ID that comes afterwards isn’t called one to start from');
}

/** The one way in which a message comes twice. */
async function cutWhileRedisIsStopped(demo) {
  const { page } = demo;
  await demo.start('legacy');
  await demo.numbers('legacy', 2);
  await demo.power('.redis', 'down');
  await page.waitForFunction(() => [...document.querySelectorAll('#legacy .log .event .id')].some(({ textContent }) => textContent === 'no ID'));
  await demo.press('#legacy .cut');
  await page.waitForFunction(() => /is cut/.test(document.querySelector('#story').textContent));
  const cut = await demo.story();
  report.check(/in the memory of [AB]/.test(cut), `while Redis is stopped events don't wait there: ${cut}`);
  await demo.power('.redis', 'up');
  await demo.question('legacy');
  await page.waitForFunction(() => [...document.querySelectorAll('#legacy .log .replayed')].some(({ textContent }) => textContent === 'sent again'));
  await page.waitForFunction(() => [...document.querySelectorAll('#legacy .log .event .text')].at(-1).textContent.startsWith('asks'));
  const story = await demo.story();
  report.check(/came again: sent without an ID while Redis was stopped/.test(story), `what came twice is explained: ${story}`);
  const sofar = await page.textContent('#legacy .verdict');
  report.check(/ so far, none lost, \d+ sent again$/.test(sofar) && await demo.good('legacy') !== 'false', `and is no fault: ${sofar}`);
  await page.focus('#legacy .yes');
  await page.keyboard.press('Enter');
  const focused = await page.evaluate(() => document.activeElement.matches('#legacy .log'));
  await page.keyboard.press('Enter');
  const verdict = await demo.verdict('legacy');
  report.check(focused && /^12 of 12 and the result, \d+ sent again$/.test(verdict) && await demo.good('legacy') === 'true',
      `who presses Enter twice has answered once: ${verdict}`);
}

/** More than the ten seconds that the SDK gives by itself. */
async function takeTimeToAnswer(demo) {
  await demo.start('legacy');
  await demo.question('legacy');
  const asked = Date.now();
  await demo.page.waitForFunction((end) => Date.now() > end || document.querySelector('#legacy .log .error'), asked + 11_000);
  await demo.answer('legacy');
  const verdict = await demo.verdict('legacy');
  report.check(verdict === `${N} of ${N} and the result, none twice`, `a question waits for who takes their time: ${verdict}`);
}

/** Calls with more events than the list has place for. */
async function followTheList(demo, url) {
  const { page } = demo;
  await page.goto(url.replace(/n=\d+&interval=\d+/, 'n=48&interval=60'));
  await demo.ready();
  await demo.start('legacy');
  await demo.question('legacy');
  const asked = await demo.list('legacy');
  report.check(asked.full && asked.atEnd, `the list shows its end when a question takes of its place: ${JSON.stringify(asked)}`);
  await demo.answer('legacy');
  await demo.verdict('legacy');
  const ended = await demo.list('legacy');
  report.check(ended.full && ended.atEnd, `and then the result: ${JSON.stringify(ended)}`);

  await demo.start('legacy');
  await demo.numbers('legacy', 22);
  await page.evaluate(() => document.querySelector('#legacy .log').scrollTo(0, 0));
  await demo.question('legacy');
  const above = await demo.list('legacy');
  report.check(above.full && !above.atEnd, `but leaves who has scrolled up where they are: ${JSON.stringify(above)}`);
  await demo.answer('legacy');
  await demo.verdict('legacy');
  await page.goto(url);
  await demo.ready();
}

async function killInstances(demo, session) {
  for (const client of CLIENTS) {
    await demo.start(client);
    await demo.question(client);
  }
  const [legacy, modern] = [await demo.runsOn('2025-11-25'), await demo.runsOn('2026-07-28')];
  await demo.power(demo.instance(legacy), 'down');
  const verdict = await demo.verdict('legacy');
  report.check(/^6 of 12, then an error, none twice$/.test(verdict), `a call whose instance is killed ends with an error: ${verdict}`);
  const told = (await demo.texts('#legacy .log .error .badge')).at(-1);
  report.check(told !== legacy, `told by the other instance, ${told}`);
  await demo.power(demo.instance(legacy), 'starting');
  await demo.page.waitForFunction((box) => /starts … \d+ s/.test(document.querySelector(`${box} .condition`).textContent), demo.instance(legacy));
  report.check(true, 'one sees for how long an instance has been starting');
  await demo.ready();
  if (modern !== legacy) {
    await demo.power(demo.instance(modern), 'down');
  }
  await demo.answer('modern');
  const late = await demo.verdict('modern');
  report.check(/^An error: /.test(late), `so does one that waited for its user: ${late}`);
  if (modern !== legacy) {
    await demo.power(demo.instance(modern), 'starting');
    await demo.ready();
  }
  await demo.start('legacy');
  await demo.answer('legacy', 'no');
  await demo.verdict('legacy');
  const [now] = await demo.texts('#legacy .log .note .text');
  const [result] = await demo.texts('#legacy .log .result .text');
  report.check(now === session && result === 'stopped at 6', `the session survives all of that: ${now}, ${result}`);
}

async function cancel(demo) {
  for (const client of CLIENTS) {
    await demo.start(client);
    await demo.numbers(client, 1);
    await demo.press(`#${client} .cancel`);
    const verdict = await demo.verdict(client);
    report.check(/^Cancelled after /.test(verdict), `a call of the ${client} client is cancelled: ${verdict}`);
  }
}

/** Slow enough for calls to become tasks. */
async function useTasks(demo, url) {
  const { page } = demo;
  await page.goto(url.replace(/interval=.*/, 'interval=700'));
  await demo.ready();

  await demo.start('modern');
  await demo.numbers('modern', 1);
  await demo.press('#modern .cut');
  const broken = `${await demo.verdict('modern')} / ${await demo.story()}`;
  report.check(/before the call was a task.* \/ .*until it is a task/.test(broken), `a call that is cut too early says what to wait for: ${broken}`);

  await demo.start('modern');
  await page.waitForSelector('#modern .task:not([hidden])');
  const owner = await demo.runsOn('2026-07-28');
  const other = demo.instance(owner === 'A' ? 'B' : 'A');
  await demo.question('modern');
  await page.waitForFunction(() => [...document.querySelectorAll('#modern .task tbody tr')].filter(({ textContent }) => /input_required/.test(textContent)).length === 2);
  report.check(true, 'a long call becomes a task, which either instance knows');
  await demo.power(other, 'down');
  await demo.answer('modern');
  const verdict = await demo.verdict('modern');
  report.check(verdict === `The result: counted ${N}, as a task`, `it has its result although the other instance was killed: ${verdict}`);
  await demo.power(other, 'starting');
  await demo.ready();

  await demo.start('modern');
  await page.waitForSelector('#modern .task:not([hidden])');
  const reason = [await page.textContent('#modern .verdict'), await page.getAttribute('#modern .cut', 'title')].join(' / ');
  report.check(/none to cut \/ .*no connection/.test(reason), `why it can't be cut is said: ${reason}`);
  await demo.power('.redis', 'down');
  await page.waitForFunction(() => [...document.querySelectorAll('#modern .task tbody tr')].filter(({ textContent }) => /can’t say/.test(textContent)).length === 2);
  const story = await demo.story();
  report.check(/Nobody can say how the task is/.test(story), `while Redis is stopped nobody knows a task: ${story}`);
  await demo.power('.redis', 'up');
  await demo.question('modern');
  // It may be refused until the instances have found out that Redis is back
  for (let over = false; !over; over = await page.locator('#modern .log .cancelled').count() > 0) {
    await page.evaluate(() => document.querySelector('#modern .cancel').click());
    await delay(500);
  }
  const cancelled = await demo.verdict('modern');
  report.check(/^Cancelled /.test(cancelled), `a task is cancelled: ${cancelled}`);

  await demo.start('modern');
  await page.waitForSelector('#modern .task:not([hidden])');
  const dying = demo.instance(await demo.runsOn('2026-07-28'));
  await demo.power(dying, 'down');
  const failed = await demo.verdict('modern');
  report.check(/^An error: /.test(failed), `a task whose instance is killed fails: ${failed}`);
  await demo.power(dying, 'starting');
  await demo.ready();
  await page.goto(url);
  await demo.ready();
}

async function useTheKeyboard(demo) {
  const { page } = demo;
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 40; presses++) {
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) {
        return true;
      }
      await page.keyboard.press('Tab');
    }
    return false;
  };
  await page.evaluate(() => document.activeElement.blur());
  let reached = await tabTo('#legacy .start');
  await page.keyboard.press('Enter');
  await demo.numbers('legacy', 2);
  reached &&= await tabTo('#legacy .cut');
  await page.keyboard.press('Space');
  await demo.question('legacy');
  const kept = await page.evaluate(() => document.activeElement.matches('#legacy .cut'));
  reached &&= await tabTo('#legacy .yes');
  await page.keyboard.press('Enter');
  const verdict = await demo.verdict('legacy');
  for (const selector of ['.instance[data-name=A] .power', '.instance[data-name=B] .power', '.redis .power', '#modern .start', '#modern .log']) {
    reached &&= await tabTo(selector);
  }
  report.check(reached && kept, 'all is reached with the tabulator key, and a question takes the focus from nobody');
  report.check(verdict === `${N} of ${N} and the result, none twice`, `a call that was started, cut and answered with the keyboard is whole: ${verdict}`);
}

/** What is checked above is worth as much as the page's own judgement. */
async function judgeWrongCalls(demo) {
  const verdicts = await demo.page.evaluate(async () => {
    const { Call } = await import('/call.js');
    // A number without an ID is negative, and a connection ends where there is none
    const verdict = (...numbers) => {
      const call = new Call({ n: 3, interval: 1, keepsEvents: true });
      call.connected('A', Date.now());
      numbers.forEach((number, index) => {
        if (number === undefined) {
          call.disconnected(true);
          call.connected('B', Date.now());
          return;
        }
        call.receive(number < 0 ? undefined : `s_${index}_x`, { method: 'notifications/progress', params: { progress: Math.abs(number) } });
      });
      call.end('result', 'counted 3');
      return call.verdict;
    };
    return [verdict(1, 2, 3), verdict(1, 3), verdict(1, 2, 2, 3), verdict(1, -2, 2, 3), verdict(1, 2, undefined, 2, 3), verdict(1, -2, undefined, 2, 3)].map(({ good, text }) => `${good} ${text}`);
  });
  report.check(verdicts.join() === 'true 3 of 3 and the result, none twice,false 2 of 3 and the result, 1 lost,false 3 of 3 and the result, 1 twice,'
      + 'false 3 of 3 and the result, 1 twice,false 3 of 3 and the result, 1 twice,true 3 of 3 and the result, 1 sent again',
      `the page notices what is missing or comes twice: ${verdicts.join('; ')}`);
}

async function look(demo) {
  const { page } = demo;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const { selector, ratio } = await demo.contrast();
    report.check(ratio >= 4.5, `${colorScheme}: each text has a contrast of 4.5 at least (${ratio.toFixed(1)}, ${selector})`);
  }
  const grounds = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  report.check(grounds[0] !== grounds[1], `it is light and dark: ${grounds.join(', ')}`);
  const purpose = await page.textContent('header');
  report.check(/Without mcp-persist/.test(purpose), 'it says what happens without mcp-persist');
  const cutOff = await page.locator('.log .id').evaluateAll((all) => all.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).length);
  report.check(cutOff === 0, `no event's ID is cut off (${cutOff})`);
  const screen = await demo.fitsOn(1280, 800);
  const telephone = await demo.fitsOn(390, 844);
  report.check(screen.high <= 0 && screen.wide <= 0 && telephone.wide <= 0, `it is one screen, and no wider than a telephone: ${JSON.stringify({ screen, telephone })}`);
  report.check(demo.errors.length === 0, `no errors on the page: ${demo.errors.join('; ')}`);
}

/** At its own pace, with something to see on either side. */
async function takePicture(demo, url) {
  const { page } = demo;
  await page.goto(new URL('/', url).href);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 800 });
  await demo.ready();
  await demo.start('modern');
  await demo.numbers('modern', 2);
  await demo.start('legacy', { asks: false });
  await demo.answer('modern');
  await demo.press('#legacy .cut');
  await demo.numbers('legacy', 15);
  await page.evaluate(() => document.activeElement.blur());
  await page.mouse.move(0, 0);
  await page.screenshot({ path: options.picture });
}

async function endWithItsTerminal(demo, shell) {
  const pids = (await demo.texts('.instance .condition')).map((text) => Number(text.replace(/\D/g, '')));
  shell.child.kill('SIGKILL');
  const alive = () => pids.filter((pid) => {
    try {
      return pid === 0 || process.kill(pid, 0);
    }
    catch {
      return false;
    }
  });
  for (const end = Date.now() + 30_000; alive().length > 0 && Date.now() < end; await delay(100)) {
    // They have half a minute
  }
  report.check(alive().length === 0, 'the instances end with the shell in which the demo was started');
}

try {
  const [{ shell, url }, browser] = await Promise.all([startDemo(), chromium.launchPersistentContext(path.join(processes.directory, 'profile'), {
    executablePath: options.chromium, viewport: { width: 1280, height: 800 }, colorScheme: 'light',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })]);
  console.log(`Chromium ${browser.browser()?.version() ?? ''}, ${url}`);
  const demo = new Demo(await browser.newPage());
  await demo.page.goto(url);
  await demo.ready();
  const session = await cutAndResume(demo);
  await stopRedis(demo);
  await cutWhileRedisIsStopped(demo);
  await killInstances(demo, session);
  await cancel(demo);
  await takeTimeToAnswer(demo);
  await followTheList(demo, url);
  await useTasks(demo, url);
  await useTheKeyboard(demo);
  await judgeWrongCalls(demo);
  await look(demo);
  if (options.picture !== undefined) {
    await takePicture(demo, url);
  }
  await endWithItsTerminal(demo, shell);
  await browser.close();
}
catch (error) {
  report.check(false, error.stack);
}
report.finish();
