import type { IncomingHttpHeaders } from 'node:http';

/** Who asks: OneDev's credentials, in every form it takes them, and the rights behind them. */

/** An answer other than success, thrown anywhere below the request handler. */
export class OnedevError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, text: string, headers: Record<string, string> = {}) {
    super(text);
    this.status = status;
    this.headers = headers;
  }
}

export type Right = 'read' | 'write' | 'createChildren' | 'manage';

export interface Principal {
  /** `token`: an access token without its owner's permissions. */
  kind: 'user' | 'token';
  name: string;
  admin: boolean;
  mayCreateRoots: boolean;
  /** Rights on projects, valid for everything below them too. */
  grants: { path: string; right: Right }[];
}

/** Seeded roles that matter here. @see OneDev 16.5.6 `DefaultRoleService` */
export const ROLES: { id: number; name: string; right: Right }[] = [
  { id: 1, name: 'Project Owner', right: 'manage' },
  { id: 2, name: 'Code Writer', right: 'write' },
  { id: 3, name: 'Code Reader', right: 'read' },
];

export class Access {
  readonly #principals = new Map<string, Principal>();

  add(token: string, principal: Partial<Principal>): Principal {
    const nobody: Principal = { kind: 'user', name: 'mirror', admin: false, mayCreateRoots: false, grants: [] };
    const whole: Principal = { ...nobody, ...principal };
    this.#principals.set(token, whole);
    return whole;
  }

  remove(token: string): void {
    this.#principals.delete(token);
  }

  /**
   * @returns `null` for nobody
   * @throws OnedevError 401 for credentials that are not good, without `WWW-Authenticate`
   */
  authenticate(headers: IncomingHttpHeaders): Principal | null {
    const header = String(headers['onedevauthorization'] ?? headers.authorization ?? '');
    const [scheme = '', value = ''] = header.split(/\s+(.*)/s);
    if (scheme.toLowerCase() === 'basic') return this.#basic(value);
    if (scheme === 'Bearer' || scheme === 'token') return this.#known(value);
    return null;
  }

  #basic(value: string): Principal | null {
    const [user = '', password = ''] = Buffer.from(value, 'base64').toString().split(/:(.*)/s);
    const asUser = this.#principals.get(user);
    if (asUser) return asUser;
    // A token in the place of the user name, with no password, that is not good counts as nobody.
    return password === '' ? null : this.#known(password);
  }

  #known(token: string): Principal {
    const principal = this.#principals.get(token);
    if (!principal) throw new OnedevError(401, 'Invalid account or incorrect credentials');
    return principal;
  }
}

export function includes(held: Right, wanted: Right): boolean {
  return held === 'manage' || held === wanted || wanted === 'read';
}
