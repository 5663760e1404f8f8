/**
 * The environment of the programs we start. Settings are read in config.ts and nowhere else; what is read here is only passed on.
 */

/** What a server of ours needs; our own secrets, and settings meant for other Postgres and Temporal servers, are not among it. */
const SERVER_VARIABLES = ['PATH', 'HOME', 'TMPDIR', 'TZ'];

export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => SERVER_VARIABLES.includes(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

/** Everything, for programs that follow the person's own set-up: a package index, a proxy. */
export function wholeEnvironment(changes: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...changes };
}
