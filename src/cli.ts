import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { Command, CommanderError } from 'commander';
import { trustAlso } from './adapters/trust.ts';
import { ApiProblem } from './client/client.ts';
import { refuseRemote, systemUser } from './commands/access.ts';
import type { RestoreOptions } from './commands/archives.ts';
import type { AuditOptions } from './commands/audit.ts';
import type { SelectionOptions } from './commands/batch.ts';
import { addCompletion } from './commands/completion.ts';
import type { DecisionOptions } from './commands/decide.ts';
import { EXIT, EXIT_MEANINGS, exitCodeOfStatus } from './commands/exit-codes.ts';
import type { NewKeyOptions } from './commands/keys.ts';
import { Refusal, UsageError } from './commands/refusal.ts';
import type { ReplayOptions } from './commands/replay.ts';
import type { ReconcileOptions } from './commands/star-list.ts';
import type { SettingsOptions } from './commands/settings.ts';
import type { StatusOptions } from './commands/status.ts';
import { printJson, typed, useSettingsFile, type Output } from './commands/wording.ts';
import { ConfigError, loadConfig, required, type Config } from './config.ts';
import { settingsFileProblems } from './config/problems.ts';
import type { Role } from './config/settings.ts';
import { Failure } from './domain/failures.ts';
import type { MirrorDecision } from './domain/ports.ts';
import { createRedactor } from './domain/redaction.ts';
import { loadWithEntered, type WithEntered } from './entered-settings.ts';
import { NOTHING_ENTERED } from './adapters/postgres/entered-settings.ts';
import { hasCluster } from './local/postgres-cluster.ts';
import { readRunFile } from './local/run-file.ts';
import { EXIT_START_AGAIN } from './parent.ts';
import { VERSION } from './version.ts';

/** The only reader of argv. */

const KEY_REFUSED =
  'That key is not valid, or was revoked. Check STARKEEP_KEY; `starkeep keys create --name NAME`, on the machine where Starkeep runs, makes another.\n';

const MIRROR_NAME = 'owner/name, name, or mirror id';

// Whoever reads on, as in `starkeep list | head`, may have had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.failed);
});

/** Without settings nobody has told us a secret yet; what looks like one is masked all the same. */
let redact = createRedactor([]);

// What nobody caught must not take a secret with it on its way out.
process.on('uncaughtException', (error) => {
  process.exitCode = explain(error);
  process.exit();
});

/** The file of `--settings`, once it is read, and the names that were taken from it. */
let settingsFile: { path: string; names: Set<string> } | null = null;

const program = new Command('starkeep')
  .description('Star a repository on GitHub and it is kept on your own OneDev server.')
  .version(VERSION)
  // Not --env-file: node takes that for its own wherever it stands, and ends without a word of ours when the file is missing.
  .option('--settings <file>', 'read settings from this file too (NAME=value lines); the environment wins')
  .option('--no-progress', 'no bars while something is waited for')
  .addHelpText('after', () => overview())
  .showHelpAfterError('(starkeep --help lists the commands)')
  .showSuggestionAfterError()
  .exitOverride();

program
  .command('up')
  .description('everything on one machine: Postgres and Temporal unless given, api and worker')
  .addHelpText('after', examples('up', '--settings starkeep.env up'))
  .action(async () => {
    const { up } = await import('./commands/up.ts');
    const config = await settingsToStart();
    await up(config, process.env, typed('list'));
  });

program
  .command('api')
  .description('the webhook receiver and API alone; needs DATABASE_URL and TEMPORAL_ADDRESS')
  .addHelpText('after', examples('api'))
  .action(async () => {
    const { runApi } = await import('./api/main.ts');
    startAgainIf(await runApi(await settingsOf('api')));
  });

program
  .command('worker')
  .description('a worker alone; needs DATABASE_URL and TEMPORAL_ADDRESS; any number may run')
  .addHelpText('after', examples('worker'))
  .action(async () => {
    const { runWorker } = await import('./worker/main.ts');
    startAgainIf(await runWorker(await settingsOf('worker')));
  });

