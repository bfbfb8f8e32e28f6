import { useEffect, useRef, useState } from 'preact/hooks';
import { type Fault, send } from '../lib/api.ts';
import { useCell } from '../lib/cell.ts';
import { session } from '../lib/session.ts';
import { useWork } from '../lib/work.ts';
import { Icon } from '../parts/icons.tsx';
import { Mark } from '../parts/mark.tsx';
import { Failed, Notice } from '../parts/states.tsx';

/** Asks for the token of the console. The page that was asked for stays in the address, and is shown afterwards. */
export function SignInPage() {
  const state = useCell(session);
  const field = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState('');
  const { busy, fault, run } = useWork();
  useEffect(() => field.current?.focus(), []);

  const signIn = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      try {
        await send('POST', '/console/session', { token });
        session.value = 'in';
      } catch (error) {
        setToken('');
        field.current?.focus();
        throw error;
      }
    });
  };
  return (
    <main class="sign-in" id="main">
      <form class="panel" onSubmit={signIn}>
        <Mark />
        <h1>NSPS connector</h1>
        <p class="quiet">Why is a subscriber not what billing says? Sign in to find out, and to put it right.</p>
        {state === 'ended' && !fault && (
          <Notice tone="info">The session has ended. Sign in to go on where you were.</Notice>
        )}
        {fault && (fault.status === 401 ? <Refused fault={fault} /> : <Failed fault={fault} />)}
        <label class="field">
          <span>Console token</span>
          <input
            ref={field}
            type="password"
            required
            autocomplete="current-password"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
          <span class="hint">The setting CONSOLE_TOKEN of the connector.</span>
        </label>
        <button type="submit" class="button primary wide" disabled={busy || token === ''}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function Refused({ fault }: { fault: Fault }) {
  return (
    <div class="notice tone-bad" role="alert">
      <Icon name="dead" />
      <div class="notice-text">
        <p>
          <strong>{fault.message}</strong>
        </p>
        <p>{fault.error}</p>
        <p class="advice">Check that the whole token was pasted, and that it is the console's, not the one of NSPS.</p>
      </div>
    </div>
  );
}
