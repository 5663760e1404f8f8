import { access, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, written } from '../scripts/docs.ts';
import { SETTINGS } from '../src/config/settings.ts';

describe('the documents', () => {
  it.each(DOCUMENTS)('have the $mark of the code (npm run docs writes them)', async (document) => {
    expect(await written(document)).toBe(await readFile(document.file, 'utf8'));
  });

  it.each(DOCUMENTS)('link only to files that are there ($mark)', async ({ file }) => {
    const text = await readFile(file, 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path as string);

    const outcomes = await Promise.allSettled(links.map((path) => access(new URL(path, file))));
    const missing = links.filter((_, index) => outcomes[index]?.status === 'rejected');

    expect(links.length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });
});

describe('what an operator does', () => {
  /** @returns what stands below a heading, down to the next of its rank or above */
  async function section(heading: string): Promise<string> {
    const text = await readFile(new URL('../docs/operations.md', import.meta.url), 'utf8');
    const [, after = ''] = text.split(`\n${heading}\n`);
    const rank = heading.indexOf(' ');
    return after.split(new RegExp(`\\n#{1,${rank}} `))[0] ?? '';
  }

  it('to change a secret is written down for every secret there is', async () => {
    const rotation = await section('### Rotating each secret');
    const secrets = SETTINGS.filter(({ secret }) => secret).map(({ name }) => `\`${name}\``);

    expect(secrets.length).toBeGreaterThan(10);
    expect(secrets.filter((name) => !rotation.includes(name))).toEqual([]);
  });

  it('leads nowhere that is not there: every link within the document has its heading', async () => {
    const text = await readFile(new URL('../docs/operations.md', import.meta.url), 'utf8');
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);

    expect(links.filter((anchor) => !headings.includes(anchor))).toEqual([]);
    expect(links.length).toBeGreaterThan(10);
  });
});

describe('the threat model', () => {
  /** The rows below the head of its table: cells, the last of which names tests. */
  async function rows(): Promise<string[][]> {
    const text = await readFile(new URL('../SECURITY.md', import.meta.url), 'utf8');
    const [, ...lines] = text.split('\n').filter((line) => line.startsWith('| '));
    return lines.map((line) => line.slice(2, -2).split(' | ')).filter(([first]) => first !== '---');
  }

  it('names a test in every row', async () => {
    const cells = await rows();

    expect(cells.length).toBeGreaterThan(15);
    expect(cells.filter((row) => row.length !== 4 || !row[3]?.includes(' › '))).toEqual([]);
  });

  it('names only tests that exist, by file and name', async () => {
    const named = (await rows()).flatMap((row) => (row[3] ?? '').split('<br>'));

    const missing = await Promise.all(
      named.map(async (reference) => {
        const [, file = '', name = ''] = /^\[[^\]]+\]\(([^)]+)\) › (.+)$/.exec(reference) ?? [];
        const source = await readFile(new URL(`../${file}`, import.meta.url), 'utf8').catch(() => '');
        return name !== '' && [`'${name}'`, `"${name}"`].some((text) => source.includes(text)) ? [] : [reference];
      }),
    );

    expect(missing.flat()).toEqual([]);
  });
});
