import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { builtName, bundleWorkflows } from '../src/worker/bundle.ts';

/**
 * Bundles the workflows the way the worker does, which is the hard check that nothing of Node's reached them. Without `--check` it
 * also completes a build: the bundles, and the files that tsc does not copy.
 */
const kinds = [false, true].flatMap((encodedFailures) => [
  { encodedFailures, traced: false },
  { encodedFailures, traced: true },
]);
const bundles = await Promise.all(
  kinds.map(async (kind) => ({ name: builtName(kind), code: (await bundleWorkflows(kind)).code })),
);

if (process.argv.includes('--check')) {
  for (const { name, code } of bundles) process.stdout.write(`${name}: ${Math.round(code.length / 1024)} KB\n`);
} else {
  const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
  await mkdir(at('dist'), { recursive: true });
  for (const { name, code } of bundles) await writeFile(at(`dist/${name}`), code);
  await cp(at('src/workflows/encoded-failures.cjs'), at('dist/workflows/encoded-failures.cjs'));
  await cp(at('src/adapters/postgres/migrations'), at('dist/adapters/postgres/migrations'), { recursive: true });
  await cp(at('src/local/temporal-servers.requirements.txt'), at('dist/local/temporal-servers.requirements.txt'));
}
