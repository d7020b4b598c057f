-- Sends signed webhooks to Postern. It may be run again.
create extension if not exists pg_net with schema extensions;
create extension if not exists pgcrypto with schema extensions;

-- The secret, the same as in `postern source set supabase --secret ...`.
select vault.create_secret('change-me', 'postern_secret')
 where not exists (select 1 from vault.secrets where name = 'postern_secret');

create or replace function public.notify_postern() returns trigger
language plpgsql
security definer
set search_path = ''
as $postern$
declare
    -- Where the gateway is.
    url constant text := 'https://hooks.example.com/api/v1/webhooks/supabase';
    -- NEW does not exist on DELETE, OLD not on INSERT.
    changed constant jsonb :=
        case tg_op when 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
    body constant jsonb := jsonb_build_object(
        'event_type', lower(tg_op),
        'source', 'supabase',
        'table_name', case tg_table_schema when 'public' then ''
            else tg_table_schema || '.' end || tg_table_name,
        -- The columns of the key are the trigger's arguments.
        'record_id', (select case count(*) when 1 then min(changed ->> k)
            else string_agg(k || '=' || replace(replace(changed ->> k,
                '\', '\\'), ',', '\,'), ',' order by n) end
            from unnest(tg_argv) with ordinality as columns (k, n)),
        'data', changed,
        'timestamp', to_char(clock_timestamp() at time zone 'UTC',
                             'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'metadata', jsonb_build_object('schema', tg_table_schema,
            'event_id', gen_random_uuid(), 'txid', txid_current()));
    secret text;
    signature text;
begin
    select decrypted_secret into strict secret
      from vault.decrypted_secrets where name = 'postern_secret';
    -- pg_net sends body::text, so that is what is signed.
    signature := encode(
        extensions.hmac(convert_to(body::text, 'UTF8'),
                        convert_to(secret, 'UTF8'), 'sha256'), 'hex');
    perform net.http_post(
        url := url,
        body := body,
        headers := jsonb_build_object(
            'Content-Type', 'application/json',
            'X-Webhook-Signature', 'sha256=' || signature),
        timeout_milliseconds := 10000);
    return null; -- the result of an AFTER trigger is not used
end;
$postern$;

create or replace trigger notify_postern
after insert or update or delete on "public"."users"
for each row execute function public.notify_postern('id');
