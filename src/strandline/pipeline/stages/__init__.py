"""The stages of a run, each a function of what earlier stages returned; `pipeline.run` puts them in order."""
