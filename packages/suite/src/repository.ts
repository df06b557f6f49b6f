import { resolve } from "node:path";

/** The folder that holds the whole project, from which the services are started. */
export const repositoryRoot = resolve(import.meta.dirname, "../../..");
