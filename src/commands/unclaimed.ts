import { createOnedev } from '../adapters/onedev.ts';
import { createMirrorStore } from '../adapters/postgres/mirrors.ts';
import { ConfigError, type Config } from '../config.ts';
import { unclaimedProjects } from '../domain/unclaimed.ts';
import { USER_AGENT } from '../version.ts';
import { withDatabase } from './installation.ts';
import { counted, typed, type Output } from './wording.ts';

/** `starkeep unclaimed`: what is on OneDev with our marker, and no mirror has it. Reads, and changes nothing. */

export async function listUnclaimed(config: Config, options: { json?: boolean }, out: Output): Promise<void> {
  const { url, token, parent } = config.onedev;
  if (url === undefined || token === undefined) {
    throw new ConfigError(['ONEDEV_URL and ONEDEV_TOKEN must be set: OneDev itself is asked what it has.']);
  }
  const target = createOnedev({ url, token, parent, userAgent: USER_AGENT });
  const found = await withDatabase(config, (db) => unclaimedProjects({ target, mirrors: createMirrorStore(db) }));
  if (options.json) return out.print(JSON.stringify(found, null, 2));
  if (found.length === 0) return out.print(`Every project below ${parent} with Starkeep's marker has its mirror.`);
  for (const { path, mirrorId } of found) out.print(`  ${path}   ${mirrorId}`);
  out.print(
    `${counted(found.length, 'project')} with Starkeep's marker and without a mirror, left as they are. A new star takes one up again, and so does ${typed('add OWNER/NAME')}; whoever does not want one deletes it on OneDev.`,
  );
}
