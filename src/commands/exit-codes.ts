import { EXIT_START_AGAIN } from '../parent.ts';

/** What a command's exit code says: one table for the code, `starkeep --help` and docs/operations.md. */

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  unreachable: 5,
  keyRefused: 6,
  startAgain: EXIT_START_AGAIN,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly { code: ExitCode; meaning: string }[] = [
  { code: EXIT.done, meaning: 'done' },
  { code: EXIT.failed, meaning: 'it failed; with `status --check`: a mirror is failing' },
  { code: EXIT.usage, meaning: 'the command or a setting is wrong; nothing was done' },
  { code: EXIT.notFound, meaning: 'there is no such mirror, batch, delivery, reading or key' },
  { code: EXIT.refused, meaning: 'not as things are: it is paused already, nothing waits for a decision …' },
  { code: EXIT.unreachable, meaning: 'Starkeep, its database or Temporal does not answer' },
  { code: EXIT.keyRefused, meaning: 'STARKEEP_KEY is not valid, or may not do this' },
  { code: EXIT.startAgain, meaning: 'of `api` and `worker`: settings were entered; start it again' },
];

/** Of an answer of the API that is no success. */
export function exitCodeOfStatus(status: number): ExitCode {
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return EXIT.usage;
    case 401:
    case 403:
      return EXIT.keyRefused;
    case 404:
      return EXIT.notFound;
    case 409:
      return EXIT.refused;
    case 503:
      return EXIT.unreachable;
    default:
      return EXIT.failed;
  }
}
