import type { Schemas } from '../client/client.ts';
import { size } from '../domain/filters.ts';
import { MIRROR_STATUSES } from '../domain/model.ts';

/** How commands say what they say. */

/** Where a command's output goes. */
export interface Output {
  print(text: string): void;
  /** Columns of the terminal; `null` when it goes to a file or a program, where nothing is shortened. */
  width: number | null;
  /** Puts this line in place of the last such line; only where it goes to a terminal. */
  redraw?: (text: string) => void;
  /** The terminal has colours, and nobody said NO_COLOR. */
  colours?: boolean;
  /** Where bars are drawn; absent where there is no terminal, and with `--no-progress`. */
  terminal?: NodeJS.WritableStream | undefined;
}

/** The `--settings` of this run, as a shell takes it: what is to be typed next needs it too. */
let settingsOption = '';

export function useSettingsFile(path: string): void {
  settingsOption = ` --settings ${path}`;
}

/** As it is typed in a checkout, where most people are. */
export function typed(command: string): string {
  return `npx starkeep ${command}${settingsOption}`;
}

/** To the minute, `2026-11-23 22:05 UTC`. */
export function time(at: Date | string | null): string {
  return at === null ? 'never' : `${new Date(at).toISOString().replace('T', ' ').slice(0, 16)} UTC`;
}

/** For programs. */
export function printJson(out: Pick<Output, 'print'>, value: unknown): void {
  out.print(JSON.stringify(value, null, 2));
}

/** `1 ref`, `2 refs` */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** The first lines of it; `…` at the end says that something is missing. */
export function shortened(text: string, width: number, maxLines: number): string {
  // One column less, for the sign.
  const lines = wrapped(text, width - 1);
  if (lines.length <= maxLines) return lines.join('\n');
  return `${lines.slice(0, maxLines).join('\n')}…`;
}

/** Breaks between words. A word longer than the width is broken too. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  const words = text.split(/\s+/).flatMap((word) => word.match(new RegExp(`.{1,${width}}`, 'gu')) ?? []);
  for (const word of words) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** `12 completed, 1 failed` */
export function tally(mirrors: Pick<Schemas['Mirror'], 'status'>[]): string {
  const counts = MIRROR_STATUSES.map((status) => ({
    status,
    count: mirrors.filter((mirror) => mirror.status === status).length,
  }));
  return counts
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(', ');
}

/** Of a sync: `3 created, 1 updated (1 rewritten)` */
export function changesOf({ refs, errorKind, errorMessage }: Schemas['Sync']): string {
  if (errorKind) return `${errorKind}: ${errorMessage ?? ''}`;
  const counts = Object.entries(refs ?? {}).filter(
    ([name, count]) => !['source', 'forced'].includes(name) && count > 0,
  );
  const forced = (name: string) => (name === 'updated' && refs?.['forced'] ? ` (${refs['forced']} rewritten)` : '');
  return counts.map(([name, count]) => `${count} ${name}${forced(name)}`).join(', ') || 'no ref changed';
}

/** `12 MB` */
export function bytesText(bytes: number): string {
  return bytes === 0 ? '0 KB' : size(bytes / 1_000);
}
