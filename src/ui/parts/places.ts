import { useQuery } from '@tanstack/react-query';
import { placesQuery } from '../api/queries.ts';

/** Where the servers beside Starkeep are, as far as it knows. */
export function usePlaces(): { onedev: string | null; temporalUi: string | null } {
  const { data } = useQuery(placesQuery);
  return { onedev: data?.onedevUrl ?? null, temporalUi: data?.temporalUiUrl ?? null };
}
