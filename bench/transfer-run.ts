import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createCloneTransfer } from '../src/adapters/git/clone.ts';
import { createStreamTransfer } from '../src/adapters/git/stream.ts';
import type { SyncReport } from '../src/domain/model.ts';
import type { Transfer } from '../src/domain/ports.ts';
import { createRedactor } from '../src/domain/redaction.ts';
import { createOnedev } from '../src/adapters/onedev.ts';
import { type RunOrder, type RunResult, type Transferred, WARM } from './transfer-order.ts';

/**
 * One transfer in a process of its own, so that its processor time and memory can be told from everybody else's. Reads a {@link RunOrder}, a
 * line of standard input, and writes a {@link RunResult}. A worker runs for months, so another, small repository is transferred before the clock starts; git starts
 * anew each time, there as here.
 */

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const order = JSON.parse((await lines.next()).value ?? '') as RunOrder;
const onedev = createOnedev({ ...order.onedev, parent: 'bench', userAgent: 'starkeep-bench' });
const redact = createRedactor([]);
const createTransfer = (cacheDir: string): Transfer =>
  order.transport === 'clone' ? createCloneTransfer({ cacheDir, redact }) : createStreamTransfer({ redact });

await transferred(createTransfer(`${order.cacheDir}-warm`), order.warmUp, null);
// Whoever counts requests begins now, and says so by a line.
process.stdout.write(`${WARM}\n`);
await lines.next();
const idleMb = process.memoryUsage.rss() / 1e6;
const cpuBefore = cpuSeconds();
const began = performance.now();
const report = await transferred(createTransfer(order.cacheDir), order, order.knownDigest);
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

function transferred(
  transfer: Transfer,
  { source, target, projectId }: Transferred,
  knownDigest: string | null,
): Promise<SyncReport> {
  return transfer.run(
    {
      mirrorId: 'github-1',
      source,
      target,
      knownDigest,
      rewritePolicy: 'keep-old',
      setDefaultBranch: async (branch) => {
        if ((await onedev.defaultBranch(projectId)) === branch) return;
        await onedev.setDefaultBranch(projectId, branch);
      },
    },
    { signal: new AbortController().signal, onProgress: () => undefined },
  );
}

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
