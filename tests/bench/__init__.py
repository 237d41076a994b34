"""How fast the installed command is, beside bare Python and aws-google-auth: ``make bench``."""
