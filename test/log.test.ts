import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { ConfigError } from '../src/config.ts';
import { createLog, type LogOptions, withLogFields } from '../src/log.ts';
import { eventually } from './support/eventually.ts';

const options: LogOptions = { service: 'api', level: 'info', secrets: ['hunter2-hunter2'] };

let stdout: MockInstance<typeof process.stdout.write>;

beforeEach(() => {
  stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});

afterEach(() => {
  stdout.mockRestore();
});

/** What went to standard output, line by line. */
function lines(): Record<string, unknown>[] {
  return stdout.mock.calls.map(([text]) => JSON.parse(String(text)) as Record<string, unknown>);
}

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'log-'));
}

describe('a log', () => {
  it('puts the fields of the work at hand on every line of it, and on no other', async () => {
    const { logger } = await createLog(options);
    const work = async (mirrorId: string) =>
      withLogFields({ mirrorId, correlationId: `c-${mirrorId}` }, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        logger.info({ path: 'x' }, 'deep inside');
      });

    await Promise.all([work('github-1'), work('github-2')]);
    logger.info('outside');

    expect(lines().map(({ mirrorId, correlationId }) => [mirrorId, correlationId])).toEqual([
      ['github-1', 'c-github-1'],
      ['github-2', 'c-github-2'],
      [undefined, undefined],
    ]);
  });

  it('writes a line of JSON per fact, with the service and an ISO time', async () => {
    const { logger } = await createLog(options);

    logger.info({ mirrorId: 'github-1' }, 'mirror synced');

    expect(lines()).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        service: 'api',
        mirrorId: 'github-1',
        msg: 'mirror synced',
      },
    ]);
  });

  it('leaves out what is below its level', async () => {
    const { logger } = await createLog({ ...options, level: 'warn' });

    logger.info('unimportant');
    logger.warn('important');

    expect(lines().map(({ msg }) => msg)).toEqual(['important']);
  });

  it('masks a secret wherever it is: message, field, error, stack, cause', async () => {
    const { logger } = await createLog(options);
    const error = new Error('refused hunter2-hunter2', { cause: new Error('with hunter2-hunter2') });

    logger.error(
      { err: error, url: 'https://u:other-pass@host/', deep: { token: 'hunter2-hunter2' } },
      'hunter2-hunter2',
    );

    const written = JSON.stringify(lines());
    expect(written).not.toMatch(/hunter2|other-pass/);
    expect(lines()[0]).toMatchObject({ msg: '[redacted]', deep: { token: '[redacted]' }, err: { type: 'Error' } });
  });

  it('masks a secret that JSON has to write differently', async () => {
    const { logger } = await createLog({ ...options, secrets: ['quote"and\\slash\nline'] });

    logger.info({ key: 'quote"and\\slash\nline' }, 'set');

    expect(lines()[0]).toMatchObject({ key: '[redacted]' });
  });

  it('hands out the same redaction for other texts', async () => {
    const { redact } = await createLog(options);

    expect(redact('hunter2-hunter2')).toBe('[redacted]');
  });
});

describe('a log with a file', () => {
  it('makes the folder, and writes the same redacted lines there', async () => {
    const file = join(await folder(), 'made/for/it/starkeep.log');
    const { logger } = await createLog({ ...options, file });

    logger.info({ token: 'hunter2-hunter2' }, 'first');
    logger.info('second');

    const numbered = file.replace('.log', '.1.log');
    await eventually(async () => (await readFile(numbered, 'utf8')).includes('second'));
    const written = (await readFile(numbered, 'utf8')).trimEnd().split('\n');
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual(lines());
  });

  it('goes on in the file it left', async () => {
    const dir = await folder();
    await writeFile(join(dir, 'starkeep.1.log'), '{"msg":"before"}\n');
    const { logger } = await createLog({ ...options, file: join(dir, 'starkeep.log') });

    logger.info('after');

    await eventually(async () => /before[\s\S]*after/.test(await readFile(join(dir, 'starkeep.1.log'), 'utf8')));
    expect(lines()).toHaveLength(1);
  });

  it.each([
    [
      'a folder that is a file',
      async (dir: string) => (await writeFile(join(dir, 'x'), ''), join(dir, 'x/starkeep.log')),
    ],
    ['a file that is a folder', async (dir: string) => (await mkdir(join(dir, 'y.1.log')), join(dir, 'y.log'))],
  ])('refuses %s in one sentence', async (_, prepare) => {
    const file = await prepare(await folder());

    const refusal = createLog({ ...options, file });

    await expect(refusal).rejects.toThrow(ConfigError);
    await expect(refusal).rejects.toThrow(`STARKEEP_LOG_FILE names "${file}", which cannot be written (E`);
  });

  it('says once that the disk is full, and goes on on standard output', async () => {
    const dir = await folder();
    await symlink('/dev/full', join(dir, 'starkeep.1.log'));
    const { logger } = await createLog({ ...options, file: join(dir, 'starkeep.log') });
    const full = () => lines().filter(({ msg }) => msg === 'log file cannot be written');

    logger.info('one');
    await eventually(() => full().length > 0);
    for (const name of ['two', 'three', 'four']) {
      logger.info(name);
      await new Promise((wake) => setImmediate(wake));
    }

    expect(full()).toEqual([
      expect.objectContaining({ level: 50, reason: expect.stringContaining('ENOSPC') as string }),
    ]);
    expect(lines().map(({ msg }) => msg)).toContain('four');
  });
});
