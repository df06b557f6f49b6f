/** The tags of an entry of a google.protobuf.Struct, and of an item of a ListValue. */
export const ENTRY = 0x0a;
export const KEY = 0x0a;
export const VALUE = 0x12;

/** The tags of the kinds of a google.protobuf.Value. */
export const NULL = 0x08;
export const NUMBER = 0x11;
export const STRING = 0x1a;
export const BOOL = 0x20;
export const STRUCT = 0x2a;
export const LIST = 0x32;
