/** The tags of the fields of EventChanges. */
export const ID = 0x0a;
export const CHANGES = 0x12;
export const TRANSACTION_ID = 0x18;
