import { Alert, Group, Loader, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api } from '../api/client.ts';
import { useReachable } from '../api/reach.ts';
import { Ago } from '../parts/time.tsx';

/** Also where every question has given up for a while. */
const ASK_AGAIN_MS = 2_000;

/** Says that the api is away for as long as it is; what was shown stays, and is asked for again when it is back. */
export function Unreachable() {
  const isReachable = useReachable();
  const client = useQueryClient();
  const since = useRef<string | null>(null);
  if (!isReachable) since.current ??= new Date().toISOString();
  useEffect(() => {
    if (isReachable) {
      if (since.current !== null) void client.invalidateQueries();
      since.current = null;
      return;
    }
    const timer = setInterval(() => void api.GET('/session').catch(() => undefined), ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isReachable, client]);

  if (isReachable) return null;
  return (
    <Alert color="orange" radius={0} py={8} role="alert" data-testid="unreachable">
      <Group gap="sm" wrap="nowrap">
        <Loader size={16} color="orange" aria-hidden />
        <Text size="sm">
          Starkeep does not answer (<Ago at={since.current} />
          ). What you see is from before; it is tried again by itself, and nothing is lost.
        </Text>
      </Group>
    </Alert>
  );
}
