import { Alert, Button, Center, Loader, Skeleton, Stack, Text, ThemeIcon, VisuallyHidden } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Refused, Unreachable } from '../api/client.ts';

/** What stands where something will be, where nothing is, and where it could not be had. */

export function Loading({ what, lines = 3 }: { what: string; lines?: number }) {
  return (
    <Stack gap="sm" role="status" aria-busy>
      <VisuallyHidden>{`Loading ${what} …`}</VisuallyHidden>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={28} radius="sm" />
      ))}
    </Stack>
  );
}

export function LoadingPage() {
  return (
    <Center h="60vh" role="status">
      <VisuallyHidden>Loading …</VisuallyHidden>
      <Loader />
    </Center>
  );
}

export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py="xl" px="md">
      <ThemeIcon variant="light" color="gray" size={44} radius="xl" aria-hidden>
        {icon ?? <IconCircleCheck size={24} />}
      </ThemeIcon>
      <Text fw={600} ta="center">
        {title}
      </Text>
      {children !== undefined && (
        <Text component="div" c="dimmed" size="sm" ta="center" maw={520}>
          {children}
        </Text>
      )}
    </Stack>
  );
}

export function ErrorState({ error, what, onRetry }: { error: Error; what: string; onRetry?: () => void }) {
  const isForbidden = error instanceof Refused && error.status === 403;
  const title = isForbidden
    ? 'Your key may not see this'
    : error instanceof Unreachable
      ? 'Starkeep does not answer'
      : error instanceof Refused
        ? error.title
        : `${what} could not be loaded`;
  return (
    <Alert color={isForbidden ? 'gray' : 'red'} icon={<IconAlertTriangle />} title={title} role="alert">
      <Stack align="flex-start" gap="sm">
        <Text size="sm">{error.message}</Text>
        {onRetry && !isForbidden && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

/** Shows what was asked for: what there was before stays while it is asked again, also when that fails. */
export function Shown<T>({
  asked,
  what,
  lines,
  children,
}: {
  asked: Asked<T>;
  what: string;
  lines?: number;
  children: (data: T) => ReactNode;
}) {
  if (asked.data !== undefined) return <>{children(asked.data)}</>;
  if (asked.error) return <ErrorState error={asked.error} what={what} onRetry={() => void asked.refetch()} />;
  return <Loading what={what} lines={lines} />;
}
