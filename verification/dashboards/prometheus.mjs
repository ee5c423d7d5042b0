import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, waitForPort } from '../common/processes.mjs';

/** A Prometheus that scrapes the servers, and evaluates the rules. */
export class Prometheus {

  #url;

  static async start(processes, { servers, rules, interval }) {
    const prometheus = new Prometheus();
    const port = await freePort();
    prometheus.#url = `http://127.0.0.1:${port}/api/v1`;
    prometheus.servers = servers;
    const file = path.join(processes.directory, 'prometheus.yml');
    const data = path.join(processes.directory, 'prometheus');
    mkdirSync(data);
    // The names that instances have in the picture are not their ports
    writeFileSync(file, JSON.stringify({
      global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
      rule_files: [rules],
      scrape_configs: [{
        job_name: 'mcp', metrics_path: '/actuator/prometheus',
        static_configs: servers.map((server) => ({ targets: [`127.0.0.1:${server.port}`], labels: { instance: server.name } })),
      }],
    }));
    prometheus.process = processes.start('prometheus', 'prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn']);
    await waitForPort(port, prometheus.process);
    return prometheus;
  }

  async waitForTargets() {
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(200)) {
      const { result } = await this.#get('query', { query: 'count(mcp_persist_sessions)' });
      if (Number(result[0]?.value[1]) === this.servers.length) {
        return;
      }
    }
    throw new Error('Prometheus doesn\'t get the metrics of all servers within a minute');
  }

  async range(query, start, end, step) {
    return (await this.#get('query_range', { query, start, end, step })).result;
  }

  /** @returns whether an alert is in a state, or beyond it, in time */
  async waitForAlert(name, limit, state = 'pending') {
    for (const end = Date.now() + limit; Date.now() < end; await delay(500)) {
      const { alerts } = await this.#get('alerts');
      if (alerts.some((alert) => alert.labels.alertname === name && [state, 'firing'].includes(alert.state))) {
        return true;
      }
    }
    return false;
  }

  async rules() {
    return (await this.#get('rules')).groups.flatMap(({ rules }) => rules);
  }

  async #get(what, parameters = {}) {
    const response = await fetch(`${this.#url}/${what}?${new URLSearchParams(parameters)}`, { signal: AbortSignal.timeout(10_000) });
    const answer = await response.json().catch(() => ({}));
    if (answer.status !== 'success') {
      throw new Error(`Prometheus answers ${response.status} ${answer.error ?? ''}`);
    }
    return answer.data;
  }

}
