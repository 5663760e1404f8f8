import { randomUUID } from 'node:crypto';
import { createGithub } from '../adapters/github.ts';
import { createAccountStore } from '../adapters/postgres/accounts.ts';
import { createAuditStore } from '../adapters/postgres/audit.ts';
import { createMirrorStore } from '../adapters/postgres/mirrors.ts';
import type { Config } from '../config.ts';
import { addMirror, FULL_NAME } from '../domain/adding.ts';
import { audited } from '../domain/audit.ts';
import { githubOptions } from '../github-options.ts';
import { withInstallation } from './installation.ts';
import { typed, type Output } from './wording.ts';
import { UsageError } from './refusal.ts';

/**
 * `starkeep add`: mirrors a repository that need not be starred. May be repeated.
 * @throws UsageError for what is no owner/name · Failure of {@link addMirror}
 */
export async function add(config: Config, name: string, by: string, out: Output): Promise<void> {
  if (!FULL_NAME.test(name)) {
    throw new UsageError(`A repository is OWNER/NAME, such as torvalds/linux, but "${name}" is not.`);
  }
  const source = createGithub(githubOptions(config.github));
  await withInstallation(config, async (db, control) => {
    const ports = { accounts: createAccountStore(db), mirrors: createMirrorStore(db), source, control };
    const correlationId = `add-${randomUUID()}`;
    const entry = { actor: by, action: 'mirror.add', subject: name, details: { correlationId } };
    const work = () => addMirror(ports, { fullName: name, by, correlationId });
    const { fullName } = await audited(createAuditStore(db), entry, work);
    out.print(`${fullName}: it is mirrored now, and kept whatever the star list and the filters say.`);
    out.print(`How it goes: ${typed(`show ${fullName}`)}`);
  });
}
