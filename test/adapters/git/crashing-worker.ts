import { createCloneTransfer } from '../../../src/adapters/git/clone.ts';
import type { MirrorId } from '../../../src/domain/model.ts';

/** A process that begins a transfer and is there to be killed: `crashing-worker.ts <cacheDir> <mirrorId> <source> <target>`. */
const [cacheDir = '', mirrorId = '', source = '', target = ''] = process.argv.slice(2);

await createCloneTransfer({ cacheDir, redact: (text) => text }).run(
  {
    mirrorId: mirrorId as MirrorId,
    source: { url: source, auth: { kind: 'none' } },
    target: { url: target, auth: { kind: 'none' } },
    knownDigest: null,
    rewritePolicy: 'keep-old',
    setDefaultBranch: () => Promise.resolve(),
  },
  { signal: new AbortController().signal, onProgress: () => undefined },
);
