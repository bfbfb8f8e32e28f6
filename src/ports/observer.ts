import type { EventOutcome } from '../contract/event-states.ts';

/** What may be told of the work while it goes on: it is on the path of every event, and must neither throw nor wait. */
export interface Observer {
  /** An event was answered. @param event `outcome`: as the journal has it; `durationMs`: from its arrival to the answer. */
  answered(event: { type: string; outcome: EventOutcome; status: number; durationMs: number }): void;
  /** A call to the external system ended. @param call `result`: done, or the kind of failure; `why`: in words. */
  called(call: { action: string; result: string; durationMs: number; coreStatus?: number; why?: string }): void;
  /** A request was turned away before it was an event. @param request `reason`: a code of the table of answers. */
  refused?(request: { reason: string; status: number }): void;
  /** A call is made again after a failure. @param by whether its event still waits for it, or the connector goes on alone. */
  repeated?(by: 'event' | 'connector'): void;
  /** The store did something, or failed to. */
  stored?(work: { operation: 'claim' | 'claim_due' | 'write'; failed: boolean; durationMs: number }): void;
  /** A change that waited to be sent was overtaken by a newer one. */
  coalesced?(): void;
}

/** Tells two observers, one after the other. */
export function both(a: Observer, b: Observer): Observer {
  return {
    answered: (event) => {
      a.answered(event);
      b.answered(event);
    },
    called: (call) => {
      a.called(call);
      b.called(call);
    },
    refused: (request) => {
      a.refused?.(request);
      b.refused?.(request);
    },
    repeated: (by) => {
      a.repeated?.(by);
      b.repeated?.(by);
    },
    stored: (work) => {
      a.stored?.(work);
      b.stored?.(work);
    },
    coalesced: () => {
      a.coalesced?.();
      b.coalesced?.();
    },
  };
}
