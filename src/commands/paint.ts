import { styleText } from 'node:util';
import type { Output } from './wording.ts';

/** Colours, in one place: for a terminal that has them, and nowhere else. */

export type Tone = 'good' | 'bad' | 'waiting' | 'quiet' | 'plain';

const FORMATS = { good: 'green', bad: 'red', waiting: 'yellow', quiet: 'gray' } as const;

/** @returns the text as it is where no colours are wanted */
export function paint({ colours = false }: Pick<Output, 'colours'>, tone: Tone, text: string): string {
  if (!colours || tone === 'plain' || text === '') return text;
  // Whether colours are wanted was decided already; the library would look at the environment once more.
  return styleText(FORMATS[tone], text, { validateStream: false });
}

const TONES: Record<string, Tone> = {
  completed: 'good',
  changed: 'good',
  unchanged: 'good',
  ok: 'good',
  failed: 'bad',
  permanent_failure: 'bad',
  problem: 'bad',
  error: 'bad',
  pending_deletion: 'waiting',
  held: 'waiting',
  warning: 'waiting',
  running: 'waiting',
  in_progress: 'waiting',
  paused: 'quiet',
  deleted: 'quiet',
  excluded: 'quiet',
  frozen: 'quiet',
  cancelled: 'quiet',
  skipped: 'quiet',
  revoked: 'quiet',
};

/** Of the status of a mirror, a sync, a batch, an alert … */
export function toneOf(status: string): Tone {
  return TONES[status] ?? 'plain';
}