verb(program, 'migrate', 'bring the database up to this version', 'migrate').action(
  async (options: { json?: boolean }) => {
    const { migrate } = await import('./adapters/postgres/migrate.ts');
    const run = await migrate(required(settings('migrate').databaseUrl));
    if (options.json) return printJson({ print }, { migrations: run });
    print(run.length > 0 ? `Migrations run: ${run.join(', ')}` : 'The database is up to date.');
  },
);

verb(
  program,
  'status',
  'whether everything that is starred is safe, in one sentence; and what is failing',
  'status',
  'status --check',
)
  .option('--watch', 'go on until Ctrl-C')
  .option('--check', 'for scripts: exit code 1 while something is failing')
  .action(
    asked<StatusOptions>(async ({ config, options, out }) => {
      const { status } = await import('./commands/status.ts');
      await status(config, options, out);
    }),
  );

verb(
  program,
  'doctor',
  'look at every connection, right and version, and say how to mend what is wrong; changes nothing',
  'doctor',
).action(
  asked<{ json?: boolean }>(async ({ config, options, out }) => {
    const { doctor } = await import('./commands/doctor.ts');
    refuseRemote(config, 'doctor');
    await doctor(config, options, out);
  }),
);

const config = verb(
  program,
  'config',
  'print every setting, where it comes from, and what it means; secrets stay hidden',
  'config',
  '--settings starkeep.env config',
).action(
  asked<{ json?: boolean }>(async ({ config, options, out }) => {
    const { printSettings } = await import('./commands/settings.ts');
    if (config.remote !== undefined)
      complain(`These are the settings of this machine, not those at ${config.remote.url}.\n`);
    printSettings(config, settingsFile, options, out);
  }),
);

by(
  verb(
    config,
    'set',
    'enter a setting as the web UI does; the environment wins over it, api and workers take it over by themselves',
    'config set STARKEEP_UNSTAR_GRACE 3d',
    'config set ONEDEV_TOKEN < token.txt',
  ),
)
  .argument('<name>', 'as `config` shows it')
  .argument('[value]', 'of a secret rather on standard input, where nobody else sees it')
  .action(
    asked<SettingsOptions>(
      async ({ config, options, out }, name, value?: string) => {
        const { enterSetting } = await import('./commands/settings.ts');
        await enterSetting(config, { name, value }, options, out);
      },
      { ofEnvironment: true },
    ),
  );

by(
  verb(
    config,
    'unset',
    'take back what was entered in the web UI or by `config set`, also where it cannot be read',
    'config unset STARKEEP_UNSTAR_GRACE',
  ),
)
  .argument('<name...>', 'as `config` shows them')
  .action(
    asked<SettingsOptions>(
      async ({ config, options, out }, names: unknown) => {
        const { forgetSettings } = await import('./commands/settings.ts');
        await forgetSettings(config, names as string[], options, out);
      },
      { ofEnvironment: true },
    ),
  );

verb(program, 'list', 'every mirror and how it is', 'list', 'list --status failed', 'list --json')
  .option('--status <status>', 'only mirrors in this state')
  .action(
    asked<{ status?: string; json?: boolean }>(async ({ config, options, out }) => {
      const { list } = await import('./commands/mirrors.ts');
      await list(config, options, out);
    }),
  );

verb(
  program,
  'show',
  'one mirror: where it is, its last syncs, and what to do when it fails',
  'show torvalds/linux',
  'show linux --json',
  'show linux --since 2026-11-24 --until 2026-11-25',
)
  .argument('<repository>', MIRROR_NAME)
  .option('--since <time>', 'what happened to it from then on: 2h or 30d ago, or 2026-11-23')
  .option('--until <time>', 'only before then')
  .action(
    asked<{ since?: string; until?: string; json?: boolean }>(async ({ config, options, out }, repository) => {
      const { since, ...others } = options;
      if (since !== undefined) {
        const { showHappened } = await import('./commands/happened.ts');
        return showHappened(config, repository, { since, ...others }, out);
      }
      if (others.until !== undefined) throw new UsageError('`starkeep show` needs --since beside --until.');
      const { show } = await import('./commands/mirrors.ts');
      await show(config, repository, options, out);
    }),
  );

