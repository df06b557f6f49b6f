import type { MikroORM } from "@mikro-orm/postgresql";
import { addressIn } from "@ocellus/runtime/database-address.ts";
import { forgetOld } from "@ocellus/runtime/forget-old.ts";
import type { Lifecycle } from "@ocellus/runtime/lifecycle.ts";
import type { Queue } from "@ocellus/runtime/nats.ts";
import { repeat } from "@ocellus/runtime/repeat.ts";
import type { CleanedEnv } from "envalid";
import type { variables } from "./config.ts";
import { keepErrors } from "./consumers/keep-errors.ts";
import { storeEvents } from "./consumers/store-events.ts";
import { deleteOldErrors } from "./errors/bound-errors.ts";
import { watchDropped } from "./errors/watch-dropped.ts";
import { forgetDeleted } from "./forget-deleted.ts";
import type { Outbox } from "./outbox.ts";
import { createAhead, drainDefault } from "./partitions/tend-partitions.ts";
import { releaseHandled } from "./release-handled.ts";
import { dropOldEvents } from "./retention/drop-old-events.ts";
import type { KeptFrom } from "./retention/kept-from.ts";
import { storingPool } from "./storing-pool.ts";

/** How many batches are stored at once: while PostgreSQL works on one, the next is read and written. */
const STORING = 2;

const RELEASE_EVERY_MS = 10_000;
const TEND_EVERY_MS = 5000;

/** What the work in the background works with. */
export interface BackgroundOptions {
  orm: MikroORM;
  queue: Queue;
  outbox: Outbox;
  kept: KeptFrom;
  config: CleanedEnv<typeof variables>;
  lifecycle: Lifecycle;
}

/** Starts all that goes on without being asked for: storing, announcing, keeping what was refused, forgetting what is old. */
export function startBackground({ orm: { em }, queue, outbox, kept, config, lifecycle }: BackgroundOptions): void {
  const { log, signal } = lifecycle;
  lifecycle.background("outbox sweep", outbox.sweep(em, signal, log));
  lifecycle.background(
    "forgetting",
    forgetOld("deleted events", () => forgetDeleted(em), lifecycle),
  );
  lifecycle.background(
    "releasing",
    forgetOld("handled messages", () => releaseHandled(queue), { log, signal, everyMs: RELEASE_EVERY_MS }),
  );
  lifecycle.background(
    "forgetting errors",
    forgetOld("refused events", () => deleteOldErrors(em, config.EVENT_ERRORS_KEEP), lifecycle),
  );
  const tending = { signal, log, everyMs: TEND_EVERY_MS };
  lifecycle.background(
    "partitions ahead",
    repeat("creating partitions", () => createAhead(em), tending),
  );
  lifecycle.background(
    "draining",
    repeat("draining the default partition", () => drainDefault(em, lifecycle), tending),
  );
  lifecycle.background(
    "retention",
    repeat("dropping old events", () => dropOldEvents({ em, kept, log, signal }), tending),
  );
  const errorsMaxBytes = config.EVENT_ERRORS_MAX_BYTES;
  const consuming = { queue, em, log, signal };
  const pool = storingPool(addressIn(config), STORING);
  lifecycle.onStop("storing connections", () => pool.end());
  for (let index = 0; index < STORING; index++) {
    lifecycle.background("store-events", storeEvents({ ...consuming, outbox, pool, errorsMaxBytes }));
  }
  lifecycle.background("keep-errors", keepErrors({ ...consuming, maxBytes: errorsMaxBytes }));
  lifecycle.background("errors watch", watchDropped(consuming));
}
