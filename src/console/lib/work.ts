import { useState } from 'preact/hooks';
import { type Fault, faultOf } from './api.ts';

interface Work {
  /** Whether it is under way. */
  readonly busy: boolean;
  /** Why it failed the last time. */
  readonly fault: Fault | null;
  /** Does it, and keeps in mind how that went; never rejects. */
  run(work: () => Promise<void>): Promise<void>;
}

/** Something that is done when the person at the screen says so. */
export function useWork(): Work {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setFault(null);
    try {
      await work();
    } catch (error) {
      setFault(faultOf(error));
    }
    setBusy(false);
  };
  return { busy, fault, run };
}
