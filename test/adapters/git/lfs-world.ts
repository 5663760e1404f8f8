import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { createLfsTransfer, type LfsRequest, type LfsTransferOptions } from '../../../src/adapters/git/lfs.ts';
import type { LfsReport, TransferProgress } from '../../../src/domain/model.ts';
import { createRedactor } from '../../../src/domain/redaction.ts';
import { createGithubStandin, type GithubStandin, type StandinRepository } from '../../standins/github.ts';
import type { StandinObject } from '../../standins/lfs-github.ts';
import { createOnedevStandin, type OnedevStandin } from '../../standins/onedev.ts';
import { commit, createRepo, readRef, type Repo } from '../../support/repo.ts';

/** A repository at GitHub, its project at OneDev, and what moves LFS objects between them. Everything goes away after the test. */
export interface LfsWorld {
  dir: string;
  github: GithubStandin;
  repository: StandinRepository;
  onedev: OnedevStandin;
  repo: Repo;
  options: LfsTransferOptions;
  progress: TransferProgress[];
  /** Commits files and, where they are LFS objects, their pointers; the root `.gitattributes` hands `*.bin` to Git LFS. */
  commitLfs(files: Record<string, StandinObject | string>, branch?: string): Promise<string>;
  /** Runs it for what the repository is now. */
  run(request?: Partial<LfsRequest>, signal?: AbortSignal): Promise<LfsReport | null>;
  /** The oids that OneDev holds. */
  held(): string[];
  /** What was asked of GitHub's git since the last call. */
  fetches(): number;
  /** Batch requests at either side since the last call. */
  batches(): { github: number; onedev: number };
}

export const ATTRIBUTES = '*.bin filter=lfs diff=lfs merge=lfs -text\n';

export const PROJECT = 'github/acme/art';

const worlds: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((close) => close()));
});

export async function createLfsWorld(options: Partial<LfsTransferOptions> = {}): Promise<LfsWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'lfs-'));
  const github = await createGithubStandin();
  const onedev = await createOnedevStandin();
  worlds.push(async () => {
    await Promise.all([github.close(), onedev.close()]);
    await rm(dir, { recursive: true, force: true });
  });
  const repo = await createRepo(join(dir, 'art.git'), { commits: 1 });
  const repository = github.addRepository({ fullName: 'acme/art', gitDir: repo.dir });
  await onedev.addForeignProject(PROJECT);
  let [seenGit, seenGithub, seenOnedev] = [0, 0, 0];
  const countNew = (paths: string[], pattern: RegExp) => paths.filter((path) => pattern.test(path)).length;

  const world: LfsWorld = {
    dir,
    github,
    repository,
    onedev,
    repo,
    progress: [],
    options: {
      cacheDir: join(dir, 'cache'),
      maxBytes: 64 * 1024 * 1024,
      userAgent: 'starkeep-test',
      redact: createRedactor([github.token, onedev.token]),
      ...options,
    },
    async commitLfs(files, branch = 'main') {
      const texts = Object.entries(files).map(([path, file]) => [path, typeof file === 'string' ? file : file.pointer]);
      return commit(repo, { branch, files: { '.gitattributes': ATTRIBUTES, ...Object.fromEntries(texts) } });
    },
    async run(request = {}, signal = new AbortController().signal) {
      const tip = await readRef(repo, 'refs/heads/main');
      const basic = (password: string) => ({ kind: 'basic', username: 'x-access-token', password }) as const;
      const whole: LfsRequest = {
        mirrorId: `github-${repository.id}`,
        source: { url: `${github.url}/acme/art.git`, auth: basic(github.token) },
        target: { url: `${onedev.url}/${PROJECT}`, auth: basic(onedev.token) },
        sourceDigest: `digest of ${tip}`,
        defaultTip: tip,
        ...request,
      };
      const context = { signal, onProgress: (progress: TransferProgress) => void world.progress.push(progress) };
      return createLfsTransfer(world.options).run(whole, context);
    },
    held() {
      const project = onedev.project(PROJECT);
      return project ? onedev.lfs.objectsOf(project) : [];
    },
    fetches() {
      const all = countNew(
        github.log.map(({ path }) => path),
        /\/git-upload-pack$/,
      );
      return all - seenGit + ((seenGit = all), 0);
    },
    batches() {
      const atGithub = countNew(
        github.log.map(({ path }) => path),
        /\/objects\/batch$/,
      );
      const atOnedev = countNew(
        onedev.requests.map(({ path }) => path),
        /\/objects\/batch$/,
      );
      const since = { github: atGithub - seenGithub, onedev: atOnedev - seenOnedev };
      [seenGithub, seenOnedev] = [atGithub, atOnedev];
      return since;
    },
  };
  return world;
}

/** @returns objects of different content, each of `bytes` bytes */
export function addObjects(world: LfsWorld, count: number, bytes = 40): StandinObject[] {
  return Array.from({ length: count }, (_, index) => world.github.lfs.add(Buffer.alloc(bytes, `object ${index} `)));
}

export function named(objects: readonly StandinObject[]): Record<string, StandinObject> {
  return Object.fromEntries(objects.map((object, index) => [`assets/${index}.bin`, object]));
}

export function oids(objects: readonly StandinObject[]): string[] {
  return objects.map(({ oid }) => oid).sort();
}
