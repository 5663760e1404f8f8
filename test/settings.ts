import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../src/config.ts';
import type { Role } from '../src/config/settings.ts';

export type Environment = Record<string, string | undefined>;

export const PEM = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----';

/** Enough for every role. */
export const COMPLETE: Environment = {
  GITHUB_TOKEN: 'gh-token-of-ann',
  ONEDEV_URL: 'https://onedev.example.org',
  ONEDEV_TOKEN: 'onedev-token',
  DATABASE_URL: 'postgres://starkeep:db-password@db:5432/starkeep',
  TEMPORAL_ADDRESS: 'temporal:7233',
};

/** Every problem of these settings; none when they can be loaded. */
export function problemsOf(environment: Environment, role: Role = 'none'): string[] {
  try {
    loadConfig(environment, role);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** A file with this content, for `NAME_FILE`. @returns its path */
export function fileWith(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'config-')), 'secret');
  writeFileSync(path, content);
  return path;
}

/** What `starkeep config` shows of a setting. */
export function shownOf(environment: Environment, name: string): [string, string] | undefined {
  const found = loadConfig(environment, 'none').origins.find(({ setting }) => setting.name === name);
  return found && [found.shown, found.origin];
}
