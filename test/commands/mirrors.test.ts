import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { createMirrorControl, openTemporal, type TemporalConnection } from '../../src/adapters/temporal.ts';
import { list } from '../../src/commands/mirrors.ts';
import { listDeletions } from '../../src/commands/deletions.ts';
import { loadConfig } from '../../src/config.ts';
import { withoutPassword, writeRunFile } from '../../src/local/run-file.ts';
import { repository, withStore } from '../adapters/postgres/test-store.ts';
import { run } from '../support/cli.ts';
import { devServerEnvironment } from '../support/temporal.ts';
import { event } from '../workflows/world.ts';

/** The commands as people type them, over a real record and a real Temporal without a worker: what was signalled stays to be seen. */

const store = withStore();
const temporal = devServerEnvironment();

const settings = () => ({
  DATABASE_URL: store.database.url,
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: temporal.namespace,
});

const starkeep = (...args: string[]) => run(args, settings());

async function addMirror(repoId: string, fullName: string, changes: Record<string, unknown> = {}): Promise<void> {
  await store.mirrors.saveUpstream(store.account.accountId, repository(repoId, { fullName }), true, false);
  for (const [column, value] of Object.entries({ status: 'completed', ...changes })) {
    await store.db.query(`update mirrors set ${column} = $2 where mirror_id = $1`, [`github-${repoId}`, value]);
  }
}

/** As the workflow records it, the workflow included. */
async function addDeletion(repoId: string, fullName: string, dueAt: string | null): Promise<void> {
  await addMirror(repoId, fullName);
  const proof = 'at 2026-11-16T22:05:00.000Z the token saw the star of bob/loom and none of this';
  const ids = { mirrorId: `github-${repoId}`, correlationId: 'c', workflowId: 'w', runId: 'r' } as const;
  await store.record.write(store.account.accountId, {
    kind: 'deletion_requested',
    policy: 'delete',
    proof,
    dueAt,
    ...ids,
  });
}

async function withControl<T>(work: (opened: TemporalConnection) => Promise<T>): Promise<T> {
  const opened = openTemporal({ environment: {}, address: inject('temporalAddress'), namespace: temporal.namespace });
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

const startWorkflow = (repoId: string) =>
  withControl((opened) => createMirrorControl(opened).repoEvent(event('unstarred', { repoId })));

/** Name and payload of the last signal a mirror's workflow got. */
async function lastSignal(repoId: string): Promise<unknown[]> {
  const { events } = await temporal.client.workflow.getHandle(`mirror-github-${repoId}`).fetchHistory();
  const signals = (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal ?? []);
  const { signalName, input } = signals.at(-1) ?? {};
  return [signalName, JSON.parse(Buffer.from(input?.payloads?.[0]?.data ?? []).toString())];
}

/** A command called in this process, as on a terminal of that width. */
async function onTerminal(width: number | null, command: typeof list | typeof listDeletions): Promise<string[]> {
  const printed: string[] = [];
  await command(loadConfig(settings(), 'none'), {}, { print: (text) => void printed.push(text), width });
  return printed.join('\n').split('\n');
}

let repoId: string;
let nextId = 5000;
beforeEach(() => {
  // Workflows outlive a test's rows, so no two tests share an id.
  repoId = String((nextId += 10));
});

describe('sync, pause and resume', () => {
  it.each([
    ['sync', 'syncNow', false, 'ada/engine: told to sync now; this does not wait for it.'],
    ['pause', 'pause', false, 'ada/engine: paused; what is under way is finished first.'],
    ['resume', 'resume', true, 'ada/engine: it goes on, and is synced now.'],
  ])('%s tells the mirror who asked', async (command, signal, paused, sentence) => {
    await addMirror(repoId, 'ada/engine', { paused, status: paused ? 'paused' : 'completed' });

    const { code, stdout, stderr } = await starkeep(command, 'ENGINE', '--by', 'ann', '--reason', 'just so');

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`${sentence}\nHow it goes: npx starkeep show ada/engine\n`);
    expect(await lastSignal(repoId)).toEqual([signal, { by: 'ann', reason: 'just so' }]);
  });

  it('names the user of this system when nobody else is named', async () => {
    await addMirror(repoId, 'ada/engine');

    await starkeep('sync', `github-${repoId}`);

    expect(await lastSignal(repoId)).toEqual(['syncNow', { by: expect.stringMatching(/^\S+$/) as string }]);
  });

  it.each([
    ['sync', { status: 'paused', paused: true }, 'is paused. Go on with: npx starkeep resume ada/engine'],
    ['sync', { status: 'failed', paused: true }, 'is paused. Go on with: npx starkeep resume ada/engine'],
    ['pause', { status: 'paused', paused: true }, 'is paused already.'],
    ['pause', { status: 'deleted' }, 'was deleted; there is nothing to pause.'],
    ['resume', { status: 'completed' }, 'is not paused; it is completed.'],
    ['deletions approve', { status: 'completed' }, 'is not about to be deleted; it is completed.'],
    ['deletions cancel', { status: 'frozen' }, 'is not about to be deleted; it is frozen.'],
  ])('%s is refused, and nothing started, when the mirror is %j', async (command, changes, sentence) => {
    await addMirror(repoId, 'ada/engine', changes);

    const { code, stdout, stderr } = await starkeep(...command.split(' '), 'ada/engine', '--by', 'ann');

    expect([code, stdout, stderr]).toEqual([4, '', `ada/engine ${sentence}\n`]);
    await expect(temporal.client.workflow.getHandle(`mirror-github-${repoId}`).describe()).rejects.toThrow(/not found/);
  });
});

