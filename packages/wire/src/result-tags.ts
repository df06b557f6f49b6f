/** The tags of the fields of BatchTrackEventsResponse, EventResult and EventReceipt, all of them messages or texts. */
export const RESULTS = 0x0a;
export const ACCEPTED = 0x0a;
export const ID = 0x0a;
export const TIMESTAMP = 0x12;
export const RECEIVE_TIME = 0x1a;