by(
  verb(
    program,
    'sync',
    'compare everything with GitHub now, without waiting for an event: one mirror, or a batch of them',
    'sync torvalds/linux --wait',
    'sync --failed',
    'sync --dry-run --filter languages=Go,Rust',
  ),
)
  .argument('[repository]', MIRROR_NAME)
  .option('--all', 'every mirror; waits for the end, Ctrl-C leaves it running')
  .option('--failed', 'those whose last sync failed')
  .option('--filter <name=value>', 'those a filter keeps, as in the settings: languages=Go,Rust (repeatable)', several)
  .option('--wait', 'of one mirror: until it has ended')
  .option('--no-wait', 'of a batch: begin it and return')
  .option('--accept-rewrites', 'of one mirror: follow what STARKEEP_REWRITE_POLICY=hold holds back, this once')
  .option('--dry-run', 'only read the star list and say what would be kept; a --filter stands in place of its setting')
  .option('--reason <text>', 'why')
  .action(
    asked<SyncOptions>(async ({ config, options, out }, repository) => {
      if (options.dryRun) {
        const { dryRun } = await import('./commands/dry-run.ts');
        return dryRun(config, { repository, ...options }, out);
      }
      if (options.acceptRewrites && repository === undefined) {
        throw new UsageError('--accept-rewrites is about one mirror: name it.');
      }
      const { selectionOf, syncMany } = await import('./commands/batch.ts');
      const selection = selectionOf(repository, options);
      if (selection) return syncMany(config, { ...options, selection, wait: options.wait ?? true }, out);
      const { decide } = await import('./commands/decide.ts');
      await decide(config, 'syncNow', repository ?? '', options, out);
    }),
  );

by(
  verb(
    program,
    'add',
    'mirror a repository that need not be starred; no filter and no star list takes it away again',
    'add torvalds/linux',
  ),
)
  .argument('<repository>', 'owner/name')
  .action(
    asked<{ by?: string; json?: boolean }>(async ({ config, options, out }, repository) => {
      const { add } = await import('./commands/add.ts');
      await add(config, repository, options, out);
    }),
  );

decisionCommand(program, 'pause', 'pause', 'sync nothing until it is resumed; calls off its deletion', 'pause');
decisionCommand(program, 'resume', 'resume', 'go on with what was paused', 'resume');

verb(program, 'history', 'what upstream rewrote or removed of a mirror, and was kept', 'history torvalds/linux')
  .argument('<repository>', MIRROR_NAME)
  .action(
    asked<{ json?: boolean }>(async ({ config, options, out }, repository) => {
      const { history } = await import('./commands/archives.ts');
      await history(config, repository, options, out);
    }),
  );

by(
  verb(
    program,
    'restore',
    'bring something of `history` back as a branch that no sync removes',
    'restore torvalds/linux --branch main --at 2026-11-23',
  ),
)
  .argument('<repository>', MIRROR_NAME)
  .option('--branch <name>', 'the branch, or tags/NAME for a tag; needed where several were kept')
  .option('--at <time>', 'as it was then (default: as it was last)')
  .action(
    asked<RestoreOptions>(async ({ config, options, out }, repository) => {
      const { restore } = await import('./commands/archives.ts');
      await restore(config, repository, options, out);
    }),
  );

by(
  verb(
    program,
    'reconcile',
    'read the star list now, and wait for what it finds; Ctrl-C leaves it running',
    'reconcile',
    'reconcile --full --no-wait',
  ),
)
  .option('--full', 'read everything, however recent the last complete reading is')
  .option('--no-wait', 'begin it and return')
  .action(
    asked<ReconcileOptions>(async ({ config, options, out }) => {
      const { reconcile } = await import('./commands/star-list.ts');
      await reconcile(config, options, out);
    }),
  );

