import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { inject } from 'vitest';
import { ENCODED_FAILURES } from '../../src/adapters/payload-codec.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** What the bundle is made from. `domain` gives only types by the rules, but a broken rule must not give an old bundle. */
const INPUTS = ['src/workflows', 'src/domain'];

/**
 * Our workflows, bundled once for every state of their source and kept in the cache.
 * @returns what `Worker.create` takes as `workflowBundle`
 */
export async function workflowBundle({ encodedFailures } = { encodedFailures: false }): Promise<{ codePath: string }> {
  const folder = join(inject('cacheDir'), 'workflow-bundles');
  await mkdir(folder, { recursive: true });
  const name = `${await digestOfInputs()}${encodedFailures ? '-encoded' : ''}.cjs`;
  const codePath = join(folder, name);
  if ((await readdir(folder)).includes(name)) return { codePath };

  const { code } = await bundleWorkflowCode({
    workflowsPath: join(ROOT, 'src/workflows/index.ts'),
    logger: new DefaultLogger('WARN'),
    ...(encodedFailures ? { failureConverterPath: ENCODED_FAILURES } : {}),
  });
  // Another file's worker may read it at this moment, so it appears whole or not at all.
  const unfinished = `${codePath}.${randomUUID()}`;
  await writeFile(unfinished, code);
  await rename(unfinished, codePath);
  return { codePath };
}

async function digestOfInputs(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(ROOT, 'package-lock.json')));
  for (const folder of INPUTS) {
    const files = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    for (const path of paths.sort()) hash.update(path).update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 32);
}
