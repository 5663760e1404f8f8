import { beforeEach, describe, expect, it } from 'vitest';
import { withApi } from './world.ts';

const world = withApi();

beforeEach(async () => {
  await world.addMirror('7', 'Ada/Engine');
  await world.addMirror('8', 'bob/engine');
  await world.addMirror('9', 'bob/search-engine');
});

const namesOf = ({ body }: { body: { mirrors: { fullName: string }[] } }) =>
  body.mirrors.map(({ fullName }) => fullName);

describe('mirrors by name', () => {
  it('are found by the whole name, in any case of letters, and by no part of it', async () => {
    const full = await world.ask('GET', '/mirrors?name=ada/engine', { as: 'read' });
    const alone = await world.ask('GET', '/mirrors?name=ENGINE');
    const part = await world.ask('GET', '/mirrors?name=engin');

    expect([full, alone, part].map(namesOf)).toEqual([['Ada/Engine'], ['Ada/Engine', 'bob/engine'], []]);
  });

  it('are named for completion, all or those with a part, in their order', async () => {
    const all = await world.ask('GET', '/mirrors/names', { as: 'read' });
    const some = await world.ask('GET', '/mirrors/names?search=BOB/&limit=1');

    expect(all.body).toEqual({ names: ['Ada/Engine', 'bob/engine', 'bob/search-engine'] });
    expect(some.body).toEqual({ names: ['bob/engine'] });
  });
});

describe('deletions', () => {
  it('of one mirror are asked for alone', async () => {
    for (const mirrorId of ['github-7', 'github-8'] as const) {
      const ids = { mirrorId, correlationId: `c-${mirrorId}`, workflowId: 'w', runId: 'r' };
      await world.store.record.write(world.store.account.accountId, {
        kind: 'deletion_requested',
        policy: 'delete',
        proof: 'p',
        dueAt: null,
        ...ids,
      });
    }

    const { body } = await world.ask('GET', '/deletions?mirrorId=github-8');

    expect(body.deletions.map(({ mirrorId }: { mirrorId: string }) => mirrorId)).toEqual(['github-8']);
  });
});
