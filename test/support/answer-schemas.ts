import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { Json } from "./call-gateway.ts";

/** Says what is wrong with an answer by the document; nothing in most cases. */
export type CheckAnswer = (method: string, path: string, status: number, json: unknown) => string[];

/** Checks answers by the schemas of an OpenAPI document. Fields that it does not tell of are wrong, too. */
export function answerSchemas(document: Json): CheckAnswer {
  const strict = structuredClone(document);
  for (const schema of Object.values<Json>(strict.components.schemas)) {
    if (schema.properties) schema.additionalProperties = false;
  }
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(strict, "api");
  return (method, path, status, json) => {
    const [template] = Object.keys(document.paths).filter((each) => patternOf(each).test(path));
    const answer = document.paths[template ?? ""]?.[method.toLowerCase()]?.responses[status];
    if (!answer) return [`the document has no ${status} of ${method} ${path}`];
    if (json === undefined) return answer.content ? ["the answer has no body"] : [];
    const pointer = [
      "paths",
      template,
      method.toLowerCase(),
      "responses",
      status,
      "content",
      Object.keys(answer.content)[0],
      "schema",
    ];
    const validate = ajv.compile({ $ref: `api#/${pointer.map(escaped).join("/")}` });
    validate(json);
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      return `${instancePath} ${message} ${JSON.stringify(params)}`;
    });
  };
}

/** The paths that a template stands for. */
function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/\{[^{}]+\}/g, "[^/:]+")}$`);
}

function escaped(part: unknown): string {
  return encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1"));
}
