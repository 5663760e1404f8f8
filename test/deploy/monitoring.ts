import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/** What is in `deploy/` for Prometheus and Grafana, as tests look at it. */

const DEPLOY = new URL('../../deploy/', import.meta.url);

export interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

interface Panel {
  title: string;
  description: string;
  type: string;
  datasource: { type: string; uid: string };
  gridPos: Record<'x' | 'y' | 'w' | 'h', number>;
  targets: { expr: string; datasource: { uid: string } }[];
}

export interface Dashboard {
  uid?: string;
  schemaVersion: number;
  templating: { list: { name: string; type: string }[] };
  panels: Panel[];
}

export async function rules(): Promise<Rule[]> {
  const text = await readFile(new URL('prometheus/alerts.yml', DEPLOY), 'utf8');
  return (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
}

export async function dashboard(): Promise<Dashboard> {
  return JSON.parse(await readFile(new URL('grafana/starkeep.json', DEPLOY), 'utf8')) as Dashboard;
}

/** What the dashboard asks, as Prometheus gets it. */
export async function questions(): Promise<string[]> {
  const { panels } = await dashboard();
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')));
}

/** @returns the metrics that an expression names, a histogram under its own name */
export function metricsIn(expression: string): string[] {
  const names = expression.match(/\b(?:starkeep|temporal)_[a-z_]+\b/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')))];
}
