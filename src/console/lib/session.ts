import { Cell } from './cell.ts';

/** `ended`: was signed in, and is not any more. */
type Session = 'asking' | 'out' | 'in' | 'ended';

/** Whether somebody is signed in. The session itself is a cookie that no script can read. */
export const session = new Cell<Session>('asking');
