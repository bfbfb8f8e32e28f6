import type { Explanation } from '../../contract/admin.ts';
import { Json } from '../parts/bits.tsx';

/**
 * Tells when the day's decision was another one than today's rules give. What was decided is kept as the program of that
 * day wrote it, so nothing is taken for granted about its form.
 */
export function Decided({ decided, today }: { decided: unknown; today: Explanation['decision'] }) {
  const then = wordsOf(decided);
  if (then === null || then === todayWords(today)) return null;
  return (
    <div class="then">
      <p>
        <strong>When it came</strong> it was decided otherwise: {then}. The walk above goes by today's settings.
      </p>
      <details>
        <summary>What was decided then</summary>
        <Json value={decided} label="The decision of the day" />
      </details>
    </div>
  );
}

function wordsOf(decided: unknown): string | null {
  if (typeof decided !== 'object' || decided === null || !('kind' in decided)) return null;
  const { kind } = decided;
  if (kind === 'ignore') return `ignored, ${'reason' in decided ? String(decided.reason) : 'by rule'}`;
  if (kind === 'provision') return `${'action' in decided ? String(decided.action) : 'provision'}`;
  if (kind === 'record') return 'recorded';
  return kind === 'reject' ? 'rejected' : null;
}

function todayWords({ kind, action, reason }: Explanation['decision']): string {
  if (kind === 'ignore') return `ignored, ${reason ?? 'by rule'}`;
  if (kind === 'record') return 'recorded';
  return kind === 'provision' ? (action ?? 'provision') : 'rejected';
}
