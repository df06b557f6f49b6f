import { defineEntity, p } from "@mikro-orm/core";

const SessionAliasSchema = defineEntity({
  name: "SessionAlias",
  properties: {
    id: p.text().primary(),
    namespace: p.text().primary(),
    sessionId: p.text(),
  },
  tableName: "session_aliases",
});

/** The id of a session that a late event joined to another, and the session that its events are in now. */
export class SessionAlias extends SessionAliasSchema.class {}
SessionAliasSchema.setClass(SessionAlias);
