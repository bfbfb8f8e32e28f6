/** Who hears what whoever runs the connector has to know of its store. */
export interface StoreListeners {
  /** That nothing was in the store: its tables were made. */
  readonly onNew?: (() => void) | undefined;
  /** By how many milliseconds the machine's clock was found set, once that is made good for those who wait; of SQLite only. */
  readonly onClockSet?: ((byMs: number) => void) | undefined;
}
