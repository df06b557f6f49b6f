import { Migration } from "@mikro-orm/migrations";

/** What of PostgreSQL's settings a function that makes or drops partitions goes by. Nobody waits longer than this for what it waits for. */
const DEFINER = `
  language plpgsql security definer set search_path = pg_catalog set timezone = 'UTC' set datestyle = 'ISO'
  set lock_timeout = '200ms'`;

/**
 * A default partition takes what has none yet, and partitions are made beside it, filled from it, and dropped. All who make or drop one
 * hold the same advisory lock. `lock_not_available` is thrown where somebody would have to wait too long; it may be tried again.
 */
export class Migration0009DefaultPartition extends Migration {
  override async up(): Promise<void> {
    // Attached, as that holds up neither readers nor writers. Its vacuums come early: each attachment reads all of it.
    this.addSql(`
      create table ingest.events_default (like ingest.events including defaults including constraints)
      with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)`);
    this.addSql(`alter table ingest.events attach partition ingest.events_default default`);
    this.addSql(`grant select on ingest.events_default to ocellus_ingest`);
    this.addSql(`
      create view ingest.event_partitions as
      select name, replace(ends[1], 'MINVALUE', '-infinity')::timestamptz as first, ends[2]::timestamptz as beyond
      from (
        select c.relname as name, regexp_match(pg_get_expr(c.relpartbound, c.oid),
          'FROM [(]''?([^'')]+)''?[)] TO [(]''?([^'')]+)''?[)]') as ends
        from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'ingest.events'::regclass
      ) as bounds where ends is not null`);
    this.addSql(`grant select on ingest.event_partitions to ocellus_ingest`);
    // The bounds keep random times from making thousands of partitions: what is beyond stays in the default partition.
    this.addSql(`
      create function ingest.partitioned_span() returns tstzrange language sql stable set search_path = pg_catalog as $$
        select tstzrange(greatest('2020-01-01 00:00Z', at), now() + interval '1 year') from ingest.kept_from
      $$`);
    this.addSql(`
      create function ingest.spans_without_partition(start timestamptz) returns setof tstzrange
      language sql stable set search_path = pg_catalog as $$
        select unnest(tstzmultirange(month) - coalesce(range_agg(tstzrange(first, beyond)) filter (where first is not null), '{}'))
        from (select tstzrange(start, start + interval '1 month') as month) as m
        left join ingest.event_partitions on tstzrange(first, beyond) && month group by month
      $$`);
    this.addSql(`
      create function ingest.create_partition(span tstzrange) returns text ${DEFINER} as $$
      declare
        first timestamptz := lower(span);
        is_month boolean := first = date_trunc('month', first) and upper(span) = first + interval '1 month';
        name text := to_char(first, case when is_month then '"events_"YYYY"_"MM' else '"events_"YYYY"_"MM"_"DD"_"HH24MISSUS' end);
      begin
        execute format('create table ingest.%I (like ingest.events including defaults including constraints including indexes)', name);
        return name;
      end $$`);
    this.addSql(`
      create function ingest.attach_partition(name text, span tstzrange) returns void ${DEFINER} as $$
      begin
        execute format('alter table ingest.events attach partition ingest.%I for values from (%L) to (%L)',
          name, lower(span), upper(span));
      end $$`);
    // The version before calls it too, and looks at no answer.
    this.addSql(`drop function ingest.ensure_partition(date)`);
    this.addSql(`
      create function ingest.ensure_partition(month date) returns boolean ${DEFINER} as $$
      declare
        start timestamptz := date_trunc('month', month);
        span tstzrange;
      begin
        if not exists (select from ingest.spans_without_partition(start)) then return true; end if;
        if not ingest.partitioned_span() @> start then return false; end if;
        perform pg_advisory_xact_lock(hashtext('ingest.ensure_partition'));
        for span in select * from ingest.spans_without_partition(start) loop
          if exists (select from ingest.events_default where "timestamp" >= lower(span) and "timestamp" < upper(span)) then
            return false;
          end if;
          perform ingest.attach_partition(ingest.create_partition(span), span);
        end loop;
        return true;
      -- Somebody reads the default partition for long, or an event of the month has just come into it.
      exception when lock_not_available or check_violation then return false;
      end $$`);
    // Others who are in the middle of a statement know the partitions of before: they would miss what moves, or miss that it is gone.
    this.addSql(`
      create function ingest.lock_events(tries integer) returns void ${DEFINER} as $$
      begin
        for try in 1..tries loop
          begin
            lock table only ingest.events in access exclusive mode;
            return;
          exception when lock_not_available then
            if try = tries then raise; end if;
          end;
          -- Those who waited behind this go first.
          perform pg_sleep(0.1);
        end loop;
      end $$`);
    this.addSql(`
      create function ingest.move_from_default(name text, span tstzrange) returns bigint ${DEFINER} as $$
      declare
        moved bigint;
      begin
        execute format('
          with gone as (
            delete from ingest.events_default where "timestamp" >= $1 and "timestamp" < $2 returning *
          )
          insert into ingest.%I select * from gone', name) using lower(span), upper(span);
        get diagnostics moved = row_count;
        return moved;
      end $$`);
    this.addSql(`
      create function ingest.drain_default(most integer) returns bigint ${DEFINER} as $$
      declare
        bounds tstzrange := ingest.partitioned_span();
        earliest timestamptz;
        span tstzrange;
        name text;
        moved bigint;
      begin
        for try in 1..2 loop
          select min("timestamp") into earliest from ingest.events_default
            where "timestamp" >= lower(bounds) and "timestamp" < upper(bounds);
          if earliest is null then return 0; end if;
          -- Looked at again when no other can have drained it.
          if try = 1 then perform pg_advisory_xact_lock(hashtext('ingest.ensure_partition')); end if;
        end loop;
        -- Nothing is moved where it could not be attached. Given back at once: moving holds up nobody.
        begin
          perform ingest.lock_events(1);
          raise exception using errcode = 'OCFRE';
        exception when sqlstate 'OCFRE' then null;
        end;
        -- Keeps out a vacuum alone, which would hold up the attachment.
        lock table ingest.events_default in share update exclusive mode;
        select s into span from ingest.spans_without_partition(date_trunc('month', earliest)) s where s @> earliest;
        -- More than are to be moved at once make a partition that ends earlier; no time is cut in two.
        select tstzrange(lower(span), coalesce(min("timestamp"), upper(span))) into span from (
          select "timestamp" from ingest.events_default
          where "timestamp" > earliest and "timestamp" < upper(span) order by "timestamp" offset most - 1 limit 1
        ) as next;
        name := ingest.create_partition(span);
        moved := ingest.move_from_default(name, span);
        -- So short that who waits for one of the moved events, and holds this up, is not taken for a deadlock.
        perform ingest.lock_events(2);
        -- What came meanwhile.
        moved := moved + ingest.move_from_default(name, span);
        perform ingest.attach_partition(name, span);
        return moved;
      end $$`);
    // Waits for those who are storing by what was kept before: see store-by-copy.ts.
    this.addSql(`
      create function ingest.keep_from(since timestamptz) returns void ${DEFINER} as $$
      begin
        if since > now() then raise exception 'events cannot be kept from % on, which is to come', since; end if;
        if since <= (select at from ingest.kept_from) then return; end if;
        lock table ingest.kept_from in access exclusive mode;
        update ingest.kept_from set at = since where at < since;
      end $$`);
    this.addSql(`
      create function ingest.drop_oldest_partition() returns text ${DEFINER} as $$
      declare
        partition text;
      begin
        for try in 1..2 loop
          select name into partition from ingest.event_partitions
            where beyond <= (select at from ingest.kept_from) order by beyond limit 1;
          if partition is null then return null; end if;
          if try = 1 then perform pg_advisory_xact_lock(hashtext('ingest.ensure_partition')); end if;
        end loop;
        perform ingest.lock_events(10);
        execute format('drop table ingest.%I', partition);
        return partition;
      end $$`);
    const called = [
      "ensure_partition(date)",
      "drain_default(integer)",
      "keep_from(timestamptz)",
      "drop_oldest_partition()",
    ];
    const inner = [
      "create_partition(tstzrange)",
      "attach_partition(text, tstzrange)",
      "lock_events(integer)",
      "move_from_default(text, tstzrange)",
    ];
    for (const signature of [...called, ...inner])
      this.addSql(`revoke execute on function ingest.${signature} from public`);
    for (const signature of called) this.addSql(`grant execute on function ingest.${signature} to ocellus_ingest`);
  }
}
