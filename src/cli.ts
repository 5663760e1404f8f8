import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { parseEnv } from 'node:util';
import { Command, CommanderError } from 'commander';
import { migrate } from './adapters/postgres/migrate.ts';
import { trustAlso } from './adapters/trust.ts';
import type { AuditOptions } from './commands/audit.ts';
import type { SelectionOptions } from './commands/batch.ts';
import { Refusal, UsageError } from './commands/refusal.ts';
import { typed, useSettingsFile, type Output } from './commands/wording.ts';
import { ConfigError, loadConfig, required, settingsFileProblems, type Config, type Role } from './config.ts';
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

/** Exit codes: 0 done · 1 it failed · 2 the command or a setting is wrong, nothing was started · 75 settings were entered, start it again. */
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// Whoever reads on, as in `starkeep list | head`, may have had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_FAILED);
});

const out: Output = process.stdout.isTTY ? { print, redraw, width: process.stdout.columns } : { print, width: null };

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
  .showHelpAfterError('(starkeep --help lists the commands)')
  .showSuggestionAfterError()
  .exitOverride();

program
  .command('up')
  .description('everything on one machine: Postgres and Temporal unless given, api and worker')
  .action(async () => {
    const { up } = await import('./commands/up.ts');
    const config = await settingsToStart();
    await up(config, process.env, typed('list'));
  });

program
  .command('api')
  .description('the webhook receiver and API alone; needs DATABASE_URL and TEMPORAL_ADDRESS')
  .action(async () => {
    const { runApi } = await import('./api/main.ts');
    startAgainIf(await runApi({ ...(await settingsOf('api')), environment: process.env }));
  });

program
  .command('worker')
  .description('a worker alone; needs DATABASE_URL and TEMPORAL_ADDRESS; any number may run')
  .action(async () => {
    const { runWorker } = await import('./worker/main.ts');
    startAgainIf(await runWorker(await settingsOf('worker')));
  });

program
  .command('migrate')
  .description('bring the database up to this version')
  .action(async () => {
    const run = await migrate(required(settings('migrate').databaseUrl));
    print(run.length > 0 ? `Migrations run: ${run.join(', ')}` : 'The database is up to date.');
  });

program
  .command('status')
  .description('whether everything that is starred is safe, in one sentence; and what is failing')
  .option('--watch', 'go on until Ctrl-C')
  .option('--json', 'for programs')
  .action(async (options: { watch?: boolean; json?: boolean }) => {
    const { status } = await import('./commands/status.ts');
    await status(settings('none'), options, out);
  });

program
  .command('doctor')
  .description('look at every connection, right and version, and say how to mend what is wrong; changes nothing')
  .option('--json', 'for programs')
  .action(async (options: { json?: boolean }) => {
    const { doctor } = await import('./commands/doctor.ts');
    await doctor((await settingsOf('none')).config, options, out);
  });

const config = program
  .command('config')
  .description('print every setting, where it comes from, and what it means; secrets stay hidden')
  .action(async () => {
    const { printSettings } = await import('./commands/settings.ts');
    printSettings((await settingsOf('none')).config, settingsFile, out);
  });

config
  .command('set')
  .argument('<name>', 'such as STARKEEP_UNSTAR_GRACE')
  .argument('[value]', 'of a secret rather on standard input, where nobody else sees it')
  .description(
    'enter a setting as the web UI does; the environment wins over it, api and workers take it over by themselves',
  )
  .option('--by <name>', 'who decides (default: the user of this system)')
  .action(async (name: string, value: string | undefined, { by }: { by?: string }) => {
    const { enterSetting } = await import('./commands/settings.ts');
    await enterSetting(process.env, name, value, by || systemUser(), out);
  });

config
  .command('unset')
  .argument('<name...>', 'as `config` shows them')
  .description('take back what was entered in the web UI or by `config set`, also where it cannot be read')
  .option('--by <name>', 'who decides (default: the user of this system)')
  .action(async (names: string[], { by }: { by?: string }) => {
    const { forgetSettings } = await import('./commands/settings.ts');
    await forgetSettings(process.env, names, by || systemUser(), out);
  });

program
  .command('list')
  .description('every mirror and how it is')
  .option('--status <status>', 'only mirrors in this state')
  .option('--json', 'for programs')
  .action(async (options: { status?: string; json?: boolean }) => {
    const { list } = await import('./commands/mirrors.ts');
    await list(settings('none'), options, out);
  });

