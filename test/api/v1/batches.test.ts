import { describe, expect, it } from 'vitest';
import { auditOf, withApi } from './world.ts';

const world = withApi();

const begin = (selection: unknown) => world.ask('POST', '/batches', { as: 'operate', body: { selection } });

describe('a batch', () => {
  it.each([
    [{ kind: 'all' }],
    [{ kind: 'failed' }],
    [{ kind: 'filter', filters: { LANGUAGES: 'Go' } }],
    [{ kind: 'mirrors', mirrorIds: ['github-7'] }],
  ])('of %j is begun in the name of the key, and audited', async (selection) => {
    await world.addMirror('7', 'ada/engine');

    const { status, body } = await begin(selection);

    expect([status, body.joined]).toEqual([202, false]);
    expect(body.batch).toMatchObject({ selection, state: 'running', requestedBy: 'operate key' });
    expect(await auditOf(world, 1)).toEqual([['operate key', 'batch.begin', null]]);
  });

  it('of the same selection joins the one that runs', async () => {
    const first = await begin({ kind: 'all' });

    const second = await begin({ kind: 'all' });

    expect([second.body.joined, second.body.batch.batchId]).toEqual([true, first.body.batch.batchId]);
  });

  it.each([
    [{ kind: 'everything' }, 400],
    [{ kind: 'drift' }, 400],
    [{ kind: 'mirrors', mirrorIds: [] }, 400],
    [{ kind: 'mirrors', mirrorIds: ['ada/engine'] }, 400],
    [{ kind: 'filter', filters: { MIN_STARS: 'many' } }, 422],
    [undefined, 400],
  ])('of %j is refused', async (selection, status) => {
    expect((await begin(selection)).status).toBe(status);
  });

  it('while Temporal is down is 503 and does not stay open', async () => {
    world.control.isDown = true;

    const { status } = await begin({ kind: 'all' });

    world.control.isDown = false;
    const { body } = await world.ask('GET', '/batches');
    expect([status, body.batches.map(({ state }: { state: string }) => state)]).toEqual([503, ['failed']]);
  });

  it('is shown, listed newest first, and told to end', async () => {
    const { body: older } = await begin({ kind: 'all' });
    const { body: newer } = await begin({ kind: 'failed' });

    const page = await world.ask('GET', '/batches?limit=1', { as: 'read' });
    const rest = await world.ask('GET', `/batches?limit=1&cursor=${page.body.next}`);
    const cancelled = await world.ask('POST', `/batches/${older.batch.batchId}/cancel`, { as: 'operate' });
    const shown = await world.ask('GET', `/batches/${newer.batch.batchId}`);

    expect([page, rest].map(({ body }) => body.batches[0].batchId)).toEqual([newer.batch.batchId, older.batch.batchId]);
    expect([cancelled.status, shown.body.batch.state, shown.body.problems]).toEqual([202, 'running', []]);
    expect(await auditOf(world, 1)).toEqual([['operate key', 'batch.cancel', older.batch.batchId]]);
  });

  it('that is over cannot be cancelled, and one that never was is not known', async () => {
    const { body } = await begin({ kind: 'all' });
    await world.store.batches.end(body.batch.batchId, 'completed', null);

    const over = await world.ask('POST', `/batches/${body.batch.batchId}/cancel`);
    const unknown = await world.ask('POST', '/batches/999999/cancel');
    const odd = await world.ask('GET', '/batches/nonsense');

    expect([over, unknown, odd].map((answer) => [answer.status, answer.body.kind])).toEqual([
      [409, 'BatchEnded'],
      [404, 'BatchUnknown'],
      [404, 'BatchUnknown'],
    ]);
  });

  it.each(['"x"', '7', '"99999999999999999999"'])('list with the cursor %s begins again', async (place) => {
    const cursor = Buffer.from(place).toString('base64url');

    expect((await world.ask('GET', `/batches?cursor=${cursor}`)).status).toBe(400);
  });
});
