import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrationNames } from '../src/adapters/postgres/migrate.ts';
import { installPinned } from '../src/local/pip.ts';

/**
 * `npm run check:migrations`: whether the migrations that came after the first release may run while the version before them runs: nothing that it
 * uses is removed, renamed or made stricter, and no table is closed for longer than a moment. Squawk knows the statements; its rules that are about
 * something else are turned off in `.squawk.toml`.
 * @see https://squawkhq.com/docs/rules
 */

/** The schema of the first release: what it was made of ran on no database that was in use. */
const FIRST_RELEASE = '0013_entered_settings';

const SQUAWK = '2.70.0';

/** By platform, as in the package index: Linux on x86_64 and aarch64, macOS on both. */
const HASHES = [
  '699021805add4ec82274796081c0bc64ea2516ffd48be7690e3a3b6d60211411',
  'c6164a083f8bee368fc7c9c1cd7de4704c0775aa75767eefb371c0bd37d3bf08',
  '1c352fd18443d808d8ce48f5d4efa43646e210fc951437f6c3c25e51394f4a8f',
  'e67651bb984b01276752ca685f870b281cf493d5d7bd318607148b657c359b52',
];

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MIGRATIONS = 'src/adapters/postgres/migrations';

const later = (await migrationNames())
  .filter((name) => name > FIRST_RELEASE)
  .map((name) => `${MIGRATIONS}/${name}.sql`);
if (later.length === 0) process.stdout.write('No migration after the first release.\n');
else {
  const { status } = spawnSync(await squawk(), ['--config', '.squawk.toml', '--assume-in-transaction', ...later], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

/** Installed once per version, below `.cache`. */
async function squawk(): Promise<string> {
  const home = join(ROOT, '.cache', `squawk-${SQUAWK}`);
  const binary = join(home, 'wheel', 'bin', 'squawk');
  if (existsSync(binary)) return binary;
  // What an interrupted installation left would be taken for a whole one.
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await installPinned([`squawk-cli==${SQUAWK}`, ...HASHES.map((hash) => `--hash=sha256:${hash}`)].join(' '), home);
  return binary;
}
