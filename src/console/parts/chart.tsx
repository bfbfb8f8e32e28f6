import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useCell } from '../lib/cell.ts';
import { colour, colours } from '../lib/theme.ts';
import { localText, zoneName } from '../lib/time-text.ts';

export interface Line {
  readonly label: string;
  /** Custom property that holds its colour. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** What can be seen in it, in a sentence. */
  readonly summary: string;
  /** Begin of each step, seconds since 1970. */
  readonly times: readonly number[];
  /** From one step to the next, in seconds. */
  readonly stepS: number;
  /** How much time it shows, in seconds. */
  readonly spanS: number;
  readonly lines: readonly Line[];
  /** One upon another, as filled steps, in place of lines. */
  readonly stacked?: boolean;
  readonly format: (value: number) => string;
  /** A round number beside the axis, said as shortly as can be. */
  readonly axisText: (value: number) => string;
}

const HEIGHT = 176;

/** Curves over time, with a legend that tells the values pointed at, and the same as a table. */
export function Chart(props: ChartProps) {
  const { title, summary, times, lines, format } = props;
  const box = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  useDrawing(box, props, setPointed);
  const time = pointed === null ? undefined : times[pointed];
  return (
    <figure class="chart panel">
      <figcaption>
        <h3>{title}</h3>
        <span class="quiet tabular">
          {time === undefined ? (props.stacked ? 'total' : 'latest') : localText(time * 1000)}
        </span>
      </figcaption>
      <div class="chart-box" ref={box} role="img" aria-label={`${title}. ${summary}`} />
      {isBare(props) && <p class="chart-none quiet">Nothing was measured yet.</p>}
      <ul class="legend">
        {lines.map(({ label, colour, values }) => (
          <li key={label}>
            <span class={`swatch swatch-${colour.replace('--chart-', '')}`} aria-hidden="true" />
            {label}{' '}
            <b class="tabular">
              {shown(time === undefined ? gist(values, props.stacked) : values[pointed ?? 0], format)}
            </b>
          </li>
        ))}
      </ul>
      <AsTable {...props} />
    </figure>
  );
}

/** Whether there is nothing to draw: an axis would only tell of numbers that nobody measured. */
function isBare({ lines, stacked = false }: Pick<ChartProps, 'lines' | 'stacked'>): boolean {
  return !lines.some(({ values }) => values.some((value) => value !== null && !(stacked && value === 0)));
}

/** What stands beside a line while no time is pointed at: the sum of what is stacked, else the last value there is. */
function gist(values: Line['values'], stacked = false): number | null {
  if (stacked) return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return values.findLast((value) => value !== null) ?? null;
}

function shown(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}

function AsTable({ title, times, lines, format, summary }: ChartProps) {
  const [open, setOpen] = useState(false);
  return (
    <details class="chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        As a table<span class="offscreen">: {title}</span>
      </summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
        <section class="scroll-box" tabIndex={0} aria-label={`${title}, as a table`}>
          <p class="quiet">{summary}</p>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">From ({zoneName()})</th>
                {lines.map(({ label }) => (
                  <th key={label} scope="col" class="number">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.toReversed().map((time, row) => (
                <tr key={time}>
                  <th scope="row">{localText(time * 1000)}</th>
                  {lines.map(({ label, values }) => (
                    <td key={label} class="number">
                      {shown(values[times.length - 1 - row], format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

type Box = { readonly current: HTMLDivElement | null };

function useDrawing(box: Box, props: ChartProps, point: (index: number | null) => void): void {
  const painted = useCell(colours);
  const drawing = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const data = useMemo(() => dataOf(props), [props.times, props.lines, props.stacked]);
  const shape = props.lines.map(({ label }) => label).join('|');

  // Drawn anew when its lines or the colours change, and only then.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const plot = new uPlot(optionsOf(latest, element.clientWidth, point), data, element);
    drawing.current = plot;
    const watcher = new ResizeObserver(() => {
      if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      plot.destroy();
      drawing.current = null;
    };
  }, [shape, painted, props.spanS]);

  useEffect(() => drawing.current?.setData(data), [data]);
}

/** Stacked: the sums come first, so that the lower parts are painted over them. */
function dataOf({ times, lines, stacked }: ChartProps): uPlot.AlignedData {
  const columns = lines.map(({ values }) => values);
  if (!stacked) return [times, ...columns] as uPlot.AlignedData;
  const sums = columns.map((_, upTo) => {
    return times.map((_time, row) => columns.slice(0, upTo + 1).reduce((sum, values) => sum + (values[row] ?? 0), 0));
  });
  return [times, ...sums.toReversed()] as uPlot.AlignedData;
}

function optionsOf(
  latest: { readonly current: ChartProps },
  width: number,
  point: (index: number | null) => void,
): uPlot.Options {
  const { lines, stacked = false, spanS, stepS } = latest.current;
  const ordered = stacked ? lines.toReversed() : lines;
  return {
    width: Math.max(200, width),
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: !stacked }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: (plot) => lastSpan(plot, spanS, stepS) },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [
      axis({ size: 26, values: (_plot, splits) => splits.map(minuteText) }),
      axis({
        size: 58,
        values: (_plot, splits) => {
          return isBare(latest.current) ? [] : splits.map((split) => latest.current.axisText(split));
        },
        // What is stacked is counted, and there is no half an event.
        incrs: stacked ? WHOLE_STEPS : [0.1, 0.2, 0.5, ...WHOLE_STEPS],
      }),
    ],
    series: [{}, ...ordered.map((line) => seriesOf(line, stacked))],
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? null)] },
  };
}

const WHOLE_STEPS = Array.from({ length: 8 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

/** Up to the end of the last step, which has begun at its point. */
function lastSpan(plot: uPlot, spanS: number, stepS: number): [number, number] {
  const last = plot.data[0].at(-1);
  const end = last === undefined ? Math.floor(Date.now() / 1000) : last + stepS;
  return [end - spanS, end];
}

function seriesOf({ label, colour: name }: Line, stacked: boolean): uPlot.Series {
  const stroke = colour(name);
  const stepped = uPlot.paths.stepped?.({ align: 1, extend: true });
  if (!stacked || !stepped)
    return {
      label,
      stroke,
      width: 1.75,
      points: { show: true, size: 5, fill: stroke, filter: lonely },
      spanGaps: false,
    };
  return { label, stroke, fill: stroke, width: 0, points: { show: false }, paths: stepped };
}

/** No line leads to or from these, so they are dots. */
function lonely(plot: uPlot, index: number): number[] {
  const values = plot.data[index] ?? [];
  const isThere = (at: number) => values[at] !== null && values[at] !== undefined;
  return Array.from(values, (_, at) => at).filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1));
}

function axis(more: uPlot.Axis): uPlot.Axis {
  const grid = { stroke: colour('--chart-grid'), width: 1 };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  return { stroke: colour('--muted'), font, grid, ticks: { show: false }, gap: 6, ...more };
}

const minutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function minuteText(seconds: number): string {
  return minutes.format(seconds * 1000);
}
