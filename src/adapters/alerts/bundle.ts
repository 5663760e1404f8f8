/** Where people read, what happened together is one message: a server that is away fails all its mirrors. */
export const NOTICES_AT_ONCE = 500;