describe('the name of a mirror', () => {
  it.each(['sync', 'show'])('that is not known to %s brings the nearest ones', async (command) => {
    await addMirror(repoId, 'ada/engine');
    await addMirror(`${repoId}1`, 'bob/loom');

    const { code, stdout, stderr } = await starkeep(command, 'ada/enigne');

    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toBe('There is no mirror of "ada/enigne". Did you mean ada/engine?\n');
  });

  it('that resembles none says where they are listed', async () => {
    await addMirror(repoId, 'ada/engine');

    const { stderr } = await starkeep('pause', 'kubernetes');

    expect(stderr).toBe('There is no mirror of "kubernetes". `npx starkeep list` names everything that is mirrored.\n');
  });

  it('that several have brings them all', async () => {
    await addMirror(repoId, 'ada/engine');
    await addMirror(`${repoId}1`, 'bob/engine', { status: 'frozen' });

    const { code, stderr } = await starkeep('sync', 'engine');

    expect(code).toBe(2);
    expect(stderr.split('\n').slice(1)).toEqual([
      `  ada/engine   completed   github-${repoId}`,
      `  bob/engine   frozen   github-${repoId}1`,
      '',
    ]);
  });
});

describe('deletions', () => {
  it.each([
    ['approve', 'approveDeletion', 'deleted now, if GitHub does not show it as starred.'],
    ['cancel', 'cancelDeletion', 'kept, although it is not starred, and synced.'],
  ])('%s reaches the workflow that waits', async (command, signal, sentence) => {
    await addDeletion(repoId, 'ada/engine', '2026-11-23T22:05:00.000Z');
    await startWorkflow(repoId);

    const { code, stdout } = await starkeep('deletions', command, 'engine', '--by', 'ann', '--reason', 'still needed');

    expect([code, stdout.split('\n')[0]]).toEqual([0, `ada/engine: ${sentence}`]);
    expect(await lastSignal(repoId)).toEqual([signal, { by: 'ann', reason: 'still needed' }]);
  });

  it('approve, with a deletion in the record that no workflow waits for, says so', async () => {
    await addDeletion(repoId, 'ada/engine', '2026-11-23T22:05:00.000Z');

    const { code, stderr } = await starkeep('deletions', 'approve', 'engine', '--by', 'ann');

    expect(code).toBe(4);
    expect(stderr).toMatch(/^Nothing waits for a decision about ada\/engine\. .*`starkeep sync`/);
  });

  it('are listed with date, state, reason and proof, the next first', async () => {
    await addDeletion(`${repoId}1`, 'bob/waits', null);
    await addDeletion(repoId, 'ada/engine', '2026-11-23T22:05:00.000Z');

    const { code, stdout } = await starkeep('deletions');

    expect(code).toBe(0);
    expect(stdout).toMatch(/ada\/engine [^]*2026-11-23 22:05 UTC [^]*in the grace period [^]*bob\/waits/);
    expect(stdout).toMatch(/bob\/waits .*no date .*Looks unstarred; a person has to approve/);
    expect(stdout).toContain('Proof: at 2026-11-16T22:05:00.000Z the token saw the star of bob/loom');
    expect(stdout).toContain('2 deletions. To decide about one:\n  npx starkeep deletions approve NAME');
  });

  it('fit into the terminal', async () => {
    await addDeletion(repoId, 'ada/engine', '2026-11-23T22:05:00.000Z');

    const lines = await onTerminal(80, listDeletions);

    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('there are none of is a sentence', async () => {
    expect((await starkeep('deletions')).stdout).toBe('Nothing is about to be deleted.\n');
  });
});

describe('show', () => {
  it('tells how to decide about a deletion', async () => {
    await addDeletion(repoId, 'ada/engine', '2026-11-23T22:05:00.000Z');

    const { stdout } = await starkeep('show', 'engine');

    expect(stdout).toContain('  deleted on     2026-11-23 22:05 UTC, unless somebody calls it off\n');
    expect(stdout).toContain('  delete now     npx starkeep deletions approve ada/engine\n');
    expect(stdout).toContain('  keep it        npx starkeep deletions cancel ada/engine\n');
  });

  it.each(['failed', 'permanent_failure'])('tells how to try a %s one at once', async (status) => {
    await addMirror(repoId, 'ada/engine', { status });

    expect((await starkeep('show', 'engine')).stdout).toContain('  try now        npx starkeep sync ada/engine\n');
  });

  it('tells who keeps it although it is not starred, and no more commands', async () => {
    await addMirror(repoId, 'ada/engine', { starred: false, kept_by: 'ann' });

    const { stdout } = await starkeep('show', 'engine');

    expect(stdout).toContain('  kept           although it is not starred: ann called its deletion off\n');
    expect(stdout).not.toContain('npx starkeep');
  });
});

describe('list', () => {
  const note =
    'GitHub no longer shows it. What was mirrored is kept as it is; it comes back to life when upstream does.';

  it('shows dates whole and first, and everything where nobody reads on a terminal', async () => {
    await addDeletion(repoId, 'ada/engine', '2026-11-23T22:05:00.000Z');
    await addMirror(`${repoId}1`, 'bob/loom', { status_note: note, declined_count: 1 });

    const { stdout } = await starkeep('list');

    expect(stdout).toContain('│ Deleted on 2026-11-23 22:05 UTC. Unstarred; deleted when the grace period ends. ');
    expect(stdout).toContain(`│ 1 ref not taken. ${note} │`);
    expect(stdout).toMatch(/\n2 mirrors: 1 completed, 1 pending_deletion\nThe star list [^\n]*\n$/);
  });

  it.each([80, 100, 200])('fits a terminal of %i columns, and never cuts a date', async (width) => {
    await addDeletion(repoId, 'ada/analytical-engine', '2026-11-23T22:05:00.000Z');
    await addMirror(`${repoId}1`, 'bob/loom', { status_note: note, last_checked_at: new Date() });

    const lines = await onTerminal(width, list);

    expect(lines.filter((line) => line.length > width)).toEqual([]);
    const remarks = lines.map((line) => line.split('│').at(-2)?.trim() ?? '').join(' ');
    expect(remarks).toContain('Deleted on 2026-11-23 22:05 UTC.');
  });
});

describe('without addresses in the settings', () => {
  const running = () => ({
    databaseUrl: store.database.url,
    apiUrl: 'http://127.0.0.1:9',
    temporalAddress: inject('temporalAddress'),
    temporalNamespace: temporal.namespace,
  });

  it('a running `starkeep up` is found by its data folder', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'data-'));
    await writeRunFile(dataDir, running());
    await addMirror(repoId, 'ada/engine');

    const { code, stderr } = await run(['sync', 'engine', '--by', 'ann'], { STARKEEP_DATA_DIR: dataDir });

    expect([code, stderr]).toEqual([0, '']);
    expect(await lastSignal(repoId)).toEqual(['syncNow', { by: 'ann' }]);
  });

  it('one that was killed, and left its file, counts as none', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'data-'));
    const left = { ...running(), pid: process.pid, identity: 'some earlier process' };
    await writeFile(join(dataDir, 'running.json'), JSON.stringify(left));

    const { code, stderr } = await run(['sync', 'engine'], { STARKEEP_DATA_DIR: dataDir });

    expect(code).toBe(2);
    expect(stderr).toContain(
      `DATABASE_URL and TEMPORAL_ADDRESS are not set, and no \`starkeep up\` runs with the data folder ${dataDir}.`,
    );
  });

  it('one whose database is set does not leave the password lying about, so a command needs the setting too', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'data-'));
    const databaseUrl = withoutPassword(store.database.url);
    await writeRunFile(dataDir, { ...running(), databaseUrl, needsDatabaseUrl: true });
    await addMirror(repoId, 'ada/engine');

    const without = await run(['sync', 'engine', '--by', 'ann'], { STARKEEP_DATA_DIR: dataDir });
    const given = { STARKEEP_DATA_DIR: dataDir, DATABASE_URL: store.database.url };
    const withIt = await run(['sync', 'engine', '--by', 'ann'], given);

    expect(without.code).toBe(2);
    expect(without.stderr).toContain('DATABASE_URL is not set here, but it is for the `starkeep up`');
    expect([withIt.code, withIt.stderr]).toEqual([0, '']);
    expect(await readFile(join(dataDir, 'running.json'), 'utf8')).not.toContain(new URL(store.database.url).password);
  });

  it('one with another database is not asked to decide', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'data-'));
    await writeRunFile(dataDir, { ...running(), databaseUrl: 'postgres://ann@127.0.0.1:1/other' });
    await addMirror(repoId, 'ada/engine');

    const given = { STARKEEP_DATA_DIR: dataDir, DATABASE_URL: store.database.url };
    const { code, stderr } = await run(['sync', 'engine'], given);

    expect(code).toBe(2);
    expect(stderr).toContain('TEMPORAL_ADDRESS is not set, and the `starkeep up` that runs with the data folder');
  });
});
