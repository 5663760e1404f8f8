import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * Does what deploy/Containerfile says, without an engine: its COPY and RUN, in one folder per stage. The last stage's RUN is left out: it installs
 * Debian's packages, as root. Instructions that this does not know are an error, so that the file cannot grow past what is tested.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const FILE = join(ROOT, 'deploy/Containerfile');

const run = promisify(execFile);

export interface Built {
  /** The folder that is `/app` in the image. */
  app: string;
  /** What the image sets. */
  environment: Record<string, string>;
  /** `UID:GID` */
  user: string;
}

interface Instruction {
  name: string;
  text: string;
}

/** What the engine notes down and nothing else; {@link readContainerfile} keeps ENV and USER. */
const NOTED = ['ARG', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD', 'LABEL'];

/** @param dir where the stages are made */
export async function buildImage(dir: string): Promise<Built> {
  const stages = await readContainerfile();
  const context = await contextFiles();
  const folders = new Map<string, string>();
  let at = '';
  for (const { name, isLast, instructions } of stages) {
    const root = join(dir, name);
    at = root;
    folders.set(name, root);
    for (const instruction of instructions) {
      if (instruction.name === 'WORKDIR') await mkdir((at = join(root, instruction.text)), { recursive: true });
      else if (instruction.name === 'COPY') await copy(instruction.text, at, context, folders);
      else if (instruction.name === 'RUN') {
        if (!isLast) await shell(instruction.text, at);
      } else if (!NOTED.includes(instruction.name)) {
        throw new Error(`${instruction.name} in deploy/Containerfile is not known to test/deploy/containerfile.ts`);
      }
    }
  }
  const last = stages.at(-1)?.instructions ?? [];
  const texts = (name: string) => last.filter((instruction) => instruction.name === name).map(({ text }) => text);
  const pairs = texts('ENV').flatMap((text) =>
    text.split(/\s+/).map((pair): [string, string] => {
      // A value may have one of its own, as an option of Node's does.
      const [name = '', ...value] = pair.split('=');
      return [name, value.join('=')];
    }),
  );
  return { app: at, environment: Object.fromEntries(pairs), user: texts('USER').at(-1) ?? '' };
}

interface Stage {
  name: string;
  isLast: boolean;
  instructions: Instruction[];
}

async function readContainerfile(): Promise<Stage[]> {
  const text = await readFile(FILE, 'utf8');
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  const stages: Stage[] = [];
  for (const line of lines.filter((each) => each.trim() !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') {
      stages.push({ name: / AS (\S+)$/.exec(rest)?.[1] ?? 'image', isLast: false, instructions: [] });
    } else stages.at(-1)?.instructions.push({ name, text: rest.trim() });
  }
  const last = stages.at(-1);
  if (last === undefined) throw new Error('deploy/Containerfile has no FROM');
  last.isLast = true;
  return stages;
}

/** What git knows or would add, as far as .dockerignore lets it through: a list of what is let through, after `*`. */
async function contextFiles(): Promise<string[]> {
  const ignore = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n').filter((line) => /^[^#]/.test(line));
  const [first, ...rest] = ignore;
  const allowed = rest.map((line) => /^!(\S+)$/.exec(line)?.[1]);
  if (first !== '*' || allowed.includes(undefined)) throw new Error('.dockerignore is `*`, then only `!PATH`');
  const listed = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  const files = listed.stdout.split('\0').filter(Boolean);
  return files.filter((file) => allowed.some((path) => file === path || file.startsWith(`${path}/`)));
}

async function copy(text: string, at: string, context: string[], folders: Map<string, string>): Promise<void> {
  const [, stage, rest = text] = /^--from=(\S+)\s+(.*)$/.exec(text) ?? [];
  const words = rest.split(/\s+/);
  const to = words.at(-1) ?? '';
  const sources = words.slice(0, -1);
  for (const source of sources) {
    const target = sources.length > 1 || /\/$|^\.$/.test(to) ? join(at, to) : resolve(at, to);
    if (stage !== undefined) {
      await cp(join(folders.get(stage) ?? '', source), target, { recursive: true });
      continue;
    }
    const wanted = context.filter((file) => source === '.' || file === source || file.startsWith(`${source}/`));
    if (wanted.length === 0) throw new Error(`COPY ${source}: .dockerignore keeps it out, or it is not there`);
    const isFolder = (await stat(join(ROOT, source))).isDirectory();
    for (const file of wanted) {
      const inside = isFolder ? relative(source, file) : basename(file);
      await cp(join(ROOT, file), join(target, inside));
    }
  }
}

/** As an image's build has it: nothing of the caller's but the way to programs, and to the registry that npm is set up for. */
async function shell(command: string, cwd: string): Promise<void> {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(?:PATH|HOME|TMPDIR|npm_config_\w+|.*_proxy)$/i.test(name),
  );
  // Under `npm run`, npm tells its children where it was started; a build starts anew.
  const own = kept.filter(([name]) => !/^npm_config_(?:prefix|local_prefix|global_prefix)$/i.test(name));
  try {
    await run('/bin/sh', ['-c', command], { cwd, env: Object.fromEntries(own), maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`RUN ${command} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}
