/** What one progress line of git says. */
export interface GitProgress {
  /** `Receiving objects`, `Writing objects`, `Resolving deltas` …; empty words of the other side are left out. */
  title: string;
  done: number;
  /** 0 where git says nothing of bytes. */
  bytes: number;
  bytesPerSecond: number;
}

const LINE =
  /^(?<title>[A-Z][A-Za-z ]+):\s+\d+% \((?<done>\d+)\/\d+\)(?:, (?<size>[\d.]+ \w+)(?: \| (?<rate>[\d.]+ \w+)\/s)?)?/;

const UNITS: Record<string, number> = { byte: 1, bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/**
 * Reads a line such as `Receiving objects:  42% (420/1000), 1.50 MiB | 3.00 MiB/s`.
 * @returns `null` for every other line, those of the other side (`remote: …`) included
 * @see https://github.com/git/git/blob/v2.39.5/progress.c
 */
export function parseProgress(line: string): GitProgress | null {
  const groups = LINE.exec(line)?.groups;
  if (!groups) return null;
  return {
    title: groups['title'] ?? '',
    done: Number(groups['done']),
    bytes: bytesOf(groups['size']),
    bytesPerSecond: bytesOf(groups['rate']),
  };
}

function bytesOf(text: string | undefined): number {
  const [amount = '0', unit = ''] = (text ?? '').split(' ');
  return Math.round(Number(amount) * (UNITS[unit] ?? 0));
}
