import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/domain/audit.ts';
import { withStore } from './test-store.ts';

const store = withStore();

const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: 'ann',
  action: 'mirror.pause',
  subject: 'github-7',
  details: { fullName: 'ada/engine', nested: { b: [1, 2], a: null } },
  ...changes,
});

/** What somebody does who owns the database: the rule that refuses changes is switched off first. */
async function tamper(statement: string): Promise<void> {
  await store.db.transaction(async (tx) => {
    await tx.query('alter table audit_events disable trigger audit_events_no_change');
    await tx.query(statement);
    await tx.query('alter table audit_events enable always trigger audit_events_no_change');
  });
}

/** Some entries more. @returns the id of the first of them */
async function append(count: number): Promise<number> {
  const { eventId } = await store.audit.append(entry());
  for (let more = 1; more < count; more += 1) await store.audit.append(entry({ subject: `github-${more}` }));
  return Number(eventId);
}

/** Writes back what a test has broken, so that the next one begins with a whole chain. */
async function afterwardsWhole(work: () => Promise<void>): Promise<void> {
  await store.db.query('drop table if exists saved');
  await store.db.query('create table saved as table audit_events');
  await work();
  await tamper('delete from audit_events');
  await store.db.query('insert into audit_events select * from saved');
}

describe('the audit log', () => {
  it('numbers its entries without a gap and finds them whole', async () => {
    const first = await append(3);

    const verdict = await store.audit.verify();

    const [last] = await store.audit.read({ limit: 1 });
    expect(last?.eventId).toBe(String(first + 2));
    expect(verdict).toEqual({ intact: true, events: first + 2, head: last?.hash });
  });

  it('keeps what cannot be stored out of its texts, and stays whole', async () => {
    const odd = entry({ actor: 'an\0n', details: { reason: 'half a \ud83d pair', 'a key': { deep: 1.5e300 } } });

    const written = await store.audit.append(odd);

    expect([written.actor, written.details['reason']]).toEqual(['ann', 'half a  pair']);
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });

  it('does not fork when many write at once', async () => {
    await Promise.all(Array.from({ length: 25 }, (_, n) => store.audit.append(entry({ subject: `at-once-${n}` }))));

    const verdict = await store.audit.verify();

    const events = await store.audit.read({ limit: 25 });
    expect(verdict).toMatchObject({ intact: true });
    expect(new Set(events.map(({ prevHash }) => prevHash)).size).toBe(25);
  });

  it('leaves no gap where a writer was rolled back', async () => {
    const first = await append(1);
    await expect(store.audit.append(entry({ actor: '' }))).rejects.toThrow(/check constraint/);

    const next = await store.audit.append(entry());

    expect(next.eventId).toBe(String(first + 1));
    expect(await store.audit.verify()).toMatchObject({ intact: true });
  });

  it.each([
    ['update', `update audit_events set actor = 'bob'`],
    ['delete', 'delete from audit_events'],
    ['truncate', 'truncate audit_events'],
    ['truncate', 'truncate audit_events, accounts cascade'],
  ])('refuses %s, also in a session that switches triggers off', async (word, statement) => {
    await append(1);

    await expect(store.db.query(statement)).rejects.toThrow(`audit_events is append-only: ${word} is refused`);
    const switchedOff = store.db.transaction(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      await tx.query(statement);
    });

    await expect(switchedOff).rejects.toThrow('append-only');
  });

  it('survives the emptying of the tables it speaks about', async () => {
    const before = await append(1);

    await store.db.query('truncate accounts restart identity cascade');

    expect(await store.audit.read({ limit: 1 })).toMatchObject([{ eventId: String(before) }]);
  });

  it.each([
    ['an actor', (id: number) => `update audit_events set actor = 'bob' where event_id = ${id}`],
    ['details', (id: number) => `update audit_events set details = '{}' where event_id = ${id}`],
    ['a time', (id: number) => `update audit_events set at = at + interval '1 second' where event_id = ${id}`],
    ['a link', (id: number) => `update audit_events set prev_hash = repeat('a', 64) where event_id = ${id}`],
  ])('names the first entry whose %s was changed', async (_, statement) => {
    const first = await append(4);

    await afterwardsWhole(async () => {
      await tamper(statement(first + 1));

      const verdict = await store.audit.verify();

      expect(verdict).toEqual({
        intact: false,
        eventId: String(first + 1),
        problem: 'it is not as it was written',
      });
    });
  });

  it('names an entry that was taken out', async () => {
    const first = await append(4);

    await afterwardsWhole(async () => {
      await tamper(`delete from audit_events where event_id = ${first + 1}`);

      expect(await store.audit.verify()).toEqual({
        intact: false,
        eventId: String(first + 1),
        problem: 'it is missing',
      });
    });
  });

  it('misses entries that were cut off at the end', async () => {
    const first = await append(4);

    await afterwardsWhole(async () => {
      await tamper(`delete from audit_events where event_id > ${first + 1}`);

      expect(await store.audit.verify()).toEqual({
        intact: false,
        eventId: String(first + 2),
        problem: `the log ends with entry ${first + 1}, and the last one written was ${first + 3}`,
      });
    });
  });

  it('sees an entry that was written anew with a hash of its own', async () => {
    const first = await append(3);

    await afterwardsWhole(async () => {
      // The hash of an entry that fits its contents, but not the entry before it.
      await tamper(
        `with other as (select * from audit_events where event_id = ${first})
         update audit_events set (actor, action, subject, details, at, prev_hash, hash) =
           (select actor, action, subject, details, at, prev_hash, hash from other) where event_id = ${first + 1}`,
      );

      expect(await store.audit.verify()).toMatchObject({ intact: false, eventId: String(first + 1) });
    });
  });

  it('is read newest first, page by page, and from a time on', async () => {
    const first = await append(5);

    const page = await store.audit.read({ limit: 2 });
    const older = await store.audit.read({ limit: 2, before: page[1]?.eventId ?? null });
    const later = await store.audit.read({ limit: 10, since: new Date(Date.now() + 60_000) });

    expect([...page, ...older].map(({ eventId }) => Number(eventId) - first)).toEqual([4, 3, 2, 1]);
    expect(later).toEqual([]);
  });
});
