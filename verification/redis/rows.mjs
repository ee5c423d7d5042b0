/** What is tested, by which of the module's test classes. Where it matters each runs with Lettuce and with Jedis. */
export const ROWS = [
  { name: 'Contracts of the stores', classes: ['RedisEventStoreTests', 'RedisSessionStoreTests', 'RedisTaskStoreTests'] },
  { name: 'The same, compressed and encrypted', classes: ['EncodedRedisStoresTests'] },
  { name: 'The same with Redisson', classes: ['RedissonTests'] },
  {
    name: 'Several instances',
    classes: ['StreamsOnNodesTests', 'SessionsOnNodesTests', 'AnswersOnNodesTests', 'CancellationOnNodesTests', 'BatchesOnNodesTests',
      'InputRequestsOnNodesTests', 'TasksOnNodesTests', 'BroadcastsTests', 'RedisNodeRegistryTests', 'BeatTests', 'NodeDeathTests'],
  },
  { name: 'Hints and readers', classes: ['RedisWatchTests', 'RedisSubscriptionsTests'] },
  {
    name: 'Lost, full, read-only, refusing',
    classes: ['RedisRecoveryTests', 'RedisOutageTests', 'NodesAfterLossTests', 'RedisTaskOutageTests', 'InputRequestsInOutagesTests',
      'TasksInOutagesTests'],
  },
  { name: 'Reasons of failures', classes: ['RedisReasonsTests', 'RedisWarningsTests'] },
  { name: 'The documented rights', classes: ['RedisAclTests'] },
  { name: 'TLS', classes: ['RedisTlsTests'] },
  { name: 'Static primary and replica', classes: ['RedisStaticNodesTests'] },
  { name: 'Sentinel, with a failover', classes: ['RedisSentinelTests'] },
  { name: 'Cluster, with a moved slot', classes: ['RedisClusterTests'] },
  { name: 'Cluster, with a failover', classes: ['RedisClusterFailoverTests'] },
];

/** The rows of the short form. */
export const QUICK = ['Contracts of the stores', 'The documented rights', 'Cluster, with a moved slot'];

/**
 * @param reports texts of Surefire's reports
 * @returns `{tests, skipped, failed}` of some classes and those that are nested in them; `failed` has names
 */
export function count(reports, classes) {
  const result = { tests: 0, skipped: 0, failed: [] };
  for (const report of reports) {
    for (const part of report.split('<testcase ').slice(1)) {
      const [, name] = /\bname="([^"]*)"/.exec(part);
      const className = /\bclassname="([^"]*)"/.exec(part)[1].replace(/^.*\./, '');
      if (!classes.includes(className.replace(/\$.*$/, ''))) {
        continue;
      }
      result.tests++;
      if (/<skipped\b/.test(part)) {
        result.skipped++;
      }
      else if (/<(failure|error)\b/.test(part)) {
        result.failed.push(`${className}.${name}`);
      }
    }
  }
  return result;
}
