"""Long-term measures: designs, costs and benefits, robust choice, pathways."""
