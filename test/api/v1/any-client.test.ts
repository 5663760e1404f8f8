import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, it, onTestFinished } from 'vitest';
import { createFeed } from '../../../src/api/feed.ts';
import { historyOf } from '../../../src/domain/archives.ts';
import { adoptSettingKey } from '../../../src/domain/keys.ts';
import { parsePayloadKeys } from '../../../src/domain/payload-keys.ts';
import { repository } from '../../adapters/postgres/test-store.ts';
import { runSchemathesis } from '../../support/schemathesis.ts';
import { served } from '../serve.ts';
import { fillRecord } from './full-record.ts';
import { deskOf, withApi } from './world.ts';

/**
 * What any client may ask, made up from the document: no answer is an error of ours, and none is one that the document does not have.
 * `npm run test:api -- --seed N` asks more, and other things.
 */

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of `npm run test:api`; a run of all tests asks the same each time, and not for long. */
    anyClient?: { seed: number; examples: number };
  }
}

const { seed, examples } = inject('anyClient') ?? { seed: 20_261_125, examples: 4 };
const isLong = inject('anyClient') !== undefined;
const TIMEOUT_MS = isLong ? 3_600_000 : 600_000;

const KEY = 'starkeep-key-of-a-client-that-asks-anything';

const found = { ok: true, facts: [{ name: 'login', value: 'ann' }], problem: null, whatToDo: null };
const feed = createFeed();
let clients = 0;

const world = withApi((store) => ({
  feed,
  // Who fails often is held back; here each request that fails is of another client.
  clientAddress: () => `2001:db8:${(clients >> 16).toString(16)}:${(clients++ & 0xffff).toString(16)}::1`,
  archives: {
    history: async () =>
      historyOf({
        head: 'refs/heads/main',
        refs: [
          { name: 'refs/heads/main', oid: 'a'.repeat(40) },
          { name: 'refs/starkeep/2026-11-23T142530.123Z/main', oid: 'b'.repeat(40) },
        ],
      }),
    restore: async () => ({ name: 'refs/heads/restored/x/main', created: true }),
    gitRemote: ({ path }) => ({ url: `https://onedev.example.org/${path}.git`, auth: { kind: 'none' } }),
  },
  settingsDesk: deskOf(store, async () => found, parsePayloadKeys(`one:${Buffer.alloc(32, 1).toString('base64')}`)),
}));

it('finds no error and nothing undocumented, whatever it asks', { timeout: TIMEOUT_MS }, async () => {
  await fillRecord(world);
  world.upstream.set('torvalds/linux', {
    found: 'yes',
    repository: repository('99', { fullName: 'torvalds/linux' }),
  });
  // That one cannot be revoked by a request, so that the client does not lock itself out.
  await adoptSettingKey(world.store, KEY);
  const url = await served(world.app);
  // Each stream that is opened has an event before long, and is left after that.
  const telling = setInterval(() => feed.tell({ id: '1', kind: 'mirror', ids: { mirrorId: 'github-3' } }), 20);
  onTestFinished(() => clearInterval(telling));
  const directory = await mkdtemp(join(tmpdir(), 'schemathesis-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));

  const phases = isLong ? 'examples,coverage,fuzzing,stateful' : 'coverage,fuzzing,stateful';
  const how = ['--seed', String(seed), '--max-examples', String(examples), '--phases', phases];
  const { ok, output } = await runSchemathesis([`${url}/api/v1/openapi.json`, ...how], {
    cacheDir: inject('cacheDir'),
    directory,
    timeoutMs: TIMEOUT_MS - 10_000,
    config: CONFIG,
  });

  if (isLong) process.stdout.write(output);
  expect(ok, output).toBe(true);
  expect(output).toMatch(/Operations: +(\d+) selected \/ \1 total/);
});

/**
 * All checks there are, with what no schema can say left to a check of our own. Ids are often some that there are. Whether generating is slow is
 * the machine's business, and whether many values were thrown away the generator's.
 */
const CONFIG = `
color = false
continue-on-failure = true
max-stream-events = 1
request-timeout = 30
suppress-health-check = ["too_slow", "filter_too_much", "data_too_large"]
hooks = "${fileURLToPath(new URL('../../support/schemathesis_checks.py', import.meta.url))}"

[checks.positive_data_acceptance]
enabled = false
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422]

[auth.openapi.key]
bearer = "${KEY}"

[dictionaries.ids]
values = ["github-1", "github-2", "github-3", "github-4", "github-6", "github-7", "github-10", "github-11", "1", "2", "3"]

[dictionaries.guids]
values = ["guid-1", "guid-2", "guid-3"]

[parameters]
"path.id" = { dictionary = "ids", probability = 0.7 }
"path.guid" = { dictionary = "guids", probability = 0.7 }

[generation]
database = "none"
no-shrink = true
`;
