"""Jobs that only the containers need: the installation's secrets, the databases' accounts, Airflow's health."""
