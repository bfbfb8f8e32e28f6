/** What may be told of the work while it goes on: it is on the path of every event, and must neither throw nor wait. */
export interface Observer {
  /** An event was answered. @param event `durationMs`: from its arrival to the answer. */
  answered(event: { type: string; outcome: string; status: number; durationMs: number }): void;
  /** A call to the external system ended. @param call `result`: done, or the kind of failure. */
  called(call: { action: string; result: string; durationMs: number; coreStatus?: number }): void;
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
  };
}
