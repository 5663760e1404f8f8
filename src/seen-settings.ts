import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { SettingsStore } from './domain/service-stores.ts';
import { VERSION } from './version.ts';
import { type Watch, watchEvery } from './watch.ts';

/** How soon it is tried again while Postgres is away. */
const TRY_EVERY_MS = 10_000;

/**
 * Has in the audit log which settings differ from those of the last start of this role. A Postgres that is away is no reason not to start: it is done
 * as soon as it can be reached.
 */
export function noteSettings(
  { settings, log }: { settings: SettingsStore; log: Logger },
  role: 'api' | 'worker',
  config: Pick<Config, 'effective'>,
): Pick<Watch, 'stop'> {
  let isNoted = false;
  const note = async () => {
    if (isNoted) return;
    const changed = await settings.note(role, VERSION, config.effective);
    isNoted = true;
    if (changed.length > 0) log.info({ changed }, 'settings differ from those of the last start');
    // Not waited for: it waits for this.
    void watch.stop();
  };
  const watch = watchEvery(TRY_EVERY_MS, note, 'settings are not compared with those of the last start yet', log);
  return watch;
}
