import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import Table from 'cli-table3';
import { createDatabase } from '../src/adapters/postgres/database.ts';
import { migrate } from '../src/adapters/postgres/migrate.ts';
import { startPostgres } from '../src/local/embedded-postgres.ts';
import { fillYears } from '../test/adapters/postgres/years.ts';

/**
 * What a mirror costs in Postgres: `npm run bench -- cost [--mirrors 10000]`. Fills a real one with the record of years and says how many rows and bytes
 * each table has, indexes and all, for a thousand mirrors.
 */

const { values } = parseArgs({ options: { mirrors: { type: 'string', default: '10000' } } });
const mirrors = Number(values.mirrors);
const say = (line: string) => void process.stderr.write(`${line}\n`);

const dir = await mkdtemp(join(tmpdir(), 'starkeep-bench-'));
await chmod(dir, 0o755);
const postgres = await startPostgres({ dataDir: dir, port: 0, say, onExit: say });
const db = createDatabase({ url: postgres.url });
const table = new Table({
  head: ['table', 'rows', 'bytes a row', 'MB for 1,000 mirrors'],
  style: { head: [], border: [] },
});
try {
  await migrate(postgres.url);
  await fillYears(db, mirrors);
  await db.query('analyze');
  const sizes = await db.query<{ name: string; rows: number; bytes: number }>(
    `select relname as name, greatest(reltuples, 0)::float8 as rows, pg_total_relation_size(oid)::float8 as bytes from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' order by 3 desc`,
  );
  const perThousand = (bytes: number) => ((bytes / mirrors) * 1_000) / 1e6;
  for (const { name, rows, bytes } of sizes) {
    if (rows > 0) table.push([name, rows, Math.round(bytes / rows), perThousand(bytes).toFixed(2)]);
  }
  const all = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  table.push(['all', '', '', perThousand(all).toFixed(2)]);
  process.stdout.write(`${mirrors} mirrors\n${table.toString()}\n`);

  // What stays of a run for STARKEEP_HISTORY_RETENTION: the first sync of a mirror, as it was recorded.
  const json = await readFile(new URL('../test/workflows/histories/star-mirror.json', import.meta.url), 'utf8');
  const { events } = JSON.parse(json) as { events: unknown[] };
  const kept = gzipSync(json).length;
  process.stdout.write(
    `a run of ${events.length} events: ${json.length} bytes of JSON, ${kept} as it is kept in Postgres\n`,
  );
} finally {
  await db.close();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}
