"""Fuzz targets: ``python -m fuzz TARGET [SECONDS]`` runs one of them, ``make fuzz`` all.

They need atheris, which is no dependency of the tests: ``make fuzz`` installs it.
"""
