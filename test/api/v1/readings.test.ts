import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../../src/domain/failures.ts';
import type { AskedReading } from '../../../src/domain/star-list.ts';
import type { Conclusion } from '../../../src/domain/sweep.ts';
import { auditOf, withApi } from './world.ts';

let failed: () => Promise<Failure | null>;
let asked: AskedReading | null;
beforeEach(() => {
  failed = () => Promise.resolve(null);
  asked = null;
});

const world = withApi({ readingFailure: () => failed(), askedReading: () => Promise.resolve(asked) });

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

describe('the latest readings', () => {
  it('are the last that read everything, and the last complete one', async () => {
    const complete = await addReading({ conclusion: { kind: 'nothing' } });
    const incomplete = await addReading({ incompleteWhy: 'a page failed' });
    await addReading({ kind: 'quick', incompleteWhy: 'a quick reading proves no absence' });

    const { body } = await world.ask('GET', '/readings/latest', { as: 'read' });

    expect([body.complete.readingId, body.last.readingId, body.failure]).toEqual([complete, incomplete, null]);
  });

  it('say why there is none, with what to do', async () => {
    failed = () => Promise.resolve(new Failure('SourceUnauthorized', 'The star list was not read: 401'));

    const { body } = await world.ask('GET', '/readings/latest');

    expect([body.last, body.complete]).toEqual([null, null]);
    expect(body.failure).toMatchObject({ kind: 'SourceUnauthorized', message: 'The star list was not read: 401' });
    expect(body.failure.whatToDo).not.toBe('');
  });

  it('are told while Temporal is away', async () => {
    failed = () => Promise.reject(new Failure('TemporalUnavailable', 'Temporal: away'));
    const complete = await addReading({ conclusion: { kind: 'nothing' } });

    const { status, body } = await world.ask('GET', '/readings/latest');

    expect([status, body.complete.readingId, body.failure]).toEqual([200, complete, null]);
  });
});

describe('a reading that was asked for', () => {
  const summary = {
    kind: 'sweep',
    incompleteWhy: null,
    seen: 3,
    signalled: 1,
    absent: 0,
    conclusion: 'nothing',
  } as const;

  it('is none, runs, and ends with what it found', async () => {
    const answers = [];
    for (const state of [null, { state: 'running' }, { state: 'completed', summary }] as (AskedReading | null)[]) {
      asked = state;
      answers.push((await world.ask('GET', '/reconcile', { as: 'read' })).body);
    }

    expect(answers).toEqual([
      { state: 'none', summary: null, failure: null },
      { state: 'running', summary: null, failure: null },
      { state: 'completed', summary, failure: null },
    ]);
  });

  it('or failed, and why', async () => {
    asked = { state: 'failed', failure: new Failure('SourceUnauthorized', 'not read') };

    const { body } = await world.ask('GET', '/reconcile');

    expect(body).toMatchObject({ state: 'failed', failure: { kind: 'SourceUnauthorized', message: 'not read' } });
  });
});
