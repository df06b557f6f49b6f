import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { LONGEST } from "./longest-first.ts";

test("each test file that runs before others is there", () => {
  expect(LONGEST.filter((name) => !existsSync(join(repositoryRoot, name)))).toEqual([]);
});
