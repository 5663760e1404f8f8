import type { GitRemote } from '../src/domain/ports.ts';

/** What is said between the bench of transfers and the process that does one. */

export interface RunOrder extends Transferred {
  transport: 'stream' | 'clone';
  onedev: { url: string; token: string };
  knownDigest: string | null;
  cacheDir: string;
  /** What is transferred before, into a project that is still empty. */
  warmUp: Transferred;
}

/** The first line of output, after the warm-up. */
export const WARM = 'warm';

export interface Transferred {
  source: GitRemote;
  target: GitRemote;
  projectId: string;
}

export interface RunResult {
  seconds: number;
  /** Of this process and of every git it started. */
  cpuSeconds: number;
  /** Memory of this process before the transfer, and the most it ever had, in MB. */
  idleMb: number;
  peakMb: number;
  digest: string;
  bytes: number;
}
