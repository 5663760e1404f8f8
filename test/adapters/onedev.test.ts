import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOnedev, type Onedev, type OnedevOptions } from '../../src/adapters/onedev.ts';
import { FAILURES, Failure } from '../../src/domain/failures.ts';
import { markerIn, projectDescription } from '../../src/domain/names.ts';
import type { EnsureProjectRequest } from '../../src/domain/ports.ts';
import { createOnedevStandin, type OnedevStandin } from '../standins/onedev.ts';

let standin: OnedevStandin;
let onedev: Onedev;
let logged: string[];

beforeEach(async () => {
  standin = await createOnedevStandin();
  logged = [];
  onedev = adapter();
});

afterEach(async () => {
  await standin.close();
});

function adapter(options: Partial<OnedevOptions> = {}): Onedev {
  const log = (message: string): void => void logged.push(message);
  return createOnedev({
    url: standin.url,
    token: standin.token,
    parent: 'github',
    userAgent: 'starkeep-test',
    log,
    ...options,
  });
}

function wish(change: Partial<EnsureProjectRequest> = {}): EnsureProjectRequest {
  const fullName = change.fullName ?? 'torvalds/linux';
  return {
    mirrorId: 'github-7',
    fullName,
    description: 'A kernel',
    htmlUrl: `https://github.com/${fullName}`,
    known: null,
    ...change,
  };
}

/** The failure a promise ends in. */
async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

const writes = (): string[] =>
  standin.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

describe('a new mirror', () => {
  it('gets a project with the marker, below containers made one by one', async () => {
    const ensured = await onedev.ensureProject(wish());

    expect(ensured).toMatchObject({ path: 'github/torvalds/linux', created: true, moved: false, detour: null });
    expect(standin.projects().map(({ path }) => path)).toEqual(['github', 'github/torvalds', 'github/torvalds/linux']);
    expect(standin.project(ensured.path)).toMatchObject({ id: Number(ensured.projectId), codeManagement: true });
    expect(markerIn(standin.project(ensured.path)?.description)).toBe('github-7');
  });

  it('has containers that say who made them and offer neither code nor issues nor packages', async () => {
    await onedev.ensureProject(wish());

    for (const path of ['github', 'github/torvalds']) {
      expect(standin.project(path)).toMatchObject({
        description: expect.stringContaining('Starkeep'),
        codeManagement: false,
        issueManagement: false,
        packManagement: false,
      });
      expect(markerIn(standin.project(path)?.description)).toBeNull();
    }
  });

  it.each([
    ['a/.github', 'github/a/_.github'],
    ['a/projects', 'github/a/_projects'],
    ['a/x.git', 'github/a/x.git_'],
  ])('%s gets a name that OneDev accepts', async (fullName, path) => {
    expect(await onedev.ensureProject(wish({ fullName }))).toMatchObject({ path, detour: null });
  });

  it('can live below a parent of several levels', async () => {
    const ensured = await adapter({ parent: 'mirrors/github' }).ensureProject(wish());

    expect(standin.project(ensured.path)?.path).toBe('mirrors/github/torvalds/linux');
  });

  it('uses containers that are there already, and does not change them', async () => {
    await standin.addForeignProject('GitHub/Torvalds', { description: 'mine' });
    const before = standin.projects();

    const ensured = await onedev.ensureProject(wish());

    expect(ensured.created).toBe(true);
    expect(standin.project('github/torvalds/linux')?.path).toBe('GitHub/Torvalds/linux');
    expect(standin.projects().slice(0, 2)).toEqual(before);
  });

  it('shares one attempt at a container among mirrors that come at the same time', async () => {
    const names = ['a/one', 'a/two', 'b/one'];

    await Promise.all(
      names.map((fullName, index) => onedev.ensureProject(wish({ fullName, mirrorId: `github-${index}` }))),
    );

    expect(
      standin
        .projects()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['github', 'github/a', 'github/a/one', 'github/a/two', 'github/b', 'github/b/one']);
  });

  it('survives another process that makes the same root project at the same moment, and says what is left over', async () => {
    const roots = () => standin.projects().filter(({ path }) => path === 'github');
    standin.failNext({ match: /^POST/, times: 2, before: () => until(() => writes().length === 2) });
    standin.failNext({ match: /projects\?query=%22Path/, times: 2, before: () => until(() => roots().length === 2) });

    const both = await Promise.all([
      adapter().ensureProject(wish({ fullName: 'a/a' })),
      adapter().ensureProject(wish({ fullName: 'b/b', mirrorId: 'github-8' })),
    ]);

    const oldest = Math.min(...roots().map(({ id }) => id));
    const containers = standin.projects().filter(({ path }) => path.split('/').length === 2);
    expect(both.map(({ path }) => path)).toEqual(['github/a/a', 'github/b/b']);
    expect(containers.map(({ parentId }) => parentId)).toEqual([oldest, oldest]);
    expect(logged.join()).toContain('two root projects');
  });

  it('is one project even when two processes make it at the same moment', async () => {
    await onedev.ensureProject(wish({ fullName: 'torvalds/other', mirrorId: 'github-8' }));

    const both = await Promise.all([adapter().ensureProject(wish()), adapter().ensureProject(wish())]);

    expect(both.map(({ created }) => created).sort()).toEqual([false, true]);
    expect(both[0]?.projectId).toBe(both[1]?.projectId);
  });
});

