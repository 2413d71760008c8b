"""Documents of everything that travels on the bus, generated from the code. No service imports them."""
