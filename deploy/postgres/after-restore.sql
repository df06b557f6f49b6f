-- To be run once by the superuser, after a dump of pg_dump was restored into another server, and before the services start: docs/operations.md.
--
-- What the tables keep are ids of transactions of the server that was dumped. This one counts its own, from the start: as it came to theirs
-- it would show watchers old events as new ones, and sessions would take new events for ones that they have counted.
-- A copy of the server's files (pg_basebackup, CloudNativePG) needs none of this: it goes on counting.
begin;
update ingest.events set stored_xid = null where stored_xid >= pg_current_xact_id();
truncate sessions.recounts;
commit;