describe('a mirror that the record does not know', () => {
  const other = (changes: Partial<Parameters<typeof wish>[0]> = {}) => wish({ fullName: 'linus/new-name', ...changes });

  it('is found by its marker under another name, taken to its name of today, and not made again', async () => {
    const before = await onedev.ensureProject(wish());

    const found = await onedev.ensureProject(other());

    expect(found).toMatchObject({
      projectId: before.projectId,
      path: 'github/linus/new-name',
      created: false,
      moved: true,
    });
    expect(standin.project('github/torvalds/linux')).toBeUndefined();
  });

  it('is found where a person has put it below the parent', async () => {
    await standin.addForeignProject('github/team/attic', {
      description: projectDescription('github-7', 'http://x', null),
    });

    const found = await onedev.ensureProject(wish());

    expect(found).toMatchObject({ path: 'github/torvalds/linux', created: false, moved: true });
  });

  it.each([
    ['below another parent', 'elsewhere/torvalds/linux', 'github-7'],
    ['of an id that begins alike', 'github/torvalds/another', 'github-71'],
  ])('is not one %s', async (_, path, mirrorId) => {
    const theirs = await standin.addForeignProject(path, {
      description: projectDescription(mirrorId, 'http://x', null),
    });

    const made = await onedev.ensureProject(wish());

    expect(made.created).toBe(true);
    expect(standin.project(path)).toEqual(theirs);
  });

  it('is not a fork that somebody made of a mirror, and a fork is none of ours to list', async () => {
    const original = await onedev.ensureProject(wish());
    const description = projectDescription('github-8', 'http://x', null);
    const fork = await standin.addForeignProject('github/team/fork', { description });
    standin.edit('github/team/fork', { forkedFromId: Number(original.projectId) });

    const made = await onedev.ensureProject(wish({ mirrorId: 'github-8', fullName: 'ada/engine' }));
    const marked = await onedev.markedProjects();

    expect(made.created).toBe(true);
    expect(standin.project('github/team/fork')?.id).toBe(fork.id);
    expect(marked.map(({ mirrorId }) => mirrorId)).toEqual(['github-7', 'github-8']);
  });
});

