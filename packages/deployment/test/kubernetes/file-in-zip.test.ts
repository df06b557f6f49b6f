import { deflateRawSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import { fileInZip } from "./file-in-zip.ts";

/** A zip archive of deflated and of stored files. */
function zipOf(files: { name: string; content: string; deflate: boolean }[]): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const { name, content, deflate } of files) {
    const bytes = deflate ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(3, 28);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(deflate ? 8 : 0, 10);
    entry.writeUInt32LE(bytes.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), Buffer.from("xyz"), bytes);
    entries.push(entry, Buffer.from(name));
    offset += local.length + name.length + 3 + bytes.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...entries, end, Buffer.from("a comment")]);
}

test("a file comes out of a zip archive as it went in, and one that is not there is missed", () => {
  const archive = zipOf([
    { name: "helm/helm", content: "another", deflate: true },
    { name: "kubectl/kubectl", content: "wanted ".repeat(100), deflate: true },
    { name: "stored", content: "as it is", deflate: false },
  ]);
  expect(fileInZip(archive, "kubectl/kubectl").toString()).toBe("wanted ".repeat(100));
  expect(fileInZip(archive, "stored").toString()).toBe("as it is");
  expect(() => fileInZip(archive, "kubectl")).toThrow("holds no kubectl");
  expect(() => fileInZip(Buffer.from("no archive at all, but long enough"), "kubectl")).toThrow("no zip archive");
});
