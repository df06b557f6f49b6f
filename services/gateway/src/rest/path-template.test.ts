import { expect, test } from "@jest/globals";
import { compilePathTemplate } from "./path-template.ts";

test.each([
  ["/v1/events", "/v1/events", {}],
  ["/v1/events/{id}", "/v1/events/42", { id: "42" }],
  ["/v1/events/{id}", "/v1/events/a%2Fb%20c", { id: "a/b c" }],
  ["/v1/events/{id}", "/v1/events/user:42", { id: "user:42" }],
  ["/v1/errors/{id}:replay", "/v1/errors/a:b:replay", { id: "a:b" }],
  ["/v1/events:watch", "/v1/events:watch", {}],
  ["/v1/{name=shelves/*/books/*}", "/v1/shelves/1/books/2", { name: "shelves/1/books/2" }],
  ["/v1/{name=shelves/*}", "/v1/shelves/a%2Fb%20c", { name: "shelves/a%2Fb c" }],
  ["/v1/{path=**}:read", "/v1/a/b/c:read", { path: "a/b/c" }],
  ["/v1/{event.id}/*/x.y", "/v1/1/any/x.y", { "event.id": "1" }],
])("%s matches %s", (template, path, bound) => {
  expect(compilePathTemplate(template).match(path)).toEqual(new Map(Object.entries(bound)));
});

test.each([
  ["/v1/events", "/v1/events/"],
  ["/v1/events", "/v1/Events"],
  ["/v1/events/{id}", "/v1/events/"],
  ["/v1/events/{id}", "/v1/events/a/b"],
  ["/v1/errors/{id}:replay", "/v1/errors/a"],
  ["/v1/errors/{id}:replay", "/v1/errors/a%3Areplay"],
  ["/v1/{name=shelves/*}", "/v1/boxes/1"],
  ["/v1/x.y", "/v1/xzy"],
])("%s does not match %s", (template, path) => {
  expect(compilePathTemplate(template).match(path)).toBeUndefined();
});

test.each(["", "v1/events", "/v1//events", "/v1/{id", "/v1/{}", "/v1/events:", "/v1/a:b:c", "/v1/{a=}", "/v1/a}"])(
  "%j is no template",
  (template) => {
    expect(() => compilePathTemplate(template)).toThrow("is no path template");
  },
);

test("a part that is no percent-encoded UTF-8 cannot be decoded", () => {
  expect(() => compilePathTemplate("/v1/{id}").match("/v1/%zz")).toThrow(URIError);
});

test.each([
  ["/v1/events", true],
  ["/v1/events/{id}", false],
  ["/v1/events/*", false],
  ["/v1/sessions:close", false],
])("%s is the path of a collection: %s", (template, expected) => {
  expect(compilePathTemplate(template).isCollection).toBe(expected);
});
