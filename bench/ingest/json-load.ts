import { Pool } from "undici";
import { NotTaken } from "./retry.ts";

/** Posts bodies to one address over kept connections. */
export class Poster {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, token: string, connections: number) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections });
    this.#path = pathname;
    this.#headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  }

  /** Answers the text of the answer. Throws NotTaken for 429 and 503, and an error for any other answer that is not one of success. */
  async post(body: Buffer): Promise<string> {
    const {
      statusCode,
      headers,
      body: answer,
    } = await this.#pool.request({
      path: this.#path,
      method: "POST",
      headers: this.#headers,
      body,
    });
    const text = await answer.text();
    if (statusCode === 429 || statusCode === 503) throw new NotTaken(Number(headers["retry-after"] ?? 1) * 1000);
    if (statusCode >= 300) throw new Error(`POST ${this.#path}: ${statusCode} ${text}`);
    return text;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Throws NotTaken where the queue took not all of a batch. */
export function requireAllTaken(answer: string): void {
  const { results } = JSON.parse(answer) as { results: { refused?: unknown }[] };
  if (results.some(({ refused }) => refused)) throw new NotTaken(1000);
}
