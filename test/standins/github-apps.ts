import { createVerify, generateKeyPairSync, sign } from 'node:crypto';
import type { StandinRepository } from './github-model.ts';

/** One GitHub App: its key, its installations, the tokens they were given. */

export interface StandinApp {
  readonly appId: string;
  /** PEM, PKCS#1, as GitHub hands it out. */
  readonly privateKey: string;
  readonly installations: StandinInstallation[];
  install(account: string, repositories: StandinRepository[]): StandinInstallation;
  /** Why a JWT is refused; `null` when it is the App's own and fresh. */
  refuse(jwt: string): string | null;
  issueToken(installation: StandinInstallation): { token: string; expiresAt: string };
  /** The installation a token was issued to, while the token lives. */
  holderOf(token: string): StandinInstallation | null;
  /** Ends every token at once, as a change of permissions does. */
  revokeTokens(): void;
}

export interface StandinInstallation {
  readonly id: number;
  account: string;
  repositories: StandinRepository[];
  suspendedAt: string | null;
}

const FIRST_INSTALLATION_ID = 52_000_001;
const TOKEN_LIFE_MS = 3_600_000;

/** GitHub refuses a JWT that lives longer than this. */
const MAX_JWT_LIFE_SECONDS = 600;

export function createStandinApp(): StandinApp {
  const appId = '4711';
  let made: KeyPair | null = null;
  // Made when first needed: it takes a tenth of a second, and most tests have no App.
  const keys = (): KeyPair => (made ??= createKeys());
  const installations: StandinInstallation[] = [];
  const tokens = new Map<string, { installation: StandinInstallation; expires: number }>();

  return {
    appId,
    get privateKey() {
      return keys().privateKey;
    },
    installations,
    install(account, repositories) {
      const id = FIRST_INSTALLATION_ID + installations.length;
      const installation = { id, account, repositories, suspendedAt: null };
      installations.push(installation);
      return installation;
    },
    refuse: (jwt) => refuseJwt(jwt, keys().publicKey, appId),
    issueToken(installation) {
      const expires = Date.now() + TOKEN_LIFE_MS;
      const claims = { iss: appId, sub: installation.id, exp: Math.floor(expires / 1000), jti: tokens.size };
      const unsigned = `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(claims)}`;
      const token = `ghs_${appId}_${unsigned}.${sign('RSA-SHA256', Buffer.from(unsigned), keys().privateKey).toString('base64url')}`;
      tokens.set(token, { installation, expires });
      return { token, expiresAt: new Date(expires).toISOString() };
    },
    holderOf(token) {
      const held = tokens.get(token);
      return held && held.expires > Date.now() ? held.installation : null;
    },
    revokeTokens: () => tokens.clear(),
  };
}

interface KeyPair {
  privateKey: string;
  publicKey: string;
}

function createKeys(): KeyPair {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

function refuseJwt(jwt: string, publicKey: string, appId: string): string | null {
  const [head = '', body = '', signature = ''] = jwt.split('.');
  const header = decoded(head);
  const claims = decoded(body);
  if (header?.['alg'] !== 'RS256' || !claims) return 'A JSON web token could not be decoded';
  const signed = createVerify('RSA-SHA256').update(`${head}.${body}`).verify(publicKey, signature, 'base64url');
  if (!signed) return 'A JSON web token could not be decoded';
  const { iat, exp, iss } = claims;
  const now = Math.floor(Date.now() / 1000);
  if (String(iss) !== appId) return "'Issuer' claim ('iss') must be an Integer";
  if (typeof iat !== 'number' || iat > now) {
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  }
  if (typeof exp !== 'number' || exp <= now) {
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  }
  return exp - now > MAX_JWT_LIFE_SECONDS ? "'Expiration time' claim ('exp') is too far in the future" : null;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decoded(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    // Not JSON, so no token of ours.
    return null;
  }
}
