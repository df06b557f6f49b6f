import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";

/** How a form is posted. */
export interface PostOptions {
  authorization: string;
  timeoutMs: number;
  tls?: Partial<TlsFiles> | undefined;
}

/** No answer to a form is longer. */
const MAX_BYTES = 64 * 1024;

/** Posts a form, and answers what came back. Throws where nothing came in time. */
export function postForm(
  url: URL,
  form: URLSearchParams,
  { authorization, timeoutMs, tls = {} }: PostOptions,
): Promise<{ status: number; body: string }> {
  const body = form.toString();
  const headers = {
    authorization,
    "content-type": "application/x-www-form-urlencoded",
    "content-length": Buffer.byteLength(body),
  };
  const options = { method: "POST", headers, agent: false as const, signal: AbortSignal.timeout(timeoutMs) };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:" ? requestHttps(url, { ...options, ...readTlsFiles(tls) }) : requestHttp(url, options);
    request.on("error", reject);
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BYTES) request.destroy(new Error("the answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    request.end(body);
  });
}
