import { Anchor, Group } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** A link out of Starkeep: the other server is not told where from. */
export function Outside({ href, icon, children }: { href: string; icon?: ReactNode; children: ReactNode }) {
  return (
    <Anchor href={href} target="_blank" rel="noreferrer noopener" size="sm">
      <Group gap={4} wrap="nowrap" component="span">
        {icon}
        {children}
        <IconExternalLink size={13} aria-label="(opens in a new tab)" />
      </Group>
    </Anchor>
  );
}
