import { readFile, readdir, rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ALERT_KINDS } from '../../src/domain/alerts.ts';
import { promtool } from '../support/promtool.ts';
import { dashboard, questions, rules } from './monitoring.ts';

const PROMETHEUS = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));
const TESTS = join(PROMETHEUS, 'tests');

interface Case {
  name: string;
  alert_rule_test: { alertname: string; exp_alerts: unknown[] }[];
}

async function cases(): Promise<Case[]> {
  const files = (await readdir(TESTS)).filter((name) => name.endsWith('.yml'));
  const read = files.map(async (name) => parse(await readFile(join(TESTS, name), 'utf8')) as { tests: Case[] });
  return (await Promise.all(read)).flatMap(({ tests }) => tests);
}

/** Of a heading of a document, as GitHub, GitLab and OneDev make it. */
function anchors(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading.trim().toLowerCase());
  return new Set(headings.map((heading) => heading.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));
}

describe("Prometheus' configuration", () => {
  it('and the rules it names are right', async () => {
    const { code, said } = await promtool(['check', 'config', join(PROMETHEUS, 'prometheus.yml')]);

    expect([code, said]).toEqual([0, expect.stringContaining('is valid prometheus config') as string]);
  });

  it('scrapes the jobs that the rules speak of', async () => {
    const text = await readFile(join(PROMETHEUS, 'prometheus.yml'), 'utf8');
    const { scrape_configs: jobs } = parse(text) as { scrape_configs: { job_name: string }[] };

    expect(jobs.map(({ job_name: name }) => name)).toEqual(['starkeep-api', 'starkeep-worker']);
  });
});

describe('the rules', () => {
  it('fire and are silent as their tests say', { timeout: 180_000 }, async () => {
    const files = (await readdir(TESTS)).map((name) => join(TESTS, name));

    const { code, said } = await promtool(['test', 'rules', ...files]);

    expect([code, said]).toEqual([0, expect.any(String)]);
  });

  it('have each a case in which they fire, and one in which they do not or no longer', async () => {
    const expected = (await cases()).flatMap(({ alert_rule_test: tests }) => tests);
    const names = (fires: boolean) =>
      new Set(expected.filter((one) => one.exp_alerts.length > 0 === fires).map((one) => one.alertname));
    const all = (await rules()).map(({ alert }) => alert);

    expect(all.filter((alert) => !names(true).has(alert) || !names(false).has(alert))).toEqual([]);
    expect([...names(true)].filter((alert) => !all.includes(alert))).toEqual([]);
  });

  it('say each what is so, why, how bad it is and where to read on: in a section that is there', async () => {
    const sections = anchors(await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8'));

    for (const { alert, annotations, labels } of await rules()) {
      const anchor = alert.toLowerCase();
      expect(sections, alert).toContain(anchor);
      expect(annotations, alert).toEqual({
        summary: expect.stringMatching(/\S/) as string,
        description: expect.stringMatching(/\.$/) as string,
        runbook_url: `{{ or $externalLabels.starkeep_docs "docs" }}/operations.md#${anchor}`,
      });
      expect(['critical', 'warning', 'info'], alert).toContain(labels['severity']);
    }
  });

  it('lead to where the operator says that the documents are', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'rules-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const text = (await readFile(join(TESTS, 'running.yml'), 'utf8'))
      .replace('../alerts.yml', join(PROMETHEUS, 'alerts.yml'))
      .replaceAll(
        /^( {4}interval: 1m)$/gm,
        '$1\n    external_labels: { starkeep_docs: "https://git.example/starkeep/docs" }',
      )
      .replaceAll('docs/operations.md', 'https://git.example/starkeep/docs/operations.md');
    await writeFile(join(dir, 'test.yml'), text);

    const { code, said } = await promtool(['test', 'rules', join(dir, 'test.yml')]);

    expect([code, said]).toEqual([0, expect.any(String)]);
  });

  it("know every alert of Starkeep's own", async () => {
    const expressions = (await rules()).map(({ expr }) => expr).join('\n');
    // What has a rule that looks at the thing itself, and what is as it should be.
    const others = ['mirror_failed', 'deletion_waiting', 'inbox_backlog', 'upstream_gone'];

    expect(ALERT_KINDS.filter((kind) => !others.includes(kind) && !expressions.includes(kind))).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('asks Prometheus what it understands', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'dashboard-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const records = (await questions()).map((expr, index) => ({ record: `question:${index}`, expr }));
    const file = join(dir, 'questions.yml');
    await writeFile(file, JSON.stringify({ groups: [{ name: 'questions', rules: records }] }));

    const { code, said } = await promtool(['check', 'rules', file]);

    expect([code, said]).toEqual([0, expect.stringContaining(`${records.length} rules found`) as string]);
  });

  it('can be used with any Prometheus: it names no data source and has no id of its own', async () => {
    const { templating, panels, uid, schemaVersion } = await dashboard();

    const sources = panels.flatMap(({ datasource, targets }) => [datasource, ...targets.map((one) => one.datasource)]);
    expect(new Set(sources.map((source) => source.uid))).toEqual(new Set(['${datasource}']));
    expect(templating.list).toMatchObject([{ name: 'datasource', type: 'datasource' }]);
    expect([uid, schemaVersion]).toEqual([undefined, 39]);
  });

  it('is one screen: panels side by side, none over another, each with a title and what it means', async () => {
    const { panels } = await dashboard();
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}:${y + Math.floor(cell / w)}`),
    );

    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
    expect(Math.max(...panels.map(({ gridPos: { y, h } }) => y + h))).toBeLessThanOrEqual(24);
    expect(panels.filter(({ title, description }) => !title || !/\.$/.test(description))).toEqual([]);
    expect(panels.every(({ type, targets }) => /^(?:stat|timeseries)$/.test(type) && targets.length > 0)).toBe(true);
  });
});
