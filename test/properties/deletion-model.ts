import type { StandinRepository } from '../standins/github.ts';

/** When a mirror's project may be deleted: the promise of the README, asked at the moment OneDev gets the request. */

export interface AtDeletion {
  repository: StandinRepository;
  starred: boolean;
  /** When its star was taken back, on the clock of `now`; `null`: never, since its project was made. */
  unstarredAt: number | null;
  /** A person said that it may go before its time. */
  approved?: boolean;
}

/**
 * @param known `null`: the project carries the marker of no mirror
 * @param waitMs the least time between the unstar and a deletion that nobody approved
 * @returns every reason why it must not be deleted, completing "it was deleted although "; none: it may be
 */
export function whyNotToDelete(known: AtDeletion | null, now: number, waitMs: number): string[] {
  if (!known) return ['it is no mirror'];
  const { repository, starred, unstarredAt, approved = false } = known;
  const isEarly = unstarredAt !== null && now - unstarredAt < waitMs && !approved;
  return [
    ...(starred ? ['it is starred'] : []),
    ...(isSeen(repository) ? [] : ['upstream is gone']),
    ...(unstarredAt === null ? ['it was never unstarred'] : []),
    ...(isEarly ? ['the grace period is not over'] : []),
  ];
}

/** Whether upstream shows it to the token. */
export function isSeen({ deleted, private: hidden, accessible, blocked }: StandinRepository): boolean {
  return !deleted && blocked === null && !(hidden && !accessible);
}