program
  .command('show')
  .argument('<repository>', 'owner/name, name, or mirror id')
  .description('one mirror: where it is, its last syncs, and what to do when it fails')
  .option('--json', 'for programs')
  .action(async (repository: string, options: { json?: boolean }) => {
    const { show } = await import('./commands/mirrors.ts');
    await show(settings('none'), repository, options, out);
  });

program
  .command('sync')
  .argument('[repository]', 'owner/name, name, or mirror id')
  .description('compare everything with GitHub now, without waiting for an event: one mirror, or a batch of them')
  .option('--all', 'every mirror; waits for the end, Ctrl-C leaves it running')
  .option('--failed', 'those whose last sync failed')
  .option('--filter <name=value>', 'those a filter keeps, as in the settings: languages=Go,Rust (repeatable)', several)
  .option('--no-wait', 'of a batch: begin it and return')
  .option('--accept-rewrites', 'of one mirror: follow what STARKEEP_REWRITE_POLICY=hold holds back, this once')
  .option('--dry-run', 'only read the star list and say what would be kept; a --filter stands in place of its setting')
  .option('--json', 'of --dry-run: for programs')
  .option('--by <name>', 'who decides (default: the user of this system)')
  .option('--reason <text>', 'why')
  .action(async (repository: string | undefined, options: SyncOptions) => {
    if (options.dryRun) {
      const { dryRun } = await import('./commands/dry-run.ts');
      return dryRun(settings('none'), { repository, ...options }, out);
    }
    if (options.acceptRewrites && repository === undefined) {
      throw new UsageError('--accept-rewrites is about one mirror: name it.');
    }
    const { selectionOf, syncMany } = await import('./commands/batch.ts');
    const selection = selectionOf(repository, options);
    const by = options.by || systemUser();
    if (selection) return syncMany(settings('none'), { selection, by, wait: options.wait }, out);
    const { decide } = await import('./commands/decide.ts');
    const person = {
      by,
      ...(options.reason ? { reason: options.reason } : {}),
      ...(options.acceptRewrites ? { acceptRewrites: true } : {}),
    };
    await decide(settings('none'), 'syncNow', repository ?? '', person, out);
  });

program
  .command('add')
  .argument('<repository>', 'owner/name')
  .description('mirror a repository that need not be starred; no filter and no star list takes it away again')
  .option('--by <name>', 'who asks (default: the user of this system)')
  .action(async (repository: string, { by }: { by?: string }) => {
    const { add } = await import('./commands/add.ts');
    await add(settings('none'), repository, by || systemUser(), out);
  });

decisionCommand(program, 'pause', 'pause', 'sync nothing until it is resumed; calls off its deletion');
decisionCommand(program, 'resume', 'resume', 'go on with what was paused');

program
  .command('history')
  .argument('<repository>', 'owner/name, name, or mirror id')
  .description('what upstream rewrote or removed of a mirror, and was kept')
  .option('--json', 'for programs')
  .action(async (repository: string, options: { json?: boolean }) => {
    const { history } = await import('./commands/archives.ts');
    await history(settings('none'), repository, options, out);
  });

program
  .command('restore')
  .argument('<repository>', 'owner/name, name, or mirror id')
  .description('bring something of `history` back as a branch that no sync removes')
  .option('--branch <name>', 'the branch, or tags/NAME for a tag; needed where several were kept')
  .option('--at <time>', 'as it was then (default: as it was last)')
  .option('--by <name>', 'who decides (default: the user of this system)')
  .action(async (repository: string, options: { branch?: string; at?: string; by?: string }) => {
    const { restore } = await import('./commands/archives.ts');
    await restore(settings('none'), repository, { ...options, by: options.by || systemUser() }, out);
  });

program
  .command('reconcile')
  .description('read the star list now, and wait for what it finds; Ctrl-C leaves it running')
  .option('--full', 'read everything, however recent the last complete reading is')
  .option('--by <name>', 'who asks (default: the user of this system)')
  .action(async ({ full, by }: { full?: boolean; by?: string }) => {
    const { reconcile } = await import('./commands/star-list.ts');
    await reconcile(settings('none'), { full: full ?? false, by: by || systemUser() }, out);
  });

const batches = program
  .command('batches')
  .description('the last batches and how far they are; `show` and `cancel` take the id of one')
  .option('--json', 'for programs')
  .action(async (options: { json?: boolean }) => {
    const { listBatches } = await import('./commands/batch.ts');
    await listBatches(settings('none'), options, out);
  });

