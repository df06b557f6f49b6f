-- The roles of the suite, made once by the superuser of an empty PostgreSQL, in the suite's own database. Whoever migrates owns what the
-- migrations make, and may make no roles; each service has the rights that the migrations give its role. Nobody has a password.
do $$ begin
  if not exists (select from pg_roles where rolname = 'ocellus_migrate') then
    create role ocellus_migrate login;
  end if;
end $$;
create role ocellus_ingest login;
create role ocellus_sessions login;
create role ocellus_aggregation login;
create role ocellus_gateway login;
create role ocellus_events_reader nologin;
grant ocellus_events_reader to ocellus_sessions, ocellus_aggregation;

alter database ocellus owner to ocellus_migrate;
revoke all on database ocellus from public;
grant connect on database ocellus to ocellus_ingest, ocellus_sessions, ocellus_aggregation, ocellus_gateway;
