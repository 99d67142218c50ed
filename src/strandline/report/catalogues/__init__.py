"""What catalogues of data say of a run: the Risk Data Library's metadata, and whose data it is made of."""
