import { Counter, type Histogram, type Registry } from 'prom-client';

/** A metric's name and what it is, and what its series differ in: one or two labels. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

type Label = string | number;
type Labels = Record<string, Label>;

/**
 * The series of one metric, by their labels. prom-client makes a text of the labels to find a series, at every count: for an
 * event that were 2 µs. Here a series is found by its labels, and only told to prom-client when somebody reads.
 */
class SeriesByLabels<T> {
  readonly all: T[] = [];
  readonly #labelNames: readonly string[];
  readonly #make: (labels: Labels) => T;
  readonly #known = new Map<Label, Map<Label, T>>();

  constructor(labelNames: readonly string[], make: (labels: Labels) => T) {
    this.#labelNames = labelNames;
    this.#make = make;
  }

  of(first: Label, second: Label = ''): T {
    return this.#known.get(first)?.get(second) ?? this.#add(first, second);
  }

  #add(first: Label, second: Label): T {
    const series = this.#make(
      Object.fromEntries(this.#labelNames.map((name, index) => [name, [first, second][index] ?? ''])),
    );
    const row = this.#known.get(first) ?? new Map<Label, T>();
    this.#known.set(first, row.set(second, series));
    this.all.push(series);
    return series;
  }
}

class Count {
  readonly labels: Labels;
  value = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }
}

/** Counts of what happens. */
export class Counts {
  readonly #series: SeriesByLabels<Count>;

  constructor(registry: Registry, { name, help, labelNames }: Family) {
    const series = new SeriesByLabels(labelNames, (labels) => new Count(labels));
    this.#series = series;
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, value } of series.all) this.inc(labels, value);
      },
    });
  }

  /** Makes the series known, so that it begins at 0. */
  begin(first: Label, second?: Label): void {
    this.#series.of(first, second);
  }

  count(first: Label, second?: Label): void {
    this.#series.of(first, second).value++;
  }
}

/** From what a healthy core takes to the longest budget of an event; seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

class Times {
  readonly labels: Labels;
  /** How many fell into each bucket, and none of those below; the last is for all that took longer. */
  readonly buckets: number[] = new Array(BUCKETS.length + 1).fill(0);
  sum = 0;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  take(seconds: number): void {
    let bucket = 0;
    while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] as number)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
    this.sum += seconds;
  }
}

/** How long things take: a histogram in seconds. */
export class Durations {
  readonly #series: SeriesByLabels<Times>;

  constructor(registry: Registry, { name, help, labelNames }: Family) {
    this.#series = new SeriesByLabels(labelNames, (labels) => new Times(labels));
    const get = () => Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: this.#values(name) });
    // What a registry reads of a metric; its own histogram cannot be told what was counted elsewhere.
    registry.registerMetric({ name, help, get } as unknown as Histogram);
  }

  took(ms: number, label: Label): void {
    this.#series.of(label).take(ms / 1000);
  }

  #values(name: string) {
    return this.#series.all.flatMap(({ labels, buckets, sum }) => {
      let count = 0;
      const cumulated = buckets.map((here, index) => {
        count += here;
        return { metricName: `${name}_bucket`, labels: { le: BUCKETS[index] ?? '+Inf', ...labels }, value: count };
      });
      const total = { metricName: `${name}_count`, labels, value: count };
      return [...cumulated, { metricName: `${name}_sum`, labels, value: sum }, total];
    });
  }
}
