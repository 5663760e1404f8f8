import { EXIT, type ExitCode } from './exit-codes.ts';

/** Arguments that make no sense; nothing was done. The message is whole and for a person; exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A command that cannot do what it was asked to. The message is whole and for a person. */
export class Refusal extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed) {
    super(message);
    this.name = 'Refusal';
    this.exitCode = exitCode;
  }
}