const batches = verb(
  program,
  'batches',
  'the last batches and how far they are; `show` and `cancel` take the id of one',
  'batches',
).action(
  asked<{ json?: boolean }>(async ({ config, options, out }) => {
    const { listBatches } = await import('./commands/batch.ts');
    await listBatches(config, options, out);
  }),
);

verb(
  batches,
  'show',
  'one batch: how far it is, and what failed or was skipped',
  'batches show 12',
  'batches show 12 --watch',
)
  .argument('<batch>', 'id of a batch')
  .option('--watch', 'until it is over; Ctrl-C leaves it running')
  .action(
    asked<{ watch?: boolean; json?: boolean }>(async ({ config, options, out }, batchId) => {
      const { showBatch } = await import('./commands/batch.ts');
      await showBatch(config, batchId, options, out);
    }),
  );

by(verb(batches, 'cancel', 'begin nothing new; what is under way ends by itself', 'batches cancel 12'))
  .argument('<batch>', 'id of a batch')
  .action(
    asked<{ by?: string; json?: boolean }>(async ({ config, options, out }, batchId) => {
      const { cancelBatch } = await import('./commands/batch.ts');
      await cancelBatch(config, batchId, options, out);
    }),
  );

by(
  verb(
    program,
    'replay',
    'dispatch webhook deliveries once more; harmless, since a delivery only makes Starkeep look',
    'replay 72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'replay --since 2h --failed',
  ),
)
  .argument('[guid]', 'the id of one delivery')
  .option('--since <duration>', 'everything received within it, such as 2h')
  .option('--failed', 'only what was accepted and never dispatched')
  .action(
    asked<ReplayOptions>(async ({ config, options, out }, guid) => {
      const { replay } = await import('./commands/replay.ts');
      await replay(config, guid, options, out);
    }),
  );

const keys = program.command('keys').description('who may use the API');

by(
  verb(
    keys,
    'create',
    'make a key and print it, this once',
    'keys create --name laptop',
    'keys create --name grafana --scope read',
  ),
)
  .requiredOption('--name <name>', 'what the audit log calls whoever uses it')
  .option('--scope <scope>', 'read, operate (sync, pause, replay …) or admin (also lets things be deleted)', 'admin')
  .action(
    asked<NewKeyOptions>(async ({ config, options, out }) => {
      const { createKey } = await import('./commands/keys.ts');
      await createKey(config, options, out);
    }),
  );

verb(keys, 'list', 'every key there ever was, its scope, and when it was used last', 'keys list').action(
  asked<{ json?: boolean }>(async ({ config, options, out }) => {
    const { listKeys } = await import('./commands/keys.ts');
    await listKeys(config, options, out);
  }),
);

by(verb(keys, 'revoke', 'let it in no more', 'keys revoke 3'))
  .argument('<id>', 'as `keys list` shows it')
  .action(
    asked<{ by?: string; json?: boolean }>(async ({ config, options, out }, keyId) => {
      const { revokeKey } = await import('./commands/keys.ts');
      await revokeKey(config, keyId, options, out);
    }),
  );

const audit = program
  .command('audit')
  .description('who asked for what, and what was done: the latest entries of the audit log, or all `--since`')
  .option('--since <time>', 'everything from then on: 2h or 30d ago, or 2026-11-23')
  .option('--until <time>', 'only before then')
  .option('--actor <name>', 'only what this person, key or Starkeep itself did')
  .option('--action <action>', 'only this, such as deletion.done; with * at the end what begins so: "deletion.*"')
  .option('--subject <subject>', 'only about this: a mirror id, a guid, an address')
  .option('--json', 'one JSON object a line')
  .addHelpText('after', examples('audit', 'audit --since 30d --action "deletion.*"', 'audit --since 2026-11-01 --json'))
  .action(
    asked<AuditOptions>(async ({ config, options, out }) => {
      const { listAudit } = await import('./commands/audit.ts');
      await listAudit(config, options, out);
    }),
  );

