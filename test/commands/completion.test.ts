import { execFile } from 'node:child_process';
import { access, chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { withApi } from '../api/v1/world.ts';
import { served } from '../api/serve.ts';
import { run } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';

/** Completion as bash asks for it, with the script that `starkeep completion bash` prints. */

const world = withApi();

let bin: string;
let url: string;
beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), 'bin-'));
  const starkeep = resolve(import.meta.dirname, '../../bin/starkeep.js');
  await writeFile(join(bin, 'starkeep'), `#!/bin/sh\nexec '${process.execPath}' '${starkeep}' "$@"\n`);
  await chmod(join(bin, 'starkeep'), 0o755);
  url = await served(world.app);
});

/** What the package bash-completion has for the script, where that is not installed. */
const WORDS = `
  _get_comp_words_by_ref() { words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=\${COMP_WORDS[COMP_CWORD]}; prev=\${COMP_WORDS[COMP_CWORD-1]}; }
  compopt() { :; }`;

/** @returns what bash offers after these words, the last of which is unfinished */
async function offered(words: string[], address = url): Promise<string[]> {
  const script = `
    ${WORDS}
    source <(starkeep completion bash)
    COMP_WORDS=(starkeep ${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length}
    __starkeep_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: process.env['HOME'] ?? '',
    STARKEEP_URL: address,
    STARKEEP_KEY: world.keys.read,
  };
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env });
  return stdout.split('\n').filter(Boolean);
}

/** What is mirrored is offered where it comes within two seconds; a machine that is busy with other tests may take longer. */
async function namesOffered(typed: string[], address?: string): Promise<string[]> {
  let names: string[] = [];
  await eventually(async () => (names = await offered(typed, address)).length > 0);
  return names;
}

describe('completion in bash', () => {
  it('offers commands, and those below them', async () => {
    expect((await offered(['re'])).sort()).toEqual(['reconcile', 'replay', 'restore', 'restore-backup', 'resume']);
    expect(await offered(['deletions', 'a'])).toEqual(['approve', 'ask']);
  });

  it('offers options and their values', async () => {
    expect(await offered(['sync', '--acc'])).toEqual(['--accept-rewrites']);
    expect(await offered(['list', '--status', 'perm'])).toEqual(['permanent_failure']);
  });

  it('offers what is mirrored where a mirror is named', async () => {
    await world.addMirror('7', 'ada/engine');
    await world.addMirror('8', 'bob/loom');

    expect(await namesOffered(['show', 'ad'])).toEqual(['ada/engine']);
    expect(await namesOffered(['deletions', 'approve', ''])).toEqual(['ada/engine', 'bob/loom']);
  });

  it('offers nothing that bash would run', async () => {
    const mark = join(bin, 'ran');
    const names = [`ada/$(touch ${mark})`, 'ada/engine', `ada/\`touch ${mark}\``];
    const stranger = await served(new Hono().all('*', (c) => c.json({ names })));

    expect(await namesOffered(['show', 'ada'], stranger)).toEqual(['ada/engine']);
    await expect(access(mark)).rejects.toThrow('ENOENT');
  });

  it('offers no name, and says nothing, where nobody answers', async () => {
    expect(await offered(['show', 'ad'], 'http://127.0.0.1:1')).toEqual([]);
  });
});

describe('the script', () => {
  it.each(['bash', 'zsh', 'fish'])('is there for %s', async (shell) => {
    const { code, stdout, stderr } = await run(['completion', shell]);

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('starkeep complete --');
  });

  it('is not there for others', async () => {
    expect((await run(['completion', 'tcsh'])).code).toBe(2);
  });
});
