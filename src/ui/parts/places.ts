import { useQuery } from '@tanstack/react-query';
import { settingsQuery } from '../api/queries.ts';
import { useMay } from './actions.ts';

/** Where the servers beside Starkeep are, as far as this key may know. */
export interface Places {
  /** Root address, without a slash at the end. */
  onedev: string | null;
  /** Of Temporal's web UI, with the namespace: `http://127.0.0.1:8233/namespaces/default`. */
  temporalUi: string | null;
}

export function usePlaces(): Places {
  const may = useMay();
  const settings = useQuery({ ...settingsQuery, enabled: may('admin') });
  const value = (name: string) => settings.data?.settings.find((setting) => setting.name === name)?.value ?? null;
  return { onedev: value('ONEDEV_URL')?.replace(/\/+$/, '') ?? null, temporalUi: null };
}
