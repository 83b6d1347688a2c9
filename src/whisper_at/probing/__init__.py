"""What each layer of an encoder knows of a sound, by linear probes with controls."""
