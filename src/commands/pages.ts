/** All entries of a list that the API hands out in pages. */
export async function everyEntry<T>(
  page: (cursor: { cursor?: string }) => Promise<{ entries: T[]; next: string | null }>,
): Promise<T[]> {
  const found: T[] = [];
  let next: string | null = null;
  do {
    const answer = await page(next === null ? {} : { cursor: next });
    found.push(...answer.entries);
    next = answer.next;
  } while (next !== null);
  return found;
}

/** As many as a page can have. */
export const PAGE = 500;
