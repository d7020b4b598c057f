-- A Supabase trigger that sends signed webhooks: for one table, on insert,
-- update and delete. Paste it into the SQL editor after changing the three
-- marked places.
--
-- What a Database Webhook made in Supabase's dashboard sends is accepted too,
-- but it cannot be signed; this one is, over the exact bytes that are sent.
-- pg_net sends after the commit and never tries again, so a webhook can get
-- lost on Supabase's side; keep its time limit above the gateway's worst case.

create extension if not exists pg_net with schema extensions;
create extension if not exists pgcrypto with schema extensions;

-- (1) The secret, the same as in `postern source set supabase --secret ...`.
select vault.create_secret('change-me', 'postern_secret');

create or replace function public.notify_postern() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- (2) Where the gateway is.
    url constant text := 'https://hooks.example.com/api/v1/webhooks/supabase';
    -- NEW does not exist on DELETE, OLD not on INSERT.
    changed constant jsonb :=
        case tg_op when 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
    body constant jsonb := jsonb_build_object(
        'event_type', lower(tg_op),
        'source', 'supabase',
        'table_name', tg_table_name,
        'record_id', changed ->> 'id',
        'data', changed,
        'timestamp', to_char(clock_timestamp() at time zone 'UTC',
                             'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'metadata', jsonb_build_object('schema', tg_table_schema));
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
$$;

-- (3) The table.
create trigger users_notify_postern
after insert or update or delete on public.users
for each row execute function public.notify_postern();