describe('a create that fails', () => {
  beforeEach(async () => {
    await onedev.ensureProject(wish({ fullName: 'torvalds/other', mirrorId: 'github-8' }));
  });

  it('but was done all the same is seen by looking the path up', async () => {
    standin.failNext({ match: /^POST .*\/projects$/, disconnect: { afterResponseBytes: 0 } });

    const ensured = await onedev.ensureProject(wish());

    expect(ensured.path).toBe('github/torvalds/linux');
    expect(ensured.projectId).toBe(String(standin.project(ensured.path)?.id));
  });

  it('and was not done keeps the reason OneDev gave', async () => {
    standin.failNext({ match: /^POST .*\/projects$/, status: 500, body: 'could not execute statement' });

    const failure = await failureOf(onedev.ensureProject(wish()));

    expect(failure.kind).toBe('TargetError');
    expect(failure.message).toContain('"github/torvalds/linux"');
    expect(failure.message).toContain('could not execute statement');
  });

  it('for want of a right says which', async () => {
    standin.addToken('reader', { kind: 'token', grants: [{ path: 'github', right: 'read' }] });

    const failure = await failureOf(adapter({ token: 'reader' }).ensureProject(wish()));

    expect(failure.kind).toBe('TargetForbidden');
    expect(failure.message).toContain("Not authorized to create project under 'github/torvalds'");
  });

  it('because a project it may not see has the name takes the next name', async () => {
    const body = "Name 'linux' is already used by another project under 'github/torvalds'";
    standin.failNext({ match: /^POST .*\/projects$/, status: 500, body });

    const ensured = await onedev.ensureProject(wish());

    expect(ensured).toMatchObject({ path: 'github/torvalds/linux-7', created: true });
    expect(ensured.detour).toContain('"github/torvalds/linux"');
  });

  it('because of a container it may not see says so', async () => {
    await standin.addForeignProject('mirrors', { hidden: true });
    standin.addToken('limited', { kind: 'user', name: 'limited', mayCreateRoots: true });

    const failure = await failureOf(adapter({ token: 'limited', parent: 'mirrors' }).ensureProject(wish()));

    expect(failure.kind).toBe('TargetForbidden');
    expect(failure.message).toContain('"mirrors"');
  });
});

describe('a path that is somebody else’s', () => {
  it.each([
    ['without a marker', 'My own kernel', 'not this mirror'],
    ['with another mirror’s marker', projectDescription('github-99', 'https://github.com/x/y', null), 'github-99'],
  ])('%s is left alone and the next one taken, with the reason', async (_, description, reason) => {
    const foreign = await standin.addForeignProject('github/torvalds/linux', { description });

    const ensured = await onedev.ensureProject(wish());

    expect(ensured).toMatchObject({ path: 'github/torvalds/linux-7', created: true });
    expect(ensured.detour).toContain(reason);
    expect(standin.project('github/torvalds/linux')).toEqual(foreign);
  });

  it('is found out when every path is taken', async () => {
    await standin.addForeignProject('github/torvalds/linux');
    await standin.addForeignProject('github/torvalds/linux-7');

    const failure = await failureOf(onedev.ensureProject(wish()));

    expect(failure.kind).toBe('TargetPathTaken');
    expect(failure.message).toContain('"github/torvalds/linux-7"');
    expect(writes()).toEqual([]);
  });

  it('stays the reason for the second name as long as the mirror has that', async () => {
    await standin.addForeignProject('github/torvalds/linux');
    const known = await onedev.ensureProject(wish());
    await standin.remove('github/torvalds/linux');

    const again = await onedev.ensureProject(wish({ known }));

    expect(again).toMatchObject({ path: 'github/torvalds/linux-7', created: false, moved: false });
    expect(again.detour).toContain('belonged to another project');
  });

  it('is not taken for a second mirror when the record was lost but the mirror sits at its second name', async () => {
    await standin.addForeignProject('github/torvalds/linux');
    const first = await onedev.ensureProject(wish());
    await standin.remove('github/torvalds/linux');

    const again = await onedev.ensureProject(wish({ known: null }));

    expect(again).toMatchObject({ projectId: first.projectId, created: false });
  });
});

