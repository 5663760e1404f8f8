import { beforeEach, describe, expect, inject, it } from 'vitest';
import { createBatchActivities } from '../../src/activities/batches.ts';
import type { ActivityPorts } from '../../src/activities/ports.ts';
import { syncMany } from '../../src/commands/batch.ts';
import { loadConfig } from '../../src/config.ts';
import type { RepoEvent } from '../../src/domain/events.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import type { MirrorControl } from '../../src/domain/ports.ts';
import { report, repository, withStore } from '../adapters/postgres/test-store.ts';
import { run, start, terminalOf } from '../support/cli.ts';
import { devServerEnvironment } from '../support/temporal.ts';

/** `starkeep sync --all …` and `starkeep batches` as people type them, over a real record and a real Temporal. */

const store = withStore();
const temporal = devServerEnvironment();

const settings = () => ({
  DATABASE_URL: store.database.url,
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: temporal.namespace,
});
const starkeep = (...args: string[]) => run(args, settings());

/** Ids of batches begin anew in every test, and workflows keep theirs. */
let firstBatch = 0;
beforeEach(async () => {
  await store.db.query(`alter sequence batches_batch_id_seq restart with ${(firstBatch += 10)}`);
});

async function mirrors(count: number): Promise<void> {
  const page = Array.from({ length: count }, (_, n) => repository(String(n + 1), { language: n % 2 ? 'Go' : 'Rust' }));
  await store.mirrors.saveStarPage(store.account.accountId, page);
  await store.db.query(`update mirrors set status = 'completed'`);
}

let runs = 0;

/** Mirrors whose syncs end at once: how, their ids say. */
function answering(failing: string[] = []): MirrorControl['repoEvent'] {
  return async ({ repoId, fullName, batchId = '' }: RepoEvent) => {
    const ids = { mirrorId: mirrorIdOf(repoId), correlationId: 'c', workflowId: 'w', runId: `run-${(runs += 1)}` };
    const attempt = { trigger: 'batch', attempt: 1, startedAt: new Date().toISOString() } as const;
    const of = { ...ids, ...attempt, batches: [batchId], repoId, fullName };
    await store.record.write(
      store.account.accountId,
      failing.includes(repoId)
        ? {
            kind: 'failed',
            failure: { kind: 'TargetError', message: 'OneDev did not' },
            retryCount: 1,
            nextAttemptAt: null,
            ...of,
          }
        : { kind: 'synced', report: report(), ...of },
    );
    return { workflowId: `mirror-github-${repoId}` };
  };
}

async function withWorker<T>(repoEvent: MirrorControl['repoEvent'], work: () => Promise<T>): Promise<T> {
  const ports = {
    source: { canCheckStars: false, limits: () => null },
    accounts: store.accounts,
    batches: store.batches,
    control: { repoEvent },
    rules: { drift: { everyMs: null, policy: 'repair' } },
  } as unknown as ActivityPorts;
  const stop = await temporal.workers({ activities: createBatchActivities(ports) });
  return work().finally(stop);
}

describe('sync', () => {
  it.each([[[]], [['--all', '--failed']], [['ada/engine', '--all']], [['ada/engine', '--filter', 'languages=Go']]])(
    '%j says what it needs, and starts nothing',
    async (args) => {
      const { code, stdout, stderr } = await starkeep('sync', ...args);

      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('`starkeep sync` needs one repository, or one of --all, --failed and --filter.');
    },
  );

  it.each([
    ['languags=Go', '--filter has no "languags". Did you mean languages?'],
    ['Go', '--filter must be NAME=VALUE, such as languages=Go,Rust, but is "Go".'],
    ['max_size=5 parsecs', '--filter max_size: `5 parsecs` at character 1: a size is a number with'],
    ['topics=a b c_d', '--filter topics: `c_d` at character 5: a topic has'],
  ])('--filter %s names the word and its place', async (filter, sentence) => {
    const { code, stderr } = await starkeep('sync', '--filter', filter);

    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });

  it('--all waits for the end and says how it went', async () => {
    await mirrors(4);

    const { code, stdout, stderr } = await withWorker(answering(), () => starkeep('sync', '--all', '--by', 'ann'));

    expect([code, stderr]).toEqual([0, '']);
    // Whoever looks in the middle says so on the way.
    expect(stdout.replaceAll(/^[1-9]0 %.*\n/gm, '')).toBe(
      `Batch ${firstBatch} over all mirrors has begun.\n` +
        'Ctrl-C stops the waiting, not the batch.\n' +
        '100 %: 4 of 4 mirrors\n' +
        `Batch ${firstBatch} completed: 4 mirrors, 4 changed.\n`,
    );
    const [begun] = await store.audit.read({ limit: 1, action: 'batch.begin' });
    expect(begun).toMatchObject({ actor: 'ann', subject: null, details: { kind: 'all' } });
  });

  it('--filter goes over what the filter keeps', async () => {
    await mirrors(4);

    const { stdout } = await withWorker(answering(), () =>
      starkeep('sync', '--filter', 'languages=Go', '--filter', 'min_stars=1'),
    );

    expect(stdout).toContain(`Batch ${firstBatch} over what languages=Go min_stars=1 keeps has begun.`);
    expect(stdout).toContain(`Batch ${firstBatch} completed: 2 mirrors, 2 changed.`);
  });

  it('--failed that fails again ends with 1 and says where to look', async () => {
    await mirrors(3);
    await store.db.query(`update mirrors set status = 'failed' where repo_id in ('1', '2')`);

    const { code, stdout, stderr } = await withWorker(answering(['2']), () => starkeep('sync', '--failed'));

    expect(code).toBe(1);
    expect(stdout).toContain(`Batch ${firstBatch} completed: 2 mirrors, 1 changed, 1 failed.`);
    expect(stderr).toBe(`1 mirror failed: npx starkeep batches show ${firstBatch}\n`);
  });

  it('--no-wait returns at once; a second one joins; Ctrl-C while waiting leaves it running', async () => {
    await mirrors(1);

    const begun = await starkeep('sync', '--all', '--no-wait', '--by', 'ann');
    const waiting = start(['sync', '--all', '--by', 'bob'], settings());
    await expect.poll(waiting.stdout, { timeout: 20_000 }).toContain('Ctrl-C');
    waiting.child.kill('SIGINT');
    const code = await waiting.ended;

    expect(begun.stdout).toBe(
      `Batch ${firstBatch} over all mirrors has begun.\n` +
        `How it goes: npx starkeep batches show ${firstBatch}\n` +
        `To end it: npx starkeep batches cancel ${firstBatch}\n`,
    );
    expect([code, waiting.stderr()]).toEqual([0, '']);
    expect(waiting.stdout()).toBe(
      `Batch ${firstBatch} over all mirrors is running already, begun by ann; it is not begun twice.\n` +
        'Ctrl-C stops the waiting, not the batch.\n' +
        `It goes on without you. How it goes: npx starkeep batches show ${firstBatch}\n` +
        `To end it: npx starkeep batches cancel ${firstBatch}\n`,
    );
    expect((await temporal.client.workflow.getHandle(`batch-${firstBatch}`).describe()).status.name).toBe('RUNNING');
  });

  it('on a terminal draws a bar that grows', async () => {
    await mirrors(3);
    const terminal = terminalOf(80);
    const printed: string[] = [];
    const print = (text: string) => void printed.push(text);
    const config = loadConfig(settings(), 'none');
    const request = { selection: { kind: 'all' } as const, by: 'ann', wait: true };

    await withWorker(answering(), () => syncMany(config, request, { print, width: 80, terminal: terminal.stream }));

    expect(terminal.lastLine()).toBe(`[${'#'.repeat(30)}] 3 of 3 mirrors`);
    expect(printed.at(-1)).toBe(`Batch ${firstBatch} completed: 3 mirrors, 3 changed.`);
  });
});

