/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  testSequencer: "<rootDir>/test/support/longest-first.ts",
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  globalTeardown: "<rootDir>/test/support/global-teardown.ts",
  modulePathIgnorePatterns: ["<rootDir>/.ocellus"],
  // Tests start real servers, on a machine that may have two cores, and be far slower at times than it is now.
  testTimeout: 300_000,
  // Of three one waits for something most of the time.
  maxWorkers: 3,
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "es6" }, sourceMaps: "inline" },
    ],
  },
};
