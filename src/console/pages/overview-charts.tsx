import { useMemo, useState } from 'preact/hooks';
import type { Series } from '../../contract/admin.ts';
import { useGet } from '../lib/load.ts';
import { latencyText } from '../lib/time-text.ts';
import { numberText, STATE_NAMES } from '../lib/words.ts';
import { Chart, type Line } from '../parts/chart.tsx';
import { Show } from '../parts/states.tsx';

type Range = Series['range'];
type Points = Series['points'];

const RANGES: Readonly<Record<Range, { label: string; spanS: number; everyMs: number }>> = {
  hour: { label: 'Last hour', spanS: 3_600, everyMs: 10_000 },
  day: { label: 'Last day', spanS: 86_400, everyMs: 60_000 },
};

/** What happened in the last hour or day. */
export function Charts() {
  const [range, setRange] = useState<Range>('hour');
  const series = useGet<Series>(`/admin/v1/series?range=${range}`, RANGES[range].everyMs);
  return (
    <section aria-labelledby="charts">
      <div class="section-head">
        <h2 id="charts">History</h2>
        <fieldset class="segments">
          <legend class="offscreen">Time shown</legend>
          {(Object.keys(RANGES) as Range[]).map((name) => (
            <label key={name}>
              <input type="radio" name="range" checked={range === name} onChange={() => setRange(name)} />
              <span>{RANGES[name].label}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <Show of={series} what="charts">
        {({ points, stepMs }) => <Three points={points} spanS={RANGES[range].spanS} stepMs={stepMs} />}
      </Show>
    </section>
  );
}

function stepText(ms: number): string {
  return ms % 60_000 === 0 ? (ms === 60_000 ? 'minute' : `${ms / 60_000} min`) : `${ms / 1_000} s`;
}

function Three({ points, spanS, stepMs }: { points: Points; spanS: number; stepMs: number }) {
  const times = useMemo(() => points.map(({ at }) => Date.parse(at) / 1000), [points]);
  const outcomes = useMemo(() => outcomeLines(points), [points]);
  const latency = useMemo(() => latencyLines(points), [points]);
  const errors = useMemo(() => errorLines(points), [points]);
  const common = { times, spanS, stepS: stepMs / 1000 };
  return (
    <div class="charts">
      <Chart
        {...common}
        title={`What NSPS was told, events each ${stepText(stepMs)}`}
        lines={outcomes}
        stacked
        format={numberText}
        axisText={numberText}
        summary={outcomeSummary(outcomes)}
      />
      <Chart
        {...common}
        title="Calls to the network: how long they take"
        lines={latency}
        format={latencyText}
        axisText={latencyAxisText}
        summary={latencySummary(points)}
      />
      <Chart
        {...common}
        title="Calls that failed"
        lines={errors}
        format={percentText}
        axisText={(percent) => `${percent} %`}
        summary={errorSummary(points)}
      />
    </div>
  );
}

function outcomeLines(points: Points): Line[] {
  const seen = new Set(points.flatMap(({ events }) => Object.keys(events)));
  const known = STATE_NAMES.filter((name) => seen.delete(name));
  const names = [...known, ...seen];
  const shown = names.length > 0 ? names : ['processed'];
  return shown.map((name) => ({
    label: name,
    colour: `--chart-${(STATE_NAMES as string[]).includes(name) ? name : 'other'}`,
    values: points.map(({ events }) => events[name] ?? 0),
  }));
}

function outcomeSummary(lines: readonly Line[]): string {
  const sums = lines.map(
    ({ label, values }) => [label, values.reduce<number>((sum, value) => sum + (value ?? 0), 0)] as const,
  );
  return `In all: ${sums.map(([label, sum]) => `${numberText(sum)} ${label}`).join(', ')}.`;
}

function latencyLines(points: Points): Line[] {
  return [
    { label: 'p50', colour: '--chart-p50', values: points.map(({ p50Ms }) => p50Ms) },
    { label: 'p95', colour: '--chart-p95', values: points.map(({ p95Ms }) => p95Ms) },
    { label: 'p99', colour: '--chart-p99', values: points.map(({ p99Ms }) => p99Ms) },
  ];
}

function latencySummary(points: Points): string {
  const last = points.findLast(({ p50Ms }) => p50Ms !== null);
  if (!last) return 'No call was made.';
  const worst = Math.max(...points.map(({ p99Ms }) => p99Ms ?? 0));
  return `At the end, half of the calls took less than ${latencyText(last.p50Ms)} and 99 % less than ${latencyText(last.p99Ms)}; the highest p99 was ${latencyText(worst)}.`;
}

function errorLines(points: Points): Line[] {
  const values = points.map(({ calls, errors }) => (calls === 0 ? null : (100 * errors) / calls));
  return [{ label: 'failed', colour: '--chart-dead', values }];
}

function errorSummary(points: Points): string {
  const calls = points.reduce((sum, point) => sum + point.calls, 0);
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  return `${numberText(errors)} of ${numberText(calls)} calls failed.`;
}

/** `0`, `50 ms`, `1.5 s`. */
function latencyAxisText(ms: number): string {
  if (ms === 0) return '0';
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

function percentText(value: number): string {
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}
