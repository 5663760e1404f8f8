import { describe, expect, it } from 'vitest';
import { signed } from './api/receiver.ts';
import { metricsIn, questions, rules } from './deploy/monitoring.ts';
import { eventually } from './support/eventually.ts';
import { withProcesses } from './support/processes.ts';
import { promtool } from './support/promtool.ts';

/** What a real api and a real worker say of themselves over HTTP: all of it, Temporal's SDK and Node included. */

const processes = withProcesses();

async function answer(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

const scrape = async (which: 'api' | 'worker') => (await answer(`${processes[which].url}/metrics`)).text;

const families = (text: string): string[] => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);

/** Of every label, its values; `le` are the buckets. */
function labels(text: string): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>();
  for (const [, name = '', value = ''] of text.matchAll(/[{,](\w+)="((?:[^"\\]|\\.)*)"/g)) {
    if (name !== 'le') values.set(name, (values.get(name) ?? new Set()).add(value));
  }
  return values;
}

describe('the metrics of a running api and worker', { timeout: 120_000 }, () => {
  it('count a sync and a webhook that happened', async () => {
    const { body, headers } = signed(
      { zen: 'Keep it logically awesome.', hook_id: 1 },
      { 'x-github-event': 'ping' },
      'of-these-processes',
    );

    await fetch(`${processes.api.url}/webhooks/github`, { method: 'POST', headers, body });
    await eventually(
      async () => (await scrape('worker')).includes('starkeep_syncs_total{trigger="reconcile",outcome="changed"} 1\n'),
      90_000,
    );

    expect(await scrape('api')).toContain('starkeep_deliveries_total{event="ping",outcome="ignored"} 1\n');
    expect(await scrape('api')).toContain('starkeep_mirrors{status="completed"} 1\n');
    expect(await scrape('worker')).toContain('starkeep_refs_total{change="created"} 2\n');
    expect(await scrape('worker')).toMatch(/starkeep_host_request_duration_seconds_count\{host="onedev",method="POST"/);
  });

  it.each(['api', 'worker'] as const)(
    'of the %s are as Prometheus likes them, and no family is there twice',
    async (which) => {
      const text = await scrape(which);

      const { code, said } = await promtool(['check', 'metrics'], text);

      expect([code, said]).toEqual([0, '']);
      expect(families(text).filter((name, index, all) => all.indexOf(name) !== index)).toEqual([]);
    },
  );

  it.each(['api', 'worker'] as const)(
    'of the %s have no label with a name, an id or an address in it',
    async (which) => {
      const text = await scrape(which);

      const values = [...labels(text)].flatMap(([name, all]) => [...all].map((value) => `${name}=${value}`));
      // The namespace is one of a process, and here it is a test's.
      const strange = values.filter(
        (value) => !value.startsWith('namespace=') && /\bada\b|engine|\d{4,}|https?:|127\.|github-/.test(value),
      );
      expect(strange).toEqual([]);
      expect([...labels(text).values()].filter((all) => all.size > 40)).toEqual([]);
    },
  );

  it('are all that the rules and the dashboard ask for', async () => {
    const there = new Set([...families(await scrape('api')), ...families(await scrape('worker'))]);
    const asked = [...(await rules()).map(({ expr }) => expr), ...(await questions())].flatMap(metricsIn);

    expect(asked.filter((name) => !there.has(name))).toEqual([]);
    expect(new Set(asked).size).toBeGreaterThan(20);
  });
});

describe('a running worker', { timeout: 120_000 }, () => {
  it('is well and ready, and lives', async () => {
    const paths = ['/health', '/readyz', '/livez'];

    const answers = await Promise.all(paths.map((path) => answer(`${processes.worker.url}${path}`)));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('is ready no longer once it is told to end, says that it drains, and ends with 0', async () => {
    const { child, url, ended, logged } = processes.worker;
    const draining = '{"status":"draining"}';
    const said: string[] = [];

    child.kill('SIGTERM');
    // Gone between two looks would be no proof; it drains for as long as its connections take to close. A look that began before may still say
    // which of them it did not find.
    const isOver = async () => {
      try {
        const { status, text } = await answer(`${url}/readyz`);
        if (status === 503) said.push(text);
        return said.includes(draining);
      } catch {
        return true;
      }
    };
    await eventually(isOver, 20_000, 1);

    expect(await ended).toBe(0);
    expect(said).toContain(draining);
    expect(logged.map(({ msg }) => msg)).toContain('worker stopped');
  });
});
