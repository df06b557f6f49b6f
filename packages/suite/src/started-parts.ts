const SLOW_MS = 1000;

/** Hears what becomes of the parts. */
export interface PartsReport {
  /** A line about a part that is up, or that has stopped. */
  report: (line: string) => void;
  /** A line about a part that is not up after a second. */
  reportSlow?: (line: string) => void;
}

/** What a line says about a part that is up. */
export interface PartDescription {
  /** Its name, and version where that matters. */
  readonly title: string;
  readonly place: string;
  readonly details?: string;
}

/** A process of the suite, or several copies of one. */
export interface Part {
  readonly name: string;
  /** Settles when it ends by itself, with what happened. */
  readonly failed: Promise<Error>;
  stop(): Promise<unknown>;
}

/** The parts that were started so far. */
export class StartedParts {
  readonly #parts: { part: Part; level: number }[] = [];
  readonly #hears: PartsReport;
  readonly #failed = Promise.withResolvers<Error>();

  constructor(hears: PartsReport) {
    this.#hears = hears;
  }

  /** Settles when the first of them ends by itself, with what happened. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** Waits for `work`, and reports that it is done or that it takes long. */
  async report<Result>(
    name: string,
    work: Promise<Result>,
    describe: (result: Result) => PartDescription,
  ): Promise<Result> {
    const timer = setTimeout(() => this.#hears.reportSlow?.(`starting ${name} …`), SLOW_MS);
    const result = await work.finally(() => clearTimeout(timer));
    const { title, place, details = "" } = describe(result);
    this.#hears.report(`${title.padEnd(16)} ${place.padEnd(22)} ${details}`.trimEnd());
    return result;
  }

  /** Takes a part among those to be stopped. It needs those of lower levels. */
  add(part: Part, level: number): void {
    this.#parts.push({ part, level });
    part.failed.then(this.#failed.resolve);
  }

  /** Stops all, the highest level first. */
  async stop(): Promise<void> {
    const levels = new Set(this.#parts.map(({ level }) => level).sort((a, b) => b - a));
    for (const level of levels) {
      const parts = this.#parts.filter((started) => started.level === level);
      await Promise.all(
        parts.map(async ({ part }) => {
          await part.stop();
          this.#hears.report(`${part.name} stopped`);
        }),
      );
    }
  }
}
