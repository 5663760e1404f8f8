import { afterAll } from 'vitest';

/**
 * A file whose tests leave a child process or a listening server behind fails, under its own name. (Connections to a test's database are
 * counted in postgres.ts; processes whose parent has ended already, at the end of the run.)
 */

const LEAKS = ['ProcessWrap', 'TCPServerWrap'];

/** How long something that is just ending may take. */
const PATIENCE_MS = 3_000;

const before = count();

// Registered before any hook of the file, so it runs after all of them.
afterAll(async () => {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline && leaked().length > 0) await new Promise((wake) => setTimeout(wake, 25));
  const left = leaked();
  if (left.length > 0) throw new Error(`Still open after the last test: ${left.join(', ')}`);
});

function leaked(): string[] {
  const now = count();
  return LEAKS.filter((kind) => (now.get(kind) ?? 0) > (before.get(kind) ?? 0));
}

function count(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
