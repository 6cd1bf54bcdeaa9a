"""The DAGs: tenant files in, one DAG of each kind out for each file, and one that looks after all of them."""
