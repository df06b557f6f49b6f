import type { EntityManager } from "@mikro-orm/postgresql";
import { EARLIEST, type Micros, microsOfSql } from "@ocellus/runtime/time.ts";
import { sql } from "kysely";

/** Events that the door took just before they grew too old have so long to be stored. */
const GRACE: Micros = 3_600_000_000n;

/**
 * Since when events are kept: the start of a month in UTC, so that whole partitions can go. What the database says is law
 * (`ingest.kept_from`), and is remembered here for the door, which refuses what will soon be too old as well.
 */
export class KeptFrom {
  readonly #retention: Micros | undefined;
  #stored: Micros = EARLIEST;

  /** @param retentionMs for how long at least events are kept; for ever where it is left out */
  constructor(retentionMs: number | undefined) {
    this.#retention = retentionMs === undefined ? undefined : BigInt(retentionMs) * 1000n;
  }

  /** Since when the events must be that come now. */
  at(now: Micros): Micros {
    return latest(this.#stored, this.#from(now));
  }

  /** Since when events are to be kept now; undefined where that is in force. */
  due(now: Micros): Micros | undefined {
    const due = this.#from(now - GRACE);
    return due > this.#stored ? due : undefined;
  }

  /** Whether no event has grown too old yet. */
  isForEver(): boolean {
    return this.#stored === EARLIEST;
  }

  /** Reads what is in force. */
  async refresh(em: EntityManager): Promise<void> {
    this.#stored = latest(this.#stored, await readKeptFrom(em.fork()));
  }

  /** Since when the events must be that come now. What is in force stays so until the caller's transaction ends. */
  async within(tx: EntityManager, now: Micros): Promise<Micros> {
    return latest(this.at(now), await readKeptFrom(tx));
  }

  #from(now: Micros): Micros {
    return this.#retention === undefined ? EARLIEST : latest(EARLIEST, startOfMonth(now - this.#retention));
  }
}

/** Since when events are kept. It does not change until the caller's transaction ends. */
export async function readKeptFrom(em: EntityManager): Promise<Micros> {
  const { rows } = await sql<{ at: string }>`select at::text from ingest.kept_from`.execute(em.getKysely());
  return microsOfKeptFrom(rows[0]!.at);
}

/** As PostgreSQL writes it: "-infinity" before anything went. */
export function microsOfKeptFrom(text: string): Micros {
  return text === "-infinity" ? EARLIEST : microsOfSql(text);
}

function startOfMonth(micros: Micros): Micros {
  const date = new Date(Number(micros / 1000n));
  date.setUTCDate(1);
  return BigInt(date.setUTCHours(0, 0, 0, 0)) * 1000n;
}

function latest(a: Micros, b: Micros): Micros {
  return a > b ? a : b;
}
