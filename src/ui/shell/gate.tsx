import { Center } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet } from '@tanstack/react-router';
import { sessionQuery } from '../api/queries.ts';
import { ErrorState, LoadingPage } from '../parts/states.tsx';
import { SessionContext } from '../parts/session.ts';
import { Login } from './login.tsx';
import { Shell } from './shell.tsx';
import { Unreachable } from './unreachable.tsx';

/** Asks for a key before anything else; the address stays, so who logs in lands where they wanted to go. */
export function Gate() {
  const session = useQuery(sessionQuery);
  if (session.data === null) return <Login />;
  if (session.data)
    return (
      <SessionContext value={session.data}>
        <Shell>
          <Outlet />
        </Shell>
      </SessionContext>
    );
  return (
    <>
      <Unreachable />
      {session.error ? (
        <Center h="60vh" p="md">
          <ErrorState error={session.error} what="Starkeep" onRetry={() => void session.refetch()} />
        </Center>
      ) : (
        <LoadingPage />
      )}
    </>
  );
}
