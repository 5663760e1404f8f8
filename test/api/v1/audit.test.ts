import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/domain/audit.ts';
import { withApi } from './world.ts';

const world = withApi();

const append = (actor: string, action: string, subject: string) =>
  world.store.audit.append({ actor, action, subject, details: {} });

async function linesOf(query: string): Promise<{ type: string | null; events: AuditEvent[] }> {
  const headers = { authorization: `Bearer ${world.keys.admin}`, accept: 'application/x-ndjson' };
  const response = await world.app.request(`/api/v1/audit${query}`, { headers });
  const lines = (await response.text()).split('\n').filter(Boolean);
  return { type: response.headers.get('content-type'), events: lines.map((line) => JSON.parse(line) as AuditEvent) };
}

describe('the audit log by API', () => {
  it('is filtered, page by page', async () => {
    await append('hal', 'y.one', 's-1');
    await append('hal', 'y.two', 's-2');
    await append('ida', 'y.two', 's-2');

    const first = await world.ask('GET', '/audit?action=y.*&actor=hal&limit=1');
    const second = await world.ask('GET', `/audit?action=y.*&actor=hal&limit=1&cursor=${first.body.next}`);
    const bySubject = await world.ask('GET', '/audit?subject=s-2&action=y.two');

    const actions = [first, second].map(({ body }) => body.events.map(({ action }: AuditEvent) => action));
    expect(actions).toEqual([['y.two'], ['y.one']]);
    expect(second.body.next).toBeNull();
    expect(bySubject.body.events.map(({ actor }: AuditEvent) => actor)).toEqual(['ida', 'hal']);
  });

  it('comes whole as JSON lines, oldest first, also when it is longer than a page', async () => {
    await world.store.db.transaction(async (tx) => {
      // A thousand entries one after the other would take their time; what they say does not matter here.
      await tx.query(
        `insert into audit_events (event_id, at, actor, action, details, prev_hash, hash)
         select event_id + n, now(), 'jon', 'bulk.entry', '{}', hash, hash from audit_head, generate_series(1, 1005) n`,
      );
      await tx.query('update audit_head set event_id = event_id + 1005');
    });

    const { type, events } = await linesOf('?actor=jon&action=bulk.*');

    const ids = events.map(({ eventId }) => Number(eventId));
    expect(type).toBe('application/x-ndjson');
    expect(ids).toHaveLength(1005);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(Object.keys(events[0] ?? {})).toContain('prevHash');
  });

  it('that has nothing of the kind is empty, and a filter that is none is a problem', async () => {
    const { events } = await linesOf('?actor=nobody-at-all');
    const wrong = await world.ask('GET', '/audit?until=yesterday');
    const unknown = await world.ask('GET', '/audit?who=ann');

    expect(events).toEqual([]);
    expect([wrong.status, unknown.status]).toEqual([400, 400]);
  });
});
