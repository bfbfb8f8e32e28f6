/** How the circuit to the external system can be: `closed` lets calls through, `open` none, `half-open` one, which decides. */
export const CIRCUIT_STATES = ['closed', 'open', 'half-open'] as const;

export type CircuitState = (typeof CIRCUIT_STATES)[number];
