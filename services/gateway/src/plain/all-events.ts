import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Event } from "@ocellus/proto/ocellus/event/v1/event_pb.ts";
import { EventService, ListEventsRequestSchema } from "@ocellus/proto/ocellus/ingest/v1/event_service_pb.ts";
import type { Contract } from "./contract.ts";

/** How many pages one answer may take: 10 000 events, or fewer where 1000 have more than 3 MiB. */
const MAX_PAGES = 10;
const PAGE_SIZE = 1000;

/** The events that a filter finds. */
export interface FoundEvents {
  /** In ascending order. */
  events: Event[];
  /** Whether there are earlier ones, which one answer cannot hold. */
  areCut: boolean;
}

/** All events that a filter finds, or the latest of them where there are too many for one answer. */
export async function allEvents(
  contract: Contract,
  filter: MessageInitShape<typeof ListEventsRequestSchema>,
): Promise<FoundEvents> {
  const events: Event[] = [];
  let pageToken = "";
  for (let page = 0; page < MAX_PAGES; page++) {
    const request = create(ListEventsRequestSchema, { ...filter, pageSize: PAGE_SIZE, pageToken });
    const answer = await contract(EventService.method.listEvents, request);
    events.push(...answer.events);
    pageToken = answer.nextPageToken;
    if (pageToken === "") break;
  }
  return { events: events.reverse(), areCut: pageToken !== "" };
}
