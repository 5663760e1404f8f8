import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LfsFailure, Oid } from '../../domain/model.ts';

/** What is remembered of a mirror's Git LFS from one run to the next. It saves looking again and may be lost: then everything is looked at. */
export interface LfsMemory {
  /** Goes up when an older file must not be believed any more. */
  version: 1;
  /** The source's refs when its attributes were looked at, and the default branch's tip; `null`: there was none, or it was not known. */
  sourceDigest: string;
  tip: Oid | null;
  /** Once yes, always yes: history keeps its pointers when the attributes go. */
  usesLfs: boolean;
  /** The `.gitattributes` files of the tip that do not speak of Git LFS, by their blobs; while they are the same, they need not be read. */
  plain: Oid[];
  /** @see Look.partial */
  partial: boolean;
  /** The last time every pointer was looked at; `null`: never. */
  looked: LastLook | null;
}

export interface LastLook {
  /** The source's refs, and everything else the outcome hangs on. */
  key: string;
  objects: number;
  /** What the target still lacks. */
  lacking: Lacking[];
}

export interface Lacking extends LfsFailure {
  /** Not asked for before this time (epoch milliseconds) unless something changes. */
  notBefore: number;
}

/** @returns `null` when nothing is remembered, or nothing that can be read */
export async function recall(path: string): Promise<LfsMemory | null> {
  try {
    const memory = JSON.parse(await readFile(path, 'utf8')) as LfsMemory;
    return memory.version === 1 ? memory : null;
  } catch (error) {
    // Half a file cannot come from us, see below; whoever wrote it, a look at everything puts it right.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @param workspaceDir on the same disk as `path`; if we die before the rename, the old memory stays and the run is done again */
export async function remember(path: string, workspaceDir: string, memory: LfsMemory): Promise<void> {
  const draft = join(workspaceDir, 'memory.json');
  await writeFile(draft, JSON.stringify(memory), { mode: 0o600 });
  await rename(draft, path);
}
