/** The programs of the image, by the argument that chooses one. Each runs as soon as it is imported. */
export const PROGRAMS = {
  ingest: () => import("@ocellus/ingest/main.ts"),
  sessions: () => import("@ocellus/sessions/main.ts"),
  aggregation: () => import("@ocellus/aggregation/main.ts"),
  gateway: () => import("@ocellus/gateway/main.ts"),
  migrate: () => import("./migrate.ts"),
  certificates: () => import("./certificates.ts"),
  "sessions:close": () => import("@ocellus/sessions/close-sessions.ts"),
};
export type ProgramName = keyof typeof PROGRAMS;

export const PROGRAM_NAMES = Object.keys(PROGRAMS) as ProgramName[];
