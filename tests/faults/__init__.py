"""Programs that try to make the writer of the AWS files lose something.

``python -m tests.faults`` runs all of them at full length and prints a table.
"""
