import { lsRemote } from '../test/support/repo.ts';

/** What `git ls-remote` says of one repository on both sides. */
export interface Comparison {
  equal: boolean;
  refs: number;
  /** Refs that differ, apart from those the mirror reported as not taken. */
  different: string[];
  /** Refs the mirror reported as not taken, and which are indeed missing. */
  declined: string[];
}

/**
 * Compares heads and tags of a repository and its mirror.
 * @param declined what the mirror said OneDev would not take: only these may be missing, and nothing else
 */
export async function compare(
  source: { url: string; token: string },
  target: { url: string; token: string },
  declined: readonly string[],
): Promise<Comparison> {
  const [wanted, present] = await Promise.all([list(source), list(target)]);
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(present)])].filter(
    (name) => wanted[name] !== present[name],
  );
  const different = names.filter((name) => !declined.includes(name) || name in present);
  return {
    equal: different.length === 0,
    refs: Object.keys(wanted).length,
    different,
    declined: names.filter((name) => !different.includes(name)),
  };
}

async function list({ url, token }: { url: string; token: string }): Promise<Record<string, string>> {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  const refs = await lsRemote(url, [`Authorization: Basic ${basic}`]);
  return Object.fromEntries(Object.entries(refs).filter(([name]) => /^refs\/(?:heads|tags)\//.test(name)));
}
