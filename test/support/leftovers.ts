import { readdir, readFile, readlink } from 'node:fs/promises';

/** How long processes that are just ending may take. */
const PATIENCE_MS = 5_000;

/**
 * Ends the processes that tests of this run left behind, recognised by the run's own temporary folder in their environment, arguments or
 * working directory. Linux only; elsewhere it finds none.
 * @returns what they were
 */
export async function endLeftovers(folder: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const deadline = Date.now() + PATIENCE_MS;
  let found = await processesOf(folder);
  while (found.length > 0 && Date.now() < deadline) {
    await new Promise((wake) => setTimeout(wake, 100));
    found = await processesOf(folder);
  }
  for (const { pid } of found) process.kill(pid, 'SIGKILL');
  return found.map(({ pid, command }) => `${pid} ${command}`);
}

/** Processes that have to do with the folder, apart from ours and our own children. */
export async function processesOf(folder: string): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = [];
  for (const pid of pids) {
    const command = (await read(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim();
    // An ended process that nobody has collected yet has no command line.
    if (command === '' || pid === process.pid || (await isOwnWorker(pid))) continue;
    const traces = [command, await read(`/proc/${pid}/environ`), await readlink(`/proc/${pid}/cwd`).catch(() => '')];
    if (traces.some((trace) => trace.includes(folder))) found.push({ pid, command: command.slice(0, 200) });
  }
  return found;
}

/** vitest ends its workers only after this. */
async function isOwnWorker(pid: number): Promise<boolean> {
  return (await read(`/proc/${pid}/status`)).includes(`\nPPid:\t${process.pid}\n`);
}

/** A process may end while it is being looked at; others are none of our business to read. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
