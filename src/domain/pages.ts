/** A page of a list is at most so large before what the answer adds to each entry: with that it stays below 100 KB. */
export const PAGE_BYTES = 80_000;

/**
 * How many of these entries are a page.
 * @param limit at most so many; one more is there when there are more
 * @param maxBytes of their JSON; one that is larger alone is a page of its own
 */
export function fittingCount(entries: readonly unknown[], limit: number, maxBytes = PAGE_BYTES): number {
  let bytes = 0;
  for (const [index, entry] of entries.slice(0, limit).entries()) {
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (bytes > maxBytes && index > 0) return index;
  }
  return Math.min(limit, entries.length);
}