verb(
  audit,
  'verify',
  'compute the chain of hashes anew, and name the first entry that is not as it was written',
  'audit verify',
).action(
  asked<{ json?: boolean }>(async ({ config, options, out }) => {
    const { verifyAudit } = await import('./commands/audit.ts');
    await verifyAudit(config, options, out);
  }),
);

verb(
  audit,
  'history',
  'the runs of its workflow, also those that Temporal has removed; with --json the last one as a file that replays',
  'audit history torvalds/linux',
)
  .argument('<repository>', MIRROR_NAME)
  .option('--run <id>', 'one run')
  .action(
    asked<{ run?: string; json?: boolean }>(async ({ config, options, out }, repository) => {
      refuseRemote(config, 'audit history');
      const { run, json = false } = options;
      const runs = await import('./commands/runs.ts');
      if (run !== undefined) return runs.showRun(config, repository, run, { json }, out);
      if (json) return runs.showLastRun(config, repository, out);
      await runs.listRuns(config, repository, {}, out);
    }),
  );

const alerts = verb(
  program,
  'alerts',
  'what a person should know of: the alerts that are open; `test` tries the channels',
  'alerts',
  'alerts --all',
)
  .option('--all', 'also what is over: the latest hundred')
  .action(
    asked<{ all?: boolean; json?: boolean }>(async ({ config, options, out }) => {
      const { listAlerts } = await import('./commands/alerts.ts');
      await listAlerts(config, options, out);
    }),
  );

by(
  verb(alerts, 'test', 'send a test through every channel that is set up, and say how each took it', 'alerts test'),
).action(
  asked<{ by?: string; json?: boolean }>(async ({ config, options, out }) => {
    const { testAlerts } = await import('./commands/alerts.ts');
    await testAlerts(config, options, out);
  }),
);

by(
  verb(
    program,
    'backup',
    'the whole record in one file, also while everything runs',
    'backup starkeep-2026-11-23.backup',
  ),
)
  .argument('<file>', 'where to; must not be there yet')
  .action(
    asked<{ by?: string; json?: boolean }>(async ({ config, options, out }, file) => {
      const { backup } = await import('./commands/backup.ts');
      refuseRemote(config, 'backup');
      await backup(config, file, { ...options, by: options.by || systemUser() }, out);
    }),
  );

verb(
  program,
  'unclaimed',
  'projects on OneDev with our marker that no mirror has, after a record was lost; changes nothing',
  'unclaimed',
).action(
  asked<{ json?: boolean }>(async ({ config, options, out }) => {
    const { listUnclaimed } = await import('./commands/unclaimed.ts');
    refuseRemote(config, 'unclaimed');
    await listUnclaimed(config, options, out);
  }),
);

by(
  verb(
    program,
    'restore-backup',
    'put a backup into an empty database (DATABASE_URL, or a new data folder), before the first start',
    'restore-backup starkeep-2026-11-23.backup',
  ),
)
  .argument('<file>', 'what `starkeep backup` has written')
  .action(
    asked<{ by?: string; json?: boolean }>(async ({ config, options, out }, file) => {
      const { restoreFrom } = await import('./commands/backup.ts');
      refuseRemote(config, 'restore-backup');
      await restoreFrom(config, file, { ...options, by: options.by || systemUser() }, out);
    }),
  );

const deletions = verb(
  program,
  'deletions',
  'what is about to be deleted: when, why, on what proof; `approve`, `cancel` and `ask` decide',
  'deletions',
).action(
  asked<{ json?: boolean }>(async ({ config, options, out }) => {
    const { listDeletions } = await import('./commands/deletions.ts');
    await listDeletions(config, options, out);
  }),
);

decisionCommand(
  deletions,
  'approve',
  'approveDeletion',
  'delete it now, if GitHub does not show it as starred',
  'deletions approve',
);
decisionCommand(deletions, 'cancel', 'cancelDeletion', 'keep it although it is not starred', 'deletions cancel');