batches
  .command('show')
  .argument('<batch>', 'id of a batch')
  .description('one batch: how far it is, and what failed or was skipped')
  .option('--json', 'for programs')
  .action(async (batchId: string, _: unknown, command: Command) => {
    const { showBatch } = await import('./commands/batch.ts');
    // `batches` has a --json too, and takes it wherever it stands.
    await showBatch(settings('none'), batchId, command.optsWithGlobals<{ json?: boolean }>(), out);
  });

batches
  .command('cancel')
  .argument('<batch>', 'id of a batch')
  .description('begin nothing new; what is under way ends by itself')
  .option('--by <name>', 'who decides (default: the user of this system)')
  .action(async (batchId: string, { by }: { by?: string }) => {
    const { cancelBatch } = await import('./commands/batch.ts');
    await cancelBatch(settings('none'), batchId, by || systemUser(), out);
  });

program
  .command('replay')
  .argument('[guid]', 'the id of one delivery')
  .description('dispatch webhook deliveries once more; harmless, since a delivery only makes Starkeep look')
  .option('--since <duration>', 'everything received within it, such as 2h')
  .option('--failed', 'only what was accepted and never dispatched')
  .option('--by <name>', 'who asks (default: the user of this system)')
  .action(async (guid: string | undefined, options: { since?: string; failed?: boolean; by?: string }) => {
    const { replay } = await import('./commands/replay.ts');
    await replay(settings('none'), guid, options, options.by || systemUser(), out);
  });

const keys = program.command('keys').description('who may use the API');

keys
  .command('create')
  .requiredOption('--name <name>', 'what the audit log calls whoever uses it')
  .option('--scope <scope>', 'read, operate (sync, pause, replay …) or admin (also lets things be deleted)', 'admin')
  .option('--by <name>', 'who decides (default: the user of this system)')
  .description('make a key and print it, this once')
  .action(async (options: { name: string; scope: string; by?: string }) => {
    const { createKey } = await import('./commands/keys.ts');
    await createKey(settings('none'), options, options.by || systemUser(), out);
  });

keys
  .command('list')
  .description('every key there ever was, its scope, and when it was used last')
  .option('--json', 'for programs')
  .action(async (options: { json?: boolean }) => {
    const { listKeys } = await import('./commands/keys.ts');
    await listKeys(settings('none'), options, out);
  });

keys
  .command('revoke')
  .argument('<id>', 'as `keys list` shows it')
  .option('--by <name>', 'who decides (default: the user of this system)')
  .description('let it in no more')
  .action(async (keyId: string, { by }: { by?: string }) => {
    const { revokeKey } = await import('./commands/keys.ts');
    await revokeKey(settings('none'), keyId, by || systemUser(), out);
  });

const audit = program
  .command('audit')
  .description('who asked for what, and what was done: the latest entries of the audit log, or all `--since`')
  .option('--since <time>', 'everything from then on: 2h or 30d ago, or 2026-11-23')
  .option('--until <time>', 'only before then')
  .option('--actor <name>', 'only what this person, key or Starkeep itself did')
  .option('--action <action>', 'only this, such as deletion.done; with * at the end what begins so: "deletion.*"')
  .option('--subject <subject>', 'only about this: a mirror id, a guid, an address')
  .option('--json', 'one JSON object a line')
  .action(async (options: AuditOptions) => {
    const { listAudit } = await import('./commands/audit.ts');
    await listAudit(settings('none'), options, out);
  });

audit
  .command('verify')
  .description('compute the chain of hashes anew, and name the first entry that is not as it was written')
  .action(async () => {
    const { verifyAudit } = await import('./commands/audit.ts');
    await verifyAudit(settings('none'), out);
  });

audit
  .command('history')
  .argument('<repository>', 'owner/name, name, or mirror id')
  .description(
    'the runs of its workflow, also those that Temporal has removed; with --json the last one as a file that replays',
  )
  .option('--run <id>', 'one run')
  // `--json` is the parent's, which takes it wherever it stands.
  .action(async (repository: string, _: unknown, command: Command) => {
    const { run, json = false } = command.optsWithGlobals<{ run?: string; json?: boolean }>();
    const runs = await import('./commands/runs.ts');
    if (run !== undefined) return runs.showRun(settings('none'), repository, run, { json }, out);
    if (json) return runs.showLastRun(settings('none'), repository, out);
    await runs.listRuns(settings('none'), repository, {}, out);
  });

