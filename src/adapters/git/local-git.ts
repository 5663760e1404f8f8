import { createInterface } from 'node:readline';
import { simpleGit } from 'simple-git';
import { meansBrokenCache } from './messages.ts';

/** Runs one git command. @returns its standard output. @throws an Error whose message is git's standard error */
export type LocalGit = (args: string[]) => Promise<string>;

/**
 * simple-git, for the short commands that stay on this machine and start no other program (docs/decisions/0002-running-git.md says why not for
 * all of them).
 */
export function createLocalGit(options: {
  dir: string;
  /** The whole environment; nothing is inherited. */
  environment: Record<string, string>;
  signal: AbortSignal;
  idleTimeoutMs: number;
  /** Told what git says on standard error, line by line. */
  onText?: (line: string) => void;
}): LocalGit {
  const git = simpleGit({
    baseDir: options.dir,
    maxConcurrentProcesses: 1,
    abort: options.signal,
    timeout: { block: options.idleTimeoutMs },
    // Its guards are against settings from outside; these are our own, see environment.ts.
    allowEnvironment: Object.keys(options.environment),
    unsafe: {
      allowUnsafeAskPass: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeCredentialHelper: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeHooksPath: true,
      allowUnsafeProtocolOverride: true,
      allowUnsafeTemplateDir: true,
    },
    // By itself simple-git takes an end by a signal, and an exit code without a complaint, for success. Half a list of refs would then pass for
    // the whole, and the rest for deleted upstream. For the same reason a warning that a ref is broken counts as a failure.
    errors(error, { exitCode, stdErr }) {
      const stderr = Buffer.concat(stdErr).toString('utf8');
      if (error !== undefined) return error;
      if (exitCode === 0 && !meansBrokenCache(stderr)) return undefined;
      return new Error(stderr || `git ended without success (exit code ${String(exitCode)})`);
    },
  }).env(options.environment);
  const { onText } = options;
  if (onText) {
    git.outputHandler((_, _stdout, stderr) => {
      createInterface({ input: stderr }).on('line', (line) => line.trim() !== '' && onText(line.trimEnd()));
    });
  }
  return (args) => git.raw(args);
}
