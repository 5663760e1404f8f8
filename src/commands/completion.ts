import tab from '@bomb.sh/tab/commander';
import type { RootCommand } from '@bomb.sh/tab';
import type { Command } from 'commander';
import { FULL_NAME } from '../domain/adding.ts';
import { MIRROR_STATUSES } from '../domain/model.ts';
import { KEY_SCOPES } from '../domain/keys.ts';

/** `starkeep completion SHELL`: a script that has the shell ask `starkeep complete -- WORDS` for what may come next. */

/** A person waits at the prompt: names that take longer are not offered. */
const NAMES_WITHIN_MS = 2_000;

/** What a repository is called in the arguments of commands. */
const REPOSITORY = 'repository';

/**
 * Adds both commands, to a program that has all others.
 * @param namesOf asked where the name of a mirror may come next; what fails or is too slow offers none, since nobody reads an error there
 */
export function addCompletion(
  program: Command,
  namesOf: (settingsFile: string | undefined) => Promise<string[]>,
): void {
  const root = tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print what teaches a shell to complete commands, options and names')
    .addHelpText('after', SET_UP);
  offer(root, 'list', 'status', MIRROR_STATUSES);
  offer(root, 'keys create', 'scope', KEY_SCOPES);
  program.hook('preAction', async (_, command) => {
    if (command.name() !== 'complete') return;
    const words = command.args;
    const arguments_ = commandOf(root, words)?.arguments;
    const argument = arguments_?.get(REPOSITORY);
    if (!argument || words.at(-1)?.startsWith('-')) return;
    const at = words.indexOf('--settings');
    const names = await soon(namesOf(at < 0 ? undefined : words[at + 1]));
    argument.handler = (complete) => {
      // bash expands what it is offered: what is no name of a repository could be a command.
      for (const name of names) if (FULL_NAME.test(name)) complete(name, '');
    };
  });
  // A request that was given up would keep the process, and the prompt, waiting.
  program.hook('postAction', (_, command) => {
    if (command.name() === 'complete') process.exit();
  });
}

const SET_UP = `
Examples:
  $ echo 'source <(starkeep completion bash)' >> ~/.bashrc
  $ starkeep completion zsh > "\${fpath[1]}/_starkeep"
  $ starkeep completion fish > ~/.config/fish/completions/starkeep.fish`;

function offer(root: RootCommand, command: string, option: string, values: readonly string[]): void {
  const found = root.commands.get(command)?.options.get(option);
  if (!found) throw new Error(`there is no option --${option} of ${command} to complete`);
  found.isBoolean = false;
  found.handler = (complete) => {
    for (const value of values) complete(value, '');
  };
}

/** The command whose arguments come next: of two words where there is one, as in `deletions approve`. */
function commandOf(root: RootCommand, words: string[]) {
  const plain = words.slice(0, -1).filter((word) => !word.startsWith('-'));
  return root.commands.get(plain.slice(0, 2).join(' ')) ?? root.commands.get(plain[0] ?? '');
}

async function soon(names: Promise<string[]>): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => (timer = setTimeout(() => resolve([]), NAMES_WITHIN_MS)));
  try {
    return await Promise.race([names.catch(() => []), late]);
  } finally {
    clearTimeout(timer);
  }
}
