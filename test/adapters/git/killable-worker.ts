import type { MirrorId } from '../../../src/domain/model.ts';
import { createOnedev } from '../../../src/adapters/onedev.ts';
import { createTransfer } from '../../../src/worker/transfers.ts';

/** A transfer as a worker makes it, Git LFS objects included. */
export interface KillableTransfer {
  dataDir: string;
  transport: 'stream' | 'clone';
  mirrorId: MirrorId;
  source: { url: string; token: string };
  onedev: { url: string; token: string; projectId: string; path: string };
}

export async function runTransfer({ dataDir, transport, mirrorId, source, onedev }: KillableTransfer): Promise<void> {
  const lfs = { mode: 'auto', maxBytes: 1_000_000 } as const;
  const transfer = createTransfer(
    { dataDir, transfer: transport, stageAboveBytes: null, lfs },
    { redact: (text) => text, log: () => undefined },
  );
  const target = createOnedev({ url: onedev.url, token: onedev.token, parent: 'github', userAgent: 'starkeep-test' });
  try {
    await transfer.sweep();
    await transfer.run(
      {
        mirrorId,
        source: { url: source.url, auth: { kind: 'basic', username: 'x-access-token', password: source.token } },
        target: target.gitRemote({ projectId: onedev.projectId, path: onedev.path }),
        knownDigest: null,
        rewritePolicy: 'keep-old',
        setDefaultBranch: (branch) => target.setDefaultBranch(onedev.projectId, branch),
      },
      { signal: new AbortController().signal, onProgress: () => undefined },
    );
  } finally {
    transfer.close();
  }
}

/** A process that is there to be killed: `killable-worker.ts <KillableTransfer as JSON>`. */
if (process.argv[1] === new URL(import.meta.url).pathname) {
  await runTransfer(JSON.parse(process.argv[2] ?? '') as KillableTransfer);
}
