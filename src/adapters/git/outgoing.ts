import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Oid, RefName } from '../../domain/model.ts';

/**
 * What one push sends, as a bare repository that has refs and no objects: git reads those of the cache. So a push names its refs by a pattern, where
 * git would compare every one that is spelt out with every ref of the target, several times over: thousands of tags took minutes.
 */
export interface Outgoing {
  refs: readonly { name: RefName; oid: Oid }[];
  /** Refs of the target that are there with this id, or the push of them is refused; all others have to be new. */
  leases: readonly { name: RefName; oid: Oid }[];
  removals: readonly RefName[];
}

/** Makes the repository, in place of an earlier one. Every ref stands in one file, whose ids need not be those of objects that are there. */
export async function writeOutgoing(dir: string, { refs }: Outgoing): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(join(dir, 'refs'), { recursive: true });
  await writeFile(join(dir, 'HEAD'), 'ref: refs/heads/none\n');
  await writeFile(join(dir, 'packed-refs'), refs.map(({ name, oid }) => `${oid} ${name}\n`).join(''));
}

export function pushArguments({ refs, leases, removals }: Outgoing): { options: string[]; refspecs: string[] } {
  return {
    // Without a name: whatever has no lease of its own must not be there, since there are no remote-tracking refs.
    options: ['--force-with-lease', ...leases.map(({ name, oid }) => `--force-with-lease=${name}:${oid}`)],
    refspecs: [...(refs.length > 0 ? ['refs/*:refs/*'] : []), ...removals.map((name) => `:${name}`)],
  };
}
