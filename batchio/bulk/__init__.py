"""The add-task-collection engine: many tasks into one job, one outcome for each of them."""
