"""The one way out to other people's web servers: bounded, and kept out of private networks if asked."""
