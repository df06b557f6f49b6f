/** The namespace of events, sessions and persons that name none. */
export const DEFAULT_NAMESPACE = "default";