describe('a mirror that has its project', () => {
  it('costs one request when nothing changed', async () => {
    const known = await onedev.ensureProject(wish());
    standin.requests.length = 0;

    const again = await onedev.ensureProject(wish({ known }));

    expect(again).toEqual({ ...known, created: false });
    expect(standin.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /~api/projects/${known.projectId}`,
    ]);
  });

  it('is found by path and marker when the record was lost', async () => {
    const known = await onedev.ensureProject(wish());
    standin.requests.length = 0;

    const again = await onedev.ensureProject(wish());

    expect(again).toMatchObject({ projectId: known.projectId, created: false });
    expect(writes()).toEqual([]);
  });

  it('gets a new description, and keeps everything else as somebody set it', async () => {
    const known = await onedev.ensureProject(wish());
    standin.edit(known.path, { issueManagement: true, key: 'LNX' });
    const before = standin.project(known.path);

    const again = await onedev.ensureProject(wish({ known, description: 'The kernel' }));

    expect(again).toMatchObject({ moved: false, path: known.path });
    const description = projectDescription('github-7', 'https://github.com/torvalds/linux', 'The kernel');
    expect(standin.project(known.path)).toEqual({ ...before, description });
  });

  it('is moved when upstream was renamed, with all its fields', async () => {
    const known = await onedev.ensureProject(wish());
    standin.edit(known.path, { issueManagement: true });
    const before = standin.project(known.path);

    const moved = await onedev.ensureProject(wish({ known, fullName: 'linux-foundation/kernel' }));

    expect(moved).toEqual({
      projectId: known.projectId,
      path: 'github/linux-foundation/kernel',
      created: false,
      moved: true,
      detour: null,
    });
    expect(standin.project(known.path)).toBeUndefined();
    expect(standin.project(moved.path)).toEqual({
      ...before,
      name: 'kernel',
      path: moved.path,
      parentId: standin.project('github/linux-foundation')?.id,
      description: projectDescription('github-7', 'https://github.com/linux-foundation/kernel', 'A kernel'),
    });
  });

  it('has the path OneDev gives it, below a group that was there in another spelling', async () => {
    const known = await onedev.ensureProject(wish());
    await standin.addForeignProject('github/LF/own');

    const moved = await onedev.ensureProject(wish({ known, fullName: 'lf/kernel' }));

    expect(moved).toMatchObject({ path: 'github/LF/kernel', moved: true, detour: null });
    expect(standin.project('github/LF/kernel')?.id).toBe(Number(known.projectId));
  });

  it('takes its second name when the new one is somebody else’s', async () => {
    const known = await onedev.ensureProject(wish());
    const foreign = await standin.addForeignProject('github/lf/kernel');

    const moved = await onedev.ensureProject(wish({ known, fullName: 'lf/kernel' }));

    expect(moved).toMatchObject({ path: 'github/lf/kernel-7', moved: true });
    expect(moved.detour).toContain('"github/lf/kernel"');
    expect(standin.project('github/lf/kernel')).toEqual(foreign);
  });

  it('stays where it is when both new names are somebody else’s', async () => {
    const known = await onedev.ensureProject(wish());
    await standin.addForeignProject('github/lf/kernel');
    await standin.addForeignProject('github/lf/kernel-7');

    const stayed = await onedev.ensureProject(wish({ known, fullName: 'lf/kernel' }));

    expect(stayed).toMatchObject({ projectId: known.projectId, path: 'github/torvalds/linux', moved: false });
    expect(stayed.detour).toContain('"github/lf/kernel-7"');
  });

  it('goes on after a move whose answer was lost', async () => {
    const known = await onedev.ensureProject(wish());
    standin.failNext({ match: /^POST .*\/projects\/\d+$/, disconnect: { afterResponseBytes: 0 } });
    const renamed = wish({ known, fullName: 'lf/kernel' });

    const failure = await failureOf(onedev.ensureProject(renamed));
    const again = await onedev.ensureProject(renamed);

    expect(failure.kind).toBe('TargetUnreachable');
    expect(again).toMatchObject({ projectId: known.projectId, path: 'github/lf/kernel', moved: false });
  });

  it('does not follow a change of upper and lower case alone, which OneDev does not see', async () => {
    const known = await onedev.ensureProject(wish());

    const again = await onedev.ensureProject(wish({ known, fullName: 'Torvalds/Linux' }));

    expect(again).toMatchObject({ path: 'github/torvalds/linux', moved: false, detour: null });
  });

  it('gets another project when its marker was taken away, and the old one is left alone', async () => {
    const known = await onedev.ensureProject(wish());
    standin.edit(known.path, { description: 'Mine now' });

    const again = await onedev.ensureProject(wish({ known }));

    expect(again).toMatchObject({ path: 'github/torvalds/linux-7', created: true });
    expect(again.detour).toMatch(/lost this mirror's marker/);
    expect(standin.project(known.path)?.description).toBe('Mine now');
  });

  it('loses its marker between reading and writing: nothing is written', async () => {
    const known = await onedev.ensureProject(wish());
    standin.failNext({ match: /readyz/, before: () => standin.edit(known.path, { description: 'Mine now' }) });

    const failure = await failureOf(onedev.ensureProject(wish({ known, description: 'new' })));

    expect(failure.kind).toBe('TargetChanged');
    expect(standin.project(known.path)?.description).toBe('Mine now');
  });

  it('is made anew when somebody deleted it', async () => {
    const known = await onedev.ensureProject(wish());
    await standin.remove(known.path);

    const again = await onedev.ensureProject(wish({ known }));

    expect(again).toMatchObject({ path: known.path, created: true, detour: null });
    expect(again.projectId).not.toBe(known.projectId);
  });
});

describe('readiness', () => {
  it('is there when OneDev says so', async () => {
    await expect(onedev.ready()).resolves.toBeUndefined();
  });

  it.each(['starting', 'setup'] as const)('is not there in the state %s', async (state) => {
    standin.state(state);

    expect((await failureOf(onedev.ready())).kind).toBe('TargetStarting');
  });

  it('is asked of the API where /readyz does not exist, before 16.5.1', async () => {
    standin.failNext({ match: /readyz/, status: 404, body: '<html>' });

    await onedev.ready();

    expect(standin.requests.map(({ path }) => path)).toEqual(['/readyz', '/~api/version/server']);
  });

  it('is not there when neither /readyz nor the API exists', async () => {
    standin.failNext({ match: /./, status: 404, body: '<html>', times: 2 });

    expect((await failureOf(onedev.ready())).kind).toBe('TargetStarting');
  });

  it('missing is never read as a missing project: nothing is made, nothing is thought deleted', async () => {
    const known = await onedev.ensureProject(wish());
    standin.state('starting');

    const failures = await Promise.all([
      failureOf(onedev.ensureProject(wish({ known }))),
      failureOf(onedev.ensureProject(wish({ mirrorId: 'github-8', fullName: 'new/one' }))),
      failureOf(onedev.deleteProject('github-7', known)),
      failureOf(onedev.archiveProject('github-7', known)),
      failureOf(onedev.defaultBranch(known.projectId)),
      failureOf(onedev.setDefaultBranch(known.projectId, 'main')),
    ]);

    expect(failures.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'TargetStarting'));
    expect(standin.projects()).toHaveLength(3);
  });

  it('missing only for a moment is not read as a missing project either', async () => {
    const known = await onedev.ensureProject(wish());
    standin.failNext({ match: /projects\//, status: 404, body: '<html><body>404</body></html>' });

    const failure = await failureOf(onedev.ensureProject(wish({ known })));

    expect(failure.kind).toBe('TargetBadResponse');
    expect(failure.row.retry).toBe('later');
    expect(standin.projects()).toHaveLength(3);
  });
});

describe('what OneDev answers', () => {
  it.each([
    [401, 'Invalid account or incorrect credentials', 'TargetUnauthorized'],
    [403, 'Not authorized', 'TargetForbidden'],
    [406, 'Invalid query', 'TargetBadResponse'],
    [302, '', 'TargetBadResponse'],
    [500, 'could not execute statement', 'TargetError'],
    [502, '<html>Bad gateway</html>', 'TargetUnreachable'],
    [503, 'Server not ready', 'TargetStarting'],
    [200, '<html>login</html>', 'TargetBadResponse'],
    [200, '{"id":"seven"}', 'TargetBadResponse'],
  ] as const)('%i %j becomes %s', async (status, body, kind) => {
    standin.failNext({ match: /projects/, status, body });

    const failure = await failureOf(onedev.ensureProject(wish({ known: { projectId: '1', path: 'x' } })));

    expect(failure.kind).toBe(kind);
    expect(failure.message).toMatch(/^OneDev did not read the project 1/);
    expect(Object.keys(FAILURES)).toContain(failure.kind);
  });

  it('never brings the token into a message', async () => {
    const token = 'secret-token-value';
    standin.failNext({ match: /users/, status: 500, body: `bad header Bearer ${token}` });

    const failure = await failureOf(adapter({ token }).checkToken());

    expect(failure.message).toContain('bad header');
    expect(failure.message).not.toContain(token);
  });

  it('is nothing when nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    closed.close();
    await once(closed, 'close');

    const failure = await failureOf(adapter({ url: `http://127.0.0.1:${port}` }).ready());

    expect(failure.kind).toBe('TargetUnreachable');
  });

  it('comes to requests that all carry the token and say who asks', async () => {
    const { projectId } = await onedev.ensureProject(wish());
    await onedev.ready();
    await onedev.version();
    await onedev.defaultBranch(projectId);

    expect(
      standin.requests.every(({ authenticated, userAgent }) => authenticated && userAgent === 'starkeep-test'),
    ).toBe(true);
  });
});

describe('deleting', () => {
  it('removes a project that carries the mirror’s marker', async () => {
    const project = await onedev.ensureProject(wish());

    expect(await onedev.deleteProject('github-7', project)).toBe(true);
    expect(standin.project(project.path)).toBeUndefined();
    expect(standin.project('github/torvalds')).toBeDefined();
  });

  it('says when there was nothing left to delete', async () => {
    const project = await onedev.ensureProject(wish());
    await onedev.deleteProject('github-7', project);

    expect(await onedev.deleteProject('github-7', project)).toBe(false);
  });

  it.each([
    ['no marker', 'Mine now'],
    ['another mirror’s marker', projectDescription('github-70', 'https://github.com/x/y', null)],
  ])('refuses a project with %s', async (_, description) => {
    const project = await onedev.ensureProject(wish());
    standin.edit(project.path, { description });

    const failure = await failureOf(onedev.deleteProject('github-7', project));

    expect(failure.kind).toBe('TargetNotOurs');
    expect(standin.project(project.path)).toBeDefined();
  });

  it('refuses a project with projects below it, because those would go too', async () => {
    const project = await onedev.ensureProject(wish());
    await standin.addForeignProject(`${project.path}/notes`);

    const failure = await failureOf(onedev.deleteProject('github-7', project));

    expect(failure.kind).toBe('TargetHasChildren');
    expect(standin.project(`${project.path}/notes`)).toBeDefined();
  });

  it('finds the project where it is now, not where it was', async () => {
    const project = await onedev.ensureProject(wish());
    await onedev.ensureProject(wish({ known: project, fullName: 'lf/kernel' }));
    const foreign = await standin.addForeignProject('github/torvalds/linux');

    expect(await onedev.deleteProject('github-7', project)).toBe(true);

    expect(standin.project('github/lf/kernel')).toBeUndefined();
    expect(standin.project('github/torvalds/linux')).toEqual(foreign);
  });

  it('passes on why OneDev would not', async () => {
    const project = await onedev.ensureProject(wish());
    standin.edit(project.path, { inUse: true });

    const failure = await failureOf(onedev.deleteProject('github-7', project));

    expect(failure.kind).toBe('TargetError');
    expect(failure.message).toContain('in use');
  });

  it('whose answer was lost is seen as done the next time', async () => {
    const project = await onedev.ensureProject(wish());
    standin.failNext({ match: /^DELETE/, disconnect: { afterResponseBytes: 0 } });

    const failure = await failureOf(onedev.deleteProject('github-7', project));

    expect(failure.kind).toBe('TargetUnreachable');
    expect(await onedev.deleteProject('github-7', project)).toBe(false);
  });
});

describe('archiving', () => {
  it('renames the project beside its old place, keeps its marker, and may be repeated', async () => {
    const project = await onedev.ensureProject(wish());

    const archived = await onedev.archiveProject('github-7', project);
    const again = await onedev.archiveProject('github-7', project);

    expect(archived).toEqual({ projectId: project.projectId, path: 'github/torvalds/linux.archived-7' });
    expect(again).toEqual(archived);
    expect(markerIn(standin.project(archived.path)?.description)).toBe('github-7');
    expect(standin.project(project.path)).toBeUndefined();
  });

  it('takes a free name when the first is somebody else’s', async () => {
    const project = await onedev.ensureProject(wish());
    await standin.addForeignProject('github/torvalds/linux.archived-7');

    expect(await onedev.archiveProject('github-7', project)).toMatchObject({
      path: 'github/torvalds/linux.archived-7-2',
    });
  });

  it('is undone by a new star', async () => {
    const known = await onedev.archiveProject('github-7', await onedev.ensureProject(wish()));

    const back = await onedev.ensureProject(wish({ known }));

    expect(back).toMatchObject({
      projectId: known.projectId,
      path: 'github/torvalds/linux',
      moved: true,
      detour: null,
    });
  });

  it('refuses a project that is not ours, and one that is gone', async () => {
    const project = await onedev.ensureProject(wish());

    const foreign = await failureOf(onedev.archiveProject('github-8', project));
    await standin.remove(project.path);
    const gone = await failureOf(onedev.archiveProject('github-7', project));

    expect([foreign.kind, gone.kind]).toEqual(['TargetNotOurs', 'TargetProjectMissing']);
  });
});

describe('branches and git', () => {
  const run = promisify(execFile);

  it('knows no default branch while the repository is empty', async () => {
    const { projectId } = await onedev.ensureProject(wish());

    expect(await onedev.defaultBranch(projectId)).toBeNull();
  });

  it('sets a default branch that exists and passes on that another does not', async () => {
    const { projectId, path } = await onedev.ensureProject(wish());
    const gitDir = standin.project(path)?.gitDir ?? '';
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
    const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
    const { stdout: oid } = await run('git', [`--git-dir=${gitDir}`, ...who, 'commit-tree', '-m', 'x', emptyTree]);
    await run('git', [`--git-dir=${gitDir}`, 'update-ref', 'refs/heads/feature/ü', oid.trim()]);

    await onedev.setDefaultBranch(projectId, 'feature/ü');
    const failure = await failureOf(onedev.setDefaultBranch(projectId, 'nope'));

    expect(await onedev.defaultBranch(projectId)).toBe('feature/ü');
    expect(failure.kind).toBe('TargetError');
    expect(failure.message).toContain('Branch not exist: nope');
  });

  it('says when the project is gone', async () => {
    const failures = [
      await failureOf(onedev.defaultBranch('99')),
      await failureOf(onedev.setDefaultBranch('99', 'main')),
    ];

    expect(failures.map(({ kind }) => kind)).toEqual(['TargetProjectMissing', 'TargetProjectMissing']);
  });

  it('gives git an address without credentials, and the token beside it', () => {
    const remote = adapter({ url: `${standin.url}/` }).gitRemote({ projectId: '1', path: 'github/o/r' });

    expect(remote).toEqual({
      url: `${standin.url}/github/o/r.git`,
      auth: { kind: 'basic', username: 'x-access-token', password: standin.token },
    });
  });

  it('gives an SSH address where one is configured', () => {
    const ssh = { url: 'ssh://git@onedev.example:6611/', privateKey: 'KEY', knownHosts: 'HOSTS' };

    const remote = adapter({ ssh }).gitRemote({ projectId: '1', path: 'github/o/r' });

    expect(remote).toEqual({
      url: 'ssh://git@onedev.example:6611/github/o/r.git',
      auth: { kind: 'ssh', privateKey: 'KEY', knownHosts: 'HOSTS' },
    });
  });
});

describe('the token', () => {
  it('of a user is told by the user’s name', async () => {
    expect(await onedev.checkToken()).toEqual({ scope: 'user', name: 'admin' });
  });

  it('without its owner’s permissions is valid all the same', async () => {
    standin.addToken('scoped', { kind: 'token' });

    expect(await adapter({ token: 'scoped' }).checkToken()).toEqual({ scope: 'scoped', name: null });
  });

  it('that is wrong is refused', async () => {
    expect((await failureOf(adapter({ token: 'wrong-token' }).checkToken())).kind).toBe('TargetUnauthorized');
  });

  it('reads the version', async () => {
    expect(await onedev.version()).toBe('16.5.6');
  });
});
