import { beforeEach, describe, expect, it } from 'vitest';
import type { Conclusion } from '../../../src/domain/sweep.ts';
import { auditOf, withApi } from './world.ts';

const world = withApi();

interface Ended {
  kind?: 'quick' | 'sweep';
  incompleteWhy?: string | null;
  conclusion?: Conclusion | null;
  absent?: number;
}

let readings = 0;
async function addReading(ended: Ended = {}): Promise<string> {
  const { kind = 'sweep', incompleteWhy = null, conclusion = null, absent = 0 } = ended;
  const { accountId } = world.store.account;
  const { readingId } = await world.store.readings.begin(accountId, `reading-${(readings += 1)}`, kind);
  const tally = { pages: 1, seen: 3, total: 3, flaws: [] };
  await world.store.readings.end(readingId, { tally, signalled: 1, absent, incompleteWhy, conclusion });
  return readingId;
}

const addHeld = () =>
  addReading({ absent: 2, conclusion: { kind: 'hold', reason: '2 of 5 stars are missing at once, and 1 may be' } });

const idsOf = ({ body }: { body: { readings: { readingId: string }[] } }) =>
  body.readings.map(({ readingId }) => readingId);

describe('readings of the star list', () => {
  it('come newest first, page by page, with how each ended', async () => {
    const complete = await addReading({ conclusion: { kind: 'nothing' } });
    const quick = await addReading({ kind: 'quick', incompleteWhy: 'a quick reading proves no absence' });

    const first = await world.ask('GET', '/readings?limit=1', { as: 'read' });
    const second = await world.ask('GET', `/readings?limit=1&cursor=${first.body.next}`);

    expect([idsOf(first), idsOf(second), second.body.next]).toEqual([[quick], [complete], null]);
    expect(first.body.readings[0]).toMatchObject({ kind: 'quick', complete: false, conclusion: null, seen: 3 });
    expect(second.body.readings[0]).toMatchObject({ complete: true, conclusion: 'nothing', held: false, signalled: 1 });
  });

  it('that wait for a person are asked for alone, with the names of what they lack', async () => {
    await world.addMirror('7', 'ada/engine');
    await world.addMirror('8', 'Ada/analysis');
    await world.addMirror('9', 'ada/unstarred', { starred: false });
    await addReading({ conclusion: { kind: 'nothing' } });
    const readingId = await addHeld();

    const { body } = await world.ask('GET', '/readings?held=true');

    expect(body.readings).toMatchObject([
      {
        readingId,
        absent: 2,
        absentNames: ['Ada/analysis', 'ada/engine'],
        held: true,
        reason: '2 of 5 stars are missing at once, and 1 may be',
        approvedBy: null,
      },
    ]);
  });

  it('are none as long as nobody knows whose stars these are', async () => {
    await world.store.db.query('truncate accounts cascade');

    const { status, body } = await world.ask('GET', '/readings');

    expect([status, body]).toEqual([200, { readings: [], next: null }]);
  });

  it('take no cursor of another list', async () => {
    expect((await world.ask('GET', '/readings?cursor=eyJhIjoxfQ')).status).toBe(400);
  });
});

describe('asking about what a held reading lacks', () => {
  let readingId: string;
  beforeEach(async () => {
    await world.addMirror('7', 'ada/engine');
    readingId = await addHeld();
  });

  const ask = (id: string, as: 'operate' | 'admin' = 'admin') => world.ask('POST', `/readings/${id}/ask`, { as });

  it('has GitHub asked about each of them, is audited, and the reading waits no longer', async () => {
    const { status, body } = await ask(readingId);

    expect([status, body]).toEqual([202, { readingId, asked: 1 }]);
    expect(world.control.events).toMatchObject([{ kind: 'unstarred', trigger: 'reconcile', repoId: '7' }]);
    expect(await auditOf(world, 1)).toEqual([['admin key', 'deletions.ask', readingId]]);
    const [after] = (await world.ask('GET', '/readings')).body.readings;
    expect(after).toMatchObject({ held: false, approvedBy: 'admin key', absentNames: [] });
  });

  it('is 409 for one that waits for nobody, 404 for an unknown one, and nothing is asked', async () => {
    await ask(readingId);
    const signals = world.control.events.length;

    const again = await ask(readingId);
    const unknown = await ask('999999');

    expect([again.status, again.body.detail]).toEqual([
      409,
      `Reading ${readingId} does not wait for a person. No reading waits for a person.`,
    ]);
    expect([unknown.status, (await ask('one')).status]).toEqual([404, 400]);
    expect(world.control.events).toHaveLength(signals);
  });

  it('is 409 for one that a later complete reading replaced, which names the one that waits', async () => {
    const later = await addHeld();

    const { status, body } = await ask(readingId);

    expect([status, body.detail]).toEqual([409, `Reading ${readingId} does not wait for a person. Held: ${later}.`]);
  });

  it('takes an admin', async () => {
    expect((await ask(readingId, 'operate')).status).toBe(403);
    expect(world.control.events).toEqual([]);
  });

  it('leaves it held where Temporal does not answer', async () => {
    world.control.isDown = true;

    const { status } = await ask(readingId);

    expect(status).toBe(503);
    expect(idsOf(await world.ask('GET', '/readings?held=true'))).toEqual([readingId]);
  });
});
