import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.ts';
import type { GitRemote } from '../../domain/ports.ts';
import { trustedBundle } from '../trust.ts';

/** A directory of one run alone, removed when the run ends. */
export interface Workspace {
  dir: string;
  /** An empty directory that git takes for the home directory. */
  home: string;
}

type Environment = Record<string, string>;
type Setting = readonly [key: string, value: string];

/** What git needs of the machine; everything else in our environment (tokens among it) stays with us. */
const INHERITED = [
  'PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]),
];

/** Nothing is read from the machine's or a person's git settings, nothing is run that a repository names, nobody is asked anything. */
const SETTINGS: Setting[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.logAllRefUpdates', 'false'],
  // A cache is thrown away at the first doubt, so that a machine that goes down costs one fetch; a thousand tags would wait for the disk a thousand times.
  ['core.fsync', '-reference'],
  ['credential.helper', ''],
  // A redirect would carry the credentials to whoever is named there.
  ['http.followRedirects', 'false'],
  ['http.sslVerify', 'true'],
  ['protocol.allow', 'never'],
  ['protocol.version', '2'],
  // Only index-pack, which small fetches would do without, says how many objects and bytes arrive.
  ['fetch.unpackLimit', '1'],
  // Maintenance would run on in the background, after the lock on the cache is released.
  ['gc.auto', '0'],
  ['gc.autoDetach', 'false'],
  ['maintenance.auto', 'false'],
  ['submodule.recurse', 'false'],
  ['push.gpgSign', 'false'],
];

/**
 * The environment for git commands that stay on this machine.
 * @param host where the few inherited names (PATH, proxies, certificate stores) are taken from
 */
export function localEnvironment(
  host: NodeJS.ProcessEnv,
  workspace: Workspace,
  settings: readonly Setting[] = [],
): Environment {
  const environment: Environment = {};
  for (const name of INHERITED) {
    const value = host[name];
    if (value !== undefined) environment[name] = value;
  }
  Object.assign(environment, {
    HOME: workspace.home,
    TMPDIR: workspace.dir,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GIT_NO_REPLACE_OBJECTS: '1',
    // A data folder inside somebody's checkout must not make git read that repository's settings.
    GIT_CEILING_DIRECTORIES: workspace.dir,
  });
  [...SETTINGS, ...settings].forEach(([key, value], index) => {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  environment['GIT_CONFIG_COUNT'] = String(SETTINGS.length + settings.length);
  return environment;
}

/**
 * The environment for git commands that talk to one remote: only that remote's protocol is allowed, and only its origin gets the
 * credentials. They are in the environment and, for SSH, in a file of mode 0600 in the workspace; never in an argument, a URL or a config file.
 * @throws Failure `TransferFailed` when the address is neither http, https nor ssh, or contains a password
 */
export async function remoteEnvironment(
  host: NodeJS.ProcessEnv,
  workspace: Workspace,
  remote: GitRemote,
): Promise<Environment> {
  const { protocol, origin } = addressOf(remote.url);
  const allowed: Setting[] = [[`protocol.${protocol}.allow`, 'always'], ...(await ownTrust(workspace, protocol))];
  if (remote.auth.kind === 'ssh') {
    const command = await sshCommand(workspace, remote.auth);
    return {
      ...localEnvironment(host, workspace, allowed),
      GIT_SSH_COMMAND: command,
      GIT_SSH_VARIANT: 'ssh',
    };
  }
  if (remote.auth.kind === 'none' || origin === null) return localEnvironment(host, workspace, allowed);
  const pair = Buffer.from(`${remote.auth.username}:${remote.auth.password}`).toString('base64');
  const header: Setting = [`http.${origin}/.extraHeader`, `Authorization: Basic ${pair}`];
  return localEnvironment(host, workspace, [...allowed, header]);
}

/** git has no way to trust somebody besides the usual ones, so it gets all of them in one file. */
async function ownTrust(workspace: Workspace, protocol: string): Promise<Setting[]> {
  const bundle = protocol === 'https' ? trustedBundle() : null;
  if (bundle === null) return [];
  const file = join(workspace.dir, 'trusted.pem');
  await writeFile(file, bundle, { mode: 0o600 });
  return [['http.sslCAInfo', file]];
}

/** `git@host:path`, where the part before the colon has no slash and does not begin like an option. */
const SCP_ADDRESS = /^(?!-)[^/\s:]+:(?!\/\/)(?!-)\S+$/;

/** @throws Failure `TransferFailed` when the address is neither http, https nor ssh, or contains a password */
export function addressOf(url: string): { protocol: string; origin: string | null } {
  if (SCP_ADDRESS.test(url)) return { protocol: 'ssh', origin: null };
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const protocol = parsed?.protocol.slice(0, -1) ?? '';
  if (parsed === null || !['http', 'https', 'ssh'].includes(protocol)) {
    throw new Failure('TransferFailed', 'The address of a git server must begin with https://, http:// or ssh://.');
  }
  if (parsed.password !== '' || (parsed.username !== '' && protocol !== 'ssh')) {
    throw new Failure('TransferFailed', `The address of the git server ${parsed.host} contains credentials.`);
  }
  return { protocol, origin: protocol === 'ssh' ? null : parsed.origin };
}

/** Only our key, only the host keys we know, and no question asked. */
async function sshCommand(workspace: Workspace, auth: { privateKey: string; knownHosts: string }): Promise<string> {
  // One for each remote: source and target may have different keys.
  const dir = await mkdtemp(join(workspace.dir, 'ssh-'));
  const key = join(dir, 'key');
  const knownHosts = join(dir, 'known_hosts');
  // OpenSSH refuses a key without a final newline.
  await writeFile(key, `${auth.privateKey.trimEnd()}\n`, { mode: 0o600 });
  await writeFile(knownHosts, `${auth.knownHosts.trimEnd()}\n`, { mode: 0o600 });
  const options = [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    'PreferredAuthentications=publickey',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile="${knownHosts}"`,
    'GlobalKnownHostsFile=/dev/null',
    'UpdateHostKeys=no',
    'ConnectTimeout=30',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=4',
  ];
  const flags = options.flatMap((option) => ['-o', quoted(option)]);
  return ['ssh', '-F', '/dev/null', '-i', quoted(key), ...flags].join(' ');
}

/** git hands the command to a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
