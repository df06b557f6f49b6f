/** The tags of an Event's fields. */
export const ID = 0x0a;
export const NAMESPACE = 0x12;
export const NAME = 0x1a;
export const CATEGORY = 0x22;
export const SESSION_ID = 0x2a;
export const PERSON_ID = 0x32;
export const TIMESTAMP = 0x3a;
export const VALUE = 0x41;
export const DATA = 0x4a;
export const RECEIVE_TIME = 0x52;

/** The field of every request, and of AcceptedEvents, that holds events. */
export const EVENTS = 0x0a;

/** The field of AcceptedEvents that holds their time of receipt. */
export const ACCEPTED_RECEIVE_TIME = 0x12;
