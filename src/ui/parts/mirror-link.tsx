import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';

export function MirrorLink({ mirrorId, fullName }: { mirrorId: string; fullName: string }) {
  return (
    <Anchor
      renderRoot={(props) => <Link to="/repositories/$mirrorId" params={{ mirrorId }} {...props} />}
      fw={550}
      size="sm"
      style={{ overflowWrap: 'anywhere' }}
    >
      {fullName}
    </Anchor>
  );
}
