import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

interface Row {
  readonly id: number;
  readonly imsi: string;
  msisdn: string | null;
  cs: boolean;
  ps: boolean;
}

/** What a test does with a request instead of what osmo-hlr does; true when it has dealt with it. */
export type Misbehave = (request: string, socket: Socket, answer: () => Buffer | string) => boolean;

/**
 * The two interfaces of osmo-hlr 1.5.0 as far as the connector uses them, for machines without the daemon and for what the
 * daemon is too well-behaved for. `test/contract/osmo-hlr-stand-in.test.ts` compares it with the real one.
 */
export class OsmoStandIn implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly rows = new Map<string, Row>();
  /** Everything that was asked, in its order. */
  readonly ctrlRequests: string[] = [];
  readonly vtyLines: string[] = [];
  onCtrl: Misbehave = () => false;
  onVty: Misbehave = () => false;
  /** What the console says before anything else. */
  greeting = 'Welcome to the OsmoHLR VTY interface\r\n\xff\xfb\x01\xff\xfb\x03\xff\xfe"\xff\xfd\x1fOsmoHLR> ';
  readonly #servers: readonly [Server, Server];
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<() => void>();

  private constructor() {
    this.#servers = [
      createServer((socket) => this.#adopt(socket, (bytes) => this.#takeCtrl(bytes, socket))),
      createServer((socket) => {
        socket.write(this.greeting, 'latin1');
        let prompt = 'OsmoHLR> ';
        this.#adopt(socket, (bytes) => this.#takeVty(bytes, socket, (next = prompt) => (prompt = next)));
      }),
    ];
  }

  static async start(): Promise<OsmoStandIn> {
    const standIn = new OsmoStandIn();
    for (const server of standIn.#servers) await once(server.listen(0, standIn.host), 'listening');
    return standIn;
  }

  get ctrlPort(): number {
    return (this.#servers[0].address() as AddressInfo).port;
  }

  get vtyPort(): number {
    return (this.#servers[1].address() as AddressInfo).port;
  }

  /** Cuts every connection there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves once a request that matches has come. */
  async asked(pattern: RegExp): Promise<void> {
    const found = () => [...this.ctrlRequests, ...this.vtyLines].some((request) => pattern.test(request));
    if (found()) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!found()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    for (const server of this.#servers) {
      server.close();
      await once(server, 'close');
    }
  }

  #adopt(socket: Socket, take: (bytes: Buffer) => Buffer): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = take(Buffer.concat([rest, chunk]));
      for (const watcher of this.#watchers) watcher();
    });
  }

  #takeCtrl(bytes: Buffer, socket: Socket): Buffer {
    let rest = bytes;
    while (rest.length >= 3 && rest.length >= 3 + rest.readUInt16BE(0)) {
      const end = 3 + rest.readUInt16BE(0);
      const pong = rest[2] === 0xfe;
      const request = pong ? 'pong' : rest.subarray(4, end).toString('latin1');
      rest = rest.subarray(end);
      this.ctrlRequests.push(request);
      if (pong) continue;
      const answer = () => ctrlFrame(this.ctrl(request));
      if (!this.onCtrl(request, socket, answer)) socket.write(answer());
    }
    return rest;
  }

  #takeVty(bytes: Buffer, socket: Socket, prompt: (next?: string) => string): Buffer {
    const lines = bytes.toString('latin1').split('\r');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      this.vtyLines.push(line);
      if (line === 'enable') prompt('OsmoHLR# ');
      const answer = () => `${line}\r\n${this.vty(line)}${prompt()}`;
      if (!this.onVty(line, socket, answer)) socket.write(answer());
    }
    return Buffer.from(rest, 'latin1');
  }

  /** The answer of the control interface. */
  ctrl(request: string): string {
    const [verb = '', id = '', variable = '', value = ''] = request.split(' ');
    if (!/^(GET|SET)$/.test(verb)) return 'ERROR err Request type unknown';
    if (!/^\d+$/.test(id)) return 'ERROR err Invalid message ID number';
    const result = this.#ctrlResult(variable, value);
    return 'error' in result ? `ERROR ${id} ${result.error}` : `${verb}_REPLY ${id} ${variable} ${result.value}`;
  }

  #ctrlResult(variable: string, value: string): { error: string } | { value: string } {
    if (variable === 'subscriber.create') return this.#create(value);
    if (variable === 'subscriber.delete') return this.#delete(value);
    const [, by = '', key = '', what] = /^subscriber\.by-(imsi|msisdn|id)-(\d+)\.([a-z-]+)$/.exec(variable) ?? [];
    const row = [...this.rows.values()].find((one) => String(one[by as 'imsi' | 'msisdn' | 'id']) === key);
    if (what === 'info') return row ? { value: infoOf(row) } : { error: 'No such subscriber.' };
    if (what === 'msisdn') return this.#number(row, value);
    if (what === 'cs-enabled' || what === 'ps-enabled') {
      if (!row) return { error: 'An error has occurred.' };
      row[what === 'cs-enabled' ? 'cs' : 'ps'] = value === '1';
      return { value: 'OK' };
    }
    return { error: 'Command not found' };
  }

  #create(imsi: string): { error: string } | { value: string } {
    if (!/^\d{6,15}$/.test(imsi)) return { error: 'Invalid IMSI value.' };
    if (this.rows.has(imsi)) return { error: 'Subscriber already exists.' };
    const id = Math.max(0, ...[...this.rows.values()].map((row) => row.id)) + 1;
    this.rows.set(imsi, { id, imsi, msisdn: null, cs: true, ps: true });
    return { value: String(id) };
  }

  #delete(imsi: string): { error: string } | { value: string } {
    const row = this.rows.get(imsi);
    if (!row) return { error: "Subscriber doesn't exist." };
    this.rows.delete(imsi);
    return { value: String(row.id) };
  }

  #number(row: Row | undefined, value: string): { error: string } | { value: string } {
    if (value !== 'none' && !/^\d{1,15}$/.test(value)) return { error: 'Value failed verification.' };
    if (!row) return { error: 'No such subscriber.' };
    if (!this.#give(row, value)) return { error: 'Update MSISDN failed' };
    return { value: 'OK' };
  }

  #give(row: Row, value: string): boolean {
    const taken = [...this.rows.values()].some((one) => one !== row && one.msisdn === value);
    if (!taken) row.msisdn = value === 'none' ? null : value;
    return !taken;
  }

  /** What the console says to a line, with its line ends. */
  vty(line: string): string {
    if (line === 'enable' || line === '') return '';
    const [, imsi = '', what = '', value = ''] =
      /^subscriber imsi (\d+) update (msisdn|network-access-mode) (\S+)$/.exec(line) ?? [];
    if (what === '') return '% Unknown command.\r\n';
    const row = this.rows.get(imsi);
    if (!row) return `% No subscriber for imsi = '${imsi}'\r\n`;
    if (what === 'msisdn') return this.#vtyNumber(row, value);
    row.cs = value.includes('cs');
    row.ps = value.includes('ps');
    return '';
  }

  #vtyNumber(row: Row, value: string): string {
    if (!this.#give(row, value)) return `% Error: cannot update MSISDN for subscriber IMSI='${row.imsi}'\r\n`;
    const done = value === 'none' ? ': removed MSISDN' : ` to MSISDN='${value}'`;
    return `% Updated subscriber IMSI='${row.imsi}'${done}\r\n`;
  }
}

export function ctrlFrame(text: string): Buffer {
  const head = Buffer.from([0, 0, 0xee, 0]);
  head.writeUInt16BE(text.length + 1, 0);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
}

function infoOf({ id, imsi, msisdn, cs, ps }: Row): string {
  const values = Object.entries({
    id,
    imsi,
    ...(msisdn !== null && { msisdn }),
    nam_cs: Number(cs),
    nam_ps: Number(ps),
    ms_purged_cs: 0,
    ms_purged_ps: 0,
    periodic_lu_timer: 0,
    periodic_rau_tau_timer: 0,
    lmsi: '00000000',
  });
  return `\n${values.map(([name, value]) => `${name}\t${value}`).join('\n')}`;
}
