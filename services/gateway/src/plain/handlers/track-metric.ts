import type { PlainHandler } from "../plain-route.ts";
import { eventJson } from "../resources.ts";
import { trackEvent } from "../track-event.ts";

/** Accepts one measurement: an event that must have a namespace and a value. */
export const trackMetric: PlainHandler = async (request) => {
  const event = await trackEvent(request, request.body!, (event, problems) => {
    if (event.namespace === undefined) problems.add("namespace", "is required");
    if (event.value === undefined) problems.add("value", "is required");
  });
  const { id = "", namespace = "", name = "", timestamp = "", value = 0 } = eventJson(event);
  return { status: 201, json: { id, namespace, name, timestamp, value } };
};
