import { createContext, useContext } from 'react';
import type { Who } from '../api/types.ts';

export const SessionContext = createContext<Who | null>(null);

/** Who is logged in; only inside of what asks for a key first. */
export function useSession(): Who {
  const who = useContext(SessionContext);
  if (who === null) throw new Error('nobody is logged in here');
  return who;
}
