import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';

/** Made once per run with all migrations; copying it takes some 30 ms. */
export const TEMPLATE = 'starkeep_template';

/** How long connections that are just closing may take. */
const PATIENCE_MS = 3_000;

export interface TestDatabase {
  /** Known once the tests run. */
  readonly url: string;
}

/**
 * Gives the file, or the `describe` it is called in, a database of its own, and removes it afterwards. Connections left open fail the file.
 * @param content `migrated` (default), or `empty` for tests of the migrations themselves
 */
export function withDatabase(content: 'migrated' | 'empty' = 'migrated'): TestDatabase {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  let url: string | null = null;

  beforeAll(async () => {
    await asAdmin((admin) =>
      admin.query(`CREATE DATABASE ${name} TEMPLATE ${content === 'empty' ? 'template0' : TEMPLATE}`),
    );
    const own = new URL(inject('postgresUrl'));
    own.pathname = `/${name}`;
    url = own.href;
  });

  afterAll(async () => {
    const left = await asAdmin(async (admin) => {
      const open = await connectionsAfterPatience(admin, name);
      await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      return open;
    });
    if (left.length > 0) throw new Error(`Connections to the test's database were left open: ${left.join('; ')}`);
  });

  return {
    get url() {
      if (url === null) throw new Error('the database is made in beforeAll: use its url inside a test or a hook');
      return url;
    },
  };
}

async function connectionsAfterPatience(admin: pg.Client, name: string): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { rows } = await admin.query<{ application: string; query: string }>(
      `SELECT application_name AS application, left(query, 80) AS query FROM pg_stat_activity
       WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => `${row.application}: ${row.query}`);
    await new Promise((wake) => setTimeout(wake, 25));
  }
}

async function asAdmin<T>(work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: inject('postgresUrl') });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
