import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Finding } from '../../src/commands/doctor.ts';
import { repository, withStore } from '../adapters/postgres/test-store.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';
import { run, start } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { devServerEnvironment } from '../support/temporal.ts';

/** `starkeep doctor` and `starkeep status`, over a real record, a real Temporal and the stand-ins. */

const store = withStore();
const temporal = devServerEnvironment();

let github: GithubStandin;
let onedev: OnedevStandin;
let dataDir: string;

beforeEach(async () => {
  [github, onedev, dataDir] = await Promise.all([
    createGithubStandin(),
    createOnedevStandin(),
    mkdtemp(join(tmpdir(), 'doctor-')),
  ]);
});
afterEach(() => Promise.all([github.close(), onedev.close()]));

const settings = (changes: Record<string, string> = {}) => ({
  GITHUB_TOKEN: github.token,
  GITHUB_API_URL: github.apiUrl,
  GITHUB_URL: github.url,
  ONEDEV_URL: onedev.url,
  ONEDEV_TOKEN: onedev.token,
  DATABASE_URL: store.database.url,
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_NAMESPACE: temporal.namespace,
  STARKEEP_DATA_DIR: dataDir,
  STARKEEP_PORT: '9',
  ...changes,
});

async function examined(changes: Record<string, string> = {}) {
  const { code, stdout } = await run(['doctor', '--json'], settings(changes));
  const findings = JSON.parse(stdout) as Finding[];
  return { code, findings, of: (what: string) => findings.find((finding) => finding.what === what) };
}

describe('doctor', () => {
  it('finds what is well, and what does not run, and says how to start it', async () => {
    const { code, of } = await examined();

    expect(code).toBe(1);
    for (const well of [
      'version',
      'git',
      'data folder',
      'Postgres',
      'Temporal',
      'GitHub',
      'OneDev',
      'webhooks',
      'alerts',
    ])
      expect(of(well)).toMatchObject({ what: well, state: 'ok', whatToDo: null });
    expect(of('Temporal')?.says).toContain(`namespace ${temporal.namespace}`);
    expect(of('worker')).toMatchObject({
      state: 'problem',
      says: expect.stringContaining('starkeep-transfer') as string,
    });
    expect(of('worker')?.whatToDo).toContain('npx starkeep worker');
    expect(of('api')).toMatchObject({ state: 'problem', says: expect.stringContaining('127.0.0.1:9') as string });
    expect(of('star list')).toMatchObject({ state: 'warning' });
  });

  it('says what is wrong with each connection, as the service itself would, and no secret', async () => {
    const changes = {
      GITHUB_TOKEN: 'ghp_revoked0123456789',
      ONEDEV_TOKEN: 'not-the-token',
      DATABASE_URL: 'postgres://ann:pass-word@127.0.0.1:9/none',
      TEMPORAL_ADDRESS: '127.0.0.1:9',
    };

    const { code, stdout, stderr } = await run(['doctor'], settings(changes));

    expect(code).toBe(1);
    for (const what of [
      'GitHub',
      'OneDev',
      'settings',
      'Postgres',
      'Temporal',
      'worker',
      'star list',
      'webhooks',
      'alerts',
    ])
      expect(stdout).toMatch(new RegExp(`^✗ ${what} +\\S`, 'm'));
    expect(stdout.match(/^ +→ /gm)?.length).toBeGreaterThanOrEqual(8);
    expect(stderr).toMatch(/^10 problems, 0 warnings\.\n$/);
    expect(stdout).not.toMatch(/ghp_revoked|not-the-token|pass-word/);
  });

  it('names the database that lacks tables of this version', async () => {
    await store.db.query(`delete from migrations where name = (select max(name) from migrations)`);

    const { of } = await examined();

    expect(of('Postgres')).toMatchObject({ state: 'problem', says: expect.stringContaining('lacks') as string });
    expect(of('Postgres')?.whatToDo).toContain('migrate');
  });
});

describe('status', () => {
  const counted = (...args: string[]) => run(['status', ...args], { DATABASE_URL: store.database.url });

  async function mirrors(): Promise<void> {
    const page = ['1', '2', '3'].map((id) => repository(id, { fullName: `ada/repo-${id}` }));
    await store.mirrors.saveStarPage(store.account.accountId, page);
    await store.db.query(`update mirrors set status = 'completed', last_synced_at = now(), last_checked_at = now()`);
    await store.db.query(
      `update mirrors set status = 'permanent_failure', last_error_kind = 'TargetPathTaken', status_note = 'Every name is taken.'
        where mirror_id = 'github-2'`,
    );
  }

  it('says that nothing is kept yet', async () => {
    expect((await counted()).stdout).toMatch(/^Nothing is kept yet/);
  });

  it('is one sentence, and names what is failing', async () => {
    await mirrors();

    const { code, stdout } = await counted();

    expect(code).toBe(0);
    expect(stdout).toMatch(/^2 of 3 safe · 1 failing · .*oldest success ada\/repo-1/);
    expect(stdout).toContain(
      '  ada/repo-2: TargetPathTaken. Every name is taken.\nWhy, and what to do: npx starkeep show NAME\n',
    );
  });

  it('is JSON for programs', async () => {
    await mirrors();

    expect(JSON.parse((await counted('--json')).stdout)).toMatchObject({
      mirrors: { total: 3, safe: 2 },
      failing: 1,
      failingMirrors: [{ mirrorId: 'github-2' }],
    });
  });

  it('goes on with --watch, and says each change', async () => {
    await mirrors();
    const watching = start(['status', '--watch'], { DATABASE_URL: store.database.url });
    await eventually(() => watching.stdout().includes('2 of 3 safe'));

    await store.db.query(`update mirrors set status = 'completed', last_error_kind = null`);
    await eventually(() => watching.stdout().includes('3 of 3 safe'));
    watching.child.kill('SIGINT');
    await once(watching.child, 'exit');

    expect(watching.stdout().trim().split('\n')).toHaveLength(2);
  });
});
