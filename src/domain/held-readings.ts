import type { MirrorControl } from './ports.ts';
import type { ReadingStore, StarredChange } from './record-stores.ts';

/** Readings that lack more stars than may go at once: nothing follows from them until a person lets the absent ones be asked about. */

export interface HeldReadingPorts {
  readings: Pick<ReadingStore, 'absentOnes' | 'approve'>;
  control: Pick<MirrorControl, 'repoEvent'>;
}

const SIGNALS_AT_ONCE = 10;

/**
 * Has GitHub asked about each star that a held reading lacks; only what is proven unstarred is deleted, at the end of its grace period. If we
 * die in here, the reading is still held, and asking about some of them twice is harmless.
 * @returns how many are asked about
 */
export async function askAboutAbsent(
  { readings, control }: HeldReadingPorts,
  { readingId, by, correlationId }: { readingId: string; by: string; correlationId: string },
): Promise<number> {
  const absent = await readings.absentOnes(readingId);
  const ask = ({ repoId, fullName }: StarredChange) =>
    control.repoEvent({
      kind: 'unstarred',
      trigger: 'reconcile',
      repoId,
      fullName,
      correlationId: `${correlationId}-${repoId}`,
    });
  for (let begin = 0; begin < absent.length; begin += SIGNALS_AT_ONCE) {
    await Promise.all(absent.slice(begin, begin + SIGNALS_AT_ONCE).map(ask));
  }
  await readings.approve(readingId, by);
  return absent.length;
}
