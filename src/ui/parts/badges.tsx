import { Badge, Tooltip } from '@mantine/core';
import type { Status } from '../api/types.ts';
import { STATUS_WORDS } from '../words.ts';

export function StatusBadge({ status, size = 'md' }: { status: Status; size?: 'sm' | 'md' | 'lg' }) {
  const { label, color, meaning } = STATUS_WORDS[status];
  return (
    <Tooltip label={meaning} multiline maw={280} openDelay={300}>
      <Badge color={color} variant="light" size={size} radius="sm" tt="none" style={{ flexShrink: 0 }}>
        {label}
      </Badge>
    </Tooltip>
  );
}

export function PlainBadge({ label, color }: { label: string; color: string }) {
  return (
    <Badge color={color} variant="light" radius="sm" tt="none" style={{ flexShrink: 0 }}>
      {label}
    </Badge>
  );
}
