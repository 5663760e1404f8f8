import { describe, expect, it } from 'vitest';
import { createChoosingTransfer } from '../../../src/adapters/git/choose.ts';
import { createCloneTransfer } from '../../../src/adapters/git/clone.ts';
import { createStreamTransfer } from '../../../src/adapters/git/stream.ts';
import type { TransferRequest } from '../../../src/domain/ports.ts';
import { refsOf } from '../../support/repo.ts';
import { refuse } from './git-server.ts';
import { createStreamWorld, type StreamWorld } from './stream-world.ts';

const SSH = { kind: 'ssh', privateKey: 'no key', knownHosts: '' } as const;

/** What became of a sync in a mode. */
async function choosing(world: StreamWorld, mode: 'auto' | 'stream' | 'clone', request: Partial<TransferRequest> = {}) {
  const reasons: string[] = [];
  const stream = createStreamTransfer(world.streamOptions);
  const transfer = createChoosingTransfer({
    stream,
    clone: createCloneTransfer(world.options),
    mode,
    log: (message) => world.logged.push(message),
    onFallback: (reason) => reasons.push(reason),
  });
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  const report = await transfer.run({ ...world.request, ...request }, context).finally(() => stream.close());
  return { report, reasons };
}

/** The server answers as if it had never heard of version 2. */
function speakOldProtocol(world: StreamWorld): void {
  world.server.intercept = (request) => {
    delete request.headers['git-protocol'];
    return false;
  };
}

describe('the way of transfer', () => {
  it('is the stream where that goes', async () => {
    const world = await createStreamWorld();

    const { report, reasons } = await choosing(world, 'auto');

    expect(report.transport).toBe('stream');
    expect(report).not.toHaveProperty('fallback');
    expect(reasons).toEqual([]);
  });

  it('is the clone, with the reason logged, counted and reported, where the source speaks the old protocol', async () => {
    const world = await createStreamWorld({ tags: 2 });
    speakOldProtocol(world);

    const { report, reasons } = await choosing(world, 'auto');

    expect(report).toMatchObject({ outcome: 'changed', transport: 'clone', fallback: 'source-protocol' });
    expect(reasons).toEqual(['source-protocol']);
    expect(world.logged).toContain('the repository is cloned, because it cannot be streamed');
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it.each(['source', 'target'] as const)('is tried as a clone when the %s is reached over SSH', async (side) => {
    const world = await createStreamWorld();
    const remote = { url: 'ssh://git@127.0.0.1:1/x.git', auth: SSH };
    const reasons: string[] = [];
    const transfer = createChoosingTransfer({
      stream: createStreamTransfer(world.streamOptions),
      clone: { run: async () => world.sync() },
      mode: 'auto',
      log: () => undefined,
      onFallback: (reason) => reasons.push(reason),
    });

    const context = { signal: new AbortController().signal, onProgress: () => undefined };
    const report = await transfer.run({ ...world.request, [side]: remote }, context);

    expect(report.fallback).toBe(`${side}-ssh`);
    expect(reasons).toEqual([`${side}-ssh`]);
    expect(world.server.requests.length).toBeGreaterThan(0);
  });

  it('is not the clone because of a failure', async () => {
    const world = await createStreamWorld();
    world.server.intercept = (_, response) => refuse(response, 503, 'later');

    const end = await choosing(world, 'auto').catch((error: unknown) => error);

    expect(end).toMatchObject({ kind: 'SourceError' });
  });

  it('is never the clone in the mode "stream", and never the stream in the mode "clone"', async () => {
    const world = await createStreamWorld();
    const cloned = await choosing(world, 'clone');
    speakOldProtocol(world);

    const end = await choosing(world, 'stream').catch((error: unknown) => error);

    expect(cloned.report.transport).toBe('clone');
    expect(end).toMatchObject({ kind: 'StreamImpossible' });
  });
});
