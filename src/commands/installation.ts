import { createDatabase, type Database } from '../adapters/postgres/database.ts';
import { openTemporal, type TemporalConnection, type TemporalSettings } from '../adapters/temporal.ts';
import { ConfigError, type Config } from '../config.ts';
import { readRunFile, withoutPassword } from '../local/run-file.ts';

/** The installation a command is about: the servers of the settings, or those of a `starkeep up` with the same data folder. */

/** Lends the record. @throws ConfigError when it is not known where that is */
export async function withDatabase<T>(config: Config, work: (db: Database) => Promise<T>): Promise<T> {
  const db = createDatabase({ url: await databaseUrlOf(config), applicationName: 'starkeep', maxConnections: 2 });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Where the record is. @throws ConfigError when that is not known */
export async function databaseUrlOf(config: Config): Promise<string> {
  const running = config.databaseUrl === undefined ? await readRunFile(config.dataDir) : null;
  if (running?.needsDatabaseUrl) throw setElsewhere(config);
  const url = config.databaseUrl ?? running?.databaseUrl;
  if (url === undefined) throw nowhere(config, ['DATABASE_URL']);
  return url;
}

/** Lends the way to the workflows. @throws ConfigError when it is not known where that is */
export async function withTemporal<T>(config: Config, work: (temporal: TemporalConnection) => Promise<T>): Promise<T> {
  const temporal = openTemporal(await temporalSettings(config));
  try {
    return await work(temporal);
  } finally {
    await temporal.close();
  }
}

/** What is read in one installation must not be decided in another: both addresses are set, or both come from one `starkeep up`. @throws ConfigError */
export async function temporalSettings(config: Config): Promise<TemporalSettings> {
  const { databaseUrl, temporal } = config;
  if (databaseUrl !== undefined && temporal.address !== undefined) return { ...temporal, address: temporal.address };
  const running = await readRunFile(config.dataDir);
  const isSame =
    running !== null &&
    (databaseUrl === undefined || withoutPassword(databaseUrl) === withoutPassword(running.databaseUrl)) &&
    (temporal.address ?? running.temporalAddress) === running.temporalAddress;
  if (isSame) {
    return { ...temporal, address: running.temporalAddress, namespace: running.temporalNamespace };
  }
  const unset = [
    ...(databaseUrl === undefined ? ['DATABASE_URL'] : []),
    ...(temporal.address === undefined ? ['TEMPORAL_ADDRESS'] : []),
  ];
  throw nowhere(config, unset, running !== null);
}

function setElsewhere({ dataDir }: Config): ConfigError {
  return new ConfigError([
    `DATABASE_URL is not set here, but it is for the \`starkeep up\` that runs with the data folder ${dataDir}. Give this command the same settings, as with --settings FILE.`,
  ]);
}

function nowhere({ dataDir }: Config, unset: string[], another = false): ConfigError {
  const names = `${unset.join(' and ')} ${unset.length === 1 ? 'is' : 'are'} not set`;
  return new ConfigError([
    another
      ? `${names}, and the \`starkeep up\` that runs with the data folder ${dataDir} uses other servers than the ones that are set.`
      : `${names}, and no \`starkeep up\` runs with the data folder ${dataDir}. If its settings are in a file, add: --settings FILE`,
  ]);
}
