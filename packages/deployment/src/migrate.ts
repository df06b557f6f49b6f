// Brings the schemas of all services up to date, one after another.
try {
  await import("@ocellus/ingest/migrate.ts");
  await import("@ocellus/sessions/migrate.ts");
  await import("@ocellus/aggregation/migrate.ts");
  await import("@ocellus/gateway/migrate.ts");
  process.stdout.write("all schemas are up to date\n");
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
}
