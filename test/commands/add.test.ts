import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { mirrorIdOf } from '../../src/domain/model.ts';
import { withStore } from '../adapters/postgres/test-store.ts';
import { createGithubStandin, type GithubStandin } from '../standins/github.ts';
import { run } from '../support/cli.ts';
import { devServerEnvironment } from '../support/temporal.ts';

/** `starkeep add` as people type it, over a real record and a real Temporal without a worker. */

const store = withStore();
const temporal = devServerEnvironment();
let github: GithubStandin;

beforeEach(async () => {
  github = await createGithubStandin({ login: 'ann' });
});

afterEach(() => github.close());

const add = (name: string) =>
  run(['add', name, '--by', 'ann'], {
    DATABASE_URL: store.database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: temporal.namespace,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_URL: github.url,
    GITHUB_TOKEN: github.token,
  });

const audited = async () =>
  (await store.audit.read({ limit: 2 })).map(({ actor, action, subject }) => [actor, action, subject]);

describe('add', () => {
  it('pins the repository, reaches its workflow, and is audited', async () => {
    const { id } = github.addRepository({ fullName: 'ada/engine' });

    const { code, stdout, stderr } = await add('Ada/Engine');

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      'ada/engine: it is mirrored now, and kept whatever the star list and the filters say.\n' +
        'How it goes: npx starkeep show ada/engine\n',
    );
    expect(await store.mirrors.get(mirrorIdOf(id))).toMatchObject({ fullName: 'ada/engine', pinned: true });
    const { status } = await temporal.client.workflow.getHandle(`mirror-github-${id}`).describe();
    expect(status.name).toBe('RUNNING');
    expect((await audited())[0]).toEqual(['ann', 'mirror.add', 'Ada/Engine']);
  });

  it('of a repository that GitHub does not show fails and says so, also in the audit log', async () => {
    const { code, stderr } = await add('ada/nothing');

    expect([code, stderr]).toEqual([3, expect.stringMatching(/^GitHub shows no repository ada\/nothing\. /)]);
    expect(await audited()).toEqual([
      ['ann', 'mirror.add.failed', 'ada/nothing'],
      ['ann', 'mirror.add', 'ada/nothing'],
    ]);
  });

  it.each(['engine', 'https://github.com/ada/engine', 'ada/..'])(
    '%s is no repository, and nothing is asked',
    async (name) => {
      const { code, stderr } = await add(name);

      expect(code).toBe(2);
      expect(stderr).toContain(`A repository is OWNER/NAME, such as torvalds/linux, but "${name}" is not.`);
      expect(github.log).toEqual([]);
    },
  );
});
