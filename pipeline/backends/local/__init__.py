"""What backends share whose models are loaded in this process: batches, faults, pictures, libraries, loaded weights."""
