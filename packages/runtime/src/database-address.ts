import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ClientConfig } from "pg";
import { parseIntoClientConfig } from "pg-connection-string";

/** Where PostgreSQL is, and as whom to come to it. */
export interface DatabaseAddress {
  /** With `?sslmode=verify-full&sslrootcert=FILE` over TLS, to a server of this name with a certificate of this CA. */
  url: string;
  /** The file of the password; without it the URL has the password. */
  passwordFile?: string;
}

/** The address that the variables name. */
export function addressIn(config: { DATABASE_URL: string; DATABASE_PASSWORD_FILE: string }): DatabaseAddress {
  return { url: config.DATABASE_URL, passwordFile: config.DATABASE_PASSWORD_FILE };
}

/** The parameters of a URL that name files, by what TLS calls the content. */
const FILES = { sslrootcert: "ca", sslcert: "cert", sslkey: "key" } as const;

/**
 * What pg is to connect with. The files are read anew for each connection, so that passwords and certificates can be replaced while
 * the process runs. Throws where a file of TLS cannot be read.
 */
export function connectionTo({ url, passwordFile }: DatabaseAddress): ClientConfig {
  const config = parseIntoClientConfig(url);
  if (passwordFile) config.password = async () => (await readFile(passwordFile, "utf8")).replace(/\r?\n$/, "");
  if (typeof config.ssl === "object") {
    const parameters = new URL(url).searchParams;
    for (const [parameter, option] of Object.entries(FILES)) {
      const file = parameters.get(parameter);
      if (file)
        Object.defineProperty(config.ssl, option, { get: readerOf(file), enumerable: true, configurable: true });
    }
  }
  return config;
}

/** Reads a file each time. Where it cannot be read, it answers what the file held before: an error there would end the process. */
function readerOf(file: string): () => string {
  let content = readFileSync(file, "utf8");
  return () => {
    try {
      content = readFileSync(file, "utf8");
    } catch {
      return content;
    }
    return content;
  };
}
