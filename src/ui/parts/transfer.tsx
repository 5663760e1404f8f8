import { Box, Group, Progress, Text } from '@mantine/core';
import type { RunningTransfer } from '../api/types.ts';
import { bytesWords, PHASE_ORDER, phaseWords } from '../words.ts';
import { MirrorLink } from './mirror-link.tsx';
import { Elapsed } from './time.tsx';

/** A sync under way. How many bytes there will be nobody knows before, so the bar shows the step. */
export function Transfer({ transfer, named = true }: { transfer: RunningTransfer; named?: boolean }) {
  const { phase, bytes, bytesPerSecond, startedAt, attempt, fullName } = transfer;
  const step = phase === null ? 0 : PHASE_ORDER.indexOf(phase) + 1;
  return (
    <Box>
      <Group justify="space-between" gap="xs" mb={4}>
        <Group gap="xs">
          {named && <MirrorLink {...transfer} />}
          <Text size="sm" c="dimmed">
            {phaseWords(phase)}
            {attempt > 1 && `, attempt ${attempt}`}
          </Text>
        </Group>
        <Text size="sm" c="dimmed" ff="text" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {bytes !== null && bytesWords(bytes)}
          {bytesPerSecond !== null && bytesPerSecond > 0 && ` · ${bytesWords(bytesPerSecond)}/s`}
          {bytes !== null && ' · '}
          <Elapsed since={startedAt} />
        </Text>
      </Group>
      <Progress
        value={Math.max(8, (step / PHASE_ORDER.length) * 100)}
        animated
        aria-label={`${fullName}: ${phaseWords(phase)}`}
      />
    </Box>
  );
}
