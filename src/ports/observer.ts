import type { EventOutcome } from '../contract/event-states.ts';

/** An event that was answered. */
export interface AnsweredEvent {
  readonly type: string;
  /** As the journal has it. */
  readonly outcome: EventOutcome;
  /** HTTP status of the answer. */
  readonly status: number;
  /** From its arrival to the answer. */
  readonly durationMs: number;
}

/** A call to the external system that ended. */
export interface EndedCall {
  readonly action: string;
  /** `done`, or the kind of failure. */
  readonly result: string;
  readonly durationMs: number;
  readonly coreStatus?: number;
  /** What went wrong, in words. */
  readonly why?: string;
}

/** A request that was turned away before it was an event. */
export interface RefusedRequest {
  /** A code of the table of answers. */
  readonly reason: string;
  readonly status: number;
}

/** Something that the store did, or failed to. */
export interface StoreWork {
  readonly operation: 'claim' | 'claim_due' | 'write';
  readonly failed: boolean;
  readonly durationMs: number;
}

/** For whom a call is made again: an event that still waits for it, or the connector, which goes on alone. */
export type RepeatedBy = 'event' | 'connector';

/** What may be told of the work while it goes on: it is on the path of every event, and must neither throw nor wait. */
export interface Observer {
  answered(event: AnsweredEvent): void;
  called(call: EndedCall): void;
  refused?(request: RefusedRequest): void;
  /** A call is made again after a failure. */
  repeated?(by: RepeatedBy): void;
  stored?(work: StoreWork): void;
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
