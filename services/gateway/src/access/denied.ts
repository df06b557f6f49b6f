import { ErrorReason } from "@ocellus/proto/ocellus/errors/v1/error_reason_pb.ts";
import { Code, ServiceError } from "@ocellus/runtime/service-error.ts";
import type { ScopeName } from "./principal.ts";

/** UNAUTHENTICATED: there is no token. */
export function tokenMissing(): ServiceError {
  return new ServiceError(
    "A token is required: send the header authorization: Bearer TOKEN, with one of /oauth2/token",
    {
      code: Code.UNAUTHENTICATED,
      reason: ErrorReason.TOKEN_MISSING,
    },
  );
}

/** UNAUTHENTICATED: the token does not count. `why` completes "The token …". */
export function tokenInvalid(why: string): ServiceError {
  return new ServiceError(`The token ${why}; get a new one`, {
    code: Code.UNAUTHENTICATED,
    reason: ErrorReason.TOKEN_INVALID,
  });
}

/** UNAUTHENTICATED: the token stopped to count while its call went on. */
export function tokenEnded(): ServiceError {
  return tokenInvalid("has expired or was revoked while this stream went on");
}

/** PERMISSION_DENIED: the token is for something else. */
export function scopeMissing(scope: ScopeName): ServiceError {
  return new ServiceError(`This needs a token with the scope "${scope}"`, {
    code: Code.PERMISSION_DENIED,
    reason: ErrorReason.SCOPE_MISSING,
    metadata: { scope },
  });
}

/** PERMISSION_DENIED: the call is about all namespaces, and the token for some. */
export function limitedToNamespaces(): ServiceError {
  return new ServiceError("This is about all namespaces, and the token is limited to some", {
    code: Code.PERMISSION_DENIED,
    reason: ErrorReason.NAMESPACE_DENIED,
  });
}

/** PERMISSION_DENIED: whoever it is, the configuration does not let them in. */
export function emailNotAllowed(email: string | undefined): ServiceError {
  const who =
    email === undefined ? "The token names no verified e-mail address" : `${email.slice(0, 254)} is not on the list`;
  return new ServiceError(`${who} of those who may call`, {
    code: Code.PERMISSION_DENIED,
    reason: ErrorReason.EMAIL_NOT_ALLOWED,
  });
}
