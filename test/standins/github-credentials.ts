import type { IncomingMessage } from 'node:http';
import type { StandinApp, StandinInstallation } from './github-apps.ts';
import type { StandinRepository } from './github-model.ts';

/** Who asks. */
export type Credential =
  | { kind: 'anonymous' }
  | { kind: 'bad'; message: string }
  | { kind: 'user' }
  | { kind: 'app' }
  | { kind: 'installation'; installation: StandinInstallation };

interface CredentialState {
  token: string;
  app: StandinApp;
  switches: { tokenRevoked: boolean };
}

/** @returns what the Authorization header proves: `token` and `Bearer` in any case, and basic with the token as password */
export function credentialOf(request: IncomingMessage, { token, app, switches }: CredentialState): Credential {
  const [scheme = '', value = ''] = (request.headers.authorization ?? '').split(/\s+/);
  if (scheme === '') return { kind: 'anonymous' };
  const secret = /^basic$/i.test(scheme)
    ? Buffer.from(value, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : /^(token|bearer)$/i.test(scheme)
      ? value
      : '';
  if (secret === token && !switches.tokenRevoked) return { kind: 'user' };
  const installation = app.holderOf(secret);
  if (installation) return { kind: 'installation', installation };
  if (/^bearer$/i.test(scheme) && /^ey[\w-]*\.[\w-]+\.[\w-]+$/.test(secret)) {
    const refusal = app.refuse(secret);
    return refusal === null ? { kind: 'app' } : { kind: 'bad', message: refusal };
  }
  return { kind: 'bad', message: 'Bad credentials' };
}

/** Hidden things look as if they were not there. */
export function maySee(repository: StandinRepository, credential: Credential): boolean {
  if (repository.deleted) return false;
  if (!repository.private) return true;
  if (credential.kind === 'user') return repository.accessible;
  return credential.kind === 'installation' && credential.installation.repositories.includes(repository);
}
