#!/bin/sh
# Give Airflow the pools and the one login that everything needs. Safe to repeat: a replaced password takes effect.
set -eu

airflow pools import dags/pools.json

# Through standard input: the machine's process list shows every command line.
say_twice() { printf '%s\n%s\n' "$1" "$1"; }

password=$(cat /run/secrets/airflow_admin_password)
made=$(say_twice "$password" | airflow users create --username admin --role Admin --email admin@localhost \
  --firstname Airflow --lastname Admin 2>&1) || { echo "$made" >&2; exit 1; }
case $made in
  *"already exist"*) say_twice "$password" | airflow users reset-password --username admin ;;
  *) echo "$made" ;;
esac
