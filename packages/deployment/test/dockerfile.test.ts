import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { repositoryRoot } from "@ocellus/suite/repository.ts";
import { type Copy, DockerfileParser, type From, type Instruction } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { readComposeFile } from "./compose-file.ts";
import { manifestsOf } from "./kubernetes/manifests.ts";
import { podTemplates } from "./kubernetes/pods.ts";

const BASE = "node:24-bookworm-slim";
const text = readFileSync(join(repositoryRoot, "Dockerfile"), "utf8");
const instructions = DockerfileParser.parse(text).getInstructions();

/** The instructions of each stage. */
const stages = instructions.reduce<Instruction[][]>((found, instruction) => {
  if (instruction.getKeyword() === "FROM") found.push([]);
  found.at(-1)?.push(instruction);
  return found;
}, []);
const last = stages.at(-1)!;

const keywords = (stage: Instruction[], keyword: string) => stage.filter((one) => one.getKeyword() === keyword);
const argumentsOf = (stage: Instruction[], keyword: string) =>
  keywords(stage, keyword).map((instruction) => instruction.getRawArgumentsContent());
/** The sources that a stage copies from the project. */
const sourcesOf = (stage: Instruction[]) =>
  (keywords(stage, "COPY") as Copy[])
    .filter((copy) => !copy.getFromFlag())
    .flatMap((copy) => copy.getArguments().slice(0, -1).map(String));

test("a linter finds nothing wrong, and no other syntax is asked for", () => {
  expect(validate(text).map(({ message }) => message)).toEqual([]);
  expect(text).not.toMatch(/^#\s*syntax\s*=/im);
});

test("every stage begins with the one base image, and copies from none but earlier ones", () => {
  const froms = stages.map(([from]) => from as From);
  expect(froms.map((from) => from.getImage())).toEqual(froms.map(() => BASE));
  const names = froms.map((from) => from.getBuildStage());
  stages.forEach((stage, index) => {
    const copied = (keywords(stage, "COPY") as Copy[]).map((copy) => copy.getFromFlag()?.getValue());
    for (const from of copied.filter((name) => name !== undefined)) expect(names.slice(0, index)).toContain(from);
  });
});

test("everything that is copied is there, and reaches the builder", () => {
  const sources = stages.flatMap(sourcesOf).map((source) => source.replace(/\/$/, ""));
  expect(sources.length).toBeGreaterThan(10);
  expect(sources.filter((source) => !existsSync(join(repositoryRoot, source)))).toEqual([]);
  const lines = readFileSync(join(repositoryRoot, ".dockerignore"), "utf8").split("\n");
  expect(lines).toContain("*");
  const open = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  const reaches = (source: string) => open.some((path) => source === path || source.startsWith(`${path}/`));
  expect(sources.filter((source) => !reaches(source))).toEqual([]);
});

test("the packages that the programs need are those that the image has", () => {
  const copied = stages.flatMap(sourcesOf).filter((source) => /^(packages|services)\//.test(source));
  const needed = globSync("{packages,services}/*/package.json", { cwd: repositoryRoot });
  const nameOf = new Map(needed.map((path) => [manifest(path).name as string, path]));
  const reached = new Set<string>();
  const reach = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const name of Object.keys(manifest(path).dependencies ?? {})) if (nameOf.has(name)) reach(nameOf.get(name)!);
  };
  reach("packages/deployment/package.json");
  expect(copied.filter((source) => source.endsWith("package.json")).toSorted()).toEqual([...reached].toSorted());
  const folders = copied.filter((source) => !source.endsWith("package.json"));
  expect(folders).toEqual(
    [...reached]
      .filter((path) => path.startsWith("packages/"))
      .map((path) => path.replace("/package.json", ""))
      .toSorted(),
  );
  expect(sourcesOf(stages.at(-2)!)).toContain("services");
});

function manifest(path: string): { name?: string; dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(repositoryRoot, path), "utf8"));
}

test("no source comes before what is installed: a change of it installs nothing anew", () => {
  for (const stage of stages) {
    const keywordsInOrder = stage.map((instruction) => instruction.getRawArgumentsContent() ?? "");
    const installs = keywordsInOrder.findIndex((content) => content.startsWith("npm install"));
    if (installs === -1) continue;
    const before = sourcesOf(stage.slice(0, installs));
    expect(before.filter((source) => !/(\.json|\.npmrc|\.yaml)$/.test(source))).toEqual([]);
  }
});

test("it runs as uid 1000, as Node itself, and by no shell", () => {
  expect(argumentsOf(last, "USER")).toEqual(["1000:1000"]);
  const [entrypoint] = argumentsOf(last, "ENTRYPOINT");
  const [program, , file] = JSON.parse(entrypoint!);
  expect([program, existsSync(join(repositoryRoot, file))]).toEqual(["node", true]);
  expect([...keywords(last, "RUN"), ...keywords(last, "CMD"), ...keywords(last, "EXPOSE")]).toEqual([]);
});

test("the gateway, which has more room for young objects, is started as the image is in all else", async () => {
  const [entrypoint] = argumentsOf(last, "ENTRYPOINT");
  const [gateway] = podTemplates(await manifestsOf("local")).filter(({ name }) => name === "gateway");
  const starts = [readComposeFile().services.gateway!.entrypoint!, gateway!.spec.containers[0].command as string[]];
  for (const start of starts) {
    expect(start).toContain("--max-semi-space-size=16");
    expect(start.filter((part) => !part.startsWith("--"))).toEqual(
      JSON.parse(entrypoint!).filter((part: string) => !part.startsWith("--")),
    );
  }
});

test("its labels are those of OCI", () => {
  const labels = argumentsOf(last, "LABEL").join(" ");
  for (const name of ["title", "description", "source", "version", "revision", "base.name"]) {
    expect(labels).toContain(`org.opencontainers.image.${name}=`);
  }
  expect(labels).toContain(`base.name="docker.io/library/${BASE}"`);
  const { version } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8"));
  expect(argumentsOf(last, "ARG")).toContain(`VERSION=${version}`);
});
