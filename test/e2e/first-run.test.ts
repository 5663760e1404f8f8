import { describe, expect, it } from 'vitest';
import { answerOf, ApiProblem, createClient, type Client } from '../../src/client/client.ts';
import { run } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { ADMIN_KEY, GITHUB_TOKEN, withUnconfigured } from '../support/unconfigured.ts';

/** `starkeep up` with nothing set, and what a person enters: nobody starts anything again. */

const world = withUnconfigured();

const client = (): Client => createClient({ url: world.starkeep.apiUrl, key: ADMIN_KEY });
const settings = () => answerOf(client().GET('/settings'));
const onGithub = () => ({ GITHUB_TOKEN, GITHUB_URL: world.github.url, GITHUB_API_URL: world.github.apiUrl });
const onOnedev = () => ({ ONEDEV_URL: world.onedev.url, ONEDEV_TOKEN: world.onedev.token });
const enter = (entered: Record<string, string | null>) =>
  answerOf(client().POST('/settings', { body: { settings: entered } }));
const test = (what: 'github' | 'onedev', entered: Record<string, string>) =>
  answerOf(client().POST('/settings/test', { body: { what, settings: entered } }));

/** The api is away while it starts again. */
const answers = (look: () => Promise<boolean>) =>
  eventually(async () => {
    try {
      return await look();
    } catch (error) {
      if (error instanceof ApiProblem) throw error;
      return false;
    }
  }, 60_000);

describe('a Starkeep that nothing was set for', { timeout: 300_000 }, () => {
  it('runs its api, says what is lacking, and has no worker', async () => {
    const { lacking, whyClosed } = await settings();

    expect(lacking).toHaveLength(3);
    expect(whyClosed).toBeNull();
    expect(world.starkeep.lacking).toEqual(lacking);
    expect(world.starkeep.pids()).toMatchObject({ worker: null });
  });

  it('tries what a person is about to enter', async () => {
    expect(await test('github', { ...onGithub(), GITHUB_TOKEN: 'wrong' })).toMatchObject({ ok: false });
    expect(await test('github', onGithub())).toMatchObject({ ok: true });
    expect(await test('onedev', onOnedev())).toMatchObject({ ok: true });
    expect((await settings()).lacking).toHaveLength(3);
  });

  it('takes over what is entered by itself, and mirrors', async () => {
    await enter({ ...onGithub(), ...onOnedev(), STARKEEP_FILTER_EXCLUDE: '*/notes' });

    await answers(async () => {
      const { isBehind, lacking } = await settings();
      return !isBehind && lacking.length === 0;
    });
    let mirrors: { fullName: string; status: string }[] = [];
    await answers(async () => {
      ({ mirrors } = await answerOf(client().GET('/mirrors')));
      return mirrors.some(({ fullName, status }) => fullName === 'ada/engine' && status === 'completed');
    });
    expect(Object.fromEntries(mirrors.map(({ fullName, status }) => [fullName, status]))).toEqual({
      'ada/engine': 'completed',
      'ada/notes': 'excluded',
    });
    expect(world.said).toContain('Everything that is needed is set: the worker starts.');
    expect(world.logged.join('')).not.toContain(GITHUB_TOKEN);
  });

  it('takes over what is entered later too, in the api and in the worker', async () => {
    const before = world.starkeep.pids();

    await enter({ STARKEEP_FILTER_EXCLUDE: null });

    await answers(async () => !(await settings()).isBehind);
    await answers(async () => {
      const { api, worker } = world.starkeep.pids();
      return worker !== null && worker !== before['worker'] && api !== before['api'];
    });
    // A worker that starts reads the star list, now without the filter.
    await answers(async () => {
      const { mirrors } = await answerOf(client().GET('/mirrors'));
      return mirrors.every(({ status }) => status === 'completed');
    });
  });

  it('is told the same at the command line, where a secret is not shown', async () => {
    const { stdout } = await run(['config'], world.environment);
    expect(stdout).toMatch(/GITHUB_TOKEN = \(hidden\)\n {2}from: entered in the web UI/);
    expect(stdout).not.toContain(GITHUB_TOKEN);

    const set = await run(['config', 'set', 'STARKEEP_LFS', 'off', '--by', 'ann'], world.environment);
    expect([set.code, set.stderr]).toEqual([0, '']);
    await answers(async () => {
      const found = (await settings()).settings.find(({ name }) => name === 'STARKEEP_LFS');
      return found?.value === 'off' && found.entered?.by === 'ann';
    });

    const wrong = await run(['config', 'set', 'STARKEEP_LFS', 'maybe'], world.environment);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('must be one of auto, off')]);
    const elsewhere = await run(['config', 'set', 'STARKEEP_PORT', '1'], world.environment);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('where Starkeep is started')]);
    expect((await run(['config', 'unset', 'STARKEEP_LFS'], world.environment)).code).toBe(0);
    const { ONEDEV_URL } = onOnedev();
    const strayed = await run(['config', 'set', 'ONEDEV_URL', `${ONEDEV_URL}/elsewhere`], world.environment);
    expect([strayed.code, strayed.stderr]).toEqual([2, expect.stringContaining('Enter it again together')]);
  });
});
