import { createRequire } from 'node:module';

/** The version in package.json, from the source tree and from a build alike. */
export const VERSION = (createRequire(import.meta.url)('../package.json') as { version: string }).version;

/** GitHub refuses requests that do not say who they are. */
export const USER_AGENT = `starkeep/${VERSION}`;
