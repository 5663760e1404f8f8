import { access, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, written } from '../scripts/docs.ts';

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
