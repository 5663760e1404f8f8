import { readFile, writeFile } from 'node:fs/promises';
import { EXIT_MEANINGS } from '../src/commands/exit-codes.ts';
import { SETTINGS } from '../src/config/settings.ts';
import { ALERT_KINDS, ALERTS } from '../src/domain/alerts.ts';
import { CLIENT_TYPES, clientTypes } from './client-types.ts';
import { FAILURE_KINDS, failureRow } from '../src/domain/failures.ts';
import { apiRegistry, registry, workerRegistry } from '../src/metrics.ts';

/** The tables in the documents that have their source in the code: `npm run docs` writes them, a test holds the documents to them. */

export interface Document {
  file: URL;
  /** What stands between the marks. */
  table: () => string;
  /** The name in the marks. */
  mark: string;
}

export const DOCUMENTS: Document[] = [
  { file: new URL('../README.md', import.meta.url), mark: 'settings', table: settingsTable },
  { file: new URL('../docs/operations.md', import.meta.url), mark: 'failures', table: failureTable },
  { file: new URL('../docs/operations.md', import.meta.url), mark: 'alerts', table: alertTable },
  { file: new URL('../docs/operations.md', import.meta.url), mark: 'exit codes', table: exitCodeTable },
  { file: new URL('../docs/operations.md', import.meta.url), mark: 'metrics', table: metricsTable },
];

/** @returns the document with its table as it should be */
export async function written({ file, mark, table }: Document): Promise<string> {
  const text = await readFile(file, 'utf8');
  const begin = `<!-- ${mark}: written by \`npm run docs\` -->`;
  const end = `<!-- /${mark} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file.pathname} has lost the marks around its table of ${mark}`);
  return `${text.slice(0, from + begin.length)}\n\n${table()}\n\n${text.slice(to)}`;
}

function settingsTable(): string {
  const rows = SETTINGS.map(({ name, default: fallback, meaning, secret }) => {
    const notes = [meaning, ...(secret ? ['secret'] : [])].join('; ');
    const shown = fallback === null ? '–' : fallback.startsWith('(') ? fallback.slice(1, -1) : `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${notes} |`;
  });
  return ['| setting | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function failureTable(): string {
  const rows = FAILURE_KINDS.map((kind) => {
    const { retry, hint } = failureRow(kind);
    return `| \`${kind}\` | ${retry === 'later' ? 'by itself' : 'no'} | ${hint} |`;
  });
  return ['| kind | tried again | why, and what to do |', '| --- | --- | --- |', ...rows].join('\n');
}

function exitCodeTable(): string {
  const rows = EXIT_MEANINGS.map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return ['| code | says |', '| --- | --- |', ...rows].join('\n');
}

interface Declared {
  name: string;
  help: string;
  labelNames: string[];
}

function metricsTable(): string {
  const where = { both: registry, api: apiRegistry, worker: workerRegistry };
  const rows = Object.entries(where).flatMap(([process, declaredIn]) => {
    // prom-client's types leave out what every one of its metrics has.
    const declared = declaredIn.getMetricsAsArray() as unknown as Declared[];
    return declared.map(({ name, help, labelNames }) => {
      const labels = labelNames.length === 0 ? '' : `{${labelNames.join(', ')}}`;
      return `| \`${name}${labels}\` | ${process} | ${help} |`;
    });
  });
  return ['| metric | where | what it says |', '| --- | --- | --- |', ...rows].join('\n');
}

function alertTable(): string {
  const rows = ALERT_KINDS.map((kind) => {
    const { level, meaning, todo, over } = ALERTS[kind];
    return `| \`${kind}\` | ${level} | ${meaning} | ${todo} | ${over} |`;
  });
  return ['| kind | level | what is so | what to do | over when |', '| --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const document of DOCUMENTS) await writeFile(document.file, await written(document));
  await writeFile(CLIENT_TYPES, await clientTypes());
}
