import { expect, test } from "@jest/globals";
import { hashSecret, isSecretOf, newSecret } from "./secret.ts";

test("a hash is of its own secret and of no other, and does not hold it", async () => {
  const secret = newSecret();
  const hash = await hashSecret(secret);
  expect(await isSecretOf(hash, secret)).toBe(true);
  expect(await isSecretOf(hash, newSecret())).toBe(false);
  expect(await isSecretOf(hash, `${secret} `)).toBe(false);
  expect(hash).not.toContain(secret);
});

test("two hashes of one secret differ, as each has its own salt", async () => {
  const secret = newSecret();
  expect(await hashSecret(secret)).not.toBe(await hashSecret(secret));
});

test("secrets have 256 bits, and none comes twice", () => {
  const secrets = Array.from({ length: 1000 }, newSecret);
  expect(new Set(secrets).size).toBe(1000);
  for (const secret of secrets) expect(secret).toMatch(/^[\w-]{43}$/);
});
