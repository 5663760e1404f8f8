import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { parseEnv } from 'node:util';
import { Command, CommanderError } from 'commander';
import { migrate } from './adapters/postgres/migrate.ts';
import { Refusal } from './commands/refusal.ts';
import { typed, type Output } from './commands/wording.ts';
import { ConfigError, loadConfig, required, type Config, type Role } from './config.ts';
import { Failure } from './domain/failures.ts';
import type { MirrorDecision } from './domain/ports.ts';
import { VERSION } from './version.ts';

/** The only reader of argv. */

/** Exit codes: 0 done · 1 it failed · 2 the command or a setting is wrong, nothing was started. */
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const out: Output = { print, width: process.stdout.isTTY ? process.stdout.columns : null };

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
    const config = settings('up');
    await up(config, process.env, typed(settingsFile ? `list --settings ${quoted(settingsFile.path)}` : 'list'));
  });

program
  .command('api')
  .description('the webhook receiver and API alone; needs DATABASE_URL and TEMPORAL_ADDRESS')
  .action(async () => {
    const { runApi } = await import('./api/main.ts');
    await runApi(settings('api'));
  });

program
  .command('worker')
  .description('a worker alone; needs DATABASE_URL and TEMPORAL_ADDRESS; any number may run')
  .action(async () => {
    const { runWorker } = await import('./worker/main.ts');
    await runWorker(settings('worker'));
  });

program
  .command('migrate')
  .description('bring the database up to this version')
  .action(async () => {
    const run = await migrate(required(settings('migrate').databaseUrl));
    print(run.length > 0 ? `Migrations run: ${run.join(', ')}` : 'The database is up to date.');
  });

program
  .command('config')
  .description('print every setting, where it comes from, and what it means; secrets stay hidden')
  .action(async () => {
    const { printSettings } = await import('./commands/settings.ts');
    printSettings(settings('none'), settingsFile, out);
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

decisionCommand(program, 'sync', 'syncNow', 'compare everything with GitHub now, without waiting for an event');
decisionCommand(program, 'pause', 'pause', 'sync nothing until it is resumed; calls off its deletion');
decisionCommand(program, 'resume', 'resume', 'go on with what was paused');

program
  .command('reconcile')
  .description('read the star list now, and wait for what it finds; Ctrl-C leaves it running')
  .option('--full', 'read everything, however recent the last complete reading is')
  .action(async (options: { full?: boolean }) => {
    const { reconcile } = await import('./commands/star-list.ts');
    await reconcile(settings('none'), options, out);
  });

program
  .command('replay')
  .argument('[guid]', 'the id of one delivery')
  .description('dispatch webhook deliveries once more; harmless, since a delivery only makes Starkeep look')
  .option('--since <duration>', 'everything received within it, such as 2h')
  .option('--failed', 'only what was accepted and never dispatched')
  .action(async (guid: string | undefined, options: { since?: string; failed?: boolean }) => {
    const { replay } = await import('./commands/replay.ts');
    await replay(settings('none'), guid, options, out);
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

function settings(role: Role): Config {
  const { settings: file } = program.opts<{ settings?: string }>();
  if (file !== undefined) loadSettingsFile(file);
  return loadConfig(process.env, role);
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
  const names = new Set<string>();
  for (const [name, value] of Object.entries(parseEnv(content))) {
    if (process.env[name]) continue;
    process.env[name] = value;
    names.add(name);
  }
  settingsFile = { path, names };
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
    process.stderr.write(`${error.message}\n\nNothing was started. \`starkeep config\` prints every setting.\n`);
    return EXIT_USAGE;
  }
  if (error instanceof Refusal) {
    process.stderr.write(`${error.message}\n`);
    return EXIT_FAILED;
  }
  if (error instanceof Failure) {
    process.stderr.write(`${error.kind}: ${error.message}\n${error.row.hint}\n`);
    if (error.kind !== 'DataFolderInUse') return EXIT_FAILED;
    process.stderr.write('Nothing was started.\n');
    return EXIT_USAGE;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_FAILED;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
