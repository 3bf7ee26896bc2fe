-- The database of a ledger, and three users who may each do what they must and nothing else.
-- As an administrator, with psql 14 or newer:  psql -f roles.sql
-- Passwords are taken from POKU_OWNER_PASSWORD, POKU_WORKER_PASSWORD and POKU_VIEWER_PASSWORD
-- where these are set; else give them with \password. It may be run again.
\set ON_ERROR_STOP on
-- Neither passwords nor anything else of this session goes into the server's log.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

SELECT 'CREATE ROLE ' || name || ' LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION'
FROM unnest(ARRAY['poku_owner', 'poku_worker', 'poku_viewer']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

SELECT 'CREATE DATABASE calls ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'calls') \gexec

\getenv owner_password POKU_OWNER_PASSWORD
\getenv worker_password POKU_WORKER_PASSWORD
\getenv viewer_password POKU_VIEWER_PASSWORD
\if :{?owner_password}
ALTER ROLE poku_owner PASSWORD :'owner_password';
\endif
\if :{?worker_password}
ALTER ROLE poku_worker PASSWORD :'worker_password';
\endif
\if :{?viewer_password}
ALTER ROLE poku_viewer PASSWORD :'viewer_password';
\endif

REVOKE ALL ON DATABASE calls FROM PUBLIC;
GRANT CONNECT ON DATABASE calls TO poku_owner, poku_worker, poku_viewer;
-- Sheets are compared with the ledger in temporary tables; so are previews.
GRANT TEMPORARY ON DATABASE calls TO poku_owner, poku_worker, poku_viewer;

ALTER ROLE poku_owner IN DATABASE calls SET search_path = poku;
ALTER ROLE poku_worker IN DATABASE calls SET search_path = poku;
ALTER ROLE poku_viewer IN DATABASE calls SET search_path = poku;
ALTER ROLE poku_viewer IN DATABASE calls SET default_transaction_read_only = on;

\connect calls
\set ON_ERROR_STOP on

REVOKE ALL ON SCHEMA public FROM PUBLIC;
-- poku_owner makes the tables (poku-batch ledger migrate) and erases people (poku-batch forget).
CREATE SCHEMA IF NOT EXISTS poku AUTHORIZATION poku_owner;
GRANT USAGE ON SCHEMA poku TO poku_worker, poku_viewer;

-- poku_worker runs campaigns: it reads and writes rows, and makes, changes or empties no table.
ALTER DEFAULT PRIVILEGES FOR ROLE poku_owner IN SCHEMA poku
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO poku_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE poku_owner IN SCHEMA poku
  GRANT USAGE, SELECT ON SEQUENCES TO poku_worker;

-- poku_viewer looks: check, preview, status, history, export.
ALTER DEFAULT PRIVILEGES FOR ROLE poku_owner IN SCHEMA poku
  GRANT SELECT ON TABLES TO poku_viewer;

-- What is there already, where this is run again or a ledger was moved here.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA poku TO poku_worker;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA poku TO poku_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA poku TO poku_viewer;