const alerts = program
  .command('alerts')
  .description('what a person should know of: the alerts that are open; `test` tries the channels')
  .option('--all', 'also what is over: the latest hundred')
  .option('--json', 'for programs')
  .action(async (options: { all?: boolean; json?: boolean }) => {
    const { listAlerts } = await import('./commands/alerts.ts');
    await listAlerts(settings('none'), options, out);
  });

alerts
  .command('test')
  .description('send a test through every channel that is set up, and say how each took it')
  .action(async () => {
    const { testAlerts } = await import('./commands/alerts.ts');
    await testAlerts(settings('none'), out);
  });

program
  .command('backup')
  .argument('<file>', 'where to; must not be there yet')
  .description('the whole record in one file, also while everything runs')
  .option('--by <name>', 'who asks (default: the user of this system)')
  .action(async (file: string, { by }: { by?: string }) => {
    const { backup } = await import('./commands/backup.ts');
    await backup(settings('none'), file, by || systemUser(), out);
  });

program
  .command('unclaimed')
  .description('projects on OneDev with our marker that no mirror has, after a record was lost; changes nothing')
  .option('--json', 'for programs')
  .action(async (options: { json?: boolean }) => {
    const { listUnclaimed } = await import('./commands/unclaimed.ts');
    await listUnclaimed(settings('none'), options, out);
  });

program
  .command('restore-backup')
  .argument('<file>', 'what `starkeep backup` has written')
  .description('put a backup into an empty database (DATABASE_URL, or a new data folder), before the first start')
  .option('--by <name>', 'who asks (default: the user of this system)')
  .action(async (file: string, { by }: { by?: string }) => {
    const { restoreFrom } = await import('./commands/backup.ts');
    await restoreFrom(settings('none'), file, by || systemUser(), out);
  });

const deletions = program
  .command('deletions')
  .description('what is about to be deleted: when, why, on what proof; `approve`, `cancel` and `ask` decide')
  .option('--json', 'for programs')
  .action(async (options: { json?: boolean }) => {
    const { listDeletions } = await import('./commands/deletions.ts');
    await listDeletions(settings('none'), options, out);
  });

decisionCommand(deletions, 'approve', 'approveDeletion', 'delete it now, if GitHub does not show it as starred');
decisionCommand(deletions, 'cancel', 'cancelDeletion', 'keep it although it is not starred');

deletions
  .command('ask')
  .argument('<reading>', 'id of a reading, as `deletions` shows it')
  .description(
    'ask GitHub about the stars that a held reading lacks; what is proven unstarred waits out its grace period',
  )
  .option('--by <name>', 'who decides (default: the user of this system)')
  .action(async (readingId: string, { by }: { by?: string }) => {
    const { askAboutHeld } = await import('./commands/held-readings.ts');
    await askAboutHeld(settings('none'), readingId, by || systemUser(), out);
  });

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

interface SyncOptions extends SelectionOptions {
  wait: boolean;
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

/** A command by which a person decides about one mirror. */
function decisionCommand(parent: Command, name: string, decision: MirrorDecision, description: string): void {
  parent
    .command(name)
    .argument('<repository>', 'owner/name, name, or mirror id')
    .description(description)
    .option('--by <name>', 'who decides (default: the user of this system)')
    .option('--reason <text>', 'why')
    .action(async (repository: string, { by, reason }: { by?: string; reason?: string }) => {
      const { decide } = await import('./commands/decide.ts');
      const person = { by: by || systemUser(), ...(reason ? { reason } : {}) };
      await decide(settings('none'), decision, repository, person, out);
    });
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container a user id need not have a name.
    throw new Refusal('This user has no name on this system. Say who decides: --by NAME');
  }
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
  if (file !== undefined) loadSettingsFile(file);
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
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof ConfigError) {
    complain(`${error.message}\n\nNothing was started. \`starkeep config\` prints every setting.\n`);
    return EXIT_USAGE;
  }
  if (error instanceof UsageError) {
    complain(`${error.message}\nNothing was done. \`starkeep help COMMAND\` says how a command is used.\n`);
    return EXIT_USAGE;
  }
  if (error instanceof Refusal) {
    complain(`${error.message}\n`);
    return EXIT_FAILED;
  }
  if (error instanceof Failure) {
    complain(`${error.kind}: ${error.message}\n${error.row.hint}\n`);
    if (error.kind !== 'DataFolderInUse') return EXIT_FAILED;
    complain('Nothing was started.\n');
    return EXIT_USAGE;
  }
  complain(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_FAILED;
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
