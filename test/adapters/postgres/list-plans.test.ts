import { beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type Database } from '../../../src/adapters/postgres/database.ts';
import { createStore, type Store } from '../../../src/adapters/postgres/store.ts';
import { withDatabase } from '../../support/postgres.ts';
import { fillYears } from './years.ts';

/** What else is listed, beside the mirrors (mirror-lists.test.ts): every page is read from an index, whatever the record has become in years. */

const MIRRORS = 10_000;

describe(`of the record of years of ${MIRRORS} mirrors`, () => {
  const database = withDatabase();

  async function within<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const db = createDatabase({ url: database.url, maxConnections: 1 });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  }

  /** How Postgres would do what a store asks, statement by statement. */
  async function plansOf(ask: (store: Store) => Promise<unknown>): Promise<string> {
    return within(async (db) => {
      const asked: { text: string; values: unknown[] }[] = [];
      const noting: Database = {
        ...db,
        query: (text, values = []) => {
          asked.push({ text, values });
          return db.query(text, values);
        },
      };
      await ask(createStore(noting));
      const plans = [];
      for (const { text, values } of asked) plans.push(...(await db.query(`explain ${text}`, values)));
      return plans.map((row) => String(row['QUERY PLAN'])).join('\n');
    });
  }

  beforeAll(() => within((db) => fillYears(db, MIRRORS)));

  const page = { limit: 101 };
  const anyDelivery = { event: null, outcome: null, fullName: null, before: null, ...page };

  it.each<[string, (store: Store) => Promise<unknown>]>([
    ['deliveries', ({ overview }) => overview.deliveries(anyDelivery)],
    ['deliveries, further on', ({ overview }) => overview.deliveries({ ...anyDelivery, before: 'guid-9000' })],
    ['deliveries of an event', ({ overview }) => overview.deliveries({ ...anyDelivery, event: 'star' })],
    ['deliveries of a name', ({ overview }) => overview.deliveries({ ...anyDelivery, fullName: 'owner-7/repo-7' })],
    ['a delivery', ({ overview }) => overview.delivery('guid-9000')],
    ['the syncs of a mirror', ({ overview }) => overview.syncs('github-7', { before: null, ...page })],
    ['open deletions', ({ overview }) => overview.deletions({ states: 'open', after: null, ...page })],
    ['all deletions', ({ overview }) => overview.deletions({ states: 'all', after: null, ...page })],
    ['the open deletion of a mirror', ({ overview }) => overview.openDeletions('github-100')],
    ['the audit log', ({ audit }) => audit.read(page)],
    ['the audit log, further on', ({ audit }) => audit.read({ ...page, before: '9000' })],
    ['the audit log of a mirror', ({ audit }) => audit.read({ ...page, subject: 'github-7' })],
    ['the audit log of a rare action', ({ audit }) => audit.read({ ...page, action: 'key.created' })],
    ['all alerts', ({ alerts }) => alerts.page({ before: null, openOnly: false, ...page })],
    ['alerts, further on', ({ alerts }) => alerts.page({ before: '500', openOnly: false, ...page })],
    ['a mirror', ({ overview }) => overview.mirror('github-7')],
  ])('a page of %s reads no table from end to end', async (_, ask) => {
    const plans = await plansOf(ask);

    expect(plans).toMatch(/Index (?:Only )?Scan/);
    // Nobody was told of any alert here, and an empty table is read as it is.
    expect(plans.replaceAll('Seq Scan on alert_messages', '')).not.toContain('Seq Scan');
  });

  it.each<[string, (store: Store) => Promise<unknown>]>([
    ['deliveries', ({ overview }) => overview.deliveries(anyDelivery)],
    ['the audit log', ({ audit }) => audit.read(page)],
    ['open deletions', ({ overview }) => overview.deletions({ states: 'open', after: null, ...page })],
  ])('a page of %s comes in its order, without sorting', async (_, ask) => {
    expect(await plansOf(ask)).not.toContain('Sort');
  });
});
