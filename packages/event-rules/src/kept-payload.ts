/** How much is kept of what a client sent that was refused. */
export const MAX_PAYLOAD_BYTES = 512 * 1024;
