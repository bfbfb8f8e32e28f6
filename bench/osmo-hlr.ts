import { OsmoHlr, osmoHlrProgram } from '../sim/osmo-hlr.ts';
import type { Change } from '../src/core/types.ts';
import { systemClock } from '../src/observe/clock.ts';
import { OsmoHlrTarget } from '../src/targets/osmo-hlr/target.ts';
import { BareOsmo } from './parts/osmo-bare.ts';
import { progress, type Spread, spreadOf, spreadText, table } from './parts/report.ts';

/** What the target should do at least, by what the bare protocol does. */
const LEAST = 0.8;
const TOGETHER = 64;
const PATIENCE_MS = 30_000;

/** Measured one after the other in every round, so that what else the machine does is the same for all. */
const KINDS = {
  bareFull: 'bare: full apply, one at a time',
  full: 'full apply, one at a time',
  fullTogether: `full apply, ${TOGETHER} at a time`,
  bareRead: 'bare: read, one at a time',
  same: 'nothing to change, one at a time',
  sameTogether: `nothing to change, ${TOGETHER} at a time`,
} as const;
type Kind = keyof typeof KINDS;

export interface OsmoFigure {
  readonly name: string;
  readonly perSecond: Spread;
  /** By the bare protocol's figure of the same round; null for that itself. */
  readonly ratio: Spread | null;
}

/** Subscriber number `n` as he is brought in: a barred one with a number needs every kind of request there is. */
function changeOf(n: number): Change {
  const imsi = `00101${String(n).padStart(10, '0')}`;
  const msisdn = String(79_000_000_000 + n);
  const state = {
    imsi,
    msisdn,
    status: 'operatorDeterminedBarring',
    csProfile: 'default',
    epsProfile: 'default',
  } as const;
  return { action: 'update', state };
}

/** Takes `work` up again and again, `together` at a time. @returns how often a second it was done. */
async function rate(seconds: number, together: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  const one = async () => {
    while (performance.now() < end) {
      await work();
      done++;
    }
  };
  await Promise.all(Array.from({ length: together }, one));
  return (done * 1000) / (performance.now() - start);
}

/** Applies to a real osmo-hlr a second, beside the same requests without the connector's code around them. */
export async function measureOsmoHlr(options: { seconds: number; rounds: number }): Promise<OsmoFigure[]> {
  if (osmoHlrProgram() === null) throw new Error('osmo-hlr is not installed here: apt-get install osmo-hlr');
  await using hlr = await OsmoHlr.start();
  const { host, ctrlPort, vtyPort } = hlr;
  const bare = await BareOsmo.open(host, ctrlPort, vtyPort);
  const target = new OsmoHlrTarget({ host, ctrlPort, vtyPort, timeoutMs: PATIENCE_MS }, systemClock);
  try {
    const works = worksOf(bare, target);
    const rounds: Record<Kind, number>[] = [];
    for (let round = 0; round < options.rounds; round++) {
      rounds.push(await measureRound(works, options.seconds));
      progress(`osmo-hlr: round ${round + 1} of ${options.rounds}`);
    }
    return (Object.keys(KINDS) as Kind[]).map((kind) => figureOf(kind, rounds));
  } finally {
    bare.close();
    await target.close();
  }
}

type Work = { readonly together: number; readonly once: () => Promise<unknown> };

function worksOf(bare: BareOsmo, target: OsmoHlrTarget): Record<Kind, Work> {
  let subscribers = 0;
  const fresh = () => ++subscribers;
  const known = () => 1 + Math.floor(Math.random() * subscribers);
  const alone = (once: () => Promise<unknown>) => ({ together: 1, once });
  const many = (once: () => Promise<unknown>) => ({ together: TOGETHER, once });
  return {
    bareFull: alone(() => bareApply(bare, fresh())),
    full: alone(() => apply(target, fresh())),
    fullTogether: many(() => apply(target, fresh())),
    bareRead: alone(() => bareLook(bare, known())),
    same: alone(() => apply(target, known())),
    sameTogether: many(() => apply(target, known())),
  };
}

async function measureRound(works: Record<Kind, Work>, seconds: number): Promise<Record<Kind, number>> {
  const rates: Partial<Record<Kind, number>> = {};
  for (const [kind, { together, once }] of Object.entries(works)) {
    rates[kind as Kind] = await rate(seconds / Object.keys(works).length, together, once);
  }
  return rates as Record<Kind, number>;
}

function figureOf(kind: Kind, rounds: readonly Record<Kind, number>[]): OsmoFigure {
  const beside = /^full/.test(kind) ? 'bareFull' : 'bareRead';
  return {
    name: KINDS[kind],
    perSecond: spreadOf(rounds.map((rates) => rates[kind])),
    ratio: /^bare/.test(kind) ? null : spreadOf(rounds.map((rates) => rates[kind] / rates[beside])),
  };
}

async function apply(target: OsmoHlrTarget, n: number): Promise<void> {
  const context = { requestId: 'bench', uniqueId: 'bench', deadline: systemClock.now() + PATIENCE_MS };
  const outcome = await target.apply(changeOf(n), context);
  if (outcome.kind === 'failed') throw new Error(`${n}: ${outcome.failure.code}: ${outcome.failure.why}`);
}

async function bareLook(bare: BareOsmo, n: number): Promise<void> {
  const answer = await bare.ctrl(`GET 1 subscriber.by-imsi-${changeOf(n).state.imsi}.info`);
  if (!answer.includes('nam_cs\t0')) throw new Error(`subscriber ${n}: ${answer}`);
}

/** The requests of a full apply, in their order, without looking at what comes back until the end. */
async function bareApply(bare: BareOsmo, n: number): Promise<void> {
  const { imsi, msisdn } = changeOf(n).state;
  await bare.ctrl(`GET 1 subscriber.by-imsi-${imsi}.info`);
  await bare.ctrl(`GET 1 subscriber.by-msisdn-${msisdn}.info`);
  await bare.ctrl(`SET 1 subscriber.create ${imsi}`);
  await bare.vty(`subscriber imsi ${imsi} update network-access-mode none`);
  await bare.ctrl(`SET 1 subscriber.by-imsi-${imsi}.msisdn ${msisdn}`);
  await bareLook(bare, n);
}

export function osmoHlrReport(figures: readonly OsmoFigure[]): string {
  const rows = figures.map(({ name, perSecond, ratio }) => [
    name,
    spreadText(perSecond, 0),
    ratio === null ? '1' : spreadText(ratio, 2),
    ratio === null ? '' : `≥ ${LEAST}`,
  ]);
  const heads = ['A real osmo-hlr', 'A second: median (min–max)', 'Ratio: median (min–max)', 'Target'];
  return table(heads, rows);
}
