/** What the API takes and answers. Written by `npm run docs` from its OpenAPI document; change the routes, not this. */

export interface paths {
  '/session': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Who asks, and until when */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The key, and the session if it is one */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Who'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /**
     * Exchange a key for a session of this browser
     * @description The answer sets a cookie that no script reads. What it is used for is in the audit log under the name of the key, and it ends with the key.
     */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Login'];
        };
      };
      responses: {
        /** @description The session has begun */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Who'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    /** End this session */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description It is over, and the cookie is gone */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/stats': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How everything is, in numbers */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description As of now */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Stats'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * What changes, as it happens (server-sent events)
     * @description Events `mirror`, `sync`, `deletion`, `delivery`, `batch`, `reading`, `alert`, `settings`, whose data has the ids of what changed and nothing else: ask for it again. What came while you were away follows when you come back with the header `Last-Event-ID`; where that is too long ago the event `reset` says that anything may have changed. One event may come twice.
     */
    get: {
      parameters: {
        query?: {
          /** @description In place of the header */
          lastEventId?: string;
        };
        header?: {
          'last-event-id'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Until you go, or for ten minutes: come back then */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'text/event-stream': components['schemas']['Event'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/running': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What is being synced now, and how far it is */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description At most 50, the oldest first */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Running'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/timeline': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What happened to a mirror, newest first: its syncs, and what the audit log has about it */
    get: {
      parameters: {
        query?: {
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of it */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Timeline'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Mirrors, searched, filtered and in an order
     * @description With `Accept: text/csv` everything that fits comes in one answer, one mirror a line; `limit` and `cursor` do not count then. An answer that breaks off is not closed properly.
     */
    get: {
      parameters: {
        query?: {
          /** @description One of these: repeated, or with commas */
          status?: (
            | 'pending'
            | 'in_progress'
            | 'completed'
            | 'failed'
            | 'permanent_failure'
            | 'pending_deletion'
            | 'deleted'
            | 'frozen'
            | 'excluded'
            | 'paused'
            | 'held'
          )[];
          /** @description Part of owner/name, in any case of letters */
          search?: string;
          /** @description owner/name, or the name alone, in any case of letters */
          name?: string;
          /** @description The whole owner, in any case of letters */
          owner?: string;
          language?: string;
          /** @description The kind of the last failure */
          errorKind?: string;
          /** @description By GitHub's estimate */
          minBytes?: number | null;
          maxBytes?: number | null;
          /** @description Only what should be looked at and was not for a day */
          stale?: 'true' | 'false';
          /** @description `-` turns it round. What never happened counts as before everything else */
          sort?:
            | 'name'
            | '-name'
            | 'pushedAt'
            | '-pushedAt'
            | 'lastSyncedAt'
            | '-lastSyncedAt'
            | 'bytes'
            | '-bytes'
            | 'stars'
            | '-stars';
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of them, or all of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorPage'];
            'text/csv': string;
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /**
     * Mirror a repository that need not be starred
     * @description It is pinned: no filter and no star list takes it away again.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            /** @example torvalds/linux */
            fullName: string;
          };
        };
      };
      responses: {
        /** @description It is mirrored now, under the name it has today */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              mirrorId: string;
              fullName: string;
              workflowId: string;
            };
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A request with that key is under way, or was answered with a secret that is told once */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description GitHub does not answer, or refuses the token */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/facets': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What mirrors can be filtered by, and how many there are of each */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description At most 200 of each, most first */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorFacets'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/names': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What mirrors are called, in the order of names: for completion and suggestions */
    get: {
      parameters: {
        query?: {
          /** @description Part of owner/name, in any case of letters */
          search?: string;
          limit?: number;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The first of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorNames'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One mirror */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description How it is */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Mirror'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/syncs': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What was done to a mirror, newest first */
    get: {
      parameters: {
        query?: {
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of it */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              syncs: components['schemas']['Sync'][];
              /** @description Hand it back as `cursor` for the next page; null: this was the last */
              next: string | null;
            };
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/sync': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Compare it with GitHub now */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['Decision'];
        };
      };
      responses: {
        /** @description The mirror was told */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorTold'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/pause': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Sync nothing until it is resumed */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['Decision'];
        };
      };
      responses: {
        /** @description The mirror was told */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorTold'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/resume': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Go on with what was paused */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['Decision'];
        };
      };
      responses: {
        /** @description The mirror was told */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorTold'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/approve-deletion': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Delete it now, if GitHub does not show it as starred */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['Decision'];
        };
      };
      responses: {
        /** @description The mirror was told */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorTold'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/cancel-deletion': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Keep it although it is not starred */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['Decision'];
        };
      };
      responses: {
        /** @description The mirror was told */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorTold'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/keep': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Keep it for ever, whatever the star list and the filters say
     * @description A deletion that is open is called off. May be repeated.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['Decision'];
        };
      };
      responses: {
        /** @description It is kept */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorTold'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/delete': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Have it deleted: at once where that waits for a person, else by the proof that it is not starred
     * @description Only what is not starred goes. Where no deletion is open, GitHub is asked whether it is unstarred, and after that it waits as every deletion does.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['DeletionRequest'];
        };
      };
      responses: {
        /** @description The mirror was told */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MirrorTold'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/history': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Old tips of rewritten and removed branches and tags, oldest first
     * @description OneDev itself is asked.
     */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description All of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              tips: components['schemas']['ArchivedTip'][];
            };
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description GitHub does not answer, or refuses the token */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/mirrors/{id}/restore': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Bring an old tip back as a branch that no sync removes */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': {
            /** @description Needed where several were kept; `tags/NAME` for a tag */
            branch?: string;
            /**
             * Format: date-time
             * @description As it was then; default: as it was last
             */
            at?: string;
          };
        };
      };
      responses: {
        /** @description It is there */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              ref: string;
              oid: string;
              /**
               * @description What it was the tip of
               * @example refs/heads/main
               */
              of: string;
              /**
               * Format: date-time
               * @description Until when it was that
               */
              archivedAt: string | null;
              /** @description false: it was there already */
              created: boolean;
            };
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description GitHub does not answer, or refuses the token */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/deliveries': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Webhook deliveries, newest first */
    get: {
      parameters: {
        query?: {
          event?: string;
          outcome?: 'accepted' | 'ignored';
          /** @description The whole name, in any case of letters */
          fullName?: string;
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              deliveries: components['schemas']['Delivery'][];
              /** @description Hand it back as `cursor` for the next page; null: this was the last */
              next: string | null;
            };
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/deliveries/{guid}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** One delivery, and what it became */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path: {
          guid: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description As far as it is kept */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['DeliveryDetail'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/deliveries/{guid}/replay': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Dispatch a delivery once more
     * @description Harmless: a delivery only makes Starkeep look, and what it does follows from what GitHub says now.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          guid: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description It was dispatched */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              guid: string;
              workflowId: string;
            };
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/deletions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Deletions: what is about to happen, and what was decided */
    get: {
      parameters: {
        query?: {
          /** @description `open`: not over yet, the next to be carried out first · `done`: over · `all`; both newest first */
          state?: 'open' | 'done' | 'all';
          /** @description Only of this mirror */
          mirrorId?: string;
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['DeletionPage'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/readings': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Readings of the star list, newest first */
    get: {
      parameters: {
        query?: {
          /** @description Only those whose absent stars wait for a person */
          held?: 'true' | 'false';
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ReadingPage'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/readings/latest': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * When everything that is starred was read last, and what stands in the way
     * @description Quick readings, which look only at what is new, do not count.
     */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Of the readings that are over */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['LatestReadings'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/readings/{id}/ask': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Ask GitHub about the stars that a held reading lacks
     * @description Only what is proven unstarred is going to be deleted, each at the end of its grace period.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description They are asked about */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['AbsentAskedAbout'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/reconcile': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What became of the reading that was asked for last */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description As of now */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['AskedReading'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Read the star list now */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['Reconcile'];
        };
      };
      responses: {
        /** @description The reading runs */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['ReadingStarted'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A request with that key is under way, or was answered with a secret that is told once */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/filters/preview': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * What filters would keep, exclude and change; nothing is set
     * @description From the record of what is starred. `limit` bounds kept and excluded together, which come by name.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: {
        content: {
          'application/json': components['schemas']['FilterPreviewRequest'];
        };
      };
      responses: {
        /** @description What they would do */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['FilterPreview'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A filter does not parse: `setting`, `word` and `position` say where */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description GitHub does not answer, or refuses the token */
        502: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/batches': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Batches, newest first */
    get: {
      parameters: {
        query?: {
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              batches: components['schemas']['Batch'][];
              /** @description Hand it back as `cursor` for the next page; null: this was the last */
              next: string | null;
            };
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Sync many mirrors */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            selection: components['schemas']['BatchSelection'];
          };
        };
      };
      responses: {
        /** @description It runs */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              batch: components['schemas']['Batch'];
              joined: boolean;
            };
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A request with that key is under way, or was answered with a secret that is told once */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A filter does not parse: `setting`, `word` and `position` say where */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/batches/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** How far a batch is */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description How far it is */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              batch: components['schemas']['Batch'];
              /** @description What failed or was skipped, the failed first; at most 100 */
              problems: {
                mirrorId: string;
                fullName: string;
                state: string;
                note: string | null;
              }[];
            };
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/batches/{id}/cancel': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** End a batch; what is under way goes on to its end */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description It is told to end */
        202: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              batch: components['schemas']['Batch'];
            };
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * The audit log, newest first
     * @description With `Accept: application/x-ndjson` everything that fits comes in one answer, oldest first, one entry a line; `limit` and `cursor` do not count then. An answer that breaks off is not closed properly.
     */
    get: {
      parameters: {
        query?: {
          since?: string;
          until?: string;
          actor?: string;
          /** @description The whole action, or with `*` at the end its beginning */
          action?: string;
          subject?: string;
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of it, or all of it */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              events: components['schemas']['AuditEvent'][];
              /** @description Hand it back as `cursor` for the next page; null: this was the last */
              next: string | null;
            };
            'application/x-ndjson': string;
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/audit/chain': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Whether the audit log is as it was written
     * @description Every entry is computed anew, which takes a while where there are many.
     */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description The verdict */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['AuditChain'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/places': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Where the servers beside Starkeep are, for links to them */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description Without a slash at the end */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Places'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/alerts': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** What a person should know of, newest first */
    get: {
      parameters: {
        query?: {
          /** @description `all`: also what is over */
          state?: 'open' | 'all';
          /** @description What each means, and what to do: docs/operations.md */
          kind?:
            | 'mirror_failed'
            | 'transfer_held'
            | 'deletion_waiting'
            | 'upstream_gone'
            | 'star_list_refused'
            | 'star_list_held'
            | 'star_list_incomplete'
            | 'token_refused'
            | 'token_expiring'
            | 'webhooks_silent'
            | 'inbox_backlog'
            | 'audit_broken';
          /** @description Entries on a page; fewer where they would be more than 100 KB */
          limit?: number;
          /** @description The `next` of the page before; without it the first page comes */
          cursor?: string;
        };
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description A page of it */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': {
              alerts: components['schemas']['Alert'][];
              /** @description Hand it back as `cursor` for the next page; null: this was the last */
              next: string | null;
            };
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/settings': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Every setting of this api, and where it comes from
     * @description Workers are meant to have the same ones.
     */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description All of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Settings'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /**
     * Enter settings, or take back what was entered
     * @description All of them or none; null or an empty text takes back. They are kept sealed. Api and workers see it, finish what is under way and start again by them. A secret does not follow an address that changes: enter it again with it.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['SettingsRequest'];
        };
      };
      responses: {
        /** @description They are entered */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['SettingsEntered'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A filter does not parse: `setting`, `word` and `position` say where */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/settings/test': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Try a connection with the settings as they are, or as they would be
     * @description Nothing is entered by it. Of alerts, each channel gets a message that says it is a test.
     */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['ProbeRequest'];
        };
      };
      responses: {
        /** @description What was found, also where something is wrong */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Probe'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A request with that key is under way, or was answered with a secret that is told once */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description A filter does not parse: `setting`, `word` and `position` say where */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/keys': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Every key there ever was, the oldest first; never their texts */
    get: {
      parameters: {
        query?: never;
        header?: {
          /** @description The `ETag` of an answer you have */
          'If-None-Match'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description All of them */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Keys'];
          };
        };
        /** @description It is as you have it */
        304: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    put?: never;
    /** Make a key */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['NewKey'];
        };
      };
      responses: {
        /** @description It lets in from now on */
        201: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['MadeKey'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/keys/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /** Revoke a key, and end all its sessions */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: {
          id: string;
        };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        /** @description It lets nobody in any more */
        204: {
          headers: {
            [name: string]: unknown;
          };
          content?: never;
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description There is no such thing */
        404: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/codec/decode': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /** Payloads of Temporal, readable; for `temporal workflow show --codec-endpoint …/api/v1/codec` */
    post: {
      parameters: {
        query?: never;
        header?: {
          /** @description Up to 100 printable characters of your choice: the same request with the same key is done once in a day, and gets the first answer again */
          'Idempotency-Key'?: string;
        };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': components['schemas']['Payloads'];
        };
      };
      responses: {
        /** @description In the same order */
        200: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/json': components['schemas']['Payloads'];
          };
        };
        /** @description The request does not fit: a field, a cursor, JSON */
        400: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description No valid key or session */
        401: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key may not do this, or another site asked for it by session */
        403: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body did not arrive in time */
        408: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Not as things are; the detail says why */
        409: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is too large */
        413: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The body is not JSON */
        415: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description The key was used for another request */
        422: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Something unexpected; the log has the details */
        500: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
        /** @description Postgres or Temporal does not answer; try again */
        503: {
          headers: {
            [name: string]: unknown;
          };
          content: {
            'application/problem+json': components['schemas']['Problem'];
          };
        };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    Who: {
      /** @description Of the key; what the audit log calls whoever uses it */
      name: string;
      /** @enum {string} */
      scope: 'read' | 'operate' | 'admin';
      /** @description null when the key itself was sent */
      session: {
        /** Format: date-time */
        createdAt: string;
        /**
         * Format: date-time
         * @description When it ends although it is used
         */
        expiresAt: string;
        /**
         * Format: date-time
         * @description When it ends unless it is used before
         */
        idleUntil: string;
      } | null;
    };
    /** @description RFC 9457 */
    Problem: {
      type: string;
      title: string;
      status: number;
      /** @description What is wrong, and what to do */
      detail: string;
      /** @description The kind of failure, as in docs/operations.md */
      kind?: string;
      /** @description Of a request that does not fit: each field, and what is expected of it */
      errors?: {
        in: string;
        field: string;
        problem: string;
      }[];
    } & {
      [key: string]: unknown;
    };
    Login: {
      key: string;
    };
    Stats: {
      /** @description Whose stars these are; null: not known yet */
      login: string | null;
      mirrors: {
        /** @description Meant to be on OneDev: neither deleted nor left out by a filter */
        total: number;
        /** @description Of these: synced at least once, not failing, not held */
        safe: number;
        byStatus: {
          pending?: number;
          in_progress?: number;
          completed?: number;
          failed?: number;
          permanent_failure?: number;
          pending_deletion?: number;
          deleted?: number;
          frozen?: number;
          excluded?: number;
          paused?: number;
          held?: number;
        };
      };
      failing: number;
      /** @description Held rewrites, deletions and readings that a person has to decide about */
      waiting: number;
      running: number;
      /** @description Should be looked at and was not for a day */
      stale: number;
      sweep: {
        /** Format: date-time */
        lastAt: string | null;
        /** Format: date-time */
        lastFullAt: string | null;
        lastOutcome: string | null;
        /**
         * Format: date-time
         * @description null: nothing is planned, or Temporal does not answer
         */
        nextAt: string | null;
        everyMs: number;
      };
      /** @description Requests an hour, as a worker saw them last; null: no limit, or nobody has asked yet */
      github: {
        limit: number;
        remaining: number;
        /** Format: date-time */
        resetAt: string;
        /** Format: date-time */
        seenAt: string;
      } | null;
      oldestSuccess: {
        mirrorId: string;
        fullName: string;
        /** Format: date-time */
        at: string;
      } | null;
      inbox: {
        waiting: number;
        oldestSeconds: number;
      };
      alerts: {
        open: number;
      };
      /** @description Days of UTC, the oldest first */
      days: {
        /** Format: date */
        day: string;
        completed: number;
        failed: number;
        bytes: number;
      }[];
    };
    /** @description One event of the stream, as EventSource hands it over */
    Event: {
      /** @description To go on from; the last one of the stream counts */
      id?: string;
      /** @enum {string} */
      event: 'mirror' | 'sync' | 'deletion' | 'delivery' | 'batch' | 'reading' | 'alert' | 'settings' | 'reset';
      /**
       * @description JSON: the ids of what changed; of `reset` there are none
       * @example {"mirrorId":"github-2325298"}
       */
      data: string;
    };
    Running: {
      transfers: components['schemas']['RunningTransfer'][];
    };
    RunningTransfer: {
      mirrorId: string;
      fullName: string;
      /** Format: date-time */
      startedAt: string;
      /** @description null: it has not got as far as the transfer, or Temporal does not answer */
      phase: string | null;
      bytes: number | null;
      bytesPerSecond: number | null;
      attempt: number;
    };
    Timeline: {
      entries: components['schemas']['TimelineEntry'][];
      /** @description Hand it back as `cursor` for the next page; null: this was the last */
      next: string | null;
    };
    TimelineEntry:
      | {
          /** @enum {string} */
          kind: 'sync';
          /** Format: date-time */
          at: string;
          sync: components['schemas']['Sync'];
        }
      | {
          /** @enum {string} */
          kind: 'event';
          /** Format: date-time */
          at: string;
          /** @example project.created */
          action: string;
          actor: string;
          details: {
            [key: string]: unknown;
          };
        };
    Sync: {
      syncId: string;
      trigger: string;
      outcome: string;
      attempt: number;
      workflowId: string;
      runId: string;
      correlationId: string;
      /** Format: date-time */
      startedAt: string;
      /** Format: date-time */
      finishedAt: string;
      refs: {
        [key: string]: number;
      } | null;
      bytes: number | null;
      objects: number | null;
      phases: {
        name: string;
        durationMs: number;
      }[];
      errorKind: string | null;
      errorMessage: string | null;
    };
    MirrorPage: {
      mirrors: components['schemas']['Mirror'][];
      /** @description How many fit the filter, on all pages */
      total: number;
      /** @description Hand it back as `cursor` for the next page; null: this was the last */
      next: string | null;
    };
    Mirror: {
      /** @example github-2325298 */
      mirrorId: string;
      /** @example torvalds/linux */
      fullName: string;
      htmlUrl: string | null;
      description: string | null;
      language: string | null;
      topics: string[];
      stars: number;
      /** @description GitHub's estimate; 0 says nothing */
      bytes: number;
      /** @enum {string|null} */
      visibility: 'public' | 'private' | 'internal' | null;
      archived: boolean;
      fork: boolean;
      defaultBranch: string | null;
      /** Format: date-time */
      pushedAt: string | null;
      starred: boolean;
      /** @description Added by hand or kept for ever: whatever the star list says */
      pinned: boolean;
      /** @description Who called its deletion off */
      keptBy: string | null;
      paused: boolean;
      /** @enum {string} */
      status:
        | 'pending'
        | 'in_progress'
        | 'completed'
        | 'failed'
        | 'permanent_failure'
        | 'pending_deletion'
        | 'deleted'
        | 'frozen'
        | 'excluded'
        | 'paused'
        | 'held';
      /** @description Why it is as it is */
      note: string | null;
      errorKind: string | null;
      /** @description About the last failure */
      whatToDo: string | null;
      retryCount: number;
      /** Format: date-time */
      nextAttemptAt: string | null;
      /** Format: date-time */
      deleteAt: string | null;
      /** @description On OneDev */
      projectPath: string | null;
      refs: number | null;
      declinedCount: number;
      declined: {
        name: string;
        reason: string;
      }[];
      lfs: components['schemas']['Lfs'];
      /** Format: date-time */
      lastSyncedAt: string | null;
      /** Format: date-time */
      lastCheckedAt: string | null;
    };
    /** @description Its Git LFS objects at the last look; null when it uses none */
    Lfs: {
      objects: number;
      transferred: number;
      bytes: number;
      /** @description On OneDev already */
      skipped: number;
      failed: number;
      failures: {
        oid: string;
        size: number;
        problem: string;
        reason: string;
      }[];
      /** @description Something was interrupted, and is tried again */
      again: boolean;
      /** @description Why the objects could not even be counted */
      unreadable?: string;
    } | null;
    MirrorFacets: {
      owners: components['schemas']['Facet'][];
      languages: components['schemas']['Facet'][];
      errorKinds: components['schemas']['FailureFacet'][];
    };
    Facet: {
      value: string;
      count: number;
    };
    FailureFacet: {
      value: string;
      count: number;
      whatToDo: string | null;
    };
    MirrorNames: {
      names: string[];
    };
    MirrorTold: {
      mirrorId: string;
      workflowId: string;
    };
    Decision: {
      reason?: string;
      /** @description Of sync: follow the rewrites that are held, and archive the old tips */
      acceptRewrites?: boolean;
    };
    DeletionRequest: {
      /** @description Its full name, so that nothing else is meant */
      confirm: string;
      reason?: string;
    };
    ArchivedTip: {
      /** @example refs/starkeep/2026-11-23T142530.123Z/main */
      name: string;
      oid: string;
      /**
       * @description What it was the tip of
       * @example refs/heads/main
       */
      of: string;
      /** Format: date-time */
      archivedAt: string | null;
      restoredAs: string | null;
    };
    Delivery: {
      guid: string;
      event: string;
      action: string | null;
      fullName: string | null;
      /** Format: date-time */
      receivedAt: string;
      /** Format: date-time */
      dispatchedAt: string | null;
      workflowId: string | null;
      /** @enum {string} */
      outcome: 'accepted' | 'ignored';
      ignoredReason: string | null;
    };
    DeliveryDetail: {
      guid: string;
      event: string;
      action: string | null;
      fullName: string | null;
      /** Format: date-time */
      receivedAt: string;
      /** Format: date-time */
      dispatchedAt: string | null;
      workflowId: string | null;
      /** @enum {string} */
      outcome: 'accepted' | 'ignored';
      ignoredReason: string | null;
      /** @description Follows the work through log, workflow and syncs */
      correlationId: string;
      repoEvent: components['schemas']['RepoEvent'];
    };
    /** @description What is dispatched of it; null: it was ignored */
    RepoEvent: {
      /** @enum {string} */
      kind: 'starred' | 'unstarred' | 'changed' | 'requested';
      repoId: string;
      /** @description As the sender called it */
      fullName: string;
      trigger: string;
      correlationId: string;
      deliveryId?: string;
      /** Format: date-time */
      observedAt?: string;
      /** @enum {string} */
      compare?: 'repair' | 'report';
      batchId?: string;
      by?: string;
    } | null;
    DeletionPage: {
      deletions: components['schemas']['Deletion'][];
      /** @description Hand it back as `cursor` for the next page; null: this was the last */
      next: string | null;
    };
    Deletion: {
      deletionId: string;
      mirrorId: string;
      fullName: string;
      /** @description On OneDev */
      projectPath: string | null;
      /** @example delete */
      policy: string;
      /** @example pending */
      state: string;
      proof: string;
      /** @description Why it waits, or ended as it did */
      reason: string | null;
      /** Format: date-time */
      requestedAt: string;
      /**
       * Format: date-time
       * @description null: when a person approves
       */
      dueAt: string | null;
      /** @description Who decided about it last */
      decidedBy: string | null;
      /**
       * Format: date-time
       * @description null: it is not over
       */
      finishedAt: string | null;
    };
    ReadingPage: {
      readings: components['schemas']['Reading'][];
      /** @description Hand it back as `cursor` for the next page; null: this was the last */
      next: string | null;
    };
    Reading: {
      readingId: string;
      /**
       * @description `quick`: new stars and recent pushes · `sweep`: everything, and what is missing · `list`: everything, where a sweep cannot be had
       * @enum {string}
       */
      kind: 'quick' | 'sweep' | 'list';
      /** @description The same as in the log */
      correlationId: string;
      /** Format: date-time */
      startedAt: string;
      /**
       * Format: date-time
       * @description null: it is under way, or broke off
       */
      finishedAt: string | null;
      /** @description Only a complete one may say that something is absent */
      complete: boolean;
      incompleteWhy: string | null;
      /** @description Why it was not what a reading of its kind should be */
      trouble: string | null;
      pages: number;
      seen: number;
      /** @description How many stars there were in all, where GitHub says it */
      total: number | null;
      /** @description Mirrors that were told to look */
      signalled: number;
      absent: number;
      /** @description What the absent ones of a held reading are called, by name; at most 50. Empty where none is held */
      absentNames: string[];
      /**
       * @description Of what is absent: nothing is · GitHub is asked about each · a person decides · it cannot be true. null: it is not over, or concludes nothing
       * @enum {string|null}
       */
      conclusion: 'nothing' | 'ask' | 'hold' | 'refuse' | null;
      /** @description Why what was absent was held back or refused */
      reason: string | null;
      /** @description It waits for a person: POST /readings/{id}/ask */
      held: boolean;
      /** @description Who let the absent ones be asked about */
      approvedBy: string | null;
      /** Format: date-time */
      approvedAt: string | null;
    };
    LatestReadings: {
      last: components['schemas']['Reading'] | null;
      /** @description The last that was complete */
      complete: components['schemas']['Reading'] | null;
      /** @description Why the last one failed before it had anything to record; null also where Temporal does not answer */
      failure: components['schemas']['ReadingTrouble'] | null;
    };
    ReadingTrouble: {
      /** @description The kind of failure, as in docs/operations.md */
      kind: string;
      message: string;
      whatToDo: string;
    };
    AbsentAskedAbout: {
      readingId: string;
      asked: number;
    };
    AskedReading: {
      /**
       * @description `none`: nobody has asked
       * @enum {string}
       */
      state: 'none' | 'running' | 'completed' | 'failed';
      /** @description Of a completed one */
      summary: components['schemas']['ReadingSummary'] | null;
      /** @description Of a failed one */
      failure: components['schemas']['ReadingTrouble'] | null;
    };
    ReadingSummary: {
      /** @enum {string} */
      kind: 'quick' | 'sweep' | 'list';
      /** @description null: it is complete */
      incompleteWhy: string | null;
      seen: number;
      /** @description Mirrors that were told to look */
      signalled: number;
      absent: number;
      /** @enum {string|null} */
      conclusion: 'nothing' | 'ask' | 'hold' | 'refuse' | null;
    };
    ReadingStarted: {
      workflowId: string;
      /** @description One was running already, and may be a quick one */
      joined: boolean;
    };
    Reconcile: {
      /** @description Read everything, however recent the last complete reading is */
      full?: boolean;
    };
    FilterPreview: {
      /** @description Of all pages together */
      totals: {
        kept: {
          repositories: number;
          bytes: number;
        };
        excluded: {
          repositories: number;
          bytes: number;
        };
      };
      /** @description Of all pages together. What is newly excluded stays on OneDev as it is */
      changes: {
        newlyKept: {
          count: number;
          /** @description The first 100 */
          names: string[];
        };
        newlyExcluded: {
          count: number;
          /** @description The first 100 */
          names: string[];
        };
      };
      kept: {
        mirrorId: string;
        fullName: string;
        /** @description GitHub's estimate; 0 says nothing */
        bytes: number;
        /** @description The filters in force do otherwise */
        isNew: boolean;
      }[];
      excluded: {
        mirrorId: string;
        fullName: string;
        /** @description GitHub's estimate; 0 says nothing */
        bytes: number;
        /** @description The filters in force do otherwise */
        isNew: boolean;
        reason: string;
      }[];
      /** @description Of `github`: why the list may lack repositories; else null */
      incompleteWhy: string | null;
      /** @description Hand it back as `cursor` for the next page; null: this was the last */
      next: string | null;
    };
    FilterPreviewRequest: {
      filters?: components['schemas']['Filters'];
      /**
       * @description `record`, the default: of what is recorded as starred · `github`: the star list is read there now, which takes a while; everything comes in one answer, and nothing is compared with what is kept
       * @enum {string}
       */
      from?: 'record' | 'github';
      /**
       * @description Entries on a page; fewer where they would be more than 100 KB
       * @default 100
       * @example 100
       */
      limit: number;
      /** @description The `next` of the page before; without it the first page comes */
      cursor?: string;
    };
    /**
     * @description Each stands in place of the setting of that name; an empty text lifts it. Without any: the settings as they are
     * @example {
     *       "LANGUAGES": "Go, !PHP",
     *       "MAX_SIZE": "2GB"
     *     }
     */
    Filters: {
      LANGUAGES?: string;
      TOPICS?: string;
      MIN_STARS?: string;
      MAX_SIZE?: string;
      ARCHIVED?: string;
      FORKS?: string;
      INCLUDE?: string;
      EXCLUDE?: string;
    };
    Batch: {
      batchId: string;
      selection: {
        kind: string;
      } & {
        [key: string]: unknown;
      };
      /** @enum {string} */
      state: 'running' | 'completed' | 'cancelled' | 'failed';
      requestedBy: string;
      correlationId: string;
      /** @description false: the mirrors are still being counted */
      planned: boolean;
      total: number;
      done: number;
      changed: number;
      unchanged: number;
      failed: number;
      skipped: number;
      underWay: number;
      waiting: number;
      /** @description By the pace so far */
      secondsLeft: number | null;
      /** Format: date-time */
      requestedAt: string;
      /** Format: date-time */
      finishedAt: string | null;
      /** @description Why it failed, or who cancelled it */
      note: string | null;
    };
    /** @description What is paused, excluded or about to be deleted is skipped and counted */
    BatchSelection:
      | {
          /** @enum {string} */
          kind: 'all';
        }
      | {
          /** @enum {string} */
          kind: 'failed';
        }
      | {
          /** @enum {string} */
          kind: 'filter';
          filters: components['schemas']['Filters'];
        }
      | {
          /** @enum {string} */
          kind: 'mirrors';
          mirrorIds: string[];
        };
    AuditEvent: {
      eventId: string;
      /** Format: date-time */
      at: string;
      accountId: string | null;
      actor: string;
      /** @example mirror.pause */
      action: string;
      subject: string | null;
      details: {
        [key: string]: unknown;
      };
      prevHash: string;
      hash: string;
    };
    AuditChain:
      | {
          /** @enum {boolean} */
          intact: true;
          /** Format: date-time */
          checkedAt: string;
          events: number;
          /** @description Noted elsewhere, it shows later that nothing up to it was written anew */
          head: string;
        }
      | {
          /** @enum {boolean} */
          intact: false;
          /** Format: date-time */
          checkedAt: string;
          /** @description The first entry that is not as it was written */
          eventId: string;
          problem: string;
        };
    Places: {
      onedevUrl: string | null;
      /**
       * @description With the namespace; `/workflows/ID/RUN` below it is a run. null: not known
       * @example http://127.0.0.1:8233/namespaces/default
       */
      temporalUiUrl: string | null;
    };
    Alert: {
      alertId: string;
      /**
       * @description What each means, and what to do: docs/operations.md
       * @enum {string}
       */
      kind:
        | 'mirror_failed'
        | 'transfer_held'
        | 'deletion_waiting'
        | 'upstream_gone'
        | 'star_list_refused'
        | 'star_list_held'
        | 'star_list_incomplete'
        | 'token_refused'
        | 'token_expiring'
        | 'webhooks_silent'
        | 'inbox_backlog'
        | 'audit_broken';
      /** @enum {string} */
      level: 'info' | 'warning' | 'error';
      /** @description A mirror id, or what else it is about; empty where there is only one */
      subject: string;
      /** @description Of a mirror */
      fullName: string | null;
      /** @description What happened */
      summary: string;
      /** @description What to do */
      advice: string;
      /** @example starkeep show ada/engine */
      command: string;
      /** Format: date-time */
      raisedAt: string;
      /**
       * Format: date-time
       * @description null: it is so still
       */
      clearedAt: string | null;
      clearedWhy: string | null;
      /** @description Channels that have not taken a message about it yet */
      undelivered: {
        channel: string;
        reason: string | null;
      }[];
    };
    Settings: {
      settings: components['schemas']['Setting'][];
      /** @description What has to be set before anything can be mirrored */
      lacking: string[];
      /** @description Why nothing can be entered; null: it can */
      whyClosed: string | null;
      /** @description Something was entered that this api does not run by yet: it is about to start again */
      isBehind: boolean;
      /** @description Were entered, and cannot be read without their key */
      unopened: string[];
    };
    Setting: {
      /** @example STARKEEP_UNSTAR_GRACE */
      name: string;
      meaning: string;
      secret: boolean;
      isSet: boolean;
      /** @description As it is in effect; of a secret null, whatever it is */
      value: string | null;
      /** @description In parentheses where it is computed */
      default: string | null;
      /**
       * @description `file`: of NAME_FILE · `ui`: entered here · `derived`: it follows from another setting
       * @enum {string}
       */
      origin: 'environment' | 'file' | 'ui' | 'derived' | 'default' | 'unset';
      /** @example Deletions */
      group: string;
      /** @description May be entered here; what the environment sets wins, and may not */
      enterable: boolean;
      entered: {
        by: string;
        /** Format: date-time */
        at: string;
      } | null;
    };
    SettingsEntered: {
      entered: string[];
    };
    SettingsRequest: {
      settings: components['schemas']['SettingChanges'];
    };
    /**
     * @example {
     *       "STARKEEP_UNSTAR_GRACE": "3d",
     *       "STARKEEP_FILTER_FORKS": null
     *     }
     */
    SettingChanges: {
      [key: string]: string | null;
    };
    Probe: {
      ok: boolean;
      facts: {
        name: string;
        value: string;
      }[];
      problem: string | null;
      whatToDo: string | null;
    };
    ProbeRequest: {
      /** @enum {string} */
      what: 'github' | 'onedev' | 'alerts';
      settings?: components['schemas']['SettingChanges'];
    };
    Keys: {
      keys: components['schemas']['Key'][];
    };
    Key: {
      keyId: string;
      name: string;
      /** @enum {string} */
      scope: 'read' | 'operate' | 'admin';
      /** @enum {string} */
      origin: 'setting' | 'first_start' | 'person';
      /** @description Its first characters; null for one that a person thought up */
      shown: string | null;
      /** Format: date-time */
      createdAt: string;
      /**
       * Format: date-time
       * @description To the minute
       */
      lastUsedAt: string | null;
      /** Format: date-time */
      revokedAt: string | null;
    };
    MadeKey: {
      keyId: string;
      name: string;
      /** @enum {string} */
      scope: 'read' | 'operate' | 'admin';
      /** @enum {string} */
      origin: 'setting' | 'first_start' | 'person';
      /** @description Its first characters; null for one that a person thought up */
      shown: string | null;
      /** Format: date-time */
      createdAt: string;
      /**
       * Format: date-time
       * @description To the minute
       */
      lastUsedAt: string | null;
      /** Format: date-time */
      revokedAt: string | null;
      /** @description Its text, shown this once and kept nowhere */
      key: string;
    };
    NewKey: {
      /**
       * @description What the audit log calls whoever uses it
       * @example Laptop of Ann
       */
      name: string;
      /** @enum {string} */
      scope: 'read' | 'operate' | 'admin';
    };
    Payloads: {
      payloads: components['schemas']['Payload'][];
    };
    Payload: {
      /** @default {} */
      metadata: {
        [key: string]: string;
      };
      /**
       * @default
       * @example InRleHQi
       */
      data: string;
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
