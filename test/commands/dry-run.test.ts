import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGithubStandin, type AddRepositoryOptions, type GithubStandin } from '../standins/github.ts';
import { run } from '../support/cli.ts';

let github: GithubStandin;

beforeEach(async () => {
  github = await createGithubStandin({ login: 'ann' });
});

afterEach(() => github.close());

const settings = () => ({ GITHUB_API_URL: github.apiUrl, GITHUB_URL: github.url, GITHUB_TOKEN: github.token });

const dryRun = (args: string[] = [], changes: Record<string, string> = {}) =>
  run(['sync', '--dry-run', ...args], { ...settings(), ...changes });

function star(fullName: string, options: Partial<AddRepositoryOptions> = {}): void {
  github.star(github.addRepository({ fullName, language: 'Go', sizeKb: 1_000, ...options }));
}

describe('sync --dry-run', () => {
  it('says what would be kept, what not and why, and how much it is; there need be no database', async () => {
    star('bob/tool', { sizeKb: 1_200 });
    star('ada/engine', { sizeKb: 2_000_000 });
    star('cid/page', { language: 'PHP', sizeKb: 0 });

    const { code, stdout, stderr } = await dryRun([], { STARKEEP_FILTER_LANGUAGES: 'Go' });

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      'Kept: 2 repositories, about 2 GB',
      '  ada/engine     2 GB',
      '  bob/tool     1.2 MB',
      'Excluded: 1 repository, about 0 KB',
      '  cid/page          –  Its language is PHP, and STARKEEP_FILTER_LANGUAGES keeps only Go.',
      "Nothing was changed. Sizes are GitHub's estimates; – means that it has none yet.",
      '',
    ]);
  });

  it('reads every page, and asks GitHub for nothing but reading', async () => {
    for (let number = 0; number < 120; number += 1) star(`ada/r${number}`);

    const { stdout } = await dryRun();

    expect(stdout).toMatch(/^Kept: 120 repositories, about 120 MB\n/);
    expect(github.log.filter(({ method, path }) => method !== 'GET' && path !== '/api/graphql')).toEqual([]);
  });

  it('previews filters in place of the settings of their names', async () => {
    star('ada/engine');
    star('cid/page', { language: 'PHP' });
    star('dan/old', { language: 'PHP', archived: true });

    const { stdout } = await dryRun(['--filter', 'languages=PHP', '--json'], {
      STARKEEP_FILTER_LANGUAGES: 'Go',
      STARKEEP_FILTER_ARCHIVED: 'skip',
    });

    const answer = JSON.parse(stdout) as { kept: { fullName: string }[]; excluded: { fullName: string }[] };
    expect(answer).toMatchObject({
      totals: { kept: { repositories: 1, bytes: 1_000_000 }, excluded: { repositories: 2, bytes: 2_000_000 } },
      incompleteWhy: null,
    });
    expect([answer.kept, answer.excluded].map((part) => part.map(({ fullName }) => fullName))).toEqual([
      ['cid/page'],
      ['ada/engine', 'dan/old'],
    ]);
  });

  it('without a token reads the public list of a login', async () => {
    star('ada/engine');
    star('ada/secret', { private: true });

    const { stdout } = await dryRun([], { GITHUB_TOKEN: '', GITHUB_LOGIN: 'ann' });

    expect(stdout).toMatch(/^Kept: 1 repository, /);
  });

  it('reads the plain list where the server has no other', async () => {
    star('ada/engine');
    github.switches.graphql.absent = true;

    expect((await dryRun()).stdout).toMatch(/^Kept: 1 repository, /);
  });

  it('says when the list may lack some', async () => {
    star('ada/engine');
    star('hidden/one');
    github.switches.ssoHidden = ['hidden'];

    expect((await dryRun()).stdout).toMatch(/\nThe list may lack repositories: /);
  });

  it('of nothing says so', async () => {
    expect((await dryRun()).stdout).toMatch(/^Kept: 0 repositories, about 0 KB\nExcluded: 0 repositories/);
  });

  it.each([
    [['ada/engine'], '--dry-run is about the whole star list'],
    [['--all'], '--dry-run is about the whole star list'],
    [['--filter', 'max-size=huge'], '`huge` at character 1'],
    [['--filter', 'colour=red'], '--filter has no "colour"'],
  ])('with %j is a wrong command: exit 2, and nothing was asked', async (args, complaint) => {
    const { code, stderr } = await dryRun(args);

    expect(code).toBe(2);
    expect(stderr).toContain(complaint);
    expect(github.log).toEqual([]);
  });

  it('needs to know whose stars, and says when the token is another login’s', async () => {
    const nobody = await dryRun([], { GITHUB_TOKEN: '' });
    const another = await dryRun([], { GITHUB_LOGIN: 'bob' });

    expect([nobody.code, nobody.stderr]).toEqual([4, expect.stringContaining('Set GITHUB_TOKEN') as string]);
    expect([another.code, another.stderr]).toEqual([4, expect.stringContaining('bob') as string]);
  });
});
