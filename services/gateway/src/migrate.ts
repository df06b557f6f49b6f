import { migrate } from "@ocellus/runtime/migrate.ts";
import { schema } from "./orm.config.ts";

await migrate(schema);
