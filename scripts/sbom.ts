import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** `npm run --silent sbom > starkeep.cdx.json`: everything that runs in production, with hashes and licences, as CycloneDX. */

interface Bom {
  metadata: { component: { name: string } };
}

const ARGUMENTS = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev', '--package-lock-only'];

/** @returns JSON */
export async function bom(): Promise<string> {
  const root = new URL('..', import.meta.url);
  const { stdout } = await promisify(execFile)('npm', ARGUMENTS, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  const made = JSON.parse(stdout) as Bom;
  // npm calls it after the folder of the checkout.
  made.metadata.component.name = (
    JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { name: string }
  ).name;
  return JSON.stringify(made, null, 2);
}

if (process.argv[1] === new URL(import.meta.url).pathname) process.stdout.write(`${await bom()}\n`);
