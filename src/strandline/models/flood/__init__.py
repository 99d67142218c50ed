"""Dense networks that map floods: inputs, encoders, decoders, archive attention, refinement."""
