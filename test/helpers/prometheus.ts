/** One line of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a scrape says: only what Prometheus itself would understand. @throws on anything else. */
export class Scrape {
  readonly samples: Sample[] = [];
  /** By family: what it is, and what it says about itself. */
  readonly types = new Map<string, string>();
  readonly helps = new Map<string, string>();

  constructor(text: string) {
    for (const line of text.split('\n').filter((line) => line !== '')) this.#take(line);
  }

  static async of(url: string, headers: Record<string, string> = {}): Promise<Scrape> {
    const response = await fetch(url, { headers });
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
    return new Scrape(await response.text());
  }

  #take(line: string): void {
    const [, kind, family = '', words = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind) (kind === 'HELP' ? this.helps : this.types).set(family, words);
    else this.samples.push(sampleOf(line));
  }

  /** The sum of the series of this name that have these labels; null when there is none. */
  value(name: string, labels: Record<string, string> = {}): number | null {
    const found = this.samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
    return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
  }

  get names(): Set<string> {
    return new Set(this.samples.map(({ name }) => name));
  }

  /** Label names of all series of a name. */
  labelsOf(name: string): Set<string> {
    return new Set(this.samples.filter((sample) => sample.name === name).flatMap(({ labels }) => Object.keys(labels)));
  }
}

function sampleOf(line: string): Sample {
  const [, name, block = '', value] =
    /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? ([-+.\w]+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no Prometheus text: ${line}`);
  const labels = [...block.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (Number.isNaN(number) && !/^nan$/i.test(value)) throw new Error(`no number: ${line}`);
  return { name, labels: Object.fromEntries(labels), value: number };
}
