import { Pool } from "undici";
import { sendAll } from "./in-flight.ts";

/** Posts each body over kept connections. Throws where an answer is not one of success. */
export async function postAll(url: string, bodies: Buffer[], inFlight: number): Promise<Float64Array> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: inFlight });
  const headers = { "content-type": "application/json" };
  try {
    return await sendAll(bodies, inFlight, async (body) => {
      const answer = await pool.request({ path: pathname, method: "POST", headers, body });
      if (answer.statusCode >= 300) throw new Error(`POST ${url}: ${answer.statusCode} ${await answer.body.text()}`);
      await answer.body.dump({ limit: Number.POSITIVE_INFINITY });
    });
  } finally {
    await pool.close();
  }
}
