"""The database: schema, migrations, and one module for each table group."""
