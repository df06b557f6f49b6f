const OLDEST = [24, 12] as const;

/** Throws if this Node is older than the services need: they are TypeScript that Node runs as it is. */
export function requireNodeVersion(version = process.versions.node): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new Error(
    `This is Node ${version}; the suite needs ${OLDEST.join(".")} or newer. ` +
      "make install puts one into node_modules/.bin, which make uses; where there is none for this machine, install it.",
  );
}
