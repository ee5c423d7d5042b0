/**
 * What every client for Node does here: the scenarios that its argument names, each in a session
 * of its own and up to `atOnce` of them at once, and a line of JSON for what came of each. The
 * argument is `{mode, scenarios: [{name, url, timeoutMs, list, calls: [{tool, arguments}]}]}`.
 *
 * `connect(url, {timeout, asked, mode})` resolves with `{listTools(), callTool(tool, args, progressed),
 * close()}`: names of tools, the text of the result. `starts` is how long a client may take besides,
 * in milliseconds, that is a process and starts first.
 */
export async function drive(connect, { atOnce = Infinity, starts = 0 } = {}) {
  const { mode, scenarios } = JSON.parse(process.argv[2]);
  // What a client throws in the background must not take the other scenarios with it
  process.on('unhandledRejection', (error) => console.error('unhandled', error));
  process.on('uncaughtException', (error) => console.error('uncaught', error));
  const waiting = [...scenarios];
  await Promise.all(Array.from({ length: Math.min(atOnce, scenarios.length) }, async () => {
    for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift()) {
      console.log(`outcome ${JSON.stringify(await play(scenario, connect, starts, mode))}`);
    }
  }));
  process.exit(0);
}

async function play(scenario, connect, starts, mode) {
  const timeout = scenario.timeoutMs;
  const outcome = { scenario: scenario.name, calls: [] };
  let questions = 0;
  const asked = () => {
    questions++;
    return { name: 'Ada', color: 'green' };
  };
  try {
    const client = await within(timeout + starts, 'initialize', connect(scenario.url, { timeout, asked, mode }));
    if (scenario.list) {
      outcome.tools = await within(timeout + starts, 'tools/list', client.listTools());
    }
    for (const { tool, arguments: args } of scenario.calls) {
      const call = { tool, progress: [], questions: 0 };
      outcome.calls.push(call);
      questions = 0;
      try {
        call.text = await within(timeout + starts, tool, client.callTool(tool, args, (number) => call.progress.push(number)));
      }
      catch (error) {
        call.failure = describe(error);
      }
      call.questions = questions;
    }
    await within(timeout, 'close', client.close());
  }
  catch (error) {
    outcome.failure = describe(error);
  }
  return outcome;
}

/** Some of these clients wait for ever by themselves. */
function within(limit, name, promise) {
  return Promise.race([promise, new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`${name} has taken longer than ${limit} ms`)), limit).unref();
  })]);
}

function describe(error) {
  const causes = [];
  for (let cause = error; cause !== undefined && cause !== null && causes.length < 5; cause = cause.cause) {
    causes.push(cause.message ?? String(cause));
  }
  return causes.join(', caused by ');
}
