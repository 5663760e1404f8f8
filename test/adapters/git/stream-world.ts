import { type StreamTransferOptions, createStreamTransfer } from '../../../src/adapters/git/stream.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { git, type RepoOptions } from '../../support/repo.ts';
import { type CloneWorld, createWorld } from './clone-world.ts';

/** A source and a target over HTTP with a streaming transfer between them; `clone` does the same by a clone. */
export interface StreamWorld extends CloneWorld {
  streamOptions: StreamTransferOptions;
  clone: CloneWorld['sync'];
}

export async function createStreamWorld(source: RepoOptions = {}, target?: RepoOptions): Promise<StreamWorld> {
  const cloning = await createWorld(source, target);
  // GitHub does so.
  await git(cloning.source, ['config', 'uploadpack.allowFilter', 'true']);
  const world: StreamWorld = Object.assign(cloning, {
    clone: cloning.sync,
    streamOptions: {
      redact: createRedactor([]),
      log: (message: string) => cloning.logged.push(message),
    } as StreamTransferOptions,
  });
  world.sync = async (request = {}, signal = new AbortController().signal) => {
    const transfer = createStreamTransfer(world.streamOptions);
    try {
      const onProgress = (progress: (typeof world.progress)[number]) => world.progress.push(progress);
      return await transfer.run({ ...world.request, ...request }, { signal, onProgress });
    } finally {
      transfer.close();
    }
  };
  return world;
}

/** What a sync asked of a repository, in order: `GET info/refs`, `POST git-upload-pack` … */
export function askedOf(world: StreamWorld, side: 'source' | 'target'): string[] {
  const prefix = `/${side}.git/`;
  return world.server.requests
    .filter(({ url }) => url.startsWith(prefix))
    .map(({ method, url }) => `${method} ${url.slice(prefix.length)}`);
}
