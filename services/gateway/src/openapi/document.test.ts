import { createFileRegistry, createRegistry, fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema, file_google_protobuf_duration } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import { file_google_api_annotations, http } from "@ocellus/proto/google/api/annotations_pb.ts";
import { routesOf } from "../rest/routes.ts";
import type { Upstream } from "../upstreams.ts";
import { openApiDocument } from "./document.ts";
import { operationOf } from "./operation.ts";
import { PathNames } from "./path-names.ts";
import { Schemas } from "./schemas.ts";

const field = (number: number, name: string, type: string, more: JsonObject = {}): JsonObject => ({
  number,
  name,
  jsonName: protoCamelCase(name),
  type,
  label: "LABEL_OPTIONAL",
  ...more,
});
const ofType = (number: number, name: string, typeName: string, more: JsonObject = {}) =>
  field(number, name, "TYPE_MESSAGE", { typeName, ...more });
const rpc = (name: string, rule: JsonObject, more: JsonObject = {}): JsonObject => ({
  name,
  inputType: ".zoo.v1.Search",
  outputType: ".zoo.v1.Animal",
  options: { "[google.api.http]": rule },
  ...more,
});

/** What the contract of Ocellus does not have: maps, nested parameters, a type within itself, several bindings. */
const file: JsonValue = {
  name: "zoo.proto",
  package: "zoo.v1",
  syntax: "proto3",
  dependency: ["google/api/annotations.proto", "google/protobuf/duration.proto"],
  enumType: [
    {
      name: "Diet",
      value: [
        { name: "DIET_UNSPECIFIED", number: 0 },
        { name: "DIET_LEAVES", number: 1 },
      ],
    },
  ],
  messageType: [
    {
      name: "Animal",
      field: [
        field(1, "full_name", "TYPE_STRING"),
        ofType(2, "mother", ".zoo.v1.Animal"),
        ofType(3, "weights", ".zoo.v1.Animal.WeightsEntry", { label: "LABEL_REPEATED" }),
        ofType(4, "age", ".google.protobuf.Duration"),
        field(5, "diets", "TYPE_ENUM", { typeName: ".zoo.v1.Diet", label: "LABEL_REPEATED" }),
        field(6, "photo", "TYPE_BYTES"),
        field(7, "cage", "TYPE_UINT32", { oneofIndex: 0 }),
        field(8, "pond", "TYPE_STRING", { oneofIndex: 0 }),
        field(9, "is_tame", "TYPE_BOOL"),
      ],
      oneofDecl: [{ name: "home" }],
      nestedType: [
        {
          name: "WeightsEntry",
          field: [field(1, "key", "TYPE_STRING"), field(2, "value", "TYPE_INT64")],
          options: { mapEntry: true },
        },
      ],
    },
    {
      name: "Search",
      field: [
        ofType(1, "like", ".zoo.v1.Animal"),
        field(2, "names", "TYPE_STRING", { label: "LABEL_REPEATED" }),
        field(3, "zoo", "TYPE_STRING"),
      ],
    },
  ],
  service: [
    {
      name: "AnimalService",
      method: [
        rpc("Find", { get: "/v1/{zoo=zoos/*}/animals", additionalBindings: [{ get: "/v1/animals" }] }),
        rpc("Change", { patch: "/v1/animals/{like.full_name}", body: "like" }),
        rpc("Replace", { put: "/v1/animals", body: "*" }),
        rpc("Watch", { get: "/v1/animals:watch" }, { serverStreaming: true }),
      ],
    },
  ],
};

const set = fromJson(FileDescriptorSetSchema, { file: [file] }, { registry: createRegistry(http) });
const registry = createFileRegistry(set.file[0]!, (name) =>
  [file_google_api_annotations, file_google_protobuf_duration].find((known) => `${known.name}.proto` === name),
);
const descriptor = registry.getService("zoo.v1.AnimalService")!;
const routes = routesOf([{ descriptor } as Upstream]);
const document = openApiDocument(routes, ({ name }) => (name === "Replace" ? "write" : "read")) as JsonObject & {
  paths: JsonObject;
  components: { schemas: JsonObject };
};

test("each binding is a path, without patterns, and with an id of its own", () => {
  expect(document.paths).toMatchObject({
    "/v1/{zoo}/animals": { get: { operationId: "find" } },
    "/v1/animals": { get: { operationId: "find2" }, put: { operationId: "replace" } },
    "/v1/animals/{like.full_name}": { patch: { operationId: "change" } },
  });
});

test("each operation says which scope it needs", () => {
  const { get, put } = document.paths["/v1/animals"] as Record<string, { security: JsonObject[] }>;
  expect(get?.security).toEqual([{ client: ["read"] }, { token: [] }]);
  expect(put?.security).toEqual([{ client: ["write"] }, { token: [] }]);
});

test("a query may set what lies within a message, and a type within itself is told once", () => {
  const { get } = document.paths["/v1/animals"] as { get: { parameters: { name: string }[] } };
  expect(get.parameters.map(({ name }) => name)).toEqual([
    "like.fullName",
    "like.age",
    "like.diets",
    "like.photo",
    "like.cage",
    "like.pond",
    "like.isTame",
    "names",
    "zoo",
  ]);
});

test("neither what the path binds nor what the body holds is a parameter", () => {
  const { patch } = document.paths["/v1/animals/{like.full_name}"] as { patch: { parameters: { name: string }[] } };
  expect(patch.parameters.map(({ name }) => name)).toEqual(["like.full_name", "names", "zoo"]);
  const { put } = document.paths["/v1/animals"] as { put: JsonObject };
  expect(put.parameters).toBeUndefined();
  expect(put.requestBody).toMatchObject({
    content: { "application/json": { schema: { $ref: "#/components/schemas/SearchInput" } } },
  });
});

test("a message has the schema of its proto3 JSON", () => {
  expect(document.components.schemas.Animal).toEqual({
    type: "object",
    description: expect.stringContaining("At most one of `cage`, `pond`"),
    properties: {
      fullName: { type: "string" },
      mother: { $ref: "#/components/schemas/Animal" },
      weights: { type: "object", additionalProperties: { type: "string", pattern: "^-?\\d+$" } },
      age: { type: "string", pattern: "^-?\\d+(\\.\\d{1,9})?s$", examples: ["90s"] },
      diets: { type: "array", items: { $ref: "#/components/schemas/Diet" } },
      photo: { type: "string", contentEncoding: "base64" },
      cage: { type: "integer", minimum: 0, maximum: 4_294_967_295 },
      pond: { type: "string" },
      isTame: { type: "boolean" },
    },
    required: ["fullName", "weights", "diets", "photo", "isTame"],
  });
});

test("an enum is answered by full names, and taken by short ones too", () => {
  expect(document.components.schemas.Diet).toMatchObject({ enum: ["DIET_UNSPECIFIED", "DIET_LEAVES"] });
  expect(document.components.schemas.DietInput).toMatchObject({ enum: ["leaves", "DIET_LEAVES"] });
});

test("a stream is answered as server-sent events", () => {
  const watch = { ...routes[1]!, method: descriptor.method.watch! };
  const { responses } = operationOf([watch], "watch", new PathNames(), new Schemas(), () => "read");
  expect(responses).toMatchObject({
    200: { content: { "text/event-stream": { schema: { $ref: "#/components/schemas/Animal" } } } },
  });
});
