"""Jobs and journals of many companies in a PostgreSQL: nothing of it is for a single company."""