by(
  verb(
    deletions,
    'ask',
    'ask GitHub about the stars that a held reading lacks; what is proven unstarred waits out its grace period',
    'deletions ask 123',
  ),
)
  .argument('<reading>', 'id of a reading, as `deletions` shows it')
  .action(
    asked<{ by?: string; json?: boolean }>(async ({ config, options, out }, readingId) => {
      const { askAboutHeld } = await import('./commands/held-readings.ts');
      await askAboutHeld(config, readingId, options, out);
    }),
  );

addCompletion(program, async (file) => {
  if (file !== undefined) loadSettingsFile(file);
  const { mirrorNames } = await import('./commands/choose.ts');
  return mirrorNames(settings('none'));
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

interface SyncOptions extends SelectionOptions {
  wait?: boolean;
  acceptRewrites?: boolean;
  dryRun?: boolean;
  json?: boolean;
  by?: string;
  reason?: string;
}

/** An option that may be given more than once. */
function several(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

/** A command with what every command has. */
function verb(parent: Command, name: string, description: string, ...shown: string[]): Command {
  return parent
    .command(name)
    .description(description)
    .option('--json', 'for programs')
    .addHelpText('after', examples(...shown));
}

/** A command that the audit log has somebody's name for. */
function by(command: Command): Command {
  return command.option(
    '--by <name>',
    'who decides (default: the user of this system); with STARKEEP_URL the key says it',
  );
}

function examples(...shown: string[]): string {
  const lines = shown.map((example) => `  $ starkeep ${example}`);
  return `\n${shown.length === 1 ? 'Example' : 'Examples'}:\n${lines.join('\n')}`;
}

/** What is said after the list of commands. */
function overview(): string {
  const codes = EXIT_MEANINGS.map(({ code, meaning }) => `  ${code}  ${meaning}`);
  return [
    examples('up', 'status', 'sync torvalds/linux --wait', 'list --status failed'),
    '',
    'With STARKEEP_URL and STARKEEP_KEY the commands ask the Starkeep at that address, over HTTP;',
    'without them the one on this machine. `starkeep config` names every setting.',
    '',
    'Exit codes:',
    ...codes,
  ].join('\n');
}

/** What a command is handed: the settings, its options with those that its parents took, and where its output goes. */
interface Asked<Options> {
  config: Config;
  options: Options;
  out: Output;
}

/** @param how.ofEnvironment without what was entered: for what has to go on where that does not fit any more */
function asked<Options>(
  work: (asked: Asked<Options>, ...args: string[]) => Promise<void>,
  { ofEnvironment = false }: { ofEnvironment?: boolean } = {},
) {
  return async (...received: unknown[]): Promise<void> => {
    const command = received.at(-1) as Command;
    const options = command.optsWithGlobals<Options & { progress?: boolean }>();
    const own = settings('none');
    // What is asked over HTTP is answered by the settings there.
    const config = own.remote !== undefined || ofEnvironment ? own : (await settingsOf('none')).config;
    await work({ config, options, out: output(options) }, ...(received.slice(0, -2) as string[]));
  };
}

function output({ progress = true }: { progress?: boolean }): Output {
  const { stdout } = process;
  if (!stdout.isTTY) return { print, width: null };
  const colours = !process.env['NO_COLOR'] && stdout.hasColors();
  return { print, redraw, colours, width: stdout.columns, terminal: progress ? stdout : undefined };
}

/** A command by which a person decides about one mirror. */
function decisionCommand(
  parent: Command,
  name: string,
  decision: MirrorDecision,
  description: string,
  example: string,
): void {
  by(verb(parent, name, description, `${example} torvalds/linux`))
    .argument('<repository>', MIRROR_NAME)
    .option('--reason <text>', 'why')
    .action(
      asked<DecisionOptions>(async ({ config, options, out }, repository) => {
        const { decide } = await import('./commands/decide.ts');
        await decide(config, decision, repository, options, out);
      }),
    );
}

/** Of the environment alone. */
function settings(role: Role): Config {
  takeSettingsFile();
  return adopted(loadConfig(process.env, role));
}

/** For `starkeep up`: what is not set may have been entered, which is known once the record of its data folder is there. */
async function settingsToStart(): Promise<Config> {
  try {
    return settings('up');
  } catch (error) {
    const config = error instanceof ConfigError && error.onlyMissing ? settings('none') : null;
    if (config === null || !(config.databaseUrl !== undefined || (await hasCluster(config.dataDir)))) throw error;
    return config;
  }
}

/** With what people entered. Where there is no record yet, or it is away, those of the environment alone; only a worker has to know. */
async function settingsOf(role: 'api' | 'worker' | 'none'): Promise<WithEntered> {
  takeSettingsFile();
  try {
    const known = await loadWithEntered(process.env, role, role === 'none' ? await databaseHere() : undefined);
    adopted(known.config);
    return known;
  } catch (error) {
    if (role === 'worker' || !(error instanceof Failure) || error.kind !== 'DatabaseUnavailable') throw error;
    return { config: settings(role), stamp: NOTHING_ENTERED, unopened: [] };
  }
}

/** Of the `starkeep up` with the same data folder, if one runs. */
async function databaseHere(): Promise<string | undefined> {
  const running = await readRunFile(settings('none').dataDir);
  return running === null || running.needsDatabaseUrl ? undefined : running.databaseUrl;
}

function takeSettingsFile(): void {
  const { settings: file } = program.opts<{ settings?: string }>();
  // Read twice, its names would seem to be the environment's.
  if (file !== undefined && settingsFile === null) loadSettingsFile(file);
}

function adopted(config: Config): Config {
  redact = createRedactor(config.secrets);
  trustAlso(config.ownCa);
  return config;
}

/** Whoever supervises this process starts it again, and then it runs by the new settings. */
function startAgainIf(ended: 'told to' | 'settings were entered'): void {
  if (ended === 'settings were entered') process.exitCode = EXIT_START_AGAIN;
}

/** The environment wins, and an empty variable there counts as unset, as everywhere. */
function loadSettingsFile(path: string): void {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `--settings names "${path}", which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    ]);
  }
  const problems = settingsFileProblems(content);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${path}, ${problem}`));
  const names = new Set<string>();
  for (const [name, value] of Object.entries(parseEnv(content))) {
    if (process.env[name]) continue;
    process.env[name] = value;
    names.add(name);
  }
  settingsFile = { path, names };
  useSettingsFile(quoted(path));
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** @returns the exit code */
function explain(error: unknown): number {
  // Commander has said what was wrong already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof ConfigError) {
    complain(`${error.message}\n\nNothing was started. \`starkeep config\` prints every setting.\n`);
    return EXIT.usage;
  }
  if (error instanceof UsageError) {
    complain(`${error.message}\nNothing was done. \`starkeep help COMMAND\` says how a command is used.\n`);
    return EXIT.usage;
  }
  if (error instanceof Refusal) {
    complain(`${error.message}\n`);
    return error.exitCode;
  }
  if (error instanceof ApiProblem) {
    complain(error.status === 401 ? KEY_REFUSED : `${error.message}\n`);
    return exitCodeOfStatus(error.status);
  }
  if (error instanceof Failure) {
    complain(`${error.kind}: ${error.message}\n${error.row.hint}\n`);
    if (error.kind !== 'DataFolderInUse') return exitCodeOfStatus(error.row.httpStatus);
    complain('Nothing was started.\n');
    return EXIT.usage;
  }
  complain(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failed;
}

/** The last word of a process, which may be a foreign program's. */
function complain(text: string): void {
  process.stderr.write(redact(text));
}

function redraw(text: string): void {
  // To the line's beginning, and away with what is left of the one before.
  process.stdout.write(`\r${text}\x1b[K`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
