import type { Measured } from "./test-suite.ts";

const COLUMNS = `id, "timestamp", receive_time, namespace, name, category, session_id, person_id, value, data`;

/**
 * Copies the events that are stored back into the emptied table, by PostgreSQL alone: it reads a file by itself, which spares it a
 * client. Answers the rows a second.
 */
export async function measureRawCopy({ database, pipeline }: Measured): Promise<number> {
  const [settings] = (await database.query<{ folder: string }>(`select current_setting('data_directory') as folder`))
    .rows;
  const file = `${settings!.folder}/bench-rows`;
  const { rowCount } = await database.query(`copy (select ${COLUMNS} from ingest.events) to '${file}' (format binary)`);
  await pipeline.empty();
  const start = performance.now();
  await database.query(`copy ingest.events (${COLUMNS}) from '${file}' (format binary)`);
  return rowCount! / ((performance.now() - start) / 1000);
}
