import { Box, Group } from '@mantine/core';
import { type ReactNode } from 'react';
import type { Mirror } from '../../api/types.ts';
import { StatusBadge } from '../../parts/badges.tsx';
import { MirrorLink } from '../../parts/mirror-link.tsx';

export const SHOWN = 8;

/** A mirror that something is the matter with, and the buttons that mend it. */
export function Row({
  mirror,
  actions,
  children,
}: {
  mirror: Pick<Mirror, 'mirrorId' | 'fullName' | 'status'>;
  actions: ReactNode;
  children: ReactNode;
}) {
  return (
    <Line actions={actions}>
      <Group gap="xs" mb={2}>
        <MirrorLink {...mirror} />
        <StatusBadge status={mirror.status} size="sm" />
      </Group>
      {children}
    </Line>
  );
}

export function Line({ actions, children }: { actions: ReactNode; children: ReactNode }) {
  return (
    <Group
      justify="space-between"
      align="flex-start"
      py="sm"
      gap="sm"
      style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}
    >
      <Box flex={1} miw={220}>
        {children}
      </Box>
      <Group gap="xs">{actions}</Group>
    </Group>
  );
}
