#!/bin/sh
# Bring Airflow's database to the newest schema, with the pools and the one login that everything needs. Safe to repeat.
set -eu

airflow db migrate
airflow pools import dags/pools.json

password=$(cat /run/secrets/airflow_admin_password)
# Through standard input: the machine's process list shows every command line. An account that exists is left as it is.
printf '%s\n%s\n' "$password" "$password" |
  airflow users create --username admin --role Admin --email admin@localhost --firstname Airflow --lastname Admin
