import { expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import { eventually } from './support/eventually.ts';
import { withProcesses } from './support/processes.ts';

const processes = withProcesses();
it('x', { timeout: 120_000 }, async () => {
  const get = async (url: string) => (await fetch(url)).text();
  console.log(await get(processes.worker.url + '/health'), await get(processes.worker.url + '/readyz'));
  await eventually(async () => /starkeep_syncs_total\{trigger="\w+",outcome="changed"\} 1/.test(await get(`${processes.worker.url}/metrics`)), 60_000);
  writeFileSync('/tmp/f/b-worker.txt', await get(`${processes.worker.url}/metrics`));
  writeFileSync('/tmp/f/b-api.txt', await get(`${processes.api.url}/metrics`));
  expect(1).toBe(1);
});
