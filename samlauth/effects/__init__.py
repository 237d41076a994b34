"""What the driver turns steps into: sockets, terminals, files."""
