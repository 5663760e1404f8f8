import { readFileSync } from 'node:fs';
import { createCloneTransfer } from '../src/adapters/git/clone.ts';

import { createStreamTransfer } from '../src/adapters/git/stream.ts';
import type { GitRemote, Transfer } from '../src/domain/ports.ts';
import { createRedactor } from '../src/domain/redaction.ts';
import { createOnedev } from '../src/adapters/onedev.ts';

/**
 * One transfer in a process of its own, so that its processor time and memory can be told from everybody else's. Reads a {@link RunOrder} from
 * standard input, writes a {@link RunResult}. The clock starts when everything is loaded.
 */

export interface RunOrder {
  transport: 'stream' | 'clone';
  source: GitRemote;
  target: GitRemote;
  onedev: { url: string; token: string };
  projectId: string;
  knownDigest: string | null;
  cacheDir: string;
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

const order = JSON.parse(readFileSync(0, 'utf8')) as RunOrder;
const onedev = createOnedev({ ...order.onedev, parent: 'bench', userAgent: 'starkeep-bench' });
const redact = createRedactor([]);
const transports: Record<RunOrder['transport'], () => Transfer> = {
  clone: () => createCloneTransfer({ cacheDir: order.cacheDir, redact }),
  stream: () => createStreamTransfer({ redact }),
};
const transfer = transports[order.transport]();

const idleMb = process.memoryUsage.rss() / 1e6;
const cpuBefore = cpuSeconds();
const began = performance.now();
const report = await transfer.run(
  {
    mirrorId: 'github-1',
    source: order.source,
    target: order.target,
    knownDigest: order.knownDigest,
    rewritePolicy: 'keep-old',
    setDefaultBranch: async (branch) => {
      if ((await onedev.defaultBranch(order.projectId)) === branch) return;
      await onedev.setDefaultBranch(order.projectId, branch);
    },
  },
  { signal: new AbortController().signal, onProgress: () => undefined },
);
const result: RunResult = {
  seconds: (performance.now() - began) / 1000,
  cpuSeconds: cpuSeconds() - cpuBefore,
  idleMb,
  peakMb: peakMb(),
  digest: report.sourceDigest,
  bytes: report.bytes,
};
process.stdout.write(JSON.stringify(result));
// Connections that are kept for a next transfer must not hold up the bench.
process.exit(0);

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html fields 14 to 17: own and waited-for children's time, in hundredths */
function cpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / 100;
}

/** Not `getrusage`: a process inherits that peak from whoever started it. @see https://man7.org/linux/man-pages/man5/proc_pid_status.5.html VmHWM */
function peakMb(): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return (Number(kib) * 1024) / 1e6;
}
