import { describe, expect, it } from 'vitest';
import { createArchives } from '../../../src/adapters/git/archives.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { commit, readRef } from '../../support/repo.ts';
import { createStreamWorld, type StreamWorld } from './stream-world.ts';

const archives = createArchives({ redact: createRedactor([]) });

/** A mirror whose only branch was rewritten. @returns its old tip, as it is kept */
async function rewritten(world: StreamWorld) {
  await world.sync();
  await commit(world.source, { parent: null });
  await world.sync();
  const [tip] = await archives.history(world.request.target);
  if (tip === undefined) throw new Error('nothing was archived');
  return tip;
}

describe('an archived tip', () => {
  it('is brought back as a branch, and asking again changes nothing', async () => {
    const world = await createStreamWorld();
    const tip = await rewritten(world);

    const first = await archives.restore(world.request.target, tip);
    const second = await archives.restore(world.request.target, tip);

    expect([first.created, second.created]).toEqual([true, false]);
    expect(await readRef(world.target, first.name)).toBe(tip.oid);
  });

  it('that was brought back and worked on since is not put back over the work', async () => {
    const world = await createStreamWorld();
    const tip = await rewritten(world);
    const { name } = await archives.restore(world.request.target, tip);
    const work = await commit(world.target, { branch: name.slice('refs/heads/'.length) });

    const end = await archives.restore(world.request.target, tip).catch((error: unknown) => error);

    expect(end).toMatchObject({ kind: 'RestoredBefore', message: expect.stringContaining('was not overwritten') });
    expect(await readRef(world.target, name)).toBe(work);
  });
});
