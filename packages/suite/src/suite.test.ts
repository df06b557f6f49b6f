import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { askForToken } from "../../../test/support/client-token.ts";
import { withConnection } from "./database-roles.ts";
import { requireFreePorts } from "./ports.ts";
import { writeShellExports } from "./shell-exports.ts";
import { startSuite } from "./suite.ts";
import { freeSuitePorts, type SuitePorts } from "./suite-ports.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const START_MS = 120_000;

test(
  "the suite starts part by part, says so, tells a shell where it is, and stops in reverse",
  async () => {
    using folder = temporaryFolder();
    const dataDir = join(folder.path, "it's here");
    const ports = await freeSuitePorts();
    const lines: string[] = [];
    {
      await using suite = await startSuite({ dataDir, ports, report: (line) => lines.push(line.split(" ")[0]!) });
      expect(lines.toSorted()).toEqual(
        ["NATS", "PostgreSQL", "aggregation", "certificates", "gateway", "ingest", "migrations", "sessions"].toSorted(),
      );
      const role = await withConnection(suite.environments.sessions.DATABASE_URL!, (client) =>
        client.query("select user"),
      );
      expect(role.rows).toEqual([{ user: "ocellus_sessions" }]);
      await expect(startSuite({ dataDir, ports })).rejects.toThrow("already runs");

      writeShellExports(join(dataDir, "dev.env"), suite);
      const script =
        '. "$1" && cat "$OCELLUS_CA" "$OCELLUS_CERT" "$OCELLUS_KEY" > /dev/null && echo "$OCELLUS_URL $OCELLUS_INGEST"';
      const said = execFileSync("sh", ["-c", script, "sh", join(dataDir, "dev.env")], { encoding: "utf8" });
      expect(said).toBe(`http://127.0.0.1:${ports.gateway} 127.0.0.1:${ports.ingest}\n`);
      expect(statSync(join(dataDir, "dev.env")).mode & 0o777).toBe(0o600);
      const administrator = '. "$1" && echo "$OCELLUS_CLIENT_ID $OCELLUS_CLIENT_SECRET"';
      const told = execFileSync("sh", ["-c", administrator, "sh", join(dataDir, "dev.env")], { encoding: "utf8" });
      const [id = "", secret = ""] = told.trim().split(" ");
      const { body } = await askForToken(suite.urls.gateway, { id, secret });
      expect(body).toMatchObject({ token_type: "Bearer", scope: "read write aggregation admin" });
      lines.length = 0;
    }
    expect(lines[0]).toBe("gateway");
    expect(lines.slice(1, 4).toSorted()).toEqual(["aggregation", "ingest", "sessions"]);
    expect(lines.slice(4).toSorted()).toEqual(["PostgreSQL", "nats-server"]);
    await nothingRuns(dataDir, ports);
  },
  START_MS,
);

test(
  "a part that fails to start is an error with its last words, and leaves nothing running",
  async () => {
    using folder = temporaryFolder();
    const ports = await freeSuitePorts();
    const environment = { sessions: { SESSION_IDLE_TIMEOUT: "soon" } };
    await expect(startSuite({ dataDir: folder.path, ports, environment })).rejects.toThrow(
      /sessions ended with code 1:(.|\n)*SESSION_IDLE_TIMEOUT/,
    );
    await nothingRuns(folder.path, ports);
  },
  START_MS,
);

test(
  "a part that ends by itself makes the suite say which, and its last words",
  async () => {
    using folder = temporaryFolder();
    await using suite = await startSuite({ dataDir: folder.path, ports: await freeSuitePorts() });
    await suite.services.aggregation.stop();
    process.kill(suite.services.sessions.pid, "SIGKILL");
    expect((await suite.failed).message).toMatch(/^sessions ended with code 137:\n(.|\n)*"msg":"ready"/);
  },
  START_MS,
);

async function nothingRuns(dataDir: string, ports: SuitePorts): Promise<void> {
  expect(readdirSync(join(dataDir, "run"))).toEqual([]);
  await requireFreePorts(Object.values(ports).map((port) => ({ port, name: String(port), variable: "" })));
}
