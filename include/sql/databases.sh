#!/bin/sh
# Two databases, each with a role of its own: Airflow's metadata and calsync's state never share one.
# PostgreSQL's image runs this once, when its volume is new. The passwords come from the environment.
set -eu

for name in airflow calsync; do
    case $name in
        airflow) password=$AIRFLOW_DB_PASSWORD ;;
        calsync) password=$CALSYNC_DB_PASSWORD ;;
    esac
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set name="$name" --set password="$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
