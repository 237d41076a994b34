"""The subcommands, a module each: ``arguments`` describes its command line, ``run`` obeys it."""
