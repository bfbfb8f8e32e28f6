import type { StormReport } from '../../sim/storm/report.ts';
import type { SeenRequest } from '../../sim/storm/watch.ts';
import { columns, heading } from './command.ts';
import { counted, styled } from './wording.ts';

/** The report for people. */
export function reportText(report: StormReport): string {
  const { latencyMs: latency, core } = report;
  const { events, acknowledged, kills } = report;
  return [
    heading('NSPS'),
    ...columns([
      [
        'life',
        `${counted(report.subscribers, 'subscriber')}, ${counted(report.changes, 'change')} each (${playedWith(report)})`,
      ],
      ['acknowledged', `${acknowledged} of ${events} events in ${seconds(report.stormMs)}, ${counted(kills, 'kill')}`],
      ['answers', countsOf(report.answers)],
      ['answer time', `p50 ${latency.p50} ms, p95 ${latency.p95} ms, p99 ${latency.p99} ms, max ${latency.max} ms`],
    ]),
    heading('Core'),
    ...columns([
      ['calls', `${core.calls}, of which applied ${core.applied}, ${core.late} of them after the caller had gone`],
      ['outcomes', countsOf(core.outcomes)],
      ['saved calls', `${report.savedCalls} (changes acknowledged less calls applied)`],
      ['became right', report.convergedMs === null ? 'never' : `${seconds(report.convergedMs)} after the last event`],
    ]),
    heading('Promises'),
    ...columns([
      ['acknowledged', verdict(events - acknowledged, 'event never acknowledged', 'events never acknowledged')],
      ['converges', verdict(report.divergent, 'subscriber wrong in the core', 'subscribers wrong in the core')],
      ['never backwards', verdict(report.orderViolations, 'old state sent', 'old states sent')],
      ['one at a time', verdict(report.overlaps, 'overlap', 'overlaps')],
      ['numbers', `${verdict(report.clashes, 'clash', 'clashes')}; ${report.unknowable} nobody could know of`],
      ...(report.unclear > 0
        ? [['not judged', `${report.unclear} requests, read too late to tell when they were sent`] as const]
        : []),
    ]),
    ...details(report),
    '',
  ].join('\n');
}

function details({ violations, divergences, orderViolations, overlaps, clashes, divergent }: StormReport): string[] {
  return [
    ...headed('Broken', violations.length, orderViolations + overlaps + clashes),
    ...violations.flatMap(({ atMs, imsi, message, history }) => [
      `  ${at(atMs)} ${imsi}  ${message}`,
      ...Object.entries(history).flatMap(([seenFor, seen]) => [`    ${seenFor}`, ...seen.map(seenText)]),
    ]),
    ...headed('Wrong in the core', divergences.length, divergent),
    ...divergences.flatMap(({ imsi, expected, found, history }) => [
      `  ${imsi}  expected ${expected ? stateText(expected) : 'nobody'}`,
      `  ${' '.repeat(imsi.length)}  found    ${found ? stateText(found) : 'nobody'}`,
      ...history.map(seenText),
    ]),
  ];
}

/** The options that give the same life again. */
function playedWith({ seed, lives, knownOnly }: StormReport): string {
  return `--seed ${seed}${lives === 'full' ? ' --lives full' : ''}${knownOnly ? ' --known-only' : ''}`;
}

function seenText({ atMs, action, change, status, msisdn, outcome, appliedAtMs }: SeenRequest): string {
  const applied = appliedAtMs === null ? '' : `, applied at ${appliedAtMs} ms`;
  return `    ${at(atMs)} change ${change}  ${action}  ${status}  ${msisdn[0] ?? 'no number'}  ${outcome}${applied}`;
}

function headed(title: string, shown: number, all: number): string[] {
  if (all === 0) return [];
  return [heading(shown < all ? `${title} (the first ${shown} of ${all})` : title)];
}

function at(milliseconds: number): string {
  return `${String(milliseconds).padStart(6)} ms`;
}

function stateText(state: { subscriber_status: string; msisdn: readonly string[]; cs_profile?: string }): string {
  return `${state.subscriber_status}, ${state.msisdn[0] ?? 'no number'}, ${state.cs_profile}`;
}

function verdict(count: number, one: string, many: string): string {
  if (count === 0) return styled('green', '✔');
  return styled('red', `✘ ${count} ${count === 1 ? one : many}`);
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([what, count]) => `${count} × ${what}`);
  return parts.length > 0 ? parts.join(', ') : 'none';
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