describe('batches', () => {
  async function begun(): Promise<string> {
    await mirrors(2);
    const request = { selection: { kind: 'all' } as const, by: 'ann', correlationId: 'c' };
    const { batch } = await store.batches.create(store.account.accountId, request);
    await store.batches.plan(batch.batchId, null);
    await store.batches.take(batch.batchId, 20);
    await answering(['1'])({
      kind: 'changed',
      repoId: '1',
      fullName: 'ada/repo-1',
      trigger: 'batch',
      correlationId: 'c',
      batchId: batch.batchId,
    });
    return batch.batchId;
  }

  it('without any says how one begins', async () => {
    expect((await starkeep('batches')).stdout).toBe(
      'There is no batch yet. One begins with: npx starkeep sync --all\n',
    );
  });

  it('lists them, and shows one with what failed', async () => {
    const batchId = await begun();

    const list = await starkeep('batches');
    const show = await starkeep('batches', 'show', batchId);
    const json = await starkeep('batches', 'show', batchId, '--json');

    expect(list.stdout).toMatch(new RegExp(`${batchId} +│ all mirrors +│ running +│ 1 of 2 mirrors, 1 failed`));
    expect(show.stdout).toContain(`Batch ${batchId} over all mirrors   running\n  asked for      by ann, `);
    expect(show.stdout).toContain('  to come        1 under way, 0 waiting\n');
    expect(show.stdout).toContain('  failed         ada/repo-1: TargetError: OneDev did not\n');
    expect(JSON.parse(json.stdout)).toMatchObject({
      batch: { batchId, failed: 1 },
      problems: [{ fullName: 'ada/repo-1' }],
    });
  });

  it('cancel ends one, and says so of one that has ended', async () => {
    await mirrors(1);
    await starkeep('sync', '--all', '--no-wait');

    const first = await starkeep('batches', 'cancel', String(firstBatch), '--by', 'bob');
    await temporal.client.workflow.getHandle(`batch-${firstBatch}`).terminate();
    await starkeep('batches', 'cancel', String(firstBatch), '--by', 'bob');
    const again = await starkeep('batches', 'cancel', String(firstBatch));

    expect([first.code, first.stdout.split('\n')[0]]).toEqual([
      0,
      `Batch ${firstBatch} begins nothing new; what is under way ends by itself.`,
    ]);
    expect([again.code, again.stderr]).toEqual([
      4,
      expect.stringContaining(`Batch ${firstBatch} is cancelled already.`),
    ]);
    const cancelled = String(firstBatch);
    expect((await store.audit.read({ limit: 5 })).map(({ action, subject }) => [action, subject])).toEqual([
      ['batch.cancel.failed', cancelled],
      ['batch.cancel', cancelled],
      ['batch.cancel', cancelled],
      ['batch.cancel', cancelled],
      ['batch.begin', null],
    ]);
  });

  it.each(['show', 'cancel'])('%s of one that does not exist says so', async (command) => {
    const { code, stderr } = await starkeep('batches', command, '999');

    expect([code, stderr]).toEqual([3, expect.stringMatching(/^There is no batch 999\. /)]);
  });
});
