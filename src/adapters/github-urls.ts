import { Failure } from '../domain/failures.ts';

/**
 * Checks that a clone address is where credentials may go: protocol, host and port of `webUrl`.
 * @returns the `owner/name` in it
 * @throws Failure `SourceForeignUrl`
 */
export function clonePath(cloneUrl: string, webUrl: string): string {
  const web = new URL(webUrl);
  const url = URL.canParse(cloneUrl) ? new URL(cloneUrl) : null;
  if (!url) throw new Failure('SourceForeignUrl', 'GitHub named a clone address that is none');
  if (url.origin !== web.origin || url.protocol !== web.protocol) {
    throw new Failure('SourceForeignUrl', `The clone address is on ${url.protocol}//${url.host}, not on ${web.origin}`);
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new Failure('SourceForeignUrl', 'The clone address has more in it than host and path');
  }
  return url.pathname
    .replace(/\.git$/, '')
    .split('/')
    .slice(-2)
    .join('/');
}

/** `git@host:owner/name.git`, or the same as a URL, which may name a port. */
const SSH_ADDRESS = /^(?:ssh:\/\/)?[\w][\w.-]*@(?<host>\[[\da-f:]+\]|[\w][\w.-]*)[:/][\w./~-]+$/i;

/**
 * Checks that an SSH address is on the host of `webUrl`, and that nothing in it could be read as an option of ssh.
 * @throws Failure `SourceForeignUrl`
 */
export function sshTarget(sshUrl: string, webUrl: string): string {
  const host = SSH_ADDRESS.exec(sshUrl)?.groups?.['host'];
  if (host === undefined) throw new Failure('SourceForeignUrl', 'GitHub named an SSH address that is none');
  const { hostname } = new URL(webUrl);
  if (host.toLowerCase() !== hostname) {
    throw new Failure('SourceForeignUrl', `The SSH address is on ${host}, not on ${hostname}`);
  }
  return sshUrl;
}
