import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** The thread of `keeper.ts`: a group is a transaction, on the disk before it is answered. */

/** An event and the state it leads to; its body, of so many bytes, comes beside. */
export interface Kept {
  readonly id: string;
  readonly imsi: number;
  readonly state: string;
  readonly length: number;
}

const db = new DatabaseSync(workerData as string);
// As the connector has it (src/store/sqlite/engine.ts).
db.exec('PRAGMA mmap_size = 4294967296; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 8000');
db.exec(`PRAGMA synchronous = FULL;
  CREATE TABLE journal (seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL, imsi INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE TABLE subscribers (imsi INTEGER PRIMARY KEY, state TEXT NOT NULL) STRICT`);
const addEvent = db.prepare('INSERT INTO journal (event_id, imsi, body) VALUES (?, ?, ?)');
const setState = db.prepare('INSERT INTO subscribers VALUES (?1, ?2) ON CONFLICT (imsi) DO UPDATE SET state = ?2');

parentPort?.on('message', ({ text, bodies }: { text: string; bodies: Uint8Array }) => {
  let at = 0;
  db.exec('BEGIN IMMEDIATE');
  for (const { id, imsi, state, length } of JSON.parse(text) as Kept[]) {
    addEvent.run(id, imsi, bodies.subarray(at, at + length));
    setState.run(imsi, state);
    at += length;
  }
  db.exec('COMMIT');
  parentPort?.postMessage(null);
});
