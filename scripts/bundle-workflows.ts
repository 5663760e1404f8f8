import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from '../src/worker/bundle.ts';

/**
 * Bundles the workflows the way the worker does, which is the hard check that nothing of Node's reached them. Without `--check` it
 * also completes a build: the bundle, and the files that tsc does not copy.
 */
const { code } = await bundleWorkflows();

if (process.argv.includes('--check')) {
  process.stdout.write(`Workflow bundle: ${Math.round(code.length / 1024)} KB\n`);
} else {
  const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
  await mkdir(at('dist'), { recursive: true });
  await writeFile(at('dist/workflow-bundle.js'), code);
  await cp(at('src/adapters/postgres/migrations'), at('dist/adapters/postgres/migrations'), { recursive: true });
  await cp(at('src/local/temporal-servers.requirements.txt'), at('dist/local/temporal-servers.requirements.txt'));
}
