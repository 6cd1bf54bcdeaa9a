# Airflow with calsync baked in. Everything is pinned with hashes; the tests check that the lock serves requirements.txt.
FROM apache/airflow:slim-3.3.2-python3.12

USER root
# Named volumes take over the owner of the folder they are mounted on.
RUN install -d -o airflow -g root -m 0750 /opt/airflow/staging /opt/airflow/sandbox

USER airflow
WORKDIR /opt/airflow
COPY requirements-container.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-container.lock

COPY --chown=airflow:root dags ./dags
COPY --chown=airflow:root plugins ./plugins
COPY --chown=airflow:root include ./include
ENV PYTHONPATH=/opt/airflow/plugins:/opt/airflow/include
