import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';

/**
 * The receive hooks in the stand-in's repositories, and the ear they speak to. OneDev's hooks call the server back with curl; these open a
 * socket, which needs nothing but bash (or, where there is none, node) and costs no process.
 *
 * One exchange: `<push> <hook> <quarantine>`, git's lines, an empty line; back come the exit code and what to print.
 */

export interface HookQuestion {
  /** The push this belongs to, as the hook's environment named it. */
  push: string;
  hook: 'pre-receive' | 'post-receive';
  /** Where the pushed objects wait; `-` after they were let in. */
  quarantine: string;
  /** git's `<old> <new> <ref>` lines. */
  lines: string;
}

export interface HookAnswer {
  exitCode: number;
  output: string;
}

const BASH = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'bash'))
  .find((path) => existsSync(path));

const BASH_HOOK = (hook: string) => `#!${BASH}
exec 3<>"/dev/tcp/127.0.0.1/$ONEDEV_HOOK_PORT" || exit 1
{ printf '%s %s %s\\n' "$ONEDEV_PUSH" ${hook} "\${GIT_QUARANTINE_PATH:--}"; cat; printf '\\n'; } >&3
IFS= read -r code <&3
cat <&3 >&2
exit "\${code:-1}"
`;

const NODE_HOOK = (hook: string) => `#!/bin/sh
exec '${process.execPath}' -e '
const { ONEDEV_HOOK_PORT, ONEDEV_PUSH, GIT_QUARANTINE_PATH } = process.env;
const socket = require("node:net").connect(ONEDEV_HOOK_PORT, "127.0.0.1");
let answer = "";
socket.on("data", (chunk) => (answer += chunk));
socket.on("error", () => process.exit(1));
socket.on("end", () => {
  const [code, ...output] = answer.split("\\n");
  process.stderr.write(output.join("\\n"));
  process.exitCode = Number(code || 1);
});
socket.write(ONEDEV_PUSH + " ${hook} " + (GIT_QUARANTINE_PATH || "-") + "\\n" + require("node:fs").readFileSync(0) + "\\n");
'
`;

/** Puts both hooks into a repository's `hooks` folder. */
export async function writeHooks(folder: string): Promise<void> {
  for (const hook of ['pre-receive', 'post-receive']) {
    const file = join(folder, hook);
    await writeFile(file, BASH ? BASH_HOOK(hook) : NODE_HOOK(hook));
    await chmod(file, 0o755);
  }
}

export interface HookEar {
  port: number;
  close(): Promise<void>;
}

/** Listens for hooks on the loopback address. */
export async function listenToHooks(decide: (question: HookQuestion) => Promise<HookAnswer>): Promise<HookEar> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A hook that was killed needs no answer.
    socket.on('error', () => socket.destroy());
    hear(socket, decide);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function hear(socket: Socket, decide: (question: HookQuestion) => Promise<HookAnswer>): void {
  const chunks: Buffer[] = [];
  let tail = '';
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    tail = (tail + chunk.subarray(-2).toString('latin1')).slice(-2);
    if (tail !== '\n\n') return;
    const [head = '', ...lines] = Buffer.concat(chunks).toString().trimEnd().split('\n');
    const [push = '', hook = '', ...quarantine] = head.split(' ');
    const question: HookQuestion = {
      push,
      hook: hook === 'pre-receive' ? hook : 'post-receive',
      quarantine: quarantine.join(' '),
      lines: lines.join('\n'),
    };
    decide(question).then(
      ({ exitCode, output }) => socket.end(`${exitCode}\n${output}`),
      (error: unknown) => socket.end(`1\nthe stand-in failed: ${String(error)}\n`),
    );
  });
}
